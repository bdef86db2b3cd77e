"""The compiled loops that ask the cell table: exact, on plain arrays, free of the interpreter's lock.

Most border cells are halved by one edge. The arena begins with what they share, five words of 8 bytes for
an edge: its two ends, then the rows to its left and right. Any other border cell has a block of its own:
the mask of the parts that hold the cell's corner; a head (edges, parts, background row + 1); two rows a word;
then five words an edge: its two ends and a mask of the parts that it bounds. There the ends are ordered so
that a point left of the edge has crossed it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

LOCAL_LIMIT = 61  # parts a cell can tell apart: one bit each, below the two flags
ACROSS = 1 << 61  # the edge crosses the line of the cell's lower side
EASTWARD = 1 << 62  # and does so east of the corner
BITS = ACROSS - 1
NONE, CROWDED = -1, -2
FAR, SURE, CHECK = 0, 1, 2
EDGE_WORDS = 5
_ERROR_BOUND = (3.0 + 16.0 * 2.0**-53) * 2.0**-53  # Shewchuk 1997, orient2d, stage A
_UNDERFLOW = 1e-290
_LIFT = 2.0**390
_SPLITTER = 2.0**27 + 1.0
_BLOCK = 256


class Frame(NamedTuple):
    """The table's lower left corner, cell size in metres and its inverse, and number of cells."""

    x0: float
    y0: float
    size: float
    per_m: float
    columns: int
    lines: int


class Cells(NamedTuple):
    """The table: a row number, NONE, or -(offset + 3) of a border cell's place in the arena (twice typed).

    Offsets below ``blocks`` are those of edges that halve cells.
    """

    frame: Frame
    table: npt.NDArray[np.int32]
    arena: npt.NDArray[np.int64]
    reals: npt.NDArray[np.float64]
    blocks: int


def compiled(function: Kernel) -> Kernel:
    """Return the function compiled, cached on disk where any folder can be written.

    The cache watches only the file of the function: after a change to one that another file calls
    (``side``, ``compiled``), remove ``__pycache__``.
    """
    try:
        kernel: Kernel = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # no folder for the cache: compile in every process
        kernel = numba.njit(nogil=True, error_model="numpy")(function)
    return kernel


@compiled
def _two_product(a: float, b: float) -> tuple[float, float]:
    """Return a product and what rounding took from it (Dekker 1971)."""
    product = a * b
    wide = _SPLITTER * a
    a_high = wide - (wide - a)
    wide = _SPLITTER * b
    b_high = wide - (wide - b)
    a_low, b_low = a - a_high, b - b_high
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


@compiled
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Return a sum and what rounding took from it (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


@compiled
def _exact_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return the sign of the turn a, b, p by exact expansion arithmetic: 1 left, -1 right, 0 in line."""
    left, left_tail = _two_sum(ax, -px)
    right, right_tail = _two_sum(by, -py)
    down, down_tail = _two_sum(ay, -py)
    over, over_tail = _two_sum(bx, -px)
    if max(abs(left), abs(right), abs(down), abs(over)) < 1e30:  # a power of two, so that no product underflows
        left, left_tail, over, over_tail = left * _LIFT, left_tail * _LIFT, over * _LIFT, over_tail * _LIFT
        right, right_tail, down, down_tail = right * _LIFT, right_tail * _LIFT, down * _LIFT, down_tail * _LIFT
    terms = np.zeros(16)
    count = 0
    for one, other, sign in (
        (left, right, 1.0),
        (left, right_tail, 1.0),
        (left_tail, right, 1.0),
        (left_tail, right_tail, 1.0),
        (down, over, -1.0),
        (down, over_tail, -1.0),
        (down_tail, over, -1.0),
        (down_tail, over_tail, -1.0),
    ):
        for term in _two_product(sign * one, other):
            carry = term
            for place in range(count):  # grow the expansion by one term, smallest first
                carry, terms[place] = _two_sum(carry, terms[place])
            terms[count] = carry
            count += 1
    for place in range(count - 1, -1, -1):
        if terms[place] != 0.0:
            return 1 if terms[place] > 0.0 else -1
    return 0


@compiled
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Return 1 when p is left of a-b, -1 when right, 0 when exactly in line."""
    up = (ax - px) * (by - py)
    down = (ay - py) * (bx - px)
    turn = up - down
    if not abs(turn) > _ERROR_BOUND * (abs(up) + abs(down)) + _UNDERFLOW:  # rare: the sign below needs no branch
        return _exact_side(ax, ay, bx, by, px, py)
    return 1 if turn > 0 else -1


@compiled
def _cell(frame: Frame, x: float, y: float) -> int:
    """Return the cell of a point; outside the table or without a position one of the outermost, which are empty."""
    column = (x - frame.x0) * frame.per_m
    line = (y - frame.y0) * frame.per_m
    column = min(column, frame.columns - 1.0) if column > 0.0 else 0.0  # also what is not a number
    line = min(line, frame.lines - 1.0) if line > 0.0 else 0.0
    return int(line) * frame.columns + int(column)


@compiled
def _holds(frame: Frame, x: float, y: float, away_m: float) -> bool:
    """Return whether a point is in the table or no further from it than ``away_m``, line by line."""
    east, north = frame.x0 + frame.columns * frame.size, frame.y0 + frame.lines * frame.size
    return frame.x0 - away_m <= x <= east + away_m and frame.y0 - away_m <= y <= north + away_m


@compiled
def _touches_end(ends: tuple[float, float, float, float], x: float, y: float) -> bool:
    """Return whether a point is on an edge none of which is east of it: its east end, or all of an upright one."""
    ax, ay, bx, by = ends
    if ax == x and bx == x:
        return min(ay, by) <= y <= max(ay, by)
    return (ax == x and ay == y) or (bx == x and by == y)


@compiled
def lowest_held(arena: npt.NDArray, offset: int, head: int, held: int) -> int:
    """Return the lowest row among the parts of a block that hold a point, and its background."""
    row = (head >> 32) - 1
    if held:
        bit = 0
        while not (held >> bit) & 1:
            bit += 1
        lowest = (arena[offset + 2 + bit // 2] >> (32 * (bit % 2))) & 0x7FFFFFFF
        row = lowest if row < 0 else min(lowest, row)
    return row


@compiled
def _halved(cells: Cells, offset: int, x: float, y: float) -> tuple[int, bool]:
    """Return the row of a point in a cell that one edge halves, and whether it is on the edge."""
    reals, rows = cells.reals, cells.arena[offset + 4]
    left, right = rows >> 32, (rows << 32) >> 32
    turn = side(reals[offset], reals[offset + 1], reals[offset + 2], reals[offset + 3], x, y)
    if turn == 0:
        return (max(left, right) if min(left, right) < 0 else min(left, right)), True
    return (left if turn > 0 else right), False


@compiled
def _resolve(cells: Cells, offset: int, head: int, x: float, y: float) -> tuple[int, bool]:
    """Return the row of a point in any other border cell, and whether it is on a ring.

    The path runs from the corner east along the cell's lower side and then up (or down) to the point,
    both a hair to the upper right. An edge on both legs' lines counts once by which side the point is of.
    """
    arena, reals = cells.arena, cells.reals
    holding = arena[offset]
    parts = head & 0xFF
    if parts > LOCAL_LIMIT:
        return CROWDED, False
    first = offset + 2 + (parts + 1) // 2
    touching = 0
    for word in range(first, first + ((head >> 8) & 0xFFFFFF) * EDGE_WORDS, EDGE_WORDS):
        ax, ay, bx, by = reals[word], reals[word + 1], reals[word + 2], reals[word + 3]
        mask = arena[word + 4]
        east_a, east_b = ax > x, bx > x
        if east_a != east_b:
            turn = side(ax, ay, bx, by, x, y)
            if turn > 0:
                holding ^= mask
            elif turn == 0:
                touching |= mask
        else:
            if mask >= ACROSS and east_a == (mask < EASTWARD):
                holding ^= mask
            if not east_a and max(ax, bx) == x and _touches_end((ax, ay, bx, by), x, y):
                touching |= mask
    return lowest_held(arena, offset, head, (holding | touching) & BITS), touching != 0


@compiled
def locate(start: int, stop: int, cells: Cells, xy: npt.NDArray, rows: npt.NDArray, on_ring: npt.NDArray) -> None:
    """Fill in the row of each point from start to stop, CROWDED where the cell cannot tell, and who is on a ring.

    Three passes over a block of points, the quick kinds of cells first: none branches on what it has just
    read, so that the loads of one point do not wait for those of another.
    """
    where = np.empty(_BLOCK, np.uint32)
    heads = np.empty(_BLOCK, np.int64)
    for low in range(start, stop, _BLOCK):
        high = min(low + _BLOCK, stop)
        some, found, touches = xy[low:high], rows[low:high], on_ring[low:high]
        border = 0
        for number in range(len(found)):
            row = cells.table[_cell(cells.frame, some[number, 0], some[number, 1])]
            found[number] = row
            where[border] = number
            border += row < CROWDED
        crossed = 0
        for place in range(border):
            number = where[place]
            offset = -(found[number] + 3)
            if offset < cells.blocks:
                found[number], touches[number] = _halved(cells, offset, some[number, 0], some[number, 1])
            else:
                where[crossed] = number
                heads[crossed] = cells.arena[offset + 1]
                crossed += 1
        for place in range(crossed):
            number = where[place]
            offset, x, y = -(found[number] + 3), some[number, 0], some[number, 1]
            found[number], touches[number] = _resolve(cells, offset, heads[place], x, y)


@compiled
def locate_one(cells: Cells, x: float, y: float) -> int:
    """Return the row of one point, CROWDED where the cell cannot tell."""
    row = cells.table[_cell(cells.frame, x, y)]
    offset = -(row + 3)
    if offset < 0:
        return row
    if offset < cells.blocks:
        return _halved(cells, offset, x, y)[0]
    return _resolve(cells, offset, cells.arena[offset + 1], x, y)[0]


@compiled
def _edge_within(reals: npt.NDArray, word: int, x: float, y: float, reach2: float) -> bool:
    """Return whether an edge passes within the square root of reach2 of a point."""
    ax, ay = reals[word] - x, reals[word + 1] - y
    dx, dy = reals[word + 2] - reals[word], reals[word + 3] - reals[word + 1]
    share = min(1.0, max(0.0, -(ax * dx + ay * dy) / (dx * dx + dy * dy)))
    away_x, away_y = ax + share * dx, ay + share * dy
    return away_x * away_x + away_y * away_y <= reach2


@compiled
def _block_within(cells: Cells, offset: int, x: float, y: float, reach2: float) -> bool:
    """Return whether any edge of a border cell passes within reach of a point."""
    if offset < cells.blocks:
        return _edge_within(cells.reals, offset, x, y, reach2)
    head = cells.arena[offset + 1]
    first = offset + 2 + ((head & 0xFF) + 1) // 2 if (head & 0xFF) <= LOCAL_LIMIT else offset + 2
    for word in range(first, first + ((head >> 8) & 0xFFFFFF) * EDGE_WORDS, EDGE_WORDS):
        if _edge_within(cells.reals, word, x, y, reach2):
            return True
    return False


@compiled
def _window_within(cells: Cells, x: float, y: float, near_m: float) -> bool:
    """Return whether any edge in the cells around a point passes within reach of it."""
    frame = cells.frame
    reach_m = near_m + frame.size * 1e-3
    west = max(0, int(np.floor((x - reach_m - frame.x0) * frame.per_m)))
    east = min(frame.columns - 1, int(np.floor((x + reach_m - frame.x0) * frame.per_m)))
    south = max(0, int(np.floor((y - reach_m - frame.y0) * frame.per_m)))
    north = min(frame.lines - 1, int(np.floor((y + reach_m - frame.y0) * frame.per_m)))
    for line in range(south, north + 1):
        for cell in range(line * frame.columns + west, line * frame.columns + east + 1):
            value = cells.table[cell]
            if value < CROWDED and _block_within(cells, -(value + 3), x, y, near_m * near_m):
                return True
    return False


@compiled
def near(
    start: int, stop: int, cells: Cells, reach: npt.NDArray, xy: npt.NDArray, near_m: float, close: npt.NDArray
) -> None:
    """Fill in whether an edge passes within near_m of each point; ``reach``, when given, answers for most cells."""
    frame = cells.frame
    for number in range(start, stop):
        x, y = xy[number, 0], xy[number, 1]
        if _holds(frame, x, y, 0.0):
            known = reach[_cell(frame, x, y)] if reach.size else CHECK
            close[number] = known == SURE or (known == CHECK and _window_within(cells, x, y, near_m))
        elif _holds(frame, x, y, near_m):
            close[number] = _window_within(cells, x, y, near_m)
