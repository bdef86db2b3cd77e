"""Who must act on an incident (责任单位), and which row of the rules says so."""

from __future__ import annotations

from dataclasses import dataclass

from gisapp.rules import IncidentRules, RouteRule
from gisapp.rules.rows import listed


@dataclass(frozen=True)
class Facts:
    """What routes depend on; None where it is not known.

    Parameters
    ----------
    category, group, utility
        What was reported; the group is that of the category.
    well
        ``inside`` or ``outside`` the meter well (表井).
    apron
        ``within`` the apron (散水) of a building, the building itself too, or ``beyond`` it.
    warranty
        Whether the pipe was in a builder's warranty on the day of the report.
    customers, buildings
        How many customers (户) and distinct buildings (栋) are affected.
    marks
        What somebody marked.
    """

    category: str | None = None
    group: str = ""
    utility: str | None = None
    well: str | None = None
    apron: str | None = None
    warranty: bool | None = None
    customers: int = 1
    buildings: int = 0
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Route:
    """The unit that must act, the row that gave it, and the units that act beside it with their rows."""

    unit: str
    rule: str
    article: str
    why: str
    joins: tuple[tuple[str, str], ...] = ()


def route(facts: Facts, rules: IncidentRules) -> Route | None:
    """Return who must act: the first row of the routes of which everything fits; None where none does.

    A row that asks for what is not known does not fit (water service rules Art. 15, 26, 27, 28: each row says its own).

    Examples
    --------
    >>> from datetime import date
    >>> from gisapp.rules import incident_rules
    >>> rules = incident_rules(date(2026, 11, 22))
    >>> found = route(Facts("before_meter_leak", "before_meter", "water", apron="within"), rules)
    >>> found.unit, found.why
    ('换表管理所', 'group before_meter; within the apron')
    """
    found = next((rule for rule in rules.route if _fits(rule, facts)), None)
    if found is None:
        return None
    joins = tuple((rule.unit, rule.row) for rule in rules.joins if rule.when in facts.marks)
    return Route(found.unit, found.row, found.article, _why(found, facts), joins)


def _fits(rule: RouteRule, facts: Facts) -> bool:
    """Return whether everything that a row says is so."""
    return (
        (not rule.categories or facts.category in listed(rule.categories))
        and (not rule.groups or facts.group in listed(rule.groups))
        and (rule.utility is None or rule.utility == facts.utility)
        and _places_fit(rule, facts)
        and (rule.customers_from is None or facts.customers >= rule.customers_from)
        and (rule.buildings_from is None or facts.buildings >= rule.buildings_from)
        and (rule.when is None or rule.when in facts.marks)
        and (rule.unless is None or rule.unless not in facts.marks)
    )


def _places_fit(rule: RouteRule, facts: Facts) -> bool:
    wanted = ((rule.well, facts.well), (rule.apron, facts.apron), (rule.warranty, facts.warranty))
    return all(said is None or said == known for said, known in wanted)


def _why(rule: RouteRule, facts: Facts) -> str:
    """Return what decided, in words."""
    told = [f"category {facts.category}"] if rule.categories else []
    told += [f"group {facts.group}"] if rule.groups else []
    told += [f"utility {rule.utility}"] if rule.utility else []
    told += [f"{rule.well} the meter well"] if rule.well else []
    told += [f"{rule.apron} the apron"] if rule.apron else []
    told += ["in warranty" if rule.warranty else "not in warranty"] if rule.warranty is not None else []
    told += [f"{facts.customers} customers"] if rule.customers_from is not None else []
    told += [f"{facts.buildings} buildings"] if rule.buildings_from is not None else []
    told += [f"marked {rule.when}"] if rule.when else []
    told += [f"not marked {rule.unless}"] if rule.unless else []
    return "; ".join(told) or "no other row fits"
