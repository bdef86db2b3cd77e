from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from gisapp.network import network_of
from gisapp.tables import UTILITIES


def shapes(frame) -> np.ndarray:
    return np.asarray(frame["geom"].array)


def of(small, name: str, utility: str) -> pd.DataFrame:
    frame = small[name]
    return frame[frame["utility"] == utility].reset_index(drop=True)


def flows(small, utility: str) -> nx.DiGraph:
    """Return the ways that are open today, link by link; slow and plain."""
    links, devices = of(small, "links", utility), of(small, "devices", utility)
    ways = {code: {"forward", "backward"} for code in links["code"]}
    renamed = devices[["link_code", "direction"]].set_axis(["code", "direction"], axis=1)
    both = pd.concat([links[["code", "direction"]], renamed])
    for code, direction in both.itertuples(index=False):
        if direction != "both":
            ways[code] &= {direction}
    for code in devices[devices["state"] == "closed"]["link_code"]:
        ways[code] = set()
    graph = nx.DiGraph()
    graph.add_nodes_from(of(small, "nodes", utility)["code"])
    for code, a, b in zip(links["code"], links["from_node"], links["to_node"], strict=True):
        graph.add_edges_from([(a, b)] if "forward" in ways[code] else [])
        graph.add_edges_from([(b, a)] if "backward" in ways[code] else [])
    return graph


def supplied(small, utility: str) -> set[str]:
    graph, nodes = flows(small, utility), of(small, "nodes", utility)
    sources = nodes[nodes["kind"] == "source"]["code"]
    assert len(sources) > 0
    return set().union(*(nx.descendants(graph, source) | {source} for source in sources))


@pytest.mark.parametrize("utility", UTILITIES)
def test_every_customer_has_supply_in_the_normal_state(small, utility):
    reached = supplied(small, utility)
    links = of(small, "links", utility).set_index("code")
    wired = links.loc[of(small, "connections", utility)["link_code"]]
    assert wired["from_node"].isin(reached).all()
    assert wired["to_node"].isin(reached).all()


def test_all_have_water_and_power_and_most_have_heat_and_gas(small):
    share = small["connections"].groupby("utility").size() / len(small["customers"])
    assert share["water"] == share["power"] == 1
    assert 0.4 < share["heating"] < 0.95
    assert 0.6 < share["gas"] < 0.99


def test_links_end_at_their_nodes_and_are_as_long_as_they_are_drawn(small):
    links, nodes = small["links"], small["nodes"].set_index(["utility", "code"])["geom"]
    for end, place in (("from_node", 0), ("to_node", -1)):
        node = np.asarray(nodes.loc[pd.MultiIndex.from_frame(links[["utility", end]])].array)
        assert shapely.equals(shapely.get_point(shapes(links), place), node).all()
    assert np.abs(shapely.length(shapes(links)) - links["length_m"]).max() < 1e-6
    assert links["length_m"].min() > 0.5


@pytest.mark.parametrize("table", ["devices", "hydrants", "connections"])
def test_whatever_hangs_on_a_link_lies_within_its_length(small, table):
    frame = small[table]
    key = pd.MultiIndex.from_frame(frame[["utility", "link_code"]])
    length = small["links"].set_index(["utility", "code"])["length_m"].loc[key].to_numpy()
    assert (frame["measure_m"] >= 0).all()
    assert (frame["measure_m"] <= length + 0.01).all()


def test_devices_lie_on_their_link_and_name_the_node_they_stand_at(small):
    devices = small["devices"]
    links = (
        small["links"].set_index(["utility", "code"]).loc[pd.MultiIndex.from_frame(devices[["utility", "link_code"]])]
    )
    assert shapely.distance(shapes(devices), shapes(links)).max() < 0.01
    wanted = np.select([devices["end"] == "from", devices["end"] == "to"], [links["from_node"], links["to_node"]], "")
    assert (devices["node_code"].fillna("").to_numpy() == wanted).all()


def test_customers_stand_in_their_buildings(small):
    customers = small["customers"]
    buildings = small["buildings"].set_index("code").loc[customers["building_code"]]
    assert shapely.covers(shapes(buildings), shapes(customers)).all()


def test_the_nearest_pipe_does_not_always_feed_the_customer(small):
    links, wired = of(small, "links", "water"), of(small, "connections", "water")
    nearest = shapely.STRtree(shapes(links)).nearest(shapes(small["customers"]))
    differs = (links["code"].to_numpy()[nearest] != wired["link_code"].to_numpy()).mean()
    assert 0.005 < differs < 0.6


def test_water_has_sources_tanks_pumps_and_zones_parted_by_closed_valves(small):
    nodes, devices = of(small, "nodes", "water"), of(small, "devices", "water")
    assert 2 <= (nodes["kind"] == "source").sum() <= 4
    assert (nodes["kind"] == "tank").sum() >= 1
    walls = devices[devices["kind"] == "boundary_valve"]
    assert len(walls) > 3
    assert (walls["state"] == "closed").all()
    assert (of(small, "links", "water")["kind"] == "pump").any()
    assert (devices["kind"] == "check_valve").sum() >= (nodes["kind"] == "source").sum()
    graph = flows(small, "water").to_undirected(as_view=True)
    tall = nodes.set_index("code").loc[list(graph.nodes)]["elevation_m"]
    assert tall.max() - tall.min() > 15


def test_without_the_pump_the_high_zone_is_dry(small):
    pump = of(small, "devices", "water").query("kind == 'pump'")["link_code"]
    shut = small["devices"].assign(
        state=small["devices"]["state"].mask(small["devices"]["link_code"].isin(pump), "closed")
    )
    before, after = supplied(small, "water"), supplied(small | {"devices": shut}, "water")
    assert 0.05 < 1 - len(after) / len(before) < 0.6


def test_valves_stand_on_most_but_not_all_ends_of_mains_at_crossings(small):
    links, devices = of(small, "links", "water"), of(small, "devices", "water")
    mains = links[links["rank"] == "main"]
    ends = pd.concat([mains[["code", "from_node"]].set_axis(["link", "node"], axis=1),
                      mains[["code", "to_node"]].set_axis(["link", "node"], axis=1)])  # fmt: skip
    taken = pd.concat([ends["node"], links[links["rank"] == "branch"]["from_node"]])
    crossing = ends[ends["node"].map(ends["node"].value_counts()) >= 3]
    have = set(zip(devices["link_code"], devices["node_code"], strict=True))
    share = np.mean([pair in have for pair in zip(crossing["link"], crossing["node"], strict=True)])
    assert len(taken) > 0
    assert 0.6 < share < 0.9


def test_three_to_six_in_a_hundred_valves_cannot_be_relied_on(small):
    valves = small["devices"][small["devices"]["kind"] == "gate_valve"]
    assert 0.03 <= (valves["operable"] != "operable").mean() <= 0.06


def test_hydrants_stand_about_every_120_m_of_main(small):
    mains = of(small, "links", "water").query("rank == 'main'")
    assert 90 < mains["length_m"].sum() / len(small["hydrants"]) < 150


def test_power_is_radial_with_open_points_between_feeders(small):
    graph = flows(small, "power").to_undirected()
    assert nx.is_forest(graph)
    ties = of(small, "devices", "power").query("kind == 'open_point'")
    assert len(ties) > 10
    assert (ties["state"] == "closed").all()
    closed_too = small | {"devices": small["devices"].assign(state="open")}
    assert not nx.is_forest(flows(closed_too, "power").to_undirected())


def test_every_feeder_begins_with_a_breaker(small):
    nodes, links = of(small, "nodes", "power"), of(small, "links", "power")
    bus = set(nodes[nodes["kind"] == "substation"]["code"])
    heads = links[links["from_node"].isin(bus)]["code"]
    breakers = of(small, "devices", "power").query("kind == 'breaker'")["link_code"]
    assert len(heads) > 10
    assert set(heads) == set(breakers)


def test_heating_lays_a_return_beside_every_supply(small):
    network = network_of("heating", *(small[n] for n in ("nodes", "links", "devices", "customers", "connections")))
    pipes = network.links["kind"].to_numpy() == "pipe"
    assert (network.twins.link[pipes] >= 0).all()
    sides = network.links["side"].to_numpy()
    assert (sides[pipes] != sides[network.twins.link[pipes]]).all()


def test_gas_reaches_homes_only_through_a_regulator(small):
    nodes, links = of(small, "nodes", "gas"), of(small, "links", "gas")
    devices = of(small, "devices", "gas").query("kind == 'regulator'")
    passing = set(devices["link_code"]) | set(links[links["kind"] == "regulator"]["code"])
    graph = nx.Graph()
    graph.add_edges_from(links[~links["code"].isin(passing)][["from_node", "to_node"]].to_numpy())
    source = nodes[nodes["kind"] == "source"]["code"]
    medium = set().union(*(nx.node_connected_component(graph, code) for code in source))
    homes = links.set_index("code").loc[of(small, "connections", "gas")["link_code"]]
    assert not homes["to_node"].isin(medium).any()


@pytest.mark.parametrize("utility", UTILITIES)
def test_the_network_room_has_nothing_to_warn_of(small, utility):
    names = ("nodes", "links", "devices", "customers", "connections", "hydrants")
    assert network_of(utility, *(small[name] for name in names)).warnings == ()


def test_old_pipes_are_iron_and_new_ones_are_not(small):
    pipes = of(small, "links", "water").query("kind == 'pipe' and rank == 'main'")
    old, new = pipes["laid_year"] < 1990, pipes["laid_year"] > 2005
    assert (pipes[old]["material"] == "grey_cast_iron").mean() > 0.6
    assert not (pipes[new]["material"] == "grey_cast_iron").any()
