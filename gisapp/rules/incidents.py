"""The rules of incidents: categories, levels, clocks, limits of the law, routes to units, rewards, working days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from gisapp.errors import InputError
from gisapp.rules.marks import of_marks
from gisapp.rules.penalties import PenaltyRule
from gisapp.rules.rows import Rule, listed, of_choice, of_size, rule_rows
from gisapp.rules.weights import PartRule
from gisapp.tables import INCIDENT_TYPES, UNIT_KINDS, UTILITIES
from gisapp.tables.measures import CHECKED_ASSETS

TOPIC = "incidents"
LIVES = ("repair", "complaint", "finding", "leak_point", "business")
MOMENTS = (
    "reported_at", "dispatched_at", "accepted_at", "arrived_at", "water_stopped_at", "repaired_at", "repaired_again_at",
    "replied_at", "closed_at", "extension_requested_at", "transferred_to_leader_at", "first_contact_at",
    "application_at", "answered_at", "surveyed_at", "design_done_at", "promised_at", "scheduled_at", "finished_at",
    "checked_at", "next_check_due", "period_end", "pack_issued_at",
)  # fmt: skip
"""The moments from which and to which clocks run."""
SETTINGS = (
    "apron_m", "near_border_m", "due_soon_share", "duplicate_m", "duplicate_h", "affected_m", "affected_h",
    "watch_months", "large_laid_mm", "large_tapped_mm",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class UnitRule(Rule):
    """A unit that can be made responsible, by its name in zh-Hans, which the routes speak of."""

    name: str
    kind: str
    name_hant: str
    name_en: str
    own_setting: bool = False

    @property
    def about(self) -> str:
        """Return the unit."""
        return self.name

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("kind", self.kind, UNIT_KINDS)


WANTED = ("customer_code", "reporter_phone", "summary", "text", "first_contact")
"""What a category may demand of a registration, beside its time, which all have."""


@dataclass(frozen=True, kw_only=True)
class CategoryRule(Rule):
    """What is reported: its type, its life, its level, and the group that clocks and routes speak of."""

    category: str
    type: str
    life: str
    name_hans: str
    name_hant: str
    name_en: str
    level: str | None = None
    group: str = ""
    usual: bool = False
    restricted: bool = False
    wants: str = ""
    own_setting: bool = False

    @property
    def about(self) -> str:
        """Return the category."""
        return self.category

    @property
    def demands(self) -> tuple[tuple[str, ...], ...]:
        """Return what a registration must hold: of each group of columns one must be filled."""
        return tuple(tuple(one.split("|")) for one in listed(self.wants))

    def lacks(self, row: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
        """Return the groups of :attr:`demands` of which a registration holds nothing (power hall rules III(1)3).

        Examples
        --------
        >>> row = dict(article="x", valid_from=date(2000, 1, 1), category="c", type="other", life="business")
        >>> rule = CategoryRule(**row, name_hans="", name_hant="", name_en="", wants="customer_code|reporter_phone")
        >>> rule.lacks({"reporter_phone": " "}), rule.lacks({"customer_code": "0012"})
        ((('customer_code', 'reporter_phone'),), ())
        """
        return tuple(group for group in self.demands if not any(_filled(row.get(name)) for name in group))

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("type", self.type, INCIDENT_TYPES)
        yield from of_choice("life", self.life, LIVES)
        for name in (name for group in self.demands for name in group):
            yield from of_choice("wants", name, WANTED)


def _filled(value: object) -> bool:
    """Return whether a text says something."""
    return isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True, kw_only=True)
class HandlingRule(Rule):
    """A handling level: within how many hours an incident is answered and closed."""

    level: str
    hours: float
    working_days: bool = False
    override_only: bool = False

    @property
    def about(self) -> str:
        """Return the level."""
        return self.level

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_size(hours=self.hours)


@dataclass(frozen=True, kw_only=True)
class ClockRule(Rule):
    """One clock: from when to when it runs, its limit, and for which incidents."""

    clock: str
    start: str
    stop: str
    minutes: float | None = None
    hours: float | None = None
    days: int | None = None
    months: int | None = None
    of_level: bool = False
    promised: bool = False
    on_request: bool = False
    groups: str = ""
    lives: str = ""
    when: str | None = None
    unless: str | None = None
    working_days: bool = False
    holds_stop: bool = False
    told_by: str | None = None
    own_setting: bool = False
    sample: bool = False

    @property
    def about(self) -> tuple[object, ...]:
        """Return the clock and what it runs for."""
        return (self.clock, self.groups, self.lives, self.when, self.unless)

    @property
    def limit(self) -> timedelta | None:
        """Return the limit where it is a length of time."""
        if self.minutes is None and self.hours is None:
            return None
        return timedelta(minutes=self.minutes or 0, hours=self.hours or 0)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("start", self.start, MOMENTS)
        for stop in listed(self.stop):
            if stop not in MOMENTS:
                yield "stop", f"use one of {', '.join(MOMENTS)}"
        for life in listed(self.lives):
            if life not in LIVES:
                yield "lives", f"use one of {', '.join(LIVES)}"
        yield from of_size(minutes=self.minutes, hours=self.hours, days=self.days, months=self.months)
        yield from of_marks(self.when, self.unless)
        given = [name for name in ("minutes", "hours", "days", "months") if getattr(self, name) is not None]
        given += [name for name in ("of_level", "promised") if getattr(self, name)]
        if len(given) > 1:
            yield given[1], f"one limit is enough; {given[0]} is given too"


@dataclass(frozen=True, kw_only=True)
class LawRule(Rule):
    """A limit of the law of the place, which stands in place of a clock's where it is shorter."""

    place: str
    clock: str
    hours: float
    groups: str = ""
    categories: str = ""
    sample: bool = False

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_size(hours=self.hours)


@dataclass(frozen=True, kw_only=True)
class RouteRule(Rule):
    """Who must act, where everything that the row says fits."""

    unit: str
    categories: str = ""
    groups: str = ""
    utility: str | None = None
    well: str | None = None
    apron: str | None = None
    warranty: bool | None = None
    customers_from: int | None = None
    buildings_from: int | None = None
    when: str | None = None
    unless: str | None = None
    own_setting: bool = False

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("utility", self.utility, UTILITIES)
        yield from of_choice("well", self.well, ("inside", "outside"))
        yield from of_choice("apron", self.apron, ("within", "beyond"))
        yield from of_size(customers_from=self.customers_from, buildings_from=self.buildings_from)
        yield from of_marks(self.when, self.unless)


@dataclass(frozen=True, kw_only=True)
class JoinRule(Rule):
    """A unit that acts beside the responsible one where something is marked."""

    when: str
    unit: str

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_marks(self.when, None)


@dataclass(frozen=True, kw_only=True)
class RewardRule(Rule):
    """What the first registered reporter of a leak is proposed to get, in yuan, from a diameter on."""

    from_diameter_mm: float
    staff: float
    outsider: float

    @property
    def about(self) -> float:
        """Return from which diameter on."""
        return self.from_diameter_mm

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_size(from_diameter_mm=self.from_diameter_mm, staff=self.staff, outsider=self.outsider)


@dataclass(frozen=True, kw_only=True)
class PatrolCheckRule(Rule):
    """What a patrol checks of an asset: running state, appearance, hazards (grid rules IV(2)2)."""

    asset: str
    items: str

    @property
    def about(self) -> str:
        """Return the asset."""
        return self.asset

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("asset", self.asset, CHECKED_ASSETS)
        if not listed(self.items):
            yield "items", "list what is checked, separated by commas"


@dataclass(frozen=True, kw_only=True)
class SettingRule(Rule):
    """A number that the rules leave open."""

    name: str
    value: float

    @property
    def about(self) -> str:
        """Return its name."""
        return self.name

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("name", self.name, SETTINGS)
        yield from of_size(value=self.value)


@dataclass(frozen=True, kw_only=True)
class HolidayRule(Rule):
    """Days without work beside the weekend, or working days that fall on one; both ends are included."""

    first: date
    last: date
    name: str = ""
    works: bool = False

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        if self.last < self.first:
            yield "last", f"give a day from {self.first} on"


@dataclass(frozen=True)
class IncidentRules:
    """The rules in force on a day."""

    unit: tuple[UnitRule, ...]
    category: tuple[CategoryRule, ...]
    level: tuple[HandlingRule, ...]
    clock: tuple[ClockRule, ...]
    law: tuple[LawRule, ...]
    route: tuple[RouteRule, ...]
    joins: tuple[JoinRule, ...]
    reward: tuple[RewardRule, ...]
    penalty: tuple[PenaltyRule, ...]
    part: tuple[PartRule, ...]
    patrol_check: tuple[PatrolCheckRule, ...]
    setting: tuple[SettingRule, ...]
    holiday: tuple[HolidayRule, ...]

    def category_of(self, category: str | None, kind: str) -> CategoryRule | None:
        """Return a category by its name, or the usual one of a type; None where the rules have neither."""
        if category is not None:
            return self._categories.get(category)
        return next((rule for rule in self.category if rule.type == kind and rule.usual), None)

    def level_of(self, level: str | None) -> HandlingRule | None:
        """Return a handling level, None for none."""
        return next((rule for rule in self.level if rule.level == level), None)

    def number(self, name: str) -> float:
        """Return a setting.

        Raises
        ------
        InputError
            When no row gives it on this day.
        """
        found = next((rule.value for rule in self.setting if rule.name == name), None)
        if found is None:
            raise InputError(f"no setting {name} is in force", todo="add a row [[setting]] to the rules of incidents")
        return found

    def checked_items(self) -> dict[str, tuple[str, ...]]:
        """Return what a patrol checks, by asset."""
        return {rule.asset: tuple(listed(rule.items)) for rule in self.patrol_check}

    def works_on(self, day: date) -> bool:
        """Return whether a day is a working day: as a row says, else Monday to Friday."""
        rows = [rule for rule in self.holiday if rule.first <= day <= rule.last]
        return any(rule.works for rule in rows) if rows else day.weekday() < 5

    @cached_property
    def _categories(self) -> dict[str, CategoryRule]:
        return {rule.category: rule for rule in self.category}


KINDS: Mapping[str, type[Rule]] = {
    "unit": UnitRule,
    "category": CategoryRule,
    "level": HandlingRule,
    "clock": ClockRule,
    "law": LawRule,
    "route": RouteRule,
    "joins": JoinRule,
    "reward": RewardRule,
    "penalty": PenaltyRule,
    "part": PartRule,
    "patrol_check": PatrolCheckRule,
    "setting": SettingRule,
    "holiday": HolidayRule,
}


def incident_rules(on: date, own: Path | str | None = None) -> IncidentRules:
    """Return the rules of incidents that were in force on a day.

    Parameters
    ----------
    on
        The day, in the utility's zone; of an incident the day on which it was reported, whose rules it keeps.
    own
        A utility's own copy of ``gisapp/rules/incidents.toml``: its file, or its text.

    Raises
    ------
    InputError
        When a row is wrong or names what no row has; says the file, the row and the field.

    Examples
    --------
    >>> rules = incident_rules(date(2026, 11, 27))
    >>> rules.category_of(None, "meter_fault").level, rules.number("apron_m")
    ('L36H', 1.5)
    """
    return _rules_on(on, incident_rows(own)) if isinstance(own, Path) else _kept_on(on, own)


def incident_rows(own: Path | str | None = None) -> Mapping[str, tuple[Any, ...]]:
    """Return every row of the rules of incidents, of every day, by its kind, checked as for :func:`incident_rules`."""
    # A file may change between two questions; its text, and ours, do not.
    return _read(own) if isinstance(own, Path) else _kept(own)


@lru_cache(maxsize=512)
def _kept_on(on: date, own: str | None) -> IncidentRules:
    return _rules_on(on, incident_rows(own))


def _rules_on(on: date, rows: Mapping[str, tuple[Any, ...]]) -> IncidentRules:
    return IncidentRules(**{kind: tuple(rule for rule in rows[kind] if rule.holds_on(on)) for kind in KINDS})


@lru_cache(maxsize=8)
def _kept(own: str | None) -> Mapping[str, tuple[Any, ...]]:
    return _read(own)


def _read(own: Path | str | None) -> Mapping[str, tuple[Any, ...]]:
    rows = rule_rows(TOPIC, KINDS, own)
    _require_known(rows, str(own) if isinstance(own, Path) else f"{TOPIC}.toml")
    return rows


def _require_known(rows: Mapping[str, tuple[Any, ...]], file: str) -> None:
    """Raise where a row names a unit, level, group, category or clock that no row of the file has."""
    known: dict[str, set[str]] = {
        "unit": {rule.name for rule in rows["unit"]},
        "level": {rule.level for rule in rows["level"]},
        "groups": {rule.group for rule in rows["category"]} - {""},
        "categories": {rule.category for rule in rows["category"]},
        "clock": {rule.clock for rule in rows["clock"]},
    }
    named = (
        ("category", "level"), ("clock", "groups"), ("law", "clock"), ("law", "groups"), ("law", "categories"),
        ("route", "unit"), ("route", "groups"), ("route", "categories"), ("joins", "unit"),
    )  # fmt: skip
    for kind, field in named:
        for rule in rows[kind]:
            for name in listed(getattr(rule, field) or ""):
                if name not in known[field]:
                    todo = f"use one of {', '.join(sorted(known[field]))}"
                    raise InputError(f"{rule.row}: found {name!r}", todo=todo, file=file, field=field)
