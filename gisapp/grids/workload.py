"""What each grid's people have to look after, so that leaders can be given alike shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.counting import counted
from gisapp.crs import require_metres
from gisapp.errors import InputError
from gisapp.grids.assign import point_xy
from gisapp.grids.coverage import sound_polygons
from gisapp.grids.index import Coordinates, GridIndex, grid_index, shapely_index
from gisapp.grids.leaders import leaders_at, leading_at
from gisapp.rules.workload import COUNTS, MEASURES, workload_weights
from gisapp.tables import DONE_STATUSES, UTILITIES

_LINES = ("pipe", "cable")
Shapes = npt.NDArray[np.object_]
Reals = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.float64]
_ROUNDING = 1e-12  # such a share of a line is no stretch of it
_FEW = 5_000  # below this number of points the index without a compiler is ready and done sooner


def workload(
    grids: gpd.GeoDataFrame,
    *,
    customers: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    posts: pd.DataFrame,
    now: pd.Timestamp,
    weights: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return what lies in each grid, its leader, and its workload against the mean of all grids.

    Parameters
    ----------
    grids, customers, links, devices, incidents, posts
        The tables of those names, in one projected CRS in metres; the grids of one plan.
    now
        The present moment, with its zone.
    weights
        Measure -> its share in the workload of an average grid, see :func:`gisapp.rules.workload_weights`; the
        rules that come with the program when left out.

    Returns
    -------
    DataFrame
        One row a grid, in the order of ``grids``:

        - ``code``, ``name``; ``leader`` (person code of the leader in post now, the last appointed if several,
          missing if none) and ``leaders`` (how many there are: 1 when all is well)
        - ``households``, ``people``, ``customers``, ``critical`` (critical customers), ``valves``
        - ``incidents_12m`` (reported in the 365 days of which the last is the day of ``now``, days of its zone)
          and ``open_incidents``, only those that count (:func:`gisapp.counting.counted`); one without a
          position counts where its ``grid_code`` says
        - ``pipe_m`` and ``pipe_m_<utility>``: metres of pipe and cable, a link that crosses a border
          divided where it crosses, along a border given to the first grid
        - ``area_km2``, ``compactness`` (Polsby-Popper: 4 pi area / perimeter squared, 1 for a circle) and
          ``farthest_m`` (the greatest distance from the grid's centre of gravity to its border)
        - ``workload`` (1 is the average grid: each measure over its mean, weighted) and ``deviation``
          (from the mean: 0.2 is 20 % more)

        Points on a border belong to the first grid. Sums over grids and :func:`outside_load` are the
        totals of the tables.

    Raises
    ------
    CrsError
        When the grids are not in metres.
    InputError
        When ``now`` has no zone, or a weight names no measure.
    """
    load = carried(customers=customers, links=links, devices=devices, incidents=incidents, now=now)
    found = added_up(grids, load)[:-1]
    ground = ground_of(sound_polygons(grids.geometry.to_numpy()))
    names = grids[["code", "name"]].reset_index(drop=True)
    return figures(names, found, ground, led=led_at(posts, now), weights=weights or workload_weights(now.date()))


class Led(NamedTuple):
    """Who leads each grid, by code, and how many do."""

    leader: Mapping[str, str]
    leaders: Mapping[str, int]


def led_at(posts: pd.DataFrame, now: pd.Timestamp) -> Led:
    """Return who leads each grid in post now."""
    count = leading_at(posts, now).groupby("scope")["person_code"].nunique()
    leaders = leaders_at(posts, now)
    return Led(
        dict(zip(map(str, leaders.index), map(str, leaders), strict=True)),
        dict(zip(map(str, count.index), map(int, count), strict=True)),
    )


def ground_of(shapes: Shapes) -> Numbers:
    """Return for each polygon its square metres, the metres around it, and the metres to its farthest point.

    The last is the greatest distance from its centre of gravity to its border: corners on a straight edge, which a
    plan's polygons have and those in force may not, move it by nothing. NaN where there is no polygon.
    """
    heart = shapely.get_coordinates(shapely.centroid(shapes))
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    hearts = np.full((len(shapes), 2), np.nan)
    hearts[there] = heart
    corner, owner = shapely.get_coordinates(shapes, return_index=True)
    away = np.hypot(*(corner - hearts[owner]).T)  # along a straight edge nothing is farther than its ends
    far = np.full(len(shapes), np.nan)
    np.fmax.at(far, owner, away)
    return np.column_stack([shapely.area(shapes), shapely.length(shapes), far])


def figures(
    names: pd.DataFrame, found: Numbers, ground: Numbers, *, led: Led, weights: Mapping[str, float]
) -> pd.DataFrame:
    """Return :func:`workload` from what was found in each grid, whether counted anew or added up from its units.

    Parameters
    ----------
    names
        ``code`` and ``name`` of the grids.
    found
        :data:`MEASURES` of each grid.
    ground
        From :func:`ground_of`.
    """
    unknown = [name for name in weights if name not in MEASURES]
    if unknown:
        raise InputError(f"a weight for {unknown[0]!r}", todo=f"weigh {', '.join(MEASURES)}")
    load = _weighted(found, weights)
    area_m2, around_m, far_m = ground.T
    counts = {name: found[:, at].astype(np.int64) for at, name in enumerate(COUNTS)}
    metres = {name: found[:, at] for at, name in enumerate(MEASURES) if at >= len(COUNTS)}
    codes = names["code"].tolist()
    columns = {
        "code": names["code"],
        "name": names["name"],
        "leader": pd.array([led.leader.get(code) for code in codes], dtype="str"),
        "leaders": np.array([led.leaders.get(code, 0) for code in codes], dtype=np.int64),
        **counts,
        **metres,
        "area_km2": area_m2 / 1e6,
        "compactness": 4 * np.pi * area_m2 / np.where(around_m > 0, around_m, np.nan) ** 2,
        "farthest_m": far_m,
        "workload": load,
        "deviation": load / (load.sum() / len(load) or np.nan) - 1 if len(load) else load,
    }
    return pd.DataFrame(columns)


def outside_load(
    grids: gpd.GeoDataFrame,
    *,
    customers: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    now: pd.Timestamp,
) -> pd.Series:
    """Return the measures of :func:`workload` for what lies in no grid or has no position."""
    load = {"customers": customers, "links": links, "devices": devices, "incidents": incidents}
    return measures(grids, **load, now=now).iloc[-1].rename("outside")


def measures(
    grids: gpd.GeoDataFrame,
    *,
    customers: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    now: pd.Timestamp,
) -> pd.DataFrame:
    """Return the measures of :func:`workload` for each grid or unit, and for the outside in the last row."""
    load = carried(customers=customers, links=links, devices=devices, incidents=incidents, now=now)
    found = pd.DataFrame(added_up(grids, load), columns=list(MEASURES))
    return found.astype(dict.fromkeys(COUNTS, np.int64))


class Points(NamedTuple):
    """Places with what each adds to some measures; ``named`` are the grids of those that name one."""

    xy: Coordinates
    amounts: Mapping[str, npt.NDArray[np.int64]]
    named: npt.NDArray[np.object_] | None = None

    def at(self, rows: npt.NDArray[np.int64]) -> Points:
        """Return some of them."""
        amounts = {name: amount[rows] for name, amount in self.amounts.items()}
        return Points(self.xy[rows], amounts, None if self.named is None else self.named[rows])


class Lines(NamedTuple):
    """Pipes and cables with their metres and the number of their utility."""

    shapes: Shapes
    metres: Reals
    utility: npt.NDArray[np.int64]

    def at(self, rows: npt.NDArray[np.int64]) -> Lines:
        """Return some of them."""
        return Lines(self.shapes[rows], self.metres[rows], self.utility[rows])


class Carried(NamedTuple):
    """What grids carry: everything that :func:`measures` counts, each thing reduced to where it is and what it adds."""

    points: tuple[Points, ...]
    lines: Lines


def carried(
    *,
    customers: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    now: pd.Timestamp,
) -> Carried:
    """Return what the tables hold that grids carry."""
    if now.tzinfo is None:
        raise InputError(f"the time {now} has no zone", todo="give a time with its zone")
    homes = {
        "households": _whole(customers["households"]),
        "people": _whole(customers["people"]),
        "customers": np.ones(len(customers), np.int64),
        "critical": _whole(customers["critical"].notna()),
    }
    real = (counted(incidents)["counts"] & (incidents["reported_at"] <= now)).to_numpy()
    recent = (incidents["reported_at"] >= now.normalize() - pd.DateOffset(days=364)).to_numpy()
    still_open = ~incidents["status"].isin(DONE_STATUSES).to_numpy()
    cases = {"incidents_12m": (real & recent).astype(np.int64), "open_incidents": (real & still_open).astype(np.int64)}
    valves = devices["kind"].str.endswith("_valve").to_numpy()
    lines = links[links["kind"].isin(_LINES)]
    number = pd.Index(UTILITIES).get_indexer(pd.Index(lines["utility"])).astype(np.int64)
    return Carried(
        (
            Points(point_xy(customers.geometry), homes),
            Points(point_xy(incidents.geometry), cases, incidents["grid_code"].to_numpy(dtype=object)),
            Points(point_xy(devices.geometry), {"valves": valves.astype(np.int64)}),
        ),
        Lines(lines.geometry.to_numpy(), lines["length_m"].to_numpy(dtype=np.float64), number),
    )


def added_up(grids: gpd.GeoDataFrame, load: Carried) -> Numbers:
    """Return :data:`MEASURES` for each grid or unit, and for the outside in the last row, of what they carry."""
    return added_in(grids.geometry, grids["code"].to_numpy(dtype=object), load)


def added_in(shapes: gpd.GeoSeries, codes: npt.NDArray[np.object_], load: Carried) -> Numbers:
    """Return :func:`added_up` for polygons and their codes."""
    many = sum(len(some.xy) for some in load.points) >= _FEW
    index = grid_index(shapes) if many else shapely_index(shapes)
    found = np.zeros((len(shapes) + 1, len(MEASURES)))
    for some in load.points:
        if some.named is None:
            rows = index.locate(some.xy).astype(np.int64)
            rows[rows < 0] = index.count
        else:
            rows = rows_at(some.xy, some.named, pd.Index(codes), index)
        for name, amount in some.amounts.items():
            found[:, MEASURES.index(name)] = np.bincount(rows, weights=amount, minlength=len(found))
    found[:, len(COUNTS) :] = _pipe_metres(shapes.to_numpy(), load.lines)
    return found


def _whole(amounts: pd.Series) -> npt.NDArray[np.int64]:
    """Return amounts as whole numbers, 0 where there is none."""
    return amounts.fillna(0).to_numpy(dtype=np.int64)


def incident_rows(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, index: GridIndex | None = None
) -> npt.NDArray[np.int64]:
    """Return the row of the grid in which each incident counts: by its position, else by the grid that it names.

    The number of grids stands for none. Every figure of incidents by grid counts by this.
    """
    known = grid_index(grids) if index is None else index
    named = incidents["grid_code"].to_numpy(dtype=object)
    return rows_at(point_xy(incidents.geometry), named, pd.Index(grids["code"]), known)


def rows_at(
    xy: Coordinates, named: npt.NDArray[np.object_], codes: pd.Index, index: GridIndex
) -> npt.NDArray[np.int64]:
    """Return :func:`incident_rows` for positions, NaN where there is none, and the codes of the grids named."""
    rows = index.locate(xy).astype(np.int64)
    rows[rows < 0] = index.count
    lost = ~np.isfinite(xy).all(axis=1)
    if lost.any():
        by_name = codes.get_indexer(pd.Index(named[lost]))
        rows[lost] = np.where(by_name < 0, index.count, by_name)
    return rows


def _pipe_metres(shapes: Shapes, lines: Lines) -> Numbers:
    """Return the metres of pipe and cable in each grid, and outside in the last row: of all, then of each utility."""
    line, row, share = _shares(lines.shapes, sound_polygons(shapes))
    place = np.where(row < 0, len(shapes), row)
    each = np.zeros((len(shapes) + 1, len(UTILITIES)))
    np.add.at(each, (place, lines.utility[line]), share * lines.metres[line])
    return np.column_stack([each.sum(axis=1), each])


def line_shares(lines: gpd.GeoSeries, grids: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what share of each line lies in which grid.

    Parameters
    ----------
    lines
        Lines in the CRS of the grids, on a plain range; one that is absent is outside.
    grids
        Polygons in a projected CRS in metres.

    Returns
    -------
    DataFrame
        ``line`` (its number), ``row`` (number of the grid, -1 outside) and ``share``; the shares of a
        line add up to 1. A stretch that several grids cover belongs to the one with the lowest row.
    """
    require_metres(grids.crs, "the grids table")
    found = _shares(lines.to_numpy(), sound_polygons(grids.geometry.to_numpy()))
    table = pd.DataFrame(dict(zip(("line", "row", "share"), found, strict=True)))
    return table.sort_values(["line", "row"], ignore_index=True)


_Shares = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Reals]


def _shares(shapes: Shapes, polygons: Shapes) -> _Shares:
    """Return line, row and share of :func:`line_shares`, in no order."""
    polygons = shapely.force_2d(polygons)  # its own: a prepared one that two threads share ends the process
    shapely.prepare(polygons)
    line, row = shapely.STRtree(polygons).query(shapes)
    order = np.lexsort([row, line])
    line, row = line[order], row[order]
    covered = np.flatnonzero(shapely.covers(polygons[row], shapes[line]))
    whole, first = np.unique(line[covered], return_index=True)
    crossing = ~np.isin(line, whole)
    cut_line, cut_row, cut_share = _divided(shapes, polygons, line[crossing], row[crossing])
    rest = np.setdiff1d(np.arange(len(shapes)), np.concatenate([whole, cut_line]))
    return (
        np.concatenate([whole, cut_line, rest]).astype(np.int64),
        np.concatenate([row[covered][first], cut_row, np.full(len(rest), -1)]).astype(np.int64),
        np.concatenate([np.ones(len(whole)), cut_share, np.ones(len(rest))]),
    )


def _divided(shapes: Shapes, polygons: Shapes, line: npt.NDArray[np.int64], row: npt.NDArray[np.int64]) -> _Shares:
    """Return the shares of lines that no single grid covers, from pairs sorted by line and row.

    Each round gives every line's next grid its piece of what is left, so that no stretch counts twice.
    """
    met = shapely.intersects(polygons[row], shapes[line])
    line, row = line[met], row[met]
    numbers, start, rounds = np.unique(line, return_index=True, return_counts=True)
    left, metres = shapes[numbers], np.zeros(len(line))
    rest = shapely.length(left)
    for turn in range(rounds.max(initial=0)):
        some = np.flatnonzero(rounds > turn)
        pair = start[some] + turn
        metres[pair] = shapely.length(shapely.intersection(left[some], polygons[row[pair]]))
        rest[some] -= metres[pair]
        more = np.flatnonzero(rounds > turn + 1)
        left[more] = shapely.difference(left[more], polygons[row[start[more] + turn]])
    whole = shapely.length(shapes[numbers])
    rest[rest <= whole * _ROUNDING] = 0.0
    place = np.concatenate([np.repeat(np.arange(len(numbers)), rounds), np.arange(len(numbers))])
    length = np.concatenate([metres, rest])
    some = np.flatnonzero(length > 0)
    share = length[some] / np.bincount(place, length, minlength=len(numbers))[place[some]]
    return numbers[place[some]], np.concatenate([row, np.full(len(numbers), -1)])[some], share


def _weighted(found: Numbers, weights: Mapping[str, float]) -> Reals:
    """Return the weighted workload; a measure that is nought everywhere weighs nothing."""
    chosen = found[:, [MEASURES.index(name) for name in weights]]
    means = chosen.mean(axis=0) if len(found) else np.zeros(len(weights))
    present = means > 0
    shares = np.array(list(weights.values()))[present]
    return np.asarray((chosen[:, present] / means[present]) @ (shares / shares.sum()))
