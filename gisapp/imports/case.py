"""What is known while one file is read: what the person stated, and what is said about it on the way."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyproj

from gisapp.imports.mapping import Mapping
from gisapp.tables import TABLES, Column

if TYPE_CHECKING:
    from gisapp.grids.cleaning import Cleaning
    from gisapp.incidents.book import RuleBook
    from gisapp.incidents.locating import Location

TARGETS: Map[str, tuple[str, ...]] = {
    "network": ("nodes", "links", "devices"),
    "devices": ("devices",),
    "grids": ("grids",),
    "customers": ("customers", "connections"),
    "incidents": ("incidents",),
    "units": ("unit_grids",),
    "buildings": ("buildings",),
    "limits": ("limits",),
    "tracks": ("patrol_tracks",),
    "routes": ("patrol_routes",),
    "checkpoints": ("patrol_checkpoints",),
    "findings": ("patrol_findings",),
    "warranties": ("warranties",),
    "wells": ("meter_wells",),
    "materials": ("materials",),
    "plans": ("emergency_plans",),
    "sites": ("construction_sites",),
    "checks": ("patrol_checks",),
}


CLEANED = ("grids", "units")
"""What may be told to be a coverage."""


@dataclass
class Case:
    """What is known while one file is read; ``clean_m`` is the width up to which slips of a coverage are closed."""

    path: Path
    target: str
    crs: str | None
    project: pyproj.CRS
    zone: ZoneInfo
    utility: str | None
    mapping: Mapping
    frame_name: str
    existing: Map[str, pd.DataFrame]
    clean_m: float | None = None
    book: RuleBook | None = None
    aliases: Map[str, str] = field(default_factory=dict)  # of buildings and communities: name -> code
    kind: str = ""
    drawn: bool = False
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    cleaning: Cleaning | None = None
    ways: Map[int, Location] = field(default_factory=dict)  # of rows without coordinates, where they were found

    def table(self, name: str) -> str:
        """Return the table of ours that a table of the file fills; customers also fill the connections."""
        return name if self.target == "network" else TARGETS[self.target][0]

    def columns(self, name: str) -> tuple[Column, ...]:
        """Return the columns of ours that a table of the file may fill."""
        if self.target == "network":
            return TABLES[name].columns
        columns = {column.name: column for table in TARGETS[self.target] for column in TABLES[table].columns}
        if self.target == "customers":
            del columns["customer_code"]  # it is the customer's own code
        return tuple(columns.values())


def same_names(mapping: Mapping) -> bool:
    """Return whether columns with exactly our names are taken."""
    return mapping.same_names or not mapping.columns
