"""What the board is asked: by whom, in which role, and which of the open incidents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from dashboards.deeds import roles
from gisapp.reports.waiting import COLOURS, Chosen
from gisapp.tables import INCIDENT_TYPES, STATUSES

LISTS = {"clocks": COLOURS, "statuses": STATUSES, "types": INCIDENT_TYPES}
"""The lists of a choice, and what may stand in each."""


@dataclass(frozen=True)
class Asked:
    """One state of the board, as it stands in the address and in the browser's store."""

    role: str = ""
    clocks: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    unit: str = ""
    grid: str = ""

    def stored(self) -> dict[str, Any]:
        """Return it as the browser keeps it."""
        return asdict(self)

    @property
    def chosen(self) -> Chosen:
        """Return which incidents are asked for, by all but the colour of their clocks."""
        return Chosen(statuses=self.statuses, types=self.types, unit=self.unit, grid=self.grid)


def asked_of(told: Mapping[str, Any]) -> Asked:
    """Return what an address or the browser asks; what it does not know, or a role not one's own, is left out."""
    lists: dict[str, Any] = {name: _listed(told.get(name), known) for name, known in LISTS.items()}
    one_of: dict[str, Any] = {name: str(told.get(name) or "") for name in ("unit", "grid")}
    return Asked(role=role_of(told.get("role")), **lists, **one_of)


def role_of(wanted: object) -> str:
    """Return as what the person acts: as they wish, if that is a role of theirs, else the usual one; empty for none."""
    mine = roles()
    return str(wanted) if wanted in mine else next(iter(mine), "")


def _listed(told: object, known: tuple[str, ...]) -> tuple[str, ...]:
    given = told.split(",") if isinstance(told, str) else told if isinstance(told, list | tuple) else ()
    return tuple(value for value in given if value in known)


NAMES = tuple(part.name for part in fields(Asked))
