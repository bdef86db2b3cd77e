"""Shutoffs in hand-drawn towns, one trap each."""

import pandas as pd
import pytest
import riverside
from towns import NODE, change, network, town, with_hydrants

from gisapp.errors import InputError
from gisapp.network import Shutoff, shutoff


def codes(frame) -> list[str]:
    return list(frame["code"])


def lost(answer: Shutoff) -> dict[str, str]:
    ways = ("isolated", "unintended", "already_dry", "storage_only")
    return {code: way for way in ways for code in getattr(answer, way).customers["code"]}


# S --a-- A --b-- B --c-- C --d-- T: a street between two sources, a valve at both ends of b and c
STREET = ("a:S-A b:A-B c:B-C d:C-T", "V1@b.from V2@b.to V3@c.from V4@c.to", "ka@a:50 kb@b:50 kc@c:50 kd@d:50")


def test_the_nearest_valves_with_supply_beyond_must_be_closed() -> None:
    """G3.3.3, W17.1."""
    answer = shutoff(network(town(*STREET, S="source", T="source")), ["b"])
    assert codes(answer.must_close) == ["V1", "V2"]
    assert lost(answer) == {"kb": "isolated"}
    assert answer.isolated_possible


def test_what_is_fed_through_the_zone_alone_is_lost_unintended_and_its_valve_is_optional() -> None:
    answer = shutoff(network(town(*STREET, S="source")), ["b"])
    assert codes(answer.must_close) == ["V1"]
    assert codes(answer.optional) == ["V2"]
    assert list(answer.optional["why"]) == ["dead_beyond"]
    assert lost(answer) == {"kb": "isolated", "kc": "unintended", "kd": "unintended"}


def test_the_valve_nearest_to_the_burst_comes_first() -> None:
    net = network(town("a:S-A b:A-T", "V1@a:10 V2@b:30", S="source", T="source"))
    assert codes(shutoff(net, [("a", 20.0)]).must_close) == ["V1", "V2"]
    near_t = shutoff(net, [("b", 25.0)])
    assert codes(near_t.must_close) == ["V2", "V1"]
    assert near_t.must_close["distance_m"].tolist() == [5, 115]
    assert near_t.must_close["order"].tolist() == [1, 2]


def test_the_larger_comes_first_only_among_equally_near_ones() -> None:
    made = town("a:S-A b:A-B c:B-T", "V1@b.from V2@b.to V3@c:60", S="source", T="source")
    change(made.devices, "V2", diameter_mm=400.0)
    assert codes(shutoff(network(made), ["b"]).must_close) == ["V2", "V1"]
    change(made.devices, "V2", operable="stuck")
    change(made.devices, "V3", diameter_mm=600.0)
    assert codes(shutoff(network(made), ["b"]).must_close) == ["V1", "V3"]


def test_the_distance_counts_from_the_nearest_of_two_bursts_on_one_pipe() -> None:
    net = network(town("a:S-A b:A-T", "V1@a:10 V2@b:30", S="source", T="source"))
    assert shutoff(net, [("a", 20.0), ("a", 95.0)]).must_close["distance_m"].tolist() == [10, 35]


def test_a_stuck_valve_moves_the_border_and_says_what_it_costs() -> None:
    net = network(town(*STREET, S="source", T="source"))
    answer = shutoff(net, ["b"], stuck=["V2", "V3"])
    assert codes(answer.must_close) == ["V1", "V4"]
    assert lost(answer) == {"kb": "isolated", "kc": "isolated"}
    assert dict(zip(answer.unusable["code"], answer.unusable["extra_customers"], strict=True)) == {"V2": 1, "V3": 1}


@pytest.mark.parametrize("operable", ["stuck", "unreachable"])
def test_what_the_table_says_cannot_be_operated_is_not_relied_on(operable: str) -> None:
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V1", operable=operable)
    answer = shutoff(network(made), ["b"])
    assert not answer.isolated_possible
    assert codes(answer.sources_inside) == ["S"]
    assert any("Cannot isolate" in str(note) for note in answer.warnings)


def test_a_closed_valve_bounds_the_zone_even_where_it_is_stuck() -> None:
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V2", state="closed", operable="stuck")
    answer = shutoff(network(made), ["b"])
    assert codes(answer.must_close) == ["V1"]
    assert codes(answer.verify_closed) == ["V2"]
    assert answer.verify_closed["supply_beyond"].tolist() == [True]


def test_todays_overrides_count() -> None:
    net = network(town(*STREET, S="source", T="source"))
    assert lost(shutoff(net, ["b"], closed=["V4"])) == {"kb": "isolated", "kc": "unintended"}
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V4", state="closed")
    assert lost(shutoff(network(made), ["b"], opened=["V4"])) == {"kb": "isolated"}


def test_a_normally_closed_boundary_valve_restores_what_was_left_dry() -> None:
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V4", state="closed", kind="boundary_valve")
    answer = shutoff(network(made), ["b"])
    assert lost(answer) == {"kb": "isolated", "kc": "unintended"}
    assert answer.restoration[["code", "customers", "close_first"]].to_numpy().tolist() == [["V4", 1, "V2"]]


def test_a_closed_valve_that_is_stuck_restores_nothing() -> None:
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V4", state="closed", operable="stuck")
    assert shutoff(network(made), ["b"]).restoration.empty


def test_a_candidate_that_leads_into_the_zone_only_is_none() -> None:
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V2", state="closed")
    answer = shutoff(network(made), ["b"])
    assert answer.restoration.empty


def test_restoration_is_ranked_by_customers() -> None:
    made = town(
        "a:S-A b:A-B c:B-C d:B-D e:C-T f:D-T",
        "V1@b.from V3@c.from V4@d.from V5@e:50 V6@f:50",
        "k1@c:50 k2@d:50 k3@d:60",
        S="source",
        T="source",
    )
    change(made.devices, "V5", state="closed")
    change(made.devices, "V6", state="closed")
    answer = shutoff(network(made), ["b"])
    assert answer.restoration[["code", "customers"]].to_numpy().tolist() == [["V6", 2], ["V5", 1]]
    assert answer.restoration["close_first"].tolist() == ["V4", "V3"]


def test_customers_on_both_sides_of_a_mid_pipe_valve_are_told_apart() -> None:
    net = network(town("a:S-A b:A-T", "V@a:50 W@b.from", "near@a:49 at@a:50 far@a:51", S="source", T="source"))
    assert lost(shutoff(net, [("a", 60.0)])) == {"far": "isolated"}
    first = shutoff(net, [("a", 10.0)])
    assert (lost(first), first.isolated_possible) == ({"near": "isolated", "at": "isolated"}, False)


def test_a_burst_without_a_place_takes_both_sides_of_a_mid_pipe_valve_and_says_so() -> None:
    net = network(town("b:S-B a:B-A c:A-T", "U@a.from V@a:50 W@a.to", "k@a:10 l@a:90", S="source", T="source"))
    answer = shutoff(net, ["a"])
    assert lost(answer) == {"k": "isolated", "l": "isolated"}
    assert codes(answer.must_close) == ["U", "W"]
    assert any("give the place" in str(note) for note in answer.warnings)


def test_a_burst_at_the_valve_itself_takes_both_sides() -> None:
    net = network(town("a:S-A c:A-T", "U@a.from V@a:50 W@a.to", "k@a:10 l@a:90", S="source", T="source"))
    assert lost(shutoff(net, [("a", 50.0)])) == {"k": "isolated", "l": "isolated"}


def test_two_valves_on_one_pipe_cut_out_the_piece_between_them() -> None:
    net = network(town("a:S-T", "V@a:30 W@a:70", "k@a:10 l@a:50 m@a:90", S="source", T="source"))
    answer = shutoff(net, [("a", 50.0)])
    assert (lost(answer), set(codes(answer.must_close))) == ({"l": "isolated"}, {"V", "W"})


def test_of_a_doubled_valve_the_nearer_is_closed_and_the_other_stands_in_for_it() -> None:
    net = network(town("a:S-A b:A-B", "V@b.from W@b.from", "k@b:50", S="source"))
    assert codes(shutoff(net, ["b"]).must_close) == ["W"]
    assert codes(shutoff(net, ["b"], stuck=["W"]).must_close) == ["V"]
    assert shutoff(net, ["b"], stuck=["W"]).unusable["extra_customers"].tolist() == [0]


def test_doubled_valves_count_from_the_node_at_either_end() -> None:
    net = network(town("a:S-A b:B-A", "V@b.to W@b.to", "k@b:50", S="source"))
    assert codes(shutoff(net, ["b"]).must_close) == ["W"]


def test_a_valve_at_a_tee_separates_its_own_pipe_only() -> None:
    net = network(town("a:S-A b:A-B c:A-C", "V@b.from W@a.to", "k@b:50 l@c:50", S="source"))
    assert lost(shutoff(net, ["b"])) == {"k": "isolated"}
    assert lost(shutoff(net, ["c"])) == {"k": "unintended", "l": "isolated"}


def test_a_valve_drawn_as_a_tee_is_a_body_that_separates_all_its_pipes_with_a_warning() -> None:
    made = town("a:S-A b:A-B c:A-C", "V@b.from", "k@b:50 l@c:50", S="source")
    change(made.devices, "V", link_code=None, end=None, node_code="A")
    net = network(made)
    assert any("drawn as nodes" in str(note) for note in net.warnings)
    answer = shutoff(net, ["b"])
    assert codes(answer.must_close) == ["V"]
    assert lost(answer) == {"k": "isolated", "l": "unintended"}


def test_a_valve_drawn_as_a_node_between_two_pipes_sits_between_them() -> None:
    made = town("a:S-A b:A-B", "V@b.from", "k@b:50", S="source")
    change(made.devices, "V", link_code=None, end=None, node_code="A")
    net = network(made)
    assert net.warnings == ()
    assert codes(shutoff(net, ["b"]).must_close) == ["V"]


def test_parallel_pipes_are_two_pipes() -> None:
    made = town("a:S-A p:A-B q:A-B", "V@p.from W@p.to", "k@p:50 l@q:50 m@q:10", S="source")
    assert lost(shutoff(network(made), ["p"])) == {"k": "isolated"}


def test_a_closed_pipe_feeds_nothing_and_bounds_the_zone() -> None:
    made = town("a:S-A b:A-B c:B-T", "V@a:50", "k@a:80 l@c:50", S="source", T="source")
    change(made.links, "b", status="closed")
    answer = shutoff(network(made), [("a", 80.0)])
    assert codes(answer.must_close) == ["V"]
    assert lost(answer) == {"k": "isolated"}
    assert any("closed without a valve on record" in str(note) and "(b)" in str(note) for note in answer.warnings)


def test_a_burst_on_a_closed_pipe_takes_both_its_ends_for_no_one_knows_where_it_is_closed() -> None:
    made = town("a:S-A b:A-B c:B-T", "V@a.to W@c.from", S="source", T="source")
    change(made.links, "b", status="closed")
    assert set(codes(shutoff(network(made), ["b"]).must_close)) == {"V", "W"}


def test_a_burst_on_a_closed_pipe_is_no_distance_away_from_its_ends() -> None:
    made = town("a:S-A b:A-B c:B-T", "V@a.to U1@b.from U2@b.from W@c:30", S="source", T="source")
    change(made.links, "b", status="closed")
    must = shutoff(network(made), ["b"]).must_close
    assert dict(zip(must["code"], must["distance_m"], strict=True)) == {"V": 0, "W": 30}


def test_a_link_closed_by_its_own_device_opens_with_it() -> None:
    made = town("a:S-A b:A-B", "V@b:50", "k@b:80", S="source")
    change(made.links, "b", status="closed")
    change(made.devices, "V", state="closed")
    assert lost(shutoff(network(made), ["a"]))["k"] == "already_dry"
    assert lost(shutoff(network(made), ["a"], opened=["V"]))["k"] == "unintended"


@pytest.mark.parametrize(("direction", "way"), [("forward", None), ("backward", "already_dry")])
def test_a_check_valve_lets_supply_pass_one_way(direction: str, way: str | None) -> None:
    made = town("a:S-A b:A-B c:A-C", "V@b:50 W@c.from", "k@b:80", S="source")
    change(made.devices, "V", kind="check_valve", direction=direction)
    assert lost(shutoff(network(made), ["c"])).get("k") == way


def test_a_check_valve_that_points_out_of_the_zone_bounds_it_and_one_that_points_in_does_not() -> None:
    made = town("a:S-A b:A-B c:B-T", "U@a.to V@b:50 W@c.from", "k@b:20 l@b:80", S="source", T="source")
    change(made.devices, "V", kind="check_valve", direction="forward")
    out = shutoff(network(made), [("b", 20.0)])
    assert (codes(out.must_close), codes(out.verify_closed), lost(out)) == (["U"], ["V"], {"k": "isolated"})
    into = shutoff(network(made), [("b", 80.0)])
    assert (set(codes(into.must_close)), lost(into)) == ({"U", "W"}, {"k": "isolated", "l": "isolated"})


def test_a_check_valve_that_is_stuck_bounds_nothing() -> None:
    made = town("a:S-A b:A-B c:B-T", "U@a.to V@b:50 W@c.from", "k@b:20 l@b:80", S="source", T="source")
    change(made.devices, "V", kind="check_valve", direction="forward")
    answer = shutoff(network(made), [("b", 20.0)], stuck=["V"])
    assert (set(codes(answer.must_close)), lost(answer)) == ({"U", "W"}, {"k": "isolated", "l": "isolated"})
    change(made.devices, "V", operable="stuck")
    assert set(codes(shutoff(network(made), [("b", 20.0)]).must_close)) == {"U", "W"}


def test_a_one_way_valve_out_of_the_zone_is_optional() -> None:
    made = town("a:S-A b:A-B c:B-T", "U@a.to V@b:50", "k@b:20", S="source", T="source")
    change(made.devices, "V", direction="forward")
    answer = shutoff(network(made), [("b", 20.0)])
    assert (codes(answer.must_close), codes(answer.optional)) == (["U"], ["V"])
    assert list(answer.optional["why"]) == ["one_way_out"]


def test_a_pump_that_is_off_feeds_nothing() -> None:
    made = town("a:S-A u:A-B b:B-C", "U@u:50 V@a.to", "k@b:50", S="source")
    change(made.devices, "U", kind="pump", direction="forward", state="closed")
    assert lost(shutoff(network(made), ["a"])) == {"k": "already_dry"}
    assert lost(shutoff(network(made), ["a"], opened=["U"])) == {"k": "unintended"}


def test_a_pressure_valve_drawn_the_wrong_way_round_feeds_nothing() -> None:
    made = town("a:S-A v:A-B b:B-C", "V@v:50 W@a.from", "k@b:50", S="source")
    change(made.devices, "V", kind="pressure_valve", direction="backward")
    assert lost(shutoff(network(made), ["a"])) == {"k": "already_dry"}


def tank_town():
    made = town("a:S-A b:A-B c:B-T", "V@a.to W@c.to", "k@a:50 l@c:50", S="source", T="tank")
    change(made.nodes, "T", volume_m3=120.0)
    change(made.nodes, "B", demand_m3h=30.0)
    change(made.nodes, "A", demand_m3h=10.0)
    return made


def test_what_a_tank_alone_still_feeds_is_kept_apart_with_its_hours() -> None:
    made = tank_town()
    change(made.nodes, "S", kind="junction")
    made.nodes.append({**NODE, "code": "Q", "kind": "source"})
    made.links.append({**made.links[0], "code": "z", "from_node": "Q", "to_node": "S"})
    made.devices.append({**made.devices[0], "code": "Z", "link_code": "a", "end": "from"})
    answer = shutoff(network(made), ["a"])
    assert lost(answer) == {"k": "isolated", "l": "storage_only"}
    assert answer.storage_only.customers["hours"].tolist() == [3.0]  # 120 m3 / (30 + 10) m3/h
    assert set(answer.storage_only.links["code"]) == {"b", "c"}
    assert set(codes(answer.must_close)) == {"Z", "V"}


def test_a_tank_behind_a_check_valve_at_its_inlet_feeds_nothing() -> None:
    made = tank_town()
    change(made.devices, "W", kind="check_valve", direction="forward")
    made.devices.append({**made.devices[0], "code": "Z", "link_code": "a", "end": "from"})
    assert lost(shutoff(network(made), ["a"]))["l"] == "unintended"


def test_a_tank_in_the_zone_cannot_be_isolated_either() -> None:
    made = tank_town()
    made.devices = [row for row in made.devices if row["code"] != "W"]
    answer = shutoff(network(made), ["c"])
    assert (answer.isolated_possible, codes(answer.sources_inside)) == (False, ["T"])


def test_a_network_without_a_source_says_that_nothing_was_supplied_before() -> None:
    answer = shutoff(network(town(*STREET)), ["b"])
    assert set(lost(answer).values()) == {"already_dry"}
    assert answer.must_close.empty
    assert "no source" in str(answer.warnings[0])
    assert answer.totals["customers"] == 0


def test_several_bursts_are_one_answer() -> None:
    net = network(town(*STREET, S="source", T="source"))
    answer = shutoff(net, ["b", "d"])
    assert lost(answer) == {"kb": "isolated", "kc": "unintended", "kd": "isolated"}
    assert lost(shutoff(net, ["b", "c"])) == {"kb": "isolated", "kc": "isolated"}


def test_totals_add_up() -> None:
    made = town(*STREET, S="source")
    made.customers[1] |= {"households": 40, "people": 100, "critical": "hospital"}
    made.customers[2] |= {"critical": "school"}
    change(made.devices, "V1", diameter_mm=300.0)
    sums = shutoff(network(made), ["b"]).totals
    assert sums["customers"] == 3
    assert sums["households"] == 42
    assert sums["people"] == 106
    assert sums["critical"] == {"hospital": 1, "school": 1}
    assert sums["length_m"] == 300
    assert (sums["valves"], sums["valves_by_dn"]) == (1, {"300": 1})


def test_hydrants_out_are_listed_and_counted() -> None:
    net = with_hydrants(town(*STREET, S="source"), {"h1": ("a", 50.0), "h2": ("b", 10.0), "h3": ("c", 10.0)})
    answer = shutoff(net, ["b"])
    assert (codes(answer.isolated.hydrants), codes(answer.unintended.hydrants)) == (["h2"], ["h3"])
    assert answer.totals["hydrants"] == 2


@pytest.mark.parametrize(
    ("bursts", "overrides", "said"),
    [
        ([], {}, "no burst"),
        (["x"], {}, "unknown link 'x'"),
        ([("b", 900.0)], {}, "100 m long, found 900"),
        (["b"], {"stuck": ["x"]}, "unknown device 'x'"),
        (["b"], {"closed": ["V1"], "opened": ["V1"]}, "closed and open"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(bursts: list, overrides: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        shutoff(network(town(*STREET, S="source")), bursts, **overrides)


def test_a_state_from_the_future_at_the_border_is_warned_of() -> None:
    made = town(*STREET, S="source", T="source")
    change(made.devices, "V1", last_operated=pd.Timestamp("2199-01-01", tz="UTC"))
    change(made.devices, "V4", last_operated=pd.Timestamp("2020-01-01", tz="UTC"))
    assert any("later than now" in str(note) and "(V1)" in str(note) for note in shutoff(network(made), ["b"]).warnings)
    assert shutoff(network(made), ["c"]).warnings == (), "not at this border"


def test_a_frame_that_was_given_is_not_changed() -> None:
    net = network(town(*STREET, S="source"))
    before = net.devices.copy()
    shutoff(net, ["b"], stuck=["V1"], closed=["V2"])
    assert net.devices.equals(before)


def test_whole_numbers_stay_whole_in_the_answer_where_some_are_not_known() -> None:
    tables = riverside.tables()
    tables["devices"].loc[1, "turns"] = pd.NA
    answer = shutoff(riverside.network(given=tables), ["P2"])
    assert (answer.must_close["turns"].dtype, answer.verify_closed["turns"].dtype) == ("Int64", "Int64")
    turns = pd.concat([answer.must_close, answer.optional]).set_index("code")["turns"]
    assert turns.fillna(-1).to_dict() == {"V1": 39, "V2": -1}
