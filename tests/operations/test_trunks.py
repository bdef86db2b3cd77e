"""When a trunk is shut the production department is concerned."""

from datetime import date

import pandas as pd
import pytest

from gisapp.operations.trunks import trunk_rules
from gisapp.rules import shutoff_rules

DAY = date(2026, 11, 27)
OWN = """
[[trunk]]
utility = "water"
from_diameter_mm = 300
unit = "U04"
article = "第十五条（九）"
valid_from = 2020-01-01
"""


def pipes(*rows):
    return pd.DataFrame(rows, columns=["rank", "diameter_mm"])


def units(rules, *rows, utility="water"):
    return [rule.unit for rule in trunk_rules(pipes(*rows), rules, utility)]


def test_a_shutoff_with_a_trunk_pipe_adds_the_unit_and_another_does_not():
    """W15.9."""
    ours = shutoff_rules(DAY)
    assert units(ours, ("main", 800.0), ("trunk", None)) == ["生产安全部"]
    assert units(ours, ("main", 800.0), (None, 1200.0)) == []
    assert units(ours, ("trunk", 300.0), utility="gas") == []


@pytest.mark.parametrize(("size", "wanted"), [(299.9, []), (300, ["U04"]), (None, [])])
def test_a_utility_may_say_it_by_diameter_that_one_included(size, wanted):
    assert units(shutoff_rules(DAY, OWN), ("main", size)) == wanted
