"""The edge-cell form of the grid index: a table of cells, with exact answers in the cells on a border."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gisapp.grids import halves, kernel, table
from gisapp.grids.halves import Halves
from gisapp.grids.index import Coordinates, Flags, Form, Parts, Rows, ShapelyForm
from gisapp.grids.kernel import EDGE_WORDS, Cells, Frame
from gisapp.grids.table import Edges, Pairs

_MOST_CELLS = 1 << 24
_MOST_BORDER_CELLS = 4_000_000
_MOST_FILLED = 1 << 29  # cells filled, counted again for every polygon that lies on them
_BORDER_SHARE = 0.05  # of the area in border cells, and
_QUICK_CELLS = 1_500_000  # more than a processor's cache holds, so that the share may grow, but not above
_LARGEST_SHARE = 0.15
_EDGES_A_CELL = 3
_EDGE_LIMIT = 160  # a cell with more of them is looked at through a finer table
_DEPTH = 3
_REACH_LINES = 64
_FEW_POINTS = 50_000  # fewer are answered on one thread
_GOLDEN = 0.6180339887498949  # an offset that keeps the lines of cells off round coordinates
_Box = tuple[float, float, float, float]


class CellForm:
    """Points answered by the cell table; see :mod:`gisapp.grids.kernel`.

    Parameters
    ----------
    parts
        The polygons of the grids.
    box
        The window that the table covers; that of all polygons when absent.
    depth
        How many coarser tables stand above this one.
    size_m
        Side of a cell in metres; chosen by the length of the borders when absent.
    """

    def __init__(self, parts: Parts, *, box: _Box | None = None, depth: int = 0, size_m: float | None = None) -> None:
        self._parts = parts
        self._edges, self._part_edges = _edges_of(parts)
        self._frame, self._margin = _frame_of(parts, self._edges, box, size_m)
        self._reach: tuple[float, npt.NDArray[np.uint8]] | None = None
        self._coarse: tuple[float, CellForm] | None = None
        limit = _EDGE_LIMIT if depth < _DEPTH else 1 << 22
        self.cells, crowded = _build(parts, self._edges, self._part_edges, self._frame, self._margin, limit)
        self._inner: Form | None = None
        self._window: _Box | None = None
        if len(crowded):
            self._refine(crowded, depth)

    def _refine(self, crowded: npt.NDArray[np.int64], depth: int) -> None:
        """Answer for crowded cells through a finer table of their window, or through shapely at the end."""
        frame = self._frame
        line, column = np.divmod(crowded, frame.columns)
        west, east = frame.x0 + np.array([column.min(), column.max() + 1]) * frame.size
        south, north = frame.y0 + np.array([line.min(), line.max() + 1]) * frame.size
        inside = _meeting(self._parts, (west, south, east, north))
        smaller = (east - west) * (north - south) < 0.25 * frame.columns * frame.lines * frame.size**2
        if depth < _DEPTH and smaller:
            self._window = (float(west), float(south), float(east), float(north))
            self._inner = CellForm(inside, box=self._window, depth=depth + 1)
            return
        self.cells, crowded = _build(self._parts, self._edges, self._part_edges, frame, self._margin, 1 << 22)
        if len(crowded):
            self._inner = ShapelyForm(inside)

    def locate(self, xy: Coordinates) -> tuple[Rows, Flags]:
        """Return the row of each point, and whether the point is on a ring of any grid."""
        rows = np.empty(len(xy), dtype=np.int32)
        on_ring = np.zeros(len(xy), dtype=bool)
        in_pieces(kernel.locate, len(xy), self.cells, xy, rows, on_ring, least=_FEW_POINTS)
        if self._inner is not None:
            some = np.flatnonzero(rows == kernel.CROWDED)
            rows[some], on_ring[some] = self._inner.locate(xy[some])
        return rows, on_ring

    def locate_one(self, x: float, y: float) -> int:
        """Return the row of one point."""
        row = kernel.locate_one(self.cells, x, y)
        if row == kernel.CROWDED and self._inner is not None:
            return self._inner.locate_one(x, y)
        return int(row)

    def near(self, xy: Coordinates, near_m: float) -> Flags:
        """Return whether a ring of any grid passes within ``near_m`` of each point."""
        near_m = min(near_m, 1e9)
        if near_m > _REACH_LINES * self._frame.size:
            return self._coarser(near_m).near(xy, near_m)
        close = np.zeros(len(xy), dtype=bool)
        rest = np.arange(len(xy))
        if isinstance(self._inner, CellForm) and self._window is not None:
            west, south, east, north = self._window
            x, y = xy[:, 0], xy[:, 1]
            deep = (x - west >= near_m) & (east - x >= near_m) & (y - south >= near_m) & (north - y >= near_m)
            close[deep] = self._inner.near(xy[deep], near_m)
            rest = np.flatnonzero(~deep)
        some = xy if len(rest) == len(xy) else xy[rest]
        found = np.zeros(len(some), dtype=bool)
        reach = self._reach_of(near_m, len(some))
        in_pieces(kernel.near, len(some), self.cells, reach, some, near_m, found, least=_FEW_POINTS // 10)
        close[rest] = found
        return close

    def _coarser(self, near_m: float) -> CellForm:
        """Return a table whose cells suit a long reach."""
        if self._coarse is None or self._coarse[0] != near_m:
            self._coarse = near_m, CellForm(self._parts, depth=_DEPTH, size_m=near_m / 16)
        return self._coarse[1]

    def _reach_of(self, near_m: float, count: int) -> npt.NDArray[np.uint8]:
        """Return which cells are far from any edge or sure to be near one; empty for few points."""
        if count < _FEW_POINTS:
            return np.empty(0, dtype=np.uint8)
        if self._reach is None or self._reach[0] != near_m:
            frame = self._frame
            up = np.arange(int(near_m / frame.size) + 3)
            reach_m = np.array([[near_m - self._margin], [near_m + self._margin]]) / frame.size
            aside = np.array([up + 1, np.maximum(up - 1, 0)])
            room = np.sqrt(
                np.maximum(reach_m**2 - aside**2, -1), where=reach_m >= aside, out=np.full(aside.shape, -9.0)
            )
            sure, perhaps = np.floor(room[0] - 1), np.floor(room[1] + 1)
            perhaps[room[1] < 0] = -1
            steps = np.empty(len(self.cells.table), dtype=np.uint8)
            reach = np.empty(len(self.cells.table), dtype=np.uint8)
            in_pieces(table.across_lines, frame.lines, self.cells, steps)
            in_pieces(table.fill_reach, frame.lines, self.cells, steps, sure, perhaps, reach)
            self._reach = near_m, reach
        return self._reach[1]


def in_pieces(loop: Callable[..., None], total: int, *arguments: Any, least: int = 256) -> None:
    """Run a compiled loop over a range, in pieces on all processors when the range is long enough."""
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads == 1 or total < least:
        loop(0, total, *arguments)
        return
    stops = np.linspace(0, total, 4 * threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(loop, *ends, *arguments) for ends in pairwise(stops)]:
            done.result()


def _edges_of(parts: Parts) -> tuple[Edges, npt.NDArray[np.int64]]:
    """Return the edges of all rings from lower to upper end, and where each part's edges begin."""
    rings, ring_part = shapely.get_rings(parts.polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start, end = points[:-1], points[1:]
    edge = (ring[:-1] == ring[1:]) & (start != end).any(axis=1)
    start, end, part = start[edge], end[edge], ring_part[ring[:-1][edge]].astype(np.int32)
    downward = (start[:, 1] > end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] > end[:, 0]))
    ends = np.where(downward[:, None], np.hstack([end, start]), np.hstack([start, end]))
    return Edges(ends, part), np.searchsorted(part, np.arange(len(parts.rows) + 1))


def _frame_of(parts: Parts, edges: Edges, box: _Box | None, size_m: float | None) -> tuple[Frame, float]:
    """Return the frame of the table, and the margin in metres that rounding can never cross."""
    if not len(edges.part):
        return Frame(0.0, 0.0, 1.0, 1.0, 1, 1), 1e-6
    west, south, east, north = box or tuple(shapely.total_bounds(parts.polygons).tolist())
    step = float(np.spacing(np.abs([west, south, east, north]).max()))
    size = max(size_m or 0.0, _size_of(edges, (west, south, east, north)), 32_000 * step)
    x0, y0 = west - (1 + _GOLDEN) * size, south - (1 + _GOLDEN) * size
    columns, lines = int((east - x0) / size) + 3, int((north - y0) / size) + 3
    return Frame(x0, y0, size, 1 / size, columns, lines), max(1e-6 * size, 32 * step)


def _size_of(edges: Edges, box: _Box) -> float:
    """Return the side of a cell: small enough for few border cells with few edges, as memory and work allow."""
    west, south, east, north = box
    low, high = np.minimum(edges.ends[:, :2], edges.ends[:, 2:]), np.maximum(edges.ends[:, :2], edges.ends[:, 2:])
    met = (low <= (east, north)).all(axis=1) & (high >= (west, south)).all(axis=1)
    length = np.clip(high[met], (west, south), (east, north)) - np.clip(low[met], (west, south), (east, north))
    border_m = max(float(np.hypot(*length.T).sum()) / 2, 1e-12)
    width, height = max(east - west, 1e-9), max(north - south, 1e-9)
    area = width * height
    first = np.flatnonzero(np.diff(edges.part, prepend=-1))
    west_south, east_north = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
    sides = np.clip(east_north, (west, south), (east, north)) - np.clip(west_south, (west, south), (east, north))
    filled = max(float(sides.prod(axis=1).sum()), area)
    share_m = area / (1.3 * border_m)  # the size whose cells would all be border cells
    wanted = np.clip(np.sqrt(area / _QUICK_CELLS), _BORDER_SHARE * share_m, _LARGEST_SHARE * share_m)
    wanted = min(wanted, _EDGES_A_CELL * 2 * border_m / max(met.sum(), 1))
    least = max(np.sqrt(area / _MOST_CELLS), 1.5 * border_m / _MOST_BORDER_CELLS, np.sqrt(filled / _MOST_FILLED))
    return float(max(wanted, least, max(width, height) / _MOST_CELLS * 4))


def _build(
    parts: Parts, edges: Edges, part_edges: npt.NDArray[np.int64], frame: Frame, margin: float, edge_limit: int
) -> tuple[Cells, npt.NDArray[np.int64]]:
    """Return the cell table, and the cells that hold more than it can tell apart."""
    values = np.zeros(frame.columns * frame.lines, dtype=np.int32)
    in_pieces(table.count_edges, frame.lines, frame, edges, margin, values)
    border = np.flatnonzero(values)
    start = _offsets(values[border])
    values[:] = kernel.NONE
    values[border] = -3 - np.arange(len(border), dtype=np.int32)
    pairs = Pairs(border, start, np.empty(start[-1], dtype=np.int32))
    in_pieces(table.list_edges, frame.lines, frame, edges, margin, values, start[:-1].copy(), pairs)
    heads, words = np.empty(len(border), dtype=np.int64), np.empty(len(border), dtype=np.int64)
    in_pieces(table.measure_blocks, len(border), edges, pairs, edge_limit, heads, words)
    offsets = _offsets(words)
    arena = np.empty(offsets[-1], dtype=np.int64)
    values[border] = -3 - offsets[:-1]
    cells = Cells(frame, values, arena, arena.view(np.float64), 0)
    in_pieces(table.write_blocks, len(border), cells, edges, pairs, heads, offsets)
    _fill(cells, edges, parts, part_edges)
    in_pieces(table.name_rows, len(border), cells, offsets, parts.rows)
    return _halved(cells, edges, pairs, offsets), border[heads & 0xFF == table.CROWDED_HEAD]


def _halved(cells: Cells, edges: Edges, pairs: Pairs, offsets: npt.NDArray[np.int64]) -> Cells:
    """Return the table with one place for each edge that halves cells, in the stead of those cells' blocks."""
    count = len(pairs.cell)
    found = Halves(np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int64))
    in_pieces(halves.find_halves, count, cells, edges, pairs, offsets, found)
    places = np.zeros(count, dtype=np.int64)
    blocks = EDGE_WORDS * halves.share_places(found, np.full(len(edges.part), -1, dtype=np.int64), places)
    halved = found.edge >= 0
    ends = blocks + _offsets(np.where(halved, 0, np.diff(offsets)))
    moved = np.where(halved, EDGE_WORDS * places, ends[:-1])
    arena = np.empty(ends[-1], dtype=np.int64)
    settled = Cells(cells.frame, cells.table, arena, arena.view(np.float64), blocks)
    in_pieces(halves.move, count, cells, settled, edges, found, offsets, moved)
    settled.table[pairs.cell] = -3 - moved
    return settled


def _fill(cells: Cells, edges: Edges, parts: Parts, part_edges: npt.NDArray[np.int64]) -> None:
    """Fill the plain cells with rows and the border cells with the parts that hold their corners."""
    counts = np.empty(len(edges.part), dtype=np.int64)
    in_pieces(table.count_crossings, len(counts), cells.frame, edges, counts)
    offsets = _offsets(counts)
    keys = np.empty(offsets[-1], dtype=np.int64)
    in_pieces(table.list_crossings, len(parts.rows), cells.frame, edges, part_edges, offsets, keys)
    in_pieces(table.fill_lines, cells.frame.lines, cells, parts.rows, offsets[part_edges], keys)


def _offsets(counts: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return where each run begins, and the end of the last."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def _meeting(parts: Parts, box: _Box) -> Parts:
    """Return the parts whose bounds meet a box."""
    west, south, east, north = box
    bounds = shapely.bounds(parts.polygons)
    meets = (bounds[:, :2] <= (east, north)).all(axis=1) & (bounds[:, 2:] >= (west, south)).all(axis=1)
    return Parts(parts.polygons[meets], parts.rows[meets])
