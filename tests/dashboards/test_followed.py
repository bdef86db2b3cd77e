"""The page of what is followed up, without a browser: it lists what the commands list; whose rows; who may write."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from people import add_person, browser

from dashboards.__main__ import main
from dashboards.access import LOCAL, Permission
from dashboards.app import create_app
from dashboards.following.desk import Desk
from dashboards.following.page import PATH
from dashboards.following.rows import columns, measure_rows, note_rows, quiet_rows, states_of
from dashboards.following.writing import write
from dashboards.roles import person_of
from gisapp.accounts import User
from gisapp.errors import AccessError, InputError
from gisapp.words import LANGUAGES

LATER = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
ORDER = {"do": "order", "kind": "rectification", "summary": "补齐资料", "subject": "U07", "due": LATER}


@pytest.fixture
def desk(small_store):
    return Desk(small_store)


@pytest.fixture
def as_(monkeypatch):
    """Become the person of an account."""

    def become(*roles, name="E9", grids=(), units=()):
        person = person_of(User(name, name, roles, tuple(grids), tuple(units)))
        for where in ("deeds", "following.desk", "following.writing"):
            monkeypatch.setattr(f"dashboards.{where}.asking", lambda: person)
        return person

    return become


def order(desk, small_store, **changed):
    """Order a rectification as supervision; return its code."""
    write(ORDER | changed, desk, who="E020", roles=("supervision",))
    return small_store.table("measures")["code"].iloc[-1]


def test_the_page_lists_what_the_commands_list(desk, small_store, small_path, capsys):
    """W14.2, G2.3."""
    main(["measures", "list", "--store", str(small_path)])
    told = json.loads(capsys.readouterr().out)
    found = desk.measures()
    assert [row["code"] for row in measure_rows(found, "en")] == [row["code"] for row in told]
    assert states_of(found).tolist() == ["overdue", "running", "to_check", "over", "over"]
    main(["diary", "list", "--store", str(small_path)])
    notes = [str(row["number"]) for row in json.loads(capsys.readouterr().out)]
    assert [row["code"] for row in note_rows(desk.notes(), small_store.zone, "en")] == notes
    main(["diary", "quiet", "--every-days", "30", "--store", str(small_path)])
    quiet = [row["grid_code"] for row in json.loads(capsys.readouterr().out)]
    assert [row["code"] for row in quiet_rows(desk.unvisited(30), datetime.now(UTC), small_store.zone, "en")] == quiet
    assert quiet


def test_a_measure_is_ordered_done_and_checked_by_somebody_else(desk, small_store):
    """W14.2."""
    code = order(desk, small_store, grid_code="G001")
    with pytest.raises(InputError, match="finish has no reason"):
        write({"do": "finish", "code": code, "note": " "}, desk, who="K1", roles=("crew", "supervision"))
    write({"do": "finish", "code": code, "note": "已补齐"}, desk, who="K1", roles=("crew", "supervision"))
    with pytest.raises(AccessError, match="somebody else must check it"):
        write({"do": "check", "code": code}, desk, who="K1", roles=("crew", "supervision"))
    write({"do": "check", "code": code}, desk, who="E020", roles=("unit", "supervision"))
    measure = small_store.measures.measure(code)
    assert [(one.action, one.role) for one in measure.steps] == [
        *(("order", "supervision"), ("finish", "crew"), ("check", "supervision")),
    ]


def test_nothing_is_ordered_without_the_role_or_a_day_to_come(desk, small_store):
    before = len(small_store.table("measures"))
    with pytest.raises(AccessError, match="crew may not order rectification"):
        write(ORDER, desk, who="K1", roles=("crew",))
    with pytest.raises(InputError, match="is over"):
        order(desk, small_store, due="2020-01-01")
    with pytest.raises(InputError, match="found 'nine'"):
        order(desk, small_store, note_number="nine")
    assert len(small_store.table("measures")) == before


def test_leaders_and_units_see_what_is_theirs(desk, small_store, as_):
    """G2.4."""
    mine, other = order(desk, small_store, grid_code="G002", subject="U05"), order(desk, small_store, grid_code="G003")
    as_("grid_leader", grids=["G002"])
    assert set(desk.measures()["grid_code"]) == {"G002"}
    assert set(desk.notes()["grid_code"]) == {"G002"}
    assert desk.grids() == ["G002"]
    assert desk.measure(mine).code == mine
    with pytest.raises(AccessError, match="not of your grids"):
        desk.measure(other)
    with pytest.raises(AccessError, match="not of your grids"):
        write({"do": "remark", "code": other, "note": "x"}, desk, who="E9", roles=("grid_leader",))
    as_("crew", units=["U05"])
    assert desk.measures()["code"].tolist() == [mine]
    assert desk.notes().empty


def test_a_leader_notes_and_resolves_for_their_own_grid_only(desk, small_store, as_):
    """G2.3, G3.1.2."""
    as_("grid_leader", grids=["G002"])
    note = {"do": "note", "kind": "visit", "person_code": "E9", "summary": "井盖完好", "when": "2026-11-20T08:30"}
    write(note | {"grid_code": "G002"}, desk, who="E9", roles=("grid_leader",))
    last = small_store.table("grid_notes").iloc[-1]
    assert (last["grid_code"], last["at"].isoformat()) == ("G002", "2026-11-20T00:30:00+00:00")
    for done in (note, ORDER | {"kind": "meeting_action"}):
        for grid in ("G003", ""):
            with pytest.raises(AccessError, match="none of your grids"):
                write(done | {"grid_code": grid}, desk, who="E9", roles=("grid_leader",))


def test_a_measure_on_a_restricted_incident_is_told_to_its_roles_only(desk, small_store, as_, monkeypatch):
    """W15.8."""
    incident = small_store.table("incidents")["code"].iloc[0]
    code = order(desk, small_store, incident_code=incident)
    monkeypatch.setattr(
        "dashboards.following.desk.restricted", lambda rows, _book: (rows["code"] == incident).to_numpy()
    )
    as_("manager")
    assert code not in set(desk.measures()["code"])
    with pytest.raises(AccessError):
        desk.measure(code)
    as_("supervision")
    assert code in set(desk.measures()["code"])


def test_whom_a_leader_met_is_told_in_no_list(desk, small_store):
    told = {"kind": "users", "grid_code": "G004", "person_code": "E4", "whom": "张三丰", "summary": "水压低"}
    write({"do": "note"} | told, desk, who="E4", roles=("grid_leader",))
    assert small_store.table("grid_notes")["whom"].iloc[-1] == "张三丰"
    assert "张三丰" not in json.dumps(note_rows(desk.notes(), small_store.zone, "en"), ensure_ascii=False)


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_every_column_and_state_has_its_words(desk, spoken):
    heads = [one["headerName"] for view in ("measures", "notes", "quiet") for one in columns(view, spoken)]
    assert not [head for head in heads if "following." in head]
    assert not [row for row in measure_rows(desk.measures(), spoken) if "following." in row["state"]]


def test_whoever_may_not_handle_incidents_reads_the_page_and_writes_nothing(small_store):
    add_person(small_store, "auditor", "auditor")
    app = create_app(small_store)
    client = browser(app, "auditor")
    assert client.get(f"/en{PATH}").status_code == 200
    needs = app.server.extensions["gisapp.access"].callbacks
    writes = [name for name in needs if name.startswith("following-written")]
    token = {"X-CSRFToken": client.get_cookie(app.config.csrf_token_name).value}
    told = [client.post("/_dash-update-component", json={"output": name}, headers=token) for name in writes]
    assert [(needs[name], answer.status_code) for name, answer in zip(writes, told, strict=True)] == [
        (Permission.INCIDENTS_HANDLE, 403)
    ]
    assert Permission.INCIDENTS_HANDLE in LOCAL.permissions
