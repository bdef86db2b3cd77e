"""How far along the pipes a device is from the burst."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gisapp.network.model import Network

_NOTHING_M = 1e-6  # an edge of length 0 would be no edge


def device_distances(
    network: Network, zone: np.ndarray, sources: list[tuple[int, float | None]], rows: np.ndarray
) -> np.ndarray:
    """Return for devices the metres along the pieces of the zone from the nearest burst; infinite if outside.

    A burst on a link that is closed for good counts from both ends of the link too, for it takes them out.

    Parameters
    ----------
    zone
        The cells of the zone.
    sources
        Pieces that burst, with the place in metres along the link, or None for the whole piece.
    rows
        Rows of devices.
    """
    pieces, spot = network.pieces, network.once("spots", lambda: _spots(network))
    inside = network.elements_in.pick(zone).member
    ours = np.sort(inside[inside >= len(network.nodes)]) - len(network.nodes)
    before = ours + pieces.link[ours]  # the joint at the start of a piece
    tails, heads = spot[before], spot[before + 1]
    lengths = pieces.to_m[ours] - pieces.from_m[ours]
    origin = len(network.nodes) + len(network.joints.a)
    for piece, at in sources:
        joint, link = piece + pieces.link[piece], pieces.link[piece]
        ends, away = [spot[joint], spot[joint + 1]], [pieces.from_m[piece], pieces.to_m[piece]]
        if network.joints.shut[joint]:
            ends += [network.a[link], network.b[link]]
            away += [0.0, float(network.columns["links"]["length_m"][link])]
        tails, heads = np.append(tails, [origin] * len(ends)), np.append(heads, ends)
        lengths = np.append(lengths, np.zeros(len(ends)) if at is None else np.abs(np.array(away) - at))
    names, local = np.unique(np.concatenate([tails, heads]), return_inverse=True)
    half = len(tails)
    # Parallel pieces: keep the shortest, for a sparse matrix would add them up.
    order = np.argsort(lengths, kind="stable")
    pair = np.sort(np.column_stack([local[:half], local[half:]])[order], axis=1)
    _, keep = np.unique(pair[:, 0] * len(names) + pair[:, 1], return_index=True)
    graph = coo_array(
        (lengths[order][keep] + _NOTHING_M, (pair[keep, 0], pair[keep, 1])), shape=(len(names), len(names))
    ).tocsr()
    metres = dijkstra(graph, directed=False, indices=int(np.searchsorted(names, origin)))
    edges = network.edges_of.pick(rows)
    at = spot[network.cells.joint[edges.member]]
    here = np.minimum(np.searchsorted(names, at), len(names) - 1)
    found = np.full(len(rows), np.inf)
    np.minimum.at(found, edges.owner, np.where(names[here] == at, metres[here], np.inf))
    return found


def _spots(network: Network) -> np.ndarray:
    """Return for every joint the place where it is: its node, or a number of its own along a link."""
    joints, n_nodes = network.joints, len(network.nodes)
    alone = n_nodes + np.arange(len(joints.a))
    return np.where(joints.a < n_nodes, joints.a, np.where(joints.b < n_nodes, joints.b, alone))
