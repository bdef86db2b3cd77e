"""From when until when supply is off for an operation, as far as the record says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pandas as pd

from gisapp.operations.duties import began_at
from gisapp.operations.model import Operation

OPEN_END = timedelta(hours=24)
"""How much longer an operation is taken to last whose end nobody has said."""
NOT_OFF = ("refused", "postponed", "cancelled", "restored", "answered", "closed")
"""Where supply is back, or will not be cut off as it was planned."""


def spans(operations: Iterable[Operation], *, now: datetime) -> pd.DataFrame:
    """Return the operations under way or to come, with the time for which each cuts off supply.

    Individual shutoffs touch no pipe and are left out, and so is what is over, cancelled, refused or postponed.

    Returns
    -------
    DataFrame
        code, utility, drill, starts_at (first valve closed, else planned, else opened), ends_at (the newest
        estimate, else as planned) and ``end_known``: False where the end is not said or has passed and the work
        goes on, and then it is taken to last :data:`OPEN_END` from ``now``. Planned work whose end has passed
        without a valve having been closed is left out.
    """
    rows = [row for operation in operations if (row := _span(operation, now)) is not None]
    made = pd.DataFrame(rows, columns=["code", "utility", "drill", "starts_at", "ends_at", "end_known"])
    return made.assign(**{name: pd.to_datetime(made[name], utc=True) for name in ("starts_at", "ends_at")})


def _span(operation: Operation, now: datetime) -> tuple[object, ...] | None:
    if operation.kind == "individual" or operation.status in NOT_OFF:
        return None
    began, said = began_at(operation), operation.expected_end
    start = began or operation.planned_start or operation.opened_at
    if operation.kind == "planned" and began is None and said is not None and said <= now:
        return None
    known = said is not None and said > max(now, start)
    end = said if known else max(now, start) + OPEN_END
    return (operation.code, operation.utility, operation.drill, start, end, known)
