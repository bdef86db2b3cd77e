"""What each grid's people have to look after, so that leaders can be given alike shares."""

from __future__ import annotations

from collections.abc import Mapping

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
from gisapp.tables import DONE_STATUSES, UTILITIES

# Share of each measure in the workload of an average grid; settings of the planner, no rule prescribes them.
WEIGHTS: Mapping[str, float] = {
    "households": 0.4,
    "incidents_12m": 0.3,
    "pipe_m": 0.15,
    "critical": 0.1,
    "valves": 0.05,
}
_LINES = ("pipe", "cable")
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
    weights: Mapping[str, float] = WEIGHTS,
) -> pd.DataFrame:
    """Return what lies in each grid, its leader, and its workload against the mean of all grids.

    Parameters
    ----------
    grids, customers, links, devices, incidents, posts
        The tables of those names, in one projected CRS in metres; the grids of one plan.
    now
        The present moment, with its zone.
    weights
        Measure -> its share in the workload of an average grid; see :data:`WEIGHTS`.

    Returns
    -------
    DataFrame
        One row a grid, in the order of ``grids``:

        - ``code``, ``name``; ``leader`` (person code of the leader in post now, the last appointed if several,
          missing if none) and ``leaders`` (how many there are: 1 when all is well)
        - ``households``, ``people``, ``customers``, ``critical`` (critical customers), ``valves``
        - ``incidents_12m`` (reported in the 12 months up to ``now``) and ``open_incidents``, only
          those that count (:func:`gisapp.counting.counted`); one without a position counts where its
          ``grid_code`` says
        - ``pipe_m`` and ``pipe_m_<utility>``: metres of pipe and cable, a link that crosses a border
          divided where it crosses, along a border given to the first grid
        - ``area_km2``, ``compactness`` (Polsby-Popper: 4 pi area / perimeter squared, 1 for a circle)
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
    found = measures(grids, customers=customers, links=links, devices=devices, incidents=incidents, now=now)
    return figures(grids, found.iloc[:-1], posts=posts, now=now, weights=weights)


def figures(
    grids: gpd.GeoDataFrame,
    found: pd.DataFrame,
    *,
    posts: pd.DataFrame,
    now: pd.Timestamp,
    weights: Mapping[str, float] = WEIGHTS,
) -> pd.DataFrame:
    """Return :func:`workload` from the measures of each grid, whether counted anew or added up from its units."""
    unknown = [name for name in weights if name not in found]
    if unknown:
        raise InputError(f"a weight for {unknown[0]!r}", todo=f"weigh {', '.join(map(str, found))}")
    sound = sound_polygons(grids.geometry.to_numpy())
    area_m2, perimeter_m = shapely.area(sound), shapely.length(sound)
    load = _weighted(found, weights)
    about = _leaders(grids["code"], posts, now).assign(
        area_km2=area_m2 / 1e6,
        compactness=4 * np.pi * area_m2 / np.where(perimeter_m > 0, perimeter_m, np.nan) ** 2,
        workload=load,
        deviation=load / load.mean() - 1,
    )
    whole = pd.concat([grids[["code", "name"]].reset_index(drop=True), found, about], axis=1)
    front = ["code", "name", "leader", "leaders"]
    return whole[front + [column for column in whole if column not in front]]


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
    if now.tzinfo is None:
        raise InputError(f"the time {now} has no zone", todo="give a time with its zone")
    points = len(customers) + len(devices) + len(incidents)
    index = grid_index(grids) if points >= _FEW else shapely_index(grids)
    holders = pd.RangeIndex(len(grids) + 1)
    home = _places(customers, index)
    valve = devices["kind"].str.endswith("_valve").to_numpy()
    real = counted(incidents)["counts"].to_numpy()
    known = (incidents["reported_at"] <= now).to_numpy()
    recent = (incidents["reported_at"] > now - pd.DateOffset(months=12)).to_numpy()
    scene = incident_rows(incidents, grids, index)
    still_open = ~incidents["status"].isin(DONE_STATUSES).to_numpy()
    counts = {
        "households": _summed(home, customers["households"], holders),
        "people": _summed(home, customers["people"], holders),
        "customers": _summed(home, None, holders),
        "critical": _summed(home[customers["critical"].notna().to_numpy()], None, holders),
        "incidents_12m": _summed(scene[real & known & recent], None, holders),
        "open_incidents": _summed(scene[real & known & still_open], None, holders),
        "valves": _summed(_places(devices, index)[valve], None, holders),
    }
    return pd.concat([pd.DataFrame(counts), _pipe_metres(grids, links)], axis=1)


def _places(frame: gpd.GeoDataFrame, index: GridIndex) -> npt.NDArray[np.int64]:
    """Return the row of the grid of each point, the number of grids for those outside."""
    rows = index.locate(point_xy(frame.geometry)).astype(np.int64)
    return np.where(rows < 0, index.count, rows)


def incident_rows(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, index: GridIndex | None = None
) -> npt.NDArray[np.int64]:
    """Return the row of the grid in which each incident counts: by its position, else by the grid that it names.

    The number of grids stands for none. Every figure of incidents by grid counts by this.
    """
    known = grid_index(grids) if index is None else index
    return rows_at(point_xy(incidents.geometry), incidents["grid_code"], pd.Index(grids["code"]), known)


def rows_at(xy: Coordinates, named: pd.Series, codes: pd.Index, index: GridIndex) -> npt.NDArray[np.int64]:
    """Return :func:`incident_rows` for positions, NaN where there is none, and the codes of the grids named."""
    rows = index.locate(xy).astype(np.int64)
    rows[rows < 0] = index.count
    lost = ~np.isfinite(xy).all(axis=1)
    if lost.any():
        by_name = codes.get_indexer(pd.Index(named.to_numpy()[lost]))
        rows[lost] = np.where(by_name < 0, index.count, by_name)
    return rows


def _summed(rows: npt.NDArray[np.int64], amounts: pd.Series | None, holders: pd.RangeIndex) -> npt.NDArray[np.int64]:
    """Return the sum of amounts, or the number of rows, for each grid and the outside."""
    worth = None if amounts is None else amounts.fillna(0).to_numpy(dtype=np.float64)
    return np.bincount(rows, weights=worth, minlength=len(holders)).astype(np.int64)


def _pipe_metres(grids: gpd.GeoDataFrame, links: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the metres of pipe and cable of each utility in each grid, and outside in the last row."""
    lines = links[links["kind"].isin(_LINES)].reset_index(drop=True)
    shares = line_shares(lines.geometry, grids)
    line = shares["line"].to_numpy()
    metres = shares["share"].to_numpy() * lines["length_m"].to_numpy()[line]
    row = np.where(shares["row"] < 0, len(grids), shares["row"])
    utility = lines["utility"].to_numpy()[line]
    columns = {
        f"pipe_m_{name}": np.bincount(row[utility == name], metres[utility == name], minlength=len(grids) + 1)
        for name in UTILITIES
    }
    return pd.DataFrame({"pipe_m": sum(columns.values()), **columns})


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
    shapes, polygons = lines.to_numpy(), sound_polygons(grids.geometry.to_numpy())
    shapely.prepare(polygons)
    line, row = shapely.STRtree(polygons).query(shapes)
    order = np.lexsort([row, line])
    line, row = line[order], row[order]
    covered = np.flatnonzero(shapely.covers(polygons[row], shapes[line]))
    whole, first = np.unique(line[covered], return_index=True)
    inside = pd.DataFrame({"line": whole, "row": row[covered][first], "share": 1.0})
    crossing = ~np.isin(line, whole)
    divided = _divided(shapes, polygons, line[crossing], row[crossing])
    rest = np.setdiff1d(np.arange(len(shapes)), np.concatenate([whole, divided["line"].to_numpy()]))
    outside = pd.DataFrame({"line": rest, "row": -1, "share": 1.0})
    return pd.concat([inside, divided, outside], ignore_index=True).sort_values(["line", "row"], ignore_index=True)


def _divided(
    shapes: npt.NDArray[np.object_],
    polygons: npt.NDArray[np.object_],
    line: npt.NDArray[np.int64],
    row: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """Return the shares of lines that no single grid covers, from pairs sorted by line and row.

    Each round gives every line's next grid its piece of what is left, so that no stretch counts twice.
    """
    numbers, start, rounds = np.unique(line, return_index=True, return_counts=True)
    left = shapes[numbers]
    pieces = []
    for turn in range(rounds.max(initial=0)):
        some = np.flatnonzero(rounds > turn)
        grid = row[start[some] + turn]
        metres = shapely.length(shapely.intersection(left[some], polygons[grid]))
        pieces.append(pd.DataFrame({"line": numbers[some], "row": grid, "metres": metres}))
        left[some] = shapely.difference(left[some], polygons[grid])
    pieces.append(pd.DataFrame({"line": numbers, "row": -1, "metres": shapely.length(left)}))
    table = pd.concat(pieces, ignore_index=True)
    table["share"] = table["metres"] / table.groupby("line")["metres"].transform("sum")
    return table.loc[table["metres"] > 0, ["line", "row", "share"]]


def _leaders(codes: pd.Series, posts: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Return the leader of each grid in post now, and how many there are."""
    count = leading_at(posts, now).groupby("scope")["person_code"].nunique()
    leaders = codes.map(leaders_at(posts, now)).astype("str")
    columns = {"leader": leaders, "leaders": codes.map(count).fillna(0).astype("int64")}
    return pd.DataFrame(columns).reset_index(drop=True)


def _weighted(measures: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """Return the weighted workload; a measure that is nought everywhere weighs nothing."""
    means = measures[list(weights)].mean()
    present = means.index[means > 0]
    shares = pd.Series(weights)[present]
    return (measures[present] / means[present] * (shares / shares.sum())).sum(axis=1)
