"""The life of a boundary plan: draft, submitted, approved, in force from a minute, retired."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from gisapp.errors import InputError

# Status -> action -> status that it leads to. Nothing leads back from approved: an approved plan does not change.
STEPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "draft": {"submit": "submitted", "withdraw": "withdrawn"},
        "submitted": {"approve": "approved", "return": "draft", "withdraw": "withdrawn"},
        "approved": {"activate": "activated", "withdraw": "withdrawn"},
        "activated": {},
        "withdrawn": {},
    }
)


def next_status(code: str, status: str, action: str) -> str:
    """Return where a plan stands after an action.

    Raises
    ------
    InputError
        When the action may not follow; says what may.

    Examples
    --------
    >>> next_status("B1", "submitted", "return")
    'draft'
    """
    may = STEPS[status]
    if action not in may:
        todo = f"what may follow is {', '.join(may)}" if may else "make a new plan from it"
        raise InputError(f"plan {code} is {status}, {action} cannot follow", todo=todo, field="action")
    return may[action]


def standing(steps: pd.DataFrame, moment: pd.Timestamp) -> pd.Series:
    """Return where every plan stands at a moment, by the table ``plan_steps``, indexed by plan code.

    ``draft``, ``submitted``, ``approved`` (an activation to come included), ``in_force``, ``retired`` or
    ``withdrawn``. Of the activations so far the latest minute is in force; the others are retired.
    """
    known = steps[steps["at"] <= moment].sort_values(["plan_code", "step"], kind="stable")
    last = known.drop_duplicates("plan_code", keep="last").set_index("plan_code")
    status = last["to_status"].astype(object)
    begun = last["in_force_from"].where(status == "activated")
    status = status.mask(begun > moment, "approved").mask(begun <= moment, "retired")
    past = begun[begun <= moment]
    if len(past):
        status = status.mask(status.index == past.idxmax(), "in_force")
    return status.astype("str").rename("status")
