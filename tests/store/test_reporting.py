"""Reports: one incident and its first step, many writers, nothing lost."""

import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.errors import InputError, StoreError
from gisapp.store import create_store, open_store
from gisapp.store.reporting import incident_values
from gisapp.tables import conform

AT = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # the 22nd in Shanghai
LEAK = {"type": "leak", "channel": "phone", "reported_at": AT, "geom": shapely.Point(456_000, 3_378_000)}


@pytest.mark.both
def test_a_report_is_an_incident_and_its_first_step(store):
    code = store.report(LEAK | {"text": "路口漏水", "measure_m": 12.5, "grid_rev": 3}, actor="dispatcher-1")
    assert code == "20261122-000001"
    row = store.table("incidents").iloc[0]
    assert (row["code"], row["status"], row["drill"], row["text"]) == (code, "registered", False, "路口漏水")
    assert (row["reported_at"], row["measure_m"], row["grid_rev"]) == (pd.Timestamp(AT), 12.5, 3)
    assert row["geom"].equals(LEAK["geom"])
    (step,) = store.incidents.incident(code).steps
    assert (step.actor, step.role, step.action, step.at) == ("dispatcher-1", "customer_service", "register", AT)
    with pytest.raises(InputError, match="there is no incident 'unknown'"):
        store.incidents.incident("unknown")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"type": "patrol_finding", "channel": "patrol"}, "reported"),
        ({"type": "complaint"}, "registered"),
        ({"category": "suspected_leak"}, "suspected"),
    ],
)
def test_a_report_begins_where_its_life_begins(store, more, status):
    assert store.incidents.incident(store.report(LEAK | more, actor="a", role="grid_member")).status == status


def test_a_category_that_no_rule_has_is_refused(store):
    with pytest.raises(InputError, match="field category: unknown category 'seepage'"):
        store.report(LEAK | {"category": "seepage"}, actor="a")
    assert store.count("incidents") == 0


def test_codes_count_up_within_the_day_of_the_zone(store):
    codes = [store.report(LEAK | {"reported_at": AT + timedelta(hours=hour)}, actor="a") for hour in (0, 1, 17, -8)]
    assert codes == ["20261122-000001", "20261122-000002", "20261123-000001", "20261121-000001"]


def test_codes_go_on_after_stored_ones_and_pass_by_foreign_ones(store):
    for code in ("20261122-000041", "20261122-9", "20261122-00004X", "20261122-X"):
        store.report(LEAK | {"code": code}, actor="a")
    assert store.report(LEAK, actor="a") == "20261122-000042"


def test_a_day_without_codes_left_is_said(store):
    store.report(LEAK | {"code": "20261122-999999"}, actor="a")
    with pytest.raises(StoreError, match="no code left"):
        store.report(LEAK, actor="a")


@pytest.mark.both
def test_a_code_given_twice_is_refused_and_leaves_no_step(store):
    store.report(LEAK | {"code": "A1"}, actor="a")
    with pytest.raises(InputError, match="incident A1 is stored already"):
        store.report(LEAK | {"code": "A1"}, actor="a")
    assert (store.count("incidents"), store.count("incident_steps")) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"type": "flood"}, "field type: found 'flood'; use one of"),
        ({"type": None}, "field type: is empty"),
        ({"grade": 1}, "unknown column 'grade'"),
        ({"grid_rev": 1.5}, "field grid_rev"),
        ({"measure_m": "far"}, "field measure_m"),
        ({"drill": "no"}, "field drill"),
        ({"reported_at": datetime(2026, 11, 22)}, "field reported_at"),
        ({"geom": shapely.Point(float("inf"), 1)}, "field geom: has a coordinate that is no number"),
        ({"geom": shapely.box(0, 0, 1, 1)}, "field geom: found"),
        ({"summary": "x" * 4001}, "field summary: is 4001 characters long"),
    ],
)
def test_a_value_that_does_not_fit_is_named(store, wrong, words):
    with pytest.raises(InputError, match=words):
        store.report(LEAK | wrong, actor="a")
    assert store.count("incidents") == 0


def test_one_row_is_checked_as_a_table_of_rows_is(rows):
    frame = rows("incidents", 6)
    single = [incident_values(row) for row in frame.to_dict("records")]
    geom = gpd.GeoSeries([values.pop("geom") for values in single], crs=frame.crs)
    again = conform(gpd.GeoDataFrame(pd.DataFrame(single).assign(geom=geom), geometry="geom"), "incidents")
    pd.testing.assert_frame_equal(pd.DataFrame(again).drop(columns="geom"), pd.DataFrame(frame).drop(columns="geom"))


def test_the_day_of_a_code_is_that_of_the_zone(path):
    with create_store(path, crs="EPSG:4547", zone="America/Lima") as store:
        assert store.zone == ZoneInfo("America/Lima")
        assert store.report(LEAK, actor="a") == "20261121-000001"


def test_eight_writers_and_eight_readers_lose_and_tear_nothing(store, path):
    codes, torn, done = [], [], threading.Event()

    def write(number):
        # Every second one has connections of its own, as another process would.
        with open_store(path) if number % 2 else nullcontext(store) as own:
            codes.extend(own.report(LEAK | {"summary": f"{number}/{turn}"}, actor=f"w{number}") for turn in range(25))

    def read():
        with open_store(path) as other:
            while not done.is_set():
                with other._connections.reading() as connection:
                    counts = [
                        connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
                        for name in ("incidents", "incident_steps")
                    ]
                seen = len(other.table("incidents"))
                if counts[0] != counts[1] or seen < counts[0] or other.revision("incidents") < seen:
                    torn.append(counts)

    readers = [threading.Thread(target=read) for _ in range(8)]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert torn == []
    assert sorted(codes) == [f"20261122-{number:06d}" for number in range(1, 201)]
    frame = store.table("incidents")
    assert sorted(frame["code"]) == sorted(codes)
    assert frame["summary"].nunique() == 200


def test_a_writer_that_read_first_is_not_surprised_by_another(path, store):
    """A deferred transaction would fail here: the file changed between its reading and its writing."""
    with open_store(path) as other, store._connections.writing() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM incidents").scalar_one()
        waiting = threading.Thread(target=other.report, args=(LEAK,), kwargs={"actor": "b"})
        waiting.start()
        waiting.join(timeout=0.3)
        assert waiting.is_alive()  # the lock was taken at the beginning, so the other one waits
        connection.exec_driver_sql("INSERT INTO settings VALUES ('a', '1')")
        connection.commit()
        waiting.join(timeout=30)
    assert store.count("incidents") == 1


def test_a_reader_cannot_write(store):
    with (
        pytest.raises(StoreError, match=r"may not be written|takes no changes"),
        store._connections.reading() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM incidents")


def test_a_full_disk_refuses_a_report_and_the_next_one_goes_through(store, path):
    with store._connections.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def fill():
        while True:
            store.report(LEAK | {"text": "水" * 3000}, actor="a")

    with pytest.raises(StoreError, match="the disk is full"):
        fill()
    with store._connections.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    store.report(LEAK, actor="a")
    assert store.count("incidents") == store.count("incident_steps")
