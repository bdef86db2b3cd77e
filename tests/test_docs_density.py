"""The page on density is true: each of its commands does what it says, one after the other."""

import os
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from pages import commands_of
from small_city import copy_small_city

from dashboards.__main__ import main
from gisapp import demo
from gisapp.density.exposure import LEAST
from gisapp.density.privacy import LEAST_CUSTOMERS, SIZES_M

PAGE = Path(__file__).resolve().parents[1] / "docs" / "density.md"


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
def test_the_commands_of_the_page_on_density_run_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "make_city", copy_small_city)
    text = PAGE.read_text(encoding="utf-8")
    lines = commands_of("density.md")
    assert len(lines) == 9
    for line in lines:
        status = main(shlex.split(line)[1:])
        said = capsys.readouterr()
        assert status == 0, (line, said.err)
        assert Path(line.split()[-1]).stat().st_size > 1000
    columns = set(pd.read_csv("grids.csv").columns) - {"code"}
    assert columns == set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?`) \|", text, re.M))))


def test_the_page_tells_the_limits_that_are_kept():
    text = PAGE.read_text(encoding="utf-8")
    assert f"than {LEAST['km']:g} km of pipe or fewer than {LEAST['households']:g} households" in text
    assert LEAST_CUSTOMERS == 5
    assert (SIZES_M[0], SIZES_M[1], SIZES_M[-1]) == (100, 200, 1600)
