"""Who is fed: devices as they stand today, what reaches which cell, and how far a burst must be cut out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gisapp.errors import InputError
from gisapp.network.attach import node_sides
from gisapp.network.model import Network
from gisapp.network.pairs import place_beside
from gisapp.network.pieces import piece_at
from gisapp.network.search import reach

Burst = str | tuple[str, float]
_SLACK_M = 0.5


@dataclass(frozen=True, eq=False)
class Today:
    """For every device whether it lets pass, can be closed, and cannot move at all, with today's overrides."""

    passes: np.ndarray
    usable: np.ndarray
    stuck: np.ndarray


@dataclass(frozen=True, eq=False)
class Service:
    """Masks of cells: fed without limit, fed at least from storage, and (heating) able to give back."""

    fed: np.ndarray
    stored: np.ndarray
    back: np.ndarray

    @property
    def alive(self) -> np.ndarray:
        """Return the cells from which something can flow."""
        return self.stored | self.back


def today(
    network: Network, *, stuck: Iterable[str] = (), closed: Iterable[str] = (), opened: Iterable[str] = ()
) -> Today:
    """Return the state of all devices with the overrides.

    Raises
    ------
    InputError
        On an unknown device, or one that is said to be both closed and open.
    """
    shut, open_ = list(closed), list(opened)
    both = set(shut) & set(open_)
    if both:
        raise InputError(f"the device {sorted(both)[0]!r} is said to be closed and open", todo="say one of them")
    passes = network.devices["passes"].to_numpy(dtype=bool).copy()
    usable = network.devices["usable"].to_numpy(dtype=bool).copy()
    passes[_rows(network, shut)] = False
    passes[_rows(network, open_)] = True
    held = (network.devices["operable"] == "stuck").to_numpy(dtype=bool).copy()
    named = _rows(network, stuck)
    usable[named], held[named] = False, True
    return Today(passes, usable, held)


def _rows(network: Network, codes: Iterable[str]) -> list[int]:
    """Return the rows of devices by their codes."""
    rows = []
    for code in codes:
        if code not in network.device_of:
            raise InputError(f"unknown device {code!r} in {network.utility}", todo="give the code of a device")
        rows.append(network.device_of[code])
    return rows


def lets(network: Network, passes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for every edge between cells whether it lets pass from a to b, and from b to a."""
    cells = network.cells
    free = np.append(passes, True)[cells.device]
    return cells.forth & free, cells.back & free


def service(network: Network, passes: np.ndarray, shut: np.ndarray | None = None) -> Service:
    """Return what is fed when the cells in ``shut`` are cut out."""
    cells = network.cells
    out = np.zeros(cells.count, dtype=bool) if shut is None else shut
    forth, back = lets(network, passes)
    feeds = network.cell[network.feeds]
    stores = network.cell[network.stores]
    fed = reach(cells.graph, forth=forth, back=back, starts=feeds, shut=out)
    stored = fed
    if len(stores):
        stored = reach(cells.graph, forth=forth, back=back, starts=np.concatenate([feeds, stores]), shut=out)
    given = np.zeros(cells.count, dtype=bool)
    if network.utility == "heating":
        given = reach(cells.graph, forth=back, back=forth, starts=network.cell[return_feeds(network)], shut=out)
    return Service(fed, stored, given)


def return_feeds(network: Network) -> np.ndarray:
    """Return the sources of heating that take water back."""
    return network.feeds[np.isin(node_sides(network)[network.feeds], ["return", "both"])]


def element_is_return(network: Network) -> np.ndarray:
    """Return a mask of the elements on the return side, where giving back is what counts."""
    side = (network.links["side"] == "return").to_numpy()
    return np.concatenate([node_sides(network) == "return", side[network.pieces.link]])


def burst_places(network: Network, bursts: Sequence[Burst]) -> list[tuple[int, float | None]]:
    """Return the pieces that burst, each with the metres along its link, or None where all of it does.

    All of a link, or the piece at a measure; the pieces on both sides of a device there. Of heating, the
    other pipe of the pair is taken out too.

    Raises
    ------
    InputError
        When there is none, on an unknown link, or on a measure beyond its ends.
    """
    if not bursts:
        raise InputError("no burst", todo="name at least one link")
    found: list[tuple[int, float | None]] = []
    length_m = network.columns["links"]["length_m"].astype(float)
    for burst in bursts:
        code, measure = (burst, None) if isinstance(burst, str) else burst
        if code not in network.link_of:
            raise InputError(f"unknown link {code!r} in {network.utility}", todo="give the code of a pipe or cable")
        link = network.link_of[code]
        long = float(length_m[link])
        if measure is not None and not -_SLACK_M <= measure <= long + _SLACK_M:
            raise InputError(f"the link {code!r} is {long:g} m long, found {measure:g}", todo="give a place on it")
        at = 0.0 if measure is None else min(max(measure, 0.0), long)
        beside, there_m = place_beside(network.twins, length_m, np.array([link]), np.array([at]))
        spots = [(link, at)] + [(int(beside[0]), float(there_m[0]))] * int(beside[0] >= 0)
        for row, metres in spots:
            place = None if measure is None else metres
            found += [(int(piece), place) for piece in _pieces_at(network, row, place)]
    return found


def _pieces_at(network: Network, link: int, measure_m: float | None) -> np.ndarray:
    """Return the pieces of a link that burst."""
    pieces = network.pieces
    if measure_m is None:
        rows = np.arange(pieces.first[link], pieces.first[link + 1])
    else:
        row, at = np.array([link]), np.array([measure_m])
        before = piece_at(pieces, network.middles, row, at)[0]
        rows = np.arange(before, piece_at(pieces, network.middles, row, at, beyond=True)[0] + 1)
        if len(rows) > 1:
            return rows
    return rows[~pieces.filler[rows]] if (~pieces.filler[rows]).any() else rows


def burst_cells(network: Network, pieces: np.ndarray) -> np.ndarray:
    """Return the cells that burst; where a link is closed somewhere, both its ends do, for no one knows where."""
    joints = network.joints
    shut_link = np.zeros(len(network.links), dtype=bool)
    shut_link[joints.link[joints.shut]] = True
    links = np.unique(network.pieces.link[pieces])
    links = links[shut_link[links]]
    ends = np.concatenate([network.a[links], network.b[links]])
    return np.unique(np.concatenate([network.piece_cell[pieces], network.cell[ends]]))


def zone_of(network: Network, state: Today, starts: np.ndarray) -> np.ndarray:
    """Return the mask of cells to cut out: from the bursts over everything open that cannot be closed.

    What is closed already bounds the zone even where it cannot be operated, and so does a check valve that
    points out of the zone, for it closes by itself. A check valve that cannot move bounds nothing.
    """
    forth, back = hold(network, state)
    none = np.zeros(network.cells.count, dtype=bool)
    return reach(network.cells.graph, forth=forth, back=back, starts=starts, shut=none)


def hold(network: Network, state: Today) -> tuple[np.ndarray, np.ndarray]:
    """Return for every edge between cells whether a zone that has a grows to b, and one that has b to a."""
    cells = network.cells
    held = np.append(state.passes & ~state.usable, True)[cells.device] & ~cells.shut
    by_itself = np.append(self_closing(network, state), False)[cells.device]
    # A step from a to b enters b: by itself only against the flow, that is when b feeds a.
    return held & (~by_itself | cells.back), held & (~by_itself | cells.forth)


def self_closing(network: Network, state: Today) -> np.ndarray:
    """Return the mask of check valves that work."""
    return network.check_valves & ~state.stuck
