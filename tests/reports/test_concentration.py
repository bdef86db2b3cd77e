"""What happened in each grid and what could have: counted once, by the day in the zone and the grid of the place."""

from datetime import date
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import MultiPolygon, Point, box

from gisapp.density import Choice, incident_cube
from gisapp.errors import InputError
from gisapp.reports.concentration import grid_counts, grid_exposure, incident_grids
from gisapp.tables import conform

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = {"start": date(2026, 1, 1), "end": date(2026, 12, 31)}


def frame(name, rows):
    return conform(gpd.GeoDataFrame(rows, geometry="geom", crs="EPSG:4547"), name)


GRIDS = frame(
    "grids",
    [
        {
            "code": code,
            "name": code,
            "utilities": "water",
            "valid_from": pd.Timestamp("2020-01-01T00:00Z"),
            "geom": MultiPolygon([box(x, 0, x + 10, 10)]),
        }
        for code, x in (("G1", 0), ("G2", 10))
    ],
)


def incidents(*rows):
    usual = {"type": "leak", "utility": "water", "channel": "phone", "status": "closed", "drill": False, "geom": None}
    made = [{"code": f"I{at}", **usual, "grid_code": None, **row} for at, row in enumerate(rows)]
    return frame("incidents", [{**row, "reported_at": pd.Timestamp(row["reported_at"])} for row in made])


def at(moment, x=5, **said):
    return {"reported_at": moment, "geom": Point(x, 5), **said}


def test_each_incident_counts_in_the_grid_of_its_place_else_in_the_one_it_names():
    rows = (
        at("2026-03-01T00:00Z"),
        at("2026-03-01T00:00Z", x=15, grid_code="G1"),
        at("2026-03-01T00:00Z", geom=None, grid_code="G2"),
        at("2026-03-01T00:00Z", geom=None),
        at("2026-03-01T00:00Z", x=500),
    )
    counts = grid_counts(incidents(*rows), GRIDS, ZONE, **YEAR)
    assert counts.total().to_dict() == {"G1": 1, "G2": 2}
    assert counts.outside == 2


def test_what_does_not_count_and_what_was_not_asked_for_is_left_out():
    rows = (
        at("2026-03-01T00:00Z"),
        at("2026-03-01T00:00Z", drill=True),
        at("2026-03-01T00:00Z", duplicate_of="I0"),
        at("2026-03-01T00:00Z", status="rejected"),
        at("2026-03-01T00:00Z", type="quality"),
        at("2026-03-01T00:00Z", utility="gas"),
        at("2026-03-01T00:00Z", utility=None),
    )
    asked = {"types": ["leak"], "utility": "water"}
    assert grid_counts(incidents(*rows), GRIDS, ZONE, **YEAR, **asked).total().sum() == 1
    assert grid_counts(incidents(*rows), GRIDS, ZONE, **YEAR).total().sum() == 4
    with pytest.raises(InputError, match="unknown incident type 'leaks'"):
        grid_counts(incidents(*rows), GRIDS, ZONE, **YEAR, types=["leaks"])
    with pytest.raises(InputError, match="before its start"):
        grid_counts(incidents(*rows), GRIDS, ZONE, start=YEAR["end"], end=YEAR["start"])


def test_only_whole_months_have_a_column_and_they_add_up_to_them():
    days = ("2026-01-31T15:59Z", "2026-01-31T16:00Z", "2026-03-05T00:00Z", "2026-03-31T15:59Z", "2026-03-31T16:00Z")
    counts = grid_counts(incidents(*map(at, days)), GRIDS, ZONE, start=date(2026, 1, 2), end=date(2026, 4, 29))
    assert counts.total()["G1"] == 5
    monthly = counts.monthly()
    assert monthly.loc["G1"].to_dict() == {"2026-02": 1, "2026-03": 2}
    assert monthly.loc["G2"].sum() == 0
    whole = grid_counts(incidents(*map(at, days)), GRIDS, ZONE, start=date(2026, 1, 1), end=date(2026, 4, 30))
    assert whole.monthly().loc["G1"].tolist() == [1, 1, 2, 1]
    short = grid_counts(incidents(*map(at, days)), GRIDS, ZONE, start=date(2026, 1, 2), end=date(2026, 1, 30))
    assert short.monthly().shape == (2, 0)
    assert whole.years == pytest.approx(120 / 365.25)


def test_exposure_is_kilometres_of_the_utilitys_pipes_or_households():
    load = pd.DataFrame({"code": ["G1", "G2"], "pipe_m": [3000.0, 500.0], "pipe_m_water": [1000.0, 0.0]})
    load["households"] = [40, 7]
    assert grid_exposure(load, "pipe_km").to_dict() == {"G1": 3.0, "G2": 0.5}
    assert grid_exposure(load, "pipe_km", "water").to_dict() == {"G1": 1.0, "G2": 0.0}
    households = grid_exposure(load, "households", "water")
    assert (households.to_dict(), households.dtype) == ({"G1": 40.0, "G2": 7.0}, np.float64)


def test_the_cube_counts_by_grid_what_the_hotspots_count():
    rows = (
        at("2026-03-01T00:00Z"),
        at("2026-03-01T00:00Z", x=15, type="burst"),
        at("2026-03-02T00:00Z", geom=None, grid_code="G2"),
        at("2026-03-03T00:00Z", geom=None),
        at("2026-03-04T00:00Z", x=15, drill=True),
        at("2026-04-04T00:00Z", x=500),
    )
    happened = incidents(*rows)
    cube = incident_cube(happened, ZONE, grids=incident_grids(happened, GRIDS))
    for types in (None, ("leak",)):
        period = {"start": date(2026, 3, 1), "end": date(2026, 4, 30)}
        counts = grid_counts(happened, GRIDS, ZONE, **period, types=types)
        choice = Choice(types, **period)
        pd.testing.assert_series_equal(cube.by_grid(choice), counts.total())
        assert cube.outside(choice) == counts.outside


def test_without_grids_every_incident_lies_in_none():
    happened = incidents(at("2026-03-01T00:00Z"))
    cube = incident_cube(happened, ZONE, grids=incident_grids(happened, GRIDS.iloc[:0]))
    assert cube.outside() == 1
    assert len(cube.by_grid()) == 0
