"""Reduced pressure: who stays connected in a shutoff but falls below a chosen pressure. An estimate, by EPANET."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gisapp.children import Progress
from gisapp.epanet import Solved, solved
from gisapp.errors import InputError
from gisapp.network.cut import Cut
from gisapp.network.heads import believed, ordinary, parts_of, settled
from gisapp.network.hydraulics import Basis, Flow, basis_of, flow, inp_text, open_joints
from gisapp.network.losses import SERVED, STORAGE_ONLY, attached_classes, people_sums
from gisapp.network.model import Network, framed
from gisapp.network.notes import Note
from gisapp.network.shut_inp import shut_inp
from gisapp.network.shutoff import Shutoff, cut_of

BELIEVABLE_M = (-10.4, 400.0)
"""Pressures beyond these cannot be: less is emptier than a vacuum, more bursts any main."""
USUAL_PRESSURE_M = 14.0
"""Metres of water that reach a kitchen on the third floor: below it a customer is told of, unless another is chosen."""


@dataclass(frozen=True, eq=False)
class ReducedPressure:
    """An estimate of pressures before and after a shutoff, in metres of water above the pipe's ground.

    Parameters
    ----------
    below_m
        The chosen pressure.
    customers
        Everyone who stays connected: ``code``, ``link_code``, ``measure_m``, ``households``, ``people``, ``critical``,
        ``building_code``, ``before_m`` and ``after_m`` (NaN where no value can be believed), and ``falls``: below the
        chosen pressure after the shutoff, and not before. A customer without supply is in none of the rows.
    hydrants
        The same of hydrants.
    links
        Links that fall below it somewhere, with the lowest ``after_m``.
    nodes
        Every node with ``before_m`` and ``after_m``; NaN where it is without supply.
    tanks
        ``outflow_m3h`` of every tank after the shutoff, and the ``hours`` that it lasts if it is full now (NaN where
        it gives nothing or its volume is not on record).
    totals
        Sums over the customers who fall below: ``customers``, ``households``, ``people``, ``critical`` by kind; and
        ``already_low_customers``, who are below it on an ordinary day.
    notes
        What is assumed, and what was suppressed.
    """

    below_m: float
    customers: pd.DataFrame
    hydrants: pd.DataFrame
    links: pd.DataFrame
    nodes: pd.DataFrame
    tanks: pd.DataFrame
    totals: Mapping[str, object]
    notes: tuple[Note, ...]

    @property
    def fallen(self) -> pd.DataFrame:
        """Return the customers who fall below the chosen pressure."""
        return self.customers.loc[self.customers["falls"]].reset_index(drop=True)


def reduced_pressure(
    network: Network,
    answer: Shutoff,
    *,
    below_m: float = USUAL_PRESSURE_M,
    inp: Path | None = None,
    encoding: str = "utf-8-sig",
    progress: Progress | None = None,
) -> ReducedPressure:
    """Return who stays connected in a shutoff but falls below a pressure, by a pressure-driven EPANET simulation.

    Two moments are solved, today and with the shutoff in force. Where supply is cut, EPANET is not asked: it
    would give thousands of metres, or less than none. Demand is met in full at ``below_m`` and above, as the square
    root of the pressure under it.

    Without a file the model is built from the tables: base demands; roughness by material; sources keep the
    head that their elevation says, or, where today that leaves more than one place in ten below ``below_m`` or
    most of the supply to the tanks, the head that today gives 99 of 100 places 28 m; pumps lift by the difference in
    ground; valves that reduce pressure keep their direction only; tanks give but do not take. With a file its
    own curves, patterns, settings and levels hold, at its first moment.

    Parameters
    ----------
    network
        A water network from :func:`gisapp.network.network_of`.
    answer
        From :func:`gisapp.network.shutoff`, on this network.
    below_m
        Pressure in metres of water (14 m are 0.14 MPa).
    inp, encoding
        The EPANET file that the network came from, and its encoding.
    progress
        Called several times a second with steps done and steps in all; it may raise
        :class:`gisapp.errors.Interrupted`, and the simulation is killed.

    Raises
    ------
    InputError
        When the utility is not water, the pressure is no height of water, the tables lack what a simulation needs
        (no elevation at all, no diameter, nothing that feeds), the file does not belong to the network, or EPANET
        cannot solve it.

    Notes
    -----
    EPANET runs in processes of their own; a network of 50,000 pipes takes some seconds. It is an estimate: nobody has
    calibrated it.
    """
    if network.utility != "water":
        raise InputError(f"pressure of {network.utility} is not simulated", todo="ask for it with water only")
    if not 0 < below_m <= 200:
        raise InputError(f"found a pressure of {below_m:g} m", todo="give metres of water, such as 14")
    cut = cut_of(network, answer)
    today = flow(network, cut.state.passes, cut.given.before.stored)
    after = flow(network, cut.passes, cut.after.stored, cut.zone)
    simulated = (
        _by_tables(network, today, after, below_m, progress)
        if inp is None
        else _by_file(network, cut, (today, after), below_m, (inp, encoding), progress)
    )
    return _told(network, cut, (today, after), simulated, below_m)


@dataclass(frozen=True, eq=False)
class _Simulated:
    """Heads of every node before and after, the ground there, what tanks give after, and what is to be said."""

    ground_m: np.ndarray
    before_m: np.ndarray
    after_m: np.ndarray
    outflow_m3h: np.ndarray
    notes: tuple[Note, ...]


def _by_tables(network: Network, today: Flow, after: Flow, below_m: float, progress: Progress | None) -> _Simulated:
    """Return what EPANET makes of the tables."""
    basis = basis_of(network)
    part = parts_of(network, today)
    guess = ordinary(network, basis, part)
    on_record = np.where(np.isnan(basis.head_m), guess.head_m, basis.head_m)
    recorded = Basis(**{**vars(basis), "head_m": on_record})
    trials = {
        "recorded": inp_text(network, recorded, today, required_m=below_m),
        "guess": inp_text(network, guess, today, required_m=None),
    }
    first = solved({name: text for name, text in trials.items() if text}, progress=_part(progress, 0))
    heads, into = _by_row(first.get("recorded"), len(network.nodes))
    kept = believed(network, basis, heads - basis.ground_m, into, part, below_m)
    heads, _ = _by_row(first.get("guess"), len(network.nodes))
    basis = settled(network, basis, guess, heads - basis.ground_m, part, kept)
    texts = {
        "today": inp_text(network, basis, today, required_m=below_m),
        "after": inp_text(network, basis, after, required_m=below_m),
    }
    second = solved({name: text for name, text in texts.items() if text}, progress=_part(progress, 2))
    before, _ = _by_row(second.get("today"), len(network.nodes))
    then, into = _by_row(second.get("after"), len(network.nodes))
    return _Simulated(basis.ground_m, before, then, -into, (*basis.notes, *_unsettled(second)))


def _by_row(found: Solved | None, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return heads by row of the nodes, and what flows into each; NaN where EPANET was not asked."""
    head, into = np.full(count, np.nan), np.full(count, np.nan)
    if found is None:
        return head, into
    tank = np.char.startswith(found.codes, "T")
    row = np.char.lstrip(found.codes, "T").astype(np.int64)
    head[row[~tank]] = found.head[~tank]
    for those in (~tank, tank):  # of a tank what its reservoir takes, not what its junction draws
        into[row[those]] = found.demand[those]
    return head, into


def _by_file(
    network: Network,
    cut: Cut,
    ways: tuple[Flow, Flow],
    below_m: float,
    file: tuple[Path, str],
    progress: Progress | None,
) -> _Simulated:
    """Return what EPANET makes of a file with the links of the shutoff closed."""
    usual = flow(network, network.devices["passes"].to_numpy(dtype=bool)).links
    states = {"today": flow(network, cut.state.passes).links, "after": flow(network, cut.passes, None, cut.zone).links}
    codes = network.links["code"].to_numpy()
    texts = shut_inp(
        file[0],
        {name: codes[usual & ~now] for name, now in states.items()},
        {name: codes[now & ~usual] for name, now in states.items()},
        required_m=below_m,
        encoding=file[1],
        progress=_part(progress, 0),
    )
    found = solved(texts, progress=_part(progress, 2))
    rows = pd.Index(found["today"].codes).get_indexer(network.nodes["code"])
    if (rows < 0).any():
        lacking = network.nodes["code"].iloc[int((rows < 0).argmax())]
        raise InputError(
            f"the file lacks the node {lacking!r} of the network",
            todo="give the file that the network came from",
            file=str(file[0]),
        )
    today, after = (np.where(way.fed, found[name].head[rows], np.nan) for name, way in zip(states, ways, strict=True))
    ground = (found["today"].head - found["today"].pressure)[rows]
    return _Simulated(ground, today, after, -found["after"].demand[rows], _unsettled(found))


def _part(progress: Progress | None, start: int) -> Progress | None:
    """Return a progress that counts two steps from ``start`` of four."""
    if progress is None:
        return None
    return lambda done, total: progress(start + min(2 * done // max(total, 1), 2), 4)


def _unsettled(found: Mapping[str, Solved]) -> tuple[Note, ...]:
    """Return that EPANET did not find a balance, where it says so."""
    return () if all(one.balanced for one in found.values()) else (Note("pressure.unbalanced"),)


def _told(network: Network, cut: Cut, ways: tuple[Flow, Flow], found: _Simulated, below_m: float) -> ReducedPressure:
    """Return heads as pressures of nodes, customers, hydrants and links."""
    nodes = [_believable(head - found.ground_m) for head in (found.before_m, found.after_m)]
    wild = sum(
        int((np.isfinite(head) & np.isnan(pressure)).sum())
        for head, pressure in zip((found.before_m, found.after_m), nodes, strict=True)
    )
    states = (cut.state.passes, cut.passes)

    def at(link: np.ndarray, piece: np.ndarray, measure_m: np.ndarray) -> list[np.ndarray]:
        return [
            _pressure_at(network, passes, pressure, link, piece, measure_m)
            for passes, pressure in zip(states, nodes, strict=True)
        ]

    customers = _places(network, cut, at, "customers", below_m)
    columns = network.columns["nodes"]
    low = customers["before_m"] < below_m
    return ReducedPressure(
        below_m=below_m,
        customers=customers,
        hydrants=_places(network, cut, at, "hydrants", below_m),
        links=_links(network, cut, at, below_m),
        nodes=framed({"code": columns["code"], "before_m": nodes[0], "after_m": nodes[1]}),
        tanks=_tanks(network, ways[1], found.outflow_m3h),
        totals={
            **people_sums(customers.loc[customers["falls"]]),
            "already_low_customers": int(low.sum()),
        },
        notes=(*found.notes, *([Note("pressure.suppressed", {"n": wild})] if wild else [])),
    )


def _believable(pressure_m: np.ndarray) -> np.ndarray:
    """Return pressures without those that cannot be."""
    least, most = BELIEVABLE_M
    return np.where((pressure_m >= least) & (pressure_m <= most), pressure_m, np.nan)


_At = Callable[[np.ndarray, np.ndarray, np.ndarray], list[np.ndarray]]


def _pressure_at(
    network: Network,
    passes: np.ndarray,
    pressure_m: np.ndarray,
    link: np.ndarray,
    piece: np.ndarray,
    measure_m: np.ndarray,
) -> np.ndarray:
    """Return the pressure at places along links: between that of both ends, or that of the end it still hangs on."""
    to_a, to_b = open_joints(network, passes, piece)
    a = np.where(to_a, pressure_m[network.a[link]], np.nan)
    b = np.where(to_b, pressure_m[network.b[link]], np.nan)
    length = network.links["length_m"].to_numpy(dtype=float)[link]
    share = np.clip(np.divide(measure_m, length, out=np.zeros(len(link)), where=length > 0), 0.0, 1.0)
    return np.where(np.isnan(b), a, np.where(np.isnan(a), b, a + share * (b - a)))


_COLUMNS: Mapping[str, Sequence[str]] = {
    "customers": ("code", "measure_m", "kind", "critical", "households", "people", "building_code"),
    "hydrants": ("code", "measure_m"),
}


def _places(network: Network, cut: Cut, at: _At, table: str, below_m: float) -> pd.DataFrame:
    """Return customers or hydrants that stay connected, with pressures and whether they fall."""
    rows = np.flatnonzero(np.isin(attached_classes(network, cut.classes, table), [SERVED, STORAGE_ONLY]))
    columns = network.columns[table]
    link = columns["link"][rows].astype(np.int64)
    piece = columns["element"][rows].astype(np.int64) - len(network.nodes)
    before, after = at(link, piece, columns["measure_m"][rows].astype(float))
    picked = {name: columns[name][rows] for name in _COLUMNS[table]}
    codes = network.columns["links"]["code"][link]
    falls = (after < below_m) & ~(before < below_m)
    return framed({**picked, "link_code": codes, "before_m": before, "after_m": after, "falls": falls})


def _links(network: Network, cut: Cut, at: _At, below_m: float) -> pd.DataFrame:
    """Return links that fall below the pressure somewhere, with the lowest on them."""
    pieces = network.pieces
    served = np.isin(cut.classes[len(network.nodes) :], [SERVED, STORAGE_ONLY])
    rows = np.flatnonzero(~pieces.filler & served)
    link = pieces.link[rows]
    ends = [at(link, rows, where[rows]) for where in (pieces.from_m, pieces.to_m)]
    before, after = (np.fmin(ends[0][side], ends[1][side]) for side in (0, 1))
    falls = (after < below_m) & ~(before < below_m)
    lowest = pd.Series(after[falls]).groupby(link[falls]).min()
    return framed({"code": network.columns["links"]["code"][lowest.index], "after_m": lowest.to_numpy()})


def _tanks(network: Network, after: Flow, outflow_m3h: np.ndarray) -> pd.DataFrame:
    """Return what tanks give after the shutoff, and how long."""
    rows = network.stores[after.fed[network.stores]]
    gives = np.maximum(np.nan_to_num(outflow_m3h[rows]), 0.0)
    volume = network.nodes["volume_m3"].to_numpy(dtype=float)[rows]
    hours = np.divide(volume, gives, out=np.full(len(rows), np.nan), where=gives > 0.01)
    return framed({"code": network.columns["nodes"]["code"][rows], "outflow_m3h": gives, "hours": hours})
