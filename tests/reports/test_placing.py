import geopandas as gpd
import pandas as pd
import pytest
from shapely import MultiPolygon, Point, box

from gisapp.reports.placing import placed_incidents
from gisapp.tables import conform

CHANGE = pd.Timestamp("2026-06-01T00:00Z")


@pytest.fixture
def grids():
    """One grid until the change, two halves of it from the change on."""
    old = {
        "code": "G001",
        "valid_from": pd.Timestamp("2020-01-01T00:00Z"),
        "valid_to": CHANGE,
        "geom": box(0, 0, 20, 10),
    }
    west = {"code": "G002", "valid_from": CHANGE, "geom": box(0, 0, 10, 10)}
    east = {"code": "G003", "valid_from": CHANGE, "geom": box(10, 0, 20, 10)}
    rows = [
        {**row, "name": row["code"], "utilities": "water", "geom": MultiPolygon([row["geom"]])}
        for row in (old, west, east)
    ]
    return conform(gpd.GeoDataFrame(rows, geometry="geom", crs="EPSG:4547"), "grids")


def incident(at, point, grid=None):
    """Return one incident."""
    fixed = {"code": f"{at}{point}{grid}", "type": "leak", "channel": "phone", "status": "registered", "drill": False}
    return fixed | {"reported_at": pd.Timestamp(at, tz="UTC"), "geom": point, "grid_code": grid}


def placed(rows, grids):
    frame = conform(gpd.GeoDataFrame(rows, geometry="geom", crs="EPSG:4547"), "incidents")
    return placed_incidents(frame, grids, grid_rev=7)


def test_the_grids_of_the_time_of_the_report_decide(grids):
    rows = [incident("2026-05-31T23:59:59.999", Point(15, 5)), incident("2026-06-01", Point(15, 5))]
    assert placed(rows, grids)["grid_code"].tolist() == ["G001", "G003"]


def test_a_grid_that_is_known_already_is_kept_and_its_revision_too(grids):
    found = placed([incident("2026-07-01", Point(15, 5), "G002")], grids)
    assert found["grid_code"].tolist() == ["G002"]
    assert found["grid_rev"].isna().all()


def test_the_revision_of_the_grids_stays_with_what_they_placed(grids):
    found = placed([incident("2026-07-01", Point(5, 5)), incident("2026-07-01", Point(50, 5))], grids)
    assert found["grid_code"].isna().tolist() == [False, True]
    assert found["grid_rev"].isna().tolist() == [False, True]
    assert found["grid_rev"].iloc[0] == 7


def test_an_incident_without_a_position_stays_without_a_grid(grids):
    assert placed([incident("2026-07-01", None), incident("2026-07-01", Point(5, 5))], grids)[
        "grid_code"
    ].isna().tolist() == [
        True,
        False,
    ]


def test_before_the_first_grids_there_is_none(grids):
    assert placed([incident("2019-07-01", Point(5, 5))], grids)["grid_code"].isna().all()
