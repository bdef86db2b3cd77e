"""G4.2.1: patrols by their time."""

import pandas as pd

from gisapp.patrols import next_due, occasions, overdue_devices


def at(text):
    return pd.Timestamp(text, tz="UTC")


def routes(**changes):
    row = {"code": "R1", "grid_code": "G1", "first_at": at("2026-11-02T01:00"), "every_days": 7, "within_h": 8.0}
    return pd.DataFrame([row | {"until": pd.NaT} | changes]).assign(
        until=lambda rows: pd.to_datetime(rows["until"], utc=True)
    )


def tracks(*spans):
    rows = [
        {"code": f"T{n}", "route_code": "R1", "started_at": at(start), "ended_at": at(end)}
        for n, (start, end) in enumerate(spans, 1)
    ]
    return pd.DataFrame(rows, columns=["code", "route_code", "started_at", "ended_at"])


def states(spans, now="2026-11-30T00:00", **changes):
    found = occasions(routes(**changes), tracks(*spans), start=at("2026-11-01"), end=at("2026-12-01"), now=at(now))
    return found["state"].tolist()


def test_ended_at_the_deadline_is_done_and_a_second_later_is_late():
    """G4.2.1."""
    done = ("2026-11-02T01:30", "2026-11-02T09:00:00")
    late = ("2026-11-09T01:30", "2026-11-09T09:00:01")
    assert states([done, late]) == ["done", "late", "missed", "missed"]


def test_what_is_not_yet_over_is_due_and_not_missed():
    assert states([], now="2026-11-09T08:59") == ["missed", "due"]
    assert states([], now="2026-11-09T09:00") == ["missed", "missed"]


def test_a_route_walked_no_more_is_due_no_more():
    assert states([], until=at("2026-11-16T01:00")) == ["missed", "missed"]
    assert next_due(routes(until=at("2026-11-16T01:00")), at("2026-11-10")).isna().all()


def test_the_next_time_is_after_now_and_not_before_the_first():
    assert next_due(routes(), at("2026-11-10T00:00")).tolist() == [at("2026-11-16T01:00")]
    assert next_due(routes(), at("2026-10-01T00:00")).tolist() == [at("2026-11-02T01:00")]


def test_a_track_before_its_route_was_due_answers_nothing():
    assert states([("2026-11-02T00:59", "2026-11-02T02:00")])[0] == "missed"


def test_a_valve_is_overdue_after_its_term_or_where_nobody_knows():
    """G3.3.1."""
    now = pd.Timestamp("2026-11-27T00:00Z")
    ago = [365.0, 365.01, None, 900.0]
    operated = [pd.NaT if days is None else now - pd.Timedelta(days=days) for days in ago]
    devices = pd.DataFrame({"code": ["V1", "V2", "V3", "V4"], "utility": "water", "kind": "valve"})
    devices["last_operated"] = pd.to_datetime(pd.Series(operated), utc=True)
    found = overdue_devices(devices, now, every_days=365)
    assert found["code"].tolist() == ["V3", "V4", "V2"]
