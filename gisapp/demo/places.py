"""Where each report is: on a pipe, at a device or at a customer, how it was located, and how well."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from gisapp.demo.seasons import TYPE_NAMES
from gisapp.demo.sites import Pipes, Sites

_UNLOCATED = 0.011
_ON_PIPE, _AT_DEVICE = ("leak", "burst", "gas_leak"), ("cover", "patrol_finding")
# How a place was found, how often for things in the street, and its accuracy in metres.
_FOUND = (("asset", 0.4, 2.0), ("pin", 0.25, 15.0), ("crossing", 0.2, 40.0), ("coordinates", 0.15, 5.0))


@dataclass(frozen=True)
class Reports:
    """Reports in order: type, moment, the report each repeats, the past repair that did not hold (-1: none)."""

    kind: np.ndarray
    at: np.ndarray
    parent: np.ndarray
    again: np.ndarray


@dataclass
class Open:
    """Repairs of the last three months: only these can be repaired again."""

    code: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=object))
    link: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    measure: np.ndarray = field(default_factory=lambda: np.empty(0))
    repaired: np.ndarray = field(default_factory=lambda: np.empty(0, "datetime64[ms]"))


@dataclass
class Places:
    """For each report its place (NaN: unlocated) and what is there: rows of sites, -1 where there is none.

    ``near`` is a customer nearby, the one who calls.
    """

    xy: np.ndarray
    customer: np.ndarray
    device: np.ndarray
    link: np.ndarray
    link_code: np.ndarray
    measure: np.ndarray
    near: np.ndarray
    located_by: np.ndarray
    accuracy: np.ndarray


def place_all(sites: Sites, reports: Reports, past: Open, rng: np.random.Generator) -> Places:
    """Return a place for each report: repeated ones near the first, repeat repairs where the pipe was mended."""
    kind, parent, count = reports.kind, reports.parent, len(reports.kind)
    places = Places(
        xy=np.full((count, 2), np.nan),
        customer=np.full(count, -1),
        device=np.full(count, -1),
        link=np.full(count, -1),
        link_code=np.full(count, None, dtype=object),
        measure=np.full(count, np.nan),
        near=np.zeros(count, int),
        located_by=np.full(count, "account", dtype=object),
        accuracy=np.full(count, 5.0),
    )
    for row, name in enumerate(TYPE_NAMES):
        mine = np.flatnonzero((kind == row) & (parent < 0))
        if name in _ON_PIPE:
            pipes = sites.gas if name == "gas_leak" else sites.water
            _on_pipes(places, pipes, _drawn(pipes.burst if name == "burst" else pipes.leak, len(mine), rng), mine, rng)
        elif name in _AT_DEVICE:
            _at_devices(places, sites, mine, rng)
        else:
            _at_customers(places, sites, _drawn(sites.weights.get(name, sites.weights[""]), len(mine), rng), mine, rng)
    _mended_again(places, sites, reports.again, past, rng)
    _doubles(places, sites, kind, parent, rng)
    _callers(places, sites)
    _lose_some(places, kind, reports.again, rng)
    return places


def _drawn(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return rows drawn in proportion to their weight."""
    total = np.cumsum(weight)
    return np.searchsorted(total, rng.random(count) * total[-1], side="right")


def _on_pipes(places: Places, pipes: Pipes, link: np.ndarray, mine: np.ndarray, rng: np.random.Generator) -> None:
    """Place reports on pipes, half of them near the pipe's weak spot."""
    weak = pipes.weak_share[link] + rng.normal(0, 0.06, len(mine))
    share = np.clip(np.where(rng.random(len(mine)) < 0.5, weak, rng.random(len(mine))), 0.01, 0.99)
    _at_measure(places, pipes, link, share * pipes.length[link], mine, rng)


def _mended_again(places: Places, sites: Sites, again: np.ndarray, past: Open, rng: np.random.Generator) -> None:
    """Place leaks where a repair of the last months did not hold, to a few metres."""
    mine = np.flatnonzero(again >= 0)
    link = past.link[again[mine]]
    measure = past.measure[again[mine]] + rng.uniform(-3.5, 3.5, len(mine))
    _at_measure(places, sites.water, link, np.clip(measure, 0, sites.water.length[link]), mine, rng)


def _at_measure(
    places: Places, pipes: Pipes, link: np.ndarray, measure: np.ndarray, mine: np.ndarray, rng: np.random.Generator
) -> None:
    """Place reports at measures along pipes."""
    places.link[mine], places.link_code[mine] = link, pipes.code[link]
    places.measure[mine] = np.round(measure, 2)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(pipes.shape[link], measure))
    _found(places, mine, xy, rng)


def _at_devices(places: Places, sites: Sites, mine: np.ndarray, rng: np.random.Generator) -> None:
    """Place reports at valves."""
    device = rng.integers(0, len(sites.device_code), len(mine))
    places.device[mine] = device
    places.link_code[mine], places.measure[mine] = sites.device_link[device], np.round(sites.device_measure[device], 2)
    _found(places, mine, sites.device_xy[device], rng)


def _found(places: Places, mine: np.ndarray, xy: np.ndarray, rng: np.random.Generator) -> None:
    """Set places in the street, with the error of the way they were found."""
    share = np.array([s for _, s, _ in _FOUND])
    way = np.searchsorted(np.cumsum(share)[:-1], rng.random(len(mine)), side="right")
    metres = np.array([m for *_, m in _FOUND])[way]
    places.located_by[mine] = np.array([n for n, *_ in _FOUND], dtype=object)[way]
    places.accuracy[mine] = metres
    places.xy[mine] = xy + rng.normal(0, 0.35, xy.shape) * metres[:, None]


def _at_customers(
    places: Places, sites: Sites, customer: np.ndarray, mine: np.ndarray, rng: np.random.Generator
) -> None:
    """Place reports at customers, found by account, phone or building."""
    places.customer[mine] = customer
    way = np.searchsorted([0.55, 0.8], rng.random(len(mine)), side="right")
    places.located_by[mine] = np.array(["account", "phone", "building"], dtype=object)[way]
    places.accuracy[mine] = np.array([5.0, 5.0, 20.0])[way]
    places.xy[mine] = sites.customer_xy[customer]


def _doubles(places: Places, sites: Sites, kind: np.ndarray, parent: np.ndarray, rng: np.random.Generator) -> None:
    """Place repeated reports: in the street beside the first one, at home somewhere in the same block."""
    at_home = ~np.isin(kind, [TYPE_NAMES.index(name) for name in (*_ON_PIPE, *_AT_DEVICE)])
    home = np.flatnonzero((parent >= 0) & at_home)
    block = sites.block[places.customer[parent[home]]]
    low, high = sites.start[block], sites.start[block + 1]
    _at_customers(places, sites, low + np.floor(rng.random(len(home)) * (high - low)).astype(int), home, rng)
    street = np.flatnonzero((parent >= 0) & ~at_home)
    first = parent[street]
    for name in ("link", "link_code", "device"):
        getattr(places, name)[street] = getattr(places, name)[first]
    _found(places, street, places.xy[first], rng)


def _callers(places: Places, sites: Sites) -> None:
    """Set the customer who calls: the one at the place, or one near it."""
    street = np.flatnonzero(places.customer < 0)
    places.near = places.customer.copy()
    places.near[street] = sites.tree.query(places.xy[street])[1]


def _lose_some(places: Places, kind: np.ndarray, again: np.ndarray, rng: np.random.Generator) -> None:
    """Take the place away from about one report in a hundred."""
    lost = (rng.random(len(kind)) < _UNLOCATED) & (again < 0) & (kind != TYPE_NAMES.index("patrol_finding"))
    places.xy[lost], places.measure[lost], places.accuracy[lost] = np.nan, np.nan, np.nan
    places.customer[lost] = places.device[lost] = places.link[lost] = -1
    places.link_code[lost], places.located_by[lost] = None, "unlocated"
