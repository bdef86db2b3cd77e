"""The rules of shutoffs: notice lead times, limits, hours of the night, response levels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from gisapp.rules.rows import rule_rows


@dataclass(frozen=True)
class _Rule:
    """What every row says: its article, from when until when it is in force, and whether it is ours to set."""

    article: str
    valid_from: date


@dataclass(frozen=True)
class NoticeRule(_Rule):
    """How many hours before the start a notice must be published, for work planned to last longer than so many."""

    duty: str
    utility: str
    lead_h: float
    longer_than_h: float = 0.0
    valid_to: date | None = None
    sample: bool = False
    off: bool = False


@dataclass(frozen=True)
class LimitRule(_Rule):
    """How many minutes may pass until something is done."""

    duty: str
    minutes: float
    valid_to: date | None = None
    own_setting: bool = False
    off: bool = False


@dataclass(frozen=True)
class NightRule(_Rule):
    """Hours of the day, in the utility's zone, in which homes are not put back on."""

    utility: str
    start: time
    end: time
    valid_to: date | None = None
    off: bool = False

    def holds(self, clock: time) -> bool:
        """Return whether a time of the day lies in these hours; the end does not."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True)
class LevelRule(_Rule):
    """A response level, proposed when any of its figures is reached."""

    level: int
    utility: str
    households: int | None = None
    critical: int | None = None
    valid_to: date | None = None
    sample: bool = False
    off: bool = False


@dataclass(frozen=True)
class ShutoffRules:
    """The rules in force on a day."""

    notice: tuple[NoticeRule, ...]
    limit: tuple[LimitRule, ...]
    night: tuple[NightRule, ...]
    level: tuple[LevelRule, ...]

    def limit_of(self, duty: str) -> LimitRule | None:
        """Return the limit of a duty, None where there is none."""
        return next((rule for rule in self.limit if rule.duty == duty), None)

    def notice_of(self, utility: str, hours: float) -> NoticeRule | None:
        """Return the notice rule of work planned to last so many hours: the longest lead of those that fit."""
        fitting = [rule for rule in self.notice if rule.utility == utility and hours > rule.longer_than_h]
        return max(fitting, key=lambda rule: rule.lead_h, default=None)


_KINDS = {"notice": NoticeRule, "limit": LimitRule, "night": NightRule, "level": LevelRule}


def shutoff_rules(on: date, own: Path | None = None) -> ShutoffRules:
    """Return the rules of shutoffs that were in force on a day.

    Parameters
    ----------
    on
        The day, in the utility's zone.
    own
        A utility's own copy of ``gisapp/rules/shutoffs.toml``.

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
    read = rule_rows("shutoffs", _KINDS, own)
    return ShutoffRules(**{kind: tuple(row for row in rows if _in_force(row, on)) for kind, rows in read.items()})


def _in_force(rule: NoticeRule | LimitRule | NightRule | LevelRule, on: date) -> bool:
    return not rule.off and rule.valid_from <= on and (rule.valid_to is None or on <= rule.valid_to)
