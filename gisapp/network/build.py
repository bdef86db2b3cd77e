"""From tables to a network: one utility's rows, checked, with every device on its joint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from gisapp.errors import InputError
from gisapp.network.attach import attached_customers, attached_hydrants, rows_of
from gisapp.network.model import CLOSABLE, Network
from gisapp.network.notes import Note, listed
from gisapp.network.pairs import no_twins, paired_links
from gisapp.network.pieces import FROM, MID, TO, Ends, Places, cut, middles
from gisapp.tables import DTYPES, TABLES, UTILITIES, Column

_WHERE = {"from": FROM, "mid": MID, "to": TO}
_SLACK_M = 0.5


def network_of(
    utility: str,
    nodes: pd.DataFrame,
    links: pd.DataFrame,
    devices: pd.DataFrame,
    customers: pd.DataFrame,
    connections: pd.DataFrame,
    hydrants: pd.DataFrame | None = None,
    *,
    trust_unknown: bool = True,
) -> Network:
    """Return the network of one utility from tables that may hold all of them.

    Devices along a link cut it at their measure; devices at an end sit between the link and its node.
    A device without a link but with a node is a valve drawn as that node: on a node of one or two links
    it sits at the first of them, on one of three or more it is a body that separates all of them, with
    a warning. A link whose status is closed and that carries a closed device is closed by that device;
    without one it is closed for good. A gas regulator passes forward even where the tables say both.
    Exchangers of heating pass nothing: consumers do not conduct.

    Parameters
    ----------
    utility
        ``water``, ``power``, ``heating`` or ``gas``.
    nodes, links, devices, customers, connections, hydrants
        Frames in the shape of :data:`gisapp.tables.TABLES`; ``geom`` of nodes is used where there is one.
    trust_unknown
        Whether a device of which it is not known if it can be operated counts as operable.

    Raises
    ------
    InputError
        On an unknown utility, node, link or device class, a code that stands twice, a negative length,
        a device that names a node its link does not end at, a connection of an unknown customer.

    Notes
    -----
    A network without a source is no error: ``warnings`` says so.
    """
    if utility not in UTILITIES:
        raise InputError(f"unknown utility {utility!r}", todo=f"use one of {', '.join(UTILITIES)}")
    own_nodes = _rows(nodes, "nodes", utility)
    own_links = _rows(links, "links", utility)
    own_devices = _rows(devices, "devices", utility)
    a = _ends_found(own_nodes, own_links, "from_node")
    b = _ends_found(own_nodes, own_links, "to_node")
    _settle_devices(own_devices, trust_unknown=trust_unknown)
    places, notes = _places(own_nodes, own_links, own_devices, a, b)
    ends = _ends(own_links, own_devices, a, b, places)
    pieces, joints = cut(len(own_nodes), ends, places)
    kind = own_nodes["kind"].to_numpy()
    bare = Network(
        utility=utility,
        nodes=own_nodes,
        links=own_links,
        devices=own_devices,
        customers=pd.DataFrame(),
        hydrants=pd.DataFrame(),
        pieces=pieces,
        joints=joints,
        middles=middles(len(own_links), places),
        feeds=np.flatnonzero(kind == "source"),
        stores=np.flatnonzero(kind == "tank"),
        twins=paired_links(own_nodes, own_links, a, b) if utility == "heating" else no_twins(len(own_links)),
        a=a,
        b=b,
    )
    return replace(
        bare,
        customers=attached_customers(bare, customers, connections),
        hydrants=attached_hydrants(bare, hydrants),
        warnings=(*notes, *_warnings(bare)),
    )


def _rows(frame: pd.DataFrame, name: str, utility: str) -> pd.DataFrame:
    """Return the utility's rows on a plain index, all columns there, without geometry; nodes get x and y."""
    mine = frame.loc[(frame["utility"] == utility).to_numpy()].reset_index(drop=True)
    rows = pd.DataFrame({column.name: _column(mine, column) for column in TABLES[name].columns})
    twice = rows["code"].duplicated()
    if twice.any():
        raise InputError(
            f"the code {rows.loc[twice, 'code'].iloc[0]!r} stands twice in {name} of {utility}",
            todo="give every one its own code",
        )
    if name == "nodes":
        points = mine["geom"] if "geom" in mine.columns else pd.Series([None] * len(mine), dtype=object)
        xy = shapely.get_coordinates(shapely.centroid(points.to_numpy()))
        has = ~(shapely.is_missing(points.to_numpy()) | shapely.is_empty(points.to_numpy()))
        rows["x"], rows["y"] = np.nan, np.nan
        rows.loc[has, ["x", "y"]] = xy
    return rows


def _column(frame: pd.DataFrame, column: Column) -> pd.Series:
    """Return a column; one that is absent is empty, or has what most rows would say."""
    if column.name in frame.columns:
        return frame[column.name]
    usual = {"status": "open", "direction": "both", "state": "open", "operable": "operable", "length_m": 0.0}
    return pd.Series(usual.get(column.name), index=frame.index, dtype=DTYPES[column.kind], name=column.name)


def _ends_found(nodes: pd.DataFrame, links: pd.DataFrame, column: str) -> np.ndarray:
    """Return the row of the node at one end of every link."""
    rows = rows_of(nodes["code"], links[column])
    if (rows < 0).any():
        at = int((rows < 0).argmax())
        raise InputError(
            f"the link {links['code'].iloc[at]!r} names the node {links[column].iloc[at]!r}, which is unknown",
            todo="add the node or correct the link",
            field=column,
        )
    short = links["length_m"].isna() | (links["length_m"] < 0)
    if short.any():
        raise InputError(
            f"the link {links.loc[short, 'code'].iloc[0]!r} has no length or a negative one",
            todo="give its length in metres",
            field="length_m",
        )
    return rows


def _settle_devices(devices: pd.DataFrame, *, trust_unknown: bool) -> None:
    """Check the classes, and add whether each device lets pass today and whether it can be closed."""
    kinds = next(column.choices for column in TABLES["devices"].columns if column.name == "kind")
    for column, choices in (("kind", kinds), ("end", tuple(_WHERE)), ("state", ("open", "closed", "unknown"))):
        wrong = ~devices[column].isin(choices)
        if column == "end":
            wrong &= devices["link_code"].notna()
        if wrong.any():
            row = devices.loc[wrong].iloc[0]
            raise InputError(
                f"the device {row['code']!r} is of the unknown {'class' if column == 'kind' else column} "
                f"{row[column]!r}",
                todo=f"use one of {', '.join(choices)}",
                field=column,
            )
    can = devices["operable"].isin(["operable", "unknown"] if trust_unknown else ["operable"])
    devices["usable"] = (can & devices["kind"].isin(CLOSABLE)).to_numpy(dtype=bool)
    devices["passes"] = (devices["state"] != "closed").to_numpy(dtype=bool)


def _places(
    nodes: pd.DataFrame, links: pd.DataFrame, devices: pd.DataFrame, a: np.ndarray, b: np.ndarray
) -> tuple[Places, list[Note]]:
    """Return where every device sits; one that is drawn as a node may sit in several places."""
    on_link = devices["link_code"].notna().to_numpy()
    rows = np.flatnonzero(on_link)
    link = rows_of(links["code"], devices["link_code"].iloc[rows])
    _known(link, devices["code"].iloc[rows], devices["link_code"].iloc[rows], "link")
    where = devices["end"].iloc[rows].map(_WHERE).to_numpy(dtype=np.int64)
    measure, notes = _measures(devices.iloc[rows], links["length_m"].to_numpy()[link], where)
    at = rows_of(nodes["code"], devices["node_code"])
    _known(at[devices["node_code"].notna()], *_named(devices, "node_code"), "node")
    stands = np.choose(where, [a[link], at[rows], b[link]])
    apart = (at[rows] >= 0) & (stands != at[rows])
    if apart.any():
        row = devices.iloc[rows[apart.argmax()]]
        raise InputError(
            f"the device {row['code']!r} is at the node {row['node_code']!r}, which is not the {row['end']} end "
            f"of the link {row['link_code']!r}",
            todo="correct the node, the link or the end",
        )
    rank = np.arange(len(rows))
    drawn = _drawn_as_nodes(devices, np.flatnonzero(~on_link), at, a, b)
    bodies = [devices["code"].iloc[row] for row in np.unique(drawn[0][drawn[3]])]
    if bodies:
        notes.append(Note("network.body_valves", {"n": len(bodies), "codes": listed(bodies)}))
    device = np.concatenate([rows, drawn[0]])
    way = devices["direction"].iloc[device].to_numpy()
    free = np.concatenate([np.zeros(len(rows), dtype=bool), drawn[3]])  # a body has no direction
    places = Places(
        device=device,
        link=np.concatenate([link, drawn[1]]),
        where=np.concatenate([where, drawn[2]]),
        measure_m=np.concatenate([measure, np.zeros(len(drawn[0]))]),
        rank=np.concatenate([rank, np.full(len(drawn[0]), -1)]),
        forth=free | (way != "backward"),
        back=free | (way != "forward"),
    )
    return places, notes


def _named(devices: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Series]:
    """Return the codes of devices that name something in a column, and what they name."""
    named = devices.loc[devices[column].notna()]
    return named["code"], named[column]


def _known(rows: np.ndarray, codes: pd.Series, named: pd.Series, thing: str) -> None:
    """Raise for the first device that names a link or node that is not there."""
    if (rows < 0).any():
        at = int((rows < 0).argmax())
        raise InputError(
            f"the device {codes.iloc[at]!r} is on the {thing} {named.iloc[at]!r}, which is unknown",
            todo=f"add the {thing} or correct the device",
            field=f"{thing}_code",
        )


def _measures(devices: pd.DataFrame, length_m: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, list[Note]]:
    """Return the measure of every device along a link; 0 at an end, where the end alone counts."""
    measure = devices["measure_m"].to_numpy(dtype=float)
    lacks = (where == MID) & ~np.isfinite(measure) & (length_m > 0)
    if lacks.any():
        raise InputError(
            f"the device {devices['code'].iloc[int(lacks.argmax())]!r} is along a link without saying where",
            todo="give its distance from the from_node",
            field="measure_m",
        )
    off = (where == MID) & ((measure < -_SLACK_M) | (measure > length_m + _SLACK_M))
    notes = []
    if off.any():
        codes = list(devices["code"][off])
        notes.append(Note("network.measure_off", {"n": len(codes), "codes": listed(codes)}))
    return np.where(where == MID, np.clip(np.nan_to_num(measure), 0.0, length_m), 0.0), notes


def _drawn_as_nodes(
    devices: pd.DataFrame, rows: np.ndarray, at: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return device, link, place and whether it is a body, for every joint of devices drawn as nodes."""
    if len(rows) and (at[rows] < 0).any():
        raise InputError(
            f"the device {devices['code'].iloc[rows[int((at[rows] < 0).argmax())]]!r} is on no link and at no node",
            todo="give its link and end",
            field="link_code",
        )
    node = np.concatenate([a, b])
    link = np.concatenate([np.arange(len(a)), np.arange(len(b))])
    where = np.repeat([FROM, TO], len(a))
    ports = pd.DataFrame({"node": node, "link": link, "where": where})
    ports["several"] = np.bincount(node, minlength=1)[node] >= 3 if len(node) else False
    ports = ports.sort_values(["node", "link", "where"])
    ports = ports.loc[ports["several"] | ~ports["node"].duplicated()]
    found = pd.DataFrame({"device": rows, "node": at[rows]}).merge(ports, on="node")
    return (
        found["device"].to_numpy(dtype=np.int64),
        found["link"].to_numpy(dtype=np.int64),
        found["where"].to_numpy(dtype=np.int64),
        found["several"].to_numpy(dtype=bool),
    )


def _ends(links: pd.DataFrame, devices: pd.DataFrame, a: np.ndarray, b: np.ndarray, places: Places) -> Ends:
    """Return the links with what their status and direction let pass; sets regulators of gas one-way."""
    if len(places.device):
        both = (devices["kind"].to_numpy() == "regulator")[places.device] & places.forth & places.back
        places.back[both & (devices["utility"].iloc[0] == "gas")] = False
    closing = (~devices["passes"] & devices["kind"].isin(CLOSABLE)).to_numpy()[places.device]
    by_device = np.zeros(len(links), dtype=bool)
    by_device[places.link[closing & (places.rank >= 0)]] = True
    shut = (links["status"] == "closed").to_numpy() & ~by_device
    shut |= (links["kind"] == "exchanger").to_numpy()
    way = links["direction"].to_numpy()
    return Ends(
        a=a,
        b=b,
        length_m=links["length_m"].to_numpy(dtype=float),
        forth=~shut & (way != "backward"),
        back=~shut & (way != "forward"),
        shut=shut,
    )


def _warnings(network: Network) -> list[Note]:
    """Return what is odd about a network as a whole."""
    notes = []
    if len(network.nodes) and not len(network.feeds) and not len(network.stores):
        notes.append(Note("network.no_source"))
    elif len(network.stores) and not len(network.feeds):
        notes.append(Note("network.only_tanks", {"n": len(network.stores)}))
    if network.utility == "heating":
        sided = network.links["side"].isin(["supply", "return"]).to_numpy()
        alone = int((sided & (network.twins.link < 0)).sum())
        if alone:
            notes.append(Note("network.unpaired", {"n": alone}))
    return notes
