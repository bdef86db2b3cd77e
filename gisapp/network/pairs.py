"""Supply and return pipes of heating: which two make a pair, and the place beside a place."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from gisapp.network.model import Twins

NEAR_M = 10.0
"""How far apart the ends of a pair may lie: both pipes lie in one trench, drawings spread them."""


def no_twins(n_links: int) -> Twins:
    """Return that no link has another beside it."""
    return Twins(np.full(n_links, -1, dtype=np.int64), np.zeros(n_links, dtype=bool))


def paired_links(nodes: pd.DataFrame, links: pd.DataFrame, a: np.ndarray, b: np.ndarray) -> Twins:
    """Return for every supply link the nearest return link, and the reverse.

    Two links make a pair when both ends of one lie within :data:`NEAR_M` of the ends of the other and
    neither has a nearer partner: nearest is the least sum of the two squared distances between ends.
    Links without positions or without a side have no partner.
    """
    twins = no_twins(len(links))
    x, y = nodes["x"].to_numpy(), nodes["y"].to_numpy()
    spots = np.column_stack([x[a], y[a], x[b], y[b]])
    side = links["side"].to_numpy()
    known = np.isfinite(spots).all(axis=1)
    supply, back = np.flatnonzero((side == "supply") & known), np.flatnonzero((side == "return") & known)
    if not len(supply) or not len(back):
        return twins
    to_back = _nearest(spots[supply], spots[back])
    to_supply = _nearest(spots[back], spots[supply])
    mutual = (to_back >= 0) & (to_supply[to_back] == np.arange(len(supply)))
    one, other = supply[mutual], back[to_back[mutual]]
    twins.link[one], twins.link[other] = other, one
    straight = ((spots[one] - spots[other]) ** 2).sum(axis=1)
    turned = ((spots[one] - spots[other][:, [2, 3, 0, 1]]) ** 2).sum(axis=1) < straight
    twins.turned[one] = twins.turned[other] = turned
    return twins


def _nearest(spots: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return for every link's two ends the row of the nearest of ``others``, drawn either way, or -1."""
    both = np.concatenate([others, others[:, [2, 3, 0, 1]]])
    distance, row = cKDTree(both).query(spots, distance_upper_bound=NEAR_M * 2**0.5)
    return np.where(np.isfinite(distance), row % len(others), -1)


def place_beside(
    twins: Twins, length_m: np.ndarray, link: np.ndarray, measure_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the other pipe of the pair at each place, or -1, and the measure there: the same share of its length."""
    there = twins.link[link]
    long = length_m[link]
    share = np.divide(measure_m, long, out=np.zeros(len(link)), where=long > 0)
    share = np.where(twins.turned[link], 1 - share, share)
    return there, np.where(there >= 0, share * length_m[there], 0.0)
