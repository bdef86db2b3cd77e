"""An import that is killed leaves all of the file or none of it; `make crash` does it twenty times."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from gisapp.store import create_store, open_store

ROWS = 20_000
KILLS = int(os.environ.get("GISAPP_KILLS", "3"))


@pytest.fixture(scope="module")
def hotline(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "hotline.csv"
    rows = (f"N{n:06},{500_000 + n % 4000},{3_400_000 + n // 4000},2026-10-{1 + n % 30:02}T08:00" for n in range(ROWS))
    path.write_text("code,x,y,reported_at\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def importing(store, file):
    words = ["import", str(file), "--store", str(store), "--as", "incidents", "--crs", "EPSG:4547"]
    words += ["--geometry", "x=x", "--geometry", "y=y", "--column", "code=code", "--column", "reported_at=reported_at"]
    words += [
        "--value",
        "type=leak",
        "--value",
        "channel=phone",
        "--value",
        "status=registered",
        "--value",
        "drill=false",
    ]
    call = [sys.executable, "-m", "dashboards", *words]
    return subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def test_a_killed_import_leaves_all_or_nothing(tmp_path, hotline):
    create_store(tmp_path / "whole.gpkg", crs="EPSG:4547").close()
    start = time.monotonic()
    whole = importing(tmp_path / "whole.gpkg", hotline)
    _, words = whole.communicate(timeout=120)
    assert whole.returncode == 0, words.decode()
    took = time.monotonic() - start
    draw = random.Random(1)
    for number in range(KILLS):
        path = tmp_path / f"{number}.gpkg"
        create_store(path, crs="EPSG:4547").close()
        running = importing(path, hotline)
        time.sleep(took * draw.uniform(0.4, 1.0))
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
        with open_store(path) as store:
            assert store.count("incidents") in (0, ROWS)
            assert len(store.table("incidents")) in (0, ROWS)
