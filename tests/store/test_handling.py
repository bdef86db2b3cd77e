"""Incidents are handled step by step: whole or refused, nothing lost, and the table says what the history says."""

import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.incidents import incidents_of
from gisapp.incidents.model import TIMES
from gisapp.store import create_store, migrate, upgrade_store
from gisapp.store.connect import Connections
from gisapp.tables import conform

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LEAK = {"type": "leak", "channel": "phone", "reported_at": AT, "unit_code": "U07"}
HANDS = {"dispatcher": "U01", "unit": "U07", "crew": "K0001", "grid_member": "E11", "customer_service": "E01"}


@pytest.fixture
def town(store):
    words = {"kind": "office", "name_hans": "x", "name_hant": "x", "name_en": "x"}
    store.save({"org_units": pd.DataFrame([{"code": code, **words} for code in ("U01", "U07", "U12")])}, actor="t")
    return store


def act(store, code, action, role, minutes=None, **told):
    moment = {} if minutes is None else {"at": AT + timedelta(minutes=minutes)}
    return store.incidents.record(code, action, actor=HANDS[role], role=role, **moment, **told)


def row_of(store, code):
    return store.table("incidents").set_index("code").loc[code]


@pytest.mark.both
def test_every_step_is_written_and_the_table_says_what_follows(town):
    code = town.report(LEAK, actor="E01")
    act(town, code, "dispatch", "dispatcher", 5, subject="U12")
    act(town, code, "accept", "unit", 25)
    after = act(town, code, "arrive", "crew", 45, note="路面冒水")
    row = row_of(town, code)
    assert (row["status"], row["unit_code"]) == ("on_site", "U12")
    assert [row[name] for name in TIMES[:3]] == [pd.Timestamp(AT + timedelta(minutes=m)) for m in (5, 25, 45)]
    assert [step.action for step in after.steps] == ["register", "dispatch", "accept", "arrive"]
    assert town.table("incident_steps")["step"].tolist() == [1, 2, 3, 4]


def test_the_snapshot_gives_the_same_incident_as_the_writer(town):
    code = town.report(LEAK, actor="E01")
    written = act(town, code, "dispatch", "dispatcher", subject="U07")
    (read,) = incidents_of(town.table("incidents"), town.table("incident_steps"), lambda row: "repair")
    assert (read.steps, read.standing, read.life) == (written.steps, written.standing, written.life)


@pytest.mark.parametrize(
    ("action", "role", "told", "error", "words"),
    [
        ("accept", "unit", {}, InputError, "'accept' cannot follow registered"),
        ("dispatch", "unit", {"subject": "U07"}, AccessError, "unit may not dispatch"),
        ("dispatch", "dispatcher", {"subject": "U99"}, InputError, "there is no unit 'U99'"),
        ("dispatch", "dispatcher", {}, InputError, "give the code of the unit"),
        ("merge", "dispatcher", {"subject": "WX9"}, InputError, "there is no incident 'WX9'"),
        ("set_level", "dispatcher", {"value": "L6H", "note": "x"}, InputError, "unknown level 'L6H'; use one of L12H"),
        ("remark", "unit", {"note": "x", "at": datetime(2999, 1, 1, tzinfo=UTC)}, InputError, "lies in the future"),
    ],
)
def test_a_refused_step_writes_nothing(town, action, role, told, error, words):
    code = town.report(LEAK, actor="E01")
    before = row_of(town, code).astype(str).tolist()
    with pytest.raises(error, match=words):
        act(town, code, action, role, **told)
    assert town.count("incident_steps") == 1
    assert row_of(town, code).astype(str).tolist() == before


def test_an_incident_that_came_by_file_begins_with_what_the_file_said(town):
    told = {"code": "F1", "type": "leak", "channel": "phone", "status": "repaired", "reported_at": AT, "drill": False}
    told |= {"dispatched_at": AT, "repaired_at": AT + timedelta(hours=3), "unit_code": "U07", "cause": "joint"}
    rows = pd.DataFrame([told])
    rows = rows.assign(**{name: pd.to_datetime(rows[name], utc=True) for name in told if name.endswith("_at")})
    town.save({"incidents": conform(with_place(rows), "incidents")}, actor="t")
    before = town.incidents.incident("F1")
    assert (before.status, before.steps) == ("repaired", ())
    after = act(town, "F1", "confirm", "grid_member")
    assert [step.action for step in after.steps] == ["import", "confirm"]
    assert after.standing.repairs[0].moments == before.standing.repairs[0].moments
    row = row_of(town, "F1")
    assert (row["status"], row["unit_code"], row["cause"]) == ("confirmed", "U07", "joint")
    assert row["repaired_at"] == pd.Timestamp(AT + timedelta(hours=3))


def with_place(rows):
    import geopandas as gpd

    return gpd.GeoDataFrame(rows.assign(geom=gpd.GeoSeries([None], crs="EPSG:4547")), geometry="geom")


def test_reports_are_merged_into_one_and_never_in_a_chain(town):
    main, second, third = (town.report(LEAK, actor="E01") for _ in range(3))
    act(town, second, "merge", "dispatcher", subject=main)
    assert (row_of(town, second)["status"], row_of(town, second)["duplicate_of"]) == ("merged", main)
    with pytest.raises(InputError, match=f"{second} is merged into {main} itself; merge into {main}"):
        act(town, third, "merge", "dispatcher", subject=second)
    with pytest.raises(InputError, match=f"{main} has 1 merged reports of its own"):
        act(town, main, "merge", "dispatcher", subject=third)
    act(town, second, "unmerge", "dispatcher", note="不是同一处")
    assert (row_of(town, second)["status"], pd.isna(row_of(town, second)["duplicate_of"])) == ("registered", True)


@pytest.mark.both
def test_of_many_who_act_on_the_same_state_one_wins_and_the_rest_get_the_difference(town):
    code = town.report(LEAK, actor="E01")
    outcomes: list[str] = []

    def dispatch(number: int) -> None:
        try:
            town.incidents.record(code, "dispatch", actor=f"D{number}", role="dispatcher", subject="U07", seen=1)
            outcomes.append("done")
        except ConflictError as error:
            outcomes.append(str(error))

    run([threading.Thread(target=dispatch, args=(number,)) for number in range(8)])
    assert outcomes.count("done") == 1
    assert sum("has 2 steps, you saw 1: dispatch by D" in words for words in outcomes) == 7
    assert town.count("incident_steps") == 2


WRITERS, CHANGES = (32, 50) if os.environ.get("GISAPP_NIGHTLY") else (8, 6)


def test_remarks_of_many_writers_on_the_same_incidents_are_all_kept_and_numbered(town):
    codes = [town.report(LEAK, actor="E01") for _ in range(3)]

    def remark(number: int) -> None:
        for turn in range(CHANGES):
            code = codes[(number + turn) % 3]
            town.incidents.record(code, "remark", actor=f"P{number}", role="unit", note=f"{number}-{turn}")

    run([threading.Thread(target=remark, args=(number,)) for number in range(WRITERS)])
    steps = town.table("incident_steps")
    assert sorted(steps["note"].dropna()) == sorted(f"{n}-{t}" for n in range(WRITERS) for t in range(CHANGES))
    for _, mine in steps.groupby("incident_code"):
        assert mine["step"].tolist() == list(range(1, len(mine) + 1))


def run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_history_of_an_older_store_is_brought_into_steps(path):
    old = Connections(older(path))
    with old.writing() as connection:
        incident = "INSERT INTO incidents (code, type, channel, status, reported_at, unit_code, drill) VALUES "
        connection.exec_driver_sql(
            f"{incident} ('A1', 'leak', 'phone', 'accepted', '2026-11-20T08:00:00.000Z', 'U07', 0)"
        )
        for minute, was, now in (
            (0, None, "registered"),
            (5, "registered", "dispatched"),
            (9, "dispatched", "accepted"),
        ):
            connection.exec_driver_sql(
                "INSERT INTO incident_history (incident_code, at, actor, action, from_status, to_status) "
                "VALUES ('A1', ?, 'U01', ?, ?, ?)", (f"2026-11-20T08:{minute:02d}:00.000Z", now, was, now),
            )  # fmt: skip
    old.close()
    upgrade_store(path)
    from gisapp.store import open_store

    with open_store(path) as store:
        incident = store.incidents.incident("A1")
        told = [(step.action, step.subject, step.to_status) for step in incident.steps]
        assert told == [
            ("register", None, "registered"),
            ("dispatch", "U07", "dispatched"),
            ("accept", None, "accepted"),
        ]
        assert incident.standing.repairs[0].moments["accepted_at"] == AT + timedelta(minutes=9)
        after = store.incidents.record("A1", "arrive", actor="K1", role="crew", note="到场")
        assert (after.status, store.table("incidents")["unit_code"].tolist()) == ("on_site", ["U07"])
    raw = sqlite3.connect(path)
    for system, column in (("gpkg_contents", "table_name"), ("layer_rev", "name"), ("sqlite_master", "name")):
        assert not raw.execute(f"SELECT count(*) FROM {system} WHERE {column} = 'incident_history'").fetchone()[0]
    raw.close()


def older(path):
    """Make a store as the program before this one did, at ``path``."""
    import pyproj
    from alembic import command
    from alembic.config import Config

    path.touch()
    connections = Connections(path)
    with connections.writing() as connection:
        config = Config(attributes={"connection": connection, "crs": pyproj.CRS("EPSG:4547")})
        config.set_main_option("script_location", str(migrate.FOLDER))
        command.upgrade(config, "0003")
        connection.exec_driver_sql(
            "INSERT INTO settings VALUES ('crs', '\"EPSG:4547\"'), ('zone', '\"Asia/Shanghai\"'), ('name', '\"\"')"
        )
    connections.close()
    return path


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        ({"summary": "更名"}, "customer_code or reporter_phone"),
        ({"reporter_phone": "分机8001"}, "summary"),
        ({"customer_code": "0001", "summary": " "}, "summary"),
    ],
)
def test_business_at_the_hall_is_not_registered_without_who_and_what(tmp_path, told, lacks):
    """P3.3."""
    fixed = {"type": "other", "channel": "counter", "category": "hall_business"}
    with create_store(tmp_path / "hall.gpkg", crs="EPSG:4547") as store:
        with pytest.raises(InputError, match=f"a registration of hall_business lacks {lacks}"):
            store.report(fixed | told, actor="E1")
        assert store.table("incidents").empty
        whole = {"customer_code": "0001", "summary": "更名"}
        assert store.report(fixed | whole, actor="E1")
