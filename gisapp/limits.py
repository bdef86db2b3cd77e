"""Limits of time: until when something must be done, and how that is judged, in hours or in working days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SOON = 0.25
"""The share of a limit that is left when a clock counts as due soon."""
STATES = ("met", "breached", "running", "due_soon", "not_judged")


def judged(
    start: datetime | None,
    due: datetime | None,
    done: datetime | None,
    now: datetime,
    *,
    breaks: bool = True,
    soon: float = SOON,
) -> str:
    """Return how a limit is judged, one of :data:`STATES`.

    What is done exactly at the limit is met. What is not done after it is breached if that ``breaks``, else due soon.
    Without a limit nothing is judged.

    Examples
    --------
    >>> start = datetime(2026, 11, 22, 8, tzinfo=UTC)
    >>> due = start + timedelta(minutes=20)
    >>> judged(start, due, due, due), judged(start, due, due + timedelta(seconds=1), due)
    ('met', 'breached')
    """
    if due is None:
        return "not_judged"
    if done is not None:
        return "met" if done <= due else "breached"
    if now > due:
        return "breached" if breaks else "due_soon"
    near = start is not None and due - now <= soon * (due - start)
    return "due_soon" if near else "running"


def worst(states: Sequence[str]) -> str | None:
    """Return the state by which the colour of many clocks goes: a breach before all; None without clocks."""
    return next((state for state in ("breached", "due_soon", "running", "not_judged", "met") if state in states), None)


def after_working_time(start: datetime, limit: timedelta, works_on: Callable[[date], bool], zone: ZoneInfo) -> datetime:
    """Return when a limit ends that runs on working days only, from midnight to midnight in the zone.

    Examples
    --------
    A Friday at 10:00 and three working days: Wednesday at 10:00.

    >>> zone = ZoneInfo("Asia/Shanghai")
    >>> friday = datetime(2026, 11, 27, 10, tzinfo=zone)
    >>> due = after_working_time(friday, timedelta(hours=72), lambda day: day.weekday() < 5, zone)
    >>> due.astimezone(zone).isoformat()
    '2026-12-02T10:00:00+08:00'
    """
    moment, left = start.astimezone(UTC), limit
    day = start.astimezone(zone).date()
    while True:
        midnight = end_of_day(day, zone)
        if works_on(day):
            if left <= midnight - moment:
                return moment + left
            left -= midnight - moment
        moment, day = midnight, day + timedelta(days=1)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the midnight with which a day ends in the zone, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def after_holds(
    start: datetime, due: datetime, holds: Iterable[tuple[datetime, datetime | None]], now: datetime
) -> datetime:
    """Return when a limit ends that stands still while something is on hold; a hold without an end lasts until now."""
    for since, until in sorted(holds, key=lambda hold: hold[0]):
        began = max(since, start)
        if began < due:
            due += max((until or max(now, began)) - began, timedelta())
    return due
