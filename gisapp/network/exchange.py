"""A network as a networkx graph and back: the form in which other programs take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from gisapp.errors import InputError
from gisapp.network.build import network_of
from gisapp.network.model import Network
from gisapp.tables import DTYPES, TABLES

if TYPE_CHECKING:
    import networkx as nx

_OF_CUSTOMERS = ("code", "measure_m", "kind", "critical", "households", "people", "building_code")


def to_networkx(network: Network) -> nx.MultiDiGraph:
    """Return the network as a graph: nodes by code, links as edges from their from_node whose key is the code.

    Nodes and edges carry the columns of their tables; nodes also ``x`` and ``y``. Edges carry ``devices``,
    ``customers`` and ``hydrants``, nodes the ``devices`` that are drawn as them: lists of dictionaries. The
    graph carries ``utility``. What is missing is None. Nothing is split: :func:`from_networkx` gives the
    same network back.
    """
    import networkx as nx  # half a second of a server's start, which never asks for it

    graph: nx.MultiDiGraph = nx.MultiDiGraph(utility=network.utility)
    for row in _records(network.nodes):
        graph.add_node(row.pop("code"), **row, devices=[])
    codes = network.links["code"].to_numpy()
    for row in _records(network.links):
        code, a, b = row.pop("code"), row.pop("from_node"), row.pop("to_node")
        graph.add_edge(a, b, key=code, **row, devices=[], customers=[], hydrants=[])
    edge = {key: attributes for _, _, key, attributes in graph.edges(keys=True, data=True)}
    for row in _records(network.devices.drop(columns=["usable", "passes"])):
        link = row.pop("link_code")
        (graph.nodes[row["node_code"]] if link is None else edge[link])["devices"].append(row)
    for name, columns in (("customers", _OF_CUSTOMERS), ("hydrants", ("code", "measure_m"))):
        frame = getattr(network, name)
        for row, link in zip(_records(frame[list(columns)]), frame["link"], strict=True):
            edge[codes[link]][name].append(row)
    return graph


def from_networkx(graph: nx.MultiDiGraph) -> Network:
    """Return the network of a graph in the form of :func:`to_networkx`.

    Attributes that are absent are as in the tables: links open both ways and 0 m long, devices open and operable.

    Raises
    ------
    InputError
        When the graph does not say its utility, is not a directed multigraph, or holds what
        :func:`gisapp.network.network_of` refuses.
    """
    if not (graph.is_multigraph() and graph.is_directed()):
        raise InputError(f"found a {type(graph).__name__}", todo="give a networkx.MultiDiGraph")
    if "utility" not in graph.graph:
        raise InputError("the graph has no attribute 'utility'", todo="set it, for example to water")
    nodes = [{"code": str(code), **row} for code, row in graph.nodes(data=True)]
    links = [
        {"code": str(key), "from_node": str(a), "to_node": str(b), **row}
        for a, b, key, row in graph.edges(keys=True, data=True)
    ]
    devices = [{**row, "link_code": link["code"]} for link in links for row in link.get("devices", ())]
    devices += [
        {**row, "link_code": None, "node_code": node["code"]} for node in nodes for row in node.get("devices", ())
    ]
    utility = graph.graph["utility"]
    people = [{**row, "link_code": link["code"]} for link in links for row in link.get("customers", ())]
    hydrants = [{**row, "link_code": link["code"]} for link in links for row in link.get("hydrants", ())]
    connections = [{**row, "customer_code": row["code"]} for row in people]
    return network_of(
        utility,
        _frame(nodes, "nodes", utility),
        _frame(links, "links", utility),
        _frame(devices, "devices", utility),
        _frame(people, "customers", utility),
        _frame(connections, "connections", utility),
        _frame(hydrants, "hydrants", utility),
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as dictionaries with None for what is missing."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _frame(rows: list[dict[str, Any]], name: str, utility: str) -> pd.DataFrame:
    """Return rows as a table, with the columns that any of them has."""
    given = {key for row in rows for key in row} | {"code", "link_code", "customer_code", "node_code", "end"}
    made = pd.DataFrame(index=range(len(rows)))
    for column in TABLES[name].columns:
        if column.name in given or column.required:
            values = [row.get(column.name) for row in rows]
            made[column.name] = pd.Series(_usual(values, column.name), dtype=DTYPES[column.kind], index=made.index)
    made["utility"] = utility
    if name == "nodes":
        made["geom"] = [_point(row) for row in rows]
    return made


def _usual(values: list[Any], name: str) -> list[Any]:
    """Return values with what goes without saying filled in."""
    usual = {"status": "open", "direction": "both", "state": "open", "operable": "operable"}
    numbers = {"length_m": 0.0, "households": 0, "meter_inside": False}
    plain = usual.get(name, numbers.get(name))
    return [plain if value is None else value for value in values]


def _point(row: dict[str, Any]) -> shapely.Point | None:
    """Return the position of a node, or None."""
    x, y = row.get("x"), row.get("y")
    return None if x is None or y is None else shapely.Point(x, y)
