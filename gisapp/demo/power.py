"""The power network: substations, 10 kV feeders as trees along streets, tie points, transformers, cables to homes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.buildings import Layout
from gisapp.demo.devices import amid, at_ends, device_frame
from gisapp.demo.ground import Ground
from gisapp.demo.pipes import Laid, Lanes, Mains, Net, blocks_built, lay_lanes, lay_mains, network_frames
from gisapp.demo.routes import Forest, forest, spread
from gisapp.demo.streets import ARTERIAL, LOCAL, RIVER, Plan

SHIFT, TRUNK_SHIFT = (3.0, 2.4), (4.2, 3.6)
FEEDER_HOMES = 2_600.0


@dataclass(frozen=True)
class _Feeders:
    """The street forest of the substations, where feeders begin, and the feeder at each junction."""

    ways: Forest
    roots: np.ndarray
    begins: np.ndarray
    feeder: np.ndarray


def make_power(
    ground: Ground, plan: Plan, layout: Layout, built: np.ndarray, homes: np.ndarray, rng: np.random.Generator
) -> Laid:
    """Return the power network; ``built`` is the year of each block and ``homes`` its households."""
    net = Net("power", "P")
    blocks = blocks_built(layout)
    feeders = _feeders(ground, plan, layout, blocks, homes, rng)
    edges = _cable_edges(plan, layout.edge[blocks], feeders, rng)
    mains = lay_mains(net, plan, layout, edges, blocks, SHIFT)
    incoming, heads = _lay_heads(net, plan, mains, feeders)
    lanes = lay_lanes(net, layout, mains.tee, SHIFT, "transformer", by_row=True)
    ties = _ties(plan, mains, feeders)
    columns = _columns(net, mains, lanes, incoming, heads, built, rng)
    tables = network_frames(net, columns, pd.DataFrame(index=range(net.node_count)))
    shapes, length = tables["links"]["geom"].to_numpy(), tables["links"]["length_m"].to_numpy()
    parts = _switches(net, mains, lanes, feeders, heads, ties, rng)
    tables["devices"] = device_frame(net, parts, length, None, shapes, rng)
    return Laid(tables, lanes.service, shapes)


def _feeders(
    ground: Ground, plan: Plan, layout: Layout, blocks: np.ndarray, homes: np.ndarray, rng: np.random.Generator
) -> _Feeders:
    """Return feeders: branches of the shortest ways to substations, cut where they would carry too many homes."""
    drawing = plan.drawing
    roads = np.flatnonzero(plan.rank != RIVER)
    able = np.unique(drawing.ends[plan.rank == ARTERIAL])
    count = max(2, round(ground.outline.area / 5.5e6))
    middle = able[np.argmin(np.hypot(*(drawing.nodes[able] - drawing.nodes[able].mean(axis=0)).T))]
    roots = spread(drawing.nodes, able, int(middle), count)
    cost = shapely.length(drawing.edges[roads]) * np.where(plan.rank[roads] == LOCAL, 1.25, 1.0)
    way = forest(drawing, roads, cost * rng.uniform(0.9, 1.1, len(roads)), roots)
    load = np.zeros(len(drawing.nodes))
    ends = drawing.ends[layout.edge[blocks]]
    near = np.where(way.metres[ends[:, 0]] <= way.metres[ends[:, 1]], ends[:, 0], ends[:, 1])
    np.add.at(load, near, homes[blocks] + 60.0)
    begins, feeder = np.zeros(len(load), bool), np.full(len(load), -1)
    # From the far ends inwards: what a place carries is known once everything behind it is.
    order = np.argsort(way.metres, kind="stable")
    for node in order[::-1]:
        before = way.before[node]
        if before < 0:
            continue
        if way.before[before] < 0 or load[node] > FEEDER_HOMES:
            begins[node] = True
        else:
            load[before] += load[node]
    for node in order:
        if begins[node]:
            feeder[node] = node
        elif way.before[node] >= 0:
            feeder[node] = feeder[way.before[node]]
    return _Feeders(way, roots, begins, feeder)


def _cable_edges(plan: Plan, needed: np.ndarray, feeders: _Feeders, rng: np.random.Generator) -> np.ndarray:
    """Return the street edges with a cable: those of the trees, those with homes, and some that tie feeders."""
    edge = feeders.ways.edge
    used = np.zeros(len(plan.rank), bool)
    used[edge[edge >= 0]] = True
    used[needed] = True
    ends = feeders.feeder[plan.drawing.ends]
    ties = (ends[:, 0] != ends[:, 1]) & (ends >= 0).all(axis=1) & (plan.rank != RIVER)
    return np.flatnonzero(used | (ties & (rng.random(len(used)) < 0.3)))


def _lay_heads(net: Net, plan: Plan, mains: Mains, feeders: _Feeders) -> tuple[np.ndarray, np.ndarray]:
    """Lay the substations with their incoming lines, and a cable from the bus to where each feeder begins.

    Returns the incoming links and the head links.
    """
    xy = plan.drawing.nodes
    bus = net.add_nodes(xy[feeders.roots] + (17.0, 17.0), "substation")
    source = net.add_nodes(xy[feeders.roots] + (17.0, 26.0), "source")
    incoming = net.add_links(source, bus)
    own = net.add_links(bus, mains.junction[feeders.roots])
    begins = np.flatnonzero(feeders.begins)
    home = np.full(len(xy), -1)
    home[feeders.roots] = bus
    bends, counts = _express(plan, feeders, begins)
    heads = net.add_links(home[feeders.ways.root[begins]], mains.junction[begins], (bends + TRUNK_SHIFT, counts))
    return incoming, np.concatenate([own, heads])


def _express(plan: Plan, feeders: _Feeders, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the way from each feeder's first junction back to its substation as bends, seen from the bus."""
    points, counts = [], []
    nodes, ends = plan.drawing.nodes, plan.drawing.ends
    for start in begins:
        path, at = [], int(start)
        while feeders.ways.before[at] >= 0:
            edge = feeders.ways.edge[at]
            line = shapely.get_coordinates(plan.drawing.edges[edge])
            line = line if ends[edge, 0] == at else line[::-1]
            path.append(line[1:-1] if at == start else line[:-1])
            at = int(feeders.ways.before[at])
        way = np.vstack([*path, nodes[at : at + 1]])[::-1]
        points.append(way)
        counts.append(len(way))
    return np.vstack(points), np.array(counts)


def _ties(plan: Plan, mains: Mains, feeders: _Feeders) -> np.ndarray:
    """Return the main links that carry no current: one stretch of each street that two feeders meet in.

    A street of the tree that a feeder's own head replaced is such a street too.
    """
    edge = feeders.ways.edge
    live = np.zeros(len(plan.rank), bool)
    inner = (edge >= 0) & ~feeders.begins
    live[edge[inner]] = True
    dead = np.flatnonzero(~live[mains.edge])
    length = mains.to_m[dead] - mains.from_m[dead]
    order = np.lexsort((-length, mains.edge[dead]))
    first = np.r_[True, np.diff(mains.edge[dead][order]) != 0]
    return mains.link[dead[order[first]]]


def _columns(
    net: Net, mains: Mains, lanes: Lanes, incoming: np.ndarray, heads: np.ndarray, built: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return kind, rating, rank, year and the like of all links."""
    count = net.link_count
    rank, rating = np.full(count, "service", dtype=object), np.full(count, "0.4kV", dtype=object)
    for links, name, level in (
        (mains.link, "main", "10kV"),
        (heads, "trunk", "10kV"),
        (incoming, "trunk", "110kV"),
        (lanes.first[lanes.first >= 0], "branch", "10kV"),
        (lanes.row, "branch", "0.4kV"),
    ):
        rank[links], rating[links] = name, level
    block = net.table()["block"]
    year = np.where(block.notna(), built[block.fillna(0).astype(int)], 1996) + rng.integers(0, 12, count)
    return pd.DataFrame(
        {"kind": "cable", "material": np.where(year < 1998, "paper_cable", "xlpe_cable"), "laid_year": year,
         "rank": rank, "status": "open", "direction": "both", "rating": rating}
    )  # fmt: skip


def _switches(
    net: Net, mains: Mains, lanes: Lanes, feeders: _Feeders, heads: np.ndarray, ties: np.ndarray,
    rng: np.random.Generator,
) -> list[pd.DataFrame]:  # fmt: skip
    """Return breakers at feeder heads, switches along feeders, open points between them, fuses at transformers."""
    live = np.setdiff1d(mains.link, ties)
    junction = np.zeros(net.node_count, bool)
    junction[mains.junction[mains.junction >= 0]] = True
    ends = net.all_ends()[live]
    row, end = np.nonzero(junction[ends] & (rng.random(ends.shape) < 0.16))
    firsts = lanes.first[lanes.first >= 0]
    roots = mains.junction[feeders.roots]
    at_root = np.isin(net.all_ends()[mains.link], roots)
    stubs, stub_end = np.nonzero(at_root)
    stub = mains.link[stubs]
    quiet = ~np.isin(stub, ties)
    return [
        at_ends(heads, 0, "breaker"),
        amid(ties, "open_point", state="closed"),
        at_ends(stub[quiet], stub_end[quiet], "switch"),
        at_ends(live[row], end, "switch"),
        at_ends(firsts, 0, "fuse"),
    ]
