"""The heating network: plants, supply and return pipes side by side, and an exchange station in each block."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.ages import block_years, edge_years
from gisapp.demo.buildings import Layout
from gisapp.demo.devices import at_ends, degrees, device_frame, some_ends
from gisapp.demo.frames import kept
from gisapp.demo.ground import Ground
from gisapp.demo.land import HIGH, HOSPITAL, INDUSTRY, OLD, SCHOOL, SLAB, TOWER, Land
from gisapp.demo.pipes import Laid, Lanes, Mains, Net, blocks_built, lay_lanes, lay_mains, network_frames
from gisapp.demo.routes import forest, spread, ways
from gisapp.demo.sizes import CENTRE
from gisapp.demo.streets import ARTERIAL, LOCAL, RIVER, Plan

SHIFTS = {"supply": (-3.6, -3.4), "return": (-4.5, -4.4)}
_CHANCE = {OLD: 0.25, SLAB: 0.85, HIGH: 0.95, TOWER: 0.92, SCHOOL: 0.95, HOSPITAL: 1.0, INDUSTRY: 0.3}


def make_heating(ground: Ground, plan: Plan, land: Land, layout: Layout, rng: np.random.Generator) -> Laid:
    """Return the heating network. Supply and return are laid link by link in the same order."""
    net = Net("heating", "H")
    blocks = _served(ground, plan, land, layout, rng)
    plants = _plants(ground, plan)
    edges = _pipe_edges(plan, layout.edge[blocks], plants, rng)
    mains: list[Mains] = []
    lanes: list[Lanes] = []
    for shift in SHIFTS.values():
        mains.append(lay_mains(net, plan, layout, edges, blocks, shift))
        lanes.append(lay_lanes(net, layout, mains[-1].tee, shift, "station", by_row=True))
    supply, back = lanes
    bridged = supply.station[supply.station >= 0], back.station[back.station >= 0]
    exchanger = net.add_links(*bridged)
    out = plan.drawing.nodes[plants] - CENTRE
    source = net.add_nodes(plan.drawing.nodes[plants] + 70 * out / np.hypot(*out.T)[:, None], "source")
    rising = [net.add_links(source, pipes.junction[plants]) for pipes in mains]
    columns = _columns(net, plan, land, mains, lanes, exchanger, rising, rng)
    tables = network_frames(net, columns, pd.DataFrame(index=range(net.node_count)))
    shapes, length = tables["links"]["geom"].to_numpy(), tables["links"]["length_m"].to_numpy()
    parts = _valves(net, mains, lanes, rising, rng)
    tables["devices"] = device_frame(net, parts, length, columns["diameter_mm"].to_numpy(), shapes, rng)
    return Laid(tables, supply.service, shapes)


def _served(ground: Ground, plan: Plan, land: Land, layout: Layout, rng: np.random.Generator) -> np.ndarray:
    """Return the blocks with district heating: most of those built for it, in the quarters that have it."""
    blocks = blocks_built(layout)
    chance = np.array([_CHANCE.get(use, 0.75) for use in range(int(land.use.max()) + 1)])
    quarter = ground.age(shapely.get_coordinates(shapely.centroid(plan.drawing.faces[blocks])) + 9_000.0) > -0.55
    return blocks[quarter & (rng.random(len(blocks)) < chance[land.use[blocks]])]


def _plants(ground: Ground, plan: Plan) -> np.ndarray:
    """Return the junctions where heat comes in, on the ring and far apart."""
    nodes = plan.drawing.nodes
    able = np.unique(plan.drawing.ends[plan.rank == ARTERIAL])
    rim = able[shapely.dwithin(shapely.points(nodes[able]), ground.outline.exterior, 1.0)]
    first = int(rim[np.argmax(nodes[rim, 0] - nodes[rim, 1])])
    return spread(nodes, rim, first, max(1, round(ground.outline.area / 3e7)))


def _pipe_edges(plan: Plan, needed: np.ndarray, plants: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the street edges with heating pipes: the shortest ways from the plants to every street in need."""
    roads = np.flatnonzero(plan.rank != RIVER)
    cost = shapely.length(plan.drawing.edges[roads]) * np.where(plan.rank[roads] == LOCAL, 1.3, 1.0)
    found = forest(plan.drawing, roads, cost * rng.uniform(0.95, 1.05, len(roads)), plants)
    targets = np.unique(plan.drawing.ends[needed])
    return np.union1d(ways(found, targets), needed)


def _columns(
    net: Net, plan: Plan, land: Land, mains: list[Mains], lanes: list[Lanes], exchanger: np.ndarray,
    rising: list[np.ndarray], rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return kind, side, diameter, year, rank and the like of all links."""
    count = net.link_count
    side, rank = np.full(count, None, dtype=object), np.full(count, "branch", dtype=object)
    size, year = np.full(count, 150.0), np.full(count, 2000)
    by_edge, by_block = edge_years(plan, land.year, rng), block_years(land.year, rng)
    table = net.table()
    inside = table["block"].notna().to_numpy()
    year[inside] = by_block[table["block"].to_numpy()[inside].astype(int)]
    for name, main, lane, rise in zip(SHIFTS, mains, lanes, rising, strict=True):
        served = np.unique(lane.service[lane.service >= 0])
        for links in (main.link, lane.first[lane.first >= 0], lane.row, served, rise):
            side[links] = name
        rank[main.link], size[main.link] = "main", np.array([500.0, 350.0, 250.0])[plan.rank[main.edge]]
        year[main.link] = by_edge[main.edge]
        rank[served], size[served] = "service", 80.0
        rank[rise], size[rise] = "trunk", 900.0
    kind = np.full(count, "pipe", dtype=object)
    kind[exchanger] = "exchanger"
    return pd.DataFrame(
        {"kind": kind, "diameter_mm": size, "material": kept("steel", kind == "pipe"),
         "laid_year": np.maximum(year, 1986), "rank": rank, "status": "open", "direction": "both", "side": side}
    )  # fmt: skip


def _valves(
    net: Net, mains: list[Mains], lanes: list[Lanes], rising: list[np.ndarray], rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Return valves in pairs: where the supply has one, the return has one."""
    degree = degrees(net, mains[0].link)
    chance = np.where(degree >= 3, 0.5, 0.08)
    on_supply = some_ends(net, mains[0].link, chance, "gate_valve", rng)
    firsts, backs = (lane.first[lane.first >= 0] for lane in lanes)
    services = [np.unique(lane.service[lane.service >= 0]) for lane in lanes]
    some = rng.random(len(services[0])) < 0.5
    parts = [on_supply, on_supply.assign(link=on_supply["link"] - mains[0].link[0] + mains[1].link[0])]
    parts += [at_ends(links, 0, "gate_valve") for links in (firsts, backs, *rising)]
    parts += [at_ends(links[some], 0, "gate_valve") for links in services]
    return parts
