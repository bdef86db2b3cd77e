"""Cutting a burst out: the zone, its border, and who is without supply once the border is closed.

The core of :func:`gisapp.network.shutoff`. All of it takes time that grows with what is lost, not with the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gisapp.network.losses import STORAGE_ONLY, Touched, customers_of, element_classes, lost_sums, touched
from gisapp.network.model import Network
from gisapp.network.search import Ways
from gisapp.network.supply import (
    Burst,
    Lost,
    Service,
    Supply,
    Today,
    burst_cells,
    burst_places,
    flowing,
    lost_with,
    service,
    supply,
    today,
    zone_of,
)


@dataclass(frozen=True, eq=False)
class Border:
    """The devices at the border of a zone, by what is to be done with each (rows of devices)."""

    must: np.ndarray
    optional: np.ndarray
    one_way_out: np.ndarray
    """Those of the optional beyond which something is fed, but nothing can come in."""
    closed: np.ndarray
    fed_beyond: np.ndarray
    """Those of the closed through which something could come in."""
    shut_links: np.ndarray
    """Rows of links that are closed without a device."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A shutoff as far as it is known: states, the zone, what is fed after, and the class of every element.

    Parameters
    ----------
    given
        What was fed before.
    zone
        Mask of the cells that are cut out; ``cells`` are they.
    passes, way
        What lets pass once the valves are closed.
    gone
        The cells that are lost.
    among
        What may have changed: all else is as before.
    """

    state: Today
    given: Supply
    zone: np.ndarray
    cells: np.ndarray
    passes: np.ndarray
    way: Ways
    gone: Lost
    after: Service
    among: Touched
    classes: np.ndarray

    @cached_property
    def dark(self) -> np.ndarray:
        """Return the cells outside the zone that have lost something, at least the source."""
        lost = np.unique(np.concatenate([self.gone.fed, self.gone.stored, self.gone.back]))
        return lost[~self.zone[lost]]


@dataclass(frozen=True, eq=False)
class Isolation:
    """What counts first of a shutoff; the figures are those of :class:`gisapp.network.Shutoff`.

    Parameters
    ----------
    must_close
        Codes of the devices that must be closed, in the order of the table.
    customers, households, critical, length_m
        Who and what is without supply because of it.
    storage_customers
        Whom storage alone still feeds.
    possible
        False when a source or tank lies in the zone.
    """

    must_close: tuple[str, ...]
    customers: int
    households: int
    critical: int
    length_m: float
    storage_customers: int
    possible: bool


def isolation(
    network: Network,
    bursts: Sequence[Burst],
    *,
    stuck: Iterable[str] = (),
    closed: Iterable[str] = (),
    opened: Iterable[str] = (),
) -> Isolation:
    """Return what must be closed for bursts and how many then lose supply: a shutoff without its tables.

    Takes well under a millisecond where little is lost, whatever the size of the network; the first question of a
    network, or after a device is said to stand otherwise, also searches all of it once.

    Parameters
    ----------
    network, bursts, stuck, closed, opened
        As of :func:`gisapp.network.shutoff`, which raises the same.

    Examples
    --------
    >>> import pandas as pd
    >>> from gisapp.network import network_of
    >>> nodes = pd.DataFrame({"utility": "water", "code": ["S", "A", "B"], "kind": ["source", "junction", "end"]})
    >>> links = pd.DataFrame({"utility": "water", "code": ["P", "Q"], "kind": "pipe", "from_node": ["S", "A"],
    ...                       "to_node": ["A", "B"], "length_m": 100.0})
    >>> valve = pd.DataFrame({"utility": ["water"], "code": "V", "kind": "gate_valve", "link_code": "Q", "end": "from"})
    >>> people = pd.DataFrame({"code": ["k"], "households": [20]})
    >>> at = pd.DataFrame({"utility": "water", "customer_code": ["k"], "link_code": ["Q"], "measure_m": 50.0})
    >>> answer = isolation(network_of("water", nodes, links, valve, people, at), ["Q"])
    >>> answer.must_close, answer.customers, answer.households, answer.length_m, answer.possible
    (('V',), 1, 20, 100.0, True)
    """
    state = today(network, stuck=stuck, closed=closed, opened=opened)
    pieces = np.unique([piece for piece, _ in burst_places(network, bursts)])
    cut, border = cut_out(network, state, burst_cells(network, pieces))
    sums = lost_sums(network, cut.classes, cut.among)
    stored = customers_of(network, cut.classes, cut.among, (STORAGE_ONLY,))
    return Isolation(
        must_close=tuple(network.columns["devices"]["code"][border.must]),
        customers=int(sums["customers"]),
        households=int(sums["households"]),
        critical=int(sums["critical"]),
        length_m=round(sums["length_m"], 3),
        storage_customers=len(stored),
        possible=not len(sources_inside(network, cut)),
    )


def cut_out(network: Network, state: Today, starts: np.ndarray) -> tuple[Cut, Border]:
    """Return what follows when cells burst: the zone with its border closed, and what is then lost."""
    given = supply(network, state)
    cells = zone_of(network, state, starts)
    zone = np.zeros(network.cells.count, dtype=bool)
    zone[cells] = True
    gone = lost_with(network, given, cells)
    border = _border(network, state, zone, cells, service(given, gone))
    passes, way = state.passes, given.way
    bodies = border.must[network.bodies[border.must]]
    if len(bodies):  # closing such a valve separates other pipes too
        passes = passes.copy()
        passes[bodies] = False
        way = flowing(network, way, bodies, passes)
        gone = lost_with(network, given, cells, severed=network.edges_of.pick(bodies).member, way=way)
    after = service(given, gone)
    among = touched(network, np.unique(np.concatenate([cells, gone.fed, gone.stored, gone.back])))
    classes = element_classes(network, given, after, zone, among.elements)
    return Cut(state, given, zone, cells, passes, way, gone, after, among, classes), border


def _border(network: Network, state: Today, zone: np.ndarray, inside: np.ndarray, after: Service) -> Border:
    """Return the devices at the border of a zone."""
    cells, graph = network.cells, network.cells.graph
    halves = cells.halves.pick(inside).member
    halves = halves[~zone[graph.other[halves]]]
    edges, beyond = graph.edge[halves], graph.other[halves]
    inward = np.where(graph.along[halves], cells.back[edges], cells.forth[edges])
    alive = after.stored[beyond] | after.back[beyond]
    on = cells.device[edges] >= 0
    device, comes, lives = cells.device[edges[on]], inward[on], alive[on]
    closing = state.passes[device] & state.usable[device]
    must = np.unique(device[closing & comes & lives])
    optional = np.unique(device[closing & ~np.isin(device, must)])
    none = edges[~on & cells.shut[edges]]
    links = np.unique(network.joints.link[cells.joint[none]])
    return Border(
        must=must,
        optional=optional,
        one_way_out=np.intersect1d(device[closing & lives], optional),
        closed=np.unique(device[~closing]),  # closed, or closes by itself
        fed_beyond=np.unique(device[~closing & comes & lives]),
        shut_links=links[network.columns["links"]["kind"][links] != "exchanger"],
    )


def sources_inside(network: Network, cut: Cut) -> np.ndarray:
    """Return the rows of the nodes of sources and tanks in the zone."""
    rows = np.concatenate([network.feeds, network.stores]).astype(np.int64)
    return rows[cut.zone[network.cell[rows]]]
