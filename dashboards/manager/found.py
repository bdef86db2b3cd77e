"""What is found for a state of the page: one value from which every figure, list and colour is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from dashboards.manager.asked import Asked
from dashboards.map import place_from_map
from dashboards.snapshot import Snapshot
from gisapp.density import (
    Choice,
    Cube,
    Hexagons,
    hexagon_exposure,
    hotspot_trend,
    hotspots,
    neighbours,
    place_figures,
)
from gisapp.errors import InputError
from gisapp.times import years_between

Bounds = tuple[float, float, float, float]
TOLD = ["judged", "observed", "expected", "ratio", "q", "hot", "q_cold", "cold"]
"""What a test against chance tells of a grid."""
NOTHING = pd.Series(dtype="int64")


@dataclass(frozen=True, eq=False)
class Found:
    """What the page shows of one period.

    Parameters
    ----------
    asked
        The state of the page.
    snapshot
        Of what.
    start, end
        The period, both days included.
    """

    asked: Asked
    snapshot: Snapshot
    start: date
    end: date

    @classmethod
    def of(cls, asked: Asked, snapshot: Snapshot) -> Found:
        """Return what is found in the period asked for; there must be incidents."""
        return cls(asked, snapshot, *asked.span(snapshot.cube()))

    @cached_property
    def cube(self) -> Cube:
        """The incidents."""
        return self.snapshot.cube()

    @cached_property
    def whole(self) -> Choice:
        """The filter on all days."""
        return self.asked.whole(extent_m(self.asked, self.snapshot))

    @cached_property
    def choice(self) -> Choice:
        """The filter in the period."""
        return replace(self.whole, start=self.start, end=self.end)

    @property
    def years(self) -> float:
        """Length of the period in years."""
        return years_between(self.start, self.end)

    @cached_property
    def earlier(self) -> Found | None:
        """What is compared with, None where nothing is."""
        period = self.asked.earlier(self.start, self.end)
        return None if period is None else Found(self.asked, self.snapshot, *period)

    @cached_property
    def count(self) -> int:
        """Incidents of the filter and period; within the map's extent only those with a position are."""
        return int(self.cube.daily(self.choice).sum())

    @cached_property
    def unlocated(self) -> int:
        """Those of the filter and period that have no position, and so are on no map."""
        return 0 if self.asked.bounds else self.cube.unlocated(self.choice)

    @cached_property
    def before(self) -> int | None:
        """Incidents in as many days right before; None where not all of them are on record."""
        days = (self.end - self.start).days + 1
        first = self.start - timedelta(days=days)
        if first < self.cube.first_day:
            return None
        return int(self.cube.daily(replace(self.whole, start=first, end=self.start - timedelta(days=1))).sum())

    @cached_property
    def by_grid(self) -> pd.DataFrame:
        """Every grid with its figures, whether it is hot beyond chance, and since when; those with most first."""
        grids, exposure = self.snapshot.grids(), grid_exposures(self.asked, self.snapshot)
        counts = self.cube.by_grid(self.choice).reindex(exposure.index, fill_value=0)
        table = self._figures(counts, exposure)
        if table.empty:
            return table
        near = self.snapshot.derived(
            ("neighbours", self.snapshot.grids_since()), ("grids",), lambda: neighbours(grids.geometry)
        )
        units = exposure[self.exposed_by]
        hot = hotspots(counts, units, near=near).table[TOLD]
        table = table.join(hot.rename(columns={"observed": "around", "expected": "around_expected"}))
        table["trend"] = self._trend(units, near)
        return table.sort_values(self.column, ascending=False, kind="stable", na_position="last")

    @property
    def tested(self) -> int:
        """Grids that were tested for being hot: those with anything of what incidents are expected by."""
        return int(self.by_grid["judged"].sum()) if len(self.by_grid) else 0

    @cached_property
    def by_hexagon(self) -> pd.DataFrame:
        """Every hexagon of the window with its figures, by its number."""
        exposure = hexagon_exposures(self.asked, self.snapshot)
        counts = self.hexagons.sums(self.cube.xy(self.choice)).astype(np.int64)
        return self._figures(pd.Series(counts), exposure)

    @property
    def hexagons(self) -> Hexagons:
        """The window of hexagons."""
        return hexagons_over(self.asked.size, self.snapshot)

    @property
    def column(self) -> str:
        """The column of a table of places that is asked for."""
        columns = {"count": "count", "km": "per_km_year", "households": "per_1000_households_year"}
        return columns.get(self.asked.measure, "deviation")

    @property
    def exposed_by(self) -> str:
        """By what incidents are expected: households where these are asked for, else pipes."""
        return "households" if self.asked.measure == "households" else "pipe_km"

    def _figures(self, counts: pd.Series, exposure: pd.DataFrame) -> pd.DataFrame:
        figures = place_figures(
            counts,
            pipe_km=exposure["pipe_km"],
            households=exposure["households"],
            years=self.years,
            by="households" if self.exposed_by == "households" else "km",
        )
        return figures.assign(customers=exposure["customers"])

    def _trend(self, units: pd.Series, near: object) -> pd.Series:
        """Return since when each hot grid is; missing where there are too few whole months to say."""
        months = whole_months(self.start, self.end)
        if len(months) < 6:
            return pd.Series(None, index=units.index, dtype="str")
        counts = {
            first: self.cube.by_grid(replace(self.whole, start=first, end=last)).reindex(units.index, fill_value=0)
            for first, last in months
        }
        return hotspot_trend(pd.DataFrame(counts), units, near=near)["trend"]

    @cached_property
    def rows(self) -> np.ndarray:
        """Row numbers of the incidents behind the chosen place, or behind all."""
        place = self.asked.place
        if not place:
            return self.cube.select(self.choice, unlocated=not self.asked.bounds)
        if place.startswith("@"):
            x, y = place_xy(place)
            return self._near(lambda xy: np.hypot(xy[:, 0] - x, xy[:, 1] - y) <= self.asked.bandwidth)
        number = self.hexagon_named(place)
        if number is not None:
            return self._near(lambda xy: self.hexagons.which(xy) == number)
        return self.cube.select(replace(self.choice, grids=(place,)), unlocated=not self.asked.bounds)

    def _near(self, inside: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        parts = self.cube.xy(self.choice)
        xy = np.concatenate(parts) if parts else np.empty((0, 2))
        return self.cube.select(self.choice)[inside(xy)]

    def hexagon_named(self, place: str) -> int | None:
        """Return the number of a hexagon of the window by its name; None for any other place."""
        if not place.startswith(f"H{self.asked.size:g}:r"):
            return None
        named = re.fullmatch(r"H\d+:r(-?\d+):c(-?\d+)", place)
        if named is None:
            raise InputError(f"found the place {place!r}", todo="write a hexagon as H500:r12:c34", field="place")
        row, col = (int(part) for part in named.groups())
        down, along = row - self.hexagons.row, col - self.hexagons.col
        if not (0 <= down < self.hexagons.shape[0] and 0 <= along < self.hexagons.shape[1]):
            return None
        return down * self.hexagons.shape[1] + along


def place_xy(place: str) -> tuple[float, float]:
    """Return the metres of a place such as ``@512345.0,3301234.5``."""
    try:
        x, y = (float(part) for part in place[1:].split(","))
    except ValueError as error:
        raise InputError(f"found the place {place!r}", todo="write it as @x,y in metres", field="place") from error
    return x, y


def grid_exposures(asked: Asked, snapshot: Snapshot) -> pd.DataFrame:
    """Return what can fail or complain in each grid: pipes of the utilities asked for, households, customers."""
    load = snapshot.workload().set_index("code")
    load = load.reindex(snapshot.grids()["code"])
    named = [f"pipe_m_{name}" for name in asked.utilities if name] or ["pipe_m"]
    columns = {
        "pipe_km": load[named].sum(axis=1) / 1000,
        "households": load["households"].astype("float64"),
        "customers": load["customers"].fillna(0).astype("int64"),
    }
    return pd.DataFrame(columns).rename_axis("code")


def hexagons_over(size: int, snapshot: Snapshot) -> Hexagons:
    """Return the hexagons over the city."""
    return Hexagons.over(city_bounds(snapshot), float(size))


def hexagon_exposures(asked: Asked, snapshot: Snapshot) -> pd.DataFrame:
    """Return what can fail or complain in each hexagon, kept while the tables stay."""
    wanted = tuple(sorted(filter(None, asked.utilities)))

    def make() -> pd.DataFrame:
        links = snapshot.store.table("links")
        mine = links[links["utility"].isin(wanted)] if wanted else links
        return hexagon_exposure(hexagons_over(asked.size, snapshot), mine, snapshot.store.table("customers"))

    return snapshot.derived(
        ("hexagon exposure", asked.size, wanted, snapshot.grids_since()), ("links", "customers", "grids"), make
    )


def city_bounds(snapshot: Snapshot) -> Bounds:
    """Return the extent of the grids, or of the incidents where there are none, in metres."""
    grids = snapshot.grids()
    frame = grids if len(grids) else snapshot.incidents()
    west, south, east, north = (float(side) for side in frame.total_bounds)
    return west, south, east, north


def extent_m(asked: Asked, snapshot: Snapshot) -> Bounds | None:
    """Return the map's extent in metres; None while figures do not follow the map."""
    if asked.bounds is None:
        return None
    west, south, east, north = asked.bounds
    corners = [(west, south), (east, south), (east, north), (west, north)]
    xy = np.array([place_from_map(*corner, snapshot.store.crs, frame=snapshot.frame) for corner in corners])
    (left, low), (right, high) = xy.min(axis=0), xy.max(axis=0)
    return float(left), float(low), float(right), float(high)


def whole_months(start: date, end: date) -> list[tuple[date, date]]:
    """Return first and last day of each whole calendar month of a period."""
    first = pd.date_range(start, end, freq="MS")
    return [(day.date(), last) for day in first if (last := (day + pd.offsets.MonthEnd(0)).date()) <= end]
