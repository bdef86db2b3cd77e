"""Units (单元网格) from polygons: cut out by streets and borders, and who borders on whom over how many metres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError
from gisapp.grids.districting_units import Ints, Reals, Units

_Shapes = npt.NDArray[np.object_]
_NODE_M = 1e-3  # to which the lines that cut out blocks are snapped


class Borders(NamedTuple):
    """Pairs of rows with a common border, its metres, and each row's metres of border with nobody beyond."""

    pairs: Ints
    border_m: Reals
    outer_m: Reals


def units_of(
    blocks: gpd.GeoDataFrame,
    weight: npt.ArrayLike,
    *,
    bridges: Sequence[tuple[str, str]] = (),
    label: pd.Series | None = None,
) -> Units:
    """Return blocks as the units that proposals and checks of boundaries work on.

    Parameters
    ----------
    blocks
        Columns ``code`` and geometry, an edge-matched coverage in a projected CRS in metres.
    weight
        What each block carries, from 0: households, or a weighted workload.
    bridges
        Pairs of codes of blocks that hang together although they do not touch, such as over a river.
    label
        What no grid may cross, such as the code of a pressure zone, one a block; missing ones are a label
        of their own.

    Returns
    -------
    Units
        In the order of ``blocks``; pairs sorted. Blocks that meet in a corner only are no pair.

    Raises
    ------
    InputError
        When the blocks overlap or do not match edge to edge, or a bridge names an unknown code.
    CrsError
        When the blocks are not in metres.

    Examples
    --------
    >>> squares = [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(300, 0, 400, 100)]
    >>> blocks = gpd.GeoDataFrame({"code": ["A", "B", "C"]}, geometry=squares, crs="EPSG:4547")
    >>> units = units_of(blocks, [5, 6, 7], bridges=[("B", "C")])
    >>> units.pairs.tolist(), units.border_m.tolist(), units.outer_m.tolist()
    ([[0, 1], [1, 2]], [100.0, 0.0], [300.0, 300.0, 400.0])
    """
    require_metres(blocks.crs, "the units")
    shapes = blocks.geometry.to_numpy()
    require_coverage(shapes, blocks["code"])
    found = borders_of(shapes)
    joined = _bridged(blocks["code"], bridges, found.pairs)
    centre = shapely.centroid(shapes)
    return Units(
        weight=np.asarray(weight, np.float64),
        area_m2=shapely.area(shapes),
        outer_m=found.outer_m,
        xy=np.column_stack([shapely.get_x(centre), shapely.get_y(centre)]),
        pairs=np.concatenate([found.pairs, joined]),
        border_m=np.concatenate([found.border_m, np.zeros(len(joined))]),
        label=None if label is None else pd.factorize(label.to_numpy(), use_na_sentinel=False)[0].astype(np.int64),
    )


def require_coverage(shapes: _Shapes, codes: pd.Series, *, gap_m: float = 0.0) -> None:
    """Raise unless polygons match edge to edge; names the first that does not, and tells gaps as narrow as ``gap_m``.

    Raises
    ------
    InputError
        Tells the unit and what to do.
    """
    broken = ~shapely.is_valid(shapes) | shapely.is_empty(shapes) | shapely.is_missing(shapes)
    if not broken.any():
        edges = shapely.coverage_invalid_edges(shapes, gap_width=gap_m)
        broken = ~(shapely.is_missing(edges) | shapely.is_empty(edges))
    if broken.any():
        row = int(broken.argmax())
        found = f"unit {codes.iloc[row]} and {int(broken.sum()) - 1} more overlap, gape or do not match edge to edge"
        raise InputError(found, todo="clean them first: gisapp import FILE --as units --clean", row=row + 1)


def borders_of(shapes: _Shapes) -> Borders:
    """Return who borders on whom in an edge-matched coverage, by the edges that two polygons share.

    Costs a sort of all edges: 0.1 s for 10,000 units of 30 edges.
    """
    ends, row = edges_of(shapes)
    order = np.lexsort(ends.T)
    ends, row = ends[order], row[order]
    metres = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
    same = (ends[1:] == ends[:-1]).all(axis=1)
    first = np.flatnonzero(same)
    single = ~(np.append(same, False) | np.insert(same, 0, False))
    outer = np.bincount(row[single], metres[single], minlength=len(shapes))
    both = np.sort(np.column_stack([row[first], row[first + 1]]), axis=1).astype(np.int64)
    pairs, place = np.unique(both, axis=0, return_inverse=True)
    border = np.bincount(place.ravel(), metres[first], minlength=len(pairs))
    return Borders(pairs.reshape(-1, 2), border.astype(np.float64), outer.astype(np.float64))


def edges_of(shapes: _Shapes) -> tuple[Reals, Ints]:
    """Return every edge of every ring, the lesser end first, and the row of its polygon."""
    polygons, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inside = ring[1:] == ring[:-1]
    start, end = points[:-1][inside], points[1:][inside]
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    ends = np.where(turned[:, None], np.hstack([end, start]), np.hstack([start, end]))
    return ends, owner[part][ring[:-1][inside]]


def _bridged(codes: pd.Series, bridges: Sequence[tuple[str, str]], pairs: Ints) -> Ints:
    """Return bridges as pairs of rows, without those whose ends touch anyway."""
    ends = np.array(bridges, dtype=object).reshape(-1, 2)
    rows = pd.Index(codes).get_indexer(pd.Index(ends.ravel())).reshape(-1, 2)
    if (rows < 0).any():
        raise InputError(f"a bridge to {ends[rows < 0][0]!r}", todo="give codes of units", field="bridges")
    known = {tuple(pair) for pair in pairs.tolist()}
    wanted = sorted({tuple(sorted(pair)) for pair in rows.tolist() if pair[0] != pair[1]} - known)
    return np.array(wanted, dtype=np.int64).reshape(-1, 2)


def labels_of(shapes: _Shapes, limits: Sequence[gpd.GeoDataFrame]) -> pd.Series:
    """Return in which areas of some layers each unit lies, as one label: units alike in all of them have the same.

    Parameters
    ----------
    shapes
        The polygons of the units.
    limits
        Polygons with a ``code``, one frame a layer. A unit counts where it has a point within; where several areas
        of a layer overlap, the first; outside all of them is an area of its own.
    """
    inner = shapely.point_on_surface(shapes)
    label = pd.Series([""] * len(shapes), dtype=object)
    for layer in limits:
        unit, row = shapely.STRtree(layer.geometry.to_numpy()).query(inner, predicate="within")
        first = pd.Series(row).groupby(unit).min()
        code = layer["code"].to_numpy(dtype=object)[first.to_numpy(dtype=np.int64)]
        within = pd.Series(code, index=first.index, dtype=object).reindex(range(len(shapes))).fillna("")
        label = label + "\x1f" + within
    return label


def bridges_of(units: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, *, most_m: float = 1_000.0) -> list[tuple[str, str]]:
    """Return pairs of units that a street joins over ground that belongs to none, such as a river.

    Parameters
    ----------
    units
        ``code`` and polygons: an edge-matched coverage in metres.
    streets
        Lines in the same CRS.
    most_m
        How long a street may run outside of the units between two of them.

    Returns
    -------
    list
        Codes, each pair once and in order; without units that border on each other anyway.

    Examples
    --------
    >>> banks = [shapely.box(0, 0, 100, 100), shapely.box(150, 0, 250, 100)]
    >>> units = gpd.GeoDataFrame({"code": ["A", "B"]}, geometry=banks, crs="EPSG:4547")
    >>> street = gpd.GeoDataFrame(geometry=[shapely.LineString([(50, 50), (200, 50)])], crs="EPSG:4547")
    >>> bridges_of(units, street)
    [('A', 'B')]
    """
    require_metres(units.crs, "the units")
    shapes = units.geometry.to_numpy()
    whole = shapely.union_all(shapes)
    lines = shapely.line_merge(shapely.union_all(streets.geometry.dropna().to_numpy()))
    outside = shapely.get_parts(shapely.line_merge(shapely.difference(lines, whole)))
    outside = outside[(shapely.get_type_id(outside) == 1) & (shapely.length(outside) <= most_m)]
    outside = outside[shapely.length(outside) > _NODE_M]
    ends = np.concatenate([shapely.get_point(outside, 0), shapely.get_point(outside, -1)])
    end, unit = shapely.STRtree(shapes).query(ends, predicate="dwithin", distance=_NODE_M)
    touched = pd.Series(unit).groupby(end).min().reindex(range(len(ends)), fill_value=-1).to_numpy()
    one, other = touched[: len(outside)], touched[len(outside) :]
    joined = np.sort(np.column_stack([one, other])[(one >= 0) & (other >= 0) & (one != other)], axis=1)
    near = {tuple(pair) for pair in borders_of(shapes).pairs.tolist()}
    codes = units["code"].to_numpy(dtype=object)
    pairs = sorted({tuple(pair) for pair in joined.tolist()} - near)
    return [(str(codes[low]), str(codes[high])) for low, high in pairs]


def cut_out(
    grids: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, *, least_m2: float = 500.0, pattern: str = "{grid}-{number:03d}"
) -> gpd.GeoDataFrame:
    """Return the blocks that streets and the borders of grids cut out, each within one grid.

    Parameters
    ----------
    grids
        One plan of the ``grids`` table, a valid coverage in metres.
    streets
        Lines in the same CRS; one that ends inside a block does not cut it.
    least_m2
        A smaller block is added to the neighbour in its grid with which it shares the longest border.
    pattern
        How a code is made of the code of the grid and a number, west to east.

    Returns
    -------
    GeoDataFrame
        ``code``, ``grid_code`` and ``geom``, an edge-matched coverage of the grids to a millimetre, by grid and
        number. A street block too small without a neighbour in its grid stays.
    """
    crs = require_metres(grids.crs, "the grids table")
    lines = shapely.union_all(
        np.concatenate([shapely.boundary(grids.geometry.to_numpy()), streets.geometry.dropna().to_numpy()]),
        grid_size=_NODE_M,
    )
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(pieces)
    tree = shapely.STRtree(grids.geometry.to_numpy())
    piece, row = tree.query(inner, predicate="within")
    held, first = np.unique(piece, return_index=True)
    shapes, owner = _grown(pieces[held], row[first].astype(np.int64), least_m2)
    west = shapely.bounds(shapes)[:, 0]
    order = np.lexsort([west, owner])
    shapes, owner = shapes[order], owner[order]
    number = np.arange(len(owner)) - np.searchsorted(owner, owner) + 1
    codes = grids["code"].to_numpy()[owner]
    named = [pattern.format(grid=code, number=place) for code, place in zip(codes, number, strict=True)]
    columns = {"code": pd.array(named, dtype="str"), "grid_code": pd.array(codes, dtype="str")}
    return gpd.GeoDataFrame(columns | {"geom": shapes}, geometry="geom", crs=crs)


def _grown(shapes: _Shapes, owner: Ints, least_m2: float) -> tuple[_Shapes, Ints]:
    """Return blocks of at least ``least_m2``, each smaller one joined to a neighbour in its grid."""
    while True:
        area = shapely.area(shapes)
        found = borders_of(shapes)
        one, other = found.pairs[owner[found.pairs[:, 0]] == owner[found.pairs[:, 1]]].T
        metres = found.border_m[owner[found.pairs[:, 0]] == owner[found.pairs[:, 1]]]
        small = np.flatnonzero(area < least_m2)
        ends = pd.DataFrame({"unit": np.append(one, other), "to": np.append(other, one), "metres": np.tile(metres, 2)})
        ends = ends[ends["unit"].isin(small)].sort_values(["unit", "metres"], ascending=[True, False], kind="stable")
        best = ends.drop_duplicates("unit")
        taken = np.zeros(len(shapes), bool)
        joins = []
        for unit, to in best[["unit", "to"]].to_numpy():  # few, and each join bars its two blocks from the next
            if not taken[unit] and not taken[to]:
                taken[[unit, to]] = True
                joins.append((unit, to))
        if not joins:
            return shapes, owner
        gone, kept = np.array(joins).T
        shapes = shapes.copy()
        shapes[kept] = [shapely.coverage_union(shapes[a], shapes[b]) for a, b in joins]
        left = np.setdiff1d(np.arange(len(shapes)), gone)
        shapes, owner = shapes[left], owner[left]
