"""The clocks of an incident at their limits: equal is met, a second later is breached, each by itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from histories import REPORTED, TO_CALLED_BACK, TO_REPAIRED, after, at, reported

from gisapp.incidents import Incident, clock_table, clocks, imported
from gisapp.limits import STATES, after_holds, after_working_time, end_of_day, worst
from gisapp.rules import incident_rules, rule_text

ZONE = ZoneInfo("Asia/Shanghai")
RULES = incident_rules(date(2026, 11, 20))
SECOND = 1 / 60


def judged(incident, minutes=10**6, rules=RULES):
    """Return the clocks of an incident by name and turn of work."""
    told = clocks(incident, rules, now=at(minutes), zone=ZONE)
    return {(clock.clock, clock.repair): clock for clock in told}


def state(incident, clock, minutes=10**6, rules=RULES):
    return judged(incident, minutes, rules)[clock, 1].state


def when(**moments):
    """Return actions at given minutes, in order."""
    return [(action, {"at": at(minutes)}) for action, minutes in moments.items()]


def edited(found, instead):
    text = rule_text("incidents")
    assert found in text
    return incident_rules(date(2026, 11, 20), text.replace(found, instead, 1))


@pytest.mark.parametrize(("minutes", "told"), [(20, "met"), (20 + SECOND, "breached")])
def test_a_unit_accepts_within_twenty_minutes_of_the_dispatch(minutes, told):
    """W9.1."""
    assert state(after(reported(), *when(dispatch=7, accept=7 + minutes)), "K1") == told


def test_what_nobody_has_accepted_is_an_open_breach_a_second_after_the_limit():
    """W9.1."""
    waiting = after(reported(), *when(dispatch=7))
    found = [state(waiting, "K1", 7 + minutes) for minutes in (1, 14.9, 15, 20, 20 + SECOND)]
    assert found == ["running", "running", "due_soon", "due_soon", "breached"]


def test_before_the_dispatch_only_the_level_runs():
    assert {clock for clock, _ in judged(reported(), 1)} == {"K9"}


@pytest.mark.parametrize(
    ("kind", "clock", "minutes", "told"),
    [
        ("leak", "K2", 40, "met"),
        ("leak", "K2", 40 + SECOND, "breached"),
        ("meter_well_leak", "K3", 40, "met"),
        ("meter_well_leak", "K3", 40 + SECOND, "breached"),
    ],
)
def test_a_leak_is_reached_within_forty_minutes(kind, clock, minutes, told):
    """W23.2, W35.1, W16.4."""
    there = after(reported(type=kind), *when(dispatch=5, accept=6, arrive=5 + minutes))
    assert state(there, clock) == told
    assert ("K2", 1) not in judged(there) or kind == "leak"


@pytest.mark.parametrize(("hours", "told"), [(12, "met"), (12 + 1 / 3600, "breached")])
def test_a_meter_fault_is_reached_within_twelve_hours_of_the_report(hours, told):
    """W16.3."""
    there = after(reported(type="meter_fault"), *when(dispatch=5, accept=6, arrive=60 * hours))
    assert state(there, "K4") == told


def repaired(minutes, *marks, kind="leak", dispatched=5):
    done = when(dispatch=dispatched, accept=dispatched, arrive=dispatched, repair=dispatched)
    told = [("mark", {"subject": mark}) for mark in marks]
    return after(reported(type=kind), *told, *done, ("finish_repair", {"at": at(dispatched + minutes)}))


@pytest.mark.parametrize(("hours", "told"), [(24, "met"), (24 + 1 / 3600, "breached")])
def test_an_ordinary_repair_is_done_within_twenty_four_hours(hours, told):
    """W23.2, W35.1, W16.4."""
    assert state(repaired(60 * hours, dispatched=100), "K5") == told
    assert state(repaired(60 * hours, kind="meter_well_leak", dispatched=100), "K5") == told


@pytest.mark.parametrize(("hours", "told"), [(48, "met"), (48 + 1 / 3600, "breached")])
def test_a_meter_well_that_needs_a_shutoff_has_forty_eight_hours(hours, told):
    """W24.1."""
    mended = repaired(60 * hours, "needs_shutoff", kind="meter_well_leak", dispatched=100)
    assert state(mended, "K6") == told
    assert ("K5", 1) not in judged(mended)


def test_a_large_burst_has_the_clock_of_the_stopped_water_and_no_limit_of_repair():
    """W23.2."""
    burst = after(
        reported(type="burst"), ("mark", {"subject": "large_burst"}), *when(dispatch=20, accept=21, arrive=30)
    )
    stopped = after(burst, ("stop_water", {"at": at(30 + 240)}))
    assert (state(burst, "K7", 31), state(stopped, "K7")) == ("running", "met")
    assert state(after(burst, ("stop_water", {"at": at(30 + 240 + SECOND)})), "K7") == "breached"
    assert judged(stopped)["K7", 1].own_setting
    assert ("K5", 1) not in judged(stopped)
    unknown = after(burst, ("repair", {"at": at(40)}), ("finish_repair", {"at": at(90)}))
    assert state(unknown, "K7") == "not_judged"  # nobody wrote down when the water was stopped


def closed(hours, kind="leak", reply=None, **head):
    begun = when(dispatch=1, accept=2, arrive=3, repair=4, finish_repair=5, confirm=6)
    end = when(reply=60 * (reply or hours), close=60 * hours)
    return after(reported(type=kind, **head), *begun, *end)


@pytest.mark.parametrize(
    ("category", "hours"),
    [
        ("arrears_restore", 24), ("quality_risk", 24), ("meter_fault", 36), ("theft", 48), ("meter_liability", 48),
        ("cover", 48), ("after_meter_warranty", 48), ("public_leak", 48), ("meter_frozen", 48), ("other_leak", 48),
        ("difficult_use", 72), ("valve_well_collapse", 72), ("abnormal_volume", 72), ("meter_spinning", 120),
    ],
)  # fmt: skip
def test_every_category_is_answered_and_closed_within_the_hours_of_its_level(category, hours):
    """W16.1, W16.2, W16.4, W16.5, W16.6."""
    kind = RULES.category_of(category, "").type
    assert state(closed(hours, kind, category=category), "K9") == "met"
    assert state(closed(hours + 1 / 3600, kind, category=category, reply=hours), "K9") == "breached"


def test_a_meter_fault_is_closed_within_thirty_six_hours_beside_its_level():
    """W16.3."""
    late = judged(closed(36 + 1 / 3600, "meter_fault"))
    assert (late["K8", 1].state, late["K9", 1].state) == ("breached", "breached")
    assert state(closed(36, "meter_fault"), "K8") == "met"


def test_each_clock_is_breached_by_itself():
    there = after(reported(), *when(dispatch=5, accept=60, arrive=30 + 30, repair=61, finish_repair=62))
    told = judged(there)
    assert [told[name, 1].state for name in ("K1", "K2", "K5")] == ["breached", "breached", "met"]
    assert worst([clock.state for clock in told.values()]) == "breached"


def test_the_dispatchers_level_stands_before_that_of_the_category():
    """W16.1, W16.7."""
    urgent = after(reported(), ("set_level", {"value": "L12H"}))
    assert judged(urgent)["K9", 1].due_at == REPORTED + timedelta(hours=12)


def extended(asked_h, granted=True):
    ask = ("request_extension", {"at": at(60 * asked_h), "value": "2026-11-24T00:00:00+00:00"})
    return after(reported(), ask, *([("grant_extension", {"at": at(60 * asked_h)})] if granted else []))


def test_an_extension_keeps_the_limit_of_the_rule_and_shows_both():
    """W16.0."""
    told = judged(extended(48), 60 * 50)
    assert (told["K10", 1].state, told["K9", 1].due_at) == ("met", REPORTED + timedelta(hours=48))
    assert told["K9", 1].extended_to == datetime(2026, 11, 24, tzinfo=UTC)
    assert (told["K9", 1].state, told["K9", 1].extended_state) == ("breached", "running")


def test_an_extension_asked_for_a_second_after_the_limit_cures_nothing():
    """W16.0."""
    told = judged(extended(48 + 1 / 3600), 60 * 50)
    assert (told["K10", 1].state, told["K9", 1].extended_to) == ("breached", None)
    assert (told["K9", 1].state, told["K9", 1].extended_state) == ("breached", "breached")


def test_an_extension_that_nobody_granted_changes_nothing():
    assert judged(extended(40, granted=False), 60 * 50)["K9", 1].extended_to is None


def test_an_extension_belongs_to_the_repair_for_which_it_was_asked():
    begun = [*when(dispatch=1441, accept=1442, arrive=1443, repair=1444, finish_repair=1445, confirm=1446, reply=1447)]
    ended = [*when(close=1448), ("call_back", {"at": at(1449), "value": "dissatisfied"}), ("reopen", {"at": at(1450)})]
    told = judged(after(extended(24), *begun, *ended), 1460)
    assert told["K9", 1].extended_to == datetime(2026, 11, 24, tzinfo=UTC)
    assert (told["K9", 2].extended_to, ("K10", 2) in told) == (None, False)


def test_a_failure_told_before_the_limit_excuses_a_breach_that_stays_one():
    """W16.8."""
    before, late = (after(reported(), ("report_failure", {"at": at(60 * hours)})) for hours in (48, 49))
    told = [judged(one, 60 * 50)["K9", 1] for one in (before, late)]
    assert [(clock.state, clock.excused) for clock in told] == [("breached", True), ("breached", False)]


def test_a_hold_stops_no_clock_unless_the_rule_says_so():
    held = after(reported(), *when(dispatch=0, accept=1, arrive=2, repair=3, hold=60, resume=60 + 600))
    done = after(held, ("finish_repair", {"at": at(24 * 60 + 600)}))
    row = 'clock = "K5", start = "dispatched_at", stop = "repaired_at", hours = 24, groups = "public_leak"'
    stops = edited(row, f"{row}, holds_stop = true")
    assert (state(done, "K5"), state(done, "K5", rules=stops)) == ("breached", "met")
    longer = after(held, ("finish_repair", {"at": at(24 * 60 + 600 + SECOND)}))
    assert state(longer, "K5", rules=stops) == "breached"


def test_a_second_repair_has_new_clocks_and_the_first_ones_stay_as_they_were():
    """G4.1.6."""
    first = after(reported(), *TO_CALLED_BACK[:-1], ("call_back", {"value": "dissatisfied"}))
    again = after(first, "reopen", ("dispatch", {"at": at(105)}), ("accept", {"at": at(200)}))
    before, now = judged(first, 210), judged(again, 210)
    assert {key: now[key] for key in before} == before
    assert (now["K1", 1].state, now["K1", 2].state) == ("met", "breached")
    assert now["K9", 2].due_at == at(100) + timedelta(hours=48)


def test_a_missing_time_cannot_be_judged_and_is_never_met():
    head = {"code": "F1", "type": "leak", "reported_at": REPORTED, "status": "archived", "drill": False}
    came = Incident(head | {"dispatched_at": at(5), "closed_at": at(90)}, (), "repair")
    told = judged(came)
    assert {name: told[name, 1].state for name in ("K1", "K2", "K5", "K9")} == dict.fromkeys(
        ("K1", "K2", "K5", "K9"), "not_judged"
    )
    nothing = Incident(head, (imported(head),), "repair")
    assert {clock.state for clock in judged(nothing).values()} == {"not_judged"}


def test_a_merged_report_has_no_clocks_and_business_of_power_no_level():
    assert judged(after(reported(), "merge")) == {}
    assert {clock for clock, _ in judged(reported(type="power_outage"), 1)} == set()


def test_the_first_contact_of_a_complaint_is_measured_and_not_judged():
    """G4.3.2."""
    told = judged(after(reported("complaint", type="complaint"), *when(refer=5, contact=35)))["K19", 1]
    assert (told.state, told.due_at, told.done_at - told.start) == ("not_judged", None, timedelta(minutes=30))


def test_a_promise_at_the_hall_kept_exactly_is_met():
    """P2.3."""

    def promised(minutes):
        told = ("promise", {"at": at(1), "value": at(60).isoformat()})
        done = when(accept=2, handle=3, reply=4, close=minutes)
        return after(reported("business", type="other", category="hall_business"), told, *done)

    assert (state(promised(60), "K20"), state(promised(60 + SECOND), "K20")) == ("met", "breached")


def test_a_connection_is_answered_the_same_day_surveyed_in_two_and_designed_in_five_or_eight():
    """W20.1, W20.2."""
    night = 16 * 60  # the report was at 08:00 in Shanghai
    applied = reported("business", type="other", category="connection")
    done = after(applied, *when(answer=night, survey=48 * 60, hand_over_design=120 * 60 + 1))
    told = judged(done)
    assert [told[name, 1].state for name in ("K16", "K17", "K18")] == ["met", "met", "breached"]
    assert state(after(applied, *when(answer=night + SECOND)), "K16") == "breached"
    assert (
        state(after(applied, ("mark", {"subject": "large_project"}), *when(hand_over_design=192 * 60)), "K18") == "met"
    )


def test_a_shorter_limit_of_the_law_stands_in_place_of_the_level():
    row = 'place = "广州（样本）", clock = "K9", groups = "cover", hours = 6'
    line = next(line for line in rule_text("incidents").splitlines() if row in line)
    rules = edited(line, line.replace(", off = true", ""))
    told = judged(reported(type="cover"), 1, rules)["K9", 1]
    assert (told.due_at, told.rule) == (REPORTED + timedelta(hours=6), "law 1")
    assert "广州" in told.article
    longer = edited(line, line.replace(", off = true", "").replace("hours = 6", "hours = 60"))
    assert judged(reported(type="cover"), 1, longer)["K9", 1].rule == "clock 10"


def test_an_incident_keeps_the_rules_of_the_day_it_was_reported():
    """W10.1, W40.1."""
    line = next(line for line in rule_text("incidents").splitlines() if 'clock = "K1"' in line)
    newer = line.replace("minutes = 20", "minutes = 15").replace("2000-01-01", "2026-11-21")
    text = rule_text("incidents").replace(line, line.replace("2000-01-01", "2000-01-01, valid_to = 2026-11-20") + newer)
    told = after(reported(), *when(dispatch=1, accept=21))
    found = clock_table([told], lambda one: incident_rules(one.reported_at.date(), text), now=at(99), zone=ZONE)
    assert found.set_index("clock")["state"]["K1"] == "met"
    assert state(told, "K1", rules=incident_rules(date(2026, 11, 21), text)) == "breached"


def test_working_days_skip_weekends_and_holidays_and_count_days_worked_instead():
    rules = edited('level = "L3D", hours = 72', 'level = "L3D", hours = 72, working_days = true')

    def due(local):
        made = Incident({"code": "A", "type": "other", "reported_at": local, "status": "registered"}, (), "repair")
        (level,) = (clock for clock in clocks(made, rules, now=local, zone=ZONE) if clock.clock == "K9")
        return level.due_at.astimezone(ZONE)

    assert due(datetime(2026, 11, 20, 10, tzinfo=ZONE)) == datetime(2026, 11, 25, 10, tzinfo=ZONE)
    assert due(datetime(2026, 9, 30, 9, tzinfo=ZONE)) == datetime(2026, 10, 10, 9, tzinfo=ZONE)  # a worked Saturday
    assert due(datetime(2026, 10, 3, 9, tzinfo=ZONE)) == datetime(2026, 10, 11, 0, tzinfo=ZONE)  # 8, 9 and 10 October


def test_a_limit_has_its_hours_also_when_the_clocks_of_shanghai_were_changed():
    before = datetime(1988, 4, 16, 12, tzinfo=ZONE)  # put on by an hour in the night after, 17 April 1988 at 02:00
    made = Incident({"code": "A", "type": "leak", "reported_at": before, "status": "registered"}, (), "repair")
    made = Incident(made.head, (imported(made.head),), "repair")
    (level,) = (clock for clock in clocks(made, RULES, now=before, zone=ZONE) if clock.clock == "K9")
    assert (level.due_at - before.astimezone(UTC)) == timedelta(hours=48)
    assert level.due_at.astimezone(ZONE).isoformat() == "1988-04-18T13:00:00+09:00"
    assert end_of_day(date(1988, 4, 17), ZONE) - end_of_day(date(1988, 4, 16), ZONE) == timedelta(hours=23)


def test_working_time_ends_with_the_day_and_holds_are_added_only_before_the_limit():
    friday = datetime(2026, 11, 20, tzinfo=ZONE)
    ends = after_working_time(friday, timedelta(hours=24), lambda day: day.weekday() < 5, ZONE)
    assert ends == datetime(2026, 11, 21, tzinfo=ZONE)
    start, due = at(0), at(60)
    assert after_holds(start, due, [(at(30), at(40)), (at(65), at(70))], at(999)) == at(75)
    assert after_holds(start, due, [(at(90), at(95))], at(999)) == due
    assert after_holds(start, due, [(at(50), None)], at(80)) == at(90)


def test_a_table_of_clocks_has_a_row_for_each():
    told = clock_table(
        [after(reported(), *TO_REPAIRED), reported(code="WX2")], lambda one: RULES, now=at(99), zone=ZONE
    )
    assert told.groupby("incident_code")["clock"].apply(list).to_dict() == {
        "WX1": ["K1", "K2", "K5", "K9"],
        "WX2": ["K9"],
    }
    assert set(told["state"]) <= set(STATES)
    assert len(clock_table([], lambda one: RULES, now=at(0), zone=ZONE)) == 0
