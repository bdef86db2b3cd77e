"""Where incidents stand that come in: only where the life of their category can stand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.imports.report import Faults
from gisapp.incidents.book import RuleBook
from gisapp.incidents.lives import statuses_of

_ABOUT = ("type", "category", "day", "status")


def check_statuses(frame: pd.DataFrame, book: RuleBook, faults: Faults) -> None:
    """Reject incidents with a status that the life of their category does not know, by the rules of their day.

    A category that the rules do not have has no life here: it is refused where the unit is worked out.
    """
    if not {"type", "status", "reported_at"} <= set(frame.columns):
        return
    told = frame.reindex(columns=["type", "category", "status", "reported_at"])
    told["day"] = told["reported_at"].dt.tz_convert(book.zone).dt.normalize()
    told["row"] = np.arange(len(told))
    told = told[~faults.mask & told[["type", "status", "reported_at"]].notna().all(axis=1).to_numpy()]
    for (_, _, _, status), rows in told.groupby(list(_ABOUT), dropna=False, sort=False):
        life = book.life({str(name): value for name, value in rows.iloc[0].items()})
        if life is None or status in statuses_of(life):
            continue
        known = ", ".join(sorted(statuses_of(life)))
        faults.add(rows["row"].to_numpy(), "status", f"found {status!r}, unknown to a {life}", f"use one of {known}")
