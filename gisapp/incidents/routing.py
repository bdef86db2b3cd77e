"""Who must act on an incident (责任单位), and which row of the rules says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gisapp.rules import IncidentRules, RouteRule
from gisapp.rules.rows import listed
from gisapp.words import LANGUAGES, term, word


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
class Reason:
    """One thing that decided: a key of the catalog under ``routing``, and its value, by language where it has names."""

    key: str
    value: str | int = ""
    names: tuple[str, ...] = ()

    def told(self, language: str) -> str:
        """Return it in words."""
        name = self.names[LANGUAGES.index(language)] if self.names else str(self.value)
        return word(f"routing.{self.key}", language, name=name)


@dataclass(frozen=True)
class Route:
    """The unit that must act, the row that gave it and what of it fitted, and the units beside it with their rows."""

    unit: str
    rule: str
    article: str
    reasons: tuple[Reason, ...] = ()
    joins: tuple[tuple[str, str], ...] = ()

    def why(self, language: str = "en") -> str:
        """Return what decided, in words."""
        told = [reason.told(language) for reason in self.reasons]
        return word("routing.and", language).join(told) or word("routing.rest", language)


def route(facts: Facts, rules: IncidentRules) -> Route | None:
    """Return who must act: the first row of the routes of which everything fits; None where none does.

    A row that asks for what is not known does not fit (water service rules Art. 15, 26, 27, 28: each row says its own).

    Examples
    --------
    >>> from datetime import date
    >>> from gisapp.rules import incident_rules
    >>> rules = incident_rules(date(2026, 11, 22))
    >>> found = route(Facts("before_meter_leak", "before_meter", "water", apron="within"), rules)
    >>> found.unit, found.why()
    ('换表管理所', 'group before the meter; within the apron')
    """
    found = next((rule for rule in rules.route if _fits(rule, facts)), None)
    if found is None:
        return None
    joins = tuple((rule.unit, rule.row) for rule in rules.joins if rule.when in facts.marks)
    return Route(found.unit, found.row, found.article, tuple(_reasons(found, facts, rules)), joins)


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


def _reasons(rule: RouteRule, facts: Facts, rules: IncidentRules) -> Iterator[Reason]:
    """Yield what of a row fitted."""
    if rule.categories:
        named = next((one for one in rules.category if one.category == facts.category), None)
        names = (named.name_hans, named.name_hant, named.name_en) if named else ()
        yield Reason("category", facts.category or "", names)
    if rule.groups:
        yield Reason("group", facts.group, _in_words("group", facts.group))
    if rule.utility:
        yield Reason("utility", rule.utility, _in_words("utility", rule.utility))
    yield from _places(rule)
    for key, least, many in (
        ("customers", rule.customers_from, facts.customers),
        ("buildings", rule.buildings_from, facts.buildings),
    ):
        if least is not None:
            yield Reason(key, many)
    for key, mark in (("marked", rule.when), ("unmarked", rule.unless)):
        if mark:
            yield Reason(key, mark, _in_words("mark", mark))


def _places(rule: RouteRule) -> Iterator[Reason]:
    """Yield where a row asks it to be."""
    if rule.well:
        yield Reason(f"{rule.well}_well")
    if rule.apron:
        yield Reason(f"{rule.apron}_apron")
    if rule.warranty is not None:
        yield Reason("in_warranty" if rule.warranty else "no_warranty")


def _in_words(kind: str, value: str) -> tuple[str, ...]:
    return tuple(term(kind, value, spoken) for spoken in LANGUAGES)
