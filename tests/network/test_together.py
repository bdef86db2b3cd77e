"""Works at the same time: the set is answered as one, and what it costs beyond the single works is named."""

import os
import random

import pandas as pd
import pytest
from reference import Reference
from towns import change, network, random_town, town

from gisapp.errors import InputError
from gisapp.network import overlaps, together

GRAPHS = 1000 if os.environ.get("GISAPP_NIGHTLY") else 40
LOST = ("isolated", "unintended")
# A ring S - A - B - C - S with a valve at both ends of every pipe but the one from B to C
RING = (
    "a:S-A b:A-B c:B-C d:C-S",
    "a1@a.from a2@a.to b1@b.from b2@b.to c1@c.from c2@c.to d1@d.from d2@d.to",
    "ka@a:50 kb@b:50 kc@c:50 kd@d:50",
)


def codes(frame) -> list[str]:
    return list(frame["code"])


def test_who_is_fed_round_either_work_but_not_round_both_is_lost_only_because_they_coincide() -> None:
    made = town(*RING, S="source")
    change(made.customers, "kb", critical="dialysis", households=40, people=90)
    both = together(network(made), {"W1": ["a"], "W2": ["d"]})
    assert {code: codes(one.isolated.customers) for code, one in both.separate.items()} == {"W1": ["ka"], "W2": ["kd"]}
    assert both.answer.totals["customers"] == 4
    assert both.extra[["code", "way"]].to_numpy().tolist() == [["kb", "unintended"], ["kc", "unintended"]]
    assert both.totals == {
        "customers": 2,
        "households": 41,
        "people": 93,
        "critical": {"dialysis": 1},
        "storage_only_customers": 0,
    }


def test_works_that_share_nothing_cost_nothing_extra() -> None:
    both = together(
        network(town("a:S-A b:S-B", "V@a.from W@b.from", "ka@a:50 kb@b:50", S="source")), {"W1": "a", "W2": "b"}
    )
    assert both.extra.empty
    assert both.totals["customers"] == 0
    assert set(codes(both.answer.must_close)) == {"V", "W"}


def test_single_losses_are_not_added_up() -> None:
    both = together(
        network(town("a:S-A b:A-B c:B-C", "V@b.from W@c.from", "kc@c:50", S="source")), {"W1": "b", "W2": "c"}
    )
    assert [one.totals["customers"] for one in both.separate.values()] == [1, 1]
    assert both.answer.totals["customers"] == 1
    assert both.extra.empty


def test_a_valve_between_two_works_is_named_for_the_time_when_one_of_them_ends() -> None:
    both = together(network(town(*RING, S="source")), {"W1": ["b"], "W2": ["a"]})
    assert codes(both.answer.must_close) == ["a1", "b2"]
    assert both.when_one_ends[["code", "works"]].to_numpy().tolist() == [["a2", "W2"], ["b1", "W1"]]


def test_who_is_left_to_storage_only_because_works_coincide_is_counted_apart() -> None:
    made = town(*RING, S="source")
    made.nodes += [{**made.nodes[0], "code": "T", "kind": "tank", "volume_m3": 90.0}]
    made.links += [{**made.links[0], "code": "t", "from_node": "T", "to_node": "B"}]
    change(made.nodes, "B", demand_m3h=30.0)
    both = together(network(made), {"W1": ["a"], "W2": ["d"]})
    assert both.extra[["code", "way", "hours"]].to_numpy().tolist() == [
        ["kb", "storage_only", 3.0],
        ["kc", "storage_only", 3.0],
    ]
    assert (both.totals["customers"], both.totals["storage_only_customers"]) == (0, 2)


def test_who_is_on_storage_for_a_single_work_already_is_no_extra_loss() -> None:
    made = town("a:S-A b:A-T c:S-C", "V@a.to W@c.from", "kb@b:50", S="source", T="tank")
    both = together(network(made), {"W1": ["a"], "W2": ["c"]}, stuck=["W"])
    assert codes(both.separate["W1"].storage_only.customers) == codes(both.answer.storage_only.customers) == ["kb"]
    assert both.extra.empty


def test_todays_states_hold_for_the_set_and_for_each_alone() -> None:
    both = together(network(town(*RING, S="source")), {"W1": ["a"], "W2": ["c"]}, stuck=["a2"], closed=["d1"])
    assert codes(both.separate["W1"].must_close) == codes(both.answer.must_close) == ["a1"]
    assert both.answer.totals["customers"] == 3


@pytest.mark.parametrize(
    ("works", "said"),
    [
        ({"W1": ["a"]}, "found 1 works; give at least two"),
        ({"W1": ["a"], "W2": ["x"]}, "the work 'W2': unknown link 'x' in water"),
        ({"W1": ["a"], "W2": []}, "the work 'W2': no burst"),
    ],
)
def test_what_cannot_be_answered_names_the_work(works: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        together(network(town(*RING, S="source")), works)


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_the_extra_loss_is_the_set_without_the_union_of_the_single_answers(seed: int) -> None:
    made, dice = random_town(seed), random.Random(seed)
    links = [row["code"] for row in made.links]
    works = {
        f"W{number}": dice.sample(links, dice.randint(1, min(2, len(links)))) for number in range(dice.randint(2, 4))
    }
    devices = [row["code"] for row in made.devices]
    states = {"stuck": dice.sample(devices, min(1, len(devices))), "closed": devices[:1]}
    both = together(network(made), works, **states)

    def those(answers: list[dict], *ways: str) -> set[str]:
        return {code for answer in answers for code, way in answer["customers"] if way in ways}

    slow = Reference(made, **states)
    single = [slow.answer(bursts) for bursts in works.values()]
    whole = slow.answer([burst for bursts in works.values() for burst in bursts])
    extra = set(both.extra.loc[both.extra["way"] == "unintended", "code"])
    stored = set(both.extra.loc[both.extra["way"] == "storage_only", "code"])
    assert extra == those([whole], *LOST) - those(single, *LOST)
    assert stored == those([whole], "storage_only") - those(single, *LOST, "storage_only")
    assert those([whole], *LOST) >= those(single, *LOST), "together never costs less than any alone"
    assert {(code, "unintended") for code in extra} <= whole["customers"], "what is isolated is so by a single work"
    assert both.totals["customers"] == len(extra)


def works_table(*spans: tuple[int, int]) -> pd.DataFrame:
    start = pd.Timestamp("2026-11-01", tz="Asia/Shanghai")
    hours = [(start + pd.Timedelta(hours=a), start + pd.Timedelta(hours=b)) for a, b in spans]
    table = pd.DataFrame(hours, columns=["starts_at", "ends_at"])
    return table.assign(code=[f"W{number}" for number in range(len(spans))])


def test_overlaps_are_the_largest_sets_that_run_at_once_and_touching_is_none() -> None:
    found = overlaps(works_table((0, 4), (3, 6), (5, 8), (8, 9), (1, 2)))
    assert found["codes"].tolist() == [("W0", "W4"), ("W0", "W1"), ("W1", "W2")]
    assert ((found["ends_at"] - found["starts_at"]) == pd.Timedelta(hours=1)).all()
    assert overlaps(works_table((0, 4), (4, 6))).empty


@pytest.mark.parametrize("seed", range(30))
def test_overlaps_are_those_seen_by_looking_at_every_hour(seed: int) -> None:
    dice = random.Random(seed)
    spans = [(a, a + dice.randint(1, 6)) for a in (dice.randint(0, 20) for _ in range(dice.randint(0, 8)))]
    at_hour = {frozenset(f"W{i}" for i, (a, b) in enumerate(spans) if a <= hour < b) for hour in range(30)}
    largest = {one for one in at_hour if len(one) > 1 and not any(one < other for other in at_hour)}
    found = overlaps(works_table(*spans))["codes"].tolist()
    assert set(map(frozenset, found)) == largest
    assert len(found) == len(largest)


@pytest.mark.parametrize("span", [(2, 2), (3, 1)])
def test_a_work_that_does_not_end_after_its_start_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"the work 'W1' runs from .* give a start and an end after it"):
        overlaps(works_table((0, 1), span))
