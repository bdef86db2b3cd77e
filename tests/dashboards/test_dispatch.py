"""The dispatchers' page without a browser: the board of the command, reports with grid and unit, steps, masking."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from dashboards.access import HANDS, LOCAL, Permission, Person, access_of
from dashboards.app import create_app
from dashboards.dispatch.asked import Asked
from dashboards.dispatch.board import board, board_specs
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.intake import drafted, located, preview
from dashboards.dispatch.sheet import sheet
from dashboards.dispatch.told import conflict_told, preview_told
from dashboards.dispatch.writing import in_clear, record, report
from dashboards.snapshot import Snapshot
from gisapp.density import Choice, incident_cube
from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.incidents import MOVES
from gisapp.incidents.lives import FACTS
from gisapp.store import create_store, open_store
from gisapp.tables import CHANNELS, conform
from gisapp.words import LANGUAGES, catalog, word

PHONE = "13800138000"
NAMES = {"U01": "调度中心", "U02": "营业所", "U07": "管网管理处", "U12": "换表管理所", "U10": "纪检监察室"}


@pytest.fixture
def path(tmp_path):
    """A store with two grids, a community with one building, one account and some units."""
    made = tmp_path / "town.gpkg"
    squares = [shapely.MultiPolygon([shapely.box(x, 0, x + 100, 100)]) for x in (500_000, 500_100)]
    shapes = gpd.GeoSeries(squares, crs="EPSG:4547")
    grids = gpd.GeoDataFrame({"code": ["G1", "G2"], "name": ["一", "二"], "utilities": "water"}, geometry=shapes)
    grids = grids.rename_geometry("geom").assign(valid_from=pd.Timestamp("2020-01-01T00:00Z"))
    house = shapely.MultiPolygon([shapely.box(500_040, 40, 500_060, 60)])
    building = {"code": "H1", "name": "3栋", "kind": "residential", "community_code": "C1", "geom": house}
    community = {"code": "C1", "name": "滨江小区", "geom": squares[0]}
    account = {"code": "00001234", "name": "张三", "phone": PHONE, "address": "滨江小区3栋2单元501室",
               "kind": "resident", "building_code": "H1", "households": 1, "meter_inside": False,
               "geom": shapely.Point(500_050, 50)}  # fmt: skip
    rows = {
        name: conform(gpd.GeoDataFrame([row], geometry="geom", crs="EPSG:4547"), name)
        for name, row in (("communities", community), ("buildings", building), ("customers", account))
    }
    units = pd.DataFrame(
        [
            {"code": code, "name_hans": name, "name_hant": name, "name_en": code, "kind": "office"}
            for code, name in NAMES.items()
        ]
    )
    with create_store(made, crs="EPSG:4547") as store:
        store.save({"grids": conform(grids, "grids"), "org_units": units, **rows}, actor="t")
    return made


@pytest.fixture
def desk(path):
    with open_store(path) as store:
        yield Desk(Snapshot(store))


@pytest.fixture
def as_local(monkeypatch):
    """The person who asks is the one local user."""
    monkeypatch.setattr("dashboards.deeds._person", lambda: LOCAL)


@pytest.fixture
def take(desk, as_local):
    """Sends the form of the intake; gives the code."""

    def call(**told):
        return report({"category": "public_leak", "role": "dispatcher", **told}, desk, "en", who="E1")

    return call


def step(desk, code, action, role="dispatcher", **told):
    seen = told.pop("seen", len(desk.store.incidents.incident(code).steps))
    return record({"code": code, "action": action, "role": role, "seen": seen, **told}, desk, who="E1")


def words_of(part):
    """Everything that a component says."""
    return json.dumps(part, default=lambda one: one.to_plotly_json(), ensure_ascii=False)


def row_of(desk, code):
    return desk.store.table("incidents").set_index("code").loc[code]


# ---- the board -------------------------------------------------------------------------------------------------------
def test_the_board_lists_what_the_command_lists(desk, take, run, path):
    for category, place in (("public_leak", "滨江小区3栋"), ("no_water", ""), ("meter_fault", "00001234")):
        take(category=category, place=place)
    now = datetime.now(UTC) + timedelta(hours=2)
    _, out, _ = run("incidents", "list", "--store", path, "--at", now.isoformat())
    listed = list(csv.DictReader(io.StringIO(out)))
    rows = board(desk, Asked("dispatcher"), "en", now=now)["rows"]
    assert [(row["code"], row["clock"]) for row in rows] == [(row["code"], row["clock"]) for row in listed]
    assert len(rows) == 3
    assert {row["due"] for row in rows} == {
        int(datetime.fromisoformat(row["due_at"]).timestamp() * 1000) for row in listed
    }


def test_the_counts_are_those_of_the_rows(desk, take):
    late, calm = take(), take()
    step(desk, late, "dispatch", subject="U07")
    now = datetime.now(UTC) + timedelta(minutes=30)
    told = board(desk, Asked("dispatcher"), "en", now=now)
    assert told["counts"] == {"breached": 1, "due_soon": 0, "running": 1, "nothing": 0}
    assert [row["code"] for row in told["rows"]] == [late, calm]
    red = board(desk, Asked("dispatcher", clocks=("breached",)), "en", now=now)
    assert [row["code"] for row in red["rows"]] == [late]
    assert red["counts"] == told["counts"]
    assert red["mark"] != told["mark"]
    mine = board(desk, Asked("dispatcher", unit="U07", statuses=("registered",)), "en", now=now)
    assert [row["code"] for row in mine["rows"]] == [calm]
    assert sum(mine["counts"].values()) == 1


def test_the_map_shows_the_rows_of_the_board(desk, take):
    take(place="滨江小区3栋"), take()
    asked = Asked("dispatcher")
    (spec,) = board_specs(desk, asked, board(desk, asked, "en")["rows"], "en")
    shown = [one["properties"] for one in spec["shapes"]["features"]]
    assert [one["colour"] for one in shown] == ["running"]  # the other one has no place
    assert board_specs(desk, asked, [], "en")[0]["shapes"]["features"] == []


# ---- the intake ------------------------------------------------------------------------------------------------------
def test_a_report_gets_its_grid_and_unit_with_the_row_that_says_so(desk, take):
    """W15.2."""
    code = take(place="滨江小区 3栋 门口", words="路面冒水", phone=PHONE)
    row = row_of(desk, code)
    assert (row["grid_code"], row["unit_code"], row["located_by"]) == ("G1", "U07", "building")
    assert (row["status"], row["reporter_phone"], row["summary"]) == ("registered", PHONE, "路面冒水")
    first = desk.store.incidents.incident(code).steps[0]
    assert (first.action, first.role, first.value) == ("register", "dispatcher", "U07")
    shown = preview(drafted({"category": "public_leak", "place": "滨江小区3栋"}, desk, NOW), desk, NOW, "en", role="")
    assert re.search(r"route \d+", words_of(preview_told(shown, desk, "en")))


NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    ("told", "how", "grid"),
    [
        ({"place": "00001234"}, "account", "G1"),
        ({"place": "滨江小区３栋"}, "alias", "G1"),
        ({"place": "桥头", "pin": None}, "unlocated", None),
        ({}, "unlocated", None),
    ],
)
def test_a_place_is_found_by_account_or_name_or_is_visibly_unknown(desk, told, how, grid):
    shown = preview(drafted({"category": "public_leak", **told}, desk, NOW), desk, NOW, "en", role="")
    assert (shown.location.how, shown.answers["grid"]) == (how, grid)
    said = words_of(preview_told(shown, desk, "en"))
    assert ("badge warn" in said) == (how == "unlocated")


def test_a_pin_of_the_map_gives_the_place_and_a_border_that_is_near_is_told(desk):
    spot = gpd.GeoSeries([shapely.Point(500_097, 50)], crs=desk.store.crs).to_crs(4326).iloc[0]
    draft = drafted({"category": "public_leak", "place": "00001234", "pin": [spot.x, spot.y]}, desk, NOW)
    assert located(draft, desk).point.distance(shapely.Point(500_097, 50)) < 0.01
    shown = preview(draft, desk, NOW, "en", role="")
    assert shown.answers["near_border"]
    assert "near a border" in words_of(preview_told(shown, desk, "en"))


def test_the_clocks_that_start_are_told_before_sending(desk, take):
    """W9.1, W16.4."""
    shown = preview(drafted({"category": "public_leak"}, desk, NOW), desk, NOW, "en", role="")
    begun = {clock.clock: clock.due_at - NOW for clock in shown.now}
    later = {clock.clock: clock.due_at - NOW for clock in shown.later}
    assert begun == {"K9": timedelta(hours=48)}
    assert later == {"K1": timedelta(minutes=20), "K2": timedelta(minutes=40), "K5": timedelta(hours=24)}


@pytest.mark.parametrize(
    "category", ["complaint", "finding", "suspected_leak", "hall_business", "no_water", "gas_leak"]
)
def test_every_life_can_be_taken_down(desk, take, category):
    code = take(category=category, phone="分机8001", words="更名")
    assert code in {row["code"] for row in board(desk, Asked("dispatcher"), "zh-Hans")["rows"]}


def test_every_channel_can_be_chosen_is_told_on_the_sheet_and_is_counted_by_grid(desk, take):
    """W5.1, W10.2, G3.2.4, G4.1.1."""
    codes = {channel: take(channel=channel, place="00001234") for channel in CHANNELS}
    for channel, code in codes.items():
        assert word(f"channel.{channel}", "en") in words_of(sheet(code, desk, "dispatcher", "en"))
    incidents = desk.store.table("incidents")
    grids = pd.Categorical(incidents["grid_code"], categories=["G1", "G2"])
    cube = incident_cube(incidents, desk.store.zone, grids=grids)
    counts = [cube.by_grid(Choice(channels=(channel,))).to_dict() for channel in CHANNELS]
    assert counts == [{"G1": 1, "G2": 0}] * len(CHANNELS)


def test_business_at_the_hall_is_not_taken_down_without_who_and_what_and_the_form_says_so(desk, take):
    """P3.3."""
    for told in ({"words": "更名"}, {"phone": "分机8001"}):
        with pytest.raises(InputError, match="a registration of hall_business lacks"):
            take(category="hall_business", **told)
    shown = preview(drafted({"category": "hall_business"}, desk, NOW), desk, NOW, "en", role="")
    assert "account / phone" in words_of(preview_told(shown, desk, "en"))


def test_a_report_nearby_may_be_the_same_thing_and_is_merged_into_the_main_one(desk, take):
    main = take(place="滨江小区3栋")
    second = take(place="滨江小区3栋", into=main)
    shown = preview(drafted({"category": "no_water", "place": "00001234"}, desk, NOW), desk, NOW, "en", role="")
    assert shown.same["code"].tolist() == [main]
    third = take(category="no_water", place="00001234", into=second)  # which is merged itself
    assert row_of(desk, third)["duplicate_of"] == main
    assert main in words_of(sheet(third, desk, "dispatcher", "en"))
    assert {second, third} <= set(re.findall(r"\d{8}-\d{6}", words_of(sheet(main, desk, "dispatcher", "en"))))


@pytest.mark.parametrize(
    ("told", "field"),
    [({"category": ""}, "category"), ({"utility": "steam"}, "utility"), ({"channel": "x"}, "channel")],
)
def test_a_form_that_cannot_be_is_refused(desk, take, told, field):
    with pytest.raises(InputError, match=field):
        take(**told)
    assert desk.store.count("incidents") == 0


# ---- the sheet -------------------------------------------------------------------------------------------------------
def deeds_of(desk, code, role):
    buttons = re.findall(r'"data-deed": "((?:[^"\\]|\\.)*)"', words_of(sheet(code, desk, role, "en")))
    return {json.loads(json.loads(f'"{one}"')).get("action", "clear") for one in buttons}


def test_the_sheet_offers_what_the_role_may_do(desk, take):
    code = take()
    assert {"dispatch", "merge", "reject", "cancel", "set_level"} <= deeds_of(desk, code, "dispatcher")
    assert not {"dispatch", "accept"} & deeds_of(desk, code, "unit")
    step(desk, code, "dispatch", subject="U07")
    assert {"accept", "request_return"} <= deeds_of(desk, code, "unit")
    assert "The next step is taken by: responsible unit" in words_of(sheet(code, desk, "dispatcher", "en"))


def test_an_extension_is_decided_on_once_it_is_asked_for(desk, take):
    """W16.0."""
    code = take()
    assert not {"grant_extension", "unmark"} & deeds_of(desk, code, "dispatcher")
    step(desk, code, "request_extension", role="unit", value="2030-01-02T06:00", note="等配件")
    step(desk, code, "mark", subject="large_burst")
    assert {"grant_extension", "refuse_extension", "unmark"} <= deeds_of(desk, code, "dispatcher")
    step(desk, code, "grant_extension")
    assert "extended to 2030-01-02 06:00" in words_of(sheet(code, desk, "dispatcher", "en"))
    assert not {"grant_extension"} & deeds_of(desk, code, "dispatcher")


def test_a_unit_returns_an_incident_by_permission_only(desk, take):
    """W16.9."""
    code = take()
    step(desk, code, "dispatch", subject="U07")
    with pytest.raises(InputError, match="no reason"):
        step(desk, code, "request_return", role="unit")
    step(desk, code, "request_return", role="unit", note="不属本单位")
    with pytest.raises(AccessError):
        step(desk, code, "grant_return", role="unit", subject="U12")
    step(desk, code, "grant_return", subject="U12")
    assert row_of(desk, code)["unit_code"] == "U12"


def test_a_second_save_is_refused_and_told_what_the_first_did(desk, take):
    code = take()
    step(desk, code, "dispatch", subject="U07", seen=1)
    with pytest.raises(ConflictError):
        step(desk, code, "reject", note="重复", seen=1)
    incident = desk.store.incidents.incident(code)
    said = words_of(conflict_told(incident, 1, desk.store.zone, "en"))
    assert "dispatch · U07" in said
    assert "dispatched" in said
    assert "local" not in said.lower().replace("locale", "")


def test_a_step_of_this_very_minute_is_written(desk, take):
    code = take()
    now = datetime.now(desk.store.zone).strftime("%Y-%m-%dT%H:%M")
    step(desk, code, "dispatch", subject="U07", when=now)
    assert desk.store.incidents.incident(code).status == "dispatched"


# ---- who sees what ---------------------------------------------------------------------------------------------------
def test_a_role_that_is_not_ones_own_is_refused(desk, take, monkeypatch):
    code = take()
    monkeypatch.setattr("dashboards.deeds._person", lambda: Person("E9", frozenset(Permission), ("unit",)))
    with pytest.raises(AccessError, match="dispatcher"):
        step(desk, code, "dispatch", subject="U07")
    with pytest.raises(AccessError):
        in_clear({"code": code, "why": "回电", "role": "dispatcher"}, desk, who="E9")


def test_a_case_of_conduct_is_on_the_board_and_the_sheet_of_discipline_alone(desk, take):
    code = take(category="conduct")
    codes = {role: {row["code"] for row in board(desk, Asked(role), "en")["rows"]} for role in HANDS}
    assert {role for role, seen in codes.items() if code in seen} == {"discipline", "supervision"}
    assert sum(board(desk, Asked("dispatcher"), "en")["counts"].values()) == 0
    with pytest.raises(AccessError):
        sheet(code, desk, "dispatcher", "en")
    with pytest.raises(AccessError):
        step(desk, code, "refer", subject="U10")
    assert code in words_of(sheet(code, desk, "discipline", "en"))


def test_what_is_personal_is_shown_with_a_reason_and_written_down(desk, take):
    code = take(place="00001234", words="张三 13900139000 漏水", phone=PHONE)
    said = words_of(sheet(code, desk, "dispatcher", "en"))
    assert PHONE not in said
    assert "13900139000" not in said
    assert "张三" not in said
    assert "138****8000" in said
    with pytest.raises(InputError, match="reason"):
        in_clear({"code": code, "why": " ", "role": "dispatcher"}, desk, who="E1")
    told = in_clear({"code": code, "why": "回电", "role": "dispatcher"}, desk, who="E1")
    assert told["reporter_phone"] == PHONE
    assert "张三" in told["name"]
    assert desk.store.audit().iloc[-1]["action"] == "clear view as dispatcher"


@pytest.fixture
def post(desk, take):
    """Posts to a callback of the page as a person; gives the response's status and text."""
    take(place="00001234", words="张三 13900139000 漏水", phone=PHONE)
    person = Person("E9", frozenset({Permission.SHELL, Permission.INCIDENTS_VIEW}), ("supervision",))
    app = create_app(desk.store, person_of=lambda: person)
    app.server.config["WTF_CSRF_ENABLED"] = False
    client = app.server.test_client()

    def call(start, values):
        name = next(one for one in access_of(app.server).callbacks if one.startswith(start))
        entry = app.callback_map[name]
        parts = {part: [{**one, "value": values.get(one["id"])} for one in entry[part]] for part in ("inputs", "state")}
        outputs = [
            dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in name.strip(".").split("...")
        ]
        body = {"output": name, "outputs": outputs, **parts, "changedPropIds": []}
        answer = client.post("/_dash-update-component", json=body, headers={"Referer": "http://localhost/en/dispatch"})
        return answer.status_code, answer.get_data(as_text=True)

    return call


def test_who_may_not_never_receives_a_clear_number_in_any_answer(desk, post):
    """P4.5."""
    code = desk.store.table("incidents")["code"].iloc[0]
    asked = {"role": "supervision"}
    values = {
        "dispatch-asked": asked,
        "dispatch-chosen": {"code": code, "by": "row"},
        "dispatch-draft": {"category": "no_water", "place": "00001234", "at": 1},
        "dispatch-in-clear": {"code": code, "why": "x", "role": "dispatcher", "at": 1},
        "dispatch-record": {"code": code, "action": "remark", "note": "x", "role": "dispatcher", "seen": 1, "at": 1},
        "dispatch-send": {"category": "no_water", "role": "dispatcher", "at": 1},
    }
    answers = {
        start: post(start, values)
        for start in (
            "..dispatch-board",
            "..dispatch-sheet",
            "..dispatch-preview",
            "dispatch-clear",
            "..dispatch-written",
        )
    }
    assert {start: status for start, (status, _) in answers.items()} == {
        "..dispatch-board": 200, "..dispatch-sheet": 200, "..dispatch-preview": 403, "dispatch-clear": 403,
        "..dispatch-written": 403,
    }  # fmt: skip
    assert code in answers["..dispatch-sheet"][1]
    for _, text in answers.values():
        assert PHONE not in text
        assert "13900139000" not in text
        assert "张三" not in text


@pytest.mark.parametrize("permissions", [frozenset(Permission), frozenset({Permission.SHELL})])
def test_rows_come_with_the_page_for_whom_they_are(desk, take, permissions, monkeypatch):
    code, person = take(), Person("E9", permissions, HANDS)
    monkeypatch.setattr("dashboards.deeds._person", lambda: person)
    client = create_app(desk.store, person_of=lambda: person).server.test_client()
    told = client.get("/_dash-layout", headers={"Referer": "http://localhost/en/dispatch"}).get_data(as_text=True)
    assert (code in told) == (Permission.INCIDENTS_VIEW in permissions)


def test_every_callback_of_the_page_has_its_permission(desk):
    held = access_of(create_app(desk.store).server).callbacks
    mine = {name: needs for name, needs in held.items() if "dispatch-" in name}
    assert {
        Permission.INCIDENTS_VIEW, Permission.INCIDENTS_REPORT, Permission.INCIDENTS_HANDLE, Permission.INCIDENTS_CLEAR,
    } == set(mine.values())  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_and_clock_has_its_words(language):
    known = catalog(language)
    actions = {move.action for move in MOVES} | set(FACTS)
    assert {f"dispatch.do.{action}" for action in actions} <= set(known)
    assert {f"role.{role}" for role in HANDS} <= set(known)
