"""Which step may follow which in the life of an incident, who may take it, and what it demands."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from histories import HANDS, TO_CALLED_BACK, TO_REPAIRED, after, at, reported

from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.incidents import MOVES, Actor, allowed, first_reports, incident_json, next_step, recordable
from gisapp.incidents.lives import (
    FACTS,
    FIRST_STATUS,
    MOMENTS,
    PARTIES,
    REASONS,
    ROLES,
    SUBJECTS,
    VALUES,
    moves_from,
    statuses_of,
)
from gisapp.incidents.model import life_of
from gisapp.rules.incidents import LIVES
from gisapp.rules.incidents import MOMENTS as CLOCK_MOMENTS
from gisapp.tables import STATUSES


def step(incident, action, role, **told):
    return next_step(incident, action, Actor(told.pop("actor", HANDS[role]), role), **{"at": at(999), **told})


def test_the_table_is_of_known_lives_statuses_and_roles_and_every_status_can_be_reached():
    assert set(FIRST_STATUS) == set(LIVES)
    assert {role for move in MOVES for role in move.roles} <= set(ROLES)
    assert {name for life in LIVES for name in statuses_of(life)} == set(STATUSES)
    for life in LIVES:
        reached, fresh = set(), {FIRST_STATUS[life]}
        while fresh:
            reached |= fresh
            fresh = {move.to for status in fresh for move in moves_from(life, status).values()} - reached
        assert reached == statuses_of(life)
        assert {name for name in MOMENTS[life].values()} <= set(CLOCK_MOMENTS)


def test_words_are_demanded_only_of_actions_that_there_are():
    known = {move.action for move in MOVES} | set(FACTS)
    assert set(SUBJECTS) | set(VALUES) | set(REASONS) <= known


def test_a_repair_goes_from_the_report_to_the_archive():
    """G3.4.2, G4.1.3, G3.2.2, G3.3.2."""
    done = after(reported(), "dispatch", "accept", "assign", "arrive", "stop_water", "repair", "finish_repair")
    done = after(done, "confirm", "reply", "close", "call_back", "archive")
    assert (done.status, done.ended, allowed(done), recordable(done)) == ("archived", True, (), ())
    moments = done.standing.repairs[0].moments
    names = ("dispatched_at", "accepted_at", "arrived_at", "water_stopped_at", "repaired_at", "replied_at", "closed_at")
    assert list(moments) == list(names)
    assert moments["arrived_at"] == at(40)


def test_a_complaint_ends_with_its_callback_and_its_lesson():
    """G4.3.1, G4.3.3, G4.3.4, G4.3.6."""
    told = after(reported("complaint"), "refer", "contact", "investigate", "set_solution", "handle", "feed_back")
    told = after(told, "evaluate", "call_back")
    with pytest.raises(InputError, match="close has no lesson"):
        step(told, "close", "grid_leader")
    assert after(told, "close").status == "closed"
    assert after(told, "close").standing.repairs[0].moments["first_contact_at"] == at(20)
    assert "close" not in moves_from("complaint", "evaluated")


def test_a_complaint_goes_on_until_leader_and_customer_are_satisfied():
    """G4.3.5."""
    told = after(reported("complaint"), "refer", "contact", "investigate", "set_solution", "handle", "feed_back")
    again = after(told, ("evaluate", {"value": "dissatisfied"}))
    with pytest.raises(InputError, match="the leader is not satisfied"):
        step(again, "call_back", "customer_service", value="satisfied")
    fed_back = after(again, "handle", "feed_back", "evaluate")
    with pytest.raises(InputError, match="nobody is dissatisfied"):
        step(fed_back, "handle", "grid_leader")
    unhappy = after(fed_back, ("call_back", {"value": "dissatisfied"}))
    with pytest.raises(InputError, match="not satisfied; handle it again"):
        step(unhappy, "close", "grid_leader", note="教训")
    assert after(unhappy, "handle", "feed_back", "evaluate", "call_back", "close").status == "closed"


def test_an_ordinary_finding_is_ordered_at_once_a_major_one_is_reported_upward_first():
    """G4.2.4, G3.1.4, G4.2.5."""
    assert after(reported("finding"), "grade", "order", "finish_repair", "verify", "close").status == "closed"
    major = after(reported("finding"), ("grade", {"value": "major"}))
    with pytest.raises(InputError, match="is a major problem; report it upward first"):
        step(major, "order", "grid_leader", subject="U07")
    assert after(major, "report_up", "order").standing.unit_code == "U07"


def test_a_leak_point_is_watched_and_is_quiet_or_recurs():
    watched = after(reported("leak_point"), "locate", "confirm_leak", "finish_repair", "watch")
    assert after(watched, "find_quiet").status == "quiet"
    with pytest.raises(InputError, match=r"field subject: .* give the code of the later incident"):
        step(watched, "find_recurred", "unit")
    assert after(watched, "find_recurred").status == "recurred"


def test_business_at_the_hall_keeps_its_promise_and_a_dissatisfied_customer_is_served_again():
    """P2.3, P3.7, P3.9."""
    told = after(reported("business"), "promise", "accept", "name_missing", "handle", "reply", "close")
    assert told.standing.promised_at == datetime(2026, 11, 24, 16, tzinfo=UTC)
    unhappy = after(told, ("call_back", {"value": "dissatisfied"}))
    with pytest.raises(InputError, match="not satisfied"):
        step(unhappy, "archive", "unit")
    assert after(unhappy, "handle", "reply", "close", "call_back", "archive").status == "archived"


def test_the_connection_hall_records_its_three_answers():
    """W20.1."""
    told = after(reported("business"), "answer", "accept", "survey", "hand_over_design")
    assert list(told.standing.repairs[0].moments) == ["answered_at", "accepted_at", "surveyed_at", "design_done_at"]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.life}-{move.status}-{move.action}")
def test_only_the_roles_of_the_table_may_act(move):
    known = reported(move.life)
    incident = replace(known, steps=(replace(known.steps[0], to_status=move.status),))
    for role in set(ROLES) - set(move.roles):
        with pytest.raises(AccessError, match=f"{role} may not {move.action} WX1; ask {move.roles[0]}"):
            step(incident, move.action, role)


def test_a_unit_cannot_return_an_incident_by_itself():
    """W16.9."""
    told = after(reported(), "dispatch", "accept", "arrive")
    with pytest.raises(InputError, match="has no reason"):
        step(told, "request_return", "unit", note=" ")
    asked = after(told, "request_return")
    with pytest.raises(AccessError, match="unit may not grant_return WX1; ask dispatcher"):
        step(asked, "grant_return", "unit", subject="U12")
    granted, refused = after(asked, "grant_return"), after(asked, "refuse_return")
    assert (granted.status, granted.standing.unit_code) == ("dispatched", "U12")
    assert (refused.status, refused.standing.unit_code) == ("accepted", "U07")
    assert granted.standing.repairs[0].moments["dispatched_at"] == at(10)  # the clocks go on


def test_whoever_was_asked_first_passes_it_on_with_a_reason_and_the_chain_is_kept():
    """W11.1, P3.5."""
    with pytest.raises(InputError, match="field note: transfer has no reason"):
        step(reported(), "transfer", "unit", subject="U12")
    told = after(reported(first_contact="U02"), "transfer", ("transfer", {"subject": "U07", "role": "unit"}))
    assert [row[:2] for row in told.transfers] == [("U02", "U12"), ("U12", "U07")]
    assert told.transfers[0][2:] == (at(10), "E01", "原因")
    with pytest.raises(InputError, match="'transfer' cannot follow dispatched"):
        step(after(told, "dispatch"), "transfer", "unit", subject="U12", note="原因")


def test_a_unit_answers_dispatch_doubts_go_upward_and_none_of_it_moves_the_incident():
    """W4.1, P2.6, P3.6."""
    sent = after(reported(), "dispatch")
    told = after(sent, "give_feedback", "escalate", "remark")
    assert [(one.action, one.actor, one.subject) for one in told.steps[2:]] == [
        *(("give_feedback", "U07", None), ("escalate", "U01", "U01"), ("remark", told.steps[4].actor, None)),
    ]
    assert (told.status, told.standing.repairs[0].moments) == (sent.status, sent.standing.repairs[0].moments)
    with pytest.raises(InputError, match="field subject"):
        step(sent, "escalate", "unit", note="原因")
    with pytest.raises(AccessError):
        step(sent, "give_feedback", "customer_service", note="原因")


def test_what_is_outside_the_duties_is_refused_with_the_explanation():
    """W12.1."""
    with pytest.raises(InputError, match="reject has no reason"):
        step(reported(), "reject", "dispatcher")
    told = after(reported(), ("reject", {"note": "属燃气公司，已告知用户"}))
    assert (told.ended, told.steps[-1].note) == (True, "属燃气公司，已告知用户")


def test_the_repairer_does_not_confirm_the_repair():
    """G4.1.5."""
    told = after(reported(), *TO_REPAIRED)
    with pytest.raises(AccessError, match="K0001 did the repair of WX1; somebody else must confirm it"):
        step(told, "confirm", "grid_member", actor="K0001")
    assert step(told, "confirm", "grid_member").to_status == "confirmed"
    found = after(reported("finding"), "grade", "order", "finish_repair")
    with pytest.raises(AccessError, match="somebody else must verify it"):
        step(found, "verify", "grid_member", actor="K0001")


def test_nothing_is_archived_before_the_callback_nor_against_a_dissatisfied_customer():
    """W14.1, G3.4.3."""
    closed = after(reported(), *TO_CALLED_BACK[:-1])
    with pytest.raises(InputError, match="'archive' cannot follow closed; what may follow is call_back"):
        step(closed, "archive", "grid_leader")
    unhappy = after(closed, ("call_back", {"value": "dissatisfied"}))
    with pytest.raises(InputError, match="the customer of WX1 is not satisfied; reopen it"):
        step(unhappy, "archive", "grid_leader")
    for said in ("satisfied", "unreachable"):
        assert after(closed, ("call_back", {"value": said}), "archive").status == "archived"


def test_a_second_repair_has_clocks_of_its_own_and_the_first_ones_are_frozen():
    """G4.1.6."""
    unhappy = after(reported(), *TO_CALLED_BACK[:-1], ("call_back", {"value": "dissatisfied"}))
    first = unhappy.standing.repairs[0]
    again = after(unhappy, "reopen", *TO_CALLED_BACK, "archive")
    assert (again.status, len(again.standing.repairs)) == ("archived", 2)
    assert again.standing.repairs[0] == first
    assert again.standing.repairs[1].reported_at == at(100)
    assert again.standing.repairs[1].moments["dispatched_at"] == at(110)
    assert again.standing.columns["repaired_at"] == first.moments["repaired_at"]
    with pytest.raises(InputError, match="nobody is dissatisfied"):
        step(after(reported(), *TO_CALLED_BACK), "reopen", "dispatcher", note="原因")


def test_a_hold_has_a_reason_and_is_remembered():
    told = after(reported(), *TO_REPAIRED[:-1])
    with pytest.raises(InputError, match="hold has no reason"):
        step(told, "hold", "dispatcher")
    held = after(told, "hold", "resume")
    assert held.standing.repairs[0].holds == ((at(50), at(60)),)
    assert after(told, "hold").standing.repairs[0].holds == ((at(50), None),)


def test_a_repair_that_had_to_be_done_again_was_repaired_when_it_was_done_last():
    told = after(reported(), *TO_REPAIRED, "repair", "finish_repair")
    assert told.standing.repairs[0].moments["repaired_at"] == at(70)
    assert told.standing.repairs[0].moments["arrived_at"] == at(30)


def test_a_duplicate_keeps_its_own_report_and_may_be_answered_and_taken_out_again():
    merged = after(reported(), "merge")
    assert (merged.standing.duplicate_of, allowed(merged)) == ("WX0", ("reply", "call_back", "unmerge"))
    assert after(merged, ("reply", {"role": "unit"}), "call_back").status == "merged"
    assert (after(merged, "unmerge").status, after(merged, "unmerge").standing.duplicate_of) == ("registered", None)
    with pytest.raises(InputError, match="WX1 would repeat itself"):
        step(reported(), "merge", "dispatcher", subject="WX1")


def test_the_first_reporter_is_kept_whichever_report_the_others_are_merged_into():
    """W30.1."""
    moments = pd.to_datetime(["2026-11-22T08:10Z", "2026-11-22T08:00Z", "2026-11-22T08:00Z", "2026-11-22T07:00Z"])
    rows = pd.DataFrame({"code": ["M", "C", "B", "X"], "duplicate_of": [None, "M", "M", None], "reported_at": moments})
    rows = rows.assign(drill=False, status=["closed", "merged", "merged", "closed"])
    told = first_reports(rows)
    assert told[["incident_code", "reports", "first_code"]].to_numpy().tolist() == [["M", 3, "B"]]
    assert first_reports(rows.assign(drill=[False, False, True, False]))["first_code"].tolist() == ["C"]
    assert len(first_reports(rows.assign(duplicate_of=None))) == 0


def test_only_the_dispatcher_sets_the_level_and_says_why():
    """W16.7."""
    with pytest.raises(AccessError, match="unit may not set_level"):
        step(reported(), "set_level", "unit", value="L12H", note="重大")
    with pytest.raises(InputError, match="set_level has no reason"):
        step(reported(), "set_level", "dispatcher", value="L12H")
    assert after(reported(), "set_level").standing.level == "L12H"


def test_an_extension_is_decided_on_once_it_is_asked_for_with_a_reason_and_a_moment():
    """W16.0."""
    with pytest.raises(InputError, match="no extension is asked for"):
        step(reported(), "grant_extension", "dispatcher")
    with pytest.raises(InputError, match="field value: found '2026-11-25'; give a moment"):
        step(reported(), "request_extension", "unit", value="2026-11-25", note="等待管件")
    decided = after(reported(), "request_extension", "grant_extension")
    with pytest.raises(InputError, match="no extension is asked for"):
        step(decided, "refuse_extension", "dispatcher", note="晚")


def test_a_mark_is_one_that_the_rules_know():
    with pytest.raises(InputError, match="found 'urgent'; use one of needs_shutoff"):
        step(reported(), "mark", "crew", subject="urgent")
    assert after(reported(), "mark").standing.marks == {"needs_shutoff"}
    assert after(reported(), "mark", "unmark").standing.marks == frozenset()


def test_whoever_acts_on_an_older_state_gets_the_difference():
    told = after(reported(), "dispatch", "accept")
    with pytest.raises(ConflictError, match=r"has 3 steps, you saw 1: dispatch by U01 at .*; accept by U07 at .*look"):
        step(told, "arrive", "crew", note="x", seen=1)
    assert step(told, "arrive", "crew", note="x", seen=3).to_status == "on_site"


def test_a_step_lies_neither_before_the_report_nor_before_the_status_was_moved_last():
    told = after(reported(), "dispatch", ("remark", {"at": at(1)}))
    with pytest.raises(InputError, match="lies before the record was opened"):
        step(told, "remark", "unit", note="x", at=at(-1))
    with pytest.raises(InputError, match=r"accept at .* lies before it came to dispatched"):
        step(told, "accept", "unit", at=at(9))
    assert step(told, "accept", "unit", at=at(10)).to_status == "accepted"


def test_what_older_records_put_through_a_repair_stays_one():
    assert life_of("complaint", ["registered", "to_leader"]) == "complaint"
    assert life_of("complaint", ["registered", "dispatched", "closed"]) == "repair"
    assert life_of(None, ["registered"]) == "repair"


def test_an_incident_as_json_holds_no_note_and_no_account():
    """P4.5, P6.4."""
    told = after(reported(customer_code="00001234"), "transfer", *TO_CALLED_BACK)
    said = incident_json(told)
    assert (said["status"], said["allowed"], said["customer"]) == ("called_back", ["archive", "reopen"], "****1234")
    assert "原因" not in str(said)
    assert "00001234" not in str(said)
    assert said["repairs"][0]["arrived_at"] == at(40).isoformat()


def replaced(*parties):
    told = after(reported(category="meter_fault", type="meter_fault"), *TO_REPAIRED, "confirm", "reply")
    there = [("attend", {"subject": party, "role": "crew"}) for party in parties]
    return after(told, ("replace_meter", {"subject": "M77", "value": "1520.3/0", "role": "crew"}), *there)


@pytest.mark.parametrize("missing", PARTIES)
def test_a_replaced_meter_is_not_closed_with_a_party_missing_unless_somebody_says_why(missing):
    """W25.1."""
    told = replaced(*(party for party in PARTIES if party != missing))
    with pytest.raises(InputError, match=f"the meter of WX1 was replaced without {missing}"):
        step(told, "close", "unit", note=" ")
    assert step(told, "close", "unit", note="用户外出，电话同意").to_status == "closed"
    assert step(replaced(*PARTIES), "close", "unit", note=None).to_status == "closed"


def test_a_replacement_tells_both_readings_and_only_the_three_parties_attend():
    """W25.1."""
    for value in ("1520.3", "a/b", "-1/0", "nan/0"):
        with pytest.raises(InputError, match="field value"):
            step(reported(), "replace_meter", "crew", subject="M77", value=value)
    with pytest.raises(InputError, match="use one of meter_reader, customer, replacer"):
        step(reported(), "attend", "crew", subject="neighbour")
    untouched = after(reported(), *TO_REPAIRED, "confirm", "reply")
    assert step(untouched, "close", "unit", note=None).to_status == "closed"
