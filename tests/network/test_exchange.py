"""Networks as networkx graphs: nothing is lost on the way there and back."""

import networkx as nx
import pandas as pd
import pytest
from towns import change, network, random_town, town

from gisapp.errors import InputError
from gisapp.network import as_json, from_networkx, network_json, segments, shutoff, to_networkx


@pytest.mark.parametrize("seed", range(12))
def test_there_and_back_gives_the_same_network(seed: int) -> None:
    made = random_town(seed)
    before = network(made)
    after = from_networkx(to_networkx(before))
    assert parts(segments(after)) == parts(segments(before))
    burst = made.links[0]["code"]
    assert plain(as_json(shutoff(after, [burst]))) == plain(as_json(shutoff(before, [burst])))
    assert plain(network_json(after)) == plain(network_json(before))


def parts(table: pd.DataFrame) -> set[tuple]:
    """Segments as sets of pieces: the links come back in another order."""
    pieces = table["link"] + " " + table.groupby("link").cumcount().astype(str)
    return {tuple(sorted(group)) for _, group in pieces.groupby(table["segment"])}


def plain(value: object) -> object:
    """Lists in a fixed order, numbers rounded."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted((plain(one) for one in value), key=str)
    return round(value, 6) if isinstance(value, float) else value


def test_a_graph_has_links_as_edges_with_their_devices_and_customers() -> None:
    graph = to_networkx(network(town("a:S-A b:A-B b2:A-B", "V@b:30", "k@b:50", S="source")))
    assert set(graph.edges(keys=True)) == {("S", "A", "a"), ("A", "B", "b"), ("A", "B", "b2")}
    assert graph.nodes["S"]["kind"] == "source"
    assert graph.edges["A", "B", "b"]["devices"][0]["code"] == "V"
    assert graph.edges["A", "B", "b"]["customers"][0]["measure_m"] == 50


def test_a_valve_drawn_as_a_node_stays_one() -> None:
    made = town("a:S-A b:A-B c:A-C", "V@b.from", S="source")
    change(made.devices, "V", link_code=None, end=None, node_code="A")
    after = from_networkx(to_networkx(network(made)))
    assert list(shutoff(after, ["b"]).must_close["code"]) == ["V"]


def test_a_bare_graph_will_do() -> None:
    graph = nx.MultiDiGraph(utility="water")
    graph.add_node("S", kind="source")
    graph.add_node("A", kind="junction")
    graph.add_edge("S", "A", key="p", kind="pipe", devices=[{"code": "V", "kind": "gate_valve", "end": "from"}])
    assert list(shutoff(from_networkx(graph), ["p"]).must_close["code"]) == ["V"]


def test_a_graph_that_is_no_network_is_refused() -> None:
    with pytest.raises(InputError, match="MultiDiGraph"):
        from_networkx(nx.Graph())
    with pytest.raises(InputError, match="utility"):
        from_networkx(nx.MultiDiGraph())
