"""Random towns: the fast answers are those of the slow reference."""

import os
import random

import numpy as np
import pandas as pd
import pytest
from reference import Reference, Town
from towns import mixed_network, mixed_town, network, random_town

from gisapp.network import Network, isolation, node_segments, segments, shutoff
from gisapp.network.search import reach
from gisapp.network.shutoff import Shutoff, cut_of
from gisapp.network.supply import return_feeds

GRAPHS = 1500 if os.environ.get("GISAPP_NIGHTLY") else 100
CLASSES = ("isolated", "unintended", "already_dry", "storage_only")


def groups(pairs) -> set[frozenset]:
    found: dict = {}
    for thing, label in pairs:
        found.setdefault(label, set()).add(thing)
    return {frozenset(group) for group in found.values()}


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_segments_and_cells_are_those_of_the_reference(seed: int) -> None:
    net, slow, _, _ = asked(seed)
    made, table, at_nodes = slow.town, segments(net), node_segments(net)
    for column, parts in (("segment", slow.segments()), ("cell", slow.cells())):
        fast = [
            ((row["link"], row["from_m"], row["to_m"], place), row[column])
            for place, row in enumerate(table.to_dict("records"))
        ]
        real = [piece for pieces in slow.pieces.values() for piece in pieces if not piece[5]]
        assert groups(fast) == groups(
            ((piece[1], piece[3], piece[4], place), parts[piece]) for place, piece in enumerate(real)
        )
        nodes = [("node", row["code"]) for row in made.nodes]
        assert groups(zip(at_nodes["node"], at_nodes[column], strict=True)) == groups(
            (node[1], parts[node]) for node in nodes
        )


def question(made: Town, seed: int) -> tuple[list, dict]:
    dice = random.Random(-seed)
    bursts: list = [
        link["code"] if dice.random() < 0.5 else (link["code"], min(dice.choice([0.0, 20.0, 50.0]), link["length_m"]))
        for link in dice.sample(made.links, min(dice.randint(1, 3), len(made.links)))
    ]
    codes = [row["code"] for row in made.devices]
    some = dice.sample(codes, dice.randint(0, min(3, len(codes))))
    return bursts, {"stuck": some[:1], "closed": some[1:2], "opened": some[2:3]}


def asked(seed: int) -> tuple[Network, Reference, list, dict]:
    """A town of any utility, its slow reference and a question; which pipes are a pair is taken from the network."""
    utility, made = mixed_town(seed)
    net = network(made, utility)
    codes = net.links["code"].tolist()
    twins = {
        codes[row]: (codes[other], bool(turned))
        for row, (other, turned) in enumerate(zip(net.twins.link.tolist(), net.twins.turned.tolist(), strict=True))
        if other >= 0
    }
    bursts, overrides = question(made, seed)
    return net, Reference(made, utility, twins=twins, **overrides), bursts, overrides


def hours(fast: Shutoff) -> dict[str, float | None]:
    rows = fast.storage_only.customers[["code", "hours"]].itertuples(index=False)
    return {code: None if pd.isna(lasts) else round(lasts, 6) for code, lasts in rows}


def said(fast: Shutoff) -> dict:
    return {
        "must_close": set(fast.must_close["code"]),
        "optional": set(fast.optional["code"]),
        "verify_closed": set(fast.verify_closed["code"]),
        "links": {(code, way) for way in CLASSES for code in getattr(fast, way).links["code"]},
        "customers": {(code, way) for way in CLASSES for code in getattr(fast, way).customers["code"]},
        "sources_inside": set(fast.sources_inside["code"]),
        "hours": hours(fast),
        "restoration": dict(zip(fast.restoration["code"], fast.restoration["customers"], strict=True)),
    }


def rounded(answer: dict) -> dict:
    return {**answer, "hours": {code: lasts and round(lasts, 6) for code, lasts in answer["hours"].items()}}


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_a_shutoff_is_that_of_the_reference(seed: int) -> None:
    net, slow, bursts, overrides = asked(seed)
    fast = shutoff(net, bursts, **overrides)
    assert said(fast) == rounded(slow.answer(bursts))
    assert fast.isolated_possible == fast.sources_inside.empty
    assert set(fast.trips["code"]) == (slow.trips(bursts) if slow.utility == "power" else set())


@pytest.mark.parametrize("seed", range(0, GRAPHS, 2))
def test_valves_are_closed_in_the_order_of_their_distance_along_the_pipes(seed: int) -> None:
    net, slow, bursts, overrides = asked(seed)
    must, far = shutoff(net, bursts, **overrides).must_close, slow.distances(bursts)
    assert must["distance_m"].tolist() == pytest.approx([far[code] for code in must["code"]], abs=0.01)
    assert must["code"].tolist() == sorted(must["code"], key=lambda code: (round(far[code], 2), code))


@pytest.mark.parametrize("seed", range(0, GRAPHS, 4))
def test_closing_what_must_be_closed_cuts_the_burst_off_from_every_supply(seed: int) -> None:
    net, after, bursts, overrides = asked(seed)
    fast = shutoff(net, bursts, **overrides)
    for code in fast.must_close["code"]:
        after.passing[code] = False
    if fast.isolated_possible:
        assert not after.fed({"source", "tank"}) & set(after.bursting(bursts))


@pytest.mark.parametrize("seed", range(0, GRAPHS, 4))
def test_an_unusable_valve_costs_what_the_answer_without_the_fault_saves(seed: int) -> None:
    net, slow, bursts, overrides = asked(seed)
    fast = shutoff(net, bursts, **overrides)

    def lost(answer: dict) -> int:
        return sum(way in ("isolated", "unintended") for _, way in answer["customers"])

    now = lost(slow.answer(bursts))
    for code, extra in zip(fast.unusable["code"], fast.unusable["extra_customers"], strict=True):
        slow.usable[code] = True
        assert extra == now - lost(slow.answer(bursts)), code
        slow.usable[code] = False


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_what_is_fed_after_a_cut_is_what_a_search_of_everything_reaches(seed: int) -> None:
    net, dice = mixed_network(seed), random.Random(seed)
    codes = list(net.devices["code"])
    some = dice.sample(codes, min(3, len(codes)))
    burst = dice.choice(list(net.links["code"]))
    answer = shutoff(net, [burst], stuck=some[:1], closed=some[1:2], opened=some[2:3])
    cut, graph = cut_of(net, answer), net.cells.graph
    for after, starts, out in (
        (cut.after.fed, net.feeds, cut.way.out),
        (cut.after.stored, np.concatenate([net.feeds, net.stores]), cut.way.out),
        (cut.after.back, return_feeds(net) if net.utility == "heating" else net.feeds[:0], cut.way.into),
    ):
        found = reach(graph, out, net.cell[starts], cut.zone)
        assert set(np.flatnonzero(after)) == set(found)


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_the_core_of_a_shutoff_says_what_its_tables_say(seed: int) -> None:
    net, dice = mixed_network(seed), random.Random(seed)
    bursts = dice.sample(list(net.links["code"]), min(2, len(net.links)))
    stuck = dice.sample(list(net.devices["code"]), min(1, len(net.devices)))
    core, whole = isolation(net, bursts, stuck=stuck), shutoff(net, bursts, stuck=stuck)
    assert set(core.must_close) == set(whole.must_close["code"])
    assert (core.customers, core.households) == (whole.totals["customers"], whole.totals["households"])
    assert core.critical == sum(whole.totals["critical"].values())
    assert core.length_m == pytest.approx(
        whole.isolated.links["length_m"].sum() + whole.unintended.links["length_m"].sum()
    )
    assert (core.storage_customers, core.possible) == (len(whole.storage_only.customers), whole.isolated_possible)


def test_a_state_is_answered_alike_after_many_others() -> None:
    made = random_town(7)
    net, codes = network(made), [row["code"] for row in made.devices]
    states = [{"closed": [code]} for code in codes] + [{"opened": [code]} for code in codes]
    first = [said(shutoff(net, ["P1"], **state)) for state in states]
    assert len(states) > 16
    assert [said(shutoff(net, ["P1"], **state)) for state in states] == first
    assert first == [rounded(Reference(made, **state).answer(["P1"])) for state in states]
