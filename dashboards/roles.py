"""From the table of roles to permissions: what a person of an account may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dashboards.access import HANDS, Permission, Person
from gisapp.accounts import User
from gisapp.rules.roles import RoleRule, role_rules

GRANTS: Mapping[tuple[str, str], tuple[Permission, ...]] = {
    ("grids", "v"): (Permission.GRIDS_VIEW,),
    ("grids", "e"): (Permission.GRIDS_EDIT,),
    ("grids", "a"): (Permission.GRIDS_APPROVE,),
    ("incidents", "v"): (Permission.INCIDENTS_VIEW,),
    ("incidents", "n"): (Permission.INCIDENTS_REPORT,),
    ("incidents", "e"): (Permission.INCIDENTS_HANDLE,),
    ("incidents", "x"): (Permission.INCIDENTS_EXPORT,),
    ("figures", "v"): (Permission.FIGURES_VIEW,),
    ("figures", "x"): (Permission.EXPORT,),
    ("customers", "v"): (Permission.CUSTOMERS_VIEW,),
    ("network", "v"): (Permission.NETWORK_VIEW,),
    ("network", "x"): (Permission.NETWORK_EXPORT,),
    ("shutoffs", "v"): (Permission.SHUTOFF_VIEW,),
    ("shutoffs", "e"): (Permission.SHUTOFF_RECORD,),
    ("shutoffs", "a"): (Permission.SHUTOFF_DECIDE,),
    ("emergencies", "e"): (Permission.EMERGENCY_RECORD,),
    ("emergencies", "a"): (Permission.EMERGENCY_RECORD, Permission.EMERGENCY_DECIDE),
    ("assessment", "v"): (Permission.ASSESSMENT_VIEW,),
    ("assessment", "a"): (Permission.ASSESSMENT_DECIDE,),
}
"""What a right in an area allows here; what is not listed allows nothing. A new permission is given its right here."""
UNSEEING = ("mask", "none")


def permissions_of(rules: Iterable[RoleRule]) -> frozenset[Permission]:
    """Return what roles may do together; the frame of the pages is everybody's who logged in."""
    may = {Permission.PUBLIC, Permission.SHELL}
    for rule in rules:
        for area, letters in rule.rights.items():
            may.update(one for letter in letters for one in GRANTS.get((area, letter), ()))
        if rule.personal not in UNSEEING:
            may.add(Permission.INCIDENTS_CLEAR)
    return frozenset(may)


def person_of(user: User) -> Person:
    """Return the person of an account; who handles incidents acts as one of the roles that do."""
    rules = tuple(role_rules()[role] for role in user.roles)
    acting = {rule.role for rule in rules if set("ne") & set(rule.rights["incidents"])}
    return Person(
        user.name,
        permissions_of(rules),
        tuple(role for role in HANDS if role in acting),
        display=user.display,
        rules=rules,
        grids=frozenset(user.grids),
        units=frozenset(user.units),
    )
