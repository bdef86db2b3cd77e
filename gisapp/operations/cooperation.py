"""Who was asked to help with a shutoff, and whether they did in time. Water service rules Art. 35(2)."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from gisapp.limits import judged

COLUMNS = ["shutoff_code", "step", "unit_code", "asked_at", "until", "came_at", "state"]


def cooperation(shutoff_steps: pd.DataFrame, *, now: datetime) -> pd.DataFrame:
    """Return every time that a unit was asked to help, by shutoff and step.

    Parameters
    ----------
    shutoff_steps
        The table, or the rows of some shutoffs.
    now
        The moment of judging, aware.

    Returns
    -------
    DataFrame
        shutoff_code, step, unit_code, asked_at, until, came_at (the first time that the unit helped after it was
        asked), state (as :func:`gisapp.limits.judged` says; help at the very moment is in time).
    """
    steps = shutoff_steps.sort_values(["shutoff_code", "step"], kind="stable")
    asked, came = (steps[steps["action"] == action] for action in ("ask_cooperation", "cooperate"))
    rows = []
    for row in asked.to_dict("records"):
        mine = (came["shutoff_code"] == row["shutoff_code"]) & (came["subject"] == row["subject"])
        after = came.loc[mine & (came["at"] >= row["at"]), "at"]
        until, first = datetime.fromisoformat(row["value"]), None if after.empty else after.min()
        state = judged(row["at"], until, first, now)
        rows.append([row["shutoff_code"], row["step"], row["subject"], row["at"], until, first, state])
    found = pd.DataFrame(rows, columns=COLUMNS)
    moments = {name: pd.to_datetime(found[name], utc=True) for name in ("asked_at", "until", "came_at")}
    return found.assign(**moments)
