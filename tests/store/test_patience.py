"""While another program holds the store a few may wait to write, and all others are told at once that they cannot."""

import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from gisapp.accounts import User
from gisapp.errors import UnavailableError
from gisapp.store import create_store, patience

LEAK = {"type": "leak", "channel": "phone"}


@pytest.fixture
def store(store, monkeypatch):
    monkeypatch.setattr(patience, "SOON_S", 0.1)
    store.let_wait(2)
    return store


@contextmanager
def held(path):
    """Hold the write lock of a file, as another program does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


class Writers:
    """Eight threads that write at once, and what became of each."""

    def __init__(self, write):
        self.told, self.refused = [], threading.Semaphore(0)
        self._write = write
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(8)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        try:
            self.told.append(self._write(number))
        except UnavailableError as error:
            self.told.append(error.why)
            self.refused.release()

    def wait_refused(self, count):
        assert all(self.refused.acquire(timeout=20) for _ in range(count))

    def join(self):
        for thread in self._threads:
            thread.join()


def test_a_few_commands_wait_for_another_program_and_the_others_are_refused(store, path):
    with held(path):
        writers = Writers(lambda number: store.set_setting("session_hours", number, actor="t"))
        writers.wait_refused(5)  # one has the turn, two wait behind it
        with pytest.raises(UnavailableError, match="others are waiting to write already; nothing was written"):
            store.set_setting("session_hours", 99, actor="t")
        assert store.standing().writable == "locked"
        assert len(store.revisions()) > 10
    writers.join()
    assert sorted(map(str, writers.told)) == ["None"] * 3 + ["busy"] * 5
    assert len(store.audit()) == 3
    store.set_setting("session_hours", 12, actor="t")


def test_a_report_that_is_refused_is_not_written_later_with_those_that_wait(store, path):
    with held(path):
        writers = Writers(lambda number: store.report({**LEAK, "text": str(number)}, actor="t"))
        writers.wait_refused(6)
    writers.join()
    codes = [told for told in writers.told if told != "busy"]
    assert sorted(codes) == sorted(store.table("incidents")["code"])
    assert len(codes) == 2
    assert store.report(LEAK, actor="t")


def test_without_a_limit_everybody_waits(path):
    with create_store(path, crs="EPSG:4547") as store:
        with held(path):
            writers = Writers(lambda number: store.set_setting("session_hours", number, actor="t"))
        writers.join()
        assert writers.told == [None] * 8


def test_a_session_that_is_used_is_read_while_nobody_can_write(store, path):
    store.accounts.add(User("D001", "调度一台", ("dispatcher",)), "vier worte im regen", actor="local")
    secret, now = store.accounts.begin("D001"), datetime.now(UTC)
    with held(path):
        for minutes in (10, 20, 45):
            assert store.accounts.session(secret, active=True, now=now + timedelta(minutes=minutes))
    store.accounts.close()
    assert store.accounts.session(secret, active=False, now=now + timedelta(minutes=70))
