"""What lies ready: what must be seen to, and the nearest store that has it."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.emergencies import lacking, nearest_materials, plans_for
from gisapp.errors import CrsError
from gisapp.tables import conform

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)


def materials(*rows):
    """Return material; each row changes a sound one that lies at 0."""
    fixed = {"item": "水泵", "size": None, "quantity": 5.0, "minimum": 2.0, "store": "1号库", "x": 0.0}
    told = [{"code": f"M{number}", **fixed, **row} for number, row in enumerate(rows, start=1)]
    frame = pd.DataFrame(told)
    for name in {"expires_at", "checked_at"} & set(frame):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[ms, UTC]")
    points = shapely.points(frame.pop("x").to_numpy(dtype=float), 0.0)
    return conform(gpd.GeoDataFrame(frame.assign(geom=points), geometry="geom", crs="EPSG:4547"), "materials")


def test_what_is_below_its_minimum_expired_or_unchecked_is_listed():
    """P5.5."""
    table = materials(
        {"quantity": 2.0},
        {"quantity": 1.9},
        {"expires_at": NOW},
        {"expires_at": NOW + timedelta(days=30)},
        {"expires_at": NOW + timedelta(days=31)},
        {"checked_at": NOW - timedelta(days=60), "check_days": 60},
        {"checked_at": NOW - timedelta(days=59), "check_days": 60},
        {"check_days": 60},
        {"checked_at": NOW - timedelta(days=900)},
        {"quantity": 0.0, "expires_at": NOW - timedelta(days=1)},
    )
    assert lacking(table, now=NOW)[["code", "reason"]].to_numpy().tolist() == [
        ["M2", "below_minimum"],
        ["M3", "expired"],
        ["M4", "expires_soon"],
        ["M6", "check_late"],
        ["M7", "check_soon"],
        ["M8", "check_late"],
        ["M10", "below_minimum"],
        ["M10", "expired"],
    ]


def test_the_nearest_store_that_has_it_is_told():
    """G8.4."""
    table = materials(
        {"x": 100, "quantity": 0.0},
        {"x": 200, "expires_at": NOW},
        {"x": 300, "store": "2号库"},
        {"x": 400},
        {"x": 50, "item": "发电机"},
    )
    place = shapely.Point(0, 0)
    assert nearest_materials(table, place, now=NOW)[["code", "distance_m"]].to_numpy().tolist() == [
        ["M5", 50.0],
        ["M3", 300.0],
    ]
    assert nearest_materials(table, place, now=NOW, item="水泵")["code"].tolist() == ["M3", "M4"]
    assert nearest_materials(table.iloc[:0], place, now=NOW).empty
    with pytest.raises(CrsError):
        nearest_materials(table.to_crs(4490), place, now=NOW)


def test_the_plan_of_the_type_made_for_it_most_narrowly_stands_first():
    """G8.3."""
    plans = conform(
        pd.DataFrame(
            [
                {"code": "A", "kind": "burst", "title": "各类管网"},
                {"code": "B", "kind": "burst", "utility": "water", "title": "供水"},
                {"code": "C", "kind": "burst", "utility": "water", "level": 2, "title": "供水重大"},
                {"code": "D", "kind": "burst", "utility": "gas", "title": "燃气"},
                {"code": "F", "kind": "fire", "title": "火灾"},
            ]
        ),
        "emergency_plans",
    )
    assert plans_for(plans, "burst", utility="water", level=1)["code"].tolist() == ["C", "B", "A"]
    assert plans_for(plans, "burst", utility="water", level=3)["code"].tolist() == ["B", "A"]
    assert plans_for(plans, "fire", utility="power")["code"].tolist() == ["F"]
    assert plans_for(plans, "flood").empty
