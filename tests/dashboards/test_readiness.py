"""What a watchman is told: green while the server can work, red with one word why not, green again by itself."""

import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from squares import squares

from dashboards import readiness
from dashboards.app import create_app
from dashboards.readiness import Readiness
from gisapp.errors import StoreError

LEAK = {"type": "leak", "channel": "phone"}


@pytest.fixture
def store(tmp_path):
    with squares(tmp_path / "squares.gpkg") as made:
        yield made


@pytest.fixture
def client(store, monkeypatch):
    monkeypatch.setattr(readiness, "LOOKED_S", 0.0)
    return create_app(store, person_of=lambda: None).server.test_client()  # nobody is logged in


def asked(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json["checks"]


def pragma(store, words):
    """Say something to the connection that writes."""
    holder = store._connections.writer.raw_connection()
    holder.driver_connection.execute(words).fetchall()
    holder.close()


def test_a_watchman_needs_no_login_and_is_told_nothing_of_the_city(client, store):
    assert client.get("/healthz").json == {"alive": True}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["ready"]) == (200, True)
    assert set(answer.json["checks"].values()) <= {"ok", "none"}
    assert client.get("/version").status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_full_disk_is_red_reads_go_on_and_space_makes_it_green_again(client, store):
    grids = len(store.table("grids"))
    pragma(store, "PRAGMA max_page_count = 1")  # as many as there are
    assert asked(client)[0] == 503
    assert asked(client)[1]["writable"] == "full"
    with pytest.raises(StoreError, match="the disk is full; nothing was written"):
        store.set_setting("large", "x" * 1_000_000, actor="t")
    assert len(store.table("grids")) == grids
    pragma(store, "PRAGMA max_page_count = 1073741823")
    assert asked(client)[0] == 200
    assert store.report(LEAK, actor="E01")


def test_a_store_that_may_not_be_written_is_red_and_reads_go_on(client, store):
    pragma(store, "PRAGMA query_only = ON")
    assert asked(client) == (503, asked(client)[1])
    assert asked(client)[1]["writable"] == "read-only"
    assert client.get("/healthz").status_code == 200
    assert len(store.table("grids")) == 4
    pragma(store, "PRAGMA query_only = OFF")
    assert asked(client)[0] == 200


def test_a_store_that_another_program_holds_is_red_within_a_second_and_reads_go_on(client, store):
    with closing(sqlite3.connect(store.address, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert asked(client)[1]["writable"] == "locked"
        assert time.monotonic() - begun < 5
        assert len(store.table("grids")) == 4
        other.execute("ROLLBACK")
    assert asked(client)[0] == 200


def test_a_look_leaves_nothing_in_the_store(client, store):
    before = store.revisions(), store.audit_head()
    assert asked(client)[0] == 200
    assert store.setting("probe") is None
    assert (store.revisions(), store.audit_head()) == before


def test_an_own_save_that_takes_long_is_no_fault(client, store):
    begun, done = threading.Event(), threading.Event()

    def write():
        with store._connections.writing():
            begun.set()
            done.wait(30)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write)
        assert begun.wait(30)
        assert (asked(client)[1]["writable"], store.writers) == ("ok", 1)
        done.set()
    assert store.writers == 0


def test_little_space_on_the_disk_is_red(store, monkeypatch):
    free = shutil.disk_usage(store.address.parent).free // 1_000_000
    assert Readiness(store, disk_min_mb=free + 10_000).checks()["disk"] == "full"
    assert Readiness(store, disk_min_mb=0).checks()["disk"] == "ok"


def test_a_clock_before_what_is_written_or_one_that_jumped_is_red(store):
    store.set_setting("key", 1, actor="E1")
    assert Readiness(store, now=lambda: datetime.now(UTC) - timedelta(days=1)).checks()["clock"] == "behind"
    moments = iter([datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)])
    assert Readiness(store, now=lambda: next(moments)).checks()["clock"] == "jumped"


def test_an_import_that_is_old_is_late_and_the_server_still_ready(store):
    store.save({"org_units": store.table("org_units").iloc[:0]}, actor="t", source={"file": "x.csv"})
    late = Readiness(store, import_max_days=1, now=lambda: datetime.now(UTC))
    assert late.checks()["last_import"] == "ok"
    old = Readiness(store, import_max_days=1e-9)
    assert (old.checks()["last_import"], old.ready()) == ("late", True)


def test_another_schema_is_red(client, store):
    with closing(sqlite3.connect(store.address)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    assert asked(client) == (503, asked(client)[1] | {"schema": "other"})


def test_many_questions_cost_one_look(store, monkeypatch):
    looks, one, found = [], Readiness(store), store.standing()
    monkeypatch.setattr(store, "standing", lambda: looks.append(1) or found)
    for _ in range(50):
        one.checks()
    assert len(looks) == 1
