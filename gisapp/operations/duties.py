"""The duties that a shutoff operation brings, each with its own clock: what must be done, until when, and was it.

Clocks are independent of one another, and what is done exactly at its limit is met. What cannot be judged because
a time is missing counts apart, never as met.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from gisapp.limits import judged
from gisapp.operations.model import Operation
from gisapp.operations.postings import all_posted_at
from gisapp.rules import LevelRule, LimitRule, NightRule, ShutoffRules


@dataclass(frozen=True)
class Duty:
    """One duty: its name, when its clock started, until when, when it was done, how that is judged, and by what."""

    duty: str
    start: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    state: str
    article: str
    own_setting: bool = False


@dataclass(frozen=True)
class Reach:
    """What an operation reaches, as far as duties depend on it: hydrants out, homes, communities by code.

    ``customers`` counts those left without supply or on storage only; None where that is not known.
    """

    hydrants: int = 0
    homes: int = 0
    communities: tuple[str, ...] = ()
    customers: int | None = None

    @property
    def nobody(self) -> bool:
        """Return whether it is known that no customer is left without supply: there is nobody to notify."""
        return self.customers == 0


def duties(
    operation: Operation, rules: ShutoffRules, *, now: datetime, zone: ZoneInfo, reach: Reach | None = None
) -> pd.DataFrame:
    """Return the duties of an operation as they stand, one row each; none of one that was cancelled.

    Parameters
    ----------
    operation
        The record.
    rules
        Those of the day on which it was opened: :func:`gisapp.rules.shutoff_rules`.
    now
        The moment of judging, aware.
    zone
        The utility's zone, for hours of the night.
    reach
        What the shutoff reaches; without it nothing is said of hydrants, homes and postings, and customers count
        as being without supply.

    Returns
    -------
    DataFrame
        duty (``approval``, ``written_notice``, ``filing``, ``posting``, ``fire_service``, ``emergency_notice``,
        ``emergency_posting``, ``report_up``, ``planned_end``, ``night`` or a clock K11 ... K26), start, due_at,
        done_at, state (one of :data:`gisapp.limits.STATES`), article, own_setting.

    Notes
    -----
    Water service rules Art. 13 (report up), 17 (approval, written notice, publication, posting), 18 (report, answer,
    filing), 35(3), (4), (5), (7); local law for 24 hours without supply, the fire service, and gas at night: each
    row says its own, and a duty without a row in the rules is not demanded. What leaves nobody without supply demands
    no notice, planned or not, and no emergency supply. A postponed work is approved, told and
    published anew: only what was done since counts, and while it is postponed or refused its times are not judged.
    What must be done before supply goes off is breached only once it is off.
    """
    if operation.status == "cancelled":
        rows: list[Duty] = []
    else:
        case = _Case(operation, rules, now, zone, reach or Reach())
        before = {"planned": _before_planned, "emergency": _of_emergency, "individual": _of_individual}
        rows = [*before[operation.kind](case), *_of_any(case)]
    return pd.DataFrame(rows, columns=list(Duty.__dataclass_fields__)).assign(
        **{name: pd.to_datetime(pd.Series([getattr(row, name) for row in rows]), utc=True) for name in _TIMES}
    )


_TIMES = ("start", "due_at", "done_at")


@dataclass(frozen=True)
class _Case:
    """An operation with what it is judged by."""

    operation: Operation
    rules: ShutoffRules
    now: datetime
    zone: ZoneInfo
    reach: Reach

    def rule(self, duty: str) -> LimitRule | None:
        """Return the row of a duty for this utility."""
        return self.rules.limit_of(duty, self.operation.utility)

    def before(self, duty: str, start: datetime | None, due: datetime | None, done: datetime | None) -> Iterator[Duty]:
        """Yield what must be done before something, where the rules demand it."""
        rule = self.rule(duty)
        if rule is not None:
            times = _Times(start, due, done)
            off = began_at(self.operation) is not None
            state = times.state(self.now, breaks=off)
            yield times.duty(duty, state, rule.article, own_setting=rule.own_setting)

    def within(self, duty: str, start: datetime, done: datetime | None) -> Iterator[Duty]:
        """Yield what must be done within minutes, where the rules demand it."""
        rule = self.rule(duty)
        if rule is not None:
            due = None if rule.minutes is None else start + timedelta(minutes=rule.minutes)
            times = _Times(start, due, done)
            yield times.duty(duty, times.state(self.now), rule.article, own_setting=rule.own_setting)

    def while_off(self, duty: str, start: datetime, done: datetime | None) -> Iterator[Duty]:
        """Yield what must be done within minutes and falls away when supply is back before that."""
        back = self.operation.moment("restore")
        for made in self.within(duty, start, done):
            if done is not None or back is None or (made.due_at is not None and made.due_at < back):
                yield made


@dataclass(frozen=True)
class _Times:
    """The three moments of a duty."""

    start: datetime | None
    due: datetime | None
    done: datetime | None

    def state(self, now: datetime, *, breaks: bool = True) -> str:
        """Return how they are judged: done at the limit is met; undone after it is breached if that ``breaks``."""
        return judged(self.start, self.due, self.done, now, breaks=breaks)

    def duty(self, duty: str, state: str, article: str, *, own_setting: bool = False) -> Duty:
        """Return the duty."""
        return Duty(duty, self.start, self.due, self.done, state, article, own_setting)


def _before_planned(case: _Case) -> Iterator[Duty]:
    """Yield what planned work demands before it begins, and its end."""
    operation, opened, off = case.operation, case.operation.opened_at, began_at(case.operation)
    holds = operation.status not in ("refused", "postponed")
    start, end = (operation.planned_start, operation.planned_end) if holds else (None, None)
    begins = off or start
    for duty, action in (("approval", "approve"), ("written_notice", "inform_dispatch")):
        yield from case.before(duty, opened, begins, operation.since_postponed(action))
    if not case.reach.nobody:
        yield from _notice(case, start, end)
    if case.reach.communities:
        yield from case.before("posting", opened, begins, all_posted_at(operation, case.reach.communities))
    if case.reach.hydrants:
        told = operation.since_postponed("inform_fire_service")
        yield from case.before("fire_service", opened, begins, told)
    yield from case.before("planned_end", off, end, operation.moment("restore"))


def _notice(case: _Case, start: datetime | None, end: datetime | None) -> Iterator[Duty]:
    """Yield the publication ahead of planned work."""
    operation = case.operation
    planned = (operation.planned_start, operation.planned_end)
    if planned[0] is None or planned[1] is None:
        return
    hours = (planned[1] - planned[0]) / timedelta(hours=1)
    temporary = operation.moment("declare_temporary") is not None
    rule = case.rules.notice_of(operation.utility, hours, temporary=temporary)
    if rule is not None:
        due = None if start is None else start - timedelta(hours=rule.lead_h)
        times = _Times(operation.opened_at, due, operation.since_postponed("publish"))
        yield times.duty(rule.duty, times.state(case.now), rule.article, own_setting=rule.sample)


def _of_emergency(case: _Case) -> Iterator[Duty]:
    """Yield what an emergency demands once supply goes off."""
    operation, off = case.operation, began_at(case.operation)
    if off is None:
        return
    yield from case.within("K12", off, operation.moment("inform_dispatch"))
    if case.reach.hydrants:
        yield from case.while_off("fire_service", off, operation.moment("inform_fire_service"))
    if not case.reach.nobody:
        yield from case.while_off("emergency_notice", off, operation.moment("publish"))
    if case.reach.communities:
        yield from case.while_off("emergency_posting", off, all_posted_at(operation, case.reach.communities))
    yield from _report(case, off)


def _report(case: _Case, off: datetime) -> Iterator[Duty]:
    """Yield the first report to those whom the level that was set wants told."""
    rule, level = case.rule("report_up"), case.operation.level
    mine = [one for one in case.rules.level if one.utility == case.operation.utility and str(one.level) == level]
    limits = [one for one in mine if one.within_min is not None]
    if rule is not None and limits:
        by = min(limits, key=lambda one: one.within_min or 0.0)
        times = _Times(off, off + timedelta(minutes=by.within_min or 0.0), case.operation.moment("report_up"))
        article = f"{rule.article}；{by.article}"
        yield times.duty("report_up", times.state(case.now), article, own_setting=rule.own_setting or by.sample)


def _of_individual(case: _Case) -> Iterator[Duty]:
    """Yield the filing that comes before one customer is cut off."""
    operation = case.operation
    off, filed = operation.moment("cut_off"), operation.moment("inform_dispatch")
    yield from case.before("filing", operation.opened_at, off, filed)


def _of_any(case: _Case) -> Iterator[Duty]:
    """Yield what every shutoff demands while supply is off and when it returns."""
    operation, off = case.operation, began_at(case.operation)
    back = operation.moment("restore")
    if off is not None and operation.kind != "individual" and not case.reach.nobody:
        yield from case.within("K14", off, _earlier(back, operation.moment("arrange_supply")))
    if back is not None:
        yield from case.within("K13", back, operation.moment("answer"))
    for night in case.rules.night:
        if night.utility == operation.utility and case.reach.homes:
            yield from _night(case, night, off, back)


def _night(case: _Case, night: NightRule, off: datetime | None, back: datetime | None) -> Iterator[Duty]:
    """Yield whether homes are kept off in the hours of the night: judged when supply is back, warned of before.

    While supply is off the duty is due when the night begins; it warns as that comes near, at night, and when supply
    is expected back at night.
    """
    if back is not None:
        state = "breached" if night.holds(back.astimezone(case.zone).time()) else "met"
        yield Duty("night", None, None, back, state, night.article)
        return
    expected = case.operation.expected_end
    late = expected is not None and night.holds(expected.astimezone(case.zone).time())
    local = case.now.astimezone(case.zone)
    if off is None or night.holds(local.time()):
        state = "due_soon" if late or off is not None else "running"
        yield Duty("night", off, None, None, state, night.article)
        return
    day = local.date() if local.time() < night.start else local.date() + timedelta(days=1)
    times = _Times(off, datetime.combine(day, night.start, case.zone), None)
    yield times.duty("night", "due_soon" if late else times.state(case.now), night.article)


def began_at(operation: Operation) -> datetime | None:
    """Return when supply went off: said to be cut off, or the first valve closed; None while it is on."""
    closed = operation.valves.loc[operation.valves["action"] == "closed", "at"]
    first = None if closed.empty else closed.min().to_pydatetime(warn=False)
    return _earlier(operation.moment("cut_off"), first)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two moments; the one there is."""
    return min((moment for moment in (one, other) if moment is not None), default=None)


def proposed_level(
    rules: ShutoffRules, utility: str, *, households: int, critical: int, hours: float | None = None
) -> LevelRule | None:
    """Return the most severe response level of which a figure is reached, None below all; a person decides.

    ``hours`` is how long supply is off; while nobody knows (None), it counts as long enough for every level.
    Water service rules Art. 13: what touches vital interests is reported quickly.
    """
    reached = [
        rule
        for rule in rules.level
        if rule.utility == utility
        and (hours is None or hours >= rule.hours)
        and (
            (rule.households is not None and households >= rule.households)
            or (rule.critical is not None and critical >= rule.critical)
        )
    ]
    return min(reached, key=lambda rule: rule.level, default=None)


def counted_operations(shutoffs: pd.DataFrame) -> pd.DataFrame:
    """Return the operations that count in statistics: every one but drills."""
    return shutoffs[~shutoffs["drill"].astype(bool)]
