"""What a burst takes out at once: cells that nothing holds apart today, for every piece of the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisapp.network.model import Network
from gisapp.network.pairs import place_beside
from gisapp.network.pieces import piece_at
from gisapp.network.search import components
from gisapp.network.sets import Sets, grouped, sets_of
from gisapp.network.supply import Today, hold


@dataclass(frozen=True, eq=False)
class Parts:
    """Cells that stay together because no device between them is closed or can be.

    Parameters
    ----------
    of_cell
        The part of every cell.
    cells
        The cells of every part.
    drawn
        For every part the parts that must be cut out when it bursts: itself, and those that it can draw
        from through a check valve.
    """

    of_cell: np.ndarray
    cells: Sets
    drawn: Sets

    @property
    def zone(self) -> Sets:
        """Return for every part the cells that must be cut out when it bursts."""
        return self.drawn.through(self.cells)


def parts_of(network: Network, state: Today) -> Parts:
    """Return the parts of a network as its devices stand."""
    cells = network.cells
    forth, back = hold(network, state, np.arange(len(cells.a)))
    both, one_way = forth & back, forth ^ back
    of_cell = components(cells.count, cells.a[both], cells.b[both]).astype(np.int32)
    count = int(of_cell.max(initial=-1)) + 1
    tails = of_cell[np.where(forth, cells.a, cells.b)[one_way]]
    heads = of_cell[np.where(forth, cells.b, cells.a)[one_way]]
    return Parts(of_cell, grouped(of_cell, count), _grown(tails, heads, count))


def _grown(tails: np.ndarray, heads: np.ndarray, count: int) -> Sets:
    """Return for every part itself and all that it reaches over steps from ``tails`` to ``heads``."""
    steps: dict[int, list[int]] = {}
    for tail, head in zip(tails.tolist(), heads.tolist(), strict=True):
        steps.setdefault(tail, []).append(head)
    owner, member = [np.arange(count)], [np.arange(count)]
    for part in steps:  # those beside a check valve that no other valve accompanies, few
        found, front = {part}, [part]
        while front:
            new = [head for head in steps.get(front.pop(), ()) if head not in found]
            found.update(new)
            front += new
        owner.append(np.full(len(found), part))
        member.append(np.fromiter(found, dtype=np.int64))
    return sets_of(np.concatenate(owner), np.concatenate(member), count)


def spread(parts: Parts, burst: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the parts that must be cut out with a burst when a device that joins parts ``a`` and ``b`` is stuck."""
    found = set(parts.drawn.pick(burst).member.tolist())
    while True:
        ends = {two if one in found else one for one, two in zip(a, b, strict=True) if (one in found) != (two in found)}
        if not ends:
            return np.array(sorted(found), dtype=np.int64)
        found |= set(parts.drawn.pick(np.array(sorted(ends))).member.tolist())


def bursting(network: Network, parts: Parts, owner: np.ndarray, piece: np.ndarray, count: int) -> Sets:
    """Return for every owner the parts that burst with its pieces.

    As :func:`gisapp.network.supply.burst_cells`: where a link is closed somewhere, both its ends do.
    """
    link = network.pieces.link[piece]
    whole = np.flatnonzero(network.shut_links[link])
    ends = network.cell[np.concatenate([network.a[link[whole]], network.b[link[whole]]])]
    cell = np.concatenate([network.piece_cell[piece], ends])
    return sets_of(np.concatenate([owner, owner[whole], owner[whole]]), parts.of_cell[cell], count)


def pieces_beside(network: Network, owner: np.ndarray, piece: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pieces and, of heating, those of the other pipe of a pair beside their middles; their owners first."""
    if network.utility != "heating":
        return owner, piece
    pieces = network.pieces
    middle_m = (pieces.from_m[piece] + pieces.to_m[piece]) / 2
    length_m = np.asarray(network.columns["links"]["length_m"], dtype=float)
    link, at_m = place_beside(network.twins, length_m, pieces.link[piece], middle_m)
    has = np.flatnonzero(link >= 0)
    before = piece_at(pieces, network.middles, link[has], at_m[has])
    size = piece_at(pieces, network.middles, link[has], at_m[has], beyond=True) + 1 - before
    found = np.repeat(before - (np.cumsum(size) - size), size) + np.arange(size.sum())
    return np.concatenate([owner, np.repeat(owner[has], size)]), np.concatenate([piece, found])
