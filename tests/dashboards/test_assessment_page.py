"""The page of assessments without a browser: what it lists and tells is what the commands tell; who may decide."""

import io
import json

import pandas as pd
import pytest

from dashboards.__main__ import main
from dashboards.access import LOCAL, Permission, Person
from dashboards.app import create_app
from dashboards.assessment.desk import Desk
from dashboards.assessment.rows import rows_of
from dashboards.assessment.writing import decide
from dashboards.judging import FINDINGS, found_proposals, span
from dashboards.snapshot import Snapshot
from gisapp.errors import AccessError, InputError
from gisapp.rules.incidents import incident_rows
from gisapp.words import catalog

MONTH = "2026-10"


@pytest.fixture(scope="module")
def desk(small_store):
    return Desk(Snapshot(small_store))


@pytest.fixture(scope="module")
def made(desk):
    """The proposals of the month once they are worked out."""
    made = None
    while made is None:
        made = desk.proposals(MONTH)
    return made


def test_the_page_lists_what_the_command_lists(made, desk, small_path, capsys):
    main(["proposals", "list", "--month", MONTH, "--store", str(small_path)])
    told = json.loads(capsys.readouterr().out)["proposals"]
    rows = rows_of(desk.decided(made, ("supervision",)), desk.store.zone, "en")
    assert [row["code"] for row in rows] == [row["proposal"] for row in told]
    assert rows


@pytest.mark.parametrize("by", ["unit", "person"])
def test_the_files_of_the_page_hold_the_figures_of_the_command(small_store, small_path, by, capsys):
    main(["assess", "--month", MONTH, "--by", by, "--store", str(small_path)])
    told = json.loads(capsys.readouterr().out)["subjects"]
    client = create_app(small_store).server.test_client()
    address = f"/assessment-sheet?span={MONTH}&by={by}&lang=en"
    sheet = pd.read_excel(io.BytesIO(client.get(f"{address}&format=xlsx").data), sheet_name="facts")
    assert sheet["incidents"].tolist() == [row["incidents"] for row in told]
    assert sheet["repair_p90_h"].dropna().tolist() == pytest.approx(
        [row["repair_p90_h"] for row in told if row["repair_p90_h"] is not None]
    )
    assert small_store.audit().iloc[-1][["action", "note"]].tolist() == ["export", f"assessment of {MONTH} by {by}"]
    assert told[0]["subject"] in client.get(f"{address}&format=html").text
    assert client.get(f"{address}&format=exe").status_code == 400


def test_proposals_on_a_restricted_incident_are_listed_for_their_roles_only(made, desk, small_store, monkeypatch):
    """W15.8."""
    first = made.value["incident_code"].dropna().iloc[0]
    flags = (small_store.table("incidents")["code"] == first).to_numpy()
    monkeypatch.setattr("dashboards.assessment.desk.restricted", lambda *_: flags)
    seen = {
        role: set(desk.decided(made, (role,))["incident_code"]) for role in ("manager", "supervision", "discipline")
    }
    assert first not in seen["manager"]
    assert first in seen["supervision"] & seen["discipline"]


def test_a_decision_is_by_a_person_with_a_reason_and_the_earlier_one_stays(made, desk, small_store):
    breach = made.value[(made.value["finding"] == "breach") & made.value["least"].notna()].iloc[0]
    done = {"do": "decide", "proposal": breach["proposal"], "verdict": "dismissed", "note": " "}
    with pytest.raises(InputError, match="without a reason"):
        decide(done, made.value, small_store, who="E00020", roles=("manager",))
    with pytest.raises(AccessError, match="may not decide"):
        decide({**done, "note": "rain"}, made.value, small_store, who="E00020", roles=("crew",))
    with pytest.raises(InputError, match="there is no proposal 'breach:none'"):
        decide({**done, "proposal": "breach:none"}, made.value, small_store, who="E00020", roles=("manager",))
    with pytest.raises(InputError, match="found 'much'"):
        decide(
            {**done, "verdict": "confirmed", "amount": "much"}, made.value, small_store, who="E1", roles=("manager",)
        )
    decide({**done, "note": "rain"}, made.value, small_store, who="E00020", roles=("crew", "manager"))
    decide({**done, "verdict": "confirmed", "note": ""}, made.value, small_store, who="E00021", roles=("manager",))
    row = desk.decided(made, ("supervision",)).set_index("proposal").loc[breach["proposal"]]
    assert (row["verdict"], row["decided_by"], row["amount"]) == ("confirmed", "E00021", breach["least"])
    mine = small_store.table("decisions").query("proposal == @breach.proposal")
    assert mine["verdict"].tolist() == ["dismissed", "confirmed"]


def test_figures_stand_until_they_are_asked_for_anew(desk, made, small_store):
    assert not desk.stale(made)
    code = small_store.table("shutoffs")["code"].iloc[0]
    small_store.operations.record(code, "remark", "E00020", note="seen")
    assert desk.proposals(MONTH) is made
    assert desk.stale(made)


def test_an_unknown_span_is_the_month_before_this_one(desk):
    assert desk.known("2026-13") == desk.names()["month"][1]
    assert desk.known("2026-Q3") == "2026-Q3"


def test_whoever_may_only_look_decides_nothing(small_store):
    viewer = Person("E09", frozenset({Permission.SHELL, Permission.ASSESSMENT_VIEW}))
    app = create_app(small_store, person_of=lambda: viewer)
    client = app.server.test_client()
    client.get("/en/assessment")
    token = {"X-CSRFToken": client.get_cookie(app.config.csrf_token_name).value}
    needs = app.server.extensions["gisapp.access"].callbacks
    writes = [name for name in needs if needs[name] == Permission.ASSESSMENT_DECIDE]
    told = [client.post("/_dash-update-component", json={"output": name}, headers=token) for name in writes]
    assert [answer.status_code for answer in told] == [403]
    other = Person("E09", LOCAL.permissions - {Permission.ASSESSMENT_VIEW})
    refused = (
        create_app(small_store, person_of=lambda: other).server.test_client().get(f"/assessment-sheet?span={MONTH}")
    )
    assert refused.status_code == 403


def test_a_span_is_judged_the_same_with_networks_at_hand(small_store, made):
    start, end = span("month", MONTH, small_store.zone)
    again = found_proposals(small_store, start, end)
    assert again["proposal"].tolist() == made.value["proposal"].tolist()


def test_everything_that_may_be_found_has_its_words():
    known = {row.finding for row in incident_rows(None)["penalty"]} - {"merit"}
    assert known <= set(FINDINGS)
    assert all(f"assessment.finding.{one}" in catalog("en") for one in FINDINGS)
