"""The data dictionary: every table, its columns, units, choices and personal fields.

The door for files checks against it, the store builds its schema from it, the layers mask by it,
and ``data/README.md`` is printed from it. Frames travel between the rooms in this shape:
one column per :class:`Column` in the order given, geometry in a column called ``geom`` in the
project's projected CRS, a plain ``RangeIndex``, times aware and in UTC, missing text as NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from gisapp.errors import InputError

UTILITIES = ("water", "power", "heating", "gas")
CRITICAL_KINDS = (
    "hospital",
    "dialysis",
    "school",
    "kindergarten",
    "care_home",
    "fire_station",
    "heat_station",
    "government",
)
INCIDENT_TYPES = (
    "leak",
    "burst",
    "no_supply",
    "low_pressure",
    "quality",
    "meter_fault",
    "meter_well_leak",
    "cover",
    "power_outage",
    "no_heat",
    "gas_leak",
    "complaint",
    "patrol_finding",
    "other",
)
STATUSES = (
    "registered",
    "dispatched",
    "return_requested",
    "accepted",
    "assigned",
    "on_site",
    "controlled",
    "repairing",
    "on_hold",
    "repaired",
    "confirmed",
    "replied",
    "closed",
    "called_back",
    "reopened",
    "archived",
    "merged",
    "cancelled",
    "rejected",
)
CHANNELS = (
    "phone",
    "mayor_hotline",
    "web",
    "app",
    "wechat",
    "counter",
    "media",
    "superior",
    "opinion_card",
    "patrol",
    "sensor",
    "other",
)
NOTICE_KINDS = ("shutoff_notice", "report_up", "posting_list", "sms", "fire_note")
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


def _utility(required: bool = True) -> Column:
    return Column("utility", required=required, choices=UTILITIES)


_CODE = Column("code", required=True)
_LINK = Column("link_code", about="the link it sits on")
_MEASURE = Column("measure_m", "real", unit="m", about="distance along the link from its from_node")

_ALL = (
    Table(
        "org_units",
        None,
        ("code",),
        (
            _CODE,
            Column("name_hans", required=True),
            Column("name_hant", required=True),
            Column("name_en", required=True),
            Column("kind", required=True, choices=("dispatch", "office", "crew_base", "contractor", "outside")),
        ),
        "organisation units that must act (责任单位)",
    ),
    Table(
        "people",
        None,
        ("code",),
        (
            _CODE,
            Column("name", required=True, personal=True),
            Column("phone", personal=True),
            Column("unit_code"),
        ),
        "staff; codes travel, names and phones do not",
    ),
    Table(
        "posts",
        None,
        ("person_code", "role", "scope", "valid_from"),
        (
            Column("person_code", required=True),
            Column("role", required=True, choices=("grid_leader", "grid_member", "head", "liaison", "duty")),
            Column("scope_kind", required=True, choices=("grid", "unit", "utility", "all")),
            Column("scope", required=True, about="code of the grid or unit"),
            Column("valid_from", "time", required=True),
            Column("valid_to", "time", about="empty while it lasts"),
        ),
        "who holds which post, where and when (任职)",
    ),
    Table(
        "crews",
        "POINT",
        ("code",),
        (
            _CODE,
            Column("name", required=True),
            Column("unit_code"),
            _utility(),
            Column("on_duty", "bool", required=True),
        ),
        "repair crews and where they stand",
    ),
    Table(
        "grids",
        "MULTIPOLYGON",
        ("code",),
        (
            _CODE,
            Column("name", required=True),
            Column("utilities", required=True, about="comma separated"),
            Column("valid_from", "time", required=True),
            Column("valid_to", "time"),
        ),
        "grids (网格): the polygons of the plan in force",
    ),
    Table(
        "unit_grids",
        "MULTIPOLYGON",
        ("code",),
        (
            _CODE,
            Column("grid_code"),
            Column("households", "int", unit="households"),
            Column("people", "int", unit="people"),
        ),
        "unit grids (单元网格): small blocks that share edges, of which grids are made",
    ),
    Table(
        "communities",
        "MULTIPOLYGON",
        ("code",),
        (
            _CODE,
            Column("name", required=True),
        ),
        "communities and residential compounds (社区/小区)",
    ),
    Table(
        "streets",
        "LINESTRING",
        ("code",),
        (
            _CODE,
            Column("name"),
            Column("rank", required=True, choices=("arterial", "collector", "local")),
            Column("width_m", "real", unit="m"),
        ),
        "street centre lines, part of the base map",
    ),
    Table(
        "landcover",
        "MULTIPOLYGON",
        ("code",),
        (
            _CODE,
            Column("kind", required=True, choices=("river", "lake", "park")),
            Column("name"),
        ),
        "water and green, part of the base map",
    ),
    Table(
        "buildings",
        "MULTIPOLYGON",
        ("code",),
        (
            _CODE,
            Column("name"),
            Column("kind", required=True, choices=("residential", "business", "industry", *CRITICAL_KINDS)),
            Column("floors", "int", unit="floors"),
            Column("households", "int", unit="households"),
            Column("community_code"),
        ),
        "building footprints (楼栋)",
    ),
    Table(
        "nodes",
        "POINT",
        ("utility", "code"),
        (
            _utility(),
            _CODE,
            Column(
                "kind",
                required=True,
                choices=(
                    "junction",
                    "source",
                    "tank",
                    "station",
                    "substation",
                    "transformer",
                    "end",
                ),
            ),
            Column("elevation_m", "real", unit="m"),
            Column("volume_m3", "real", unit="m3", about="usable storage of a tank"),
            Column("demand_m3h", "real", unit="m3/h"),
        ),
        "network nodes; source and tank feed the network, a tank with storage only",
    ),
    Table(
        "links",
        "LINESTRING",
        ("utility", "code"),
        (
            _utility(),
            _CODE,
            Column(
                "kind", required=True, choices=("pipe", "pump", "valve", "regulator", "cable", "switch", "exchanger")
            ),
            Column("from_node", required=True),
            Column("to_node", required=True),
            Column("length_m", "real", required=True, unit="m"),
            Column("diameter_mm", "real", unit="mm", about="nominal diameter (DN)"),
            Column("material"),
            Column("laid_year", "int"),
            Column("rank", choices=("trunk", "main", "branch", "service")),
            Column("status", required=True, choices=("open", "closed")),
            Column("direction", required=True, choices=("both", "forward", "backward")),
            Column("side", choices=("supply", "return"), about="heating only"),
            Column("rating", about="power: voltage level"),
        ),
        "pipes, cables and the links that EPANET draws for pumps and valves",
    ),
    Table(
        "devices",
        "POINT",
        ("utility", "code"),
        (
            _utility(),
            _CODE,
            Column(
                "kind",
                required=True,
                choices=(
                    "gate_valve",
                    "boundary_valve",
                    "check_valve",
                    "pressure_valve",
                    "flow_valve",
                    "throttle_valve",
                    "pump",
                    "regulator",
                    "breaker",
                    "switch",
                    "open_point",
                    "fuse",
                ),
            ),
            Column("link_code", required=True),
            Column("end", required=True, choices=("from", "to", "mid")),
            _MEASURE,
            Column("node_code", about="the node it stands at when end is from or to"),
            Column(
                "state",
                required=True,
                choices=("open", "closed", "unknown"),
                about="open lets pass, closed separates, in every utility: a normally open point of power is closed",
            ),
            Column("operable", required=True, choices=("operable", "stuck", "unreachable", "unknown")),
            Column("direction", required=True, choices=("both", "forward", "backward")),
            Column("diameter_mm", "real", unit="mm"),
            Column("turns", "int"),
            Column("last_operated", "time"),
        ),
        "valves, switches, pumps, regulators: what may separate two pieces of network",
    ),
    Table(
        "hydrants",
        "POINT",
        ("utility", "code"),
        (
            _utility(),
            _CODE,
            Column("link_code", required=True),
            Column("measure_m", "real", required=True, unit="m"),
        ),
        "hydrants, attached to a pipe by measure",
    ),
    Table(
        "customers",
        "POINT",
        ("code",),
        (
            Column("code", required=True, about="account number (户号)"),
            Column("name", personal=True),
            Column("phone", personal=True),
            Column("address", personal=True),
            Column("kind", required=True, choices=("resident", "business", "special")),
            Column("critical", choices=CRITICAL_KINDS),
            Column("households", "int", required=True, unit="households"),
            Column("people", "int", unit="people"),
            Column("building_code"),
            Column("floor", "int"),
            Column("meter_inside", "bool", required=True, about="the meter is inside the building"),
        ),
        "customers (用户) at their meter points",
    ),
    Table(
        "connections",
        None,
        ("utility", "customer_code"),
        (
            _utility(),
            Column("customer_code", required=True),
            Column("link_code", required=True),
            Column("measure_m", "real", required=True, unit="m"),
        ),
        "which link feeds a customer, and where along it",
    ),
    Table(
        "incidents",
        "POINT",
        ("code",),
        (
            _CODE,
            _utility(required=False),
            Column("type", required=True, choices=INCIDENT_TYPES),
            Column("channel", required=True, choices=CHANNELS),
            Column("status", required=True, choices=STATUSES),
            Column("reported_at", "time", required=True),
            Column("dispatched_at", "time"),
            Column("accepted_at", "time"),
            Column("arrived_at", "time"),
            Column("repaired_at", "time"),
            Column("closed_at", "time"),
            Column("unit_code"),
            Column("grid_code"),
            Column("grid_rev", "int", about="revision of the grids that placed it"),
            Column("customer_code"),
            _LINK,
            _MEASURE,
            Column("device_code"),
            Column("cause"),
            Column("duplicate_of"),
            Column("repeat_of"),
            Column(
                "located_by",
                choices=(
                    "account",
                    "phone",
                    "building",
                    "asset",
                    "crossing",
                    "pin",
                    "coordinates",
                    "unlocated",
                ),
            ),
            Column("accuracy_m", "real", unit="m"),
            Column("summary", about="what happened, free of personal data"),
            Column("text", personal=True, about="the reporter's words"),
            Column("reporter_phone", personal=True),
            Column("drill", "bool", required=True),
        ),
        "incidents (事件/工单), from report to archive",
    ),
    Table(
        "incident_history",
        None,
        ("incident_code", "at", "action"),
        (
            Column("incident_code", required=True),
            Column("at", "time", required=True),
            Column("actor", required=True),
            Column("action", required=True),
            Column("from_status"),
            Column("to_status"),
            Column("note", personal=True),
        ),
        "every step of every incident, append only",
        append_only=True,
    ),
    Table(
        "shutoffs",
        "POINT",
        ("code",),
        (
            _CODE,
            _utility(),
            Column("kind", required=True, choices=("planned", "emergency", "individual")),
            Column("links", required=True, about="what is shut: links, comma separated, a place as CODE@METRES"),
            Column("reason"),
            Column("place", about="where, in words"),
            Column("incident_code"),
            Column("unit_code", about="the unit that does the work"),
            Column("applicant", about="code of the person"),
            Column("opened_at", "time", required=True),
            Column("planned_start", "time"),
            Column("planned_end", "time"),
            Column("drill", "bool", required=True),
        ),
        "shutoff operations (停水作业): the head of each; where it stands follows from its steps",
    ),
    Table(
        "shutoff_steps",
        None,
        ("shutoff_code", "step"),
        (
            Column("shutoff_code", required=True),
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it happened"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("actor", required=True),
            Column("action", required=True),
            Column("from_status"),
            Column("to_status", required=True),
            Column("subject", about="whom or what it concerns: community, customer, crew, person"),
            Column("value"),
            Column("note", personal=True),
        ),
        "every step of every shutoff operation, append only",
        append_only=True,
    ),
    Table(
        "valve_operations",
        None,
        ("utility", "device_code", "at"),
        (
            _utility(),
            Column("device_code", required=True),
            Column("action", required=True, choices=("closed", "opened", "could_not_close", "could_not_open")),
            Column("turns", "int"),
            Column("at", "time", required=True),
            Column("actor", required=True),
            Column("shutoff_code", about="the order; empty where there was none"),
            Column("note", personal=True),
        ),
        "who opened and closed which valve, when and by whose order, append only",
        append_only=True,
    ),
    Table(
        "notices",
        None,
        ("shutoff_code", "kind", "language", "revision"),
        (
            Column("shutoff_code", required=True),
            Column("kind", required=True, choices=NOTICE_KINDS),
            Column("language", required=True),
            Column("revision", "int", required=True, about="counts from 1"),
            Column("released_at", "time", required=True),
            Column("released_by", required=True),
            Column("channel", about="where it went: a medium, a community, the fire service"),
            Column("title", required=True),
            Column("body", required=True, about="the text as released; it names no customer"),
            Column("digest", required=True, about="SHA-256 of title and body"),
        ),
        "released texts of shutoff operations, frozen, append only",
        append_only=True,
    ),
)
TABLES: Mapping[str, Table] = {table.name: table for table in _ALL}


def personal_columns(name: str) -> tuple[str, ...]:
    """Return the names of the columns of table ``name`` that hold personal data."""
    return tuple(column.name for column in TABLES[name].columns if column.personal)


def masked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return ``frame`` without the personal columns of table ``name``: all that may leave the house."""
    return frame.drop(columns=list(personal_columns(name)), errors="ignore")


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return ``frame`` in the shape of table ``name``: columns in order, dtypes set, absent ones empty.

    Parameters
    ----------
    frame
        Rows with at least the required columns; a ``geom`` column where the table has geometry.
    name
        A key of :data:`TABLES`.

    Raises
    ------
    InputError
        On an unknown column, a required column that is absent or has an empty value, a value that is
        not of its kind, or a choice that is not listed; names the first row at fault.
    """
    table = TABLES[name]
    known = [column.name for column in table.columns] + (["geom"] if table.geometry else [])
    extra = [column for column in frame.columns if column not in known]
    if extra:
        raise InputError(f"unknown column {extra[0]!r} in {name}", todo=f"known columns are {', '.join(known)}")
    shaped = {column.name: _cast(frame, column, name) for column in table.columns}
    if not table.geometry:
        return pd.DataFrame(shaped).reset_index(drop=True)
    if "geom" not in frame.columns:
        raise InputError(f"{name} has no geometry", todo="give it a geometry column called geom")
    geom = gpd.GeoSeries(frame["geom"], crs=getattr(frame, "crs", None))
    return gpd.GeoDataFrame(shaped | {"geom": geom}, geometry="geom", crs=geom.crs).reset_index(drop=True)


def _cast(frame: pd.DataFrame, column: Column, name: str) -> pd.Series:
    """Return one column in its dtype, checked."""
    if column.name not in frame.columns:
        if column.required:
            raise InputError(f"{name} lacks the required column", todo="add or map it", field=column.name)
        return pd.Series(None, index=frame.index, dtype=DTYPES[column.kind], name=column.name)
    values = frame[column.name]
    _refuse(values.isna() & column.required, values, column, "a value must stand here")
    try:
        cast: pd.Series = values.astype(pd.api.types.pandas_dtype(DTYPES[column.kind]))
    except (TypeError, ValueError) as error:
        raise InputError(f"{error}", todo=f"give values of kind {column.kind}", field=column.name) from error
    if column.choices:
        wrong = cast.notna() & ~cast.isin(column.choices)
        _refuse(wrong, values, column, f"use one of {', '.join(column.choices)}")
    return cast


def _refuse(wrong: pd.Series, values: pd.Series, column: Column, todo: str) -> None:
    """Raise for the first row marked wrong."""
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = values.iloc[row]
        raise InputError(
            "is empty" if pd.isna(found) else f"found {found!r}", todo=todo, row=row + 1, field=column.name
        )


def dictionary() -> str:
    """Return the data dictionary as Markdown: what ``data/README.md`` holds below its introduction."""
    lines: list[str] = []
    for table in TABLES.values():
        shape = table.geometry.capitalize() if table.geometry else "no geometry"
        lines += ["", f"## {table.name}", "", f"{table.about}. Key: {', '.join(table.key)}; {shape}.", ""]
        lines += ["| column | kind | must stand | unit | personal | choices, notes |", "|---|---|---|---|---|---|"]
        lines += [_row(column) for column in table.columns]
    return "\n".join(lines).lstrip("\n") + "\n"


def _row(column: Column) -> str:
    notes = "; ".join(part for part in (", ".join(column.choices), column.about) if part)
    marks = ("yes" if flag else "" for flag in (column.required, column.personal))
    required, personal = marks
    return f"| {column.name} | {column.kind} | {required} | {column.unit} | {personal} | {notes} |"
