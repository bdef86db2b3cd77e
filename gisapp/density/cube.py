"""The cube behind the time slider: incidents sorted by type and day, so that a filter is a slice."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.counting import counted
from gisapp.density.binning import Binned, Bounds, Lattice, binned
from gisapp.density.choice import ALL, Choice
from gisapp.density.kept import MANY, Shelf, kept_sums
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES

_EPOCH = date(1970, 1, 1)
# Where a criterion of a choice is found in the table.
CRITERIA = {
    "utilities": "utility",
    "statuses": "status",
    "channels": "channel",
    "units": "unit_code",
    "causes": "cause",
}
_TYPES = len(INCIDENT_TYPES)
_STEP_DAYS, _MOST_STEPS = 16, 128
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cube:
    """Incidents sorted by (type, day), with the place where each (type, day) begins.

    All methods take a :class:`gisapp.density.Choice`, and all count the same incidents for the same choice:
    ``len(select) + unlocated == daily.sum() == profile.sum() == by_grid.sum() + outside``.

    Attributes
    ----------
    first_day
        The first day of any incident, in the zone; day numbers count from it.
    days
        How many days from the first to the last, both included; 0 without incidents.
    rows
        The row number of each incident in the frame it came from: first those with a position, sorted by type
        and day, then those without, sorted alike.
    points
        Coordinates of those with a position, shape (n, 2), in the same order.
    offsets
        Where each (type, day) begins in ``rows``: shape (2, types, days + 1), first of those with a position.
    mixes
        The combinations of utility, status, channel, unit and cause that there are; absent ones are "".
    mix, hour, grid
        For each incident of ``rows`` the row of ``mixes``, the hour in the zone, and the number of the grid in
        ``grids``, which is their number where it lies in none.
    grids
        Codes of the grids of the plan, in order; none when the cube was made without grids.
    left_out
        How many rows do not count, by reason: ``drill``, ``duplicate``, ``withdrawn``, and ``undated``, those
        without the time of their report.
    """

    first_day: date
    days: int
    rows: npt.NDArray[np.int32]
    points: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]
    mixes: pd.DataFrame
    mix: npt.NDArray[np.unsignedinteger]
    hour: npt.NDArray[np.uint8]
    grid: npt.NDArray[np.unsignedinteger]
    grids: pd.Index
    left_out: dict[str, int]
    _hourly: npt.NDArray[np.int32]
    _before: npt.NDArray[np.int32]
    _step: int
    _shelf: Shelf = field(default_factory=OrderedDict, repr=False, compare=False)

    @property
    def last_day(self) -> date:
        """The last day of any incident, in the zone."""
        return self.first_day + timedelta(days=max(self.days - 1, 0))

    def select(self, choice: Choice = ALL, *, unlocated: bool = False) -> npt.NDArray[np.int32]:
        """Return the row numbers of the chosen incidents that have a position, sorted by (type, day).

        With ``unlocated`` those without a position follow.
        """
        places = self._places(choice) if unlocated else (0,)
        return _joined([self.rows[part] for place in places for part in self._found(choice, place)], self.rows[:0])

    def xy(self, choice: Choice = ALL) -> list[npt.NDArray[np.float64]]:
        """Return the coordinates of the same incidents as at most one array a type, for ``surface``.

        Where only types and days are chosen they are views; nothing is copied.
        """
        return [
            self.points[part] if isinstance(part, slice) else self.points.take(part, axis=0)
            for part in self._found(choice, 0)
        ]

    def binned(
        self, choice: Choice = ALL, *, bandwidth_m: float, bounds: Bounds, cell_m: float | None = None
    ) -> Binned:
        """Return the same incidents in the cells of a surface; arguments and errors of ``surface``.

        Where only types and days are chosen, and many incidents, sums kept of these cells answer (128 MB for each of
        the two bandwidths or extents asked for last): a long period costs what the days at its ends do.
        """
        parts = self._slices(choice, 0)
        if not self._plain(choice) or sum(part.stop - part.start for part in parts) < MANY:
            return binned(self.xy(choice), bandwidth_m=bandwidth_m, bounds=bounds, cell_m=cell_m)
        lattice = Lattice.within(bounds, bandwidth_m=bandwidth_m, cell_m=cell_m)
        ends, (low, high) = self.offsets[0], self._span(choice)
        sums = kept_sums(self._shelf, self.points, ends, lattice)
        return sums.between(self.points, ends, [(kind, low, high) for kind in _numbers(choice)])

    def unlocated(self, choice: Choice = ALL) -> int:
        """Return how many of the chosen incidents have no position, and so are on no map.

        The choice's bounds are left aside: what has no position may lie within them or not.
        """
        aside = choice.without("bounds")
        parts = self._slices(aside, 1)
        return sum(self._number(part, aside) for part in parts)

    def daily(self, choice: Choice = ALL) -> pd.Series:
        """Return the number of chosen incidents on each day of the choice's period, indexed by date.

        The period is cut to the days there are. Incidents without a position count, unless bounds are chosen.
        """
        low, high = self._span(choice)
        counts = np.zeros(high - low, dtype=np.int64)
        for place, kind in self._blocks(choice):
            ends = self.offsets[place, kind, low : high + 1]
            part = slice(int(ends[0]), int(ends[-1]))
            if self._plain(choice):
                counts += np.diff(ends)
            elif part.stop > part.start:
                _add_days(self._mask(part, choice), ends - ends[0], counts)
        index = pd.date_range(self.first_day + timedelta(days=low), periods=high - low, freq="D", name="day", unit="s")
        return pd.Series(counts, index=index, name="incidents")

    def profile(self, choice: Choice = ALL) -> pd.DataFrame:
        """Return the number of chosen incidents by day of the week and hour, in the zone.

        The rows are ``mon`` to ``sun``, the columns the hours 0 to 23; counted as in :meth:`daily`.
        """
        low, high = self._span(choice)
        by_day = np.zeros((high - low, 24), dtype=np.int64)
        for place, kind in self._blocks(choice):
            if self._plain(choice):
                by_day += self._hourly[place, kind, low:high]
                continue
            ends = self.offsets[place, kind, low : high + 1]
            part = slice(int(ends[0]), int(ends[-1]))
            _add_hours(self.hour[part], self._mask(part, choice), ends - ends[0], by_day)
        weekday = ((self.first_day - _EPOCH).days + 3 + np.arange(low, high)) % 7  # 1 January 1970 was a Thursday
        week = np.zeros((7, 24), dtype=np.int64)
        np.add.at(week, weekday, by_day)
        return pd.DataFrame(week, index=pd.Index(WEEK, name="weekday"), columns=pd.RangeIndex(24, name="hour"))

    def by_grid(self, choice: Choice = ALL) -> pd.Series:
        """Return the number of chosen incidents in each grid, indexed by its code; 0 where there are none.

        An incident without a position counts in the grid that its row names. Where only types and days are
        chosen, sums kept for every 16th day answer, and 10 million incidents take a millisecond.
        """
        counts = self._grid_counts(choice)
        return pd.Series(counts[:-1], index=self.grids, name="count")

    def outside(self, choice: Choice = ALL) -> int:
        """Return how many of the chosen incidents lie in no grid."""
        return int(self._grid_counts(choice)[-1])

    def restricting(self, choice: Choice) -> pd.Series:
        """Return how many incidents there would be without each of the restrictions, the most helpful first.

        For an empty answer: what to give up. ``period`` stands for both of its days.
        """
        names: dict[str, tuple[str, ...]] = {name: (name,) for name in choice.told() if name not in ("start", "end")}
        if choice.start is not None or choice.end is not None:
            names["period"] = ("start", "end")
        freed = {name: int(self.daily(choice.without(*some)).sum()) for name, some in names.items()}
        return pd.Series(freed, dtype="int64", name="incidents").sort_values(ascending=False, kind="stable")

    def _grid_counts(self, choice: Choice) -> npt.NDArray[np.int64]:
        """Return the chosen incidents of each grid, and of none in the last place."""
        counts = np.zeros(len(self.grids) + 1, dtype=np.int64)
        if not self._plain(choice):
            for place in self._places(choice):
                for part in self._slices(choice, place):
                    counts += np.bincount(self.grid[part][self._mask(part, choice)], minlength=len(counts))
            return counts
        low, high = self._span(choice)
        for place, kind in self._blocks(choice):
            counts += self._until(place, kind, high)
            counts -= self._until(place, kind, low)
        return counts

    def _until(self, place: int, kind: int, day: int) -> npt.NDArray[np.int64]:
        """Return the incidents of a type by grid before a day: the kept sum, and the days since counted."""
        step = day // self._step
        since, end = (int(self.offsets[place, kind, at]) for at in (step * self._step, day))
        rest = np.bincount(self.grid[since:end], minlength=len(self.grids) + 1)
        return self._before[place, kind, step] + rest

    def _found(self, choice: Choice, place: int) -> list[slice | npt.NDArray[np.int64]]:
        """Return where the chosen incidents are, with a position (0) or without: slices where they lie together."""
        parts = self._slices(choice, place)
        if self._plain(choice):
            return list(parts)
        return [part.start + np.flatnonzero(self._mask(part, choice)) for part in parts]

    def _number(self, part: slice, choice: Choice) -> int:
        """Return how many incidents of a slice are chosen."""
        return part.stop - part.start if self._plain(choice) else int(self._mask(part, choice).sum())

    def _mask(self, part: slice, choice: Choice) -> _Mask:
        """Return which incidents of a slice meet all but types and days."""
        west, south, east, north = choice.bounds or (-np.inf, -np.inf, np.inf, np.inf)
        return _meets(
            self.mix[part],
            self._allowed(choice),
            self.grid[part],
            self._allowed_grids(choice),
            self.points[part if choice.bounds else slice(0)],
            (float(west), float(south), float(east), float(north)),
        )

    def _allowed(self, choice: Choice) -> _Mask:
        """Return which mixes meet a choice."""
        allowed = np.ones(len(self.mixes), dtype=bool)
        for name, column in CRITERIA.items():
            wanted = getattr(choice, name)
            if wanted is not None:
                allowed &= self.mixes[column].isin(wanted).to_numpy()
        return allowed

    def _allowed_grids(self, choice: Choice) -> _Mask:
        """Return which grids meet a choice, none of them in the last place; nothing at all when it does not say."""
        if choice.grids is None:
            return np.empty(0, dtype=bool)
        unknown = sorted(set(choice.grids) - set(self.grids) - {""})
        if unknown:
            raise InputError(f"there is no grid {unknown[0]!r}", todo="choose grids of the plan in force")
        return np.append(self.grids.isin(choice.grids), "" in choice.grids)

    def _plain(self, choice: Choice) -> bool:
        """Return whether types and days are all that is chosen."""
        return not set(choice.told()) - {"types", "start", "end"}

    def _places(self, choice: Choice) -> tuple[int, ...]:
        """Return 0 for incidents with a position, and 1 for those without unless bounds are chosen."""
        return (0, 1) if choice.bounds is None else (0,)

    def _blocks(self, choice: Choice) -> list[tuple[int, int]]:
        """Return the pairs of :meth:`_places` and chosen types."""
        return [(place, kind) for place in self._places(choice) for kind in _numbers(choice)]

    def _slices(self, choice: Choice, place: int) -> list[slice]:
        """Return the non-empty pieces of the sorted order; one for all types when the period is everything."""
        low, high = self._span(choice)
        found: list[slice] = []
        for number in _numbers(choice):
            first, last = int(self.offsets[place, number, low]), int(self.offsets[place, number, high])
            if found and found[-1].stop == first:
                found[-1] = slice(found[-1].start, last)
            elif first < last:
                found.append(slice(first, last))
        return found

    def _span(self, choice: Choice) -> tuple[int, int]:
        """Return the first and the past-the-last day number of a choice, cut to the days there are."""
        low = 0 if choice.start is None else (choice.start - self.first_day).days
        high = self.days if choice.end is None else (choice.end - self.first_day).days + 1
        low = min(max(low, 0), self.days)
        return low, min(max(high, low), self.days)


def incident_cube(incidents: gpd.GeoDataFrame, zone: ZoneInfo, *, grids: pd.Categorical | None = None) -> Cube:
    """Return the incidents that count, sorted by type and by day in the zone.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name.
    zone
        Its midnights divide the days.
    grids
        The grid in which each incident counts, the categories being the codes of all grids of the plan:
        :func:`gisapp.reports.concentration.incident_grids`. Without it the cube knows no grids.

    Notes
    -----
    Memory: 280 MB for 10 million incidents in 5,000 grids, which take 7 s of one core, most of it for reading the
    columns of text and geometry. Afterwards a selection by types and days takes microseconds, counts by day, hour
    and grid less than a millisecond, and other criteria some 10 ms for each million they are asked of.
    Incidents of one type and day keep the order of the frame.
    """
    counts = counted(incidents)
    left_out = {reason: int(counts[reason].sum()) for reason in ("drill", "duplicate", "withdrawn")}
    dated = incidents["reported_at"].notna().to_numpy()
    counting = counts["counts"].to_numpy()
    rows = np.flatnonzero(counting & dated)
    left_out["undated"] = int((counting & ~dated).sum())
    kind = _kinds(incidents["type"])[rows]
    hours = _local_hours(incidents["reported_at"].iloc[rows], zone)
    day, hour = hours // 24, (hours % 24).astype(np.uint8)
    first = int(day.min()) if len(rows) else 0
    days = int(day.max()) - first + 1 if len(rows) else 0
    points = _coordinates(incidents)[rows]
    placed = np.isfinite(points).all(axis=1)
    # Two bytes where they are enough: numpy then sorts by counting, ten times as fast.
    tall = 2 * _TYPES * max(days, 1)
    key = ((~placed * _TYPES + kind) * days + (day - first)).astype(np.min_scalar_type(tall))
    order = np.argsort(key, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=2 * _TYPES * days))])
    offsets = ends[np.arange(2 * _TYPES)[:, None] * days + np.arange(days + 1)].reshape(2, _TYPES, days + 1)
    mixes, mix = _mixed(incidents)
    codes, grid = _numbered(grids, len(incidents))
    where = rows[order]
    step = max(_STEP_DAYS, -(-days // _MOST_STEPS))
    return Cube(
        _EPOCH + timedelta(days=first),
        days,
        where.astype(np.int32),
        points[order[: int(placed.sum())]],
        offsets,
        mixes,
        mix[where],
        hour[order],
        grid[where],
        codes,
        left_out,
        _hour_table(hour[order], offsets),
        _kept_sums(grid[where], offsets, len(codes) + 1, step),
        step,
    )


def _local_hours(moments: pd.Series, zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """Return the hours since 1970 on the clock of the zone."""
    local = moments.dt.tz_convert(zone).dt.tz_localize(None)
    return local.to_numpy().astype("datetime64[h]").astype(np.int64)


def _kinds(types: pd.Series) -> npt.NDArray[np.int64]:
    """Return the number of each type in the tables; distinct texts are looked up once, not row by row."""
    codes, distinct = pd.factorize(types)
    return np.array([INCIDENT_TYPES.index(name) for name in distinct], dtype=np.int64)[codes]


def _mixed(incidents: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.unsignedinteger]]:
    """Return the combinations of the criteria that there are, and each row's."""
    combined = np.zeros(len(incidents), dtype=np.int64)
    names: list[pd.Index] = []
    for column in CRITERIA.values():
        codes, distinct = pd.factorize(incidents[column])
        combined = combined * (len(distinct) + 1) + codes + 1
        names.append(pd.Index(["", *distinct]))
    mix, there = pd.factorize(combined)
    parts: dict[str, pd.Index] = {}
    for column, known in zip(reversed(CRITERIA.values()), reversed(names), strict=True):
        parts[column], there = known[there % len(known)], there // len(known)
    mixes = pd.DataFrame({column: parts[column] for column in CRITERIA.values()}, dtype="str")
    return mixes, mix.astype(np.min_scalar_type(len(mixes)))


def _numbered(grids: pd.Categorical | None, count: int) -> tuple[pd.Index, npt.NDArray[np.unsignedinteger]]:
    """Return the codes of the grids and each row's number among them; their number stands for none."""
    if grids is None:
        return pd.Index([], dtype="str", name="code"), np.zeros(count, dtype=np.uint8)
    if len(grids) != count:
        raise InputError(f"{len(grids)} grids for {count} incidents", todo="give one for each, in the same order")
    codes = pd.Index(grids.categories, name="code")
    number = np.where(grids.codes < 0, len(codes), grids.codes)
    return codes, number.astype(np.min_scalar_type(len(codes)))


def _hour_table(hour: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the incidents by place, type, day and hour."""
    _, types, days = offsets.shape[0], offsets.shape[1], offsets.shape[2] - 1
    table = np.zeros((2, types, days, 24), dtype=np.int64)
    for place in range(2):
        for kind in range(types):
            ends = offsets[place, kind]
            part = hour[ends[0] : ends[-1]]
            _add_hours(part, np.ones(len(part), dtype=bool), ends - ends[0], table[place, kind])
    return table.astype(np.int32)


def _kept_sums(
    grid: npt.NDArray[np.unsignedinteger], offsets: npt.NDArray[np.int64], width: int, step: int
) -> npt.NDArray[np.int32]:
    """Return the incidents by place, type and grid before every ``step``-th day."""
    days = offsets.shape[2] - 1
    sums = np.zeros((2, offsets.shape[1], days // step + 1, width), dtype=np.int32)
    for place in range(2):
        for kind in range(offsets.shape[1]):
            for number in range(1, days // step + 1):
                low, high = offsets[place, kind, [(number - 1) * step, number * step]]
                fallen = np.bincount(grid[low:high], minlength=width)
                sums[place, kind, number] = sums[place, kind, number - 1] + fallen
    return sums


@numba.njit(cache=True, nogil=True)
def _add_hours(
    hour: npt.NDArray[np.uint8], chosen: _Mask, ends: npt.NDArray[np.int64], by_day: npt.NDArray[np.int64]
) -> None:
    """Add the chosen incidents to a table of day and hour; ``ends`` tells where each day begins."""
    for day in range(by_day.shape[0]):
        for place in range(ends[day], ends[day + 1]):
            if chosen[place]:
                by_day[day, hour[place]] += 1


@numba.njit(cache=True, nogil=True)
def _add_days(chosen: _Mask, ends: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> None:
    """Add the number of chosen incidents of each day; ``ends`` tells where each begins."""
    for day in range(len(counts)):
        for place in range(ends[day], ends[day + 1]):
            counts[day] += chosen[place]


@numba.njit(cache=True, nogil=True)
def _meets(
    mix: npt.NDArray[np.unsignedinteger],
    allowed: _Mask,
    grid: npt.NDArray[np.unsignedinteger],
    allowed_grids: _Mask,
    points: npt.NDArray[np.float64],
    box: tuple[float, float, float, float],
) -> _Mask:
    """Return which incidents have an allowed mix and grid, and lie in the box; none of grids or points: not asked."""
    west, south, east, north = box
    found = np.empty(len(mix), dtype=np.bool_)
    for place in range(len(mix)):  # a compiled loop: one pass without temporary columns
        good = allowed[mix[place]]
        if good and len(allowed_grids) > 0:
            good = allowed_grids[grid[place]]
        if good and len(points) > 0:
            good = west <= points[place, 0] <= east and south <= points[place, 1] <= north
        found[place] = good
    return found


def _coordinates(incidents: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return x and y of each point, NaN where there is none."""
    shapes = incidents.geometry.to_numpy()
    points = np.full((len(shapes), 2), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))  # GEOS raises on an empty point's x
    points[there] = shapely.get_coordinates(shapes[there])
    return points


def _numbers(choice: Choice) -> list[int]:
    """Return the row of each chosen type in the tables, in their order."""
    wanted = INCIDENT_TYPES if choice.types is None else choice.types
    return [number for number, name in enumerate(INCIDENT_TYPES) if name in wanted]


def _joined(parts: list[npt.NDArray[np.int32]], empty: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the pieces as one array; a single piece stays a view."""
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
