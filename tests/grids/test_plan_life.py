"""Where plans stand at a moment."""

import pandas as pd

from gisapp.grids.plan_life import STEPS, standing
from gisapp.tables import conform

DAY = pd.Timestamp("2026-11-27T00:00Z")


def steps_of(*rows):
    made = [
        {
            "plan_code": code,
            "step": step,
            "at": DAY + pd.Timedelta(hours=hour),
            "actor": "P1",
            "action": action,
            "to_status": status,
            "in_force_from": pd.NaT if begins is None else DAY + pd.Timedelta(hours=begins),
            "note": None,
        }
        for code, step, hour, action, status, begins in rows
    ]
    return conform(pd.DataFrame(made), "plan_steps")


def test_of_the_plans_activated_the_latest_minute_is_in_force_and_the_others_are_retired():
    steps = steps_of(
        ("A", 1, 0, "open", "draft", None),
        ("A", 2, 2, "activate", "activated", 4),
        ("B", 1, 1, "open", "draft", None),
        ("B", 2, 5, "activate", "activated", 8),
    )
    told = {hour: standing(steps, DAY + pd.Timedelta(hours=hour)).to_dict() for hour in (0, 3, 4, 7, 8)}
    assert told == {
        0: {"A": "draft"},
        3: {"A": "approved", "B": "draft"},
        4: {"A": "in_force", "B": "draft"},
        7: {"A": "in_force", "B": "approved"},
        8: {"A": "retired", "B": "in_force"},
    }


def test_every_step_leads_to_a_status_that_has_steps_of_its_own():
    assert {to for steps in STEPS.values() for to in steps.values()} <= set(STEPS)


def test_without_plans_nothing_stands():
    empty = steps_of(("A", 1, 0, "activate", "activated", 1)).iloc[:0]
    assert standing(empty, DAY).tolist() == []
