"""A water network as EPANET takes it: the tables as an INP text, and what is assumed where they are silent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from gisapp.errors import InputError
from gisapp.network.model import Network
from gisapp.network.notes import Note
from gisapp.network.search import components

ROUGHNESS = {
    "pe": 140.0,
    "pvc": 140.0,
    "ppr": 140.0,
    "ductile_iron": 120.0,
    "concrete": 120.0,
    "asbestos_cement": 120.0,
    "steel": 110.0,
    "grey_cast_iron": 100.0,
    "cast_iron": 100.0,
}
"""Hazen-Williams coefficients by material, for pipes some decades in use; the usual handbook values."""
OTHER_ROUGHNESS = 110.0
OTHER_DIAMETER_MM = 100.0
HOUSEHOLD_M3H = 0.4 / 24
"""What a household draws where no demand is on record: three people of about 130 litres a day."""
_DRIVEN = "DEMAND MODEL PDA\nREQUIRED PRESSURE {required_m:g}\nMINIMUM PRESSURE 0\nPRESSURE EXPONENT 0.5"
_LEAST_LENGTH_M = 0.1
_GREAT_FLOW_M3H = 1e5


@dataclass(frozen=True, eq=False)
class Basis:
    """What is taken as known of every node and link, and what of it is assumed.

    Parameters
    ----------
    ground_m, demand_m3h
        Of every node.
    head_m
        Of every node that is a source or a tank, NaN elsewhere.
    roughness, diameter_mm
        Of every link.
    lift_m
        Of every link with a pump, 0 elsewhere.
    notes
        What is assumed, in words.
    """

    ground_m: np.ndarray
    demand_m3h: np.ndarray
    head_m: np.ndarray
    roughness: np.ndarray
    diameter_mm: np.ndarray
    lift_m: np.ndarray
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class Flow:
    """What can carry water: for every link which ways, for every node whether anything feeds it."""

    forth: np.ndarray
    back: np.ndarray
    fed: np.ndarray

    @property
    def links(self) -> np.ndarray:
        """Return the mask of links that carry water."""
        return self.forth | self.back


def basis_of(network: Network) -> Basis:
    """Return what a water network is simulated on, with the gaps of its tables filled.

    The elevation of a source or tank is the head it keeps. Missing elevations are taken from the nearest node
    with one, missing demands (when there are none at all) from the households. A pump has no curve in the
    tables: it lifts by as much as the ground beyond it is higher, so that both sides have the same pressure. Valves
    that reduce pressure have no setting in the tables: they keep their direction only.

    Raises
    ------
    InputError
        When there is no source or tank, no elevation, or no pipe with a diameter.
    """
    nodes, links = network.nodes, network.links
    fixed = np.concatenate([network.feeds, network.stores])
    if not len(fixed):
        raise InputError("the network has no source and no tank", todo="give the nodes that feed it their kind")
    ground, notes = _ground(network, fixed)
    demand = nodes["demand_m3h"].fillna(0.0).clip(lower=0.0).to_numpy(dtype=float)
    if not demand.any():
        demand = _household_demand(network)
        notes.append(Note("pressure.demand_assumed", {"litres": round(HOUSEHOLD_M3H * 24_000)}))
    diameter = links["diameter_mm"].to_numpy(dtype=float)
    lacks = ~(diameter > 0)
    pipes = (links["kind"] == "pipe").to_numpy()
    if lacks[pipes].all():
        raise InputError("no pipe has a diameter", todo="fill diameter_mm of the links", field="diameter_mm")
    if lacks[pipes].any():
        notes.append(Note("pressure.diameter_assumed", {"n": int(lacks[pipes].sum()), "mm": OTHER_DIAMETER_MM}))
    head = np.full(len(nodes), np.nan)
    head[fixed] = nodes["elevation_m"].to_numpy(dtype=float)[fixed]
    lift = _lifts(network, ground, demand)
    if (lift > 0).any():
        notes.append(Note("pressure.lift_assumed", {"n": int((lift > 0).sum())}))
    return Basis(
        ground_m=ground,
        demand_m3h=demand,
        head_m=head,
        roughness=links["material"].map(ROUGHNESS).fillna(OTHER_ROUGHNESS).to_numpy(dtype=float),
        diameter_mm=np.where(lacks, np.where(pipes, OTHER_DIAMETER_MM, 1000.0), diameter),
        lift_m=lift,
        notes=tuple(notes),
    )


def _ground(network: Network, fixed: np.ndarray) -> tuple[np.ndarray, list[Note]]:
    """Return the ground at every node; where it is not on record that of the nearest node that has it."""
    own = network.nodes["elevation_m"].to_numpy(dtype=float).copy()
    own[fixed] = np.nan  # the level of the water, not the ground
    known = np.isfinite(own)
    if not known.any():
        raise InputError("no node has an elevation", todo="fill elevation_m of the nodes", field="elevation_m")
    spots = network.nodes[["x", "y"]].to_numpy(dtype=float)
    placed = np.isfinite(spots).all(axis=1)
    found = np.where(known, own, np.nanmedian(own))
    asked, given = np.flatnonzero(~known & placed), np.flatnonzero(known & placed)
    if len(asked) and len(given):
        found[asked] = own[given[cKDTree(spots[given]).query(spots[asked])[1]]]
    junctions = int((~known).sum()) - len(fixed)
    return found, [Note("pressure.ground_assumed", {"n": junctions})] if junctions else []


def _household_demand(network: Network) -> np.ndarray:
    """Return what the households draw, at the nearer end of their link; one household where none is counted."""
    people = network.customers
    link, measure = people["link"].to_numpy(dtype=np.int64), people["measure_m"].to_numpy(dtype=float)
    nearer_b = measure > network.links["length_m"].to_numpy(dtype=float)[link] / 2
    at = np.where(nearer_b, network.b[link], network.a[link])
    homes = people["households"].to_numpy(dtype=float)
    return np.bincount(at, np.maximum(homes, 1.0) * HOUSEHOLD_M3H, minlength=len(network.nodes))


def _lifts(network: Network, ground: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Return for every link with a pump by how much the highest ground beyond is higher than before it.

    Between parts that are also joined otherwise, or where nothing is drawn before the pump (the head of the source is
    what it delivers), a pump lifts nothing.
    """
    devices, joints = network.devices, network.joints
    pump = (network.links["kind"] == "pump").to_numpy(copy=True)
    rows = np.append((devices["kind"] == "pump").to_numpy(dtype=bool), False)[joints.device]
    pump[joints.link[rows]] = True
    if not pump.any():
        return np.zeros(len(network.links))
    usual = flow(network, network.devices["passes"].to_numpy(dtype=bool))
    joined = usual.links & ~pump
    part = components(len(network.nodes), network.a[joined], network.b[joined])
    top = np.full(int(part.max()) + 1, -np.inf)
    drawing = demand > 0
    np.maximum.at(top, part[drawing], ground[drawing])
    first, last = np.where(usual.forth, (network.a, network.b), (network.b, network.a))
    known = pump & np.isfinite(top[part[first]]) & np.isfinite(top[part[last]])
    rise = np.zeros(len(pump))
    rise[known] = top[part[last[known]]] - top[part[first[known]]]
    return np.maximum(rise, 0.0)


def flow(network: Network, passes: np.ndarray, fed: np.ndarray | None = None, zone: np.ndarray | None = None) -> Flow:
    """Return what carries water under states of devices, among the cells that are ``fed`` and not in the ``zone``."""
    joints, pieces = network.joints, network.pieces
    free = np.append(passes, True)[joints.device]
    first = pieces.first[:-1] + np.arange(len(network.links))
    forth, back = (np.logical_and.reduceat(way & free, first) for way in (joints.forth, joints.back))
    count = len(network.nodes)
    alive = np.ones(count, dtype=bool) if fed is None else fed[network.cell[:count]]
    if zone is not None:
        cut = np.zeros(len(network.links), dtype=bool)
        cut[pieces.link[zone[network.piece_cell]]] = True
        alive = alive & ~zone[network.cell[:count]]
        forth, back = forth & ~cut, back & ~cut
    able = alive[network.a] & alive[network.b]
    return Flow(forth & able, back & able, alive)


def open_joints(network: Network, passes: np.ndarray, piece: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for pieces whether everything between them and the from_node, and the to_node, of their link is open."""
    joints, pieces = network.joints, network.pieces
    shut = ~((joints.forth | joints.back) & np.append(passes, True)[joints.device])
    before = np.concatenate([[0], np.cumsum(shut)])
    link = pieces.link[piece]
    lead = piece + link  # the joint at the start of the piece
    first, last = pieces.first[link] + link, pieces.first[link + 1] + link
    return before[lead + 1] == before[first], before[last + 1] == before[lead + 1]


def inp_text(network: Network, basis: Basis, way: Flow, *, required_m: float | None) -> str:
    """Return the part of a network that is fed as an EPANET text for one moment, in metres and m3/h.

    Nodes and links are named by their rows. What is not fed is left out, for EPANET would say nonsense of it.
    Tanks give and do not take, as full ones do: each is a reservoir behind a check valve, named ``T`` and its row.

    Parameters
    ----------
    required_m
        Pressure from which demand is met in full (below it as the square root of the pressure, at 0 m nothing);
        None when all demand is met whatever the pressure.

    Returns
    -------
    str
        Empty when nothing carries water.
    """
    nodes = np.arange(len(network.nodes))
    rows = np.flatnonzero(way.links & (network.a != network.b))
    if not len(rows):
        return ""
    joined = np.bincount(np.concatenate([network.a[rows], network.b[rows]]), minlength=len(nodes)) > 0
    source = np.isin(nodes, network.feeds)
    tanks = network.stores[joined[network.stores]]
    junctions = nodes[joined & ~source]
    pumped = basis.lift_m[rows] > 0
    parts = [
        "[JUNCTIONS]",
        *_lines("%d %.3f %.6f", junctions, basis.ground_m[junctions], basis.demand_m3h[junctions]),
        "[RESERVOIRS]",
        *_lines("%d %.3f", nodes[source & joined], basis.head_m[source & joined]),
        *_lines("T%d %.3f", tanks, basis.head_m[tanks]),
        "[PIPES]",
        *_pipes(network, basis, way, rows[~pumped]),
        *_lines("T%d T%d %d 1 2000 140 0 CV", tanks, tanks, tanks),
        "[PUMPS]",
        *_pumps(network, way, rows[pumped]),
        "[CURVES]",
        *_curves(basis.lift_m[rows[pumped]], rows[pumped]),
        "[OPTIONS]",
        "UNITS CMH",
        "HEADLOSS H-W",
        *(_DRIVEN.format(required_m=required_m) if required_m is not None else "DEMAND MODEL DDA").splitlines(),
        "TRIALS 500",
        "ACCURACY 0.0001",
        "[TIMES]",
        "DURATION 0",
        "[END]",
    ]
    return "\n".join(parts) + "\n"


def _lines(form: str, *columns: np.ndarray) -> list[str]:
    """Return one line of text for every row."""
    return [form % values for values in zip(*(column.tolist() for column in columns), strict=True)]


def _pipes(network: Network, basis: Basis, way: Flow, rows: np.ndarray) -> list[str]:
    """Return pipes; one that lets pass one way only has a check valve and is drawn that way."""
    turned = ~way.forth[rows]
    first = np.where(turned, network.b[rows], network.a[rows])
    last = np.where(turned, network.a[rows], network.b[rows])
    length = np.maximum(network.links["length_m"].to_numpy(dtype=float)[rows], _LEAST_LENGTH_M)
    state = np.where(way.forth[rows] & way.back[rows], "Open", "CV")
    return _lines(
        "%d %d %d %.3f %.1f %.1f 0 %s", rows, first, last, length, basis.diameter_mm[rows], basis.roughness[rows], state
    )


def _pumps(network: Network, way: Flow, rows: np.ndarray) -> list[str]:
    """Return pumps, each with a curve of its own."""
    first = np.where(way.forth[rows], network.a[rows], network.b[rows])
    last = np.where(way.forth[rows], network.b[rows], network.a[rows])
    return _lines("%d %d %d HEAD C%d", rows, first, last, rows)


def _curves(lift_m: np.ndarray, rows: np.ndarray) -> list[str]:
    """Return curves so flat that a pump lifts by the same whatever it delivers."""
    steps = ((0.0, 1.0), (0.1, 0.999), (0.5, 0.998), (1.0, 0.997))
    return [
        f"C{row} {_GREAT_FLOW_M3H * share:g} {lift * left:.4f}"
        for row, lift in zip(rows.tolist(), lift_m.tolist(), strict=True)
        for share, left in steps
    ]
