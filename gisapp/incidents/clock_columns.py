"""The clocks of very many incidents that have no history yet, column by column: as one by one, in a hundredth of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.incidents.book import RuleBook
from gisapp.incidents.clocks import ORDER, Case
from gisapp.incidents.lives import NO_WORK, moves_from
from gisapp.incidents.model import TIMES, Incident, life_of
from gisapp.limits import end_of_day
from gisapp.rules import ClockRule, IncidentRules
from gisapp.rules.rows import listed
from gisapp.times import local_days

COLUMNS = ("incident_code", "clock", "start", "due_at", "done_at", "state", "rule")
_MS = "datetime64[ms]"
_NEVER = np.datetime64("NaT", "ms")


def imported_clocks(incidents: pd.DataFrame, book: RuleBook, *, now: datetime) -> pd.DataFrame:
    """Return the clocks of incidents that came in by a file: what :func:`gisapp.incidents.clock_table` says of them.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name, without steps: their own moments are all that is known.
    book
        The rules of every day; those of the day of the report hold.
    now
        The moment of judging, aware.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, one row a clock; the clocks of an incident stand in the order of the rules.
    """
    days = local_days(incidents["reported_at"], book.zone) if len(incidents) else np.array([], "datetime64[D]")
    parts = [part for group in _groups(incidents, days, book) for part in _of_group(incidents, group, now, book.zone)]
    if not parts:
        return pd.DataFrame(columns=["row", *COLUMNS]).drop(columns="row")
    table = pd.concat(parts, ignore_index=True)
    codes = incidents["code"].to_numpy(dtype=object)[table["row"]]
    ordered = table.assign(incident_code=codes).sort_values(["row", "place"], kind="stable")
    return ordered[list(COLUMNS)].reset_index(drop=True)


@dataclass(frozen=True)
class _Group:
    """Rows with the same rules, category and life: the same clocks run for them."""

    rows: npt.NDArray[np.int64]
    rules: IncidentRules
    life: str


def _groups(incidents: pd.DataFrame, days: npt.NDArray[np.datetime64], book: RuleBook) -> Iterator[_Group]:
    """Yield the groups of incidents, without those on which nobody works."""
    distinct, day = np.unique(days, return_inverse=True)
    known: dict[IncidentRules, int] = {}
    one_of_each: list[IncidentRules] = []
    version = np.zeros(len(distinct), dtype=int)
    for place, first in enumerate(_first_rows(day, len(distinct))):
        rules = book.at(incidents["reported_at"].iloc[first])
        version[place] = known.setdefault(rules, len(known))
        if version[place] == len(one_of_each):
            one_of_each.append(rules)
    keys = pd.DataFrame({name: incidents[name].to_numpy() for name in ("category", "type", "status")})
    keys["version"] = version[day]
    for _, rows in keys.groupby(list(keys.columns), dropna=False, sort=False).indices.items():
        head = keys.iloc[rows[0]]
        if head["status"] in NO_WORK:
            continue
        rules = one_of_each[head["version"]]
        rule = rules.category_of(None if pd.isna(head["category"]) else str(head["category"]), str(head["type"]))
        yield _Group(np.asarray(rows), rules, life_of(rule.life if rule else None, [str(head["status"])]))


def _first_rows(places: npt.NDArray[np.int64], many: int) -> npt.NDArray[np.int64]:
    """Return the first row of each place."""
    first = np.zeros(many, dtype=int)
    first[places[::-1]] = np.arange(len(places))[::-1]
    return first


def _of_group(incidents: pd.DataFrame, group: _Group, now: datetime, zone: ZoneInfo) -> Iterator[pd.DataFrame]:
    """Yield the clocks of a group, one frame a clock: row, place and what is told of it."""
    some = incidents.iloc[group.rows]
    moments = {name: _plain(some[name]) for name in (*TIMES, "reported_at")}
    head = {str(name): None if pd.isna(value) else value for name, value in some.drop(columns="geom").iloc[0].items()}
    case = Case(Incident(MappingProxyType(head), (), group.life), group.rules, now, zone)
    category = group.rules.category_of(head["category"], str(head["type"]))
    over = not moves_from(group.life, str(head["status"]))
    for place, rule in enumerate(group.rules.clock):
        if rule.told_by is not None or rule.on_request or not case.fits(rule, category):
            continue
        told = _clock(case, rule, moments, over=over)
        yield told.assign(row=group.rows, place=place)[told.pop("runs").to_numpy()]


def _clock(case: Case, rule: ClockRule, moments: dict[str, npt.NDArray[np.datetime64]], *, over: bool) -> pd.DataFrame:
    """Return one clock of every row; ``runs`` is false where it has not begun."""
    never = np.full(len(moments["reported_at"]), _NEVER)
    own = "reported_at" if rule.start in ("reported_at", "application_at") else rule.start
    start = moments.get(own, never)
    stops = [moments[name] if name in TIMES else never for name in listed(rule.stop)]
    done = np.maximum.reduce(stops) if stops else never  # NaT wins: all must be known
    gone = np.isnat(done) & (over | _went_on(rule, moments))
    due, by = _due(case, rule, start)
    state = _judged(start, due, done, np.datetime64(pd.Timestamp(case.now).tz_convert(None).as_unit("ms"), "ms"), case)
    state[np.isnat(start) | gone] = "not_judged"
    runs = ~np.isnat(start) | gone | ~np.isnat(done)
    times = {"start": start, "due_at": due, "done_at": done}
    utc = {name: pd.Series(values).dt.tz_localize("UTC") for name, values in times.items()}
    return pd.DataFrame({"clock": rule.clock, **utc, "state": state, "rule": by, "runs": runs})


def _went_on(rule: ClockRule, moments: dict[str, npt.NDArray[np.datetime64]]) -> npt.NDArray[np.bool_]:
    """Return where a stop is missing although a later moment is known."""
    gone = np.zeros(len(moments["reported_at"]), dtype=bool)
    for stop in listed(rule.stop):
        if stop in ORDER:
            missing = np.isnat(moments[stop]) if stop in TIMES else np.ones(len(gone), dtype=bool)
            later = [name for name in ORDER[ORDER.index(stop) + 1 :] if name in TIMES]
            gone |= missing & np.any(
                [~np.isnat(moments[name]) for name in later] or [np.zeros(len(gone), bool)], axis=0
            )
    return gone


def _due(
    case: Case, rule: ClockRule, start: npt.NDArray[np.datetime64]
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.object_]]:
    """Return until when each may run, and the row that gave that: the law's where it is the shorter one."""
    category = case.rules.category_of(case.incident.head.get("category"), str(case.incident.head["type"]))
    by = np.full(len(start), rule.row, dtype=object)
    if rule.days is not None:
        return _midnights(start, rule.days, case.zone), by
    level = case.level(category) if rule.of_level else None
    limit = np.timedelta64(round(level.hours * 3_600_000), "ms") if level else _ms(rule)
    if limit is None:
        due: npt.NDArray[np.datetime64] = np.full(len(start), _NEVER)
    elif (level and level.working_days) or rule.working_days:
        due = _by_working_days(case, rule, start, limit)
    else:
        due = start + limit
    law = case.law(rule, category)
    if law is not None:
        by_law = start + np.timedelta64(round(law.hours * 3_600_000), "ms")
        shorter = ~np.isnat(by_law) & (np.isnat(due) | (by_law < due))
        due, by = np.where(shorter, by_law, due), np.where(shorter, law.row, by)
    return due, by


def _ms(rule: ClockRule) -> np.timedelta64 | None:
    """Return the limit of a clock in milliseconds."""
    return None if rule.limit is None else np.timedelta64(round(rule.limit.total_seconds() * 1000), "ms")


def _midnights(start: npt.NDArray[np.datetime64], later: int, zone: ZoneInfo) -> npt.NDArray[np.datetime64]:
    """Return the end of the day so many days after each, once for every day."""
    known = ~np.isnat(start)
    due = np.full(len(start), _NEVER)
    days = local_days(pd.Series(start[known]).dt.tz_localize("UTC"), zone) + later
    distinct, place = np.unique(days, return_inverse=True)
    ends = [np.datetime64(end_of_day(day.astype(object), zone).replace(tzinfo=None), "ms") for day in distinct]
    due[known] = np.array(ends, dtype=_MS)[place] if ends else due[known]
    return due


def _by_working_days(
    case: Case, rule: ClockRule, start: npt.NDArray[np.datetime64], limit: np.timedelta64
) -> npt.NDArray[np.datetime64]:
    """Return when a limit in working days ends, once for every start."""
    known = ~np.isnat(start)
    due = np.full(len(start), _NEVER)
    distinct, place = np.unique(start[known], return_inverse=True)
    moments = pd.Series(distinct).dt.tz_localize("UTC")
    ends = [
        case.after(one.to_pydatetime(), pd.Timedelta(limit).to_pytimedelta(), working=True, rule=rule)
        for one in moments
    ]
    due[known] = np.array([np.datetime64(end.replace(tzinfo=None), "ms") for end in ends], dtype=_MS)[place]
    return due


def _judged(
    start: npt.NDArray[np.datetime64],
    due: npt.NDArray[np.datetime64],
    done: npt.NDArray[np.datetime64],
    now: np.datetime64,
    case: Case,
) -> npt.NDArray[np.object_]:
    """Return how each is judged, as :func:`gisapp.limits.judged` does one."""
    soon = case.rules.number("due_soon_share")
    near = (due - now).astype("int64") <= soon * (due - start).astype("int64")
    cases = [np.isnat(due), ~np.isnat(done) & (done <= due), ~np.isnat(done), now > due, near & ~np.isnat(start)]
    return np.select(cases, ["not_judged", "met", "breached", "breached", "due_soon"], "running").astype(object)


def _plain(moments: pd.Series) -> npt.NDArray[np.datetime64]:
    """Return moments in UTC without their zone, in milliseconds."""
    return moments.to_numpy(dtype=_MS)
