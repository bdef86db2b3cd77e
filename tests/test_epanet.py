"""EPANET in its own process: what it finds, what it refuses, and when it is stopped."""

import tempfile
from pathlib import Path

import pytest

from gisapp.epanet import solved
from gisapp.errors import InputError, Interrupted

TOWN = """[JUNCTIONS]
A 10 36
[RESERVOIRS]
S 50
[PIPES]
p S A 100 200 120 0 Open
[OPTIONS]
UNITS CMH
HEADLOSS H-W
[TIMES]
DURATION 0
[END]
"""


def left() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("gisapp-epanet-*"))


def test_every_text_is_solved_for_its_first_moment() -> None:
    found = solved({"as_drawn": TOWN, "higher": TOWN.replace("S 50", "S 60")})
    one = found["as_drawn"]
    assert dict(zip(one.codes, one.demand.round(3), strict=True)) == {"A": 36, "S": -36}
    assert one.head[one.codes == "S"] == pytest.approx(50)
    assert found["higher"].pressure[0] - one.pressure[0] == pytest.approx(10, abs=1e-3)
    assert one.balanced


def test_a_text_that_epanet_refuses_is_told_with_its_reason() -> None:
    before = left()
    with pytest.raises(InputError, match=r"EPANET refuses it \(Error 203: undefined node B"):
        solved({"broken": TOWN.replace("p S A", "p S B")})
    assert left() <= before


def test_a_child_that_takes_too_long_is_ended() -> None:
    with pytest.raises(InputError, match="its time was up"):
        solved({"as_drawn": TOWN}, wall_s=0.0)


def test_it_is_killed_when_nobody_wants_it_any_more() -> None:
    def stop(done: int, total: int) -> None:
        raise Interrupted("enough")

    before = left()
    with pytest.raises(Interrupted):
        solved({"as_drawn": TOWN}, progress=stop)
    assert left() <= before
