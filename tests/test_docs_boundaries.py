"""The page on boundaries is true: each of its commands does what it says, one after the other."""

import json
import os
import shlex
from pathlib import Path

import pytest
from pages import commands_of
from small_city import copy_small_city

from dashboards.__main__ import main
from gisapp import demo

NOES = ("plan check", "plan rebalance", "plan suggest")  # the answer may be "no"


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="half a minute")
def test_the_commands_of_the_page_on_boundaries_run_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "make_city", copy_small_city)
    lines = commands_of("boundaries.md")
    assert len(lines) > 15
    code = ""
    for line in lines:
        status = main(shlex.split(line.replace("B20261127-001", code))[1:])
        said = capsys.readouterr()
        assert status in ((0, 1) if any(verb in line for verb in NOES) else (0,)), (line, said.err)
        if "plan new" in line:
            code = json.loads(said.out)["plan"]
    assert "避开学校" in main_out(capsys, "plan", "comments", code, "--store", "city.gpkg")
    assert "Boundary plans compared" in Path("diff.html").read_text(encoding="utf-8")
    assert {Path(name).exists() for name in ("plan.gpkg", "plan.shp", "plan.cpg", "diff.xlsx", "weights.toml")} == {
        True
    }


def main_out(capsys, *words):
    """Return what a command printed."""
    assert main(list(words)) == 0
    return capsys.readouterr().out
