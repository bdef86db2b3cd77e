"""A shutoff: which devices to close for a burst, who is without supply and why, what can be fed from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gisapp.network.distances import device_distances
from gisapp.network.losses import (
    ALREADY_DRY,
    ISOLATED,
    STORAGE_ONLY,
    UNINTENDED,
    Loss,
    element_classes,
    loss,
    lost_sums,
    storage_hours,
    totals,
)
from gisapp.network.model import CLOSABLE, Network, framed
from gisapp.network.notes import Note, listed
from gisapp.network.restore import Cut, restoration
from gisapp.network.supply import (
    Burst,
    Service,
    Today,
    burst_cells,
    burst_places,
    return_feeds,
    service,
    today,
    zone_of,
)
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
    Two searches over the cells of the network, and one more for every device that cannot be closed.
    """
    states = {"stuck": tuple(stuck), "closed": tuple(closed), "opened": tuple(opened)}
    state = today(network, **states)
    places = burst_places(network, bursts)
    pieces = np.unique([piece for piece, _ in places])
    starts = burst_cells(network, pieces)
    before = service(network, state.passes)
    cut, border = _cut(network, state, starts, before)
    distance = device_distances(network, cut.zone, places)
    hours = storage_hours(network, cut.after, cut.passes, cut.zone)
    isolated, unintended = loss(network, cut.classes, ISOLATED), loss(network, cut.classes, UNINTENDED)
    must = _listed(network, border.must, distance)
    must["order"] = np.arange(1, len(must) + 1)
    optional = _listed(network, border.optional, distance)
    optional["why"] = np.array([border.why[code] for code in optional["code"]], dtype=object)
    verify = _listed(network, border.closed, distance)
    verify["supply_beyond"] = verify["code"].isin(border.fed_beyond).to_numpy(dtype=bool)
    inside = _sources_inside(network, cut.zone)
    answer = Shutoff(
        utility=network.utility,
        bursts=tuple(bursts),
        states=states,
        must_close=must,
        optional=optional,
        verify_closed=verify,
        unusable=_unusable(network, cut, starts, before, distance),
        restoration=restoration(network, cut),
        isolated=isolated,
        unintended=unintended,
        already_dry=loss(network, cut.classes, ALREADY_DRY),
        storage_only=loss(network, cut.classes, STORAGE_ONLY, hours),
        trips=tripped(network, state, starts),
        isolated_possible=inside.empty,
        sources_inside=inside,
        totals={},
        warnings=(),
    )
    sums = totals(network, cut.classes, (isolated, unintended))
    return replace(
        answer, totals={**sums, **_valve_sums(answer)}, warnings=_warnings(network, answer, before, border, pieces)
    )


def cut_of(network: Network, answer: Shutoff) -> tuple[Service, Cut]:
    """Return what was fed before a shutoff, and states, zone and what is fed after it, cell by cell."""
    state = today(network, **answer.states)
    pieces = np.unique([piece for piece, _ in burst_places(network, answer.bursts)])
    before = service(network, state.passes)
    return before, _cut(network, state, burst_cells(network, pieces), before)[0]


@dataclass(frozen=True, eq=False)
class _Border:
    """The devices at the border of a zone, by what is to be done with each (rows of devices)."""

    must: np.ndarray
    optional: np.ndarray
    closed: np.ndarray
    why: Mapping[str, str]
    fed_beyond: tuple[str, ...]
    shut_links: tuple[str, ...]


def _cut(network: Network, state: Today, starts: np.ndarray, before: Service) -> tuple[Cut, _Border]:
    """Return the zone, its border, and what is fed and lost once the border is closed."""
    zone = zone_of(network, state, starts)
    after = service(network, state.passes, zone)
    border = _border(network, state, zone, after)
    passes = state.passes.copy()
    joints_each = np.bincount(network.joints.device[network.joints.device >= 0], minlength=len(passes))
    bodies = border.must[joints_each[border.must] > 1]
    if len(bodies):  # closing such a valve separates other pipes too
        passes[bodies] = False
        after = service(network, passes, zone)
    classes = element_classes(network, before, after, zone)
    return Cut(state, passes, zone, after, classes), border


def _border(network: Network, state: Today, zone: np.ndarray, after: Service) -> _Border:
    """Return the devices at the border of a zone."""
    cells = network.cells
    a_in, b_in = zone[cells.a], zone[cells.b]
    edges = np.flatnonzero(a_in != b_in)
    beyond = np.where(a_in[edges], cells.b[edges], cells.a[edges])
    inward = np.where(a_in[edges], cells.back[edges], cells.forth[edges])
    device, alive = cells.device[edges], after.alive[beyond]
    passes = np.append(state.passes, False)[device]
    closes = np.append(state.usable, False)[device]
    must = np.unique(device[passes & closes & inward & alive])
    rest = passes & closes & ~np.isin(device, must)
    codes = network.columns["devices"]["code"]
    why = {
        codes[row]: "one_way_out" if live else "dead_beyond"
        for row, live in zip(device[rest], alive[rest], strict=True)
    }
    shut = (device >= 0) & ~(passes & closes)  # closed, or closes by itself
    none = (device < 0) & cells.shut[edges]
    exchanger = network.columns["links"]["kind"] == "exchanger"
    links = np.unique(network.joints.link[cells.joint[edges[none]]])
    return _Border(
        must=must,
        optional=np.unique(device[rest]),
        closed=np.unique(device[shut]),
        why=why,
        fed_beyond=tuple(np.unique(codes[device[shut & alive & inward]])),
        shut_links=tuple(network.columns["links"]["code"][links[~exchanger[links]]]),
    )


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


def _listed(network: Network, rows: np.ndarray, distance: np.ndarray) -> pd.DataFrame:
    """Return devices nearest first, then the larger, then by code."""
    devices = network.columns["devices"]
    metres = np.round(distance[rows], 2)
    size = devices["diameter_mm"][rows].astype(float)
    by_code = np.argsort(np.argsort(devices["code"][rows]))
    order = np.lexsort((by_code, -np.nan_to_num(size), metres))
    picked = {name: devices[name][rows[order]] for name in _DEVICE_COLUMNS}
    return framed({**picked, "distance_m": np.where(np.isfinite(metres), metres, np.nan)[order]})


def _unusable(network: Network, cut: Cut, starts: np.ndarray, before: Service, distance: np.ndarray) -> pd.DataFrame:
    """Return the devices that the zone had to cross, with what each alone costs."""
    cells = network.cells
    closable = np.isin(network.columns["devices"]["kind"].astype(str), CLOSABLE)
    hopeless = cut.state.passes & closable & ~cut.state.usable
    rows = np.unique(cells.device[cut.zone[cells.a] & cut.zone[cells.b] & (cells.device >= 0)])
    rows = rows[hopeless[rows]]
    bounds = _bounds(network, cut, starts, rows)
    frame = _listed(network, bounds, distance)
    now = lost_sums(network, cut.classes)
    extra: list[dict[str, float]] = []
    for code in frame["code"].head(MOST_UNUSABLE):  # few, each a search of its own
        usable = cut.state.usable.copy()
        usable[network.device_of[code]] = True
        other, _ = _cut(network, replace(cut.state, usable=usable), starts, before)
        then = lost_sums(network, other.classes)
        extra.append({name: value - then[name] for name, value in now.items()})
    for name in now:
        costs = [one[name] for one in extra] + [None] * (len(frame) - len(extra))
        frame[f"extra_{name}"] = pd.array(costs, dtype="Float64" if name == "length_m" else "Int64")
    return frame


def _bounds(network: Network, cut: Cut, starts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return those devices that would bound the zone if all of them could be closed, or lie beyond one that would."""
    usable = cut.state.usable.copy()
    usable[rows] = True
    cells = network.cells
    ideal = zone_of(network, replace(cut.state, usable=usable), starts)
    apart = np.isin(cells.device, rows) & (~ideal[cells.a] | ~ideal[cells.b])
    return np.unique(cells.device[apart])


def _sources_inside(network: Network, zone: np.ndarray) -> pd.DataFrame:
    """Return the sources and tanks in the zone."""
    rows = np.concatenate([network.feeds, network.stores]).astype(np.int64)
    rows = rows[zone[network.cell[rows]]]
    return framed({name: network.columns["nodes"][name][rows] for name in ("code", "kind")})


def _valve_sums(answer: Shutoff) -> dict[str, object]:
    """Return how many devices must be closed, in all and by nominal diameter."""
    sizes, counts = np.unique(answer.must_close["diameter_mm"].dropna().round().astype("int64"), return_counts=True)
    return {
        "valves": len(answer.must_close),
        "valves_by_dn": {str(size): int(count) for size, count in zip(sizes, counts, strict=True)},
        "storage_only_customers": len(answer.storage_only.customers),
        "already_dry_customers": len(answer.already_dry.customers),
    }


def _warnings(
    network: Network, answer: Shutoff, before: Service, border: _Border, pieces: np.ndarray
) -> tuple[Note, ...]:
    """Return what a person should know about an answer."""
    notes = list(network.warnings)
    if not answer.isolated_possible:
        codes = list(answer.sources_inside["code"])
        notes.append(Note("network.cannot_isolate", {"codes": listed(codes)}))
    elif not before.alive[network.piece_cell[pieces]].any():
        notes.append(Note("network.was_dry"))
    if border.shut_links:
        notes.append(Note("network.shut_links", {"codes": listed(list(border.shut_links))}))
    notes += _doubts(answer)
    split = [code for code in answer.bursts if isinstance(code, str) and _is_split(network, code)]
    if split:
        notes.append(Note("network.split_link", {"codes": listed(split)}))
    if network.utility == "heating" and len(network.links) and not len(return_feeds(network)):
        notes.append(Note("network.no_return"))
    return tuple(notes)


def _doubts(answer: Shutoff) -> list[Note]:
    """Return what is not known of the devices at the border, or cannot be as it is on record."""
    must = answer.must_close
    border = pd.concat([must, answer.optional, answer.verify_closed])
    doubtful = {
        "network.unknown_operable": must.loc[must["operable"] == "unknown", "code"],
        "network.unknown_state": must.loc[must["state"] == "unknown", "code"],
        "network.future_state": border.loc[border["last_operated"] > pd.Timestamp.now(tz="UTC"), "code"],
    }
    return [Note(key, {"n": len(codes), "codes": listed(list(codes))}) for key, codes in doubtful.items() if len(codes)]


def _is_split(network: Network, code: str) -> bool:
    """Return whether a link has devices along it."""
    link = network.link_of[code]
    return int((network.middles.link == link).sum()) > 0 and float(network.links["length_m"].iloc[link]) > 0
