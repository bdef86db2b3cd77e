"""The duties that a shutoff operation brings, each with its own clock: what must be done, until when, and was it.

Clocks are independent of one another, and what is done exactly at its limit is met. What cannot be judged because
a time is missing counts apart, never as met.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from gisapp.operations.model import Operation
from gisapp.operations.postings import all_posted_at
from gisapp.rules import LevelRule, ShutoffRules

SOON = 0.25
"""The share of a limit that is left when a clock counts as due soon."""
STATES = ("met", "breached", "running", "due_soon", "not_judged")


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
    """What an operation reaches, as far as duties depend on it: hydrants out, homes, communities by code."""

    hydrants: int = 0
    homes: int = 0
    communities: tuple[str, ...] = ()


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
        What the shutoff reaches; without it nothing is said of hydrants, homes and postings.

    Returns
    -------
    DataFrame
        duty (``approval``, ``written_notice``, ``filing``, ``posting``, ``fire_service``, ``planned_end``, ``night``
        or a clock K11 ... K26), start, due_at, done_at, state (one of :data:`STATES`), article, own_setting.

    Notes
    -----
    Water service rules Art. 17 (approval, written notice, publication, posting), 18 (report, answer, filing), 35(3),
    (4), (5), (7); local law for 24 hours without supply, the fire service, and gas at night. A postponed work is
    approved, told and published anew: only what was done since counts.
    """
    known = reach or Reach()
    parts: list[Iterator[Duty]] = []
    if operation.status != "cancelled":
        before = {"planned": _before_planned, "emergency": _of_emergency, "individual": _of_individual}
        parts = [before[operation.kind](operation, rules, now, known), _of_any(operation, rules, now, zone, known)]
    rows = [duty for part in parts for duty in part]
    return pd.DataFrame(rows, columns=list(Duty.__dataclass_fields__)).assign(
        **{name: pd.to_datetime(pd.Series([getattr(row, name) for row in rows]), utc=True) for name in _TIMES}
    )


_TIMES = ("start", "due_at", "done_at")
_ART_17, _ART_18 = "供水服务办法 第十七条", "供水服务办法 第十八条"


def _before_planned(operation: Operation, rules: ShutoffRules, now: datetime, reach: Reach) -> Iterator[Duty]:
    """Yield what planned work demands before it begins."""
    begins = _earlier(operation.planned_start, began_at(operation))
    for duty, action, article in (
        ("approval", "approve", f"{_ART_17}；第三十五条（七）"),
        ("written_notice", "inform_dispatch", f"{_ART_17}；第三十五条（三）"),
    ):
        yield _judged(duty, operation.opened_at, begins, _since_postponed(operation, action), now, article)
    start, end = operation.planned_start, operation.planned_end
    if start is not None and end is not None:
        rule = rules.notice_of(operation.utility, (end - start) / timedelta(hours=1))
        if rule is not None:
            due = start - timedelta(hours=rule.lead_h)
            done = _since_postponed(operation, "publish")
            yield _judged(rule.duty, operation.opened_at, due, done, now, rule.article)
    if reach.communities:
        done = all_posted_at(operation, reach.communities)
        yield _judged("posting", operation.opened_at, begins, done, now, f"{_ART_17}；第三十五条（四）")
    if reach.hydrants:
        rule_of_fire = rules.limit_of("fire_service")
        article = rule_of_fire.article if rule_of_fire else ""
        yield _judged(
            "fire_service", operation.opened_at, begins, operation.moment("inform_fire_service"), now, article
        )
    yield _judged("planned_end", began_at(operation), end, operation.moment("restore"), now, _ART_17)


def _of_emergency(operation: Operation, rules: ShutoffRules, now: datetime, reach: Reach) -> Iterator[Duty]:
    """Yield what an emergency demands once supply goes off."""
    off = began_at(operation)
    if off is None:
        return
    yield from _limited("K12", off, operation.moment("inform_dispatch"), rules, now)
    if reach.hydrants:
        yield from _limited("fire_service", off, operation.moment("inform_fire_service"), rules, now)


def _of_individual(operation: Operation, rules: ShutoffRules, now: datetime, reach: Reach) -> Iterator[Duty]:
    """Yield the filing that comes before one customer is cut off."""
    off, filed = operation.moment("cut_off"), operation.moment("inform_dispatch")
    yield _judged("filing", operation.opened_at, off, filed, now, _ART_18)


def _of_any(operation: Operation, rules: ShutoffRules, now: datetime, zone: ZoneInfo, reach: Reach) -> Iterator[Duty]:
    """Yield what every shutoff demands while supply is off and when it returns."""
    off, back = began_at(operation), operation.moment("restore")
    if off is not None and operation.kind != "individual":
        yield from _limited("K14", off, _earlier(back, operation.moment("arrange_supply")), rules, now)
    if back is not None:
        yield from _limited("K13", back, operation.moment("answer"), rules, now)
    for night in rules.night:
        if night.utility == operation.utility and reach.homes and back is not None:
            state = "breached" if night.holds(back.astimezone(zone).time()) else "met"
            yield Duty("night", None, None, back, state, night.article)


def _limited(duty: str, start: datetime, done: datetime | None, rules: ShutoffRules, now: datetime) -> Iterator[Duty]:
    """Yield a duty with a limit in minutes, where the rules have one."""
    rule = rules.limit_of(duty)
    if rule is not None:
        due = start + timedelta(minutes=rule.minutes)
        yield _judged(duty, start, due, done, now, rule.article, own_setting=rule.own_setting)


def _judged(
    duty: str,
    start: datetime | None,
    due: datetime | None,
    done: datetime | None,
    now: datetime,
    article: str,
    *,
    own_setting: bool = False,
) -> Duty:
    """Return a duty with its state: done at the limit is met."""
    if due is None:
        state = "not_judged"
    elif done is not None:
        state = "met" if done <= due else "breached"
    elif now > due:
        state = "breached"
    else:
        soon = start is not None and due - now <= SOON * (due - start)
        state = "due_soon" if soon else "running"
    return Duty(duty, start, due, done, state, article, own_setting)


def began_at(operation: Operation) -> datetime | None:
    """Return when supply went off: said to be cut off, or the first valve closed; None while it is on."""
    closed = operation.valves.loc[operation.valves["action"] == "closed", "at"]
    first = None if closed.empty else closed.min().to_pydatetime(warn=False)
    return _earlier(operation.moment("cut_off"), first)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two moments; the one there is."""
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _since_postponed(operation: Operation, action: str) -> datetime | None:
    """Return when something was first done since the work was last postponed."""
    steps = operation.steps
    last = max(steps.loc[steps["action"] == "postpone", "step"], default=0)
    mine = steps[(steps["action"] == action) & (steps["step"] > last)]
    return None if mine.empty else mine["at"].min().to_pydatetime(warn=False)


def proposed_level(rules: ShutoffRules, utility: str, *, households: int, critical: int) -> LevelRule | None:
    """Return the most severe response level of which a figure is reached, None below all; a person decides.

    Water service rules Art. 13: what touches vital interests is reported quickly.
    """
    reached = [
        rule
        for rule in rules.level
        if rule.utility == utility
        and (
            (rule.households is not None and households >= rule.households)
            or (rule.critical is not None and critical >= rule.critical)
        )
    ]
    return min(reached, key=lambda rule: rule.level, default=None)


def counted_operations(shutoffs: pd.DataFrame) -> pd.DataFrame:
    """Return the operations that count in statistics: every one but drills."""
    return shutoffs[~shutoffs["drill"].astype(bool)]


def worst(states: Sequence[str]) -> str | None:
    """Return the state by which the colour of an operation goes: a breach before all; None without duties."""
    return next((state for state in ("breached", "due_soon", "running", "not_judged", "met") if state in states), None)
