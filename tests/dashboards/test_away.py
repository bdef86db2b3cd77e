"""What a server does while its database is away: it tells what it knows, says how old that is, refuses to write, and
goes on by itself.  `make degrade` does it to a server of its own, too.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from cluster import Cluster, lacking, running
from people import add_person, browser, log_in
from squares import squares

from dashboards import readiness
from dashboards.access import LOCAL
from dashboards.app import create_app
from dashboards.backing import Backing
from dashboards.bundles import tiles_of
from dashboards.dispatch.desk import Desk, ready
from dashboards.dispatch.sheet import sheet
from dashboards.signing import signing_of
from dashboards.snapshot import snapshot_of
from gisapp.accounts import IDLE
from gisapp.addresses import store_address
from gisapp.errors import UnavailableError
from gisapp.store import (
    connect,
    copy_whole,
    known,
    make_point,
    newest_point,
    open_store,
    reach,
    snapshots,
    verify_backup,
)
from gisapp.store.points import made_at
from gisapp.words import LANGUAGES, word

LEAK = {"type": "leak", "channel": "phone"}
PLACE = {"lat": "36.6669", "long": "114.0056"}
OPEN311 = "/open311/v2/requests.json"
PASSWORD = "vier worte im regen"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    if missing := lacking():
        pytest.skip(f"no server to test on: {missing}")
    path = tmp_path_factory.mktemp("squares") / "squares.gpkg"
    with squares(path) as store:
        add_person(store, "C1", "customer_service", "dispatcher", password=PASSWORD)
        store.report(LEAK, actor="C1")
    with running() as made:
        made.sql("CREATE DATABASE with_squares TEMPLATE with_postgis")
        copy_whole(path, made.address("with_squares"))
        yield made


@pytest.fixture
def address(cluster):
    """A database with the four squares, a person, and an incident."""
    yield cluster.database("with_squares")
    cluster.drop_made()


@pytest.fixture
def store(address, monkeypatch):
    monkeypatch.setattr(readiness, "LOOKED_S", 0.0)
    monkeypatch.setattr(reach, "AGAIN_S", 0.0)
    monkeypatch.setattr(connect, "SOON_S", 0.5)
    monkeypatch.setattr(snapshots, "SETTLED", snapshots.SETTLED * 0)
    with open_store(address) as made:
        yield made


@pytest.fixture
def app(store):
    return create_app(store)


@contextmanager
def away(cluster):
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


def test_pages_tiles_and_what_waits_are_told_from_memory_and_all_goes_on_by_itself(cluster, store, app):
    client = browser(app, "C1")
    key = store.accounts.add_token("C1", "t", actor="t")
    tile = tiles_of(app.server).address("grids").url.format(z=0, x=0, y=0)
    reads = ("/en/dispatch", "/en/planner", tile, "/find?q=G1", "/public/shutoffs", f"{OPEN311}?api_key={key}")
    before = {address: client.get(address).status_code for address in reads}
    assert set(before.values()) <= {200, 204}
    assert client.get("/version").json["store"] == {"answered": None, "writable": "ok"}
    with away(cluster):
        assert client.get("/readyz").status_code == 503
        assert {address: client.get(address).status_code for address in reads} == before
        told = client.get("/version").json
        assert told["store"]["answered"]
        assert told["revisions"]["incidents"]
        other = client.get("/find?q=something else")
        assert (other.status_code, other.json["why"]) == (503, "missing")
        with pytest.raises(UnavailableError, match="nothing was written"):
            store.report(LEAK, actor="C1")
    assert client.get("/readyz").status_code == 200
    assert client.get("/version").json["store"]["answered"] is None
    store.report(LEAK, actor="C1")
    assert len(store.table("incidents")) == 2


def test_a_sheet_of_what_waits_is_told_though_nobody_had_opened_it(cluster, store):
    app = create_app(store, person_of=lambda: LOCAL)
    ready(snapshot_of(app.server))
    desk = Desk(snapshot_of(app.server))
    code = store.table("incidents")["code"].iloc[0]
    with app.server.test_request_context("/en/dispatch"), away(cluster):
        assert code in str(sheet(code, desk, "dispatcher", "en"))


def test_what_is_written_is_refused_in_three_languages_without_the_name_of_the_machine(cluster, store, app):
    client = browser(app, "C1")
    form = {"service_code": "public_leak", **PLACE, "api_key": store.accounts.add_token("C1", "t", actor="t")}
    assert client.get("/en/dispatch").status_code == 200
    assert client.get(OPEN311, query_string={"api_key": form["api_key"]}).status_code == 200
    with away(cluster):
        for language in LANGUAGES:
            told = client.get("/find?q=else", headers={"Referer": f"http://localhost/{language}/planner"})
            assert told.json["message"] == word("store.missing", language)
            assert int(told.headers["Retry-After"]) > 0
            assert str(cluster.folder) not in told.get_data(as_text=True)
        told = client.post(OPEN311, data=form)
        assert (told.status_code, told.json[0]["description"]) == (503, word("store.missing", "en"))
        assert int(told.headers["Retry-After"]) > 0


def test_nobody_logs_in_and_whoever_opens_a_page_is_told_in_words(cluster, app):
    client, html = app.server.test_client(), {"Accept": "text/html"}
    client.get("/en/login")
    with away(cluster):
        client.environ_base.update(HTTP_ACCEPT="text/html")
        told = log_in(client, "C1", PASSWORD)
        assert told.status_code == 503
        assert word("store.missing", "en") in told.get_data(as_text=True)
        stranger = app.server.test_client()
        stranger.set_cookie(signing_of(app.server).cookie, "never seen")
        told = stranger.get("/zh-Hant/dispatch", headers=html)
        assert (told.status_code, told.mimetype) == (503, "text/html")
        assert word("store.missing", "zh-Hant") in told.get_data(as_text=True)


@pytest.fixture
def asked_each_time(monkeypatch):
    """The store is asked for a session at every request, and not every two seconds."""
    monkeypatch.setattr(known, "LATELY", timedelta())


@pytest.mark.usefixtures("asked_each_time")
@pytest.mark.parametrize("change", ["disabled", "ended", "logged out"])
def test_a_session_that_is_over_is_known_no_more_once_the_database_is_back(cluster, address, store, app, change):
    client = browser(app, "C1")
    assert client.get("/version").status_code == 200
    with away(cluster):
        assert client.get("/version").status_code == 200
        if change == "logged out":
            secret = client.get_cookie(signing_of(app.server).cookie).value
            with pytest.raises(UnavailableError):
                store.accounts.end(secret, actor="C1")
            assert client.get("/version").status_code == 401
    if change != "logged out":
        cluster.sql(
            {"disabled": "UPDATE users SET disabled = true", "ended": "UPDATE sessions SET ended_at = now()"}[change],
            address.split("/")[3].split("?")[0],
        )
    assert client.get("/version").status_code == 401
    with away(cluster):
        assert client.get("/version").status_code in (401, 503)


@pytest.mark.usefixtures("asked_each_time")
def test_a_session_is_known_by_memory_for_two_hours_and_by_its_own_limits(cluster, store, app, monkeypatch):
    accounts, now = store.accounts, datetime.now(UTC)
    secret = accounts.begin("C1")
    assert accounts.session(secret, active=True)
    with away(cluster):
        assert accounts.session(secret, active=False)
        assert accounts.session(secret, active=False, now=now + IDLE + timedelta(seconds=10)) is None
        assert accounts.by_token(secret) is None  # a session is no token
        monkeypatch.setattr(known, "SURE", known.SURE * 0)
        with pytest.raises(UnavailableError):
            accounts.session(secret, active=False)


def test_personal_data_is_not_shown_and_nothing_goes_out_while_the_audit_cannot_be_written(cluster, store, app):
    client = browser(app, "C1")
    code = store.table("incidents")["code"].iloc[0]
    assert client.get("/version").status_code == 200
    with away(cluster):
        with pytest.raises(UnavailableError):
            store.incidents.in_clear(code, actor="C1", role="dispatcher", why="somebody must be called")
        with pytest.raises(UnavailableError):
            store.note_way_out("export", actor="C1", why="x", rows={})
        assert client.get("/version").status_code == 200


def test_a_table_that_moved_just_before_is_not_taken_for_what_it_was(cluster, store, monkeypatch):
    """What is derived from older rows under the newer number would be kept for good."""
    monkeypatch.setattr(snapshots, "SETTLED", timedelta(hours=1))
    store.table("incidents")
    store.report(LEAK, actor="C1")
    moved = store.revision("incidents")
    with away(cluster):
        assert store.revision("incidents") == moved
        with pytest.raises(UnavailableError):
            store.table("incidents")
        monkeypatch.setattr(snapshots, "SETTLED", timedelta())
        assert store.revision("incidents") < moved
        assert len(store.table("incidents")) == 1
    assert store.revision("incidents") == moved
    assert len(store.table("incidents")) == 2


@pytest.mark.skipif("GISAPP_DEGRADE" not in os.environ, reason="it waits for what does not come: make degrade")
def test_a_database_that_is_frozen_and_ends_no_connection_is_away_too(cluster, store, app, monkeypatch):
    monkeypatch.setattr(reach, "AGAIN_S", 600.0)
    client = browser(app, "C1")
    assert [client.get(one).status_code for one in ("/en/dispatch", "/version")] == [200, 200]
    with frozen(cluster):
        assert client.get("/readyz").json["checks"]["writable"] == "missing"
        assert client.get("/version").json["store"]["answered"]
        assert client.get("/en/dispatch").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/version").json["store"]["answered"] is None
    store.report(LEAK, actor="C1")


@contextmanager
def frozen(cluster):
    """Let every process of a server stand still, as on a machine that swaps or whose disk hangs."""
    head = psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))
    processes = [head, *head.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def test_backups_of_a_server_are_made_beside_it_and_none_is_left_half_while_it_is_away(cluster, address, tmp_path):
    """P6.5."""
    place = store_address(address)
    backing = Backing(place, tmp_path, every=timedelta(minutes=15), keep=2)
    with away(cluster), pytest.raises(UnavailableError):
        make_point(place, tmp_path, keep=2)
    assert list(tmp_path.glob("*.gpkg*")) == []
    assert backing.make()
    point = newest_point(place, tmp_path)
    verify_backup(point)
    assert made_at(point, place) == backing.newest()
    with open_store(point) as copy, open_store(address) as store:
        assert copy.audit_head() == store.audit_head()
        assert copy.table("incidents")["code"].tolist() == store.table("incidents")["code"].tolist()
    assert make_point(place, tmp_path, keep=2, every=timedelta(minutes=15)) is None


@pytest.mark.skipif("GISAPP_DEGRADE" not in os.environ, reason="half a minute of a server of its own: make degrade")
def test_a_server_whose_database_is_stopped_is_red_within_5_s_reads_on_and_is_green_again(cluster, address):
    with open_store(address) as store:
        secret, key = store.accounts.begin("C1"), store.accounts.add_token("C1", "t", actor="t")
    with served(address) as (port, cookie):
        ask = asking(port, f"{cookie}={secret}")
        reads = ("/en/dispatch", "/en/planner", "/version", f"{OPEN311}?api_key={key}")
        assert until(lambda: all(ask(one)[0] == 200 for one in reads)) < 30
        for _ in range(2):
            cluster.stop()
            assert until(lambda: ask("/readyz")[0] == 503) < 5
            begun = time.monotonic()
            while time.monotonic() - begun < 6:
                assert [ask(one)[0] for one in reads] == [200] * len(reads)
            assert json.loads(ask("/version")[1])["store"]["answered"]
            cluster.start()
            assert until(lambda: ask("/readyz")[0] == 200) < 5
            assert json.loads(ask("/version")[1])["store"]["answered"] is None


@contextmanager
def served(address):
    """Serve a store in a process of its own; give its port and the name of the cookie of sessions."""
    words = [sys.executable, "-m", "dashboards", "serve", "--store", address, "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "GISAPP_DEGRADE"}
    environment |= {"GISAPP_SECRET_KEY": "k" * 32}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as running_:
        told = next(line for line in running_.stderr if "http://" in line)
        threading.Thread(target=running_.stderr.read, daemon=True).start()
        mark = hashlib.sha256(b"k" * 32).hexdigest()[:8]
        try:
            yield int(told.split("127.0.0.1:")[1].split("/")[0]), f"gisapp_session_{mark}"
        finally:
            running_.terminate()
        assert running_.wait(60) == 0


def asking(port, cookie):
    """Return what asks a server as a browser with a session does."""

    def ask(address):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{address}", headers={"Cookie": cookie})
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode()

    return ask


def until(holds):
    """Return after how many seconds something held; 60 where it never did."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        if holds():
            return time.monotonic() - begun
        time.sleep(0.1)
    return 60.0
