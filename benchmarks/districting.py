"""Proposals of grid boundaries, side by side with METIS, GerryChain and spopt Ward.

    python -m benchmarks.districting             10,000 and 50,000 blocks, King County where it is, some minutes
    python -m benchmarks.districting --small     900 blocks

Blocks are a Voronoi coverage on both banks of a river with a bridge every 1.5 km; households gather in eight
centres. Times are of the processor, of one core. Peers (``gisapp[bench]``) run where they are installed: METIS
k-way with its own balance and with the loosest (30 %), both weighted by households and metres of border; on up to
12,000 blocks, for two minutes at most, GerryChain's recursive tree partition at 5 % and spopt's Ward. The growth
after which a plan is balanced to 5 % is up to 50 % around each of four places.
"""

from __future__ import annotations

import argparse
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from scipy.spatial import KDTree

from benchmarks.aims import at_most, met
from gisapp.grids import Proposal, Units, rebalance, suggest
from gisapp.grids.districting_borders import plan_of
from gisapp.grids.districting_proposal import compactness
from gisapp.grids.districting_units import pieces
from gisapp.grids.units import units_of

AIM_S = {100: 2.0, 300: 10.0}
TOLERANCE, AFTER_GROWTH = 0.02, 0.05
LEAST_RATIO, FRESH_SHARE = 1.2, 0.5
BLOCK_M = 120.0
BRIDGE_EVERY_M = 1500.0
LOOSEST = 300  # METIS' ufactor in thousandths: 30 %
SLOW_PEERS_UNITS = 12_000
PEERS_S = 120
KING = Path(__file__).resolve().parents[2] / "shared" / "data" / "king_county.gpkg"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="900 blocks only")
    options = parser.parse_args()
    warm_up()
    for count, grids in [(900, 12)] if options.small else [(10_000, 100), (50_000, 300)]:
        units, shapes = street_blocks(count, 1)
        print(f"{len(units.weight):,} blocks, {units.weight.sum():,.0f} households -> {grids} grids")
        beside(units, shapes, grids)
    if KING.exists() and not options.small:
        county = pyogrio.read_dataframe(KING)
        shapes = shapely.transform(county.geometry.to_numpy(), lambda xy: xy * 1200 / 3937)  # US survey feet
        units = joined_units(shapes, county["pop"].to_numpy(float))
        print(f"King County: {len(units.weight):,} precincts, {units.weight.sum():,.0f} people -> 50 grids")
        beside(units, shapes, 50)


def warm_up() -> None:
    """Compile what is compiled."""
    units, _ = street_blocks(400, 3)
    (first,) = suggest(units, k=8)
    rebalance(units, first.grid, close=[0], add=[8])


def beside(units: Units, shapes: np.ndarray, grids: int) -> None:
    """Print proposals of one town, and what peers make of it."""
    (ours,), span = timed(lambda: suggest(units, k=grids, tolerance=TOLERANCE))
    told(units, "suggest", ours.grid.astype(int), span)
    loosest = peers(units, shapes, grids)
    bound = max(TOLERANCE, float(units.weight.max() / ours.target - 1))
    print(f"  time           {at_most(span, AIM_S.get(grids, 2.0), 's')}")
    print(f"  deviation      {at_most(100 * ours.deviation, round(100 * bound, 2), '%', '.2f')}")
    print(f"  broken grids   {at_most(broken(units, ours.grid.astype(int)), 0, 'grids', 'd')}")
    if loosest is not None:
        well = met(ours.compactness >= loosest)
        print(f"  compactness    {ours.compactness:.3f} (aim at least {loosest:.3f}, of METIS at its loosest: {well})")
    after_growth(units, ours, grids)


def told(units: Units, name: str, grid: np.ndarray, span: float) -> float:
    """Print the figures of a plan and return its compactness."""
    plan = plan_of(units.graph, grid.astype(np.int32), int(grid.max()) + 1)
    used = plan.units > 0
    off = np.abs(plan.load[used] / plan.load.sum() * used.sum() - 1).max()
    form = compactness(plan.area_m2[used], plan.edge_m[used])
    figures = f"{span:8.2f} s   off by {100 * off:7.2f} %   compactness {form:.3f}"
    print(f"  {name:<28}{figures}   {broken(units, grid)} broken, {int(used.sum())} grids", flush=True)
    return form


def broken(units: Units, grid: np.ndarray) -> int:
    """Return how many pieces there are beyond one a grid."""
    return len(np.unique(pieces(units.graph, grid.astype(np.int32)))) - len(np.unique(grid))


def after_growth(units: Units, start: Proposal, grids: int) -> None:
    """Print what is moved to balance a plan after growth, beside the least transport and a fresh partition."""
    grown = replace(units, weight=units.weight * growth(units))
    (kept,), span = timed(lambda: rebalance(grown, start.grid, tolerance=AFTER_GROWTH))
    told(grown, "rebalance after growth", np.unique(kept.grid, return_inverse=True)[1], span)
    (fresh,) = suggest(grown, k=grids, tolerance=AFTER_GROWTH, like=start.grid)
    whole, moved = grown.weight.sum(), kept.moved or 0.0
    least, anew = kept.least_moved or 0.0, fresh.moved or 0.0
    print(f"  deviation      {at_most(100 * kept.deviation, 100 * AFTER_GROWTH, '%', '.2f')}")
    ratio = moved / least if least else 1.0
    print(f"  moved          {100 * moved / whole:.1f} % of households (least transport: {100 * least / whole:.1f} %)")
    print(f"  of the least   {at_most(ratio, LEAST_RATIO, 'times', '.2f')}")
    print(
        f"  of a fresh one {at_most(moved / anew, FRESH_SHARE, 'times', '.2f')}, which moves {100 * anew / whole:.1f} %"
    )


def growth(units: Units) -> np.ndarray:
    """Return by what each block grows."""
    rng, span = np.random.default_rng(5), np.ptp(units.xy, axis=0)
    factor = np.ones(len(units.weight))
    for centre in units.xy.min(axis=0) + rng.uniform(0.1, 0.9, (4, 2)) * span:
        factor += 0.5 * np.exp(-((np.hypot(*(units.xy - centre).T) / (0.1 * span.max())) ** 2))
    return factor


def peers(units: Units, shapes: np.ndarray, grids: int) -> float | None:
    """Print what the peers that are installed make of it; return the compactness of METIS at its loosest."""
    loosest = None
    if find_spec("pymetis"):
        for name, loose in (("METIS k-way", None), ("METIS k-way, loosest", LOOSEST)):
            grid, span = timed(lambda loose=loose: metis(units, grids, loose))
            loosest = told(units, name, grid, span)
    for name, module, peer in (
        ("GerryChain tree, 5 %", "gerrychain", lambda: gerrychain(units, grids)),
        ("spopt Ward", "spopt", lambda: ward(units, shapes, grids)),
    ):
        if find_spec(module) is None:
            print(f"  {module} is not installed: pip install 'gisapp[bench]'")
        elif len(units.weight) <= SLOW_PEERS_UNITS:
            try:
                with warnings.catch_warnings(), at_most_s(PEERS_S):
                    warnings.simplefilter("ignore")
                    told(units, name, *timed(peer))
            except TimeoutError:
                print(f"  {name:28} no answer within {PEERS_S} s")
    return loosest


@contextmanager
def at_most_s(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in what takes longer: a tree partition may look for a cut for ever."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def metis(units: Units, grids: int, loose: int | None) -> np.ndarray:
    """Return METIS' k-way partition, weighted by households and metres of border."""
    import pymetis

    graph = units.graph
    options = pymetis.Options() if loose is None else pymetis.Options(ufactor=loose)
    adjacency = pymetis.CSRAdjacency(graph.first, graph.near)
    metres = np.maximum(1, np.round(graph.border_m)).astype(int)
    weight = np.round(graph.weight).astype(int)
    _, grid = pymetis.part_graph(grids, adjacency, vweights=weight, eweights=metres, recursive=False, options=options)
    return np.array(grid)


def gerrychain(units: Units, grids: int) -> np.ndarray:
    """Return GerryChain's recursive tree partition."""
    import random

    import networkx as nx
    from gerrychain import Graph
    from gerrychain.partition import recursive_tree_part

    random.seed(1)
    drawn = nx.Graph()
    drawn.add_nodes_from((unit, {"households": float(weight)}) for unit, weight in enumerate(units.weight))
    drawn.add_edges_from(units.pairs.tolist())
    target = float(units.weight.sum() / grids)
    found = recursive_tree_part(Graph.from_networkx(drawn), range(grids), target, "households", AFTER_GROWTH)
    return pd.Series(found).sort_index().to_numpy()


def ward(units: Units, shapes: np.ndarray, grids: int) -> np.ndarray:
    """Return spopt's Ward clusters of places: it knows no balance."""
    from libpysal.weights import W
    from spopt.region import WardSpatial

    near: dict[int, list[int]] = {unit: [] for unit in range(len(units.weight))}
    for one, other in units.pairs.tolist():
        near[one].append(other)
        near[other].append(one)
    frame = gpd.GeoDataFrame({"x": units.xy[:, 0], "y": units.xy[:, 1]}, geometry=shapes)
    model = WardSpatial(frame, W(near, silence_warnings=True), ["x", "y"], grids)
    model.solve()
    return np.asarray(model.labels_)


def timed(task: Callable[[], Any]) -> tuple[Any, float]:
    """Return the answer and its processor time in seconds."""
    start = time.process_time()
    return task(), time.process_time() - start


def street_blocks(count: int, seed: int) -> tuple[Units, np.ndarray]:
    """Return about so many irregular blocks on both banks of a river with bridges, and their polygons."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    east, north = np.meshgrid(np.arange(side), np.arange(side))
    seeds = (
        np.column_stack([east.ravel(), north.ravel()]) + 0.5 + rng.uniform(-0.42, 0.42, (side * side, 2))
    ) * BLOCK_M
    town = shapely.box(0, 0, side * BLOCK_M, side * BLOCK_M)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=town))
    cells = shapely.intersection(cells, town)
    reach = np.linspace(-0.1, 1.1, 60)
    course = np.column_stack([reach, 0.5 + 0.18 * np.sin(reach * 7) + 0.05 * np.sin(reach * 19)]) * side * BLOCK_M
    river = shapely.buffer(shapely.linestrings(course), 0.8 * BLOCK_M)
    shapely.prepare(river)
    wet = shapely.intersects(river, cells)
    dry = shapely.get_parts(shapely.difference(cells[wet], river))
    shapes = np.concatenate([cells[~wet], dry[shapely.area(dry) > 0.02 * BLOCK_M**2]])
    weight = households(rng, shapely.get_coordinates(shapely.centroid(shapes)), side * BLOCK_M)
    return joined_units(shapes, weight), shapes


def households(rng: np.random.Generator, xy: np.ndarray, span_m: float) -> np.ndarray:
    """Return households a block: many in a few centres, none in one block of ten."""
    centres = rng.uniform(0.1, 0.9, (8, 2)) * span_m
    apart = np.hypot(*(xy[:, None, :] - centres[None]).T).T
    dense = 8 + 120 * np.exp(-((apart / (0.07 * span_m)) ** 2)).sum(axis=1)
    return np.where(rng.random(len(xy)) < 0.1, 0.0, np.round(dense * rng.lognormal(0, 0.5, len(xy))))


def joined_units(shapes: np.ndarray, weight: np.ndarray) -> Units:
    """Return polygons of an edge-matched coverage as units, with bridges wherever parts lie apart."""
    codes = [f"U{at}" for at in range(len(shapes))]
    blocks = gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs="EPSG:4547")
    links = [(codes[one], codes[other]) for one, other in bridges(units_of(blocks, weight))]
    return units_of(blocks, weight, bridges=links)


def bridges(units: Units) -> np.ndarray:
    """Return pairs of units that join every part to the largest, one every so many metres."""
    size = np.bincount(units.part)
    found, main = [], units.part == size.argmax()
    tree, rows = KDTree(units.xy[main]), np.flatnonzero(main)
    for part in np.flatnonzero(np.arange(len(size)) != size.argmax()):
        inside = np.flatnonzero(units.part == part)
        apart, nearest = tree.query(units.xy[inside])
        taken: list[np.ndarray] = []
        for at in np.argsort(apart, kind="stable"):
            if taken and apart[at] > 3 * BLOCK_M:
                break
            place = units.xy[inside[at]]
            if all(np.hypot(*(place - other)) > BRIDGE_EVERY_M for other in taken):
                taken.append(place)
                found.append((inside[at], rows[nearest[at]]))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


if __name__ == "__main__":
    main()
