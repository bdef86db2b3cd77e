"""G3.2.1, G4.2.3: what patrols find."""

import geopandas as gpd
import pandas as pd
from shapely import Point

from gisapp.patrols import as_incidents, doubtful


def findings(**changes):
    row = {
        "code": "PF-1", "utility": "water", "track_code": "T1", "found_at": pd.Timestamp("2026-11-02T02:00Z"),
        "person_code": "E1", "link_code": None, "device_code": "V1", "asset": "device", "photo": "a.jpg",
        "summary": "井盖缺失",
    }  # fmt: skip
    return gpd.GeoDataFrame([row | changes], geometry=[Point(5, 6)], crs="EPSG:4547").rename_geometry("geom")


def test_a_finding_becomes_a_patrol_incident_with_its_place_and_asset_once():
    """G3.2.1."""
    (made,) = as_incidents(findings(), set())
    assert (made["code"], made["type"], made["channel"]) == ("PF-1", "patrol_finding", "patrol")
    assert (made["device_code"], made["located_by"], made["geom"].x) == ("V1", "asset", 5)
    assert as_incidents(findings(), {"PF-1"}) == []


def test_a_finding_without_photo_or_named_asset_is_flagged():
    """G4.2.3, G3.2.1."""
    assert doubtful(findings()).empty
    assert doubtful(findings(photo=None))["reason"].tolist() == ["no_photo"]
    assert doubtful(findings(device_code=None))["reason"].tolist() == ["no_asset"]
    assert doubtful(findings(device_code=None, asset="none")).empty
