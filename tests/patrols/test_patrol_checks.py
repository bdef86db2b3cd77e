"""What a patrol checks of the valves on its route."""

from datetime import date

import pandas as pd
import pytest

from gisapp.errors import InputError
from gisapp.patrols import lacking_checks
from gisapp.rules import incident_rules

ITEMS = incident_rules(date(2026, 11, 27)).checked_items()
TRACKS = pd.DataFrame({"code": ["T1", "T2"], "route_code": ["R1", None]})
POINTS = pd.DataFrame({"route_code": ["R1", "R1", "R2"], "number": [1, 2, 1], "device_code": ["V1", None, "V9"]})


def checks(*rows):
    columns = ["track_code", "asset", "asset_code", "item", "good", "finding_code"]
    return pd.DataFrame([(*row, *[None] * (6 - len(row))) for row in rows], columns=columns)


def test_the_rules_say_what_is_checked_of_an_asset():
    """G4.2.2: running state, appearance, hazards."""
    assert ITEMS["valve"] == ("running", "appearance", "hazards")
    assert set(ITEMS) == {"valve", "hydrant", "station", "pipe", "well"}


@pytest.mark.parametrize("left", ["running", "appearance", "hazards"])
def test_an_item_that_nobody_checked_is_lacking(left):
    """G4.2.2."""
    done = checks(*(("T1", "valve", "V1", item, True) for item in ITEMS["valve"] if item != left))
    found = lacking_checks(TRACKS, POINTS, done, ITEMS)
    assert found[["track_code", "asset_code", "item", "reason"]].to_numpy().tolist() == [
        ["T1", "V1", left, "unchecked"]
    ]


def test_what_is_bad_becomes_a_finding_and_what_no_rule_lists_is_told():
    """G4.2.2."""
    whole = [("T1", "valve", "V1", item, True) for item in ITEMS["valve"]]
    off_route = [("T2", "pipe", "P1", "hazards", False), ("T2", "well", "W1", "hazards", False, "F1")]
    found = lacking_checks(TRACKS, POINTS, checks(*whole, *off_route, ("T2", "pipe", "P2", "running", True)), ITEMS)
    assert found[["asset_code", "reason"]].to_numpy().tolist() == [["P1", "no_finding"], ["P2", "unknown_item"]]
    assert lacking_checks(TRACKS, POINTS, checks(*whole), ITEMS).empty


def test_an_asset_that_there_is_not_is_refused_in_the_rules():
    row = '[[patrol_check]]\nasset = "{}"\nitems = "{}"\narticle = "x"\nvalid_from = 2020-01-01\n'
    for asset, items, words in (("tree", "hazards", "found 'tree'; use one of valve"), ("pipe", "", "list what is")):
        with pytest.raises(InputError, match=words):
            incident_rules(date(2026, 11, 27), row.format(asset, items))
