"""The planner's figures: each counted once, faults shown, nothing hidden."""

import json
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from squares import BEGUN, HOUSEHOLDS, empty_store, frame, incident, squares, text_of

from dashboards import planner, shell
from dashboards.planner import figures, page
from dashboards.snapshot import Snapshot
from gisapp.rules.workload import workload_weights
from gisapp.words import word


@pytest.fixture
def snapshot(tmp_path):
    with squares(tmp_path / "squares.gpkg") as store:
        yield Snapshot(store)


def test_the_heaviest_grid_comes_first_with_its_bounds_in_degrees(snapshot):
    rows = figures.workload_rows(snapshot)
    assert rows.iloc[0]["code"] == "G4"
    assert rows["households"].sum() == sum(HOUSEHOLDS.values())
    west, south, east, north = rows.iloc[0]["bounds"]
    assert 113.9 < west < east < 114.1
    assert 36.6 < south < north < 36.8
    assert "name" not in rows


def test_rows_are_plain_json(snapshot):
    rows = json.loads(json.dumps(figures.workload_rows(snapshot).to_dict("records"), allow_nan=False))
    assert len(rows) == 4


def test_a_store_without_grids_has_no_rows_and_says_what_to_do(tmp_path):
    with empty_store(tmp_path / "empty.gpkg") as store:
        snapshot = Snapshot(store)
        assert figures.workload_rows(snapshot).empty
        assert word("planner.empty", "en") in text_of(page._nothing("en"))
        assert figures.heading(snapshot, "en")


def test_a_whole_coverage_with_one_leader_each_is_told_as_good(snapshot):
    heading = text_of(figures.heading(snapshot, "en"))
    assert word("planner.coverage.ok", "en") in heading
    assert word("planner.leaders.ok", "en") in heading


def test_an_overlap_and_a_second_leader_are_told(snapshot):
    grids = snapshot.store.table("grids").copy()
    shapes = grids.geometry.to_list()
    west, south, east, north = shapes[1].bounds
    shapes[1] = shapely.MultiPolygon([shapely.box(west - 10, south, east, north)])
    grids = grids.set_geometry(gpd.GeoSeries(shapes, crs=grids.crs).rename("geom"))
    second = {"role": "grid_leader", "scope_kind": "grid", "scope": ["G1"], "valid_from": [BEGUN]}
    posts = frame("posts", person_code=["P-G2"], **second)
    snapshot.store.save({"grids": grids, "posts": posts}, actor="test", replace=True)
    heading = text_of(figures.heading(snapshot, "en"))
    assert word("planner.coverage.faults", "en", gaps=0, overlaps=1, invalid=0) in heading
    assert word("planner.leaders.faults", "en", count=1) in heading


def test_totals_are_the_sums_of_the_rows(snapshot):
    shown = text_of(figures.totals(figures.workload_rows(snapshot), "en"))
    assert f'"{sum(HOUSEHOLDS.values()):,}"' in shown
    assert word("planner.households.tip", "en") in shown
    assert word("planner.largest.tip", "en", grid="G4") in shown


def test_what_lies_outside_every_grid_is_told(snapshot):
    assert figures.outside(snapshot, "en") is None
    away = incident("I9", "G1", "2026-03-01T00:00Z")
    away["geom"] = away.geometry.translate(9_000, 9_000)
    snapshot.store.save({"incidents": away}, actor="test")
    assert "1 incidents" in text_of(figures.outside(snapshot, "en"))


def test_the_balance_has_a_bar_for_each_grid_from_light_to_heavy(snapshot):
    strip = figures.balance(figures.workload_rows(snapshot), "en")
    bars = strip.children[1].children
    shares = [float(bar.style["--share"]) for bar in bars]
    assert len(bars) == 4
    assert shares == sorted(shares)
    assert max(abs(share) for share in shares) == 1


def test_the_tip_of_the_workload_names_every_part_with_its_share():
    tip = figures.deviation_tip(workload_weights(date(2026, 11, 27)), "en")
    for part in ("Households 40%", "Incidents, 12 months 30%", "Valves 5%"):
        assert part in tip


def test_the_skeleton_takes_grid_and_view_from_the_address():
    query = {"grid": "G3", "view": "12/36/117"}
    shown = text_of(planner.layout(shell.Context("zh-Hant", "dark", query)))
    assert '"grid": "G3"' in shown
    assert '"zoom": 12.0' in shown


def test_a_grid_without_workload_is_not_lost(snapshot):
    rows = figures.workload_rows(snapshot)
    assert rows["deviation"].map(pd.notna).all()
    assert set(rows["code"]) == set(HOUSEHOLDS)
