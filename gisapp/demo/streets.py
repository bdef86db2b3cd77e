"""The street plan: the edges of all streets, the blocks between them, and the tree the blocks came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.arterials import arterials
from gisapp.demo.cuts import Tree, cut_faces
from gisapp.demo.frames import codes, framed
from gisapp.demo.ground import Ground, centrality
from gisapp.demo.planar import Planar, end_nodes, planar, split_at
from gisapp.demo.sizes import CENTRE

ARTERIAL, COLLECTOR, LOCAL, RIVER = range(4)
RANKS = np.array(["arterial", "collector", "local", "river"])
WIDTHS_M = np.array([38.0, 24.0, 13.0, 0.0])


@dataclass(frozen=True)
class Plan:
    """Streets and blocks.

    ``drawing`` holds the edges (the river's middle among them) and blocks as faces; ``rank`` and
    ``street`` belong to edges; ``leaf`` is each block's place in ``tree``; ``wet`` blocks are river
    or riverside, ``green`` ones park, ``lake`` the block with the lake (-1: none).
    """

    drawing: Planar
    rank: np.ndarray
    street: np.ndarray
    tree: Tree
    leaf: np.ndarray
    wet: np.ndarray
    green: np.ndarray
    lake: int


def make_plan(ground: Ground, rng: np.random.Generator) -> Plan:
    """Return the street plan of a city."""
    edges, street = arterials(ground, rng)
    frame = planar(edges)
    wet = shapely.intersects(shapely.point_on_surface(frame.faces), shapely.buffer(ground.river, 30))
    wet &= _beside_river(frame, street)
    lake = _lake_face(ground, frame.faces, wet)
    tree = cut_faces(ground, frame.faces, wet | (np.arange(len(wet)) == lake), frame.nodes, rng)
    drawing, owner, collector = _merged(edges, street, tree)
    rank = np.where(owner < 0, RIVER, np.where(owner <= street.max(), ARTERIAL, LOCAL))
    rank[collector] = COLLECTOR
    leaf = _leaves(drawing.faces, tree)
    root = _roots(tree)[leaf]
    green = _parks(ground, drawing.faces, wet[root], rng) | (root == lake)
    at = np.flatnonzero(root == lake)
    return Plan(drawing, rank, owner, tree, leaf, wet[root], green, int(at[0]) if len(at) else -1)


def street_table(plan: Plan) -> pd.DataFrame:
    """Return the ``streets`` table: one row for each unbroken stretch of a street."""
    road = plan.rank != RIVER
    rows = pd.DataFrame({"street": plan.street[road], "rank": plan.rank[road]}).groupby("street", sort=True)
    parts, owner, rank = [], [], []
    for street, index in rows.indices.items():
        pieces = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(plan.drawing.edges[road][index])))
        parts += list(pieces)
        owner += [street] * len(pieces)
        rank += [int(rows.obj["rank"].to_numpy()[index[0]])] * len(pieces)
    columns = {
        "code": codes("S", len(parts), 5),
        "name": _names(np.array(parts), np.array(owner), np.array(rank)),
        "rank": RANKS[rank],
        "width_m": WIDTHS_M[rank],
    }
    return framed("streets", columns, np.array(parts))


def _names(lines: np.ndarray, street: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Return generic road names: numbered roads north-south (经) and east-west (纬), unnamed lanes."""
    ends = shapely.get_coordinates(shapely.get_point(lines, -1)) - shapely.get_coordinates(shapely.get_point(lines, 0))
    centre = shapely.get_coordinates(shapely.centroid(lines))
    upright = np.abs(ends[:, 1]) > np.abs(ends[:, 0])
    names = np.full(len(lines), None, dtype=object)
    for kind, suffix in ((ARTERIAL, "路"), (COLLECTOR, "街")):
        for word, mask, axis in (("经", upright, 0), ("纬", ~upright, 1)):
            chosen = np.flatnonzero((rank == kind) & mask)
            place = pd.Series(centre[chosen, axis]).groupby(street[chosen]).mean().sort_values(ascending=axis == 0)
            number = {owner: k for k, owner in enumerate(place.index, start=1)}
            names[chosen] = [f"{word}{number[owner]}{suffix}" for owner in street[chosen]]
    names[(rank == ARTERIAL) & (street == street[rank == ARTERIAL].max())] = "环城路"
    return names


def _beside_river(frame: Planar, street: np.ndarray) -> np.ndarray:
    """Return a mark on faces that the middle of the river bounds."""
    mark = np.zeros(len(frame.faces), bool)
    sides = frame.sides[street < 0]
    mark[sides[sides >= 0]] = True
    return mark


def _lake_face(ground: Ground, faces: np.ndarray, wet: np.ndarray) -> int:
    """Return the face that becomes the lake park: roomy, round, not far from the middle."""
    area = shapely.area(faces)
    round_ = 4 * np.pi * area / shapely.length(faces) ** 2
    off = shapely.get_coordinates(shapely.centroid(faces)) - CENTRE
    far = np.hypot(*(off / (ground.size.half_width_m, ground.size.half_height_m)).T - 0.0)
    score = round_ - np.abs(far - 0.42) - np.abs(area / ground.size.arterial_m**2 - 0.8) - 9.0 * wet
    return int(np.argmax(score))


def _merged(edges: np.ndarray, street: np.ndarray, tree: Tree) -> tuple[Planar, np.ndarray, np.ndarray]:
    """Return the drawing of arterials and cuts together, each edge's street, and a mark on collectors."""
    cuts = np.array([shapely.LineString(cut) for cut in tree.cuts])
    lines = np.concatenate([edges, cuts])
    owner = np.concatenate([street, street.max() + 1 + np.arange(len(cuts))])
    collector = np.concatenate([np.zeros(len(edges), bool), np.array(tree.collector, bool)])
    corners = np.concatenate([end_nodes(edges)[0], *[cut[[0, -1]] for cut in tree.cuts]])
    pieces, found = split_at(lines, np.unique(corners, axis=0))
    return planar(pieces), owner[found], collector[found]


def _leaves(faces: np.ndarray, tree: Tree) -> np.ndarray:
    """Return each block's leaf of the tree."""
    leaves = tree.leaves()
    polygons = np.array([tree.polygon[leaf] for leaf in leaves])
    pairs = shapely.STRtree(polygons).query_nearest(shapely.point_on_surface(faces), all_matches=False)
    return leaves[pairs[1]]


def _roots(tree: Tree) -> np.ndarray:
    """Return the root above each face of the tree; parents stand before their children."""
    roots = np.arange(len(tree.parent))
    for number, parent in enumerate(tree.parent):
        if parent >= 0:
            roots[number] = roots[parent]
    return roots


def _parks(ground: Ground, blocks: np.ndarray, wet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a mark on the blocks that are parks."""
    area = shapely.area(blocks)
    xy = shapely.get_coordinates(shapely.centroid(blocks))
    chance = np.where(centrality(ground, xy) > 0.25, 0.035, 0.05)
    return (rng.random(len(blocks)) < chance) & ~wet & (area < 6e4)
