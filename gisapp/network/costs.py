"""What it costs to cut zones out, exactly, for very many zones at once.

What one vertex of the supply graph costs is a sum over one interval of the dominator tree. Cells between
which supply can run both ways and that no zone tells apart are one vertex; where one vertex of a zone dominates all
others of it, the zone costs what that one does. The other zones, few, are each searched for what is lost with them.
Of heating all are, for a consumer needs both a supply and a return, which hang on different trees.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from gisapp.network.attach import rows_of
from gisapp.network.dominators import Dominators, dominators
from gisapp.network.model import Network
from gisapp.network.search import Ways, adjacency, compiled, components, ways
from gisapp.network.sets import Sets, grouped, joined, sets_of
from gisapp.network.supply import Today, element_is_return, hold, lets, return_feeds, supply
from gisapp.network.trees import Tree, lost_each, tree_from

_BATCH = 50_000
_TO_M = 1e-6  # lengths are added up in whole micrometres, so that sums do not depend on their order


@dataclass(frozen=True, eq=False)
class Costs:
    """What cutting out each of several zones costs, as arrays by zone.

    Parameters
    ----------
    customers, households, critical, length_m
        Isolated or unintended: supplied before, from a source or storage, and no longer.
    storage_customers
        Those whom storage alone still feeds.
    valves
        Devices that must be closed.
    isolable
        False where a source or tank lies in the zone.
    """

    customers: np.ndarray
    households: np.ndarray
    critical: np.ndarray
    length_m: np.ndarray
    storage_customers: np.ndarray
    valves: np.ndarray
    isolable: np.ndarray

    def pick(self, rows: np.ndarray) -> Costs:
        """Return the costs of these zones."""
        return Costs(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def put(self, rows: np.ndarray, others: Costs) -> Costs:
        """Return the costs with those of some zones in the place of what stood there."""
        found = {field.name: getattr(self, field.name).copy() for field in fields(self)}
        for name, column in found.items():
            column[rows] = getattr(others, name)
        return Costs(**found)


@dataclass(frozen=True, eq=False)
class _Flow:
    """One way of being supplied: what may be passed, what is reached, and what counts in every cell that is."""

    way: Ways
    tree: Tree
    weights: np.ndarray
    dominated: Dominators | None
    vertex: np.ndarray
    """The vertex of every cell in the dominator tree."""
    before: np.ndarray
    """The weights summed up before every place of it."""


@dataclass(frozen=True, eq=False)
class Grounds:
    """What does not change from zone to zone; made by :func:`grounds`.

    Parameters
    ----------
    main
        Supply from sources and storage: customers, households, critical users, micrometres, and those of
        the customers whom a source feeds.
    feed
        Supply from sources alone, where there is storage too.
    back
        Of heating, the way back. Where no source takes it, all cells but those of the zone have one.
    returns
        Whether a source takes it.
    enters
        Half-edges by which supply comes into a cell through an open device that can be closed.
    device, body
        The device of every half-edge, and the cell of the node as which it is drawn if closing it
        separates more than one joint, else -1.
    held
        Cells with a source or tank.
    """

    network: Network
    main: _Flow
    feed: _Flow | None
    back: _Flow | None
    returns: bool
    people: _People | None
    enters: np.ndarray
    device: np.ndarray
    body: np.ndarray
    held: np.ndarray


@dataclass(frozen=True, eq=False)
class _People:
    """Of heating, who hangs on which cell for supply and for return, and what counts of each."""

    supply: Sets
    back: Sets
    weights: np.ndarray


def grounds(network: Network, state: Today) -> Grounds:
    """Return what the costs of all zones rest on, as the devices stand."""
    cells, heating = network.cells, network.utility == "heating"
    returns = heating and len(return_feeds(network)) > 0
    fed = supply(network, state)
    feeds, stores = network.cell[network.feeds], network.cell[network.stores]
    starts = np.concatenate([feeds, stores])
    returning = element_is_return(network) if heating else np.zeros(network.n_elements, dtype=bool)
    vertex = _vertices(network, state) if not heating else np.arange(cells.count)
    main = _flow(network, fed.way, fed.stored, vertex, starts, _weights(network, ~returning, fed.before.fed))
    feed = _flow(network, fed.way, fed.fed, vertex, feeds, main.weights[:, :1]) if len(feeds) and len(stores) else None
    back = None
    if heating:
        tree = fed.back if returns else tree_from(cells.graph, fed.way.into, np.arange(cells.count))
        back = _flow(network, fed.way.against, tree, vertex, feeds, _weights(network, returning, fed.before.fed))
    device = cells.device[cells.graph.edge]
    closing = np.append(state.usable & state.passes, False)
    held = np.zeros(cells.count, dtype=bool)
    held[feeds] = held[stores] = True
    return Grounds(
        network=network,
        main=main,
        feed=feed,
        back=back,
        returns=returns,
        people=_people(network, returning, main, back) if back is not None else None,
        enters=fed.way.into & closing[device],
        device=device,
        body=_bodies(network),
        held=held,
    )


def _vertices(network: Network, state: Today) -> np.ndarray:
    """Return for every cell its vertex: cells that every zone takes together and that feed one another are one."""
    cells = network.cells
    grows = np.logical_and(*hold(network, state, np.arange(len(cells.a))))
    feeds = np.logical_and(*lets(network, state.passes))
    return components(cells.count, cells.a[grows & feeds], cells.b[grows & feeds])


def _flow(
    network: Network, way: Ways, tree: Tree, vertex: np.ndarray, starts: np.ndarray, weights: np.ndarray
) -> _Flow:
    """Return a flow from ``starts``, whose tree is known; not of heating, with its dominator tree."""
    cells = network.cells
    if network.utility == "heating":
        return _Flow(way, tree, weights, None, vertex, np.zeros((1, weights.shape[1]), dtype=np.int64))
    count = int(vertex.max(initial=-1)) + 1
    graph, merged = cells.graph, way
    if count < cells.count:
        graph = adjacency(count, vertex[cells.a], vertex[cells.b])
        forth = np.zeros(len(cells.a), dtype=bool)
        back = np.zeros_like(forth)
        halves = cells.graph
        forth[halves.edge[halves.along]], back[halves.edge[halves.along]] = (
            way.out[halves.along],
            way.into[halves.along],
        )
        merged = ways(graph, forth, back)
        added = np.zeros((count, weights.shape[1]), dtype=np.int64)
        np.add.at(added, vertex, weights)
    else:
        added = weights
    found = dominators(graph, merged, vertex[starts])
    return _Flow(way, tree, weights, found, vertex, found.sums(added))


def _weights(network: Network, judged: np.ndarray, by_source: np.ndarray) -> np.ndarray:
    """Return customers, households, critical users, micrometres and customers of sources in every cell.

    ``judged`` is the mask of elements that count in this flow.
    """
    people, pieces = network.customers, network.pieces
    cell, count = network.cell, network.cells.count
    found = np.zeros((count, 5), dtype=np.int64)
    if network.utility != "heating":  # there they are told apart one by one
        at = cell[people["element"].to_numpy()]
        found[:, 0] = np.bincount(at, minlength=count)
        found[:, 1] = np.bincount(at, people["households"].to_numpy(), minlength=count)
        found[:, 2] = np.bincount(at[people["critical"].notna().to_numpy()], minlength=count)
        found[:, 4] = np.where(by_source, found[:, 0], 0)
    real = judged[len(network.nodes) :].copy()
    if network.utility == "heating":
        real &= (network.links["kind"] != "exchanger").to_numpy()[pieces.link]
    micrometres = np.round((pieces.to_m - pieces.from_m) / _TO_M).astype(np.int64)
    np.add.at(found[:, 3], network.piece_cell[real], micrometres[real])
    return found


def _people(network: Network, returning: np.ndarray, main: _Flow, back: _Flow) -> _People:
    """Return who hangs on which cell; those already without supply count nothing."""
    people, count = network.customers, network.cells.count
    hung: dict[str, list[np.ndarray]] = {"supply": [], "back": []}
    weights = np.column_stack([np.ones(len(people)), people["households"], people["critical"].notna()])
    for element in (people["element"].to_numpy(), people["back_element"].to_numpy()):
        at, gives = network.cell[element], np.append(returning, False)[element]
        fed, given = (element >= 0) & ~gives, (element >= 0) & gives
        hung["supply"].append(np.where(fed, at, -1))
        hung["back"].append(np.where(given, at, -1))
        weights[(fed & ~main.tree.reached[at]) | (given & ~back.tree.reached[at])] = 0
    number = np.tile(np.arange(len(weights), dtype=np.int32), 2)

    def of(side: str) -> Sets:
        rows = grouped(np.concatenate(hung[side]), count)
        return Sets(rows.first, number[rows.member])

    return _People(of("supply"), of("back"), weights.astype(np.int64))


def _bodies(network: Network) -> np.ndarray:
    """Return for every device the cell of its node if it sits on several joints, else -1; one more -1 at the end."""
    found = np.full(len(network.devices) + 1, -1, dtype=np.int64)
    rows = np.flatnonzero(network.bodies)
    if len(rows):
        node = rows_of(network.nodes["code"], network.devices["node_code"].iloc[rows])
        found[rows] = network.cell[node]
    return found


def costs(given: Grounds, zones: Sets, *, valves: bool = True) -> Costs:
    """Return what each zone costs; ``zones`` are sets of cells, closed under what cannot be closed.

    Without ``valves`` the devices to close are not counted.
    """
    batches = [
        _costs(given, zones.pick(np.arange(at, min(at + _BATCH, len(zones)))), valves=valves)
        for at in range(0, max(len(zones), 1), _BATCH)
    ]
    whole = {one.name: np.concatenate([getattr(part, one.name) for part in batches]) for one in fields(Costs)}
    return Costs(**{name: _narrow(column) for name, column in whole.items()})


def _narrow(column: np.ndarray) -> np.ndarray:
    """Return counts in half the room where they fit: what ranks a million of them waits for memory alone."""
    fits = column.dtype == np.int64 and column.min(initial=0) >= -(2**31) and column.max(initial=0) < 2**31
    return column.astype(np.int32) if fits else column


def _costs(given: Grounds, zones: Sets, *, valves: bool) -> Costs:
    """Return the costs of one batch."""
    taken = _lost(given.main, given, zones)
    back = _lost(given.back, given, zones) if given.back is not None else None
    closed = np.zeros(len(zones), dtype=np.int64)
    removed = zones
    if valves or (given.body >= 0).any():
        owner, device = _must_close(given, zones, taken, back)
        closed = np.bincount(owner, minlength=len(zones))
        several = given.body[device] >= 0
        if several.any():  # closing such a valve separates other pipes too
            removed = joined(zones, sets_of(owner[several], given.body[device[several]], len(zones)))
            taken = _lost(given.main, given, removed)
            back = _lost(given.back, given, removed) if given.back is not None and given.returns else back
    feed = _lost(given.feed, given, removed) if given.feed is not None else None
    sums = _sums(given.main, taken)
    storage = np.zeros(len(zones), dtype=np.int64)
    if given.back is not None and back is not None and given.people is not None:
        sums += _sums(given.back, back)
        people = _consumers(given.people, taken, back, feed)
        sums[:, :3], storage = people[:, :3], people[:, 3]
    elif given.feed is not None and feed is not None:
        storage = _sums(given.feed, feed)[:, 0] - sums[:, 4]
    return Costs(
        customers=sums[:, 0],
        households=sums[:, 1],
        critical=sums[:, 2],
        length_m=sums[:, 3] * _TO_M,
        storage_customers=storage,
        valves=closed,
        isolable=zones.sums(given.held[zones.member].astype(np.int64)) == 0,
    )


@dataclass(frozen=True, eq=False)
class _Lost:
    """What is lost with every zone: an interval of places, or cells of its own where ``searched``."""

    low: np.ndarray
    high: np.ndarray
    searched: np.ndarray
    cells: Sets
    """By zone; empty for those that are not searched."""


def _lost(flow: _Flow, given: Grounds, zones: Sets) -> _Lost:
    """Return what is lost in one flow with every zone."""
    low, high = np.zeros(len(zones), dtype=np.int64), np.zeros(len(zones), dtype=np.int64)
    searched = np.ones(len(zones), dtype=bool)
    if flow.dominated is not None:
        tree = flow.dominated
        place = tree.place[flow.vertex[zones.member]].astype(np.int64)
        never = len(tree.order)
        first = zones.least(np.where(place < 0, never, place), never)
        last = -zones.least(-place, 1)
        some = first < never
        low[some], high[some] = first[some], tree.end[tree.order[first[some]]]
        searched = last >= high
        searched &= some
        high[searched] = low[searched] = 0
    rows = np.flatnonzero(searched)
    if not len(rows):
        return _Lost(low, high, searched, Sets(np.zeros(len(zones) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)))
    alone = zones.pick(rows)
    cells = lost_each(given.network.cells.graph, flow.way, flow.tree, alone)
    first = np.zeros(len(zones) + 1, dtype=np.int64)
    first[rows + 1] = np.diff(cells.first)
    return _Lost(low, high, searched, Sets(np.cumsum(first), cells.member))


def _sums(flow: _Flow, taken: _Lost) -> np.ndarray:
    """Return the weights of what is lost with every zone."""
    found = flow.before[taken.high] - flow.before[taken.low]
    return found + taken.cells.sums(flow.weights[taken.cells.member])


def _still(flow: _Flow, taken: _Lost, owner: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return whether each cell is reached once the zone of its owner is cut out."""
    kept = flow.tree.reached[cell]
    if flow.dominated is not None:
        place = flow.dominated.place[flow.vertex[cell]]
        kept &= (place < taken.low[owner]) | (place >= taken.high[owner])
    if len(taken.cells.member):
        count = np.int64(len(flow.vertex))
        asked = np.flatnonzero(kept & taken.searched[owner])
        gone = np.sort(taken.cells.owner * count + taken.cells.member)
        key = owner[asked] * count + cell[asked]
        at = np.minimum(np.searchsorted(gone, key), len(gone) - 1)
        kept[asked] &= gone[at] != key
    return kept


def _must_close(given: Grounds, zones: Sets, taken: _Lost, back: _Lost | None) -> tuple[np.ndarray, np.ndarray]:
    """Return zones and the devices that must be closed around each: supply comes in through them from beyond."""
    graph = given.network.cells.graph
    halves = zones.through(given.network.cells.halves)
    comes = given.enters[halves.member]
    owner, half = halves.owner[comes], halves.member[comes]
    alive = _still(given.main, taken, owner, graph.other[half])
    if given.returns and given.back is not None and back is not None:
        alive |= _still(given.back, back, owner, graph.other[half])
    owner, device = owner[alive], given.device[half[alive]]
    if (given.body[device] >= 0).any():
        once = sets_of(owner, device, len(zones))
        owner, device = once.owner, once.member
    return owner, device


@compiled
def _add(cells, first, member, seen, mark, weights, total):  # type: ignore[no-untyped-def]
    """Add to ``total`` the weights of all who hang on the cells, everyone once a mark."""
    for cell in cells:
        for row in range(first[cell], first[cell + 1]):
            who = member[row]
            if seen[who] != mark:
                seen[who] = mark
                for at in range(len(total)):
                    total[at] += weights[who, at]


@compiled
def _counted(people, lost, given, fed):  # type: ignore[no-untyped-def]
    """Return for every zone the weights of all whose supply or return is lost, and how many storage alone feeds."""
    supply_first, supply, back_first, back, weights = people
    found = np.zeros((len(lost[0]) - 1, 4), dtype=np.int64)
    seen = np.zeros(len(weights), dtype=np.int64)
    for zone in range(len(found)):
        here, mark = found[zone], zone + 1
        _add(lost[1][lost[0][zone] : lost[0][mark]], supply_first, supply, seen, mark, weights, here[:3])
        _add(given[1][given[0][zone] : given[0][mark]], back_first, back, seen, mark, weights, here[:3])
        _add(fed[1][fed[0][zone] : fed[0][mark]], supply_first, supply, seen, mark, weights, here[3:])
    return found


def _consumers(people: _People, taken: _Lost, back: _Lost, feed: _Lost | None) -> np.ndarray:
    """Return customers, households, critical users and those on storage lost with every zone."""
    none = Sets(np.zeros_like(taken.cells.first), taken.cells.member[:0])
    lists = [(one.first, one.member) for one in (taken.cells, back.cells, feed.cells if feed else none)]
    supply, given = people.supply, people.back
    return np.asarray(_counted((supply.first, supply.member, given.first, given.member, people.weights), *lists))
