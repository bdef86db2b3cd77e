"""What a column and a table say of themselves, and the columns that many tables share."""

from __future__ import annotations

from dataclasses import dataclass

from gisapp.tables.choices import UTILITIES

DTYPES = {"text": "str", "int": "Int64", "real": "float64", "bool": "bool", "time": "datetime64[ms, UTC]"}


@dataclass(frozen=True)
class Column:
    """One column: its kind (text, int, real, bool, time), whether a value must stand, unit, choices."""

    name: str
    kind: str = "text"
    required: bool = False
    unit: str = ""
    personal: bool = False
    choices: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Table:
    """One table: geometry type or None, the columns that are its key, and all columns."""

    name: str
    geometry: str | None
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    about: str
    append_only: bool = False


UTILITY = Column("utility", required=True, choices=UTILITIES)
CODE = Column("code", required=True)
LINK = Column("link_code", about="the link it sits on")
MEASURE = Column("measure_m", "real", unit="m", about="distance along the link from its from_node")
