"""Cells that one edge halves: found in the finished table, and given one place for each edge.

Most border cells are such. What they need fits a processor's cache then, where a block
for each of them would not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gisapp.grids.kernel import BITS, LOCAL_LIMIT, Cells, compiled, lowest_held, side
from gisapp.grids.table import Edges, Pairs


class Halves(NamedTuple):
    """For each border cell the edge that halves it, -1 for none, and the rows to its left and right in one word."""

    edge: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int64]


@compiled
def find_halves(
    start: int, stop: int, cells: Cells, edges: Edges, pairs: Pairs, offsets: npt.NDArray, halves: Halves
) -> None:
    """Fill in which border cells are halved: a single edge touches them.

    In such a cell the edge is its whole line: an end in it would have brought the ring's next edge along.
    A cell whose corner is on the line is left to the general case.
    """
    frame, arena = cells.frame, cells.arena
    for number in range(start, stop):
        halves.edge[number] = -1
        offset = offsets[number]
        head = arena[offset + 1]
        parts = head & 0xFF
        if parts > LOCAL_LIMIT or (head >> 8) & 0xFFFFFF != 1:
            continue
        edge = pairs.edge[pairs.start[number]]
        ax, ay, bx, by = edges.ends[edge, 0], edges.ends[edge, 1], edges.ends[edge, 2], edges.ends[edge, 3]
        line, column = divmod(pairs.cell[number], frame.columns)
        turn = side(ax, ay, bx, by, frame.x0 + column * frame.size, frame.y0 + line * frame.size)
        if turn == 0:
            continue
        mask = arena[offset + 2 + (parts + 1) // 2 + 4] & BITS
        here = lowest_held(arena, offset, head, arena[offset])
        beyond = lowest_held(arena, offset, head, arena[offset] ^ mask)
        left, right = (here, beyond) if turn > 0 else (beyond, here)
        halves.edge[number] = edge
        halves.rows[number] = (np.int64(left) << 32) | (np.int64(right) & 0xFFFFFFFF)


@compiled
def share_places(halves: Halves, latest: npt.NDArray, places: npt.NDArray) -> int:
    """Fill in the place of each halved cell's edge, the same while its rows are the same; return their number."""
    count = 0
    for number in range(len(places)):
        edge = halves.edge[number]
        if edge < 0:
            continue
        other = latest[edge]
        if other >= 0 and halves.rows[other] == halves.rows[number]:
            places[number] = places[other]
        else:
            places[number] = count
            latest[edge] = number
            count += 1
    return count


@compiled
def move(
    start: int,
    stop: int,
    old: Cells,
    new: Cells,
    edges: Edges,
    halves: Halves,
    offsets: npt.NDArray,
    moved: npt.NDArray,
) -> None:
    """Write the edges that halve cells, and the blocks of the other border cells, where they are to be."""
    for number in range(start, stop):
        low, high, place = offsets[number], offsets[number + 1], moved[number]
        if halves.edge[number] < 0:
            new.arena[place : place + high - low] = old.arena[low:high]
        else:
            new.reals[place : place + 4] = edges.ends[halves.edge[number]]
            new.arena[place + 4] = halves.rows[number]
