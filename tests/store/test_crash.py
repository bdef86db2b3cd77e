"""What is killed on its way leaves all of it or nothing; `make crash` does it two hundred times and begins servers."""

import json
import os
import random
import shutil
import signal
import sqlite3
from contextlib import closing

import pytest

from benchmarks.killed_acts import judge_acts, judge_server, kill_acts, kill_server
from benchmarks.killed_commands import OPERATIONS, after, judged, kill, timed, while_writing
from benchmarks.killing import faults_of_store, ground, prepared, small_town
from gisapp.store import open_store

KILLS = int(os.environ.get("GISAPP_KILLS", "1"))
ROWS = 3000
by_make_crash = pytest.mark.skipif("GISAPP_KILLS" not in os.environ, reason="a minute of servers: make crash")
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A small store and what stands in it."""
    folder = tmp_path_factory.mktemp("town")
    with small_town(folder / "town.gpkg") as store:
        before = prepared(store, folder / "hotline.csv", ROWS)
    return folder / "town.gpkg", before


@pytest.mark.parametrize("operation", OPERATIONS[:3], ids=lambda one: one.name)
def test_a_killed_command_leaves_all_or_nothing_and_can_be_asked_again(town, tmp_path, operation):
    draw = random.Random(operation.name)
    for number in range(KILLS):
        with ground(*town[:1], tmp_path / str(number), town[1]) as on:
            told = kill(on, operation, while_writing(draw.uniform(0, 0.2)))
            assert judged(on, told, operation).faults == []


def test_what_a_killed_process_told_is_there(town, tmp_path):
    with ground(town[0], tmp_path / "acts", town[1]) as on:
        told = kill_acts(on, 0.3)
        assert told
        assert judge_acts(on, told).faults == []


@by_make_crash
def test_what_a_killed_server_answered_is_there(town, tmp_path):
    with ground(town[0], tmp_path / "served", town[1]) as on:
        codes = kill_server(on, 0.3)
        assert codes
        assert judge_server(on, codes).faults == []


@by_make_crash
@pytest.mark.parametrize("operation", OPERATIONS[:2], ids=lambda one: one.name)
def test_a_killed_client_leaves_all_or_nothing_on_a_server(cluster, tmp_path, operation):
    draw, whole_s = random.Random(operation.name), 0.0
    for number in range(1 + KILLS):
        address = cluster.database()
        with small_town(address) as store:
            before = prepared(store, tmp_path / "hotline.csv", 10 * ROWS)
        with ground(address, tmp_path / str(number), before) as on:
            if not whole_s:
                whole_s, _ = timed(on, operation)
                continue
            told = kill(on, operation, after(draw.uniform(0.5, 1) * whole_s))
            outcome = judged(on, told, operation)
            assert outcome.faults == []
            print(operation.name, "was told" if told else "was there" if outcome.done else "was not there")


def test_what_is_wrong_after_a_kill_would_be_seen(town, tmp_path):
    activation, backup = OPERATIONS[1:3]
    with ground(town[0], tmp_path / "told", town[1]) as on:
        assert [fault.split(":")[0] for fault in judged(on, True, activation).faults] == ["lost"]
    with ground(town[0], tmp_path / "half", town[1]) as on:
        shutil.copy(on.store, on.folder / "kept.gpkg")
        faults = judged(on, False, backup).faults
        assert [fault.split(":")[0] for fault in faults] == ["partial", "next try", "partial", "lost", "next try"]
    with ground(town[0], tmp_path / "step", town[1]) as on:
        with open_store(on.store) as store:
            store.save({"grids": store.table("grids").iloc[:1].assign(code="G9")}, actor="crash")
        assert judged(on, False, activation).faults[0].startswith("partial: {'step': False, 'grids': True")
    with ground(town[0], tmp_path / "acts", town[1]) as on:
        assert judge_acts(on, [{"code": "20260101-000001", "steps": 1}]).faults[0].startswith("lost")
    with ground(town[0], tmp_path / "ahead", town[1]) as on:
        anchor = on.folder / "anchors" / "town.gpkg.anchor"
        anchor.write_text(anchor.read_text() + json.dumps({"number": 99, "hash": "0" * 64}) + "\n")
        assert faults_of_store(on.store)[0].startswith("audit: the tail was cut")
    with ground(town[0], tmp_path / "index", town[1]) as on:
        with closing(sqlite3.connect(on.store)) as raw, raw:
            raw.execute("DELETE FROM rtree_grids_geom_rowid WHERE rowid = 1")
        assert faults_of_store(on.store)[0].startswith("unreadable: index of grids")
