"""Which incidents are meant: one value that every figure, map and list of a page is asked with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date

from gisapp.errors import InputError
from gisapp.tables import CHANNELS, INCIDENT_TYPES, STATUSES, UTILITIES

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "types": INCIDENT_TYPES,
    "utilities": UTILITIES,
    "statuses": STATUSES,
    "channels": CHANNELS,
}


@dataclass(frozen=True)
class Choice:
    """A choice of incidents; what is None does not restrict, an empty tuple lets nothing through.

    Attributes
    ----------
    types
        Names of incident types.
    start, end
        First and last day of reports in the project's zone, both included.
    utilities, statuses, channels
        Names as in the data dictionary.
    units
        Codes of responsible units.
    causes
        As they stand in the column ``cause``.
    grids
        Codes of grids of the plan that the cube was made with.
    bounds
        West, south, east, north in metres, edges included: the extent of a map. Incidents without a position
        are in no extent.

    The text ``""`` among utilities, units, causes or grids stands for incidents that have none.

    Raises
    ------
    InputError
        On an unknown type, utility, status or channel, on a period that ends before it starts, and on bounds
        that hold nothing.

    Examples
    --------
    >>> Choice(types=("leak", "burst"), start=date(2026, 1, 1), causes=("frost", ""))
    Choice(types=('leak', 'burst'), start=2026-01-01, causes=('frost', ''))
    """

    types: tuple[str, ...] | None = None
    start: date | None = None
    end: date | None = None
    utilities: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    causes: tuple[str, ...] | None = None
    grids: tuple[str, ...] | None = None
    bounds: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            check_names(getattr(self, name) or (), (*known, "") if name == "utilities" else known, name)
        if self.start is not None and self.end is not None and self.end < self.start:
            raise InputError(
                f"the period ends on {self.end}, before its start on {self.start}", todo="swap the two days"
            )
        if self.bounds is not None and not (self.bounds[0] <= self.bounds[2] and self.bounds[1] <= self.bounds[3]):
            raise InputError(f"found bounds {self.bounds}", todo="give west, south, east, north")

    def __repr__(self) -> str:
        told = [f"{name}={value}" for name, value in self.told().items()]
        return f"Choice({', '.join(told)})"

    def told(self) -> dict[str, object]:
        """Return what restricts, by name."""
        return {part.name: getattr(self, part.name) for part in fields(self) if getattr(self, part.name) is not None}

    def without(self, *names: str) -> Choice:
        """Return the choice freed of some restrictions, such as ``"start", "end"``."""
        freed: dict[str, None] = dict.fromkeys(names)
        return replace(self, **freed)


def check_names(wanted: Iterable[str], known: tuple[str, ...], field: str) -> None:
    """Refuse a name that is not known."""
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        kind = {"types": "incident type", "utilities": "utility", "statuses": "status", "channels": "channel"}
        raise InputError(
            f"unknown {kind.get(field, field)} {unknown[0]!r}", todo=f"use some of {', '.join(filter(None, known))}"
        )


ALL = Choice()
