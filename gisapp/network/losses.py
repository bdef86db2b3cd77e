"""Who is without supply, in classes that are kept apart, and the sums over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisapp.network.model import Network
from gisapp.network.supply import Service, element_is_return, return_feeds

SERVED, STORAGE_ONLY, UNINTENDED, ISOLATED, ALREADY_DRY = range(5)
"""Classes of elements, the later the worse."""


@dataclass(frozen=True)
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


def attached_classes(classes: np.ndarray, attached: pd.DataFrame) -> np.ndarray:
    """Return the class of customers or hydrants: the worse of what feeds them and what takes back."""
    element = attached["element"].to_numpy(dtype=np.int64)
    back = attached["back_element"].to_numpy(dtype=np.int64)
    given = np.where(back >= 0, np.append(classes, SERVED)[back], SERVED)
    return np.maximum(classes[element], given)


def loss(network: Network, classes: np.ndarray, wanted: int, hours: np.ndarray | None = None) -> Loss:
    """Return links, customers and hydrants of one class; with ``hours`` of every element where storage feeds."""
    pieces = network.pieces
    exchanger = (network.links["kind"] == "exchanger").to_numpy()[pieces.link]
    rows = np.flatnonzero((classes[len(network.nodes) :] == wanted) & ~pieces.filler & ~exchanger)
    links = _links(network, rows)
    customers = _attached(network, network.customers, classes, wanted)
    if hours is not None:
        per_piece = pd.Series(hours[len(network.nodes) + rows]).groupby(pieces.link[rows]).min()
        links["hours"] = per_piece.to_numpy(dtype=float)
        customers["hours"] = hours[customers.pop("element").to_numpy(dtype=np.int64)]
    else:
        customers = customers.drop(columns="element")
    hydrants = _attached(network, network.hydrants, classes, wanted)[["code", "link_code", "measure_m"]]
    return Loss(links, customers, hydrants)


def _links(network: Network, rows: np.ndarray) -> pd.DataFrame:
    """Return one row for every link that has pieces among ``rows``: the lost length, and its share of the link."""
    pieces = network.pieces
    parts = pd.DataFrame(
        {"link": pieces.link[rows], "from_m": pieces.from_m[rows], "to_m": pieces.to_m[rows]}, index=rows
    )
    parts["length_m"] = parts["to_m"] - parts["from_m"]
    found = parts.groupby("link", sort=True).agg(
        from_m=("from_m", "min"), to_m=("to_m", "max"), length_m=("length_m", "sum")
    )
    whole = network.links.iloc[found.index]
    long = whole["length_m"].to_numpy(dtype=float)
    share = np.divide(found["length_m"].to_numpy(dtype=float), long, out=np.ones(len(found)), where=long > 0)
    return pd.DataFrame(
        {
            "code": whole["code"].to_numpy(),
            "from_m": found["from_m"].to_numpy(),
            "to_m": found["to_m"].to_numpy(),
            "length_m": found["length_m"].to_numpy(),
            "share": share,
            "diameter_mm": whole["diameter_mm"].to_numpy(),
        }
    )


def _attached(network: Network, frame: pd.DataFrame, classes: np.ndarray, wanted: int) -> pd.DataFrame:
    """Return the customers or hydrants of one class."""
    mine = frame.loc[attached_classes(classes, frame) == wanted].drop(columns="back_element")
    codes = network.links["code"].to_numpy()[mine["link"].to_numpy(dtype=np.int64)]
    return mine.drop(columns="link").assign(link_code=codes).reset_index(drop=True)


def storage_hours(network: Network, after: Service, passes: np.ndarray, zone: np.ndarray) -> np.ndarray:
    """Return for every element how long storage lasts where it alone feeds: volume of its tanks / demand, in hours.

    Tanks and demand of what hangs together after the shutoff are added up. It is an estimate without
    pressure: NaN where a volume is not known or nothing is known to be drawn.
    """
    from gisapp.network.search import components
    from gisapp.network.supply import lets

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


def totals(network: Network, classes: np.ndarray, lost: tuple[Loss, ...]) -> dict[str, object]:
    """Return the sums over classes that are without supply because of this shutoff."""
    customers = pd.concat([part.customers for part in lost], ignore_index=True)
    critical = customers["critical"].dropna()
    hit = np.isin(classes[: len(network.nodes)], [ISOLATED, UNINTENDED])
    demand = network.nodes["demand_m3h"].to_numpy(dtype=float)[hit]
    return {
        "customers": len(customers),
        "households": int(customers["households"].sum()),
        "people": int(customers["people"].sum()),
        "critical": {str(kind): int(n) for kind, n in critical.value_counts().sort_index().items()},
        "length_m": float(sum(part.links["length_m"].sum() for part in lost)),
        "hydrants": sum(len(part.hydrants) for part in lost),
        "demand_m3h": float(np.nansum(demand)) if np.isfinite(demand).any() else None,
    }


def lost_customers(network: Network, classes: np.ndarray) -> Mapping[str, int]:
    """Return how many customers and households are without supply because of this shutoff."""
    hit = np.isin(attached_classes(classes, network.customers), [ISOLATED, UNINTENDED])
    return {"customers": int(hit.sum()), "households": int(network.customers["households"].to_numpy()[hit].sum())}
