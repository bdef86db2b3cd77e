"""The affected area: everyone affected is in it, nobody else is."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from test_giswater import FOLDER, arcs, network, read
from towns import network as town_network
from towns import town

from gisapp.errors import CrsError
from gisapp.network import shutoff
from gisapp.network.area import AreaShares, _voronoi, _within_reach, affected_area, area_shares

CRS = "EPSG:4547"


def street(houses: int = 6, away_m: float = 10.0) -> tuple:
    """A street from S to T with a valve in the middle, and houses along it every 20 m."""
    made = town("a:S-A b:A-T", "V@b.from W@a:50", S="source", T="source")
    for row in made.links:
        row["length_m"] = 100.0
    made.customers = [
        {"code": f"k{i}", "link_code": "a" if i < 5 else "b", "measure_m": 20.0 * i % 100, "households": 1, "people": 1}
        for i in range(houses)
    ]
    points = [shapely.Point(20.0 * i, away_m) for i in range(houses)]
    customers = gpd.GeoDataFrame(
        {"code": [f"k{i}" for i in range(houses)], "building_code": [f"B{i}" for i in range(houses)]},
        geometry=gpd.GeoSeries(points, name="geom"),
        crs=CRS,
    )
    lines = [shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(100, 0), (200, 0)])]
    links = gpd.GeoDataFrame(
        {"code": ["a", "b"], "length_m": 100.0}, geometry=gpd.GeoSeries(lines, name="geom"), crs=CRS
    )
    return town_network(made), customers, links


def test_all_affected_and_no_others_are_in_the_cells() -> None:
    net, customers, links = street(away_m=45.0)
    answer = shutoff(net, [("a", 80.0)])
    assert list(answer.isolated.customers["code"]) == ["k3", "k4"]
    area = affected_area(answer, customers, links=links)
    assert area_shares(area, answer, customers) == AreaShares(1.0, 0.0, 0)
    assert list(area["cls"]) == ["isolated"]
    shape = area["geom"].iloc[0]
    assert shape.contains(shapely.Point(60, 1)), "the service line belongs to it"
    assert shape.bounds == pytest.approx((50, -1, 90, 75), abs=0.5), "30 m from the points, half way to the neighbours"


def test_a_lone_service_point_gets_its_disc() -> None:
    net, customers, _ = street(houses=1)
    area = affected_area(shutoff(net, [("a", 10.0)]), customers)
    assert area["geom"].iloc[0].area == pytest.approx(np.pi * 900, rel=0.01)


def test_a_footprint_stands_for_its_customers_and_is_mixed_when_others_share_it() -> None:
    net, customers, _ = street()
    answer = shutoff(net, [("a", 80.0)])
    shapes = [shapely.box(20 * i - 8, 5, 20 * i + 8, 15) for i in range(6)]
    codes = [f"B{i}" for i in range(6)]
    buildings = gpd.GeoDataFrame({"code": codes}, geometry=gpd.GeoSeries(shapes, name="geom"), crs=CRS)
    alone = affected_area(answer, customers, buildings)
    assert alone["geom"].iloc[0].area == pytest.approx(2 * 160)
    assert area_shares(alone, answer, customers) == AreaShares(1.0, 0.0, 0)
    shared = customers.assign(building_code=customers["building_code"].replace({"B2": "B3"}))
    beside = [*customers.geometry[:2], shapely.Point(55, 10), *customers.geometry[3:]]
    shared = shared.set_geometry(gpd.GeoSeries(beside, crs=CRS, name="geom"))
    area = affected_area(answer, shared, buildings)
    assert area[["cls", "mixed"]].to_numpy().tolist() == [["isolated", False], ["isolated", True]]
    assert area_shares(area, answer, shared) == AreaShares(1.0, 0.0, 1), "who shares the building counts apart"


def test_a_service_point_outside_its_footprint_keeps_its_cell() -> None:
    net, customers, _ = street()
    shapes = [shapely.box(20 * i - 8, 50, 20 * i + 8, 60) for i in range(6)]
    codes = [f"B{i}" for i in range(6)]
    buildings = gpd.GeoDataFrame({"code": codes}, geometry=gpd.GeoSeries(shapes, name="geom"), crs=CRS)
    answer = shutoff(net, [("a", 80.0)])
    area = affected_area(answer, customers, buildings)
    assert area_shares(area, answer, customers) == AreaShares(1.0, 0.0, 0)
    assert area["geom"].iloc[0].contains(shapely.Point(60, 55))


def test_classes_are_drawn_apart() -> None:
    net, customers, _ = street()
    area = affected_area(shutoff(net, [("a", 20.0)], stuck=["W"], closed=["V"]), customers)
    assert set(area["cls"]) == {"isolated"}
    made = shutoff(net, [("a", 80.0)], closed=["W"], opened=["V"])
    assert set(affected_area(made, customers)["cls"]) <= {"isolated", "unintended"}
    lone = shutoff(net, ["b"], closed=["W"])
    assert list(affected_area(lone, customers)["cls"]) == ["isolated", "unintended"]


def test_nobody_affected_is_an_empty_area() -> None:
    net, customers, _ = street(houses=3)
    answer = shutoff(net, [("b", 50.0)])
    area = affected_area(answer, customers)
    assert area.empty
    shares = area_shares(area, answer, customers)
    assert np.isnan(shares.affected_inside)
    assert shares.others_inside == 0


def test_degrees_are_refused() -> None:
    net, customers, _ = street()
    with pytest.raises(CrsError, match="degrees"):
        affected_area(shutoff(net, ["a"]), customers.set_crs("EPSG:4490", allow_override=True))


@pytest.mark.skipif(not Path(FOLDER).is_dir(), reason="Giswater's network is not here")
def test_on_giswaters_network_all_affected_and_no_others_are_inside() -> None:
    raw = json.loads((FOLDER / "giswater_ws_network.json").read_text(encoding="utf-8"))
    valves = read("scenarios_1.json")[0]["valves"]
    net = network(raw, valves)
    mine = [item for item in raw["connecs"] if str(item["arc_id"]) in arcs(raw)]
    customers = gpd.GeoDataFrame(
        {"code": [str(item["connec_id"]) for item in mine]},
        geometry=gpd.points_from_xy([item["x"] for item in mine], [item["y"] for item in mine]),
        crs=raw["crs"],
    )
    for burst in list(arcs(raw))[::25]:
        answer = shutoff(net, [burst])
        shares = area_shares(affected_area(answer, customers), answer, customers)
        assert shares.others_inside == 0.0 or np.isnan(shares.others_inside)
        assert shares.affected_inside == 1.0 or np.isnan(shares.affected_inside)


def scattered(seed: int) -> np.ndarray:
    """Return service points by chance, some of them in rows with even distances, where cells meet in fours."""
    rng = np.random.default_rng(seed)
    row = np.stack(np.meshgrid(np.arange(5) * 20.0, np.arange(4) * 20.0), axis=-1).reshape(-1, 2)
    loose = rng.uniform(-200, 200, size=(int(rng.integers(1, 60)), 2))
    return np.unique(np.concatenate([row, loose])[: int(rng.integers(1, 80))], axis=0)


@pytest.mark.parametrize("seed", range(25))
def test_clipped_cells_still_meet_and_are_those_that_shapely_cuts_one_by_one(seed: int) -> None:
    sites = scattered(seed)
    cells = _voronoi(sites, 100.0)
    found = _within_reach(cells, sites, 30.0)
    assert shapely.is_valid(found).all()
    assert shapely.coverage_is_valid(found)
    discs = shapely.buffer(shapely.points(sites), 30.0, quad_segs=256)
    exact = shapely.intersection(cells, discs)
    assert shapely.contains(shapely.buffer(exact, 1e-3), found).all()
    assert (shapely.area(found) > 0.99 * shapely.area(exact)).all()


def test_cells_within_reach_are_left_as_they_are() -> None:
    sites = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [11.0, 12.0]])
    cells = _voronoi(sites, 1.0)
    assert _within_reach(cells, sites, 100.0) is cells
