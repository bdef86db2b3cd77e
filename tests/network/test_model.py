"""Networks from tables: what is refused, what is warned of, how elements are cut."""

import numpy as np
import pandas as pd
import pytest
from towns import change, network, town

from gisapp.errors import InputError
from gisapp.network import network_of, segments, shutoff

STREET = ("a:S-A b:A-B", "V@b.from W@b:40", "k@b:50")


@pytest.mark.parametrize(
    ("table", "code", "values", "said"),
    [
        ("links", "b", {"to_node": "X"}, "the link 'b' names the node 'X', which is unknown"),
        ("links", "b", {"length_m": -1.0}, "the link 'b' has no length or a negative one"),
        ("links", "b", {"code": "a"}, "the code 'a' stands twice in links of water"),
        ("devices", "V", {"link_code": "x"}, "the device 'V' is on the link 'x', which is unknown"),
        ("devices", "V", {"node_code": "x"}, "the device 'V' is on the node 'x', which is unknown"),
        ("devices", "V", {"node_code": "B"}, "the device 'V' is at the node 'B', which is not the from end"),
        ("devices", "V", {"kind": "tap"}, "the device 'V' is of the unknown class 'tap'"),
        ("devices", "V", {"state": "ajar"}, "the device 'V' is of the unknown state 'ajar'"),
        ("devices", "V", {"link_code": None}, "the device 'V' is on no link and at no node"),
        ("devices", "W", {"measure_m": None}, "the device 'W' is along a link without saying where"),
        ("customers", "k", {"link_code": "x"}, "'k' is attached to the link 'x' of water, which is unknown"),
        ("customers", "k", {"measure_m": np.nan}, "'k' is attached to a link without saying where"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(table: str, code: str, values: dict, said: str) -> None:
    made = town(*STREET, S="source")
    change(getattr(made, table), code, **values)
    with pytest.raises(InputError, match=said):
        network(made)


def test_an_unknown_utility_is_refused() -> None:
    with pytest.raises(InputError, match="unknown utility 'steam'"):
        network(town(*STREET), "steam")


def test_a_connection_of_an_unknown_customer_is_refused() -> None:
    connections = pd.DataFrame({"utility": ["water"], "customer_code": ["z"], "link_code": ["a"], "measure_m": [1.0]})
    empty = pd.DataFrame({"utility": []})
    nodes = pd.DataFrame({"utility": "water", "code": ["S", "A"], "kind": "junction"})
    links = pd.DataFrame({"utility": ["water"], "code": "a", "kind": "pipe", "from_node": "S", "to_node": "A"})
    with pytest.raises(InputError, match="customer 'z', who is unknown"):
        network_of("water", nodes, links, empty.assign(code="", link_code=""), pd.DataFrame({"code": []}), connections)


def test_rows_of_other_utilities_are_left_out() -> None:
    net = network(town(*STREET, S="source"), "gas")
    assert len(net.links) == 2
    frames = [net.nodes, net.links, net.devices.drop(columns=["usable", "passes"])]
    none = pd.DataFrame({"utility": [], "customer_code": [], "link_code": [], "measure_m": []})
    assert network_of("water", *frames, pd.DataFrame({"code": []}), none).links.empty


def test_no_source_and_only_tanks_are_warned_of() -> None:
    assert "no source" in str(network(town(*STREET)).warnings[0])
    assert "only tanks (1)" in str(network(town(*STREET, S="tank")).warnings[0])
    assert network(town(*STREET, S="source")).warnings == ()


def test_a_measure_beyond_the_end_is_moved_to_it_with_a_warning() -> None:
    made = town("a:S-A", "V@a:300", S="source")
    net = network(made)
    assert "(V)" in str(net.warnings[0])
    assert segments(net)["to_m"].tolist() == [100]


def test_a_warning_speaks_every_language() -> None:
    note = network(town(*STREET)).warnings[0]
    assert note.words("zh-Hans") == "管网没有水源或电源：停供之前就无供应"
    assert note.words("zh-Hant") == "管網沒有水源或電源：停供之前就無供應"


def test_unknown_operability_is_trusted_unless_told_otherwise() -> None:
    made = town(*STREET, S="source")
    change(made.devices, "V", operable="unknown")
    answer = shutoff(network(made), [("b", 20.0)])
    assert list(answer.must_close["code"]) == ["V"]
    assert any("not known whether" in str(note) for note in answer.warnings)
    net = network(made)
    frames = [net.nodes, net.links, net.devices.drop(columns=["usable", "passes"])]
    none = pd.DataFrame({"utility": [], "customer_code": [], "link_code": [], "measure_m": []})
    careful = network_of("water", *frames, pd.DataFrame({"code": []}), none, trust_unknown=False)
    assert not shutoff(careful, [("b", 20.0)]).isolated_possible


def test_a_network_is_itself_and_can_be_a_key() -> None:
    one, other = network(town(*STREET)), network(town(*STREET))
    assert one != other
    assert {one: 1}[one] == 1


def test_no_personal_column_comes_along() -> None:
    assert not {"name", "phone", "address"} & set(network(town(*STREET)).customers.columns)
