"""Who may do what, as one table: the rights of every role in every area, its scope, and what it sees in clear.

The table is ``roles.csv``: a role in a row, an area in a column. Rights are letters: ``v`` view, ``n`` take down a new
one, ``e`` edit, ``a`` approve or decide, ``x`` export. A scope follows after ``@``; without one they hold everywhere.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from gisapp.errors import InputError

AREAS = (
    "grids", "incidents", "figures", "customers", "network", "shutoffs", "emergencies", "assessment", "settings",
)  # fmt: skip
"""``figures`` are counts, densities and rates of incidents, in which no single one stands."""
RIGHTS = "vneax"
EVERYWHERE = "all"
SCOPES = (EVERYWHERE, "own_grid", "own_unit", "own_categories")
"""Which rows: of the grids or units of the account, or of the categories that the rules restrict."""
PERSONAL = ("open", "own_grid_open", "own_unit_open", "assigned", "own_cases", "mask", "none")
"""Which incidents a role may see in clear: open ones, open ones of one's scope, those assigned to one, one's cases."""


@dataclass(frozen=True)
class RoleRule:
    """One role: its rights by area, their scope by area, and what of personal data it sees."""

    role: str
    rights: Mapping[str, str]
    scopes: Mapping[str, str]
    personal: str


@cache
def role_rules() -> Mapping[str, RoleRule]:
    """Return the rights of every role by its name."""
    text = resources.files("gisapp.rules").joinpath("roles.csv").read_text(encoding="utf-8")
    return MappingProxyType({rule.role: rule for rule in rules_in(text.splitlines())})


def rules_in(lines: Iterable[str]) -> list[RoleRule]:
    """Return the rules that a table holds.

    Raises
    ------
    InputError
        For a right, scope or degree of clearness that there is not, a role that stands twice, or a wrong column.
    """
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != ("role", *AREAS, "personal"):
        raise InputError(
            f"has columns {reader.fieldnames}", todo=f"name role, {', '.join(AREAS)}, personal", file=_FILE
        )
    rules = [_rule(row, number) for number, row in enumerate(reader, start=1)]
    for number, rule in enumerate(rules, start=1):
        if rule.role in [other.role for other in rules[: number - 1]]:
            raise InputError(f"role {rule.role!r} stands twice", todo="leave one", file=_FILE, row=number)
    return rules


def require_roles(names: Iterable[str]) -> tuple[str, ...]:
    """Return roles in the order of the table, each once.

    Raises
    ------
    InputError
        When there is none, or one that the table does not have.
    """
    wanted, known = set(names), role_rules()
    strange = sorted(wanted - set(known))
    if strange or not wanted:
        found = f"found role {strange[0]!r}" if strange else "has no role"
        raise InputError(found, todo=f"use one of {', '.join(known)}", field="roles")
    return tuple(name for name in known if name in wanted)


_FILE = "roles.csv"


def _rule(row: Mapping[str, str], number: int) -> RoleRule:
    rights, scopes = {}, {}
    for area in AREAS:
        letters, _, scope = row[area].partition("@")
        if set(letters) - set(RIGHTS) or (scope and (not letters or scope not in SCOPES)):
            todo = f"use letters of {RIGHTS}, and after @ one of {', '.join(SCOPES)}"
            raise InputError(f"found {row[area]!r}", todo=todo, file=_FILE, row=number, field=area)
        rights[area], scopes[area] = letters, scope or EVERYWHERE
    if row["personal"] not in PERSONAL:
        todo = f"use one of {', '.join(PERSONAL)}"
        raise InputError(f"found {row['personal']!r}", todo=todo, file=_FILE, row=number, field="personal")
    return RoleRule(row["role"], MappingProxyType(rights), MappingProxyType(scopes), row["personal"])
