"""Restoration: closed devices that could feed from elsewhere what a shutoff leaves dry."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from gisapp.network.cut import Cut
from gisapp.network.losses import STORAGE_ONLY, UNINTENDED, attached_classes, touched
from gisapp.network.model import Network, framed
from gisapp.network.search import Ways, reach, ways
from gisapp.network.supply import element_is_return, flowing


def restoration(network: Network, cut: Cut) -> pd.DataFrame:
    """Return closed devices between a fed and a dry area, ranked by the customers that opening each brings back.

    Only devices that can be operated, whose far side this shutoff leaves dry or on storage, and
    that do not lead into the zone. Of heating, closed devices on the other pipe of the pair are opened with it.
    Not checked: pressure zone, water quality, phase, capacity.

    Returns
    -------
    DataFrame
        ``code``, ``kind``, ``customers`` and ``households`` brought back, ``storage_customers`` taken off
        storage, ``length_m`` of links brought back, ``also_open`` (heating) and ``close_first``: devices
        to close beforehand because they lead from the dry area into the zone. Codes are comma separated.
        Most customers first, then households, length, code.
    """
    rows = []
    for device in _candidates(network, cut):  # few, and each search stays in the dry area
        rows.append(_brought_back(network, cut, [device, *_companions(network, cut, device)]))
    ranked = sorted(
        (row for row in rows if row is not None),
        key=lambda row: (-row.customers, -row.households, -row.storage_customers, -row.length_m, row.code),
    )
    kinds = {"str": object, "int": np.int64, "float": float}
    return framed(
        {
            field.name: np.array([getattr(row, field.name) for row in ranked], dtype=kinds[str(field.type)])
            for field in fields(_Gain)
        }
    )


@dataclass(frozen=True)
class _Gain:
    """What opening one device brings back."""

    code: str
    kind: str
    customers: int
    households: int
    storage_customers: int
    length_m: float
    also_open: str
    close_first: str


def _candidates(network: Network, cut: Cut) -> list[int]:
    """Return the closed devices that lie between a fed and a dry cell, neither of them in the zone.

    Only those are looked at behind which lies, also over cells that were dry before, something that this
    shutoff took.
    """
    if not len(cut.dark):
        return []
    cells, way = network.cells, cut.way
    if network.utility == "heating" or network.bodies.any():  # opening one may open others with it
        way = network.once("drawn", lambda: ways(cells.graph, cells.forth, cells.back))
    found = _behind(network, cut, way.into, cut.after.fed)
    if network.utility == "heating":
        found = np.concatenate([found, _behind(network, cut, way.out, cut.after.back)])
        pairs = [device for row in np.unique(found) for device in _companions(network, cut, int(row))]
        found = np.concatenate([found, [device for device in pairs if _between(network, cut, device)]])
    return [int(row) for row in np.unique(found) if _between(network, cut, int(row))]


def _behind(network: Network, cut: Cut, way: np.ndarray, had: np.ndarray) -> np.ndarray:
    """Return the closed devices beside what leads to a cell that has lost something."""
    cells, graph = network.cells, network.cells.graph
    region = reach(graph, way, cut.dark, cut.zone | had)
    device = cells.device[graph.edge[cells.halves.pick(region).member]]
    device = np.unique(device[device >= 0])
    return device[~cut.state.passes[device] & cut.state.usable[device]]


def _between(network: Network, cut: Cut, device: int) -> bool:
    """Return whether a device lies between a fed and a dry cell, neither of them in the zone."""
    cells, edges = network.cells, network.edges_of.pick(np.array([device])).member
    outside = ~cut.zone[cells.a[edges]] & ~cut.zone[cells.b[edges]]
    found = _into(network, edges, cut.after.fed)
    if network.utility == "heating":
        found |= _into(network, edges, cut.after.back, against=True)
    return bool((found & outside).any())


def _into(network: Network, edges: np.ndarray, had: np.ndarray, *, against: bool = False) -> np.ndarray:
    """Return which edges lead from a cell that has something to one that has not, with or ``against`` the flow."""
    cells = network.cells
    a, b, forth, back = cells.a[edges], cells.b[edges], cells.forth[edges], cells.back[edges]
    forth, back = (back, forth) if against else (forth, back)
    return (forth & had[a] & ~had[b]) | (back & had[b] & ~had[a])


def _companions(network: Network, cut: Cut, device: int) -> list[int]:
    """Return the closed devices on the other pipe of the pair."""
    if network.utility != "heating":
        return []
    joints, first = network.joints, network.pieces.first
    edges = network.edges_of.pick(np.array([device])).member
    there = network.twins.link[np.unique(joints.link[network.cells.joint[edges]])]
    beside = [joints.device[first[link] + link : first[link + 1] + link + 1] for link in there[there >= 0]]
    rows = np.unique(np.concatenate([*beside, np.zeros(0, dtype=np.int64)]))
    return [int(row) for row in rows[rows >= 0] if not cut.state.passes[row] and cut.state.usable[row]]


def _brought_back(network: Network, cut: Cut, devices: list[int]) -> _Gain | None:
    """Return what opening devices brings back, or None when it is nothing that this shutoff took."""
    cells, graph = network.cells, network.cells.graph
    rows = np.unique(devices)
    way = flowing(network, cut.way, rows, np.ones(len(cut.passes), dtype=bool))
    edges = network.edges_of.pick(rows).member

    def region(out: np.ndarray, had: np.ndarray, *, against: bool) -> np.ndarray:
        into = edges[_into(network, edges, had, against=against)]
        first = np.where(had[cells.a[into]], cells.b[into], cells.a[into])
        return reach(graph, out, first, cut.zone | had)

    fed = region(way.out, cut.after.fed, against=False)
    given = region(way.into, cut.after.back, against=True) if network.utility == "heating" else fed[:0]
    reached = np.unique(np.concatenate([fed, given]))
    among = touched(network, reached)
    forward, back = cut.after.fed.copy(), cut.after.back.copy()
    forward[fed], back[given] = True, True

    def has(element: np.ndarray, there: np.ndarray, back_there: np.ndarray) -> np.ndarray:
        returning = element_is_return(network)[element]
        return np.where(returning, back_there[network.cell[element]], there[network.cell[element]])

    new = has(among.elements, forward & ~cut.after.fed, back & ~cut.after.back)
    hit = among.elements[new & np.isin(cut.classes[among.elements], [UNINTENDED, STORAGE_ONLY])]
    if not len(hit):
        return None
    people, who = network.columns["customers"], among.customers
    classes = attached_classes(network, cut.classes, "customers", who)
    end = people["back_element"][who]
    served = has(people["element"][who], forward, back) & ((end < 0) | has(end, forward, back))
    back_again, off_storage = served & (classes == UNINTENDED), served & (classes == STORAGE_ONLY)
    pieces = hit[hit >= len(network.nodes)] - len(network.nodes)
    codes = network.columns["devices"]["code"]
    return _Gain(
        code=codes[devices[0]],
        kind=network.columns["devices"]["kind"][devices[0]],
        customers=int(back_again.sum()),
        households=int(people["households"][who][back_again].sum()),
        storage_customers=int(off_storage.sum()),
        length_m=float((network.pieces.to_m[pieces] - network.pieces.from_m[pieces]).sum()),
        also_open=",".join(codes[devices[1:]]),
        close_first=",".join(_leading_into_zone(network, cut, reached, way)),
    )


def _leading_into_zone(network: Network, cut: Cut, region: np.ndarray, way: Ways) -> list[str]:
    """Return the open devices that lead from a region into the zone."""
    cells, graph = network.cells, network.cells.graph
    halves = cells.halves.pick(region).member
    halves = halves[way.out[halves] & cut.zone[graph.other[halves]]]
    rows = np.unique(cells.device[graph.edge[halves]])
    return sorted(network.columns["devices"]["code"][rows[rows >= 0]])
