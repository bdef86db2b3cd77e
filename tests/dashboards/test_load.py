"""A short form of ``make load``: a server of its own, a few screens, writers; without a word about time."""

import sys

import pytest
from small_city import copy_small_city

from benchmarks.load import Load
from benchmarks.viewers import tiles_within


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="gunicorn runs on Linux")
def test_screens_that_poll_see_what_is_written_and_nothing_acknowledged_is_lost(tmp_path):
    """No error; a 304 is empty (one with a body counts as an error); every report stands on every board at the end."""
    store = tmp_path / "load.gpkg"
    copy_small_city(store)
    load = Load(8, lasts_s=6, command_every_s=0.5, warm_s=1, poll_s=0.5, fetch_every_s=1.5, least=4)
    found = load.run(store)
    assert found.faults == []
    assert found.commands.reports
    assert found.commands.remarks
    assert found.unseen == 0
    assert found.lags_s
    assert found.fetched_s
    assert found.tally.unmoved > 0
    assert found.tally.moved > 0


def test_a_view_of_a_place_takes_few_tiles():
    assert tiles_within([114.0, 36.6, 114.6, 37.0]) == [(10, x, y) for x in (836, 837) for y in (398, 399)]
    assert tiles_within([-180.0, -85.0, 180.0, 85.0]) == [(1, x, y) for x in (0, 1) for y in (0, 1)]
