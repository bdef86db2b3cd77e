"""Who must be told of an emergency at its level, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from gisapp.emergencies.model import Emergency
from gisapp.limits import judged
from gisapp.rules import ShutoffRules


def informed(emergency: Emergency, rules: ShutoffRules, *, now: datetime) -> pd.DataFrame:
    """Return whom the level of an emergency wants told, one row a rule: tell, start, due_at, done_at, state, article.

    The clock starts with the first report and stops with the first ``report_up``; without a level, or without a row
    of the utility, nobody is listed. An event of no utility takes the rows of them all.
    """
    first = emergency.moment("report_up")
    rows = [
        {
            "tell": rule.tell,
            "start": emergency.opened_at,
            "due_at": due,
            "done_at": first,
            "state": judged(emergency.opened_at, due, first, now),
            "article": rule.article,
        }
        for rule in rules.level
        if rule.level == emergency.level and emergency.utility in (rule.utility, None) and rule.tell
        for due in [None if rule.within_min is None else emergency.opened_at + timedelta(minutes=rule.within_min)]
    ]
    return pd.DataFrame(rows, columns=["tell", "start", "due_at", "done_at", "state", "article"])
