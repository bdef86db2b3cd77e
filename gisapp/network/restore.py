"""Restoration: closed devices that could feed from elsewhere what a shutoff leaves dry."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from gisapp.network.losses import STORAGE_ONLY, UNINTENDED, attached_classes
from gisapp.network.model import Network
from gisapp.network.search import reach
from gisapp.network.supply import Service, Today, element_is_return, lets


@dataclass(frozen=True, eq=False)
class Cut:
    """A shutoff as far as it is known: states, the zone, what is fed after, and the class of every element."""

    state: Today
    passes: np.ndarray
    """What lets pass once the valves are closed."""
    zone: np.ndarray
    after: Service
    classes: np.ndarray


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
    return pd.DataFrame([asdict(row) for row in ranked], columns=[field.name for field in fields(_Gain)]).astype(
        {"code": "str", "kind": "str", "also_open": "str", "close_first": "str"}
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
    """Return the closed devices that lie between a fed and a dry cell, neither of them in the zone."""
    cells = network.cells
    can_open = np.append(~cut.state.passes & cut.state.usable, False)[cells.device]
    outside = can_open & ~cut.zone[cells.a] & ~cut.zone[cells.b]
    found = _into(cells.forth, cells.back, cut.after.fed, network)
    if network.utility == "heating":
        found |= _into(cells.back, cells.forth, cut.after.back, network)
    return [int(row) for row in np.unique(cells.device[found & outside])]


def _into(forth: np.ndarray, back: np.ndarray, had: np.ndarray, network: Network) -> np.ndarray:
    """Return the edges that lead from a cell that has something to one that has not."""
    a, b = network.cells.a, network.cells.b
    return (forth & had[a] & ~had[b]) | (back & had[b] & ~had[a])


def _companions(network: Network, cut: Cut, device: int) -> list[int]:
    """Return the closed devices on the other pipe of the pair."""
    if network.utility != "heating":
        return []
    link = network.link_of[str(network.devices["link_code"].iloc[device])]
    there = network.twins.link[link]
    if there < 0:
        return []
    joints = network.joints
    beside = joints.device[(joints.link == there) & (joints.device >= 0)]
    return [int(row) for row in np.unique(beside) if not cut.state.passes[row] and cut.state.usable[row]]


def _brought_back(network: Network, cut: Cut, devices: list[int]) -> _Gain | None:
    """Return what opening devices brings back, or None when it is nothing that this shutoff took."""
    cells = network.cells
    passes = cut.passes.copy()
    passes[devices] = True
    forth, back = lets(network, passes)
    opened = np.isin(cells.device, devices)

    def region(way: np.ndarray, other_way: np.ndarray, had: np.ndarray) -> np.ndarray:
        into = opened & _into(way, other_way, had, network)
        first = np.where(had[cells.a], cells.b, cells.a)[into]
        return reach(cells.graph, forth=way, back=other_way, starts=first, shut=cut.zone | had)

    fed = region(forth, back, cut.after.fed)
    given = region(back, forth, cut.after.back) if network.utility == "heating" else np.zeros_like(fed)
    alive = np.where(
        element_is_return(network), (cut.after.back | given)[network.cell], (cut.after.fed | fed)[network.cell]
    )
    gained = np.where(element_is_return(network), given[network.cell], fed[network.cell])
    hit = gained & np.isin(cut.classes, [UNINTENDED, STORAGE_ONLY])
    if not hit.any():
        return None
    people = network.columns["customers"]
    classes = attached_classes(network, cut.classes, "customers")
    returns = people["back_element"]
    served = alive[people["element"]] & np.append(alive, True)[returns]
    back_again, off_storage = served & (classes == UNINTENDED), served & (classes == STORAGE_ONLY)
    pieces = network.pieces
    lengths = (pieces.to_m - pieces.from_m)[hit[len(network.nodes) :]]
    codes = network.columns["devices"]["code"]
    return _Gain(
        code=codes[devices[0]],
        kind=network.columns["devices"]["kind"][devices[0]],
        customers=int(back_again.sum()),
        households=int(people["households"][back_again].sum()),
        storage_customers=int(off_storage.sum()),
        length_m=float(lengths.sum()),
        also_open=",".join(codes[devices[1:]]),
        close_first=",".join(_leading_into_zone(network, cut, fed | given, forth, back)),
    )


def _leading_into_zone(
    network: Network, cut: Cut, region: np.ndarray, forth: np.ndarray, back: np.ndarray
) -> list[str]:
    """Return the open devices that lead from a region into the zone."""
    cells = network.cells
    out = (region[cells.a] & cut.zone[cells.b] & forth) | (region[cells.b] & cut.zone[cells.a] & back)
    rows = np.unique(cells.device[out & (cells.device >= 0)])
    return sorted(network.columns["devices"]["code"][rows])
