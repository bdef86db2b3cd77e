"""Which incidents are whose: rows of their grids, their units or their cases, on the server, wherever rows travel.

What a person sees is what any of their roles sees; what they do as one role ends where that role's rights do.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.access import Person
from gisapp.errors import AccessError
from gisapp.incidents import Incident, allowed
from gisapp.incidents.lives import moves_from
from gisapp.rules.roles import EVERYWHERE, RoleRule

Flags = npt.NDArray[np.bool_]
_NO_ONE = pd.DataFrame({"incident_code": [], "action": [], "subject": []})


def everywhere(person: Person, area: str = "incidents") -> bool:
    """Return whether a person sees every row of an area, but for those that the rules restrict."""
    return person.rules is None or any(_sees(rule, area) and rule.scopes[area] == EVERYWHERE for rule in person.rules)


def seen(person: Person, rows: pd.DataFrame, cases: Flags, steps: pd.DataFrame = _NO_ONE) -> Flags:
    """Return which rows of ``incidents`` a person sees.

    Parameters
    ----------
    cases
        Which of them are of a category that the rules restrict.
    steps
        Rows of ``incident_steps``, by which is told who was assigned.
    """
    if everywhere(person):
        return np.ones(len(rows), dtype=bool)
    scopes = {rule.scopes["incidents"] for rule in person.rules or () if _sees(rule, "incidents")}
    return _of_scopes(person, scopes, rows, cases, steps)


def require_seen(person: Person, incident: Incident, *, case: bool) -> None:
    """Raise unless a person sees an incident.

    Raises
    ------
    AccessError
        When it is none of theirs; nothing of it is told.
    """
    scopes = {rule.scopes["incidents"] for rule in person.rules or () if _sees(rule, "incidents")}
    if person.rules is not None and not _is_of(person, scopes, incident, case=case):
        raise AccessError(f"{incident.code} is not of your grids or units")


def require_acting(person: Person, role: str, right: str, incident: Incident | None = None, *, case: bool) -> None:
    """Raise unless a person has a right as one of their roles, and has it in an incident.

    Raises
    ------
    AccessError
        When the role is not theirs, has no such right, or ends elsewhere.
    """
    if person.rules is None:
        return
    rule = _rule(person, role)
    if right not in rule.rights["incidents"]:
        raise AccessError(f"{role} may not do this")
    if incident is not None and not _is_of(person, {rule.scopes["incidents"]}, incident, case=case):
        raise AccessError(f"{incident.code} is not of the grids or units for which you act as {role}")


def acts_everywhere(person: Person, role: str, right: str) -> bool:
    """Return whether a person has a right as one of their roles, whatever the grid or unit."""
    if person.rules is None:
        return True
    rule = _rule(person, role)
    return right in rule.rights["incidents"] and rule.scopes["incidents"] == EVERYWHERE


def require_clear(person: Person, role: str, incident: Incident, *, case: bool) -> None:
    """Raise unless a person may see, as one of their roles, what is personal in an incident.

    Raises
    ------
    AccessError
        When the role sees nobody in clear, or not in this incident: it is over, another's, or not assigned.
    """
    if person.rules is None:
        return
    require_seen(person, incident, case=case)
    if not _clear(person, role, incident, case=case):
        raise AccessError(f"as {role} you do not see {incident.code} in clear: it is over, or not yours")


def sees_clear(person: Person, role: str, incident: Incident, *, case: bool) -> bool:
    """Return whether :func:`require_clear` lets a person pass."""
    try:
        require_clear(person, role, incident, case=case)
    except AccessError:
        return False
    return True


def _clear(person: Person, role: str, incident: Incident, *, case: bool) -> bool:
    rule, running = _rule(person, role), bool(moves_from(incident.life, incident.status))
    own = _is_of(person, {rule.scopes["incidents"]}, incident, case=case)
    return {
        "open": running,
        "own_grid_open": running and own,
        "own_unit_open": running and own,
        "assigned": running and own and (_assigned(person, incident) or bool(allowed(incident, role))),
        "own_cases": case,
    }.get(rule.personal, False)


def _rule(person: Person, role: str) -> RoleRule:
    for rule in person.rules or ():
        if rule.role == role:
            return rule
    raise AccessError(f"you do not act as {role or 'anybody'}")


def _sees(rule: RoleRule, area: str) -> bool:
    return "v" in rule.rights[area]


def _of_scopes(person: Person, scopes: Iterable[str], rows: pd.DataFrame, cases: Flags, steps: pd.DataFrame) -> Flags:
    """Return which rows lie within any of the scopes."""
    found = np.zeros(len(rows), dtype=bool)
    for scope in scopes:
        if scope == EVERYWHERE:
            found[:] = True
        elif scope == "own_grid":
            found |= rows["grid_code"].isin(list(person.grids)).to_numpy(dtype=bool)
        elif scope == "own_unit":
            sent = steps[(steps["action"] == "assign").to_numpy(dtype=bool)].groupby("incident_code")["subject"].last()
            mine = [code for code, subject in sent.items() if subject in _names(person)]
            found |= (rows["unit_code"].isin(list(person.units)) | rows["code"].isin(mine)).to_numpy(dtype=bool)
        else:
            found |= cases
    return found


def _is_of(person: Person, scopes: Iterable[str], incident: Incident, *, case: bool) -> bool:
    head = incident.head
    unit = incident.standing.unit_code
    row = pd.DataFrame([{"code": incident.code, "grid_code": head.get("grid_code"), "unit_code": unit}])
    steps = [
        {"incident_code": incident.code, "action": step.action, "subject": step.subject} for step in incident.steps
    ]
    told = pd.DataFrame(steps) if steps else _NO_ONE
    return bool(_of_scopes(person, scopes, row, np.array([case]), told)[0])


def _assigned(person: Person, incident: Incident) -> bool:
    """Return whether the last one to whom it was assigned is the person or their crew."""
    sent = [step.subject for step in incident.steps if step.action == "assign"]
    return bool(sent) and sent[-1] in _names(person)


def _names(person: Person) -> frozenset[str]:
    return person.units | {person.code}
