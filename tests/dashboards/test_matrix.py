"""Every callback and every route, asked as every role: who may gets an answer, who may not gets 403, nobody a phone."""

import gzip
import logging
import os
import re

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from flask import Response
from people import add_everybody, add_person, browser
from rounds import addresses, post
from squares import SOUTH, WEST, squares
from werkzeug.exceptions import HTTPException

from dashboards.access import HANDS, UPDATE, Permission, access_of
from dashboards.app import create_app
from dashboards.roles import GRANTS, permissions_of, person_of
from dashboards.signing import signing_of
from gisapp.accounts import User
from gisapp.rules.roles import role_rules

ROLES = tuple(role_rules())
PHONE, CALLER = "13800138000", "13800138777"
SPOKEN = (PHONE, CALLER, "138 0013 8777", "张三丰", "2单元501室")


def report(store, grid, unit, *, at, category="leak_main"):
    told = {
        "utility": "water", "type": "leak", "channel": "phone", "reported_at": pd.Timestamp(at), "grid_code": grid,
        "unit_code": unit, "geom": shapely.Point(WEST + (500 if grid == "G1" else 1500), SOUTH + 500),
        "text": "张三丰 138 0013 8777，滨江路4号3幢2单元501室", "summary": "张三丰 138 0013 8777 漏水",
        "reporter_phone": CALLER, "drill": False,
    }  # fmt: skip
    return store.report(told, actor="t")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with squares(tmp_path_factory.mktemp("matrix") / "squares.gpkg") as opened:
        units = {"code": ["U1", "U2"], "name_hans": ["一", "二"], "name_hant": ["一", "二"], "name_en": ["a", "b"]}
        shape = gpd.GeoSeries([shapely.Point(WEST + 500, SOUTH + 505)], crs="EPSG:4547")
        account = {"code": ["C-PHONE"], "name": ["张三丰"], "phone": [PHONE], "address": ["滨江路4号3幢2单元501室"],
                   "kind": ["resident"], "households": [1], "meter_inside": [False], "geom": shape}  # fmt: skip
        customers = gpd.GeoDataFrame(account, geometry="geom")
        from gisapp.tables import conform

        tables = {"org_units": pd.DataFrame(units).assign(kind="office"), "customers": conform(customers, "customers")}
        opened.save(tables, actor="t")
        add_everybody(opened, grids=["G1"], units=["U1"])
        yield opened


@pytest.fixture(scope="module")
def codes(store):
    """An incident of the grid and unit of everybody, and one of others."""
    return {
        "own": report(store, "G1", "U1", at="2026-11-01T08:00:00+08:00"),
        "other": report(store, "G2", "U2", at="2026-11-02T08:00:00+08:00"),
    }


@pytest.fixture(scope="module")
def app(store, codes):
    return create_app(store)


@pytest.fixture(scope="module")
def browsers(app):
    return {role: browser(app, role) for role in ROLES}


def values(role, code):
    """Return what the stores of the pages hold, so that rows travel."""
    return {
        "dispatch-asked": {"role": role if role in HANDS else ""},
        "dispatch-chosen": {"code": code, "by": "link"},
        "manager-asked": {},
        "shell-location": "/en/planner",
    }


def may(role):
    return permissions_of([role_rules()[role]])


def test_every_permission_is_some_roles(app):
    granted = {one for ones in GRANTS.values() for one in ones}
    assert set(Permission) - granted == {Permission.PUBLIC, Permission.SHELL, Permission.INCIDENTS_CLEAR}
    held = frozenset().union(*(may(role) for role in ROLES))
    assert held == set(Permission)


def test_no_right_is_granted_that_no_role_has():
    assert {
        (area, right) for area, right in GRANTS if not any(right in rule.rights[area] for rule in role_rules().values())
    } == set()


def test_every_rule_is_listed_or_denied_to_everybody(app, browsers):
    bare = [(method, path) for _, method, path, needs in addresses(app) if needs is None]
    told = {path: browsers["dispatcher"].open(path, method=method).status_code for method, path in bare}
    assert set(told.values()) <= {403}, told


def judged(app, client, method, path, **sent):
    """Return what the guard says to a request, without the answer of what lies behind it."""
    told = client.get_cookie(signing_of(app.server).cookie)
    headers = {"Cookie": f"{told.key}={told.value}"} if told else {}
    with app.server.test_request_context(path, method=method, headers=headers, **sent):
        try:
            said = app.server.preprocess_request()
        except HTTPException as refused:
            return refused.code
        return 200 if said is None else getattr(said, "status_code", 200)


@pytest.mark.parametrize("role", [*ROLES, None])
def test_the_guard_lets_pass_those_who_may_and_nobody_else(app, browsers, role):
    client = browsers[role] if role else app.server.test_client()
    held = may(role) if role else {Permission.PUBLIC}
    listed = access_of(app.server).callbacks
    asked = [(UPDATE, "POST", one, needs, {"json": {"output": one}}) for one, needs in listed.items()]
    asked += [(path, method, endpoint, needs, {}) for endpoint, method, path, needs in addresses(app)]
    told = {one: judged(app, client, method, path, **sent) for path, method, one, _, sent in asked}
    wrong = [(one, told[one]) for _, _, one, needs, _ in asked if (told[one] in (401, 403)) is (needs in held)]
    no_page = {("/", 403)} if role == "administrator" else set()  # there is no page to which it could lead
    assert {pair for pair in wrong if pair[1] != 302} == no_page  # a page asks to log in


def plain(answer):
    """Return an answer as text, unpacked, with the letters that JSON spells out."""
    content = answer.get_data()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    text = content.decode("utf-8", "replace")
    return text + re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("role", ROLES if "GISAPP_NIGHTLY" in os.environ else ("dispatcher", "manager"))
def test_no_answer_holds_a_phone_a_name_or_a_home(app, browsers, codes, role, caplog):
    caplog.set_level(logging.CRITICAL)
    for _, method, path, needs in addresses(app):
        if method == "GET" and needs in may(role):
            with browsers[role].get(path) as answer:
                assert not any(word in plain(answer) for word in SPOKEN), path
    for output, needs in access_of(app.server).callbacks.items():
        answer = post(browsers[role], app, output, values(role, codes["own"]))
        assert (answer.status_code == 403) is (needs not in may(role)), output
        assert not any(word in plain(answer) for word in SPOKEN), output


@pytest.mark.parametrize("role", ["unit", "grid_leader", "grid_member", "crew"])
def test_of_other_grids_and_units_nothing_is_told(app, browsers, codes, role):
    for name, there in (("own", True), ("other", False)):
        listed = sheet = ""
        for output in access_of(app.server).callbacks:
            if output.startswith(("..dispatch-board", "..dispatch-sheet")):
                text = post(browsers[role], app, output, values(role, codes[name])).get_data(as_text=True)
                listed += text * output.startswith("..dispatch-board")
                sheet += text * output.startswith("..dispatch-sheet")
        assert (codes[name] in listed) is there
        assert ("of-head" in sheet) is there


def test_the_first_bytes_of_the_board_hold_no_row_of_others(app, browsers, codes):
    text = (
        browsers["grid_leader"]
        .get("/_dash-layout", headers={"Referer": "http://localhost/en/dispatch"})
        .get_data(as_text=True)
    )
    assert codes["own"] in text
    assert codes["other"] not in text
    assert codes["other"] in browsers["dispatcher"].get(
        "/_dash-layout", headers={"Referer": "http://localhost/en/dispatch"}
    ).get_data(as_text=True)


def written(app, client, output, done):
    """Return what a callback says to a deed."""
    name = next(one for one in access_of(app.server).callbacks if output in one)
    entry = app.callback_map[name]
    return post(client, app, name, {entry["inputs"][0]["id"]: done}).get_data(as_text=True)


def clear(app, client, role, code, why="call back"):
    done = {"code": code, "role": role, "why": why, "do": "clear"}
    return written(app, client, "dispatch-clear.children@", done)


@pytest.mark.parametrize(
    ("role", "own", "other"),
    [("customer_service", True, True), ("dispatcher", True, True), ("grid_leader", True, False), ("unit", True, False),
     ("grid_member", False, False), ("crew", False, False), ("supervision", False, False), ("discipline", False, False),
     ("manager", False, False), ("commander", False, False), ("auditor", False, False), ("planner", False, False)],
)  # fmt: skip
def test_in_clear_an_incident_is_seen_by_those_to_whom_the_table_gives_it(
    app, store, browsers, codes, role, own, other
):
    before = len(store.audit())
    told = {name: CALLER in clear(app, browsers[role], role, codes[name]) for name in ("own", "other")}
    assert told == {"own": own, "other": other}
    assert len(store.audit()) - before == own + other


def test_a_role_that_is_not_ones_own_is_refused(app, browsers, codes):
    assert CALLER not in clear(app, browsers["grid_leader"], "dispatcher", codes["own"])
    assert CALLER not in clear(app, browsers["grid_member"], "customer_service", codes["own"])


def test_a_step_in_another_grid_is_refused_whoever_merges_or_writes(app, store, codes, browsers):
    before = len(store.incidents.incident(codes["other"]).steps)
    done = {
        "do": "step",
        "code": codes["other"],
        "action": "assign",
        "subject": "K1",
        "role": "grid_leader",
        "seen": before,
    }
    written(app, browsers["grid_leader"], "dispatch-told.children", done)
    assert len(store.incidents.incident(codes["other"]).steps) == before


def test_an_incident_that_is_assigned_to_a_crew_is_its_own_and_no_others(app, store):
    code = report(store, "G2", "U2", at="2026-11-03T08:00:00+08:00")
    for action, role, subject in (("dispatch", "dispatcher", "U2"), ("accept", "unit", None), ("assign", "unit", "K7")):
        store.incidents.record(code, action, actor="t", role=role, subject=subject)
    for name in ("K7", "K8"):
        add_person(store, f"crew-{name}", "crew", units=[name])
    assert CALLER in clear(app, browser(app, "crew-K7"), "crew", code)
    assert CALLER not in clear(app, browser(app, "crew-K8"), "crew", code)


def test_what_is_over_is_seen_in_clear_no_more(app, store, browsers):
    code = report(store, "G1", "U1", at="2026-11-04T08:00:00+08:00")
    assert CALLER in clear(app, browsers["dispatcher"], "dispatcher", code)
    store.incidents.record(code, "cancel", actor="t", role="dispatcher", note="x")
    assert CALLER not in clear(app, browsers["dispatcher"], "dispatcher", code)


@pytest.mark.parametrize("role", ["grid_leader", "planner", "crew"])
def test_tiles_of_incidents_are_for_those_who_see_all_of_them(browsers, role):
    assert browsers[role].get("/tiles/incidents/x/0/0/0.mvt").status_code == 403
    assert browsers["dispatcher"].get("/tiles/incidents/x/0/0/0.mvt").status_code in (200, 204)


def found(client, text):
    return [row["code"] for row in client.get(f"/find?q={text}").json]


def test_customers_are_found_by_those_who_see_customers_in_their_grids(app, store, browsers):
    add_person(store, "leader-2", "grid_leader", grids=["G2"])
    assert found(browsers["dispatcher"], "C-PHONE") == ["C-PHONE"]
    assert found(browsers["grid_leader"], "C-PHONE") == ["C-PHONE"]
    assert found(browser(app, "leader-2"), "C-PHONE") == []
    assert found(browsers["planner"], "C-PHONE") == []


def test_rows_and_files_of_incidents_are_not_for_who_sees_figures_alone(app, browsers, codes):
    rows = next(one for one in access_of(app.server).callbacks if "manager-rows.rowData" in one)
    shown = {"manager-rows-place": True, "manager-filter": {}}
    told = {role: post(browsers[role], app, rows, shown) for role in ("planner", "manager")}
    assert codes["own"] not in told["planner"].get_data(as_text=True)
    assert codes["own"] in told["manager"].get_data(as_text=True)
    assert browsers["planner"].get("/manager.csv").status_code == 403
    assert browsers["manager"].get("/manager.csv").status_code != 403


BOARD = "..dispatch-board.data...dispatch-map.answers...dispatch-mark.data.."
HAND_MADE = [
    {"output": "dispatch-clear.children"},
    {"output": BOARD, "inputs": [{"id": "shell-location", "property": "pathname", "value": "/"}]},
    {"output": [BOARD]},
    {"output": "shell-page.children", "inputs": []},
    {"output": BOARD, "outputs": {"id": "shell-page", "property": "children"}},
    {},
]


@pytest.mark.parametrize("body", HAND_MADE)
def test_requests_made_by_hand_get_nothing_of_an_incident(app, browsers, codes, body):
    client = browsers["planner"]
    client.get("/en/planner")
    headers = {
        "X-CSRFToken": client.get_cookie(app.config.csrf_token_name).value,
        "Referer": "http://localhost/en/planner",
    }
    answer = client.post("/_dash-update-component", json=body, headers=headers)
    assert answer.status_code == 403
    assert not re.search("|".join(codes.values()), answer.get_data(as_text=True))


def test_what_was_asked_before_the_logout_is_not_answered_after_it(app, store, codes):
    client = browser(app, "dispatcher")
    output = next(one for one in access_of(app.server).callbacks if one.startswith("..dispatch-board"))
    assert codes["own"] in post(client, app, output, values("dispatcher", codes["own"])).get_data(as_text=True)
    signing = signing_of(app.server)
    signing.accounts.end(client.get_cookie(signing.cookie).value, actor="dispatcher")
    assert post(client, app, output, values("dispatcher", codes["own"])).status_code in (400, 401)


def test_a_token_opens_no_page_and_a_session_of_another_person_stays_theirs(app, store):
    token = store.accounts.add_token("dispatcher", "qgis", actor="local")
    client = app.server.test_client()
    for path in ("/version", "/find?q=G", "/tiles/incidents/x/0/0/0.mvt"):
        assert client.get(f"{path}{'&' if '?' in path else '?'}api_key={token}").status_code == 401
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_rights_of_several_roles_add_up_and_each_acts_within_its_own():
    both = person_of(User("x", "x", ("grid_leader", "manager"), grids=("G1",)))
    assert both.roles == ("grid_leader",)
    assert {Permission.INCIDENTS_VIEW, Permission.INCIDENTS_HANDLE, Permission.EXPORT} <= both.permissions


def test_what_leaves_says_who_took_it_out_and_when(app, browsers):
    table = browsers["manager"].get("/manager.csv?lang=en").get_data(as_text=True)
    assert re.search(r"\n# Taken out by manager 号台 \(manager\) at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \+0800\n$", table)


@pytest.mark.parametrize(("path", "marked"), [("/shutoff.html", True), ("/en/planner", False), ("/en/login", False)])
def test_pages_that_are_kept_end_with_the_mark_and_those_of_the_frame_do_not(app, browsers, path, marked):
    told = browsers["manager"].get_cookie(signing_of(app.server).cookie)
    with app.server.test_request_context(f"{path}?lang=en", headers={"Cookie": f"{told.key}={told.value}"}):
        answer = app.server.process_response(Response("<body>x</body>", mimetype="text/html"))
    assert ("manager 号台 (manager) at" in answer.get_data(as_text=True)) is marked


def test_more_incidents_than_may_leave_at_once_are_refused(store, browsers):
    store.set_setting("keep.export_rows", 1, actor="local")
    refused = browsers["manager"].get("/manager.csv")
    store.set_setting("keep.export_rows", 50_000, actor="local")
    assert refused.status_code == 400
    assert "narrow the filter to 1" in refused.json["error"]
