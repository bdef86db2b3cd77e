"""Building the cell table: compiled passes over edges, lines of cells and border cells.

Every pass takes a range of its outermost loop, so that threads share it without a lock: a pass over
lines of cells owns its cells, a pass over border cells owns their blocks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gisapp.grids.kernel import (
    ACROSS,
    CHECK,
    CROWDED,
    EASTWARD,
    EDGE_WORDS,
    FAR,
    LOCAL_LIMIT,
    NONE,
    SURE,
    Cells,
    Frame,
    compiled,
    side,
)

CROWDED_HEAD = 0xFF
_DEDUPE_LIMIT = 64


class Edges(NamedTuple):
    """The edges of all rings in the order of their parts, each from its lower to its upper end."""

    ends: npt.NDArray[np.float64]
    part: npt.NDArray[np.int32]


class Pairs(NamedTuple):
    """Which edges touch which border cell: a run of edge numbers a cell, and the cell's number."""

    cell: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    edge: npt.NDArray[np.int32]


@compiled
def _clipped(value: float, limit: int) -> int:
    """Return the floor of a coordinate in cells, kept between -1 and limit."""
    return int(np.floor(min(max(value, -1.0), float(limit))))


@compiled
def _columns_in(frame: Frame, line: int, ends: npt.NDArray, margin: float) -> tuple[int, int]:
    """Return the first and last column that an edge touches in a line of cells, each a margin wider."""
    south = frame.y0 + line * frame.size - margin
    north = frame.y0 + (line + 1) * frame.size + margin
    ax, ay, bx, by = ends[0], ends[1], ends[2], ends[3]
    one = ax if ay >= south else ax + (south - ay) / (by - ay) * (bx - ax)
    other = bx if by <= north else ax + (north - ay) / (by - ay) * (bx - ax)
    first = _clipped((min(one, other) - margin - frame.x0) * frame.per_m, frame.columns)
    last = _clipped((max(one, other) + margin - frame.x0) * frame.per_m, frame.columns)
    return max(0, first), min(frame.columns - 1, last)


@compiled
def _lines_of(frame: Frame, ends: npt.NDArray, margin: float) -> tuple[int, int]:
    """Return the first and last line of cells that an edge touches."""
    first = _clipped((ends[1] - margin - frame.y0) * frame.per_m, frame.lines)
    last = _clipped((ends[3] + margin - frame.y0) * frame.per_m, frame.lines)
    return first, last


@compiled
def count_edges(start: int, stop: int, frame: Frame, edges: Edges, margin: float, table: npt.NDArray) -> None:
    """Add up how many edges touch each cell of the lines from start to stop."""
    for edge in range(len(edges.part)):
        first, last = _lines_of(frame, edges.ends[edge], margin)
        for line in range(max(first, start), min(last, stop - 1) + 1):
            west, east = _columns_in(frame, line, edges.ends[edge], margin)
            for cell in range(line * frame.columns + west, line * frame.columns + east + 1):
                table[cell] += 1


@compiled
def list_edges(
    start: int,
    stop: int,
    frame: Frame,
    edges: Edges,
    margin: float,
    table: npt.NDArray,
    cursor: npt.NDArray,
    pairs: Pairs,
) -> None:
    """Write the edges of each border cell of the lines from start to stop; the table holds -(number + 3)."""
    for edge in range(len(edges.part)):
        first, last = _lines_of(frame, edges.ends[edge], margin)
        for line in range(max(first, start), min(last, stop - 1) + 1):
            west, east = _columns_in(frame, line, edges.ends[edge], margin)
            for cell in range(line * frame.columns + west, line * frame.columns + east + 1):
                number = -(table[cell] + 3)
                pairs.edge[cursor[number]] = edge
                cursor[number] += 1


@compiled
def _same_as(edges: Edges, pairs: Pairs, first: int, this: int) -> int:
    """Return the first place of the run with the same ends as this one, in another part; else this place.

    The second of two such edges of one part, there and back along a spike, keeps its own place.
    """
    same = this
    ends = edges.ends[pairs.edge[this]]
    for place in range(first, this):
        other = edges.ends[pairs.edge[place]]
        if other[0] == ends[0] and other[1] == ends[1] and other[2] == ends[2] and other[3] == ends[3]:
            if edges.part[pairs.edge[place]] == edges.part[pairs.edge[this]]:
                return this
            same = min(same, place)
    return same


@compiled
def measure_blocks(
    start: int, stop: int, edges: Edges, pairs: Pairs, edge_limit: int, heads: npt.NDArray, words: npt.NDArray
) -> None:
    """Fill in the head and the length of each border cell's block."""
    for number in range(start, stop):
        first, end = pairs.start[number], pairs.start[number + 1]
        parts, distinct, last = 0, 0, -1
        for place in range(first, end):
            part = edges.part[pairs.edge[place]]
            parts += part != last
            last = part
            if end - first > _DEDUPE_LIMIT or _same_as(edges, pairs, first, place) == place:
                distinct += 1
        crowded = parts > LOCAL_LIMIT or distinct > edge_limit
        heads[number] = (CROWDED_HEAD if crowded else parts) | (distinct << 8)
        words[number] = 2 + (0 if crowded else (parts + 1) // 2) + EDGE_WORDS * distinct


@compiled
def _write_edge(cells: Cells, word: int, ends: npt.NDArray, corner: tuple[float, float]) -> int:
    """Write an edge so that a point left of it has crossed it; return its flags."""
    ax, ay, bx, by = ends[0], ends[1], ends[2], ends[3]
    x, y = corner
    flags = 0
    if ay <= y < by:
        flags = ACROSS
        swap = side(ax, ay, bx, by, x, y) > 0  # the corner is west: crossed by points east of the edge
        if swap:
            flags |= EASTWARD
    else:
        swap = (ax > bx) if ay > y else (ax < bx)  # crossed by points above it, or below when it is below
    reals = cells.reals
    if swap:
        reals[word], reals[word + 1], reals[word + 2], reals[word + 3] = bx, by, ax, ay
    else:
        reals[word], reals[word + 1], reals[word + 2], reals[word + 3] = ax, ay, bx, by
    return flags


@compiled
def write_blocks(
    start: int, stop: int, cells: Cells, edges: Edges, pairs: Pairs, heads: npt.NDArray, offsets: npt.NDArray
) -> None:
    """Write the blocks of border cells, corner masks empty and part numbers in the places of rows."""
    frame, arena = cells.frame, cells.arena
    placed = np.empty(0, np.int64)
    for number in range(start, stop):
        first, end = pairs.start[number], pairs.start[number + 1]
        if len(placed) < end - first:
            placed = np.empty(2 * (end - first), np.int64)
        offset, head = offsets[number], heads[number]
        crowded = head & 0xFF == CROWDED_HEAD
        word = offset + 2 + (0 if crowded else ((head & 0xFF) + 1) // 2)
        arena[offset:word] = 0
        arena[offset + 1] = head
        line, column = divmod(pairs.cell[number], frame.columns)
        corner = (frame.x0 + column * frame.size, frame.y0 + line * frame.size)
        bit, last = -1, -1
        for place in range(first, end):
            part = edges.part[pairs.edge[place]]
            if part != last:
                bit += 1
                last = part
                if not crowded:
                    arena[offset + 2 + bit // 2] |= np.int64(part) << (32 * (bit % 2))
            same = place if end - first > _DEDUPE_LIMIT else _same_as(edges, pairs, first, place)
            if same == place:
                arena[word + 4] = _write_edge(cells, word, edges.ends[pairs.edge[place]], corner)
                placed[place - first] = word
                word += EDGE_WORDS
            else:
                placed[place - first] = placed[same - first]
            if not crowded:
                arena[placed[place - first] + 4] |= np.int64(1) << bit


@compiled
def _lines_crossed(frame: Frame, ends: npt.NDArray) -> tuple[int, int]:
    """Return the range of lines whose lower side an edge crosses: at or above its lower end, below its upper."""
    low = max(0, _clipped((ends[1] - frame.y0) * frame.per_m, frame.lines) - 1)
    while low < frame.lines and frame.y0 + low * frame.size < ends[1]:
        low += 1
    high = low
    if low < frame.lines and frame.y0 + low * frame.size < ends[3]:
        high = max(low, _clipped((ends[3] - frame.y0) * frame.per_m, frame.lines) - 1)
        while high < frame.lines and frame.y0 + high * frame.size < ends[3]:
            high += 1
    return low, high


@compiled
def count_crossings(start: int, stop: int, frame: Frame, edges: Edges, counts: npt.NDArray) -> None:
    """Fill in how many lines of corners each edge crosses."""
    for edge in range(start, stop):
        low, high = _lines_crossed(frame, edges.ends[edge])
        counts[edge] = high - low


@compiled
def _first_corner(frame: Frame, line: int, ends: npt.NDArray) -> int:
    """Return the first column of a line whose corner is not west of an edge that crosses the line."""
    ax, ay, bx, by = ends[0], ends[1], ends[2], ends[3]
    y = frame.y0 + line * frame.size
    column = max(0, _clipped((ax + (y - ay) / (by - ay) * (bx - ax) - frame.x0) * frame.per_m, frame.columns))
    while column > 0 and side(ax, ay, bx, by, frame.x0 + (column - 1) * frame.size, y) <= 0:
        column -= 1
    while column < frame.columns and side(ax, ay, bx, by, frame.x0 + column * frame.size, y) > 0:
        column += 1
    return column


@compiled
def list_crossings(
    start: int, stop: int, frame: Frame, edges: Edges, part_edges: npt.NDArray, offsets: npt.NDArray, keys: npt.NDArray
) -> None:
    """Write where each part's edges cross the lines of corners, as line * (columns + 1) + column, sorted."""
    for part in range(start, stop):
        for edge in range(part_edges[part], part_edges[part + 1]):
            low, high = _lines_crossed(frame, edges.ends[edge])
            for line in range(low, high):
                keys[offsets[edge] + line - low] = line * (frame.columns + 1) + _first_corner(
                    frame, line, edges.ends[edge]
                )
        keys[offsets[part_edges[part]] : offsets[part_edges[part + 1]]].sort()


@compiled
def _mark_corner(arena: npt.NDArray, offset: int, part: int, row: int) -> None:
    """Note in a border cell's block that a part holds its corner: by its bit, or as background."""
    head = arena[offset + 1]
    parts = head & 0xFF
    if parts == CROWDED_HEAD:
        return
    for bit in range(parts):
        if (arena[offset + 2 + bit // 2] >> (32 * (bit % 2))) & 0x7FFFFFFF == part:
            arena[offset] |= np.int64(1) << bit
            return
    if head >> 32 == 0:  # parts come in the order of rows: the first is the lowest
        arena[offset + 1] = head | (np.int64(row + 1) << 32)


@compiled
def fill_lines(
    start: int, stop: int, cells: Cells, rows: npt.NDArray, crossings: npt.NDArray, keys: npt.NDArray
) -> None:
    """Fill the cells of the lines from start to stop: plain cells with their row, border cells with their corner."""
    frame, table = cells.frame, cells.table
    width = frame.columns + 1
    for part in range(len(rows)):
        own = keys[crossings[part] : crossings[part + 1]]
        low = np.searchsorted(own, start * width)
        high = np.searchsorted(own, stop * width)
        for place in range(low, high - 1, 2):
            line, west = divmod(own[place], width)
            east = own[place + 1] - line * width
            for cell in range(line * frame.columns + west, line * frame.columns + east):
                if table[cell] == NONE:
                    table[cell] = rows[part]
                elif table[cell] < CROWDED:
                    _mark_corner(cells.arena, -(table[cell] + 3), part, rows[part])


@compiled
def name_rows(start: int, stop: int, cells: Cells, offsets: npt.NDArray, rows: npt.NDArray) -> None:
    """Turn the part numbers of blocks into rows."""
    arena = cells.arena
    for number in range(start, stop):
        parts = arena[offsets[number] + 1] & 0xFF
        if parts != CROWDED_HEAD:
            for word in range(offsets[number] + 2, offsets[number] + 2 + (parts + 1) // 2):
                low, high = arena[word] & 0x7FFFFFFF, arena[word] >> 32
                arena[word] = np.int64(rows[low]) | (np.int64(rows[high]) << 32)


@compiled
def across_lines(start: int, stop: int, cells: Cells, steps: npt.NDArray) -> None:
    """Fill in the columns from each cell to the next border cell of its line, 255 at most."""
    columns = cells.frame.columns
    for line in range(start, stop):
        away = 255
        for cell in range(line * columns, (line + 1) * columns):
            away = 0 if cells.table[cell] < CROWDED else min(255, away + 1)
            steps[cell] = away
        away = 255
        for cell in range((line + 1) * columns - 1, line * columns - 1, -1):
            away = 0 if cells.table[cell] < CROWDED else min(255, away + 1)
            steps[cell] = min(away, steps[cell])


@compiled
def fill_reach(
    start: int, stop: int, cells: Cells, steps: npt.NDArray, sure: npt.NDArray, perhaps: npt.NDArray, reach: npt.NDArray
) -> None:
    """Fill in which cells are FAR from any edge, SURE to be near one, or to CHECK; limits are columns by line."""
    columns, lines = cells.frame.columns, cells.frame.lines
    for line in range(start, stop):
        for column in range(columns):
            known = FAR
            for other in range(max(0, line - len(sure) + 1), min(lines, line + len(sure))):
                step = steps[other * columns + column]
                if step <= sure[abs(other - line)]:
                    known = SURE
                    break
                if step <= perhaps[abs(other - line)]:
                    known = CHECK
            reach[line * columns + column] = known
