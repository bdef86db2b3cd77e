"""Pressure zones: high ground apart from low ground by closed valves, and fed through a pump."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.demo.devices import amid, at_ends
from gisapp.demo.ground import Ground
from gisapp.demo.pipes import Net
from gisapp.demo.routes import pieces_of

_HIGH_SHARE = 0.78
_LEAST_NODES = 30


def parted(net: Net, ground: Ground, links: np.ndarray, diameter: np.ndarray, source: np.ndarray) -> list[pd.DataFrame]:
    """Return the devices that part the zones of the looped ``links``: boundary valves, pumps, pressure valves.

    Every part of a zone is fed: by a plant, or through its largest pipe from a part that is.
    """
    ends = net.all_ends()
    a, b = ends[links].T
    plants = np.concatenate([ends[np.isin(ends[:, 0], source), 1], source])
    plants = np.unique(ends[np.isin(ends[:, 0], plants), 1])
    high, part = _parts(net, ground, a, b)
    cross = np.flatnonzero(high[a] != high[b])
    fed = np.zeros(int(part.max()) + 1, bool)
    fed[part[plants]] = True
    opened, forward = np.empty(0, int), np.empty(0, bool)
    order = cross[np.lexsort((links[cross], -diameter[links[cross]]))]
    while True:
        border = order[fed[part[a[order]]] != fed[part[b[order]]]]
        if not len(border):
            break
        to_b = fed[part[a[border]]]
        dry = np.where(to_b, part[b[border]], part[a[border]])
        first = np.sort(np.unique(dry, return_index=True)[1])
        opened, forward = np.append(opened, border[first]), np.append(forward, to_b[first])
        fed[dry[first]] = True
    rises = np.where(forward, high[b[opened]], high[a[opened]])
    return _devices(links, np.setdiff1d(cross, opened), opened, forward, rises)


def _parts(net: Net, ground: Ground, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each node is in the high zone, and which connected part of its zone it is in."""
    used = np.unique(np.concatenate([a, b]))
    height = ground.height(net.all_xy())
    high = height > np.quantile(height[used], _HIGH_SHARE)
    for _ in range(3):
        same = high[a] == high[b]
        part = pieces_of(net.node_count, a[same], b[same])
        size = np.bincount(part[used], minlength=int(part.max()) + 1)
        small = (size < _LEAST_NODES) & (size > 0)
        high = np.where(small[part], ~high, high)
    same = high[a] == high[b]
    return high, pieces_of(net.node_count, a[same], b[same])


def _devices(
    links: np.ndarray, shut: np.ndarray, opened: np.ndarray, forward: np.ndarray, rises: np.ndarray
) -> list[pd.DataFrame]:
    """Return boundary valves on the crossings that stay shut, pumps uphill and pressure valves downhill."""
    way = np.where(forward, "forward", "backward")
    parts = [amid(links[shut], "boundary_valve", state="closed")]
    for mask, kind in ((rises, "pump"), (~rises, "pressure_valve")):
        parts.append(amid(links[opened[mask]], kind, direction=way[mask]))
        parts += [at_ends(links[opened[mask]], end, "gate_valve") for end in (0, 1)]
    return parts
