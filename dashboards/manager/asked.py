"""What the page is asked: which incidents, drawn how, compared with what, and which place is looked into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

from gisapp.density import Choice, Cube
from gisapp.errors import InputError
from gisapp.tables import CHANNELS, INCIDENT_TYPES, STATUSES, UTILITIES
from gisapp.times import parse_day

BANDWIDTHS_M = (50, 100, 150, 250, 400, 700, 1000)
SIZES_M = (250, 500, 1000)
PERIODS = (30, 90, 365, 0)  # days up to the newest incident; 0 is all there are
DRAWN = ("surface", "hexagons", "grids", "pipes")
MEASURES = ("count", "km", "households", "deviation")
COMPARED = ("", "before", "year", "before-change", "year-change")
LISTS: Mapping[str, tuple[str, ...] | None] = {
    "types": INCIDENT_TYPES,
    "utilities": UTILITIES,
    "statuses": STATUSES,
    "channels": CHANNELS,
    "units": None,
    "causes": None,
}
"""The lists of a filter, and what may stand in each; None is whatever the incidents hold."""


@dataclass(frozen=True)
class Asked:
    """One state of the page, as it stands in the address and in the browser's store.

    ``start`` and ``end`` are days as text, empty for the first and last there is; ``last`` is a period up to the
    newest incident instead. ``place`` is a grid by its code, a hexagon by its name, or ``@x,y`` in metres. ``bounds``
    is the map's extent in degrees while figures follow the map.
    """

    types: tuple[str, ...] = ()
    utilities: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    last: int | None = 365
    drawn: str = "surface"
    measure: str = "count"
    bandwidth: int = 250
    size: int = 500
    compared: str = ""
    place: str = ""
    bounds: tuple[float, float, float, float] | None = None

    def stored(self) -> dict[str, Any]:
        """Return it as the browser keeps it."""
        return asdict(self)

    def span(self, cube: Cube) -> tuple[date, date]:
        """Return the first and last day, both included, cut to the days that there are."""
        if self.last is not None:
            days = self.last or cube.days
            return max(cube.first_day, cube.last_day - timedelta(days=days - 1)), cube.last_day
        start = parse_day(self.start) if self.start else cube.first_day
        end = parse_day(self.end) if self.end else cube.last_day
        if end < start:
            raise InputError(f"the period ends on {end}, before its start on {start}", todo="swap the two days")
        return start, end

    def whole(self, bounds: tuple[float, float, float, float] | None = None) -> Choice:
        """Return the incidents of the filter on all days; ``bounds`` in metres."""
        lists: dict[str, Any] = {name: tuple(getattr(self, name)) or None for name in LISTS}
        return Choice(**lists, bounds=bounds)

    def earlier(self, start: date, end: date) -> tuple[date, date] | None:
        """Return the period to compare with: as long and right before, or the same days a year before."""
        if not self.compared:
            return None
        if self.compared.startswith("year"):
            return _year_before(start), _year_before(end)
        days = (end - start).days + 1
        return start - timedelta(days=days), start - timedelta(days=1)

    @property
    def changes(self) -> bool:
        """Return whether the difference of two periods is drawn, and not both side by side."""
        return self.compared.endswith("change")

    @property
    def beside(self) -> bool:
        """Return whether two periods are drawn side by side."""
        return bool(self.compared) and not self.changes


def asked_of(query: Mapping[str, str]) -> Asked:
    """Return what an address asks; what it does not know is left out.

    Raises
    ------
    InputError
        On a day that is none, or a bandwidth out of range.
    """
    lists: dict[str, Any] = {name: _listed(query.get(name, ""), known) for name, known in LISTS.items()}
    start, end = query.get("from", ""), query.get("to", "")
    for day in filter(None, (start, end)):
        parse_day(day)
    last = query.get("last", "")
    usual = None if start or end else 365
    return Asked(
        **lists,
        start=start,
        end=end,
        last=int(last) if last.isdigit() and int(last) in PERIODS and usual else usual,
        drawn=_one_of(query.get("draw"), DRAWN),
        measure=_one_of(query.get("measure"), MEASURES),
        bandwidth=_bandwidth(query.get("bandwidth", "")),
        size=int(_one_of(query.get("size"), ("500", *map(str, SIZES_M)))),
        compared=_one_of(query.get("compare"), COMPARED),
        place=query.get("place", ""),
    )


def asked_from(stored: Mapping[str, Any]) -> Asked:
    """Return what the browser keeps."""
    known = {part.name for part in fields(Asked)}
    tupled: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    return replace(Asked(), **{name: value for name, value in tupled.items() if name in known})


def _bandwidth(text: str) -> int:
    """Return the bandwidth of an address."""
    if not text:
        return Asked.bandwidth
    if not text.isdigit() or not BANDWIDTHS_M[0] <= int(text) <= BANDWIDTHS_M[-1]:
        todo = f"give whole metres from {BANDWIDTHS_M[0]} to {BANDWIDTHS_M[-1]}"
        raise InputError(f"found a bandwidth of {text} m", todo=todo, field="bandwidth")
    return int(text)


def _listed(text: str, known: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name and (known is None or name in known))


def _one_of(given: str | None, known: tuple[str, ...]) -> str:
    return given if given in known else known[0]


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
