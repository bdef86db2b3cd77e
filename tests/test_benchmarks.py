import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.aims import as_fast, at_most

ROOT = Path(__file__).resolve().parents[1]
SMALL = {
    "assign": "--points 100000 --grids 50",
    "boundaries": "--edits 4",
    "cluster": "--rows 20000 --peer-rows 1000 --grids 50",
    "density": "--points 50000",
    "districting": "--small",
    "hotspots": "--maps 2",
    "repeats": "--repairs 20000",
    "segments": "--links 2000 --wntr-links 200",
    "shutoff": "--links 2000 --peer-links 500 --questions 3",
    "store": "--rows 5000 --reports 50",
    "imports": "--rows 2000",
    "incidents": "--rows 2000",
    "tiles": "{store} --tiles 2",
    "first_map": "{store} --times 1",
    "first_answer": "{store} --clicks 1",
    "area": "{store} --cases 1 --customers 100",
    "board": "{store} --times 1",
}


def test_a_figure_stands_beside_its_aim_and_what_is_missed_stands_out():
    assert at_most(12.34, 60, "ms") == "12.3 ms (aim at most 60 ms: met)"
    assert at_most(1, 0, "lost", "d") == "1 lost (aim at most 0 lost: MISSED)"
    assert as_fast(194.2, 1, 80) == "ours is 194 times as fast (aim at least 80: met)"
    assert as_fast(3, 2, 2) == "ours is 1.5 times as fast (aim at least 2: MISSED)"


def test_make_bench_runs_every_benchmark():
    listed = " ".join(re.findall(r"for name in (.*?);", (ROOT / "Makefile").read_text())).split()
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {
        "__init__",
        "aims",
        "pandapower_answers",
        "crash",
        "killing",
        "killed_acts",
        "killed_commands",
        "load",
        "served",
        "viewers",
        "writers",
    }  # these by make peers, make crash and make load
    assert sorted(listed) == sorted(modules) == sorted(SMALL)


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="a minute: only with GISAPP_NIGHTLY set")
@pytest.mark.parametrize("name", SMALL)
def test_every_benchmark_runs_to_its_end_when_small(name, tmp_path):
    store = tmp_path / "small.gpkg"
    if "{store}" in SMALL[name]:
        demo = [sys.executable, "-m", "dashboards", "demo", "--size", "small", "--seed", "1", "--store", str(store)]
        subprocess.run(demo, check=True, capture_output=True)
    words = SMALL[name].format(store=store).split()
    ran = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "aim at" in ran.stdout
