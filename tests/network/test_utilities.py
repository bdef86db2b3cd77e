"""What differs between utilities: power, heating and gas."""

import geopandas as gpd
import pandas as pd
import shapely
from towns import change, network, town

from gisapp.network import Network, network_of, shutoff


def codes(frame) -> list[str]:
    return list(frame["code"])


def feeder() -> Network:
    """Substation S - breaker - a - b - c, and a second one T behind an open point at the far end of c."""
    made = town(
        "a:S-A b:A-B c:B-C d:C-T",
        "K@a.from U@b.from V@c.from O@d:50 L@d.to",
        "ka@a:50 kb@b:50 kc@c:50",
        S="source",
        T="source",
    )
    for code, kind in {"K": "breaker", "L": "breaker", "U": "switch", "V": "switch", "O": "open_point"}.items():
        change(made.devices, code, kind=kind, state="closed" if kind == "open_point" else "open")
    return network(made, "power")


def test_power_trips_its_breaker_then_isolates_then_feeds_back_over_the_open_point() -> None:
    answer = shutoff(feeder(), ["b"])
    assert codes(answer.trips) == ["K"]
    assert codes(answer.must_close) == ["U"]
    assert codes(answer.isolated.customers) == ["kb"]
    assert codes(answer.unintended.customers) == ["kc"]
    assert answer.restoration[["code", "customers", "close_first"]].to_numpy().tolist() == [["O", 1, "V"]]


def test_other_utilities_trip_nothing() -> None:
    assert shutoff(network(town("a:S-A", "V@a.from", S="source")), ["a"]).trips.empty


def test_a_gas_regulator_feeds_forward_only_even_where_the_table_says_both() -> None:
    made = town("a:S-A b:A-B c:B-T", "R@b:50 V@c.from", "k@a:50 l@c:50", T="source")
    change(made.devices, "R", kind="regulator")
    answer = shutoff(network(made, "gas"), ["a"])
    assert codes(answer.already_dry.customers) == ["k"]
    assert codes(shutoff(network(made), ["c"]).unintended.customers) == ["k"]  # water: both ways


def heating(*, exchanger: bool = False, back_to_plant: bool = True) -> Network:
    """Plant H; supply a, b and return p, q one metre beside them; a valve at the start of b and of q."""
    xy = {"H": (0, 0), "A": (100, 0), "B": (200, 0), "C": (100, 1), "D": (200, 1), "E": (0, 1)}
    pipes = [("a", "H", "A", "supply"), ("b", "A", "B", "supply"), ("p", "H" if back_to_plant else "E", "C", "return")]
    pipes += [("q", "D", "C", "return")]  # drawn the other way round
    links = pd.DataFrame(pipes, columns=["code", "from_node", "to_node", "side"]).assign(kind="pipe", length_m=100.0)
    if exchanger:
        links.loc[len(links)] = ["x", "B", "D", None, "exchanger", 0.0]
    nodes = gpd.GeoDataFrame(
        {
            "utility": "heating",
            "code": list(xy),
            "kind": ["source", *["junction"] * 5],
            "geom": [shapely.Point(*at) for at in xy.values()],
        },
        geometry="geom",
    )
    devices = pd.DataFrame({"code": ["VA", "VP", "VB", "VQ"], "link_code": ["a", "p", "b", "q"]})
    devices = devices.assign(kind="gate_valve", end=["from", "from", "from", "to"])
    people = pd.DataFrame({"code": ["k", "l"], "households": 1, "people": 2})
    at = pd.DataFrame({"customer_code": ["k", "l"], "link_code": ["a", "x" if exchanger else "b"], "measure_m": 0.0})
    at.loc[0, "measure_m"] = 80.0
    frames = [frame.assign(utility="heating") for frame in (links, devices)]
    return network_of("heating", nodes, *frames, people, at.assign(utility="heating"))


def test_heating_closes_both_pipes() -> None:
    answer = shutoff(heating(), ["b"])
    assert set(codes(answer.must_close)) == {"VB", "VQ"}
    assert set(codes(answer.isolated.links)) == {"b", "q"}
    assert codes(answer.isolated.customers) == ["l"]


def test_a_burst_on_the_return_closes_both_pipes_too() -> None:
    assert set(codes(shutoff(heating(), ["q"]).must_close)) == {"VB", "VQ"}


def test_the_place_beside_a_burst_is_the_same_share_of_the_other_pipe() -> None:
    answer = shutoff(heating(), [("b", 30.0)])  # q runs the other way
    assert dict(zip(answer.must_close["code"], answer.must_close["distance_m"], strict=True)) == {"VB": 30, "VQ": 30}


def test_a_consumer_needs_supply_and_return() -> None:
    net = heating()
    assert codes(shutoff(net, ["b"], closed=["VP"]).already_dry.customers) == ["k", "l"]
    assert codes(shutoff(net, ["a"], closed=["VQ"]).already_dry.customers) == ["l"]


def test_consumers_do_not_conduct() -> None:
    net = heating(exchanger=True)
    answer = shutoff(net, ["b"], closed=["VB"])
    assert set(codes(answer.already_dry.links)) == {"b"}, "an exchanger feeds no supply pipe from the return"
    assert codes(shutoff(net, ["b"]).isolated.customers) == ["l"]


def test_heating_is_fed_back_over_both_pipes_of_a_closed_tie() -> None:
    xy = {"H": (0, 0), "A": (100, 0), "B": (200, 0), "C": (100, 1), "D": (200, 1), "G": (300, 0)}
    pipes = [("a", "H", "A"), ("b", "A", "B"), ("t", "B", "G"), ("p", "H", "C"), ("q", "C", "D"), ("u", "D", "G")]
    links = pd.DataFrame(pipes, columns=["code", "from_node", "to_node"])
    links = links.assign(side=["supply"] * 3 + ["return"] * 3, kind="pipe", length_m=100.0)
    kinds = ["source", "junction", "junction", "junction", "junction", "source"]
    points = [shapely.Point(*at) for at in xy.values()]
    nodes = gpd.GeoDataFrame({"utility": "heating", "code": list(xy), "kind": kinds, "geom": points}, geometry="geom")
    valves = [("VA", "a", "open"), ("VP", "p", "open"), ("VB", "b", "open"), ("VQ", "q", "open")]
    valves += [("VT", "t", "closed"), ("VU", "u", "closed")]
    devices = pd.DataFrame(valves, columns=["code", "link_code", "state"]).assign(kind="gate_valve", end="from")
    people = pd.DataFrame({"code": ["k"], "households": 1, "people": 2})
    at = pd.DataFrame({"utility": "heating", "customer_code": ["k"], "link_code": ["b"], "measure_m": [50.0]})
    frames = [frame.assign(utility="heating") for frame in (links, devices)]
    answer = shutoff(network_of("heating", nodes, *frames, people, at), ["a"])
    assert codes(answer.unintended.customers) == ["k"]
    assert answer.restoration[["code", "customers", "also_open", "close_first"]].to_numpy().tolist() == [
        ["VT", 1, "VU", "VB,VQ"],
        ["VU", 1, "VT", "VB,VQ"],
    ]


def test_a_pair_is_found_by_the_nearest_ends_whichever_way_it_is_drawn() -> None:
    net = heating()
    pairs = {net.links["code"][i]: net.links["code"][j] for i, j in enumerate(net.twins.link)}
    assert pairs == {"a": "p", "p": "a", "b": "q", "q": "b"}
    assert dict(zip(net.links["code"], net.twins.turned.tolist(), strict=True)) == {
        "a": False,
        "p": False,
        "b": True,
        "q": True,
    }


def test_without_a_source_on_the_return_side_only_supply_is_judged_and_it_is_said() -> None:
    net = heating(back_to_plant=False)
    answer = shutoff(net, ["b"])
    assert codes(answer.isolated.customers) == ["l"]
    assert not len(answer.already_dry.customers)
    assert any("return side is not judged" in str(note) for note in answer.warnings)
