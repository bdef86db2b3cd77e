"""The heads that sources keep: as on record where that gives the pressure of an ordinary day, else what would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from gisapp.network.hydraulics import Basis, Flow
from gisapp.network.model import Network
from gisapp.network.notes import Note
from gisapp.network.search import components

SERVICE_M = 28.0
"""Pressure at the worst place on an ordinary day: six floors, 10 m for the first, 2 m more, 4 m for each further."""
BELIEVED = 0.9
"""Share of the places that draw water which must have pressure today, or the recorded heads are not believed."""
FROM_SOURCES = 0.5
"""Share of the water that sources must give today; where tanks give more, the heads of the sources are too low."""
_WORST = 0.01


def parts_of(network: Network, way: Flow) -> np.ndarray:
    """Return for every node the number of the part that hangs together through what carries water."""
    return components(len(network.nodes), network.a[way.links], network.b[way.links])


def ordinary(network: Network, basis: Basis, part: np.ndarray) -> Basis:
    """Return a basis whose sources, and tanks without a head, stand :data:`SERVICE_M` above their part's demand.

    Sources stand no lower than the tanks that they fill.
    """
    drawing = basis.demand_m3h > 0
    top = np.full(int(part.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(top, part[drawing], basis.ground_m[drawing])
    top = np.where(np.isfinite(top), top, basis.ground_m.max())
    top += SERVICE_M
    head = basis.head_m.copy()
    level = np.full(len(top), -np.inf)
    np.fmax.at(level, part[network.stores], head[network.stores])
    head[network.feeds] = np.maximum(top, level)[part[network.feeds]]
    bare = network.stores[~np.isfinite(head[network.stores])]
    head[bare] = top[part[bare]]
    return replace(basis, head_m=head)


def believed(
    network: Network, basis: Basis, pressure_m: np.ndarray, into_m3h: np.ndarray, part: np.ndarray, least_m: float
) -> np.ndarray:
    """Return for every part whether the recorded heads are those of an ordinary day.

    Enough of what draws water has ``least_m``, and where there are sources they give at least half of it;
    ``into_m3h`` is what flows into every node with those heads.
    """
    drawing = (basis.demand_m3h > 0) & np.isfinite(pressure_m)
    count = int(part.max(initial=-1)) + 1
    here = np.bincount(part[drawing], minlength=count)
    well = np.bincount(part[drawing], pressure_m[drawing] >= least_m, minlength=count)
    given = [
        np.bincount(part[rows], -np.minimum(np.nan_to_num(into_m3h[rows]), 0.0), minlength=count)
        for rows in (network.feeds, network.stores)
    ]
    sources = np.bincount(part[network.feeds], minlength=count) > 0
    return (well >= BELIEVED * here) & (~sources | (given[0] >= FROM_SOURCES * (given[0] + given[1])))


def settled(
    network: Network, basis: Basis, guess: Basis, pressure_m: np.ndarray, part: np.ndarray, kept: np.ndarray
) -> Basis:
    """Return the basis with the heads of the parts not ``kept`` set so that today 99 of 100 places have service.

    Parameters
    ----------
    guess
        From :func:`ordinary`.
    pressure_m
        Of every node with the heads of ``guess``, when all demand is met.
    """
    drawing = (basis.demand_m3h > 0) & np.isfinite(pressure_m)
    worst = pd.Series(pressure_m[drawing]).groupby(part[drawing]).quantile(_WORST)
    lacks = np.maximum(SERVICE_M - worst.reindex(range(len(kept))).fillna(SERVICE_M).to_numpy(), 0.0)
    unknown = np.isnan(basis.head_m)
    sources = network.feeds[~kept[part[network.feeds]] | unknown[network.feeds]]
    changed = np.concatenate([sources, network.stores[unknown[network.stores]]])
    if not len(changed):
        return basis
    head = basis.head_m.copy()
    head[changed] = guess.head_m[changed]
    head[sources] += lacks[part[sources]]
    note = Note("pressure.heads_assumed", {"n": len(changed), "service_m": f"{SERVICE_M:g}"})
    return replace(basis, head_m=head, notes=(*basis.notes, note))
