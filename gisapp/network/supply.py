"""Who is fed: devices as they stand today, what reaches which cell, and how far a burst must be cut out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gisapp.errors import InputError
from gisapp.network.attach import node_sides
from gisapp.network.model import Network, Once
from gisapp.network.pairs import place_beside
from gisapp.network.pieces import piece_at
from gisapp.network.search import Ways, changed, reach, ways
from gisapp.network.trees import Tree, lost, tree_from

Burst = str | tuple[str, float]
_SLACK_M = 0.5
_MOST_KEPT = 8


@dataclass(frozen=True, eq=False)
class Today:
    """For every device whether it lets pass, can be closed, and cannot move at all, with today's overrides.

    ``otherwise`` are the rows of devices that are not as the tables say.
    """

    passes: np.ndarray
    usable: np.ndarray
    stuck: np.ndarray
    otherwise: frozenset[int] = frozenset()

    def with_usable(self, rows: Iterable[int]) -> Today:
        """Return the same states, but for devices that can be closed."""
        rows, usable = [int(row) for row in rows], self.usable.copy()
        usable[rows] = True
        return replace(self, usable=usable, otherwise=self.otherwise.union(rows))


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


@dataclass(frozen=True, eq=False)
class Supply:
    """What is fed as the devices stand, ready to be asked what is lost: the ways, and the trees of what is reached.

    Parameters
    ----------
    fed, stored, back
        Trees from the sources, from sources and storage, and (heating, else empty) of the way back.
    before
        What they reach.
    """

    way: Ways
    fed: Tree
    stored: Tree
    back: Tree
    before: Service
    once: Once = field(default_factory=Once)


@dataclass(frozen=True, eq=False)
class Lost:
    """Cells that are no longer fed, not even from storage, or (heating) can no longer give back."""

    fed: np.ndarray
    stored: np.ndarray
    back: np.ndarray


def today(
    network: Network, *, stuck: Iterable[str] = (), closed: Iterable[str] = (), opened: Iterable[str] = ()
) -> Today:
    """Return the state of all devices with the overrides.

    Raises
    ------
    InputError
        On an unknown device, or one that is said to be both closed and open.
    """
    shut, open_, held = _rows(network, closed), _rows(network, opened), _rows(network, stuck)
    both = set(shut) & set(open_)
    if both:
        codes = sorted(network.columns["devices"]["code"][sorted(both)])
        raise InputError(f"the device {codes[0]!r} is said to be closed and open", todo="say one of them")
    base = network.once("today", lambda: _as_on_record(network))
    if not shut and not open_ and not held:
        return base
    passes, usable, cannot = base.passes.copy(), base.usable.copy(), base.stuck.copy()
    passes[shut], passes[open_] = False, True
    usable[held], cannot[held] = False, True
    return Today(passes, usable, cannot, frozenset([*shut, *open_, *held]))


def _as_on_record(network: Network) -> Today:
    """Return the states of the tables, which no one may change."""
    devices = network.devices
    masks = (devices["passes"], devices["usable"], devices["operable"] == "stuck")
    passes, usable, stuck = (mask.to_numpy(dtype=bool).copy() for mask in masks)
    for array in (passes, usable, stuck):
        array.setflags(write=False)
    return Today(passes, usable, stuck)


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


def supply(network: Network, state: Today) -> Supply:
    """Return what is fed as the devices stand; made once for every way they stand, a few are kept."""
    record = network.once("today", lambda: _as_on_record(network)).passes
    rows = sorted(row for row in state.otherwise if state.passes[row] != record[row])
    base = network.once("supply", lambda: _supply(network, ways(network.cells.graph, *lets(network, record))))
    if not rows:
        return base
    kept: dict[tuple[int, ...], Supply] = network.once("supplies", dict)
    found = kept.get(tuple(rows))
    if found is None:
        found = _supply(network, flowing(network, base.way, np.array(rows), state.passes))
        while len(kept) >= _MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[tuple(rows)] = found
    return found


def flowing(network: Network, way: Ways, rows: np.ndarray, passes: np.ndarray) -> Ways:
    """Return ways with some devices standing as in ``passes``."""
    cells = network.cells
    edges = network.edges_of.pick(rows).member
    free = passes[cells.device[edges]]
    return changed(cells.graph, way, edges, cells.forth[edges] & free, cells.back[edges] & free)


def _supply(network: Network, way: Ways) -> Supply:
    """Return what is fed over these ways."""
    graph = network.cells.graph
    feeds, stores = network.cell[network.feeds], network.cell[network.stores]
    fed = tree_from(graph, way.out, feeds)
    stored = tree_from(graph, way.out, np.concatenate([feeds, stores])) if len(stores) else fed
    ends = network.cell[return_feeds(network)] if network.utility == "heating" else feeds[:0]
    back = tree_from(graph, way.into, ends)
    return Supply(way, fed, stored, back, Service(fed.reached, stored.reached, back.reached))


def lost_with(
    network: Network, given: Supply, zone: np.ndarray, *, severed: np.ndarray | None = None, way: Ways | None = None
) -> Lost:
    """Return what is lost when the cells of a zone are cut out; with edges ``severed``, over the ways that are left."""
    cells, way = network.cells, way or given.way
    cut = None if severed is None else (cells.a[severed], cells.b[severed])
    stored = lost(cells.graph, way, given.stored, zone, severed=cut)
    fed = stored if given.fed is given.stored else lost(cells.graph, way, given.fed, zone, severed=cut)
    back = lost(cells.graph, way.against, given.back, zone, severed=cut) if len(given.back.order) else stored[:0]
    return Lost(fed, stored, back)


def service(given: Supply, gone: Lost) -> Service:
    """Return what is left of a supply."""
    fed = _without(given.before.fed, gone.fed)
    stored = fed if given.fed is given.stored else _without(given.before.stored, gone.stored)
    return Service(fed, stored, _without(given.before.back, gone.back))


def _without(mask: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return a mask without some of its rows."""
    if not len(rows):
        return mask
    left = mask.copy()
    left[rows] = False
    return left


def return_feeds(network: Network) -> np.ndarray:
    """Return the sources of heating that take water back."""
    return network.once(
        "return_feeds", lambda: network.feeds[np.isin(node_sides(network)[network.feeds], ["return", "both"])]
    )


def element_is_return(network: Network) -> np.ndarray:
    """Return a mask of the elements on the return side, where giving back is what counts."""

    def made() -> np.ndarray:
        side = (network.links["side"] == "return").to_numpy()
        return np.concatenate([node_sides(network) == "return", side[network.pieces.link]])

    return network.once("element_is_return", made)


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
    length_m = np.asarray(network.columns["links"]["length_m"], dtype=float)
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
    links = np.unique(network.pieces.link[pieces])
    links = links[network.shut_links[links]]
    ends = np.concatenate([network.a[links], network.b[links]])
    return np.unique(np.concatenate([network.piece_cell[pieces], network.cell[ends]]))


def zone_of(network: Network, state: Today, starts: np.ndarray) -> np.ndarray:
    """Return the cells to cut out, sorted: from the bursts over everything open that cannot be closed.

    What is closed already bounds the zone even where it cannot be operated, and so does a check valve that
    points out of the zone, for it closes by itself. A check valve that cannot move bounds nothing.
    """
    return np.sort(reach(network.cells.graph, _growing(network, state).out, starts))


def _growing(network: Network, state: Today) -> Ways:
    """Return the half-edges over which a zone grows."""
    graph = network.cells.graph

    def on_record() -> Ways:
        every = np.arange(len(network.cells.a))
        return ways(graph, *hold(network, network.once("today", lambda: _as_on_record(network)), every))

    base = network.once("growing", on_record)
    if not state.otherwise:
        return base
    edges = network.edges_of.pick(np.array(sorted(state.otherwise))).member
    return changed(graph, base, edges, *hold(network, state, edges))


def hold(network: Network, state: Today, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for edges between cells whether a zone that has a grows to b, and one that has b to a."""
    cells, device = network.cells, network.cells.device[edges]
    held, by_itself = np.ones(len(edges), dtype=bool), np.zeros(len(edges), dtype=bool)
    has = device >= 0
    rows = device[has]
    held[has] = state.passes[rows] & ~state.usable[rows]
    held &= ~cells.shut[edges]
    by_itself[has] = network.check_valves[rows] & ~state.stuck[rows]
    # A step from a to b enters b: by itself only against the flow, that is when b feeds a.
    return held & (~by_itself | cells.back[edges]), held & (~by_itself | cells.forth[edges])
