"""The rules of shutoffs: notice lead times, what must be done and by when, hours of the night, trunks, levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from gisapp.rules.rows import Rule, of_choice, of_size, rule_rows
from gisapp.tables import UTILITIES

TOPIC = "shutoffs"
NOTICES = ("K11", "K24", "K25", "K26")
"""Duties of planned work that a notice lead time makes."""
DUTIES = (
    "approval", "written_notice", "posting", "fire_service", "planned_end", "filing", "K12", "K13", "K14",
    "emergency_notice", "emergency_posting", "report_up",
)  # fmt: skip
"""The duties that a ``limit`` row makes."""
LEVELS = (1, 2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class NoticeRule(Rule):
    """How many hours before the start a notice must be published, for work planned to last longer than so many."""

    duty: str
    utility: str
    lead_h: float
    longer_than_h: float = 0.0
    temporary: bool = False
    sample: bool = False

    @property
    def about(self) -> tuple[object, ...]:
        """Return the utility and the works that it is about."""
        return (self.utility, self.longer_than_h, self.temporary)

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("duty", self.duty, NOTICES)
        yield from of_choice("utility", self.utility, UTILITIES)
        yield from of_size(lead_h=self.lead_h, longer_than_h=self.longer_than_h)


@dataclass(frozen=True, kw_only=True)
class LimitRule(Rule):
    """What must be done, and within how many minutes where that is said; for every utility where none is named."""

    duty: str
    utility: str | None = None
    minutes: float | None = None
    own_setting: bool = False

    @property
    def about(self) -> tuple[object, ...]:
        """Return the duty and its utility."""
        return (self.duty, self.utility)

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("duty", self.duty, DUTIES)
        yield from of_choice("utility", self.utility, UTILITIES)
        yield from of_size(minutes=self.minutes)


@dataclass(frozen=True, kw_only=True)
class NightRule(Rule):
    """Hours of the day, in the utility's zone, in which homes are not put back on."""

    utility: str
    start: time
    end: time

    def holds(self, clock: time) -> bool:
        """Return whether a time of the day lies in these hours; the end does not."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("utility", self.utility, UTILITIES)


@dataclass(frozen=True, kw_only=True)
class TrunkRule(Rule):
    """Which links are trunks, by their rank or from a diameter on, and the unit that is concerned when one is shut."""

    utility: str
    unit: str
    rank: str | None = None
    from_diameter_mm: float | None = None

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("utility", self.utility, UTILITIES)
        yield from of_choice("rank", self.rank, ("trunk", "main", "branch", "service"))
        yield from of_size(from_diameter_mm=self.from_diameter_mm)
        if self.rank is None and self.from_diameter_mm is None:
            yield "rank", "say which links are meant, by rank or from_diameter_mm"


@dataclass(frozen=True, kw_only=True)
class LevelRule(Rule):
    """A response level, proposed when any of its figures is reached and supply is off for so many hours.

    ``tell`` are told within ``within_min`` minutes of the shutoff.
    """

    level: int
    utility: str
    households: int | None = None
    critical: int | None = None
    hours: float = 0.0
    tell: str = ""
    within_min: float | None = None
    sample: bool = False

    @property
    def about(self) -> tuple[object, ...]:
        """Return the level, its utility and from how many hours on."""
        return (self.level, self.utility, self.hours)

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("level", self.level, LEVELS)
        yield from of_choice("utility", self.utility, UTILITIES)
        yield from of_size(
            households=self.households, critical=self.critical, hours=self.hours, within_min=self.within_min
        )


@dataclass(frozen=True)
class ShutoffRules:
    """The rules in force on a day."""

    notice: tuple[NoticeRule, ...]
    limit: tuple[LimitRule, ...]
    night: tuple[NightRule, ...]
    trunk: tuple[TrunkRule, ...]
    level: tuple[LevelRule, ...]

    def limit_of(self, duty: str, utility: str) -> LimitRule | None:
        """Return the row of a duty: that of the utility before that of all; None where nothing is demanded."""
        fitting = [rule for rule in self.limit if rule.duty == duty and rule.utility in (utility, None)]
        return max(fitting, key=lambda rule: rule.utility is not None, default=None)

    def notice_of(self, utility: str, hours: float, *, temporary: bool = False) -> NoticeRule | None:
        """Return the notice rule of work planned to last so many hours: the longest lead of those that fit.

        Temporary work has rules of its own where the utility has any.
        """
        mine = [rule for rule in self.notice if rule.utility == utility]
        apart = temporary and any(rule.temporary for rule in mine)
        fitting = [rule for rule in mine if hours > rule.longer_than_h and rule.temporary == apart]
        return max(fitting, key=lambda rule: rule.lead_h, default=None)


KINDS = {"notice": NoticeRule, "limit": LimitRule, "night": NightRule, "trunk": TrunkRule, "level": LevelRule}


def shutoff_rules(on: date, own: Path | str | None = None) -> ShutoffRules:
    """Return the rules of shutoffs that were in force on a day.

    Parameters
    ----------
    on
        The day, in the utility's zone.
    own
        A utility's own copy of ``gisapp/rules/shutoffs.toml``: its file, or its text.

    Raises
    ------
    InputError
        When a row is wrong; names the file, the row and the field.

    Examples
    --------
    >>> rule = shutoff_rules(date(2026, 11, 27)).notice_of("water", 8.0)
    >>> rule.duty, rule.lead_h
    ('K11', 24)
    """
    read = shutoff_rows(own)
    return ShutoffRules(**{kind: tuple(row for row in rows if row.holds_on(on)) for kind, rows in read.items()})


def shutoff_rows(own: Path | str | None = None) -> dict[str, tuple[Any, ...]]:
    """Return every row of the rules of shutoffs, of every day, by its kind, checked."""
    return rule_rows(TOPIC, KINDS, own)
