"""Cutting links into pieces at their devices, and finding the piece at a place along a link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisapp.network.model import Joints, Middles, Pieces

FROM, MID, TO = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Ends:
    """Links by their end nodes, lengths and what their own status and direction let pass."""

    a: np.ndarray
    b: np.ndarray
    length_m: np.ndarray
    forth: np.ndarray
    back: np.ndarray
    shut: np.ndarray


@dataclass(frozen=True, eq=False)
class Places:
    """Devices by place: their row, link, where on it (FROM, MID, TO), measure, and what they let pass."""

    device: np.ndarray
    link: np.ndarray
    where: np.ndarray
    measure_m: np.ndarray
    rank: np.ndarray
    """Order at one place, counted away from the node at an end."""
    forth: np.ndarray
    back: np.ndarray


def cut(n_nodes: int, ends: Ends, places: Places) -> tuple[Pieces, Joints]:
    """Return the pieces and joints of all links.

    A link with no device is one piece between two joints. Every device takes a joint: at an end the
    joint with the node, along the link a joint between two pieces. A second device at one place is
    kept apart from the first by a filler.
    """
    n_links = len(ends.a)
    away = np.where(places.where == TO, -places.rank, places.rank)
    order = np.lexsort((away, places.measure_m, places.where, places.link))
    link, where = places.link[order], places.where[order]
    counts = np.zeros((n_links, 3), dtype=np.int64)
    np.add.at(counts, (link, where), 1)
    before_to = np.maximum(counts[:, FROM], 1) + counts[:, MID]
    joints_of = before_to + np.maximum(counts[:, TO], 1)
    first_joint = np.zeros(n_links + 1, dtype=np.int64)
    np.cumsum(joints_of, out=first_joint[1:])

    group = link * 3 + where
    in_group = np.arange(len(group)) - np.searchsorted(group, group)
    shift = np.choose(where, [np.zeros_like(link), np.maximum(counts[link, FROM], 1), before_to[link]])
    joint = first_joint[link] + shift + in_group

    joint_link = np.repeat(np.arange(n_links), joints_of)
    local = np.arange(len(joint_link)) - first_joint[joint_link]
    at_m = np.where(local < np.maximum(counts[joint_link, FROM], 1), 0.0, ends.length_m[joint_link])
    middle = where == MID
    at_m[joint[middle]] = places.measure_m[order][middle]

    device = np.full(len(joint_link), -1, dtype=np.int64)
    device[joint] = places.device[order]
    forth, back = ends.forth[joint_link], ends.back[joint_link]
    forth[joint] &= places.forth[order]
    back[joint] &= places.back[order]

    last = local == joints_of[joint_link] - 1
    before = n_nodes + np.arange(len(joint_link)) - 1 - joint_link  # the piece that ends at this joint
    joints = Joints(
        a=np.where(local == 0, ends.a[joint_link], before),
        b=np.where(last, ends.b[joint_link], before + 1),
        link=joint_link,
        device=device,
        forth=forth,
        back=back,
        shut=ends.shut[joint_link],
    )
    starts = np.flatnonzero(~last)
    return _pieces(ends, counts, joint_link[starts], local[starts], at_m[starts], at_m[starts + 1], first_joint), joints


def _pieces(
    ends: Ends,
    counts: np.ndarray,
    link: np.ndarray,
    local: np.ndarray,
    from_m: np.ndarray,
    to_m: np.ndarray,
    first_joint: np.ndarray,
) -> Pieces:
    """Return the pieces with the fillers marked."""
    n_from = np.maximum(counts[link, FROM], 1) - 1
    body = (local >= n_from) & (local <= n_from + counts[link, MID])
    inner = (local > n_from) & (local < n_from + counts[link, MID])
    empty = to_m - from_m <= 0
    filler = ~body | (empty & (inner | (ends.length_m[link] > 0)))
    return Pieces(link=link, from_m=from_m, to_m=to_m, filler=filler, first=first_joint - np.arange(len(first_joint)))


def middles(n_links: int, places: Places) -> Middles:
    """Return the devices that sit along links."""
    along = np.flatnonzero(places.where == MID)
    order = along[np.lexsort((places.measure_m[along], places.link[along]))]
    at_from = np.bincount(places.link[places.where == FROM], minlength=n_links)
    return Middles(places.link[order], places.measure_m[order], np.maximum(at_from, 1) - 1)


def piece_at(
    pieces: Pieces, along: Middles, link: np.ndarray, measure_m: np.ndarray, *, beyond: bool = False
) -> np.ndarray:
    """Return the piece at each place; at a device the piece before it, or beyond it when asked."""
    lo, hi = np.searchsorted(along.link, link, "left"), np.searchsorted(along.link, link, "right")
    passed = np.zeros(len(link), dtype=np.int64)
    several = np.flatnonzero(hi > lo)
    if len(several):
        counts = (hi - lo)[several]
        owner = np.repeat(several, counts)
        inner = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        at = along.measure_m[lo[owner] + inner]
        past = at <= measure_m[owner] if beyond else at < measure_m[owner]
        np.add.at(passed, owner[past], 1)
    return pieces.first[link] + along.lead[link] + passed
