"""Scores that persons give beside the facts of an assessment, weighed by the rules of its last day."""

from __future__ import annotations

import pandas as pd

from gisapp.errors import InputError
from gisapp.rules import IncidentRules
from gisapp.rules.weights import PARTS

MOST = 100


def shares(rules: IncidentRules) -> dict[str, float]:
    """Return the share of each part in a score, which add up to one; none where no row weighs anything."""
    given = {row.part: row.share for row in rules.part}
    total = sum(given.values())
    return {part: round(given[part] / total, 9) for part in PARTS if part in given} if total else {}


def scored(scores: pd.DataFrame, rules: IncidentRules) -> pd.DataFrame:
    """Return the score of everybody who was scored.

    Parameters
    ----------
    scores
        ``subject``, ``scored_by`` and a number from 0 to 100 for each part that weighs something, one row a scorer.
    rules
        Those of the last day of the span: an old month keeps its weights (power hall rules IV(3)).

    Returns
    -------
    DataFrame
        ``subject``, ``score`` (the mean over scorers, each weighed by part) and ``scorers``. Missing where the only
        score is one's own (grid rules V(3)1).

    Raises
    ------
    InputError
        Names the row of a score that is out of range, lacks its scorer, or is given twice; or no part weighs anything.
    """
    weights = shares(rules)
    if not weights:
        raise InputError("no part of an assessment weighs anything", todo="add rows [[part]] to the rules")
    for name in ("subject", "scored_by", *weights):
        if name not in scores.columns:
            raise InputError("scores lack a column", todo="give subject, scored_by and each part", field=name)
    _require_sound(scores, weights)
    marks = sum(scores[part].astype(float) * share for part, share in weights.items())
    told = pd.DataFrame({"subject": scores["subject"], "mark": marks, "own": scores["subject"] == scores["scored_by"]})
    found = told.groupby("subject", sort=True).agg(score=("mark", "mean"), scorers=("mark", "size"), own=("own", "all"))
    return found.assign(score=found["score"].round(6).where(~found["own"])).drop(columns="own").reset_index()


def _require_sound(scores: pd.DataFrame, weights: dict[str, float]) -> None:
    """Raise for the first row that may not stand."""
    for number, row in enumerate(scores.to_dict("records"), 1):
        for name in ("subject", "scored_by"):
            if pd.isna(row[name]) or not str(row[name]).strip():
                raise InputError("is empty", todo="name who is scored, and by whom", row=number, field=name)
        for part in weights:
            mark = pd.to_numeric(row[part], errors="coerce")
            if pd.isna(mark) or not 0 <= mark <= MOST:
                raise InputError(f"found {row[part]!r}", todo=f"give 0 to {MOST}", row=number, field=part)
    twice = scores.duplicated(["subject", "scored_by"])
    if twice.any():
        number = int(twice.to_numpy().argmax()) + 1
        again = scores.iloc[number - 1]
        found = f"{again['scored_by']} scored {again['subject']} already"
        raise InputError(found, todo="leave one of the two rows", row=number, field="scored_by")
