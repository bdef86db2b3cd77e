"""The page on shutoffs is true: each of its commands does what it says, one after the other."""

import json
import shlex
from pathlib import Path

from pages import commands_of
from small_city import copy_small_city

from dashboards.__main__ import main
from gisapp import demo


def test_the_commands_of_the_page_on_shutoffs_run_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "make_city", copy_small_city)
    lines = commands_of("shutoff.md")
    assert len(lines) > 20
    code = "S20261127-001"
    for line in lines:
        status = main(shlex.split(line.replace("S20261127-001", code))[1:])
        said = capsys.readouterr()
        assert status == 0, (line, said.err)
        if "operation open" in line:
            code = json.loads(said.out)["shutoff"]
    households = [
        json.loads(Path(name).read_text(encoding="utf-8"))["totals"]["households"]
        for name in ("answer.json", "wider.json")
    ]
    assert households[0] < households[1]
    assert "恢复供水的通知" in Path("restored.html").read_text(encoding="utf-8")
    assert json.loads(Path("record.json").read_text(encoding="utf-8"))["status"] == "in_force"
