"""The life of a construction site: told to dispatch before it begins, checked before it is closed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
import shapely

from gisapp.errors import ConflictError, InputError
from gisapp.sites import CHECKS, Site, allowed, flag, next_step, site_json, unchecked, unreported
from gisapp.sites.reported import late_reports

START = datetime(2026, 11, 27, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WHOLE = {
    "area": shapely.box(0, 0, 30, 20),
    "planned_start": START,
    "planned_end": START + 5 * DAY,
    "project_leader": "项目负责人",
    "contact": "分机8001",
}


def planned(**head):
    texts = dict.fromkeys(("utility", "place", "unit_code", "permit"))
    fixed = {"code": "C1", "title": "雨水管改造", "opened_at": START - 2 * DAY, "steps": (), **texts, **WHOLE}
    return Site(**{**fixed, **head})


def after(site, *steps):
    """Return a site after steps: action, hours after the start, and what else is told."""
    for action, hours, *told in steps:
        step = next_step(site, action, at=START + timedelta(hours=hours), **(told[0] if told else {}))
        site = replace(site, steps=(*site.steps, replace(step, number=len(site.steps) + 1, actor="E001")))
    return site


def checked(*names, value="good", hours=48):
    return [("check", hours, {"subject": name, "value": value}) for name in names]


@pytest.mark.parametrize("name", list(WHOLE))
def test_a_report_tells_place_period_leader_and_contact_or_is_none(name):
    """W21.1."""
    with pytest.raises(InputError, match="the report of C1 is not whole"):
        next_step(planned(**{name: None}), "report", at=START)
    assert next_step(planned(), "report", at=START).to_status == "reported"


@pytest.mark.parametrize(("hours", "late"), [(-1, False), (0, False), (1 / 3600, True), (30, True)])
def test_works_are_reported_before_they_start_or_at_that_very_moment(hours, late):
    """W21.1, W35.9."""
    begun = after(planned(), ("start", 0), ("report", hours))
    assert unreported(begun) is late
    assert begun.status == "in_work"  # a late report is kept and moves nothing
    assert flag(begun, START + DAY) == ("unreported" if late else None)


def test_a_start_without_a_report_is_kept_as_it_was_and_flagged():
    """W21.1, W35.9."""
    begun = after(planned(project_leader=None, contact=None), ("start", 0))
    assert unreported(begun)
    assert flag(begun, START) == "unreported"
    rows = late_reports([begun, after(planned(code="C2"), ("report", -1), ("start", 0))], START, START + DAY)
    assert rows["code"].tolist() == ["C1"]
    assert pd.isna(rows.loc[0, "reported_at"])
    assert late_reports([begun], START + timedelta(seconds=1), START + DAY).empty


@pytest.mark.parametrize(("hours", "told"), [(-73, None), (-72, "report_due"), (0, "report_due"), (1, "begun_unknown")])
def test_a_site_is_asked_for_three_days_before_it_begins_and_once_its_start_is_over(hours, told):
    """W21.1."""
    assert flag(planned(), START + timedelta(hours=hours)) == told


def test_works_beyond_their_end_and_works_not_closed_are_told():
    reported = after(planned(), ("report", -5), ("start", 0))
    assert [flag(reported, START + days * DAY) for days in (5, 5.01)] == [None, "overrun"]
    over = after(reported, ("finish", 100))
    assert flag(over, START + 5 * DAY) == "not_closed"
    assert flag(after(planned(), ("cancel", 0, {"note": "不施工"})), START + 9 * DAY) is None


@pytest.mark.parametrize("name", CHECKS)
def test_a_site_is_not_closed_while_anything_is_unchecked(name):
    """W22.1."""
    over = after(planned(), ("report", -1), ("start", 0), ("finish", 40))
    rest = after(over, *checked(*(one for one in CHECKS if one != name)))
    assert unchecked(rest) == (name,)
    with pytest.raises(InputError, match=f"C1 cannot be closed; check {name}"):
        next_step(rest, "close", at=START + 3 * DAY)
    bad = after(rest, ("check", 49, {"subject": name, "value": "bad", "note": "缺失"}))
    assert unchecked(bad) == (name,)
    assert after(bad, *checked(name, hours=50), ("close", 51)).status == "closed"


def test_whether_a_site_is_left_clean_is_seen_once_the_works_are_over():
    """W22.1."""
    over = after(planned(), ("start", 0), *checked(*CHECKS, hours=20), ("finish", 40))
    assert unchecked(over) == ("clean_site",)
    again = after(over, *checked("clean_site", hours=41), ("start", 42), ("finish", 60))
    assert unchecked(again) == ("clean_site",)


def test_what_is_bad_or_not_needed_says_why_and_only_what_is_known_is_checked():
    """W22.1."""
    begun = after(planned(), ("start", 0))
    for value in ("bad", "not_needed"):
        with pytest.raises(InputError, match="check has no reason"):
            next_step(begun, "check", at=START, subject="guard", value=value)
    for told in ({"subject": "lights", "value": "good"}, {"subject": "guard", "value": "fine"}):
        with pytest.raises(InputError, match="use one of"):
            next_step(begun, "check", at=START, **told)


def test_what_may_follow_is_told_and_nothing_else_follows():
    assert allowed(planned()) == ("report", "start", "cancel")
    with pytest.raises(InputError, match="'close' cannot follow planned"):
        next_step(planned(), "close", at=START)
    with pytest.raises(ConflictError, match="C1 was planned when you looked and is in_work now"):
        next_step(after(planned(), ("start", 0)), "finish", at=START, seen="planned")
    with pytest.raises(InputError, match="it came to in_work"):
        next_step(after(planned(), ("start", 2)), "finish", at=START)


def test_a_site_is_told_without_its_leader():
    told = site_json(after(planned(title="改造 13800138000"), ("report", -1, {"note": "某某来电"})), now=START)
    assert told["leader_known"]
    assert told["title"] == "改造 138****8000"
    assert not {"项目负责人", "分机8001", "某某来电"} & set(map(str, [*told.values(), *told["steps"][0].values()]))
    assert told["steps"][0]["value"] == f"{START.isoformat()}/{(START + 5 * DAY).isoformat()}"
