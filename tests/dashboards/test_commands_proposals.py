"""The commands that propose boundaries, on a street of six units in three grids."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.store import create_store
from gisapp.tables import conform

SQUARES = [shapely.box(500_000 + 100 * at, 3_400_000, 500_100 + 100 * at, 3_400_100) for at in range(6)]
HOUSEHOLDS = [30, 10, 10, 10, 10, 20]


def frame(name, rows):
    return conform(gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geom", crs=4547), name)


@pytest.fixture
def street(tmp_path):
    """Grids A, B and C of two units each, with 40, 20 and 30 households."""
    path = tmp_path / "street.gpkg"
    since = pd.Timestamp("2020-01-01T00:00Z")
    grids = [
        {
            "code": code,
            "name": code,
            "utilities": "water",
            "valid_from": since,
            "geom": shapely.MultiPolygon([shapely.union_all(SQUARES[2 * at : 2 * at + 2])]),
        }
        for at, code in enumerate("ABC")
    ]
    units = [
        {"code": f"U{at}", "grid_code": "ABC"[at // 2], "geom": shapely.MultiPolygon([square])}
        for at, square in enumerate(SQUARES)
    ]
    lives = {"kind": "resident", "meter_inside": False}
    customers = [
        lives | {"code": f"C{at}", "households": count, "people": 3 * count, "geom": square.centroid}
        for at, (count, square) in enumerate(zip(HOUSEHOLDS, SQUARES, strict=True))
    ]
    with create_store(path, crs="EPSG:4547", name="示例") as store:
        for name, rows in (("grids", grids), ("unit_grids", units), ("customers", customers)):
            store.save({name: frame(name, rows)}, actor="t")
    return path


def test_a_suggestion_is_the_grid_of_each_unit_with_its_figures(run, street):
    status, out, err = run("plan", "suggest", "--store", street, "--k", 3, "--weight", "households")
    told = json.loads(out)
    assert status == 0
    assert told["target"] == 30
    (only,) = told["proposals"]
    assert only["units"] == {"U0": "A", "U1": "B", "U2": "B", "U3": "B", "U4": "C", "U5": "C"}
    assert only["grids"] == {"A": 30, "B": 30, "C": 30}
    assert (only["deviation"], only["moved"], only["reasons"]) == (0, 10, [])
    assert "1: 3 grids, off by at most 0.00 %, compactness 0.6" in err


def test_the_least_change_keeps_locked_grids_and_says_why_the_tolerance_is_not_kept(run, street):
    status, out, _ = run("plan", "rebalance", "--store", street, "--tolerance", 0.05, "--format", "csv")
    assert status == 0
    assert out.split() == ["unit,grid", "U0,A", "U1,B", "U2,B", "U3,B", "U4,C", "U5,C"]
    status, out, err = run("plan", "rebalance", "--store", street, "--lock", "A")
    assert status == 1
    assert json.loads(out)["proposals"][0]["grids"]["A"] == 40
    assert "note: grid A is locked and carries 40, +33.3 % off the target of 30" in err


def test_a_unit_that_is_too_heavy_is_named_by_its_code(run, street):
    status, _, err = run("plan", "suggest", "--store", street, "--k", 4)
    assert status == 1
    assert "unit U0 carries 30, more than a whole grid may (22): cut it" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("suggest", "--k", 7), "field k: 7 grids of 6 units"),
        (("suggest", "--k", 2, "--weight", "cats"), "field weight: no measure 'cats'; weigh by one of households"),
        (("rebalance", "--lock", "A", "--lock", "B", "--lock", "C"), "all 3 grids are locked"),
        (("rebalance", "--close", "X"), "field close: no grid 'X'"),
        (("rebalance", "--plan", "P9"), "there is no plan 'P9'"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_message(run, street, words, message):
    status, out, err = run("plan", words[0], "--store", street, *words[1:])
    assert (status, out) == (2, "")
    assert message in err
