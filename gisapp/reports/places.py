"""Where something is, in words that a crew can drive to: the nearest street and its nearest crossing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.words import word

AT_CROSSING_M = 40.0
"""Nearer than this to a crossing, a place is at the crossing."""
AT_STREET_M = 60.0
"""Further than this from every named street, the distance is told."""
_CROSSING_OF_USE_M = 400.0
_JOIN_M = 2.0


@dataclass(frozen=True)
class Place:
    """A place by the nearest named street, and the nearest street that crosses it; None where there is none.

    ``street_m`` is the distance to the street, ``crossing_m`` that to the crossing, in metres, straight.
    """

    street: str | None = None
    street_m: float = float("nan")
    crossing: str | None = None
    crossing_m: float = float("nan")

    def words(self, language: str) -> str:
        """Return the place in words, empty where no street has a name.

        Examples
        --------
        >>> Place("滨江路", 5.0, "人民路", 20.0).words("zh-Hans")
        '滨江路与人民路路口'
        >>> Place("滨江路", 5.0, "人民路", 220.0).words("zh-Hans")
        '滨江路（距人民路路口约220米）'
        """
        if self.street is None:
            return ""
        if self.crossing is not None and self.crossing_m <= AT_CROSSING_M:
            return word("texts.place_crossing", language, street=self.street, crossing=self.crossing)
        if self.street_m > AT_STREET_M:
            return word("texts.place_off", language, street=self.street, metres=f"{_tens(self.street_m):,}")
        if self.crossing is not None and self.crossing_m <= _CROSSING_OF_USE_M:
            return word(
                "texts.place_from",
                language,
                street=self.street,
                crossing=self.crossing,
                metres=f"{_tens(self.crossing_m):,}",
            )
        return self.street


def _tens(metres: float) -> int:
    """Return metres as people say them."""
    return max(10, round(metres / 10) * 10)


@dataclass(frozen=True, eq=False)
class Streets:
    """Streets laid out for telling places by them: those that have a name, and where they meet."""

    table: gpd.GeoDataFrame

    @cached_property
    def named(self) -> gpd.GeoDataFrame:
        """Return the streets with a name; those without are no help to a driver."""
        return self.table[self.table["name"].notna()]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Return the index of the named streets."""
        return shapely.STRtree(self.named.geometry.to_numpy())

    @cached_property
    def crossings(self) -> Mapping[str, pd.DataFrame]:
        """Return :func:`crossings` for each street."""
        return {str(street): corners for street, corners in crossings(self.named).groupby("street")}

    def places(self, shapes: np.ndarray) -> np.ndarray:
        """Return the :class:`Place` of every shape, in order; one without a position has a place without a street.

        Parameters
        ----------
        shapes
            Points (or lines: their nearest part counts), in the CRS of the streets, in metres.
        """
        placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        found = np.full(len(shapes), Place(), dtype=object)
        if self.named.empty or not placed.any():
            return found
        names, rows = self.named["name"].to_numpy(dtype=object), np.flatnonzero(placed)
        (_, nearest), metres = self.tree.query_nearest(shapes[rows], return_distance=True, all_matches=False)
        for row, line, away in zip(rows, nearest, metres, strict=True):  # each has its own street's crossings
            other = _nearest_crossing(shapes[row], self.crossings.get(names[line]))
            found[row] = Place(names[line], float(away), *other)
        return found


def _nearest_crossing(shape: shapely.Geometry, corners: pd.DataFrame | None) -> tuple[str | None, float]:
    """Return the nearest street that crosses, and how far that crossing is."""
    if corners is None:
        return None, float("nan")
    metres = shapely.distance(corners["geom"].to_numpy(), shape)
    best = int(metres.argmin())
    return str(corners["crossing"].iloc[best]), float(metres[best])


def crossings(streets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return where named streets meet, told once for each of the two: street, crossing, geom (point).

    Streets that end within 2 m of another meet it; streets of one name do not cross themselves.
    """
    lines, names = streets.geometry.to_numpy(), streets["name"].to_numpy(dtype=object)
    one, other = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=_JOIN_M)
    once = (one < other) & (names[one] != names[other])
    one, other = one[once], other[once]
    met = shapely.intersection(lines[one], lines[other])
    apart = shapely.is_empty(met)
    met[apart] = shapely.get_point(shapely.shortest_line(lines[one[apart]], lines[other[apart]]), 0)
    points, pair = shapely.get_coordinates(met, return_index=True)
    spots = shapely.points(points)
    both = pd.DataFrame(
        {
            "street": np.concatenate([names[one[pair]], names[other[pair]]]),
            "crossing": np.concatenate([names[other[pair]], names[one[pair]]]),
            "geom": np.concatenate([spots, spots]),
        }
    )
    return both.reset_index(drop=True)


def near(streets: gpd.GeoDataFrame, shapes: np.ndarray, reach_m: float = 600.0) -> Streets:
    """Return the streets within a box around shapes: enough to tell places in it, and little to search."""
    box = shapely.total_bounds(shapes)
    if not np.isfinite(box).all() or streets.empty:
        return Streets(streets)
    west, south, east, north = box
    around = shapely.box(west - reach_m, south - reach_m, east + reach_m, north + reach_m)
    return Streets(streets[shapely.intersects(streets.geometry.to_numpy(), around)])
