"""Who is without supply, in classes that are kept apart, and the sums over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisapp.network.model import Network, framed
from gisapp.network.search import components
from gisapp.network.supply import Service, element_is_return, lets, return_feeds

SERVED, STORAGE_ONLY, UNINTENDED, ISOLATED, ALREADY_DRY = range(5)
"""Classes of elements, the later the worse."""


@dataclass(frozen=True, eq=False)
class Loss:
    """What one class holds: links (lost length and share), customers and hydrants, each with ``code``."""

    links: pd.DataFrame
    customers: pd.DataFrame
    hydrants: pd.DataFrame


def element_classes(network: Network, before: Service, after: Service, zone: np.ndarray) -> np.ndarray:
    """Return the class of every element.

    Already dry: not fed before, from neither source nor storage. Isolated: fed before and in the zone.
    Unintended: fed before, outside the zone, not fed after. Storage only: fed by a source before, and
    by tanks alone after.
    """
    was, is_ = _fed(network, before.fed, before.back), _fed(network, after.fed, after.back)
    could, can = _fed(network, before.stored, before.back), _fed(network, after.stored, after.back)
    inside = zone[network.cell]
    found = np.full(network.n_elements, SERVED, dtype=np.int8)
    found[was & ~is_ & can] = STORAGE_ONLY
    found[could & ~can] = UNINTENDED
    found[could & inside] = ISOLATED
    found[~could] = ALREADY_DRY
    return found


def _fed(network: Network, forward: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Return the mask of elements in service; on the return side of heating they must be able to give back."""
    fed = forward[network.cell]
    if network.utility != "heating":
        return fed
    returning = element_is_return(network)
    judged = back[network.cell] if len(return_feeds(network)) else True
    return np.where(returning, judged, fed)


def attached_classes(network: Network, classes: np.ndarray, table: str) -> np.ndarray:
    """Return the class of ``customers`` or ``hydrants``: the worse of what feeds them and what takes back."""
    attached = network.columns[table]
    return np.maximum(classes[attached["element"]], np.append(classes, SERVED)[attached["back_element"]])


def loss(network: Network, classes: np.ndarray, wanted: int, hours: np.ndarray | None = None) -> Loss:
    """Return links, customers and hydrants of one class; with ``hours`` of every element where storage feeds."""
    customers = np.flatnonzero(attached_classes(network, classes, "customers") == wanted)
    hydrants = np.flatnonzero(attached_classes(network, classes, "hydrants") == wanted)
    people = _attached(network, "customers", customers, _CUSTOMER_COLUMNS)
    if hours is not None:
        people["hours"] = hours[network.columns["customers"]["element"][customers]]
    return Loss(
        framed(_links(network, classes, wanted, hours)),
        framed(people),
        framed(_attached(network, "hydrants", hydrants, ("code", "measure_m"))),
    )


_CUSTOMER_COLUMNS = ("code", "measure_m", "kind", "critical", "households", "people", "building_code")


def _links(network: Network, classes: np.ndarray, wanted: int, hours: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return one row for every link with pieces of the class: the lost length, and its share of the link."""
    pieces, links = network.pieces, network.columns["links"]
    count = len(network.nodes)
    rows = np.flatnonzero((classes[count:] == wanted) & ~pieces.filler)
    rows = rows[links["kind"][pieces.link[rows]] != "exchanger"]
    link, first = np.unique(pieces.link[rows], return_index=True)
    if not len(link):
        empty = np.zeros(0)
        found = {"code": links["code"][link], **dict.fromkeys(("from_m", "to_m", "length_m", "share"), empty)}
    else:
        last = np.append(first[1:], len(rows)) - 1
        length = np.add.reduceat(pieces.to_m[rows] - pieces.from_m[rows], first)
        whole = links["length_m"][link].astype(float)
        share = np.divide(length, whole, out=np.ones(len(link)), where=whole > 0)
        found = {
            "code": links["code"][link],
            "from_m": pieces.from_m[rows[first]],
            "to_m": pieces.to_m[rows[last]],
            "length_m": length,
            "share": share,
        }
    found["diameter_mm"] = links["diameter_mm"][link].astype(float)
    if hours is not None:
        least = np.fmin.reduceat(hours[count + rows], first) if len(link) else np.zeros(0)
        found["hours"] = least
    return found


def _attached(network: Network, table: str, rows: np.ndarray, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return rows of customers or hydrants with the code of their link."""
    attached = network.columns[table]
    picked = {name: attached[name][rows] for name in wanted}
    return {**picked, "link_code": network.columns["links"]["code"][attached["link"][rows]]}


def storage_hours(network: Network, after: Service, passes: np.ndarray, zone: np.ndarray) -> np.ndarray:
    """Return for every element how long storage lasts where it alone feeds: volume of its tanks / demand, in hours.

    Tanks and demand of what hangs together after the shutoff are added up. It is an estimate without
    pressure: NaN where a volume is not known or nothing is known to be drawn.
    """
    cells = network.cells
    forth, back = lets(network, passes)
    only = after.stored & ~after.fed & ~zone
    joined = (forth | back) & only[cells.a] & only[cells.b]
    group = components(cells.count, cells.a[joined], cells.b[joined])[network.cell]
    size = int(group.max(initial=-1)) + 1
    count = len(network.nodes)
    demand = network.nodes["demand_m3h"].to_numpy(dtype=float)
    drawn = np.bincount(group[:count], np.clip(np.nan_to_num(demand), 0.0, None), minlength=size)
    volume = np.bincount(
        group[network.stores], network.nodes["volume_m3"].to_numpy(dtype=float)[network.stores], minlength=size
    )
    hours = np.divide(volume, drawn, out=np.full(size, np.nan), where=drawn > 0)
    return np.where(only[network.cell], hours[group], np.nan)


def least_hours(part: Loss) -> float | None:
    """Return the hours until the first storage of a class is empty, None where it is not known."""
    least = part.links["hours"].min() if len(part.links) else math.nan
    return None if pd.isna(least) else float(least)


def totals(network: Network, classes: np.ndarray, lost: tuple[Loss, ...]) -> dict[str, object]:
    """Return the sums over classes that are without supply because of this shutoff."""
    hit = np.isin(classes[: len(network.nodes)], [ISOLATED, UNINTENDED])
    demand = network.columns["nodes"]["demand_m3h"].astype(float)[hit]
    return {
        **people_sums(pd.concat([part.customers for part in lost])),
        "length_m": sum(float(part.links["length_m"].sum()) for part in lost),
        "hydrants": sum(len(part.hydrants) for part in lost),
        "demand_m3h": float(np.nansum(demand)) if np.isfinite(demand).any() else None,
    }


def people_sums(customers: pd.DataFrame) -> dict[str, object]:
    """Return how many customers, households and people, and how many critical users of each kind."""
    kinds, counts = np.unique(customers["critical"].dropna().to_numpy(dtype=str), return_counts=True)
    return {
        "customers": len(customers),
        "households": int(customers["households"].sum()),
        "people": int(customers["people"].sum()),
        "critical": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
    }


def lost_sums(network: Network, classes: np.ndarray) -> Mapping[str, float]:
    """Return customers, households, critical users and metres of link without supply because of this shutoff."""
    hit = np.isin(attached_classes(network, classes, "customers"), [ISOLATED, UNINTENDED])
    people, pieces = network.columns["customers"], network.pieces
    dark = np.isin(classes[len(network.nodes) :], [ISOLATED, UNINTENDED])
    if network.utility == "heating":
        dark &= (network.columns["links"]["kind"] != "exchanger")[pieces.link]
    return {
        "customers": int(hit.sum()),
        "households": int(people["households"][hit].sum()),
        "critical": int(pd.notna(people["critical"][hit]).sum()),
        "length_m": float((pieces.to_m - pieces.from_m)[dark].sum()),
    }
