"""Incidents that come in by the rules of their category: where they stand, and what their registration must hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.imports.report import Faults
from gisapp.incidents.book import RuleBook
from gisapp.incidents.lives import statuses_of
from gisapp.rules.incidents import WANTED

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


def check_wanted(frame: pd.DataFrame, book: RuleBook, faults: Faults) -> None:
    """Reject incidents whose registration lacks what their category demands on its day (power hall rules III(1)3)."""
    if not {"type", "reported_at"} <= set(frame.columns):
        return
    told = frame.reindex(columns=["type", "category", "reported_at", *WANTED])
    told["day"] = told["reported_at"].dt.tz_convert(book.zone).dt.normalize()
    told["row"] = np.arange(len(told))
    told = told[~faults.mask & told[["type", "reported_at"]].notna().all(axis=1).to_numpy()]
    for _, rows in told.groupby(["type", "category", "day"], dropna=False, sort=False):
        rule = book.category({str(name): value for name, value in rows.iloc[0].items()})
        if rule is None:
            continue
        for group in rule.demands:
            said = [rows[name].astype("str").str.strip().fillna("").to_numpy() != "" for name in group]
            empty = rows.loc[~np.any(said, axis=0), "row"].to_numpy()
            faults.add(empty, group[0], f"a registration of {rule.category} lacks it", f"fill {' or '.join(group)}")
