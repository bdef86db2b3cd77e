"""A program that is killed while it saves leaves all of a save or nothing of it; `make crash` does it twenty times."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from gisapp.store import create_store, open_store

KILLS = int(os.environ.get("GISAPP_KILLS", "5"))
BATCH = 3000
SAVING = """
import sys
import geopandas as gpd, numpy as np, pandas as pd, shapely
from gisapp.store import open_store
def batch(turn, n=3000):
    rows = pd.DataFrame({"code": [f"{turn}-{row}" for row in range(n)], "type": "leak", "channel": "phone",
        "status": "registered", "reported_at": pd.Timestamp("2026-01-01T00:00Z"), "drill": False})
    points = gpd.GeoSeries(shapely.points(np.random.default_rng(turn).uniform(4e5, 5e5, (n, 2))), crs="EPSG:4547")
    steps = rows[["code", "reported_at"]].set_axis(["incident_code", "at"], axis=1)
    steps = steps.assign(step=1, noted_at=steps["at"], actor="t", role="unit", action="register")
    steps = steps.assign(to_status="registered")
    return {"incidents": gpd.GeoDataFrame(rows.assign(geom=points), geometry="geom"), "incident_steps": steps}
with open_store(sys.argv[1]) as store:
    turn = store.count("incidents") // 3000
    print("ready", flush=True)
    while True:
        store.save(batch(turn), actor="t")
        turn += 1
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
def test_a_killed_save_leaves_all_or_nothing(path):
    create_store(path, crs="EPSG:4547").close()
    draw = random.Random(7)
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", SAVING, str(path)], stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"ready\n"
            time.sleep(draw.uniform(0.05, 1.2))
            running.kill()
        check_whole(path)


def check_whole(path):
    """Assert that the store opens and holds whole saves only, with triggers, indexes and R-tree in place."""
    with open_store(path) as store:
        count = store.count("incidents")
        assert count % BATCH == 0
        assert count == store.count("incident_steps") == len(store.table("incidents"))
        assert sum(store.audit()["tables"].map(lambda tables: tables["incidents"])) == count
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert raw.execute("SELECT rtreecheck('rtree_incidents_geom')").fetchone() == ("ok",)
    assert raw.execute("SELECT count(*) FROM rtree_incidents_geom").fetchone() == (count,)
    triggers = raw.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'incidents'")
    assert triggers.fetchone() == (9,)
    raw.close()
