"""The clocks of an incident: each runs by itself, and is judged by the row of the rules that gave it.

A clock whose start or stop is missing although the incident went on counts apart, as what cannot be judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import pandas as pd

from gisapp.incidents.lives import NO_WORK
from gisapp.incidents.model import Incident, Repair, Step
from gisapp.limits import after_holds, after_working_time, end_of_day, judged
from gisapp.rules import ClockRule, IncidentRules
from gisapp.rules.incidents import CategoryRule, HandlingRule, LawRule
from gisapp.rules.rows import listed

ORDER = (
    "dispatched_at", "transferred_to_leader_at", "accepted_at", "first_contact_at", "arrived_at", "water_stopped_at",
    "repaired_at", "replied_at", "closed_at",
)  # fmt: skip
"""The moments of a turn of work in the order in which they come: where a later one is known, no earlier one will be."""


@dataclass(frozen=True)
class Clock:
    """One clock of one turn of work, and how it is judged.

    ``state`` goes by the limit of the rule (``due_at``). ``extended_to`` is what an extension in time gave, and
    ``extended_state`` goes by that; without one both are the same. ``excused`` marks a breach of which the unit said
    before the limit that its system had failed: it stays a breach. ``rule`` is the row that gave the limit.
    """

    clock: str
    repair: int
    start: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    state: str
    extended_to: datetime | None
    extended_state: str
    excused: bool
    rule: str
    article: str
    own_setting: bool


def clocks(incident: Incident, rules: IncidentRules, *, now: datetime, zone: ZoneInfo) -> tuple[Clock, ...]:
    """Return the clocks of an incident as they stand.

    Parameters
    ----------
    incident
        The incident; one that was merged, rejected or cancelled has none: they run on the main one.
    rules
        Those of the day on which it was reported.
    now
        The moment of judging, aware.
    zone
        The utility's zone: its midnights divide the days.

    Notes
    -----
    Water service rules Art. 9, 16, 20, 23, 24 and grid rules IV(3)2: each row says its own. A clock that has not begun
    is left out. A hold stops no clock unless its row says so; an extension leaves the limit of the rule as it is, and
    counts only if it was asked for before that. A second repair has clocks of its own; those of the first are frozen.
    """
    if incident.status in NO_WORK:
        return ()
    case = Case(incident, rules, now, zone)
    turns = list(enumerate(incident.standing.repairs, 1))
    return tuple(clock for number, repair in turns for clock in case.of_turn(number, repair))


def clock_table(
    incidents: Iterable[Incident],
    rules_of: Callable[[Incident], IncidentRules],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> pd.DataFrame:
    """Return the clocks of many incidents, one row each: ``incident_code`` and the fields of :class:`Clock`."""
    rows = [
        {"incident_code": incident.code, **clock.__dict__}
        for incident in incidents
        for clock in clocks(incident, rules_of(incident), now=now, zone=zone)
    ]
    table = pd.DataFrame(rows, columns=["incident_code", *Clock.__dataclass_fields__])
    times = ("start", "due_at", "done_at", "extended_to")
    return table.assign(**{name: pd.to_datetime(table[name], utc=True) for name in times})


@dataclass(frozen=True)
class Case:
    """An incident with what it is judged by."""

    incident: Incident
    rules: IncidentRules
    now: datetime
    zone: ZoneInfo

    def of_turn(self, number: int, repair: Repair) -> Iterator[Clock]:
        """Yield the clocks of one turn of work."""
        category = self.rules.category_of(self.incident.head.get("category"), str(self.incident.head["type"]))
        for rule in self.rules.clock:
            if rule.told_by is not None or not self.fits(rule, category):
                continue
            if rule.on_request:
                yield from self._requests(rule, category, number, repair)
            else:
                yield from self._clock(rule, category, number, repair)

    def fits(self, rule: ClockRule, category: CategoryRule | None) -> bool:
        """Return whether a clock runs for this incident."""
        marks = self.incident.standing.marks
        return (
            (not rule.groups or (category is not None and category.group in listed(rule.groups)))
            and (not rule.lives or self.incident.life in listed(rule.lives))
            and (rule.when is None or rule.when in marks)
            and (rule.unless is None or rule.unless not in marks)
            and (not rule.of_level or self.level(category) is not None)
            and (not rule.promised or self.incident.standing.promised_at is not None)
        )

    def level(self, category: CategoryRule | None) -> HandlingRule | None:
        """Return the handling level: the one that was set, else that of the category."""
        return self.rules.level_of(self.incident.standing.level or (category.level if category else None))

    def _clock(self, rule: ClockRule, category: CategoryRule | None, number: int, repair: Repair) -> Iterator[Clock]:
        start = self._start(rule, repair)
        stops = [repair.moments.get(name) for name in listed(rule.stop)]
        done = max((stop for stop in stops if stop is not None), default=None) if None not in stops else None
        gone = done is None and self._gone_by(rule, number, repair)
        if start is None and not (gone or done is not None):
            return  # it has not begun
        due, law = self._due(rule, category, start, repair)
        known = start is not None and not gone
        state = self._state(start, due, done) if known else "not_judged"
        to = self._extension(rule, due, number)
        extended = self._state(start, to, done) if known and to is not None else state
        failed = due is not None and any(step.at <= due for step in self._steps("report_failure", number))
        yield Clock(
            clock=rule.clock,
            repair=number,
            start=start,
            due_at=due,
            done_at=done,
            state=state,
            extended_to=to,
            extended_state=extended,
            excused=failed and state == "breached",
            rule=law.row if law else rule.row,
            article=law.article if law else rule.article,
            own_setting=rule.own_setting or rule.sample,
        )

    def _requests(self, rule: ClockRule, category: CategoryRule | None, number: int, repair: Repair) -> Iterator[Clock]:
        """Yield whether each extension was asked for before the limit of the level."""
        due, law = self._due(rule, category, repair.reported_at, repair)
        article, row = (law.article, law.row) if law else (rule.article, rule.row)
        for step in self._steps("request_extension", number):
            state = self._state(repair.reported_at, due, step.at)
            yield Clock(
                rule.clock, number, repair.reported_at, due, step.at, state, None, state, False, row, article, False
            )

    def _start(self, rule: ClockRule, repair: Repair) -> datetime | None:
        if rule.start in ("reported_at", "application_at"):
            return repair.reported_at
        if rule.promised:
            return max(step.at for step in self.incident.steps if step.action == "promise")
        return repair.moments.get(rule.start)

    def _gone_by(self, rule: ClockRule, number: int, repair: Repair) -> bool:
        """Return whether a stop that is missing will not come any more: the work went on, or is over, without it."""
        if self.incident.ended or number < len(self.incident.standing.repairs):
            return True
        missing = [ORDER.index(name) for name in listed(rule.stop) if name in ORDER and name not in repair.moments]
        return any(name in repair.moments for place in missing for name in ORDER[place + 1 :])

    def _due(
        self, rule: ClockRule, category: CategoryRule | None, start: datetime | None, repair: Repair
    ) -> tuple[datetime | None, LawRule | None]:
        """Return until when a clock may run, and the limit of the law where that is the shorter one."""
        if rule.promised:
            return self.incident.standing.promised_at, None
        if start is None:
            return None, None
        if rule.days is not None:
            day = start.astimezone(self.zone).date() + timedelta(days=rule.days)
            return end_of_day(day, self.zone), None
        level = self.level(category) if rule.of_level else None
        limit = timedelta(hours=level.hours) if level else rule.limit
        due = None if limit is None else self.after(start, limit, working=bool(level and level.working_days), rule=rule)
        law = self.law(rule, category)
        if law is not None:
            by_law = start.astimezone(UTC) + timedelta(hours=law.hours)
            if due is None or by_law < due:
                return by_law, law
        if due is not None and rule.holds_stop:
            due = after_holds(start, due, repair.holds, self.now)
        return due, None

    def after(self, start: datetime, limit: timedelta, *, working: bool, rule: ClockRule) -> datetime:
        """Return when a limit ends, in working days where the level or the row says so."""
        if working or rule.working_days:
            return after_working_time(start, limit, self.rules.works_on, self.zone)
        return start.astimezone(UTC) + limit  # in UTC: a day in which clocks are put on has 23 hours, a limit has 24

    def law(self, rule: ClockRule, category: CategoryRule | None) -> LawRule | None:
        """Return the shortest limit of the law for this clock."""
        mine = [
            law
            for law in self.rules.law
            if law.clock == rule.clock
            and category is not None
            and (category.group in listed(law.groups) or category.category in listed(law.categories))
        ]
        return min(mine, key=lambda law: law.hours, default=None)

    def _extension(self, rule: ClockRule, due: datetime | None, number: int) -> datetime | None:
        """Return until when the level was extended: asked for before the limit, and granted."""
        if not rule.of_level or due is None:
            return None
        if "grant_extension" not in self._actions:
            return None
        to, asked = None, None
        for step in self._of_turn(number):
            if step.action == "request_extension":
                asked = step
            elif step.action == "grant_extension" and asked is not None and asked.at <= (to or due):
                to = datetime.fromisoformat(str(asked.value)).astimezone(UTC)
        return to

    @cached_property
    def _actions(self) -> frozenset[str]:
        return frozenset(step.action for step in self.incident.steps)

    def _steps(self, action: str, number: int) -> list[Step]:
        if action not in self._actions:
            return []
        return [step for step in self._of_turn(number) if step.action == action]

    def _of_turn(self, number: int) -> list[Step]:
        """Return the steps of one turn of work."""
        steps = self.incident.steps
        turns = itertools.accumulate((step.action == "reopen" for step in steps), initial=1)
        return [step for step, turn in zip(steps, list(turns)[1:], strict=True) if turn == number]

    def _state(self, start: datetime | None, due: datetime | None, done: datetime | None) -> str:
        return judged(start, due, done, self.now, soon=self.rules.number("due_soon_share"))
