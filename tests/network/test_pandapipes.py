"""A real heating and a real gas network of pandapipes, read from plain JSON: every pipe burst, every answer checked.

The two networks have next to no valves on record (four, and none), so every end of a pipe is given one: then a burst
takes out its own pipe, and who is lost is found by networkx without that pipe. Heating comes as supply and return drawn
apart; a pair of pipes is shut together, and a consumer needs both ways.
"""

import json
import os
from pathlib import Path

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest
import shapely

from gisapp.network import Network, network_of, shutoff

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "networks"
EVERY = 1 if os.environ.get("GISAPP_NIGHTLY") else 60
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared networks are not here")


def tables(name: str) -> dict[str, pd.DataFrame]:
    """The tables of a pandapipes file, by row number."""
    raw = json.loads((FOLDER / name).read_text(encoding="utf-8"))["_object"]
    found = {}
    for key, value in raw.items():
        if isinstance(value, dict) and value.get("_class") == "DataFrame":
            table = json.loads(value["_object"])
            found[key] = pd.DataFrame(table["data"], index=table["index"], columns=table["columns"])
    return found


def made(utility: str, raw: dict[str, pd.DataFrame], sources: set[int], links: pd.DataFrame, at: pd.Series) -> Network:
    """A network with a valve at both ends of every pipe; a customer on each link named in ``at``."""
    name, place = raw["junction"]["name"], raw["junction_geodata"]
    of_supply = dict(zip(name, place.loc[name.index].itertuples(index=False), strict=True))
    beside = [of_supply[one.removeprefix("return_")] for one in name]  # only supply is placed
    nodes = gpd.GeoDataFrame(
        {
            "utility": utility,
            "code": name.index.astype(str),
            "kind": ["source" if row in sources else "junction" for row in name.index],
        },
        geometry=[shapely.Point(x + one.startswith("return_"), y) for one, (x, y) in zip(name, beside, strict=True)],
    ).rename_geometry("geom")
    pipes = links.loc[links["kind"] == "pipe", "code"]
    ends = [pd.DataFrame({"code": pipes + f" {end}", "link_code": pipes, "end": end}) for end in ("from", "to")]
    valves = pd.concat(ends, ignore_index=True).assign(utility=utility, kind="gate_valve")
    people = pd.DataFrame({"code": at.index, "households": 1})
    where = pd.DataFrame({"utility": utility, "customer_code": at.index, "link_code": at.to_numpy(), "measure_m": 0.0})
    return network_of(utility, nodes, links.assign(utility=utility), valves, people, where)


def pipes_of(raw: dict[str, pd.DataFrame]) -> pd.DataFrame:
    pipe = raw["pipe"]
    return pd.DataFrame(
        {
            "code": "p" + pipe.index.astype(str),
            "kind": "pipe",
            "from_node": pipe["from_junction"].astype(str),
            "to_node": pipe["to_junction"].astype(str),
            "length_m": pipe["length_km"] * 1000,
        }
    )


def graph(links: pd.DataFrame) -> nx.MultiGraph:
    found = nx.MultiGraph()
    found.add_edges_from(links[["from_node", "to_node", "code"]].itertuples(index=False))
    return found


def reached(whole: nx.MultiGraph, source: str, *without: str) -> set[str]:
    """What hangs together with the source once some pipes are out."""
    kept = nx.subgraph_view(whole, filter_edge=lambda a, b, key: key not in without)
    return nx.node_connected_component(kept, source)


def lost(net: Network, burst: str) -> set[str]:
    answer = shutoff(net, [burst])
    assert answer.isolated_possible
    return {code for part in (answer.isolated, answer.unintended) for code in part.customers["code"]}


def test_a_burst_in_the_gas_network_of_schutterwald_loses_whom_networkx_cannot_reach() -> None:
    raw = tables("gas_net_schutterwald_1bar.json")
    links, sink = pipes_of(raw), raw["sink"]["junction"].astype(str)
    stubs = pd.DataFrame({"code": "s" + sink.index.astype(str), "from_node": sink, "to_node": sink, "length_m": 1.0})
    source = int(raw["ext_grid"]["junction"].iloc[0])
    stub_links = pd.concat([links, stubs.assign(kind="cable")], ignore_index=True)
    net = made("gas", raw, {source}, stub_links, pd.Series(stubs["code"].to_numpy(), index=stubs["code"]))
    whole = graph(links)
    assert (len(links), len(sink)) == (2559, 1506)
    usual = reached(whole, str(source))
    for burst in links["code"][::EVERY]:
        still = reached(whole, str(source), burst)
        assert lost(net, burst) == {f"s{row}" for row, node in sink.items() if node in usual - still}, burst


def test_a_burst_in_the_heating_of_sw_heat_loses_who_lacks_supply_or_return() -> None:
    raw = tables("sw_heat.json")
    pump, consumer = raw["circ_pump_pressure"].iloc[0], raw["heat_consumer"]
    flow, back = str(pump["flow_junction"]), str(pump["return_junction"])
    valve = raw["valve"]
    joined = pd.DataFrame(
        {
            "code": "v" + valve.index.astype(str),
            "kind": "pipe",
            "from_node": valve["from_junction"].astype(str),
            "to_node": valve["to_junction"].astype(str),
            "length_m": 0.1,
        }
    )
    links = pd.concat([pipes_of(raw), joined], ignore_index=True)
    supply, returning = reached(graph(links), flow), reached(graph(links), back)
    assert not supply & returning, "supply and return meet at consumers only"
    links["side"] = links["from_node"].map(lambda node: "supply" if node in supply else "return")
    exchangers = pd.DataFrame(
        {
            "code": "c" + consumer.index.astype(str),
            "kind": "exchanger",
            "from_node": consumer["from_junction"].astype(str),
            "to_node": consumer["to_junction"].astype(str),
            "length_m": 0.0,
        }
    )
    at = pd.Series(exchangers["code"].to_numpy(), index=exchangers["code"])
    net = made("heating", raw, {int(flow), int(back)}, pd.concat([links, exchangers], ignore_index=True), at)
    codes = net.links["code"]
    twin = {codes[row]: codes[other] for row, other in enumerate(net.twins.link) if other >= 0}
    assert len(consumer) == 44
    whole = graph(links)
    for burst in links["code"][::EVERY]:
        out = (burst, twin.get(burst, burst))
        warm, cold = reached(whole, flow, *out), reached(whole, back, *out)
        expected = {
            code
            for code, a, b in exchangers[["code", "from_node", "to_node"]].itertuples(index=False)
            if (a in supply and b in returning) and (a not in warm or b not in cold)
        }
        assert lost(net, burst) == expected, burst
