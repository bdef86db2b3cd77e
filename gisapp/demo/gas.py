"""The gas network: gate stations, looped medium-pressure mains, a regulator in front of each block."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.ages import block_years, edge_years
from gisapp.demo.buildings import Layout
from gisapp.demo.devices import at_ends, degrees, device_frame, some_ends
from gisapp.demo.ground import Ground
from gisapp.demo.land import BUSINESS, HIGH, HOSPITAL, INDUSTRY, OLD, SCHOOL, SLAB, TOWER, Land
from gisapp.demo.pipes import Laid, Lanes, Mains, Net, blocks_built, lay_lanes, lay_mains, network_frames
from gisapp.demo.routes import forest, spread, ways
from gisapp.demo.sizes import CENTRE
from gisapp.demo.streets import ARTERIAL, COLLECTOR, LOCAL, RIVER, Plan

SHIFT = (3.4, -3.0)
_CHANCE = {OLD: 0.55, SLAB: 0.9, HIGH: 0.95, TOWER: 0.97, SCHOOL: 0.8, HOSPITAL: 1.0, INDUSTRY: 0.5, BUSINESS: 0.7}


def make_gas(ground: Ground, plan: Plan, land: Land, layout: Layout, rng: np.random.Generator) -> Laid:
    """Return the gas network; behind a regulator the pressure is low and gas goes one way."""
    net = Net("gas", "G")
    blocks = blocks_built(layout)
    chance = np.array([_CHANCE.get(use, 0.0) for use in range(int(land.use.max()) + 1)])
    blocks = blocks[rng.random(len(blocks)) < chance[land.use[blocks]]]
    gates = _gates(ground, plan)
    mains = lay_mains(net, plan, layout, _pipe_edges(plan, layout.edge[blocks], gates, rng), blocks, SHIFT)
    lanes = lay_lanes(net, layout, mains.tee, SHIFT, "station", by_row=True)
    out = plan.drawing.nodes[gates] - CENTRE
    source = net.add_nodes(plan.drawing.nodes[gates] + 60 * out / np.hypot(*out.T)[:, None], "source")
    rising = net.add_links(source, mains.junction[gates])
    firsts = lanes.first[lanes.first >= 0]
    boxed = rng.random(len(firsts)) < 0.6
    columns = _columns(net, plan, land, mains, lanes, rising, firsts[boxed], rng)
    tables = network_frames(net, columns, pd.DataFrame(index=range(net.node_count)))
    shapes, length = tables["links"]["geom"].to_numpy(), tables["links"]["length_m"].to_numpy()
    parts = [
        at_ends(rising, 1, "gate_valve"),
        at_ends(firsts, 0, "gate_valve"),
        at_ends(firsts[~boxed], 1, "regulator", direction="forward"),
        some_ends(net, mains.link, np.where(degrees(net, mains.link) >= 3, 0.55, 0.1), "gate_valve", rng),
    ]
    served = np.unique(lanes.service[lanes.service >= 0])
    parts.append(at_ends(served[rng.random(len(served)) < 0.6], 0, "gate_valve"))
    tables["devices"] = device_frame(net, parts, length, columns["diameter_mm"].to_numpy(), shapes, rng)
    return Laid(tables, lanes.service, shapes)


def _gates(ground: Ground, plan: Plan) -> np.ndarray:
    """Return the junctions where gas comes in, on the ring and far apart."""
    nodes = plan.drawing.nodes
    able = np.unique(plan.drawing.ends[plan.rank == ARTERIAL])
    rim = able[shapely.dwithin(shapely.points(nodes[able]), ground.outline.exterior, 1.0)]
    return spread(nodes, rim, int(rim[np.argmax(nodes[rim, 1])]), max(2, round(ground.outline.area / 4e7)))


def _pipe_edges(plan: Plan, needed: np.ndarray, gates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the street edges with a main: arterials, most collectors, streets in need and the ways to them."""
    roads = np.flatnonzero(plan.rank != RIVER)
    cost = shapely.length(plan.drawing.edges[roads]) * np.where(plan.rank[roads] == LOCAL, 1.6, 1.0)
    found = forest(plan.drawing, roads, cost, gates)
    big = (plan.rank == ARTERIAL) | ((plan.rank == COLLECTOR) & (rng.random(len(plan.rank)) < 0.6))
    chosen = np.union1d(np.flatnonzero(big), needed)
    return np.union1d(chosen, ways(found, np.unique(plan.drawing.ends[chosen])))


def _columns(
    net: Net, plan: Plan, land: Land, mains: Mains, lanes: Lanes, rising: np.ndarray, boxed: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return kind, pressure, diameter, year, rank and the like of all links."""
    count = net.link_count
    rank, size, year = np.full(count, "branch", dtype=object), np.full(count, 110.0), np.full(count, 2004)
    by_edge, by_block = edge_years(plan, land.year, rng), block_years(land.year, rng)
    table = net.table()
    inside = table["block"].notna().to_numpy()
    year[inside] = by_block[table["block"].to_numpy()[inside].astype(int)]
    rank[mains.link], size[mains.link] = "main", np.array([315.0, 250.0, 160.0])[plan.rank[mains.edge]]
    year[mains.link] = by_edge[mains.edge]
    served = np.unique(lanes.service[lanes.service >= 0])
    rank[served], size[served] = "service", 63.0
    rank[rising], size[rising] = "trunk", 400.0
    kind, direction = np.full(count, "pipe", dtype=object), np.full(count, "both", dtype=object)
    kind[boxed], direction[boxed] = "regulator", "forward"
    year = np.maximum(year, 1990)
    medium = np.isin(rank, ("main", "trunk"))
    medium[lanes.first[lanes.first >= 0]] = True
    return pd.DataFrame(
        {"kind": kind, "diameter_mm": size, "material": np.where((year < 2001) | (size > 300), "steel", "pe"),
         "laid_year": year, "rank": rank, "status": "open", "direction": direction,
         "rating": np.where(medium, "medium", "low")}
    )  # fmt: skip
