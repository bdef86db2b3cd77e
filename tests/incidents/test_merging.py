"""Which open incidents another report may be of the same thing as: near in place and time, or of the same account."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import shapely

from gisapp.incidents import alike

AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
SAID = {"kind": "leak", "utility": "water", "at": AT, "within_m": 50, "within_h": 24}


def rows(*told):
    """Return incidents: metres east, hours before, and what else is so."""
    made = [
        {"code": f"W{n}", "type": "leak", "utility": "water", "duplicate_of": None, "customer_code": None, **more,
         "reported_at": pd.Timestamp(AT - timedelta(hours=hours)), "geom": None if x is None else shapely.Point(x, 0)}
        for n, (x, hours, more) in enumerate(told)
    ]  # fmt: skip
    return gpd.GeoDataFrame(made, geometry="geom", crs="EPSG:4547")


def found(table, place=(0, 0), **more):
    return alike(table, place and shapely.Point(place), **SAID | more)["code"].tolist()


def test_the_edge_of_place_and_time_still_counts():
    table = rows((50, 24, {}), (50.01, 0, {}), (0, 24.01, {}), (10, 1, {}))
    assert found(table) == ["W3", "W0"]


def test_one_cause_has_several_types_and_another_utility_is_another_thing():
    table = rows((1, 1, {"type": "no_supply"}), (1, 1, {"type": "cover"}), (1, 1, {"utility": "gas"}))
    assert found(table) == ["W0"]
    assert found(table, kind="cover") == ["W1"]


def test_merged_ones_are_left_out_and_the_same_account_stands_first_wherever_it_lies():
    table = rows((1, 1, {}), (1, 1, {"duplicate_of": "W0"}), (None, 2, {"customer_code": "A1"}))
    assert found(table, account="A1") == ["W2", "W0"]
    assert found(table, place=None, account="A1") == ["W2"]
    assert found(table, place=None) == []
    assert found(table.iloc[:0]) == []
