"""Criticality: what every burst and every stuck valve costs is what a shutoff says of it."""

import os
import random

import numpy as np
import pytest
from towns import change, mixed_network, network, town

from gisapp.network import Criticality, Isolation, Network, criticality, isolation, segments
from gisapp.network.parts import parts_of
from gisapp.network.supply import today

GRAPHS = 1000 if os.environ.get("GISAPP_NIGHTLY") else 100
FEW = 100 if os.environ.get("GISAPP_NIGHTLY") else 5
LOST = ("customers", "households", "critical", "length_m")

# S --a-- A --b-- B --c-- C --d-- D: one source, a valve before b, c and d
STREET = ("a:S-A b:A-B c:B-C d:C-D", "V1@b.from V2@c.from V3@d.from", "ka@a:50 kb@b:50 kc@c:50 kd@d:50")


def lost(answer: Isolation) -> dict:
    names = (*LOST, "storage_customers")
    return {name: getattr(answer, name) for name in names} | {"can_isolate": answer.possible}


def few(rows: list, dice: random.Random) -> list:
    return dice.sample(rows, min(FEW, len(rows)))


def by_code(answer: Criticality, table: str, column: str) -> dict:
    frame = getattr(answer, table)
    return dict(zip(frame.iloc[:, 1], frame[column].tolist(), strict=True))


def middles(net: Network, rows: np.ndarray) -> list[tuple[str, float]] | None:
    """Bursts in the middle of pieces; None where that is no place of its own, on a pipe of no length."""
    pieces, codes = net.pieces, net.links["code"].to_numpy()
    bare = pieces.to_m[rows] == pieces.from_m[rows]
    if (bare & (np.bincount(pieces.link)[pieces.link[rows]] > 1)).any():
        return None
    return [(codes[pieces.link[row]], (pieces.from_m[row] + pieces.to_m[row]) / 2) for row in rows]


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_a_link_and_a_segment_cost_what_a_shutoff_says(seed: int) -> None:
    net, dice = mixed_network(seed), random.Random(seed)
    answer = criticality(net)
    assert set(answer.links["code"]) == set(net.links["code"])
    for row in few(answer.links.to_dict("records"), dice):
        slow = isolation(net, [row["code"]])
        assert {name: row[name] for name in lost(slow)} == lost(slow), row["code"]
        assert row["valves"] == len(slow.must_close), row["code"]
    pieces, real = segments(net), np.flatnonzero(~net.pieces.filler)
    assert set(answer.segments["segment"]) == set(pieces["segment"])
    for row in few(answer.segments.to_dict("records"), dice):
        bursts = middles(net, real[pieces["segment"] == row["segment"]])
        if bursts:
            slow = isolation(net, bursts)
            assert {name: row[name] for name in lost(slow)} == lost(slow), row["segment"]
            assert row["valves"] == len(slow.must_close), row["segment"]


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_a_stuck_valve_costs_what_the_worst_burst_beside_it_then_costs_more(seed: int) -> None:
    net, dice = mixed_network(seed), random.Random(seed)
    devices = criticality(net).devices
    assert set(devices["code"]) == set(net.devices.loc[net.devices["usable"], "code"])
    part, real = parts_of(net, today(net)).of_cell[net.cell], np.flatnonzero(~net.pieces.filler)
    for row in few(devices.to_dict("records"), dice):
        at = net.joints.device == net.device_of[row["code"]]
        beside = np.unique(part[np.concatenate([net.joints.a[at], net.joints.b[at]])])
        sides = [real[part[len(net.nodes) + real] == side] for side in beside]
        bursts = [middles(net, rows) for rows in sides if len(rows)]
        if None in bursts:
            continue
        worst = [(0, 0, 0, 0.0)]
        for burst in bursts:
            now, then = lost(isolation(net, burst)), lost(isolation(net, burst, stuck=[row["code"]]))
            worst.append(tuple(round(then[name] - now[name], 3) for name in LOST))
        assert tuple(row[f"extra_{name}"] for name in LOST) == max(worst), row["code"]


def test_the_nearer_to_the_source_the_more_is_lost() -> None:
    answer = criticality(network(town(*STREET, S="source")))
    assert by_code(answer, "links", "customers") == {"a": 4, "b": 3, "c": 2, "d": 1}
    assert answer.links["rank"].tolist() == [1, 2, 3, 4]
    assert answer.segments[["segment", "customers", "valves", "can_isolate"]].to_numpy().tolist() == [
        [1, 4, 0, False],
        [2, 3, 1, True],
        [3, 2, 1, True],
        [4, 1, 1, True],
    ]


def test_between_two_sources_only_the_burst_itself_is_lost() -> None:
    made = town("a:S-A b:A-B c:B-C d:C-T", "V1@a.to V2@b.to V3@c.to", "kb@b:50 kc@c:50", S="source", T="source")
    assert by_code(criticality(network(made)), "links", "customers") == {"a": 0, "b": 1, "c": 1, "d": 0}


def test_two_mains_in_one_segment_take_what_neither_takes_alone() -> None:
    # A stuck one-way pipe joins the mains p and q, which together feed e.
    pipes = "s:S-A p:A-P q:A-Q x:P-Q e:P-E f:Q-E"
    made = town(pipes, "V1@p.from V2@q.from V3@e.from V4@f.from V5@e.to", "k@e:50 l@f:50", S="source")
    change(made.links, "x", direction="forward")
    costs = by_code(criticality(network(made)), "links", "customers")
    assert (costs["p"], costs["q"], costs["e"], costs["f"]) == (2, 2, 1, 1)


def test_a_stuck_valve_is_named_with_the_side_on_which_it_costs_most() -> None:
    answer = criticality(network(town(*STREET, S="source")))
    row = answer.devices.set_index("code").loc["V2"]
    assert (row["segment"], row["other_segment"]) == (3, 2)
    assert (row["customers_before"], row["customers"], row["extra_customers"]) == (2, 3, 1)
    assert answer.devices["code"].tolist() == ["V1", "V2", "V3"]


def test_a_closed_valve_holds_even_where_it_is_stuck_and_costs_nothing() -> None:
    made = town(*STREET, S="source")
    change(made.devices, "V3", state="closed")
    row = criticality(network(made)).devices.set_index("code").loc["V3"]
    assert (row["extra_customers"], row["state"]) == (0, "closed")


def test_what_a_tank_alone_still_feeds_is_told_apart() -> None:
    made = town(*STREET, S="source", D="tank")
    answer = criticality(network(made))
    assert by_code(answer, "links", "customers") == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert by_code(answer, "links", "storage_customers") == {"a": 3, "b": 2, "c": 1, "d": 0}


def test_a_network_without_a_source_or_without_anything_costs_nothing_and_says_why() -> None:
    dry = criticality(network(town(*STREET)))
    assert dry.links["customers"].sum() == 0
    assert "no source" in str(dry.warnings[0])
    empty = criticality(network(town("")))
    assert (len(empty.segments), len(empty.links), len(empty.devices)) == (0, 0, 0)
