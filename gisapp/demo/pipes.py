"""The pieces every utility is laid with: mains along streets, lanes into blocks, services to buildings.

Each utility lies a few metres beside the middle of the street, all of it shifted by one vector, so
that its links still meet exactly and the drawings of the utilities do not cover one another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.buildings import Layout
from gisapp.demo.frames import coded, framed
from gisapp.demo.streets import Plan

Bends = tuple[np.ndarray, np.ndarray]


@dataclass
class Net:
    """A network in the making: nodes and links are added in batches and numbered in that order."""

    utility: str
    letter: str
    xy: list[np.ndarray] = field(default_factory=list)
    node_kind: list[np.ndarray] = field(default_factory=list)
    ends: list[np.ndarray] = field(default_factory=list)
    bends: list[Bends] = field(default_factory=list)
    links: list[pd.DataFrame] = field(default_factory=list)
    node_count: int = 0
    link_count: int = 0

    def add_nodes(self, xy: np.ndarray, kind: str = "junction") -> np.ndarray:
        """Add nodes; return their numbers."""
        self.xy.append(np.round(xy.reshape(-1, 2), 3))
        self.node_kind.append(np.full(len(self.xy[-1]), kind, dtype=object))
        self.node_count += len(self.xy[-1])
        return np.arange(self.node_count - len(self.xy[-1]), self.node_count)

    def add_links(self, a: np.ndarray, b: np.ndarray, bends: Bends | None = None, **columns: Any) -> np.ndarray:
        """Add links from nodes ``a`` to ``b`` with bends (points, and how many each link has); return their numbers."""
        count = len(a)
        none = (np.empty((0, 2)), np.zeros(count, int))
        self.ends.append(np.column_stack([a, b]).reshape(-1, 2))
        self.bends.append(none if bends is None else bends)
        self.links.append(pd.DataFrame(columns, index=range(count)))
        self.link_count += count
        return np.arange(self.link_count - count, self.link_count)

    def all_xy(self) -> np.ndarray:
        """Return the places of all nodes."""
        return np.vstack(self.xy)

    def all_ends(self) -> np.ndarray:
        """Return the two nodes of all links."""
        return np.vstack(self.ends)

    def shapes(self) -> np.ndarray:
        """Return all links as lines from node to node."""
        ends, xy = self.all_ends(), self.all_xy()
        bends, counts = np.vstack([b[0] for b in self.bends]), np.concatenate([b[1] for b in self.bends])
        owner = np.concatenate([np.arange(len(ends)), np.repeat(np.arange(len(ends)), counts), np.arange(len(ends))])
        points = np.vstack([xy[ends[:, 0]], bends, xy[ends[:, 1]]])
        order = np.argsort(owner, kind="stable")
        return shapely.linestrings(points[order], indices=owner[order])

    def table(self) -> pd.DataFrame:
        """Return the columns of all links."""
        return pd.concat(self.links, ignore_index=True)


def node_codes(net: Net, numbers: np.ndarray) -> np.ndarray:
    """Return the codes of nodes."""
    return coded(net.letter + "N", numbers)


def link_codes(net: Net, numbers: np.ndarray) -> np.ndarray:
    """Return the codes of links."""
    return coded(net.letter, numbers)


def network_frames(net: Net, columns: pd.DataFrame, extra: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables ``nodes`` (with ``extra`` columns) and ``links`` of a finished network."""
    shapes, ends = net.shapes(), net.all_ends()
    nodes = {
        "utility": np.full(net.node_count, net.utility, dtype=object),
        "code": node_codes(net, np.arange(net.node_count)),
        "kind": np.concatenate(net.node_kind),
    } | {str(name): extra[name].to_numpy() for name in extra}
    links = {
        "utility": np.full(net.link_count, net.utility, dtype=object),
        "code": link_codes(net, np.arange(net.link_count)),
        "from_node": node_codes(net, ends[:, 0]),
        "to_node": node_codes(net, ends[:, 1]),
        "length_m": shapely.length(shapes),
    } | {str(name): columns[name].to_numpy() for name in columns}
    return {"nodes": framed("nodes", nodes, shapely.points(net.all_xy())), "links": framed("links", links, shapes)}


@dataclass(frozen=True)
class Laid:
    """A finished network: its tables, the service link of each building (-1: none), and the links' shapes."""

    tables: dict[str, pd.DataFrame]
    service: np.ndarray
    shapes: np.ndarray


def blocks_built(layout: Layout) -> np.ndarray:
    """Return the blocks that have buildings and a lane."""
    built = np.bincount(layout.buildings["block"], minlength=len(layout.edge)) > 0
    return np.flatnonzero(built & (layout.edge >= 0))


@dataclass(frozen=True)
class Mains:
    """Street mains of a utility: links in street order with their edge and stretch, and the nodes they join.

    ``junction`` is the node at each street junction (-1: none), ``tee`` the node where each block's lane
    leaves (-1: none).
    """

    link: np.ndarray
    edge: np.ndarray
    from_m: np.ndarray
    to_m: np.ndarray
    junction: np.ndarray
    tee: np.ndarray


def lay_mains(
    net: Net, plan: Plan, layout: Layout, edges: np.ndarray, blocks: np.ndarray, shift: tuple[float, float]
) -> Mains:
    """Lay mains along street edges, with a tee for each of the blocks whose lane leaves one of them."""
    drawing = plan.drawing
    used = np.unique(drawing.ends[edges])
    junction = np.full(len(drawing.nodes), -1)
    junction[used] = net.add_nodes(drawing.nodes[used] + shift)
    stops = blocks[np.isin(layout.edge[blocks], edges)]
    places = shapely.line_interpolate_point(drawing.edges[layout.edge[stops]], layout.edge_m[stops])
    tee = np.full(len(layout.edge), -1)
    tee[stops] = net.add_nodes(shapely.get_coordinates(places) + shift)
    pieces = _pieces(plan, layout, edges, stops)
    a = np.where(pieces.start >= 0, tee[pieces.start], junction[drawing.ends[pieces.edge, 0]])
    b = np.where(pieces.stop >= 0, tee[pieces.stop], junction[drawing.ends[pieces.edge, 1]])
    link = net.add_links(a, b, (pieces.bends + shift, pieces.counts), edge=pieces.edge)
    return Mains(link, pieces.edge, pieces.from_m, pieces.to_m, junction, tee)


@dataclass(frozen=True)
class _Pieces:
    """Stretches of street edges between tees; ``start`` and ``stop`` are blocks, -1 at a junction."""

    edge: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    from_m: np.ndarray
    to_m: np.ndarray
    bends: np.ndarray
    counts: np.ndarray


def _pieces(plan: Plan, layout: Layout, edges: np.ndarray, stops: np.ndarray) -> _Pieces:
    """Return the stretches of ``edges`` between the tees of the blocks ``stops``."""
    length = shapely.length(plan.drawing.edges)
    edge = np.concatenate([edges, layout.edge[stops]])
    place = np.concatenate([np.zeros(len(edges)), layout.edge_m[stops]])
    start = np.concatenate([np.full(len(edges), -1), stops])
    order = np.lexsort((place, edge))
    edge, place, start = edge[order], place[order], start[order]
    last = np.r_[edge[1:] != edge[:-1], True]
    to_m = np.where(last, length[edge], np.roll(place, -1))
    stop = np.where(last, -1, np.roll(start, -1))
    bends, counts = _bends(plan.drawing.edges, edge, place, to_m)
    return _Pieces(edge, start, stop, place, to_m, bends, counts)


def _bends(lines: np.ndarray, edge: np.ndarray, from_m: np.ndarray, to_m: np.ndarray) -> Bends:
    """Return the corners of each line strictly between two places on it."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    step = np.r_[0.0, np.hypot(*np.diff(xy, axis=0).T)]
    total = np.cumsum(np.where(np.r_[True, owner[1:] != owner[:-1]], 0.0, step))
    first = np.searchsorted(owner, np.arange(len(lines)))
    # One rising scale for all lines together, so that a single search finds the corners of every stretch.
    base = total[first]
    low = np.searchsorted(_rising(total, owner), _scaled(base[edge] + from_m + 0.05, edge))
    high = np.searchsorted(_rising(total, owner), _scaled(base[edge] + to_m - 0.05, edge))
    counts = np.maximum(high - low, 0)
    starts = np.repeat(low - np.r_[0, np.cumsum(counts)[:-1]], counts)
    return xy[starts + np.arange(counts.sum())], counts


def _rising(total: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return chainages of all lines on one scale on which lines follow one another."""
    return total + owner


def _scaled(place: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Return places on that scale."""
    return place + edge


@dataclass(frozen=True)
class Lanes:
    """Links inside blocks: ``first`` from each block's tee to its station, ``row`` along lanes, ``service`` a building.

    ``station`` is the node at each block's entry (-1: none); services are by building (-1: not served).
    """

    first: np.ndarray
    station: np.ndarray
    row: np.ndarray
    service: np.ndarray


def lay_lanes(
    net: Net,
    layout: Layout,
    tee: np.ndarray,
    shift: tuple[float, float],
    station: str = "junction",
    *,
    by_row: bool = False,
) -> Lanes:
    """Lay links from the tees of blocks along their lanes and rows to every building in them.

    With ``by_row`` one service passes all the buildings on one side of a row, else each has its own.
    """
    table = layout.buildings
    served = np.flatnonzero(tee[table["block"]] >= 0)
    rows, row_of = _rows(table.iloc[served])
    lane_xy = rows[["lane_x", "lane_y"]].to_numpy() + shift
    block = rows["block"].to_numpy()
    head = np.r_[True, block[1:] != block[:-1]]
    start = net.all_xy()[tee[block[head]]]
    gap = lane_xy[head] - start
    reach = np.minimum(0.5, 16.0 / np.maximum(np.hypot(*gap.T), 1.0))
    entry = net.add_nodes(start + gap * reach[:, None], station)
    node = net.add_nodes(lane_xy)
    before = np.r_[-1, node[:-1]]
    before[head] = entry
    first = net.add_links(tee[block[head]], entry, block=block[head])
    row = net.add_links(before, node, block=block)
    of_block = np.full((2, len(tee)), -1)
    of_block[:, block[head]] = first, entry
    service = np.full(len(table), -1)
    service[served] = _services(net, table.iloc[served], node[row_of], shift, by_row=by_row)
    return Lanes(of_block[0], of_block[1], row, service)


def _rows(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of buildings, in order along the lanes, and the row of each building."""
    door, block = table["door"].to_numpy(), table["block"].to_numpy()
    new = np.r_[True, (door[1:] != door[:-1]) | (block[1:] != block[:-1])]
    return table[new], np.cumsum(new) - 1


def _services(
    net: Net, table: pd.DataFrame, row_node: np.ndarray, shift: tuple[float, float], *, by_row: bool
) -> np.ndarray:
    """Lay the services of buildings, outwards from the lane; return the link of each building."""
    columns = [table[name].to_numpy() for name in ("block", "door", "side")]
    same = np.r_[False, np.all([column[1:] == column[:-1] for column in columns], axis=0)]
    last = np.r_[~same[1:], True] if by_row else np.ones(len(same), bool)
    far = net.add_nodes(table[["far_x", "far_y"]].to_numpy()[last] + shift, "end")
    start = row_node[last] if by_row else np.where(same, np.r_[-1, far[:-1]], row_node)
    link = net.add_links(start, far, block=columns[0][last])
    return link[np.cumsum(~same) - 1] if by_row else link
