"""What a server does while its store cannot be written: reads go on, a command is told why, nothing is half written,
the watchman sees red, and all of it is over by itself.  `make degrade` does it to a server of its own, too.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from people import add_person
from squares import squares

from dashboards import readiness
from dashboards.access import LOCAL
from dashboards.app import create_app
from gisapp.errors import StoreError, UnavailableError
from gisapp.store import open_store, sqlite_file
from gisapp.store.probing import Standing

LEAK = {"type": "leak", "channel": "phone"}
PLACE = {"lat": "36.6669", "long": "114.0056"}
OPEN311 = "/open311/v2/requests.json"
KEY = "k" * 32
COOKIE = f"gisapp_session_{hashlib.sha256(KEY.encode()).hexdigest()[:8]}"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_file, "_BUSY_S", 0.3)  # nobody here waits for half a minute
    (tmp_path / "folder").mkdir()
    with squares(tmp_path / "folder" / "squares.gpkg") as made:
        yield made


@pytest.fixture
def client(store, monkeypatch):
    monkeypatch.setattr(readiness, "LOOKED_S", 0.0)
    return create_app(store, person_of=lambda: LOCAL, person_of_key={"k": LOCAL}.get).server.test_client()


def said_to_writer(store, words):
    with closing(store._connections.writer.raw_connection()) as holder:
        holder.driver_connection.execute(words).fetchall()


@contextmanager
def full(store) -> Iterator[None]:
    said_to_writer(store, "PRAGMA max_page_count = 1")  # as many as there are
    yield
    said_to_writer(store, "PRAGMA max_page_count = 1073741823")


@contextmanager
def read_only(store) -> Iterator[None]:
    said_to_writer(store, "PRAGMA query_only = ON")
    yield
    said_to_writer(store, "PRAGMA query_only = OFF")


@contextmanager
def locked(store) -> Iterator[None]:
    with closing(sqlite3.connect(store.address, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def gone(store) -> Iterator[None]:
    away = store.address.with_name("away")
    store.address.rename(away)
    yield
    away.rename(store.address)


@contextmanager
def folder_gone(store) -> Iterator[None]:
    folder = store.address.parent
    folder.rename(folder.with_name("away"))
    yield
    folder.with_name("away").rename(folder)


FAULTS = {
    full: ("full", "the disk is full; nothing was written"),
    read_only: ("read-only", "may not be written; change its permissions"),
    locked: ("locked", "another program has been writing"),
    gone: ("missing", "the file is not there any more; nothing was written, bring it back"),
    folder_gone: ("missing", "the file is not there any more; nothing was written, bring it back"),
}


def fill(store):
    """Write until a disk that is full is noticed: one row may fit into what the file has."""
    store.set_setting("large", "x" * 1_000_000, actor="t")


@pytest.mark.parametrize("fault", FAULTS)
def test_reads_go_on_commands_are_told_why_and_all_is_over_by_itself(store, client, fault):
    word, words = FAULTS[fault]
    before = store.report(LEAK, actor="E01")
    revisions = store.revisions()
    with fault(store):
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json["checks"]["writable"]) == (503, word)
        assert client.get("/healthz").status_code == 200
        for address in ("/version", "/en/planner", "/find?q=G1", "/ogc/collections/grids/items"):
            assert client.get(address).status_code == 200, address
        with pytest.raises(StoreError, match=words):
            fill(store)
        if fault is not full:  # what is small finds room on a page that is free
            with pytest.raises(StoreError, match=words):
                store.report(LEAK, actor="E01")
            told = client.post(OPEN311, data={"service_code": "public_leak", **PLACE, "api_key": "k"})
            assert told.status_code == 503
            assert int(told.headers["Retry-After"]) > 0
            assert "Nothing was written" in told.get_data(as_text=True)
            assert "Traceback" not in told.get_data(as_text=True)
    assert client.get("/readyz").status_code == 200
    fill(store)
    after = store.report(LEAK, actor="E01")
    assert store.verify_audit().fault == ""
    assert store.table("incidents")["code"].tolist()[:1] == [before]
    assert store.count("incidents") == store.count("incident_steps")
    if fault is not full:
        assert store.table("incidents")["code"].tolist() == [before, after]
        assert store.revisions()["incidents"] == revisions["incidents"] + 1


def test_a_file_that_was_put_in_its_place_is_refused_and_stays_as_it_is(store, client, tmp_path):
    """A store brought back under a running server would be written over by what the old one's log still holds."""
    squares(tmp_path / "other.gpkg").close()
    other = (tmp_path / "other.gpkg").read_bytes()
    os.replace(tmp_path / "other.gpkg", store.address)
    assert client.get("/readyz").json["checks"]["writable"] == "replaced"
    with pytest.raises(StoreError, match="another file stands in its place; nothing was written, stop the server"):
        store.report(LEAK, actor="E01")
    assert Path(store.address).read_bytes() == other


def test_a_store_that_cannot_be_read_either_is_told_to_the_watchman_and_in_words(store, monkeypatch):
    """A server of databases may be away altogether."""

    def away(*_):
        raise UnavailableError("missing", "the server does not answer", place="db.example")

    monkeypatch.setattr(readiness, "LOOKED_S", 0.0)
    client = create_app(store).server.test_client()
    assert client.get("/readyz").status_code == 200
    with monkeypatch.context() as gone:
        gone.setattr(store.accounts, "exist", away)
        gone.setattr(store, "revisions", away)
        gone.setattr(store, "standing", lambda: Standing("missing", "missing", None, None))
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json["checks"]["writable"]) == (503, "missing")
        assert client.get("/healthz").status_code == 200
        told = client.get("/version")
        assert (told.status_code, told.json["why"]) == (503, "missing")
        assert "db.example" not in told.get_data(as_text=True)
    assert client.get("/readyz").status_code == 200
    assert client.get("/version").status_code == 200


@pytest.mark.skipif("GISAPP_DEGRADE" not in os.environ, reason="a minute of a server of its own: make degrade")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a small disk")
def test_a_server_on_a_disk_that_is_really_full_locked_or_gone_is_red_within_5_s_and_green_again(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "squares.gpkg"
        with squares(path) as store:
            add_person(store, "C1", "customer_service", "dispatcher")
            key = store.accounts.add_token("C1", "t", actor="t")
            report = {"service_code": "public_leak", **PLACE, "api_key": key}
        with served(path) as get:
            assert get(OPEN311, report)[0] == 201
            for fault, words in ((filled, "full"), (held, "locked"), (moved, "missing")):
                before = count(path, "incidents")
                with fault(path):
                    assert until(lambda words=words: get("/readyz") == (503, [words])) < 5
                    assert [
                        get(address)[0] for address in ("/healthz", "/public/shutoffs", f"{OPEN311}?api_key={key}")
                    ] == [200] * 3
                    status, text = get(OPEN311, report)
                    assert status == 503
                    assert "Nothing was written" in text
                assert until(lambda: get("/readyz") == (200, [])) < 5
                assert count(path, "incidents") == count(path, "incident_steps") == before
                assert get(OPEN311, report)[0] == 201
        with open_store(path) as store:
            assert store.verify_audit().fault == ""
            assert store.count("incidents") == 4


@pytest.mark.skipif("GISAPP_DEGRADE" not in os.environ, reason="a minute of a server of its own: make degrade")
def test_while_a_hundred_commands_wait_for_another_program_everybody_reads_on(tmp_path):
    path = tmp_path / "squares.gpkg"
    with squares(path) as store:
        add_person(store, "C1", "customer_service", "dispatcher")
        key = store.accounts.add_token("C1", "t", actor="t")
        secret = store.accounts.begin("C1")
    report = {"service_code": "public_leak", **PLACE, "api_key": key}
    with served(path) as get:
        cookie = {"Cookie": f"{COOKIE}={secret}"}
        assert get("/en/dispatch", headers=cookie)[0] == 200
        with ThreadPoolExecutor(20) as people, held(path):
            told = [people.submit(get, OPEN311, report) for _ in range(100)]
            assert until(lambda: sum(one.done() for one in told) > 50) < 30
            times = [until(lambda: get("/en/dispatch", headers=cookie)[0] == 200) for _ in range(20)]
            assert until(lambda: get("/readyz") == (503, ["locked"])) < 5
            print(f"pages while commands wait: {sorted(times)[10]:.2f} s, the slowest {max(times):.2f} s")
            assert max(times) < 5
            assert sum(not one.done() for one in told) > 0
        statuses = sorted(one.result()[0] for one in told)
        assert set(statuses) <= {201, 503}
        assert count(path, "incidents") == count(path, "incident_steps") == statuses.count(201)
        assert until(lambda: get("/readyz") == (200, [])) < 5


@contextmanager
def small_disk(folder):
    """Give a disk of 12 MB."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def served(path):
    """Serve a store in a process of its own; give what asks it."""
    words = [sys.executable, "-m", "dashboards", "serve", "--store", str(path), "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "GISAPP_DEGRADE"}
    environment |= {"GISAPP_DISK_MIN_MB": "1", "GISAPP_SECRET_KEY": KEY}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as running:
        told = next(line for line in running.stderr if "http://" in line)
        port = int(told.split("127.0.0.1:")[1].split("/")[0])
        threading.Thread(target=running.stderr.read, daemon=True).start()

        def get(address, data=None, headers=None):
            sent = None if data is None else urllib.parse.urlencode(data).encode()
            asked = urllib.request.Request(f"http://127.0.0.1:{port}{address}", sent, headers or {})
            try:
                answer = urllib.request.urlopen(asked, timeout=60)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                text = answer.read().decode()
            return answer.status, reds(text) if address == "/readyz" else text

        try:
            yield get
        finally:
            running.terminate()
        assert running.wait(60) == 0


def reds(text):
    """Return what /readyz says of what is red."""
    return [word for word in json.loads(text)["checks"].values() if word not in ("ok", "none")]


@contextmanager
def filled(path):
    """Fill the disk to its last byte."""
    stuff = path.with_name("stuff")
    with suppress(OSError), stuff.open("wb", buffering=0) as file:
        while True:
            file.write(b"0" * 4096)
    yield
    stuff.unlink()


@contextmanager
def held(path):
    """Hold the write lock from another process."""
    code = "import sqlite3, sys; a = sqlite3.connect(sys.argv[1]); a.execute('BEGIN IMMEDIATE'); print('held'); input()"
    with subprocess.Popen(
        [sys.executable, "-uc", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        yield
        other.kill()


@contextmanager
def moved(path):
    """Take the file away."""
    path.rename(path.with_name("away"))
    yield
    path.with_name("away").rename(path)


def count(path, table):
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def until(holds):
    """Return after how many seconds something held; 60 where it never did."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        if holds():
            return time.monotonic() - begun
        time.sleep(0.2)
    return 60.0
