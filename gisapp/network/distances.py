"""How far along the pipes a device is from the burst."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gisapp.network.model import Network

_NOTHING_M = 1e-6  # an edge of length 0 would be no edge


def device_distances(network: Network, zone: np.ndarray, sources: list[tuple[int, float | None]]) -> np.ndarray:
    """Return for every device the metres along the pieces of the zone from the nearest burst; infinite if outside.

    Parameters
    ----------
    zone
        Mask of cells.
    sources
        Pieces that burst, with the place in metres along the link, or None for the whole piece.
    """
    pieces, joints = network.pieces, network.joints
    n_nodes, n_joints = len(network.nodes), len(joints.a)
    spot = np.where(joints.a < n_nodes, joints.a, np.where(joints.b < n_nodes, joints.b, n_nodes + np.arange(n_joints)))
    before = np.arange(len(pieces.link)) + pieces.link  # the joint at the start of a piece
    ours = np.flatnonzero(zone[network.piece_cell])
    tails, heads = spot[before[ours]], spot[before[ours] + 1]
    lengths = pieces.to_m[ours] - pieces.from_m[ours]
    origin = n_nodes + n_joints
    for piece, at in sources:
        ends = (spot[before[piece]], spot[before[piece] + 1])
        away = (0.0, 0.0) if at is None else (at - pieces.from_m[piece], pieces.to_m[piece] - at)
        tails, heads = np.append(tails, [origin, origin]), np.append(heads, ends)
        lengths = np.append(lengths, np.maximum(away, 0.0))
    names, local = np.unique(np.concatenate([tails, heads]), return_inverse=True)
    half = len(tails)
    # Parallel pieces: keep the shortest, for a sparse matrix would add them up.
    order = np.argsort(lengths, kind="stable")
    pair = np.sort(np.column_stack([local[:half], local[half:]])[order], axis=1)
    _, keep = np.unique(pair, axis=0, return_index=True)
    graph = coo_array(
        (lengths[order][keep] + _NOTHING_M, (pair[keep, 0], pair[keep, 1])), shape=(len(names), len(names))
    ).tocsr()
    start = int(np.searchsorted(names, origin))
    metres = dijkstra(graph, directed=False, indices=start)
    at_spot = np.full(origin + 1, np.inf)
    at_spot[names] = metres
    found = np.full(len(network.devices), np.inf)
    has = joints.device >= 0
    np.minimum.at(found, joints.device[has], at_spot[spot[has]])
    return found
