"""A shutoff: which devices to close for a burst, who is without supply and why, what can be fed from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gisapp.network.cut import Border, Cut, cut_out, sources_inside
from gisapp.network.distances import device_distances
from gisapp.network.losses import (
    ISOLATED,
    STORAGE_ONLY,
    UNINTENDED,
    Loss,
    dry_loss,
    loss,
    lost_sums,
    storage_hours,
    totals,
)
from gisapp.network.model import Network, framed
from gisapp.network.notes import Note, listed
from gisapp.network.restore import restoration
from gisapp.network.supply import Burst, burst_cells, burst_places, return_feeds, today, zone_of
from gisapp.network.trips import tripped

MOST_UNUSABLE = 20
"""How many devices that cannot be closed are each answered with the customers they cost."""


@dataclass(frozen=True, eq=False)
class Shutoff:
    """The answer for one or several bursts.

    Parameters
    ----------
    states
        Devices that were said to stand otherwise than in the tables: ``stuck``, ``closed``, ``opened``.
    must_close
        Open devices at the border of the zone with supply beyond, in the order in which to close them:
        nearest to a burst along the pipes first, then the larger diameter, then the code.
    optional
        Open devices at the border that need not be closed: ``why`` is ``dead_beyond`` or ``one_way_out``.
    verify_closed
        Devices at the border that are closed already; ``supply_beyond`` says whether one that leaks matters.
    unusable
        Devices in the zone that could bound it, were they not stuck or out of reach, with the
        ``extra_customers``, ``extra_households``, ``extra_critical`` and ``extra_length_m`` that each alone costs.
    restoration
        Closed devices that could feed from elsewhere what is left dry, best first.
    isolated, unintended, already_dry, storage_only
        Who is without supply, in classes that never overlap.
    trips
        Power: breakers and fuses that open by themselves before anything is switched.
    isolated_possible
        False when a source or tank lies in the zone: no device can cut it off.
    sources_inside
        Those sources and tanks.
    totals
        Sums over what is isolated and unintended.
    warnings
        What a person should know, in words.
    customers_known
        Whether the network has customers at all; without any, that nobody is lost says nothing.
    """

    utility: str
    bursts: tuple[Burst, ...]
    states: Mapping[str, tuple[str, ...]]
    must_close: pd.DataFrame
    optional: pd.DataFrame
    verify_closed: pd.DataFrame
    unusable: pd.DataFrame
    restoration: pd.DataFrame
    isolated: Loss
    unintended: Loss
    already_dry: Loss
    storage_only: Loss
    trips: pd.DataFrame
    isolated_possible: bool
    sources_inside: pd.DataFrame
    totals: Mapping[str, object]
    warnings: tuple[Note, ...]
    customers_known: bool


def shutoff(
    network: Network,
    bursts: Sequence[Burst],
    *,
    stuck: Iterable[str] = (),
    closed: Iterable[str] = (),
    opened: Iterable[str] = (),
) -> Shutoff:
    """Return what to close for the bursts, who is then without supply, and what could be fed from elsewhere.

    The zone reaches from the bursts over everything that cannot be closed; devices that are closed bound
    it even where they cannot be operated. A device must be closed when something is fed beyond it, after
    the zone is cut out, and can flow through it into the zone. Closing a valve that is drawn as a node
    also separates the other pipes of that node.

    Parameters
    ----------
    network
        From :func:`gisapp.network.network_of`.
    bursts
        Codes of links, or pairs of code and metres from its from_node. A link without a place bursts
        along its whole length. Of heating, the other pipe of the pair is shut too.
    stuck
        Codes of devices that today cannot be operated.
    closed, opened
        Codes of devices that today stand otherwise than in the tables.

    Raises
    ------
    InputError
        On no burst, an unknown link or device, or a device said to be both closed and open.

    Notes
    -----
    Takes time that grows with what is lost, and with the devices that cannot be closed; not with the network, but for
    the first question of it, or after devices are said to stand otherwise.
    """
    states = {"stuck": tuple(stuck), "closed": tuple(closed), "opened": tuple(opened)}
    state = today(network, **states)
    places = burst_places(network, bursts)
    pieces = np.unique([piece for piece, _ in places])
    starts = burst_cells(network, pieces)
    cut, border = cut_out(network, state, starts)
    hours = storage_hours(network, cut.after, cut.way, cut.zone, np.setdiff1d(cut.gone.fed, cut.gone.stored))
    isolated, unintended = (loss(network, cut.classes, wanted, cut.among) for wanted in (ISOLATED, UNINTENDED))
    inside = sources_inside(network, cut)
    crossed = _crossed(network, cut, starts)
    rows = (border.must, border.optional, border.closed, crossed)
    metres = np.split(
        np.round(device_distances(network, cut.cells, places, np.concatenate(rows)), 2),
        np.cumsum([len(one) for one in rows[:-1]]),
    )
    why = np.where(np.isin(border.optional, border.one_way_out), "one_way_out", "dead_beyond").astype(object)
    fed = np.isin(border.closed, border.fed_beyond)
    answer = Shutoff(
        utility=network.utility,
        bursts=tuple(bursts),
        states=states,
        must_close=_listed(network, border.must, metres[0], order=None),
        optional=_listed(network, border.optional, metres[1], why=why),
        verify_closed=_listed(network, border.closed, metres[2], supply_beyond=fed),
        unusable=_unusable(network, cut, starts, crossed, metres[3]),
        restoration=restoration(network, cut),
        isolated=isolated,
        unintended=unintended,
        already_dry=dry_loss(network, cut.given),
        storage_only=loss(network, cut.classes, STORAGE_ONLY, cut.among, hours),
        trips=tripped(network, state, starts),
        isolated_possible=not len(inside),
        sources_inside=framed({name: network.columns["nodes"][name][inside] for name in ("code", "kind")}),
        totals={},
        warnings=(),
        customers_known=bool(len(network.customers)),
    )
    sums = totals(network, cut.classes, cut.among)
    return replace(
        answer, totals={**sums, **_valve_sums(answer)}, warnings=_warnings(network, answer, cut, border, pieces)
    )


def cut_of(network: Network, answer: Shutoff) -> Cut:
    """Return the states, the zone and what is fed before and after a shutoff, cell by cell."""
    pieces = np.unique([piece for piece, _ in burst_places(network, answer.bursts)])
    return cut_out(network, today(network, **answer.states), burst_cells(network, pieces))[0]


_DEVICE_COLUMNS = (
    "code",
    "kind",
    "link_code",
    "end",
    "node_code",
    "state",
    "operable",
    "direction",
    "diameter_mm",
    "turns",
    "last_operated",
)


def _listed(network: Network, rows: np.ndarray, metres: np.ndarray, **more: np.ndarray | None) -> pd.DataFrame:
    """Return devices nearest to the burst first, then the larger, then by code; columns of None count from 1."""
    devices = network.columns["devices"]
    size = devices["diameter_mm"][rows].astype(float)
    by_code = np.argsort(np.argsort(devices["code"][rows]))
    order = np.lexsort((by_code, -np.nan_to_num(size), metres))
    picked = {name: devices[name][rows[order]] for name in _DEVICE_COLUMNS}
    picked["distance_m"] = np.where(np.isfinite(metres), metres, np.nan)[order]
    for name, column in more.items():
        picked[name] = np.arange(1, len(rows) + 1) if column is None else column[order]
    return framed(picked)


def _crossed(network: Network, cut: Cut, starts: np.ndarray) -> np.ndarray:
    """Return the devices that the zone had to cross and that could bound it, were they not stuck or out of reach."""
    cells = network.cells
    halves = cells.halves.pick(cut.cells).member
    rows = cells.device[cells.graph.edge[halves[cut.zone[cells.graph.other[halves]]]]]
    rows = np.unique(rows[rows >= 0])
    rows = rows[cut.state.passes[rows] & network.closable[rows] & ~cut.state.usable[rows]]
    return _bounds(network, cut, starts, rows)


def _unusable(network: Network, cut: Cut, starts: np.ndarray, rows: np.ndarray, metres: np.ndarray) -> pd.DataFrame:
    """Return the devices that the zone had to cross, with what each alone costs."""
    frame = _listed(network, rows, metres)
    now = lost_sums(network, cut.classes, cut.among)
    extra: list[dict[str, float]] = []
    for code in frame["code"].head(MOST_UNUSABLE):  # few, each a search of its own
        other, _ = cut_out(network, cut.state.with_usable([network.device_of[code]]), starts)
        then = lost_sums(network, other.classes, other.among)
        extra.append({name: value - then[name] for name, value in now.items()})
    for name in now:
        costs = [one[name] for one in extra] + [None] * (len(frame) - len(extra))
        frame[f"extra_{name}"] = pd.array(costs, dtype="Float64" if name == "length_m" else "Int64")
    return frame


def _bounds(network: Network, cut: Cut, starts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return those devices that would bound the zone if all of them could be closed, or lie beyond one that would."""
    if not len(rows):
        return rows
    cells, edges = network.cells, network.edges_of.pick(rows)
    ideal = zone_of(network, cut.state.with_usable(rows), starts)
    apart = ~np.isin(cells.a[edges.member], ideal) | ~np.isin(cells.b[edges.member], ideal)
    return rows[np.unique(edges.owner[apart])]


def _valve_sums(answer: Shutoff) -> dict[str, object]:
    """Return how many devices must be closed, in all and by nominal diameter."""
    size = answer.must_close["diameter_mm"].to_numpy(dtype=float)
    sizes, counts = np.unique(np.round(size[~np.isnan(size)]).astype(np.int64), return_counts=True)
    return {
        "valves": len(answer.must_close),
        "valves_by_dn": {str(size): int(count) for size, count in zip(sizes, counts, strict=True)},
        "storage_only_customers": len(answer.storage_only.customers),
        "already_dry_customers": len(answer.already_dry.customers),
    }


def _warnings(network: Network, answer: Shutoff, cut: Cut, border: Border, pieces: np.ndarray) -> tuple[Note, ...]:
    """Return what a person should know about an answer."""
    notes = list(network.warnings)
    if network.customers.empty:
        notes.append(Note("network.no_customers"))
    if not answer.isolated_possible:
        codes = list(answer.sources_inside["code"])
        notes.append(Note("network.cannot_isolate", {"codes": listed(codes)}))
    elif not cut.given.before.alive[network.piece_cell[pieces]].any():
        notes.append(Note("network.was_dry"))
    if len(border.shut_links):
        codes = list(network.columns["links"]["code"][border.shut_links])
        notes.append(Note("network.shut_links", {"codes": listed(codes)}))
    notes += _doubts(network, answer, border)
    split = [code for code in answer.bursts if isinstance(code, str) and _is_split(network, code)]
    if split:
        notes.append(Note("network.split_link", {"codes": listed(split)}))
    if network.utility == "heating" and len(network.links) and not len(return_feeds(network)):
        notes.append(Note("network.no_return"))
    return tuple(notes)


def _doubts(network: Network, answer: Shutoff, border: Border) -> list[Note]:
    """Return what is not known of the devices at the border, or cannot be as it is on record."""
    devices, now = network.columns["devices"], np.datetime64(pd.Timestamp.now(tz="UTC").tz_localize(None))
    around = np.concatenate([border.must, border.optional, border.closed])
    doubtful = {
        "network.unknown_operable": border.must[devices["operable"][border.must] == "unknown"],
        "network.unknown_state": border.must[devices["state"][border.must] == "unknown"],
        "network.future_state": around[devices["last_operated"][around] > now],
    }
    notes = []
    for key, rows in doubtful.items():
        if len(rows):
            listing = pd.concat([answer.must_close["code"], answer.optional["code"], answer.verify_closed["code"]])
            codes = list(listing[listing.isin(devices["code"][rows])])
            notes.append(Note(key, {"n": len(codes), "codes": listed(codes)}))
    return notes


def _is_split(network: Network, code: str) -> bool:
    """Return whether a link has devices along it."""
    link = network.link_of[code]
    first, last = np.searchsorted(network.middles.link, [link, link + 1])
    return bool(last > first) and float(network.columns["links"]["length_m"][link]) > 0
