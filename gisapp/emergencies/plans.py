"""Which plan holds for an emergency."""

from __future__ import annotations

import pandas as pd


def plans_for(plans: pd.DataFrame, kind: str, *, utility: str | None = None, level: int | None = None) -> pd.DataFrame:
    """Return the plans for a type of event, those made for it most narrowly first. Grid rules VIII(2)1.

    A plan of another utility does not fit, nor one that is meant for severer levels only (1 is the most severe); while
    the level is not known every level fits. A plan that names the utility stands before one that does not, one with a
    level before one without, and the later revision before the earlier.
    """
    mine = plans[plans["kind"] == kind]
    if utility is not None:
        mine = mine[mine["utility"].isna() | (mine["utility"] == utility)]
    if level is not None:
        mine = mine[mine["level"].isna() | (mine["level"] >= level)]
    ranked = mine.assign(_own=mine["utility"].isna(), _any=mine["level"].isna())
    ordered = ranked.sort_values(
        ["_own", "_any", "level", "revised_at", "code"], ascending=[True, True, True, False, True], kind="stable"
    )
    return ordered.drop(columns=["_own", "_any"]).reset_index(drop=True)
