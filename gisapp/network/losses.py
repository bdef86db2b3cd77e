"""Who is without supply, in classes that are kept apart, and the sums over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisapp.network.model import Network, framed
from gisapp.network.search import Ways, components, reach
from gisapp.network.supply import Service, Supply, element_is_return, return_feeds

SERVED, STORAGE_ONLY, UNINTENDED, ISOLATED, ALREADY_DRY = range(5)
"""Classes of elements, the later the worse."""
_TAKEN = (UNINTENDED, ISOLATED)


@dataclass(frozen=True, eq=False)
class Loss:
    """What one class holds: links (lost length and share), customers and hydrants, each with ``code``."""

    links: pd.DataFrame
    customers: pd.DataFrame
    hydrants: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Touched:
    """What a shutoff may change: rows of elements, customers and hydrants, each sorted."""

    elements: np.ndarray
    customers: np.ndarray
    hydrants: np.ndarray


def touched(network: Network, cells: np.ndarray) -> Touched:
    """Return what is in cells, or hangs on them."""
    attached = (np.unique(network.attached_in[name].pick(cells).member) for name in ("customers", "hydrants"))
    return Touched(np.sort(network.elements_in.pick(cells).member), *attached)


def _all(network: Network) -> Touched:
    """Return everything."""
    return Touched(*(np.arange(n) for n in (network.n_elements, len(network.customers), len(network.hydrants))))


def dry_classes(network: Network, given: Supply) -> np.ndarray:
    """Return the class of every element before anything is shut: already dry, or served."""

    def made() -> np.ndarray:
        could = _fed(network, given.before.stored, given.before.back, np.arange(network.n_elements))
        return np.where(could, SERVED, ALREADY_DRY).astype(np.int8)

    return given.once("dry_classes", made)


def dry_loss(network: Network, given: Supply) -> Loss:
    """Return what was without supply already."""
    found = given.once("dry_loss", lambda: loss(network, dry_classes(network, given), ALREADY_DRY, _all(network)))
    return Loss(*(frame.copy(deep=False) for frame in (found.links, found.customers, found.hydrants)))


def element_classes(
    network: Network, given: Supply, after: Service, zone: np.ndarray, elements: np.ndarray
) -> np.ndarray:
    """Return the class of every element; only ``elements`` can have lost anything.

    Already dry: not fed before, from neither source nor storage. Isolated: fed before and in the zone.
    Unintended: fed before, outside the zone, not fed after. Storage only: fed by a source before, and
    by tanks alone after.
    """
    before = given.before
    was, is_ = (_fed(network, one.fed, one.back, elements) for one in (before, after))
    could, can = (_fed(network, one.stored, one.back, elements) for one in (before, after))
    inside = zone[network.cell[elements]]
    found = np.full(len(elements), SERVED, dtype=np.int8)
    found[was & ~is_ & can] = STORAGE_ONLY
    found[could & ~can] = UNINTENDED
    found[could & inside] = ISOLATED
    found[~could] = ALREADY_DRY
    classes = dry_classes(network, given).copy()
    classes[elements] = found
    return classes


def _fed(network: Network, forward: np.ndarray, back: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """Return which elements are in service; on the return side of heating they must be able to give back."""
    fed = forward[network.cell[elements]]
    if network.utility != "heating":
        return fed
    returning = element_is_return(network)[elements]
    judged = back[network.cell[elements]] if len(return_feeds(network)) else True
    return np.where(returning, judged, fed)


def attached_classes(network: Network, classes: np.ndarray, table: str, rows: np.ndarray | None = None) -> np.ndarray:
    """Return the class of ``customers`` or ``hydrants``: the worse of what feeds them and what takes back."""
    attached = network.columns[table]
    element, back = attached["element"], attached["back_element"]
    if rows is not None:
        element, back = element[rows], back[rows]
    return np.maximum(classes[element], np.where(back < 0, SERVED, classes[back]))


def loss(network: Network, classes: np.ndarray, wanted: int, among: Touched, hours: np.ndarray | None = None) -> Loss:
    """Return links, customers and hydrants of one class; with ``hours`` of every cell where storage feeds."""
    customers, hydrants = (
        rows[attached_classes(network, classes, name, rows) == wanted]
        for name, rows in (("customers", among.customers), ("hydrants", among.hydrants))
    )
    people = _attached(network, "customers", customers, _CUSTOMER_COLUMNS)
    if hours is not None:
        people["hours"] = hours[network.cell[network.columns["customers"]["element"][customers]]]
    pieces = among.elements[classes[among.elements] == wanted] - len(network.nodes)
    return Loss(
        framed(_links(network, pieces[pieces >= 0], hours)),
        framed(people),
        framed(_attached(network, "hydrants", hydrants, ("code", "measure_m"))),
    )


_CUSTOMER_COLUMNS = ("code", "measure_m", "kind", "critical", "households", "people", "building_code")


def _links(network: Network, rows: np.ndarray, hours: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return one row for every link with pieces among ``rows``: the lost length, and its share of the link."""
    pieces, links = network.pieces, network.columns["links"]
    rows = rows[~pieces.filler[rows]]
    rows = rows[links["kind"][pieces.link[rows]] != "exchanger"]
    link, first = np.unique(pieces.link[rows], return_index=True)
    last = np.append(first, len(rows))[1:] - 1
    length = _reduced(np.add, pieces.to_m[rows] - pieces.from_m[rows], first)
    whole = links["length_m"][link].astype(float)
    found = {
        "code": links["code"][link],
        "from_m": pieces.from_m[rows[first]],
        "to_m": pieces.to_m[rows[last]],
        "length_m": length,
        "share": np.divide(length, whole, out=np.ones(len(link)), where=whole > 0),
        "diameter_mm": links["diameter_mm"][link].astype(float),
    }
    if hours is not None:
        found["hours"] = _reduced(np.fmin, hours[network.piece_cell[rows]], first)
    return found


def _reduced(how: np.ufunc, values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return values reduced from every first row to the next."""
    return how.reduceat(values, first) if len(first) else np.zeros(0)


def _attached(network: Network, table: str, rows: np.ndarray, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return rows of customers or hydrants with the code of their link."""
    attached = network.columns[table]
    picked = {name: attached[name][rows] for name in wanted}
    return {**picked, "link_code": network.columns["links"]["code"][attached["link"][rows]]}


def storage_hours(network: Network, after: Service, way: Ways, zone: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return how long storage lasts where it alone feeds, by cell: volume of its tanks / demand, in hours.

    Tanks and demand of what hangs together with ``cells`` after the shutoff are added up. It is an estimate without
    pressure: NaN where a volume is not known or nothing is known to be drawn.
    """
    found = np.full(len(zone), np.nan)
    if not len(cells):
        return found
    graph = network.cells.graph
    only = after.stored & ~after.fed & ~zone
    region = np.sort(reach(graph, way.out | way.into, cells, ~only))
    halves = network.cells.halves.pick(region)
    joined = (way.out | way.into)[halves.member] & only[graph.other[halves.member]]
    there = np.searchsorted(region, graph.other[halves.member[joined]])
    group = components(len(region), halves.owner[joined], there)
    size = int(group.max()) + 1
    nodes = network.elements_in.pick(region)
    owner, row = group[nodes.owner], nodes.member
    is_node = row < len(network.nodes)
    owner, row = owner[is_node], row[is_node]
    demand, volume = (np.asarray(network.columns["nodes"][name], dtype=float) for name in ("demand_m3h", "volume_m3"))
    tank = np.isin(row, network.stores)
    drawn = np.bincount(owner, np.clip(np.nan_to_num(demand[row]), 0.0, None), minlength=size)
    held = np.bincount(owner[tank], volume[row[tank]], minlength=size)
    found[region] = np.divide(held, drawn, out=np.full(size, np.nan), where=drawn > 0)[group]
    return found


def least_hours(part: Loss) -> float | None:
    """Return the hours until the first storage of a class is empty, None where it is not known."""
    least = part.links["hours"].min() if len(part.links) else math.nan
    return None if pd.isna(least) else float(least)


def totals(network: Network, classes: np.ndarray, among: Touched) -> dict[str, object]:
    """Return the sums over classes that are without supply because of this shutoff."""
    nodes = among.elements[among.elements < len(network.nodes)]
    hit = nodes[np.isin(classes[nodes], _TAKEN)]
    demand = np.asarray(network.columns["nodes"]["demand_m3h"], dtype=float)[hit]
    hydrants = attached_classes(network, classes, "hydrants", among.hydrants)
    return {
        **_people_sums(network.columns["customers"], customers_of(network, classes, among, _TAKEN)),
        "length_m": _taken_length(network, classes, among),
        "hydrants": int(np.isin(hydrants, _TAKEN).sum()),
        "demand_m3h": float(np.nansum(demand)) if np.isfinite(demand).any() else None,
    }


def people_sums(customers: pd.DataFrame) -> dict[str, object]:
    """Return how many customers, households and people, and how many critical users of each kind."""
    columns = {name: customers[name].to_numpy() for name in ("critical", "households", "people")}
    return _people_sums(columns, np.arange(len(customers)))


def _people_sums(customers: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, object]:
    """Return the sums over some rows of customers."""
    critical = customers["critical"][rows]
    kinds, counts = np.unique(critical[pd.notna(critical)].astype(str), return_counts=True)
    return {
        "customers": len(rows),
        "households": int(customers["households"][rows].sum()),
        "people": int(customers["people"][rows].sum()),
        "critical": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
    }


def customers_of(network: Network, classes: np.ndarray, among: Touched, wanted: tuple[int, ...]) -> np.ndarray:
    """Return the rows of the customers of some classes."""
    rows = among.customers
    return rows[np.isin(attached_classes(network, classes, "customers", rows), wanted)]


def _taken_length(network: Network, classes: np.ndarray, among: Touched) -> float:
    """Return the metres of link without supply because of this shutoff."""
    pieces = network.pieces
    dark = among.elements[np.isin(classes[among.elements], _TAKEN)] - len(network.nodes)
    dark = dark[dark >= 0]
    if network.utility == "heating":
        dark = dark[network.columns["links"]["kind"][pieces.link[dark]] != "exchanger"]
    return float((pieces.to_m[dark] - pieces.from_m[dark]).sum())


def lost_sums(network: Network, classes: np.ndarray, among: Touched) -> Mapping[str, float]:
    """Return customers, households, critical users and metres of link without supply because of this shutoff."""
    people, hit = network.columns["customers"], customers_of(network, classes, among, _TAKEN)
    return {
        "customers": len(hit),
        "households": int(people["households"][hit].sum()),
        "critical": int(pd.notna(people["critical"][hit]).sum()),
        "length_m": _taken_length(network, classes, among),
    }
