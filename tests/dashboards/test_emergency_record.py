"""What the commander's page shows and writes, without a browser, in the town by the river."""

import io
from datetime import datetime, timedelta

import pandas as pd
import pytest
import riverside
from docx import Document

from dashboards.access import LOCAL, Permission, Person
from dashboards.app import create_app
from dashboards.emergency.case import Case, case_from, case_of
from dashboards.emergency.clocks import left
from dashboards.emergency.record import conflict_words, write
from dashboards.emergency.standing import Standings
from dashboards.snapshot import Snapshot
from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.network import shutoff
from gisapp.rules import rule_text

BURST = Case("water", ("P2@100",))


@pytest.fixture
def town(tmp_path):
    with riverside.store(tmp_path / "river.gpkg") as store:
        yield store


@pytest.fixture
def standings(town):
    return Standings(Snapshot(town))


@pytest.fixture
def done(town, standings):
    """Writes what a commander did."""
    return lambda decides=True, **deed: write(deed, town, standings, who="E02", decides=decides)


@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case("gas", ("G1",), ("V1", "V2")),
        Case("water", ("P1@10.5", "P2"), (), "V1"),
        Case("water", code="S20261127-001", opened="V1"),
    ],
)
def test_a_case_comes_back_from_the_browser_as_it_was(case):
    assert case_from(case.stored()) == case


def test_a_record_is_put_together_once_until_somebody_writes(town, standings):
    code = riverside.emergency(town)
    first = standings.operation(code)
    assert standings.operation(code) is first
    town.operations.record(code, "remark", "E02", note="seen")
    assert len(standings.operation(code).steps) == len(first.steps) + 1


def test_an_address_names_a_burst_or_a_record():
    assert case_of({"utility": "gas", "pipe": "G1@3,G2", "stuck": "V1"}) == Case("gas", ("G1@3", "G2"), ("V1",))
    assert case_of({"shutoff": "S1", "pipe": "G1"}) == Case(code="S1")
    assert case_of({"utility": "steam"}).utility == "water"
    assert case_of({}).empty


def test_a_trial_is_answered_as_the_network_stands_today(town, standings):
    town.operations.operate({"utility": "water", "device_code": "V1", "action": "could_not_close"}, "E05")
    standing = standings.of(BURST)
    assert not standing.answer.isolated_possible  # the source lies behind V1
    assert (standing.today.stuck, standing.easier) == (("V1",), None)


def test_what_one_case_found_stuck_is_told_with_what_it_costs(standings):
    standing = standings.of(Case("water", ("P2@100",), ("V2",)))
    plain = shutoff(riverside.network(), [("P2", 100.0)])
    assert standing.stuck == ("V2",)
    assert standing.easier.totals["households"] == plain.totals["households"]
    assert len(standing.easier.must_close) == len(plain.must_close)


def test_a_standing_is_kept_until_the_store_changes(town, standings):
    before, mark = standings.of(BURST), standings.mark(BURST)
    assert standings.of(BURST) is before
    riverside.emergency(town)
    assert standings.of(BURST) is not before
    assert standings.mark(BURST) != mark
    assert standings.where(BURST) == mark.split("#")[0]  # the map stays where it is


def test_a_standing_follows_the_utilitys_own_rules_from_when_they_are_kept(town, standings):
    case = Case(code=riverside.emergency(town))
    before, mark = standings.of(case), standings.mark(case)
    assert before.situation.rules.limit_of("emergency_notice", "water").minutes == 90
    text = rule_text("shutoffs")
    at = text.index('duty = "emergency_notice"')
    town.keep_rules("shutoffs", text[:at] + text[at:].replace("minutes = 90", "minutes = 45", 1), actor="E01")
    assert standings.of(case).situation.rules.limit_of("emergency_notice", "water").minutes == 45
    assert standings.mark(case) != mark
    town.keep_rules("shutoffs", None, actor="E01")
    assert standings.mark(case) == mark


def test_a_record_is_opened_at_the_burst_with_the_valves_that_were_found_stuck(town, done):
    code = done(
        do="open", kind="emergency", utility="water", bursts=["P2@100"], stuck=["V1"], place=" 滨江路 ", drill=True
    )
    head = town.table("shutoffs").set_index("code").loc[code]
    assert (head["links"], head["place"], head["drill"]) == ("P2@100", "滨江路", True)
    assert head["geom"].equals(riverside.point(100, 5))
    assert town.operations.operation(code).stuck == ("V1",)


def test_planned_times_are_of_the_stores_zone(town, done):
    times = {"planned_start": "2027-01-02T08:00", "planned_end": "2027-01-02T16:00"}
    code = done(do="open", kind="planned", utility="water", bursts=["P2"], stuck=[], reason="检修", **times)
    assert town.operations.operation(code).planned_start == datetime.fromisoformat("2027-01-02T00:00+00:00")


def test_a_decision_is_refused_to_whoever_may_only_record(town, done):
    code = done(do="open", kind="emergency", utility="water", bursts=["P2"], stuck=[])
    with pytest.raises(AccessError, match="order is a decision"):
        done(decides=False, do="step", code=code, action="order", seen="proposed")
    done(do="step", code=code, action="order", seen="proposed")
    assert town.operations.operation(code).status == "ordered"


def test_a_second_burst_joins_a_record_and_the_head_is_said_better(town, done):
    code = done(do="open", kind="emergency", utility="water", bursts=["P2@100"], stuck=[])
    done(do="amend", code=code, more="P3@20")
    assert town.operations.operation(code).bursts == (("P2", 100.0), ("P3", 20.0))
    done(do="amend", code=code, place="滨江路", reason="", links="P2@100,P3@20")
    assert town.operations.operation(code).place == "滨江路"
    with pytest.raises(InputError, match="nothing would change"):
        done(do="amend", code=code, place="滨江路")


def test_an_estimate_is_a_moment(town, done):
    code = riverside.emergency(town)
    with pytest.raises(InputError, match="give day and time"):
        done(do="step", code=code, action="set_etr", value="soon")
    done(do="step", code=code, action="set_etr", value="2026-11-20T22:30")
    assert town.operations.operation(code).etrs["etr"].iloc[-1] == pd.Timestamp("2026-11-20T14:30Z")


def test_what_happened_earlier_is_written_down_with_its_moment(town, done):
    code = done(do="open", kind="emergency", utility="water", bursts=["P2"], stuck=[], when="2026-11-20T02:40")
    operation = town.operations.operation(code)
    assert operation.opened_at == datetime.fromisoformat("2026-11-19T18:40+00:00")
    step = {"do": "step", "code": code}
    done(**step, action="order", seen="proposed", when="2026-11-20T02:45")
    done(do="operate", code=code, device="V1", action="closed", seen="", when="2026-11-20T02:30")
    done(**step, action="remark", note="雨", when="2026-11-20T02:41")
    after = town.operations.operation(code)
    moments = pd.DatetimeIndex(after.steps["at"]).tz_convert(town.zone).strftime("%H:%M").tolist()
    assert moments == ["02:40", "02:45", "02:45", "02:41"]
    assert after.valves["at"].iloc[0] == pd.Timestamp("2026-11-20T02:30+08:00")


def test_a_step_is_never_in_the_future_nor_before_what_it_follows(town, done):
    code = riverside.emergency(town)  # reported at 13:53, its valve closed at 14:21
    step = {"do": "step", "code": code, "action": "cut_off", "seen": "closing"}
    soon = (datetime.now(town.zone) + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M")
    for when, words in ((soon, "lies in the future"), ("2026-11-20T14:20", "lies before"), ("noon", "day and time")):
        with pytest.raises(InputError, match=words):
            done(**step, when=when)
    assert town.operations.operation(code).status == "closing"


def test_the_very_minute_of_the_step_before_is_not_before_it(town, done):
    code = riverside.emergency(town, opened_at=riverside.moment(0.5))
    done(do="step", code=code, action="remark", note="雨", when="2026-11-20T13:53")
    assert town.operations.operation(code).steps["at"].iloc[-1] == pd.Timestamp(riverside.moment(0.5))


def test_a_conflict_says_what_stands_now_and_who_did_it(town, done):
    code = riverside.emergency(town)
    valve = {"do": "operate", "code": code, "device": "V1", "action": "closed", "seen": ""}
    with pytest.raises(ConflictError):
        done(**valve)
    told = conflict_words(valve, town.operations.operation(code), town, "en")
    assert "V1 is now “closed”: E05" in told
    move = {"do": "step", "code": code, "action": "cancel", "seen": "proposed", "note": "误报"}
    with pytest.raises(ConflictError):
        done(**move)
    assert "“closing valves”" in conflict_words(move, town.operations.operation(code), town, "en")


def test_households_of_a_record_whose_pipes_are_gone_are_not_known(town, standings):
    code = town.operations.open({"utility": "water", "kind": "emergency", "links": "P9"}, "E01")
    assert standings.households(standings.operation(code)) is None
    assert standings.coincidences() == ()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(9, "9 min left"), (61, "1 h 1 min left"), (2 * 1440 + 60, "2 d 1 h left"), (-75, "1 h 15 min over")],
)
def test_what_is_left_is_said_in_two_units(minutes, words):
    assert left(pd.Timedelta(minutes=minutes), "en") == words


@pytest.fixture
def served(town):
    """Asks the application for a page as somebody with some permissions."""

    def ask(address, *permissions):
        person = Person("E09", frozenset(permissions)) if permissions else LOCAL
        app = create_app(town, person_of=lambda: person)
        return app.server.test_client().get(address)

    return ask


def test_texts_and_packs_are_files_for_those_who_may_see_shutoffs(town, served):
    code = riverside.emergency(town)
    text = f"/shutoff-text?shutoff={code}&kind=report_up&lang=en&format=docx"
    assert served(text, Permission.GRIDS_VIEW).status_code == 403
    answer = served(text, Permission.SHUTOFF_VIEW)
    assert (answer.status_code, answer.data[:2]) == (200, b"PK")
    assert "Taken out by" in Document(io.BytesIO(answer.data)).paragraphs[-1].text
    pack = served(f"/shutoff.html?shutoff={code}&lang=en", Permission.SHUTOFF_VIEW)
    assert "attachment" in pack.headers["Content-Disposition"]
    assert "V1" in pack.text
    for wrong in ("kind=gossip&lang=en&format=html", "kind=sms&lang=xx&format=html", "kind=sms&lang=en&format=exe"):
        assert served(f"/shutoff-text?shutoff={code}&{wrong}").status_code == 400


def test_whoever_may_only_look_writes_nothing(town):
    viewer = Person("E09", frozenset({Permission.SHELL, Permission.SHUTOFF_VIEW}))
    app = create_app(town, person_of=lambda: viewer)
    client = app.server.test_client()
    client.get("/en/emergency")
    token = client.get_cookie(app.config.csrf_token_name).value
    writes = [
        name for name, needs in app.server.extensions["gisapp.access"].callbacks.items() if needs.startswith("shutoff.")
    ]
    refused = [
        client.post("/_dash-update-component", json={"output": name}, headers={"X-CSRFToken": token}) for name in writes
    ]
    denied = {name for name, answer in zip(writes, refused, strict=True) if answer.status_code == 403}
    needs = app.server.extensions["gisapp.access"].callbacks
    assert denied == {name for name in writes if needs[name] in (Permission.SHUTOFF_RECORD, Permission.SHUTOFF_DECIDE)}
    assert len(denied) == 2
