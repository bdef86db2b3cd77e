"""When patrols are due, and whether each was done in time, late or not at all."""

from __future__ import annotations

import pandas as pd

STATES = ("done", "late", "missed", "due")


def occasions(
    routes: pd.DataFrame, tracks: pd.DataFrame, *, start: pd.Timestamp, end: pd.Timestamp, now: pd.Timestamp
) -> pd.DataFrame:
    """Return every time at which a route is due in a period, with the track that answers it (grid rules IV(2)1, K21).

    Parameters
    ----------
    routes, tracks
        The tables ``patrol_routes`` and ``patrol_tracks``.
    start, end
        Due from the start until before the end.
    now
        The present moment: what is not yet over by then is ``due``, not ``missed``.

    Returns
    -------
    DataFrame
        route_code, grid_code, due_at, deadline, track_code, ended_at, state. A track belongs to the last time at which
        its route was due when it began, the first such track counts. Ended by the deadline, equal included, it is
        ``done``, afterwards ``late``. One that begins before the route was ever due answers nothing.
    """
    rows = [row for route in routes.itertuples() for row in _due(route, start, min(end, now))]
    found = pd.DataFrame(rows, columns=["route_code", "grid_code", "due_at", "deadline", "over_at"])
    walked = tracks[tracks["route_code"].notna()].sort_values(["started_at", "code"])
    answers = [_answer(row, walked) for row in found.itertuples()]
    told = pd.DataFrame(answers, columns=["track_code", "ended_at"], index=found.index)
    state = pd.Series("missed", index=found.index, dtype="str")
    state[(found["deadline"] > now).to_numpy()] = "due"
    there = told["track_code"].notna()
    state[there] = "late"
    state[there & (pd.to_datetime(told["ended_at"], utc=True) <= pd.to_datetime(found["deadline"], utc=True))] = "done"
    return pd.concat([found.drop(columns="over_at"), told], axis=1).assign(state=state)


def next_due(routes: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """Return when each route is due next, missing where it is walked no more."""
    days = (now - routes["first_at"]).dt.total_seconds() / 86_400
    passed = (days // routes["every_days"] + 1).clip(lower=0)
    due = routes["first_at"] + pd.to_timedelta(passed * routes["every_days"], unit="D")
    return due.where(routes["until"].isna() | (due < routes["until"]))


def overdue_devices(devices: pd.DataFrame, now: pd.Timestamp, *, every_days: float) -> pd.DataFrame:
    """Return the devices last operated too long ago, or never, the longest overdue first (grid rules III(3)1).

    A device is overdue once more than ``every_days`` have passed since ``last_operated``.

    Returns
    -------
    DataFrame
        utility, code, kind, last_operated, due_at (missing where it was never operated); those never operated first.
    """
    due = devices["last_operated"] + pd.Timedelta(days=every_days)
    late = devices[["utility", "code", "kind", "last_operated"]].assign(due_at=due)[(due < now) | due.isna()]
    ordered = late.sort_values(["due_at", "utility", "code"], na_position="first", kind="stable")
    return pd.DataFrame(ordered).reset_index(drop=True)


def _due(route: object, start: pd.Timestamp, end: pd.Timestamp) -> list[tuple[object, ...]]:
    """Return the times of one route in a period."""
    first, every = route.first_at, pd.Timedelta(days=int(route.every_days))  # type: ignore[attr-defined]
    until = route.until  # type: ignore[attr-defined]
    last = end if pd.isna(until) else min(end, until)
    at = first + max(0, -((first - start) // every)) * every
    rows: list[tuple[object, ...]] = []
    while at < last:
        deadline = at + pd.Timedelta(hours=float(route.within_h))  # type: ignore[attr-defined]
        rows.append((route.code, route.grid_code, at, deadline, at + every))  # type: ignore[attr-defined]
        at += every
    return rows


def _answer(row: object, walked: pd.DataFrame) -> tuple[object, object]:
    """Return the first track of a route between one time at which it is due and the next."""
    mine = walked[
        (walked["route_code"] == row.route_code)  # type: ignore[attr-defined]
        & (walked["started_at"] >= row.due_at)  # type: ignore[attr-defined]
        & (walked["started_at"] < row.over_at)  # type: ignore[attr-defined]
    ]
    return (None, pd.NaT) if mine.empty else (mine["code"].iloc[0], mine["ended_at"].iloc[0])
