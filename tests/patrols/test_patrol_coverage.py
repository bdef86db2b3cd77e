"""W23.1, G4.2.1: what tracks cover, held against points set densely along the pipes."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point, box

from gisapp.errors import InputError
from gisapp.patrols import assets_due, coverage

CRS = "EPSG:4547"


def lines(*shapes, **columns):
    return gpd.GeoDataFrame(
        {"code": [f"P{n}" for n in range(1, len(shapes) + 1)], **columns}, geometry=list(shapes), crs=CRS
    )


points = lines


def tracks(*shapes):
    return gpd.GeoSeries(list(shapes), crs=CRS)


def sampled_m(pipes, walked, tolerance_m, step_m=0.05):
    """Return covered metres as the share of points every five centimetres that lie near a track."""
    total = 0.0
    for pipe in pipes.geometry:
        spots = shapely.line_interpolate_point(pipe, np.arange(step_m / 2, pipe.length, step_m))
        total += pipe.length * np.mean(shapely.distance(spots, shapely.union_all(walked.to_numpy())) <= tolerance_m)
    return total


def test_a_planted_track_covers_exactly_the_expected_pipes_with_tolerance_w23_1():
    """W23.1: two pipes beside the track, one 20 m away."""
    pipes = lines(LineString([(0, 0), (100, 0)]), LineString([(0, 5), (100, 5)]), LineString([(0, 20), (100, 20)]))
    found = coverage(tracks(LineString([(-20, 0), (120, 0)])), pipes, points(), tolerance_m=15)
    assert (found.due_m, round(found.covered_m, 6)) == (300, 200)
    assert found.missed_links["code"].tolist() == ["P3"]
    assert found.missed_links["missed_m"].tolist() == pytest.approx([100])


def test_a_valve_at_the_tolerance_is_passed_and_a_centimetre_farther_is_missed():
    valves = points(Point(50, 15), Point(50, 15.01))
    found = coverage(tracks(LineString([(0, 0), (100, 0)])), lines(), valves, tolerance_m=15)
    assert found.missed_valves["code"].tolist() == ["P2"]


def test_missed_checkpoints_and_metres_off_the_route_are_told_g4_2_1():
    """G4.2.1."""
    spots = gpd.GeoDataFrame(
        {"route_code": ["R", "R"], "number": [1, 2]}, geometry=[Point(10, 3), Point(90, 60)], crs=CRS
    )
    walked = tracks(LineString([(0, 0), (50, 0), (50, 60)]))
    route = LineString([(0, 0), (100, 0), (100, 60)])
    found = coverage(walked, lines(), points(), checkpoints=spots, route=route, tolerance_m=10)
    assert found.missed_checkpoints["number"].tolist() == [2]
    assert found.off_route_m == pytest.approx(50, abs=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_covered_metres_equal_those_of_dense_sampling(seed):
    chance = np.random.default_rng(seed)
    pipes = lines(*[LineString(chance.uniform(0, 300, (3, 2))) for _ in range(12)])
    walked = tracks(*[LineString(chance.uniform(0, 300, (6, 2))) for _ in range(2)])
    found = coverage(walked, pipes, points(), tolerance_m=12)
    assert found.covered_m == pytest.approx(sampled_m(pipes, walked, 12), abs=1.0)
    assert found.covered_m + found.missed_links["missed_m"].sum() == pytest.approx(found.due_m, abs=0.2)


def test_no_track_covers_nothing_and_nothing_due_has_no_share():
    pipes, valve = lines(LineString([(0, 0), (100, 0)])), points(Point(0, 0))
    found = coverage(tracks(), pipes, valve)
    assert (found.covered_m, len(found.missed_valves), found.share) == (0, 1, 0)
    assert coverage(tracks(), lines(), points()).share is None


def test_a_tolerance_of_nothing_is_refused():
    with pytest.raises(InputError, match="tolerance_m: found 0"):
        coverage(tracks(), lines(), points(), tolerance_m=0)


def test_pipes_are_due_up_to_the_border_and_services_only_when_asked_for():
    pipes = lines(
        LineString([(50, 50), (150, 50)]),
        LineString([(10, 10), (20, 10)]),
        LineString([(10, 20), (20, 20)]),
        utility=["water", "water", "gas"],
        kind="pipe",
        rank=["main", "service", "main"],
    )
    valves = gpd.GeoDataFrame(
        {"code": ["V", "W"], "utility": "water", "link_code": ["P1", "P2"]},
        geometry=[Point(100, 50), Point(15, 10)],
        crs=CRS,
    )
    area = box(0, 0, 100, 100)
    mine, there = assets_due(pipes.rename_geometry("geom"), valves, area, utility="water")
    assert (mine["code"].tolist(), mine.geometry.length.tolist(), len(there)) == (["P1"], [50], 1)
    assert len(assets_due(pipes.rename_geometry("geom"), valves, area, utility="water", services=True)[1]) == 2
