"""Criticality: every segment, link and device of a network ranked by what its failure costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gisapp.network.costs import Costs, Grounds, costs, grounds
from gisapp.network.model import Network
from gisapp.network.notes import Note
from gisapp.network.parts import Parts, bursting, parts_of, pieces_beside, spread
from gisapp.network.segments import segment_numbers
from gisapp.network.sets import Sets, grouped, joined, sets_of
from gisapp.network.supply import today


@dataclass(frozen=True, eq=False)
class Criticality:
    """What the failure of each segment, link and device costs, worst first.

    The figures are those of :func:`gisapp.network.shutoff`: ``customers``, ``households``, ``critical`` users and
    ``length_m`` of links that are isolated or unintended without supply; ``storage_customers``, whom
    tanks alone still feed, stand apart. ``rank`` counts from 1: most customers first, then households,
    critical users, length, then as the network counts them.

    Parameters
    ----------
    segments
        ``rank``, ``segment`` (as in :func:`gisapp.network.segments`), ``link_code`` (the first of its links),
        ``links`` (how many), ``own_length_m``; what is lost when all of it bursts; ``valves`` to close;
        ``can_isolate``.
    links
        ``rank``, ``code``, ``kind``, ``diameter_mm``, ``segment`` (of its first piece), ``own_length_m``; what is
        lost when all of it bursts; ``valves``; ``can_isolate``.
    devices
        ``rank``, ``code``, ``kind``, ``link_code``, ``state`` of every device that can be closed: what a burst
        beside it costs when it is stuck. ``segment`` is the side on which that makes the greatest difference,
        ``other_segment`` the other (0 without a pipe), ``customers_before`` what a burst there costs now,
        then what is lost when it is stuck, and ``extra_customers``, ``extra_households``, ``extra_critical``,
        ``extra_length_m``, the difference, by which they are ranked; ``can_isolate`` when it is stuck.
    warnings
        What is odd about the network.
    """

    utility: str
    segments: pd.DataFrame
    links: pd.DataFrame
    devices: pd.DataFrame
    warnings: tuple[Note, ...]


def criticality(network: Network) -> Criticality:
    """Return every segment, link and device ranked by what its failure costs, as the devices stand in the tables.

    Each answer is the one that :func:`gisapp.network.shutoff` gives for that burst alone; of heating,
    the other pipe of the pair is shut too, beside the middle of every piece. Exchangers are not ranked.

    Parameters
    ----------
    network
        From :func:`gisapp.network.network_of`.

    Notes
    -----
    One dominator tree of the supply graph and sums over its intervals answer for all; only zones that no
    one vertex dominates are searched one by one. Of heating all zones are: a consumer is lost with either pipe,
    which hang on different trees.

    Examples
    --------
    >>> import pandas as pd
    >>> from gisapp.network import network_of
    >>> nodes = pd.DataFrame({"utility": "water", "code": ["S", "A", "B"], "kind": ["source", "junction", "end"]})
    >>> links = pd.DataFrame({"utility": "water", "code": ["P", "Q"], "kind": "pipe", "from_node": ["S", "A"],
    ...                       "to_node": ["A", "B"], "length_m": 100.0})
    >>> valves = pd.DataFrame({"utility": "water", "code": ["V", "W"], "kind": "gate_valve", "link_code": ["P", "Q"],
    ...                        "end": "from"})
    >>> people = pd.DataFrame({"code": ["k", "l"], "households": [1, 20]})
    >>> at = pd.DataFrame({"utility": "water", "customer_code": ["k", "l"], "link_code": ["P", "Q"], "measure_m": 50.0})
    >>> answer = criticality(network_of("water", nodes, links, valves, people, at))
    >>> answer.links[["rank", "code", "customers", "households", "valves"]]
       rank code  customers  households  valves
    0     1    P          2          21       1
    1     2    Q          1          20       1
    >>> answer.devices[["code", "customers_before", "customers", "extra_households"]]
      code  customers_before  customers  extra_households
    0    W                 1          2                 1
    1    V                 2          2                 0
    """
    basis = basis_of(network)
    return Criticality(
        utility=network.utility,
        segments=segment_table(basis),
        links=_links(basis),
        devices=_devices(basis),
        warnings=network.warnings,
    )


_LOST = ("customers", "households", "critical", "length_m")
_COLUMNS = (
    "what",
    "rank",
    "code",
    "kind",
    "link_code",
    "segment",
    "other_segment",
    "own_length_m",
    *_LOST,
    "storage_customers",
    *(f"extra_{name}" for name in _LOST),
    "valves",
    "can_isolate",
)


def ranking(answer: Criticality) -> pd.DataFrame:
    """Return segments, links and devices in one table, each worst first; ``what`` says which a row is.

    A segment has its number for a code. What a table does not have is missing.
    """
    tables = {"segment": answer.segments, "link": answer.links, "device": answer.devices}
    tables["segment"] = answer.segments.assign(code=answer.segments["segment"])
    frames = [frame.assign(what=what).reindex(columns=list(_COLUMNS)) for what, frame in tables.items()]
    texts, metres = ("what", "code", "kind", "link_code"), ("own_length_m", "length_m", "extra_length_m")
    kinds = {name: "str" if name in texts else "Float64" if name in metres else "Int64" for name in _COLUMNS}
    return pd.concat([frame.astype(kinds | {"can_isolate": "boolean"}) for frame in frames], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Basis:
    """A network with its parts, what cutting out each of them costs, and the numbers of its segments."""

    network: Network
    parts: Parts
    given: Grounds
    alone: Costs
    numbers: np.ndarray


def basis_of(network: Network) -> Basis:
    """Return what the ranking rests on, as the devices stand in the tables."""
    state = today(network)
    parts, given = parts_of(network, state), grounds(network, state)
    return Basis(network, parts, given, costs(given, parts.zone), segment_numbers(network))


def _costs(basis: Basis, bursts: Sets, *, valves: bool = True) -> Costs:
    """Return what it costs when the parts of each set burst at once."""
    size = np.diff(bursts.first)
    found = basis.alone.pick(bursts.member[bursts.first[:-1]])
    several = np.flatnonzero(size > 1)
    if not len(several):
        return found
    zones = bursts.pick(several).through(basis.parts.zone)
    return found.put(several, costs(basis.given, sets_of(zones.owner, zones.member, len(several)), valves=valves))


def segment_table(basis: Basis) -> pd.DataFrame:
    """Return the table of segments."""
    network, pieces = basis.network, basis.network.pieces
    real = np.flatnonzero(~pieces.filler)
    owner = basis.numbers[network.segment[len(network.nodes) + real]] - 1
    count = int(owner.max(initial=-1)) + 1
    cost = _costs(basis, bursting(network, basis.parts, *pieces_beside(network, owner, real), count))
    links = sets_of(owner, pieces.link[real], count)
    table = _ranked(
        {
            "segment": np.arange(1, count + 1),
            "link_code": links.member[links.first[:-1]],
            "links": np.diff(links.first),
            "own_length_m": np.bincount(owner, pieces.to_m[real] - pieces.from_m[real], minlength=count),
            **_lost(cost),
            "valves": cost.valves,
            "can_isolate": cost.isolable,
        }
    )
    table["link_code"] = network.links["code"].astype("str").array[table["link_code"].to_numpy()]
    return table


def _links(basis: Basis) -> pd.DataFrame:
    """Return the table of links."""
    network, pieces, links = basis.network, basis.network.pieces, basis.network.links
    bare = np.bincount(pieces.link[~pieces.filler], minlength=len(network.links)) == 0
    own = grouped(np.where(~pieces.filler | bare[pieces.link], pieces.link, -1), len(network.links))
    beside = own.pick(np.flatnonzero(network.twins.link >= 0))  # of heating, all of the other pipe of the pair
    owner = np.concatenate([own.owner, network.twins.link[network.twins.link >= 0][beside.owner]])
    cost = _costs(basis, bursting(network, basis.parts, owner, np.concatenate([own.member, beside.member]), len(own)))
    segment = network.segment[len(network.nodes) + own.member[own.first[:-1]]]
    table = {
        "code": links["code"].astype("str").array,
        "kind": links["kind"].astype("str").array,
        "diameter_mm": links["diameter_mm"].to_numpy(dtype=float),
        "segment": basis.numbers[segment],
        "own_length_m": links["length_m"].to_numpy(dtype=float),
        **_lost(cost),
        "valves": cost.valves,
        "can_isolate": cost.isolable,
    }
    kept = np.flatnonzero((links["kind"] != "exchanger").to_numpy())
    return _ranked({name: column[kept] for name, column in table.items()} if len(kept) < len(links) else table)


def _devices(basis: Basis) -> pd.DataFrame:
    """Return the table of devices that can be closed."""
    network, parts, pieces = basis.network, basis.parts, basis.network.pieces
    part, count = parts.of_cell[network.cell], len(parts.zone)
    real = np.flatnonzero(~pieces.filler)
    bursts = bursting(network, parts, *pieces_beside(network, part[len(network.nodes) + real], real), count)
    burst_there = np.flatnonzero(np.diff(bursts.first))
    now = basis.alone.put(burst_there, _costs(basis, bursts.pick(burst_there)))
    sides = _sides(network, part)
    # Every usable device from each side on which something can burst.
    device, side = sides.owner, sides.member
    kept = network.devices["usable"].to_numpy(dtype=bool)[device] & (np.diff(bursts.first)[side] > 0)
    device, side = device[kept], side[kept]
    before = now.pick(side)
    then = _stuck(basis, bursts, sides, device, side, before)
    segment = np.zeros(count, dtype=np.int64)
    segment[part] = basis.numbers[network.segment]
    extra = {name: getattr(then, name) - getattr(before, name) for name in _LOST}
    order = np.lexsort([*(-extra[name] for name in reversed(_LOST)), device])
    worst = order[np.unique(device[order], return_index=True)[1]]
    return _device_table(
        network,
        device[worst],
        {
            "segment": segment[side[worst]],
            "other_segment": segment[_beyond(sides, device[worst], side[worst])],
            "customers_before": before.customers[worst],
            **_lost(then.pick(worst)),
            **{f"extra_{name}": column[worst] for name, column in extra.items()},
            "can_isolate": then.isolable[worst],
        },
    )


def _device_table(network: Network, rows: np.ndarray, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return the ranked table of all devices that can be closed; beside those without ``columns`` nothing bursts."""
    kept = np.flatnonzero(network.devices["usable"].to_numpy(dtype=bool))
    at = np.searchsorted(kept, rows)
    names = ("code", "kind", "link_code", "state")
    table: dict[str, Any] = {name: network.devices[name].astype("str").array[kept] for name in names}
    for name, column in columns.items():
        table[name] = np.full(len(kept), name == "can_isolate").astype(column.dtype)
        table[name][at] = column
    return _ranked(table, by=tuple(f"extra_{name}" for name in _LOST))


def _beyond(sides: Sets, device: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return the part at another side of each device, or the side itself where there is no other."""
    first, last = sides.member[sides.first[device]], sides.member[sides.first[device + 1] - 1]
    return np.where(first != side, first, last)


def _sides(network: Network, part: np.ndarray) -> Sets:
    """Return for every device the parts that it separates."""
    joints = network.joints
    has = joints.device >= 0
    ends = np.concatenate([joints.a[has], joints.b[has]])
    return sets_of(np.tile(joints.device[has], 2), part[ends], len(network.devices))


def _stuck(basis: Basis, bursts: Sets, sides: Sets, device: np.ndarray, side: np.ndarray, before: Costs) -> Costs:
    """Return what a burst on one side of each device costs when it cannot be closed."""
    joints = basis.network.joints
    open_ = basis.network.devices["passes"].to_numpy(dtype=bool).copy()
    on_open_link = np.zeros(len(open_), dtype=bool)
    on_open_link[joints.device[(joints.device >= 0) & ~joints.shut]] = True
    # What is closed holds even where it is stuck, and so does a closed link.
    rows = np.flatnonzero((open_ & on_open_link)[device] & (np.diff(sides.first)[device] > 1))
    # From either side the same goes out, unless more bursts with a side than itself.
    body = basis.given.body[device[rows]] >= 0
    plain = (np.diff(bursts.first)[side[rows]] == 1) & ~body
    key = np.where(plain, device[rows], len(sides) + np.arange(len(rows)))
    _, one, of_row = np.unique(key, return_index=True, return_inverse=True)
    asked = rows[one]
    parts = joined(sides.pick(device[asked]), bursts.pick(side[asked]))
    if body.any():
        parts = _around_bodies(basis, bursts, parts, device[asked], side[asked])
    return before.put(rows, _costs(basis, parts, valves=False).pick(of_row))


def _around_bodies(basis: Basis, bursts: Sets, parts: Sets, device: np.ndarray, side: np.ndarray) -> Sets:
    """Return the parts that go out with a burst beside a stuck device; of bodies, as far as each reaches from there."""
    joints, part = basis.network.joints, basis.parts.of_cell[basis.network.cell]
    on = grouped(np.where(joints.shut, -1, joints.device), len(basis.network.devices))
    owner, member = [], []
    bodies = basis.given.body[device] >= 0
    for row in np.flatnonzero(bodies):  # valves drawn as a node of several pipes, few
        its = on.pick(device[row : row + 1]).member
        found = spread(basis.parts, bursts.pick(side[row : row + 1]).member, part[joints.a[its]], part[joints.b[its]])
        owner.append(np.full(len(found), row))
        member.append(found)
    plain = ~bodies[parts.owner]
    return sets_of(
        np.concatenate([parts.owner[plain], *owner]), np.concatenate([parts.member[plain], *member]), len(parts)
    )


def _lost(cost: Costs) -> dict[str, np.ndarray]:
    """Return the columns of what is lost."""
    names = (*_LOST, "storage_customers")
    return {name: getattr(cost, name) for name in names}


def _ranked(table: Mapping[str, Any], by: tuple[str, ...] = _LOST) -> pd.DataFrame:
    """Return a table with the largest first and its ranks; lengths to the millimetre."""
    order = np.lexsort([-table[name] for name in reversed(by)])
    ranked = {name: column[order] for name, column in table.items()}
    lengths = {name: np.round(column, 3) for name, column in ranked.items() if name.endswith("length_m")}
    return pd.DataFrame({"rank": np.arange(1, len(order) + 1), **ranked, **lengths}, copy=False)
