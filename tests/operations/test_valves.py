"""What the log of valves says of today."""

import numpy as np
import pandas as pd
import pytest
from records import at, record, valves

from gisapp.operations import Overrides, overrides, states_for, still_closed, without_order

DEVICES = pd.DataFrame(
    {
        "utility": "water",
        "code": ["V1", "V2", "V3", "V7", "B1"],
        "state": ["open", "open", "unknown", "closed", "closed"],
    }
)


def test_the_last_operation_of_a_valve_says_how_it_stands():
    log = valves(("B1", "opened", 1), ("V2", "opened", 1), ("V2", "closed", 2), ("V3", "opened", 4))
    assert overrides(log, DEVICES, "water") == Overrides(closed=("V2",), opened=("B1", "V3"))
    assert overrides(log, DEVICES, "gas") == Overrides()


def test_what_stands_again_as_it_normally_does_is_not_named():
    log = valves(("V1", "closed", 1), ("V1", "opened", 3), ("B1", "opened", 1), ("B1", "closed", 2))
    assert overrides(log, DEVICES, "water") == Overrides()


def test_a_device_that_is_in_the_tables_no_longer_says_nothing():
    log = valves(("V1", "closed", 1), ("V8", "closed", 2), ("V9", "could_not_close", 3))
    assert overrides(log, DEVICES, "water") == Overrides(closed=("V1",))


def test_the_log_is_read_by_the_time_of_the_operation_not_of_the_writing():
    log = valves(("B1", "opened", 9), ("B1", "closed", 3))
    assert overrides(log, DEVICES, "water").opened == ("B1",)


def test_a_valve_that_could_not_be_closed_stays_as_it_was_and_is_stuck_until_somebody_moves_it():
    tried = valves(("B1", "opened", 1), ("B1", "could_not_close", 2))
    assert overrides(tried, DEVICES, "water") == Overrides(opened=("B1",), stuck=("B1",))
    freed = pd.concat([tried, valves(("B1", "closed", 3))], ignore_index=True)
    assert overrides(freed, DEVICES, "water") == Overrides()


def test_a_shutoff_is_answered_without_its_own_closings_but_with_what_it_found_stuck():
    log = pd.concat(
        [valves(("V1", "closed", 1), ("V2", "could_not_close", 2)), valves(("V3", "closed", 3), shutoff="S2")],
        ignore_index=True,
    )
    assert overrides(log, DEVICES, "water", leaving_out=["S1"]) == Overrides(closed=("V3",), stuck=("V2",))


def test_what_a_shutoff_opened_to_feed_from_elsewhere_counts_while_it_stands_open():
    fed = valves(("V1", "closed", 1), ("V7", "opened", 2))
    assert overrides(fed, DEVICES, "water", leaving_out=["S1"]) == Overrides(opened=("V7",))
    back = pd.concat([fed, valves(("V7", "closed", 3))], ignore_index=True)
    assert overrides(back, DEVICES, "water", leaving_out=["S1"]) == Overrides()


def test_a_valve_that_others_hold_closed_stays_so_when_a_shutoff_closes_it_too():
    log = pd.concat([valves(("V1", "closed", 1), shutoff="S2"), valves(("V1", "closed", 2))], ignore_index=True)
    assert overrides(log, DEVICES, "water", leaving_out=["S1"]) == Overrides(closed=("V1",))


def test_what_was_known_at_a_moment_can_be_asked():
    log = valves(("V1", "closed", 1), ("V1", "opened", 5))
    assert overrides(log, DEVICES, "water", at=pd.Timestamp(at(4))).closed == ("V1",)


def test_a_closed_record_is_answered_by_what_was_known_when_it_was_closed():
    ended = [(name, {}) for name in ("order", "start_closing", "cut_off", "finish_work", "restore", "answer", "close")]
    own = valves(("V1", "closed", 200), ("V2", "could_not_close", 201))
    log = pd.concat([own, valves(("V1", "closed", 419), ("V3", "closed", 421), shutoff="S2")], ignore_index=True)
    closed, running = record("emergency", *ended, log=own), record("emergency", *ended[:-1], log=own)
    assert states_for(closed, log, DEVICES) == Overrides(closed=("V1",), stuck=("V2",))
    assert states_for(running, log, DEVICES) == Overrides(closed=("V1", "V3"), stuck=("V2",))


def test_an_operation_without_an_order_is_an_exception():
    """W19.1, W35.7."""
    log = pd.concat([valves(("V1", "closed", 1)), valves(("V9", "opened", 2), shutoff=None)], ignore_index=True)
    assert without_order(log)["device_code"].tolist() == ["V9"]


def test_what_an_operation_closed_is_still_closed_until_somebody_opens_it():
    log = valves(("V1", "closed", 1), ("V2", "closed", 2), ("V2", "opened", 3))
    assert still_closed(log, "S1") == ("V1",)
    assert record("emergency", log=log).device_states["action"].tolist() == ["closed", "opened"]


@pytest.mark.parametrize("seed", range(30))
def test_a_log_replayed_step_by_step_ends_where_the_whole_of_it_says(seed):
    """W19.1."""
    rng = np.random.default_rng(seed)
    steps = [
        (
            str(rng.choice(DEVICES["code"])),
            str(rng.choice(["closed", "opened", "could_not_close", "could_not_open"])),
            hour,
        )
        for hour in rng.permutation(40).tolist()
    ]
    normal = dict(DEVICES[["code", "state"]].to_numpy())
    stands, stuck = dict(normal), set()
    for code, action, _ in sorted(steps, key=lambda step: step[2]):
        if action.startswith("could_not"):
            stuck.add(code)
        else:
            stuck.discard(code)
            stands[code] = {"closed": "closed", "opened": "open"}[action]
    found = overrides(valves(*steps), DEVICES, "water")
    changed = {code: state for code, state in stands.items() if state != normal[code]}
    assert dict.fromkeys(found.closed, "closed") | dict.fromkeys(found.opened, "open") == changed
    assert set(found.stuck) == stuck
