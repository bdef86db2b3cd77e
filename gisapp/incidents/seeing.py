"""Who may see an incident: some kinds the discipline office alone, what is personal those who act."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.errors import AccessError, InputError
from gisapp.incidents.book import RuleBook
from gisapp.incidents.lives import ROLES
from gisapp.incidents.model import Incident
from gisapp.rules.incidents import incident_rows

RESTRICTED_TO = ("discipline", "supervision")
"""Who reads incidents of a restricted category (water service rules Art. 15(8), 38)."""
CLEAR_TO = ("customer_service", "dispatcher", "unit", "crew", "grid_leader", "grid_member", *RESTRICTED_TO)
"""Who may see one incident in clear, with a reason: whoever must call the customer or go there."""


def restricted(incidents: pd.DataFrame, book: RuleBook) -> npt.NDArray[np.bool_]:
    """Return which incidents are of a category that some row of the rules restricts."""
    names = {rule.category for rule in incident_rows(book.own)["category"] if rule.restricted}
    return incidents["category"].isin(list(names)).to_numpy()


def open_to_all(incidents: pd.DataFrame, book: RuleBook) -> pd.DataFrame:
    """Return the incidents of which figures are made: a count holds no row that is not told to whoever reads it."""
    cases = restricted(incidents, book)
    return incidents[~cases].reset_index(drop=True) if cases.any() else incidents


def require_visible(incident: Incident, book: RuleBook, role: str | None) -> None:
    """Raise unless a role, or nobody in particular (None), may read an incident.

    Raises
    ------
    AccessError
        When it is of a restricted category and the role is none of :data:`RESTRICTED_TO`.
    """
    names = {rule.category for rule in incident_rows(book.own)["category"] if rule.restricted}
    if incident.head.get("category") in names and role not in RESTRICTED_TO:
        raise AccessError(f"{incident.code} is restricted; ask {' or '.join(RESTRICTED_TO)}")


def require_clear(incident: Incident, book: RuleBook, role: str, why: str) -> None:
    """Raise unless a role may see one incident in clear for a reason.

    Raises
    ------
    AccessError
        When the role may not.
    InputError
        When there is no such role, or no reason.
    """
    if role not in ROLES:
        raise InputError(f"found {role!r}", todo=f"use one of {', '.join(ROLES)}", field="role")
    require_visible(incident, book, role)
    if role not in CLEAR_TO:
        raise AccessError(f"{role} may not see {incident.code} in clear; ask {' or '.join(CLEAR_TO[:3])}")
    if not why.strip():
        raise InputError("has no reason", todo="say for what it is seen in clear", field="reason")
