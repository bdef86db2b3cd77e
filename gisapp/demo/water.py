"""The water network: plants, trunks under arterials, looped mains, lanes and services, valves and hydrants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from gisapp.demo.ages import block_years, edge_years, materials
from gisapp.demo.buildings import Layout
from gisapp.demo.devices import amid, at_ends, degrees, device_frame, some_ends
from gisapp.demo.frames import codes, framed
from gisapp.demo.ground import Ground
from gisapp.demo.pipes import Laid, Lanes, Mains, Net, blocks_built, lay_lanes, lay_mains, link_codes, network_frames
from gisapp.demo.routes import forest, spread, ways
from gisapp.demo.sizes import CENTRE
from gisapp.demo.streets import ARTERIAL, LOCAL, RIVER, Plan
from gisapp.demo.zones import parted

SHIFT, TRUNK_SHIFT = (-2.6, 1.8), (-4.6, -2.0)
HYDRANT_M = 120.0
_MAIN_DN = np.array([[300.0, 400.0, 300.0], [200.0, 300.0, 200.0], [150.0, 200.0, 150.0]])


@dataclass(frozen=True)
class _Trunks:
    """Trunk links with the street edge of each (-1: none), connectors to mains, and the special links."""

    link: np.ndarray
    edge: np.ndarray
    metres: np.ndarray
    connector: np.ndarray
    pump: np.ndarray
    rising: np.ndarray
    tank: np.ndarray
    source: np.ndarray


def make_water(ground: Ground, plan: Plan, layout: Layout, built: np.ndarray, rng: np.random.Generator) -> Laid:
    """Return the water network; ``built`` is the year of each block."""
    net = Net("water", "W")
    blocks = blocks_built(layout)
    mains = lay_mains(net, plan, layout, _main_edges(plan, layout.edge[blocks], rng), blocks, SHIFT)
    trunks = _lay_trunks(net, ground, plan, mains, rng)
    lanes = lay_lanes(net, layout, mains.tee, SHIFT)
    columns = _columns(net, plan, mains, trunks, lanes, built, rng)
    loops = np.concatenate([mains.link, trunks.link, trunks.connector])
    zones = parted(net, ground, loops, columns["diameter_mm"].to_numpy(), trunks.source)
    return _finished(ground, net, mains, trunks, lanes, columns, zones, rng)


def _main_edges(plan: Plan, needed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the street edges with a main: nearly all, but some local streets that nobody needs one in."""
    roads = np.flatnonzero(plan.rank != RIVER)
    ends = plan.drawing.ends[roads]
    count = len(plan.drawing.nodes)
    cost = rng.random(len(roads)) + 1.0
    graph = coo_matrix((cost, (ends.min(axis=1), ends.max(axis=1))), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    kept = np.isin(ends.min(axis=1) * count + ends.max(axis=1), tree.row.astype(int) * count + tree.col)
    kept |= np.isin(roads, needed) | (plan.rank[roads] != LOCAL) | (rng.random(len(roads)) < 0.6)
    return roads[kept]


def _lay_trunks(net: Net, ground: Ground, plan: Plan, mains: Mains, rng: np.random.Generator) -> _Trunks:
    """Lay trunks from the plants to feeding points all over the city, doubled so that most lie on loops."""
    drawing = plan.drawing
    arterial = np.flatnonzero(plan.rank == ARTERIAL)
    able = np.unique(drawing.ends[arterial])
    rim = able[shapely.dwithin(shapely.points(drawing.nodes[able]), ground.outline.exterior, 1.0)]
    height = ground.height(drawing.nodes[rim])
    rim = rim[height <= np.median(height)]
    plants = spread(drawing.nodes, rim, int(rim[np.argmin(drawing.nodes[rim, 0])]), ground.size.plants)
    feeds = spread(drawing.nodes, able, int(plants[0]), max(6, int(ground.outline.area / 0.8e6)))
    used, metres = np.zeros(len(plan.rank), bool), np.full(len(drawing.nodes), np.inf)
    far = np.hypot(*(drawing.nodes[feeds][:, None] - drawing.nodes[plants][None]).transpose(2, 0, 1))
    rank = np.argsort(np.argsort(far, axis=1), axis=1)
    for k, plant in enumerate(plants):
        cost = shapely.length(drawing.edges[arterial]) * rng.uniform(0.85, 1.2, len(arterial))
        way = forest(drawing, arterial, cost, np.array([plant]))
        used[ways(way, feeds[rank[:, k] < 2])] = True
        metres = np.minimum(metres, way.metres)
    edges = np.flatnonzero(used)
    node = np.full(len(drawing.nodes), -1)
    joined = np.unique(drawing.ends[edges])
    node[joined] = net.add_nodes(drawing.nodes[joined] + TRUNK_SHIFT)
    bends, owner = shapely.get_coordinates(drawing.edges[edges], return_index=True)
    inner = np.r_[False, owner[1:] == owner[:-1]] & np.r_[owner[1:] == owner[:-1], False]
    counts = np.bincount(owner[inner], minlength=len(edges))
    link = net.add_links(
        node[drawing.ends[edges, 0]], node[drawing.ends[edges, 1]], (bends[inner] + TRUNK_SHIFT, counts)
    )
    crossing = np.bincount(drawing.ends[edges].ravel(), minlength=len(node)) >= 3
    meets = joined[np.isin(joined, feeds) | (crossing[joined] & (rng.random(len(joined)) < 0.6))]
    connector = net.add_links(node[meets], mains.junction[meets])
    near = metres[drawing.ends[edges]].min(axis=1)
    return _Trunks(link, edges, near, connector, *_works(net, ground, drawing.nodes, node, plants, joined))


def _works(
    net: Net, ground: Ground, xy: np.ndarray, node: np.ndarray, plants: np.ndarray, joined: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lay the plants beyond the ring road, their pumps and rising mains, and the tanks on high ground."""
    out = xy[plants] - CENTRE
    out /= np.hypot(*out.T)[:, None]
    source = net.add_nodes(xy[plants] + 95 * out, "source")
    house = net.add_nodes(xy[plants] + 80 * out, "station")
    pump = net.add_links(source, house)
    rising = net.add_links(house, node[plants])
    inner = joined[~np.isin(joined, plants)]
    height = ground.height(xy[inner])
    count = max(2, int(ground.outline.area / 14e6))
    spots = inner[np.argsort(-height, kind="stable")[:: max(1, len(inner) // count)][:count]]
    tanks = net.add_nodes(xy[spots] + (16.0, 15.0), "tank")
    tank = net.add_links(tanks, node[spots])
    return pump, rising, tank, source


def _columns(
    net: Net, plan: Plan, mains: Mains, trunks: _Trunks, lanes: Lanes, built: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Return kind, diameter, material, year, rank and the like of all links."""
    count = net.link_count
    size, rank = np.full(count, 1200.0), np.full(count, "trunk", dtype=object)
    year = np.full(count, 1994)
    by_edge, by_block = edge_years(plan, built, rng), block_years(built, rng)
    usual = _MAIN_DN[np.clip(plan.rank, 0, 2), rng.integers(0, 3, len(plan.rank))]
    size[mains.link], rank[mains.link], year[mains.link] = usual[mains.edge], "main", by_edge[mains.edge]
    steps = ground_steps(trunks.metres)
    size[trunks.link], year[trunks.link] = steps, by_edge[trunks.edge]
    size[trunks.connector], size[trunks.tank] = 400.0, 600.0
    table = net.table()
    inside = table["block"].notna().to_numpy()
    year[inside] = by_block[table["block"].to_numpy()[inside].astype(int)]
    size[inside], rank[inside] = 100.0, "branch"
    served = lanes.service[lanes.service >= 0]
    size[served], rank[served] = 80.0, "service"
    kind = np.full(count, "pipe", dtype=object)
    kind[trunks.pump] = "pump"
    material = materials(year, size, rng)
    material[trunks.pump] = None
    direction = np.full(count, "both", dtype=object)
    direction[trunks.pump] = "forward"
    return pd.DataFrame(
        {"kind": kind, "diameter_mm": size, "material": material, "laid_year": year, "rank": rank,
         "status": "open", "direction": direction}
    )  # fmt: skip


def ground_steps(metres: np.ndarray) -> np.ndarray:
    """Return trunk diameters in millimetres, smaller with the way from the plant."""
    return np.array([1200.0, 1000.0, 800.0, 600.0])[np.digitize(metres, [700, 1800, 4200])]


def _finished(
    ground: Ground, net: Net, mains: Mains, trunks: _Trunks, lanes: Lanes, columns: pd.DataFrame,
    zones: list[pd.DataFrame], rng: np.random.Generator,
) -> Laid:  # fmt: skip
    """Return the network's tables."""
    xy = net.all_xy()
    kind = np.concatenate(net.node_kind)
    tank = kind == "tank"
    extra = pd.DataFrame({
        "elevation_m": np.round(ground.height(xy) + np.where(tank, 22.0, 0.0), 2),
        "volume_m3": np.where(tank, rng.choice([2000.0, 3000.0, 5000.0], len(kind)), np.nan),
        "demand_m3h": np.where(kind == "end", np.round(rng.gamma(2.0, 0.5, len(kind)), 2), np.nan),
    })  # fmt: skip
    tables = network_frames(net, columns, extra)
    shapes, length = tables["links"]["geom"].to_numpy(), tables["links"]["length_m"].to_numpy()
    parts = zones + _valves(net, mains, trunks, lanes, length, rng)
    tables["devices"] = device_frame(net, parts, length, columns["diameter_mm"].to_numpy(), shapes, rng)
    tables["hydrants"] = _hydrants(net, mains, shapes)
    return Laid(tables, lanes.service, shapes)


def _valves(
    net: Net, mains: Mains, trunks: _Trunks, lanes: Lanes, length: np.ndarray, rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Return gate valves: on most ends at crossings, on nearly every branch, seldom beside a branch."""
    degree = degrees(net, mains.link)
    tee = np.zeros(net.node_count, bool)
    tee[mains.tee[mains.tee >= 0]] = True
    at_main = np.select([tee, degree >= 3], [0.12, 0.76], 0.3)
    at_trunk = np.where(degrees(net, trunks.link) >= 3, 0.7, 0.25)
    firsts = lanes.first[lanes.first >= 0]
    served = lanes.service[lanes.service >= 0]
    long = mains.link[(length[mains.link] > 330) & (rng.random(len(mains.link)) < 0.5)]
    return [
        at_ends(trunks.rising, 0, "check_valve", direction="forward"),
        at_ends(trunks.rising, 1, "gate_valve"),
        at_ends(trunks.pump, 0, "gate_valve"),
        at_ends(trunks.tank, 1, "gate_valve"),
        at_ends(trunks.connector, 0, "gate_valve"),
        some_ends(net, mains.link, at_main, "gate_valve", rng),
        some_ends(net, trunks.link, at_trunk, "gate_valve", rng),
        at_ends(firsts[rng.random(len(firsts)) < 0.94], 0, "gate_valve"),
        at_ends(served[rng.random(len(served)) < 0.4], 0, "gate_valve"),
        at_ends(lanes.row[rng.random(len(lanes.row)) < 0.12], 0, "gate_valve"),
        amid(long, "gate_valve"),
    ]


def _hydrants(net: Net, mains: Mains, shapes: np.ndarray) -> pd.DataFrame:
    """Return hydrants about every 120 m along each street that has a main."""
    edge = np.unique(mains.edge)
    last = np.searchsorted(mains.edge, edge, side="right") - 1
    length = mains.to_m[last]
    count = np.maximum(1, np.round(length / HYDRANT_M)).astype(int)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    place = np.repeat(length / count, count) * (nth + 0.5)
    scale = float(length.max()) + 1.0
    piece = np.searchsorted(mains.edge * scale + mains.from_m, np.repeat(edge, count) * scale + place, side="right") - 1
    link, measure = mains.link[piece], place - mains.from_m[piece]
    measure = np.clip(measure, 0, shapely.length(shapes[link]))
    columns = {
        "utility": np.full(len(link), "water", dtype=object),
        "code": codes("WH", len(link)),
        "link_code": link_codes(net, link),
        "measure_m": np.round(measure, 2),
    }
    return framed("hydrants", columns, shapely.line_interpolate_point(shapes[link], measure))
