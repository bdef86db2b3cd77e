"""Density along pipes, against a slow walk by paths, against spatstat, and against what must add up."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

from gisapp.density import along
from gisapp.density.along import graph_of, network_density, network_density_at, on_pipes, piece_lines, pipe_graph
from gisapp.errors import CrsError, InputError
from gisapp.tables import conform

TOWNS = 12 if os.environ.get("GISAPP_NIGHTLY") else 5
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def slow_density(length, ends, at, places, bandwidth_m, *, reflect):  # noqa: C901 - four closures
    """The definition: every path from every incident to every place, its kernel divided at each node it passes."""
    reach = bandwidth_m * 5**0.5
    pipe_ends = [(pipe, side) for pipe in range(len(length)) for side in (0, 1)]
    values = np.zeros(len(places))

    def kernel(distance):
        return max(0.75 / reach * (1 - (distance / reach) ** 2), 0)

    def enter(pipe, side, come, weight):
        for number, (link, where) in enumerate(places):
            if link == pipe:
                ahead = where if side == 0 else length[pipe] - where
                values[number] += weight * kernel(come + ahead) * (come + ahead < reach)
        leave(pipe, 1 - side, come + length[pipe], weight)

    def leave(pipe, side, come, weight):
        if come >= reach:
            return
        node = ends[pipe][side]
        others = [one for one in pipe_ends if ends[one[0]][one[1]] == node and one != (pipe, side)]
        if not others and reflect:
            enter(pipe, side, come, weight)
        for other, begin in others:
            enter(other, begin, come, weight / len(others))

    for pipe, where in at:
        for number, (link, place) in enumerate(places):
            if link == pipe:
                values[number] += kernel(abs(place - where))
        leave(pipe, 0, where, 1.0)
        leave(pipe, 1, length[pipe] - where, 1.0)
    return 1000 * values


def random_town(seed):
    """Few nodes and many pipes: rings, parallel pipes, pipes that begin and end at one node, dead ends."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 12))
    ends = rng.integers(0, 7, (count, 2))
    length = rng.uniform(20, 120, count)

    def places(number):
        link = rng.integers(0, count, number)
        return pd.DataFrame({"link": link, "measure_m": rng.random(number) * length[link]})

    return length, ends, places(6), places(40)


def rows(frame):
    return list(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize("reflect", [True, False])
@pytest.mark.parametrize("seed", range(TOWNS))
def test_every_place_has_what_all_paths_bring_it(seed, reflect):
    length, ends, at, places = random_town(seed)
    ways = {"dead_ends": "reflect" if reflect else "absorb", "bandwidth_m": 40.0}
    slow = slow_density(length, ends.tolist(), rows(at), rows(places), 40.0, reflect=reflect)
    found = network_density_at(graph_of(length, ends), at, places, **ways, merge_m=0)
    np.testing.assert_allclose(found, slow, atol=1e-9)
    merged = network_density_at(graph_of(length, ends), at, places, **ways)
    assert np.abs(merged - slow).max() <= 1e-3 * 750 / (40 * 5**0.5)


@pytest.mark.parametrize("bandwidth_m", [10.0, 60.0, 150.0])
def test_all_pieces_together_hold_every_incident(bandwidth_m):
    for seed in range(20):
        length, ends, at, _ = random_town(seed)
        found = network_density(graph_of(length, ends), at, bandwidth_m=bandwidth_m, piece_m=7)
        held = (found["density"] * (found["end_m"] - found["start_m"])).sum() / 1000
        assert held == pytest.approx(len(at), rel=1e-4)


def test_a_piece_is_the_mean_of_its_places():
    length, ends, at, _ = random_town(3)
    graph = graph_of(length, ends)
    pieces = network_density(graph, at, bandwidth_m=40, piece_m=15, merge_m=0)
    share = (np.arange(400) + 0.5) / 400
    width = (pieces["end_m"] - pieces["start_m"]).to_numpy()
    where = (pieces["start_m"].to_numpy()[:, None] + share * width[:, None]).ravel()
    fine = pd.DataFrame({"link": np.repeat(pieces["link"].to_numpy(), 400), "measure_m": where})
    values = network_density_at(graph, at, fine, bandwidth_m=40, merge_m=0).reshape(-1, 400)
    np.testing.assert_allclose(pieces["density"], values.mean(axis=1), rtol=1e-3, atol=1e-2)


def test_the_values_are_those_of_spatstat():
    if not (DATA / "spatstat_chicago_points.csv").exists():
        pytest.skip("the data of the Chicago crimes are not here")
    lines, points, theirs = (pd.read_csv(DATA / f"spatstat_chicago_{name}.csv") for name in NAMES)
    corners = lines.to_numpy().reshape(-1, 2).round(6)
    _, node = np.unique(corners, axis=0, return_inverse=True)
    length = np.hypot(lines["x1"] - lines["x0"], lines["y1"] - lines["y0"]).to_numpy()
    at, places = (
        pd.DataFrame({"link": link - 1, "measure_m": share * length[link - 1]})
        for link, share in ((points["seg"], points["tp"]), (theirs["mapXY"], theirs["tp"]))
    )
    graph = graph_of(length, node.reshape(-1, 2))
    options = {"bandwidth_m": 60, "dead_ends": "absorb"}  # feet: spatstat's pixels are in the unit of its map
    exact = network_density_at(graph, at, places, **options, merge_m=0) / 1000
    np.testing.assert_allclose(exact, theirs["values"], atol=1e-10)
    merged = network_density_at(graph, at, places, **options) / 1000
    assert np.abs(merged - theirs["values"]).max() < 1e-3 * theirs["values"].max()


NAMES = ("lines", "points", "esd_sigma60ft")


def test_kernels_that_go_on_as_one_move_no_value_by_more_than_a_thousandth_of_one_incidents_peak():
    rng = np.random.default_rng(5)
    side = 22
    node = np.arange(side * side).reshape(side, side)
    across, down = (np.column_stack([one.ravel(), other.ravel()]) for one, other in
                    ((node[:, :-1], node[:, 1:]), (node[:-1], node[1:])))  # fmt: skip
    ends = np.concatenate([across, down])
    ends = ends[rng.random(len(ends)) < 0.7]
    length = rng.uniform(5, 60, len(ends))  # streets of a dense old town
    graph = graph_of(length, ends)
    link = rng.integers(0, len(ends), 12)
    for bandwidth_m in (60.0, 150.0):
        for one in link:
            at = pd.DataFrame({"link": [one], "measure_m": [length[one] / 3]})
            apart = network_density(graph, at, bandwidth_m=bandwidth_m, piece_m=10, merge_m=bandwidth_m / 1000)
            merged = network_density(graph, at, bandwidth_m=bandwidth_m, piece_m=10)
            peak = 0.75 / (5**0.5 * bandwidth_m) * 1000
            assert np.abs(merged["density"] - apart["density"]).max() <= 1e-3 * peak


def test_incidents_followed_a_few_at_a_time_leave_what_all_together_do(monkeypatch):
    length, ends, at, places = random_town(5)
    graph = graph_of(length, ends)
    whole = network_density_at(graph, at, places, bandwidth_m=40, merge_m=0)
    monkeypatch.setattr(along, "TOGETHER", 2)
    monkeypatch.setattr(along, "FEW_PIPES", 1000)
    np.testing.assert_allclose(network_density_at(graph, at, places, bandwidth_m=40, merge_m=0), whole, atol=1e-9)


def test_a_ring_without_length_ends():
    graph = graph_of(np.array([0.0, 50.0]), np.array([[0, 0], [0, 1]]))
    found = network_density(graph, pd.DataFrame({"link": [1], "measure_m": [10.0]}), bandwidth_m=20, piece_m=10)
    assert np.isfinite(found["density"]).all()


def links():
    """Two water pipes in line, the second bent, and a gas pipe beside them."""
    made = [
        {"utility": "water", "code": "W1", "from_node": "A", "to_node": "B", "geom": LineString([(0, 0), (100, 0)])},
        {"utility": "water", "code": "W2", "from_node": "B", "to_node": "C",
         "geom": LineString([(100, 0), (150, 0), (150, 50)])},
        {"utility": "gas", "code": "G1", "from_node": "A", "to_node": "B", "geom": LineString([(0, 2), (100, 2)])},
    ]  # fmt: skip
    usual = {"kind": "pipe", "status": "open", "direction": "both"}
    frame = gpd.GeoDataFrame(
        [{**usual, "length_m": one["geom"].length, **one} for one in made], geometry="geom", crs="EPSG:4547"
    )
    return conform(frame, "links")


def incidents(*rows):
    usual = {"type": "leak", "utility": "water", "channel": "phone", "status": "closed", "drill": False}
    usual |= {"reported_at": pd.Timestamp("2026-01-01", tz="UTC"), "link_code": None, "measure_m": None, "geom": None}
    made = [{"code": f"I{at}", **usual, **row} for at, row in enumerate(rows)]
    return conform(gpd.GeoDataFrame(made, geometry="geom", crs="EPSG:4547"), "incidents")


def test_pipes_of_two_utilities_do_not_meet_in_a_node_of_one_name():
    graph = pipe_graph(links())
    found = network_density(graph, pd.DataFrame({"link": [0], "measure_m": [95.0]}), bandwidth_m=20)
    heavy = found.groupby("link")["density"].max()
    assert heavy[1] > 0
    assert heavy[2] == 0


def test_an_incident_is_on_the_pipe_it_names_else_on_the_nearest_of_its_utility():
    frame = incidents(
        {"link_code": "W2", "measure_m": 70.0, "geom": Point(0, 0)},
        {"link_code": "W1", "geom": Point(30, 9)},
        {"link_code": "W2"},
        {"geom": Point(40, 1.9)},
        {"geom": Point(40, 40)},
        {"utility": None, "geom": Point(40, 0)},
        {"link_code": "W1", "measure_m": 500.0, "geom": Point(20, 0)},
        {"link_code": "gone", "geom": Point(60, 1)},
        {},
    )
    found = on_pipes(frame, links(), reach_m=10)
    assert found.index.tolist() == [0, 1, 2, 3, 6, 7]
    assert found["link"].tolist() == [1, 0, 1, 0, 0, 0]
    assert found["measure_m"].tolist() == [70.0, 30.0, 50.0, 40.0, 20.0, 60.0]


def test_the_pieces_cover_the_pipe_and_keep_its_bends():
    pipes = links()
    pieces = network_density(
        pipe_graph(pipes), pd.DataFrame({"link": [0], "measure_m": [0.0]}), bandwidth_m=20, piece_m=30
    )
    lines = piece_lines(pipes, pieces)
    np.testing.assert_allclose(lines.length, pieces["end_m"] - pieces["start_m"])
    second = lines[pieces["link"] == 1]
    assert [list(line.coords) for line in second][1] == [(125.0, 0.0), (150.0, 0.0)]
    assert second.iloc[0].coords[-1] == second.iloc[1].coords[0]
    some = pieces[pieces["density"] > 0]
    assert piece_lines(pipes, some).equals(lines[some.index])


@pytest.mark.parametrize("bandwidth_m", [0, -1, float("nan"), 300.1])
def test_a_bandwidth_out_of_range_is_refused(bandwidth_m):
    with pytest.raises(InputError, match=r"found a bandwidth of .* at most the 300 m of all pipes"):
        network_density(pipe_graph(links()), pd.DataFrame({"link": [0], "measure_m": [0.0]}), bandwidth_m=bandwidth_m)


def test_what_is_on_no_pipe_is_refused():
    graph = pipe_graph(links())
    for link, measure in ((3, 0.0), (-1, 0.0), (0, 100.5), (0, float("nan"))):
        with pytest.raises(InputError, match=r"row 2: .*along pipe number"):
            network_density(graph, pd.DataFrame({"link": [0, link], "measure_m": [0.0, measure]}), bandwidth_m=20)
    with pytest.raises(InputError, match="choose longer pieces"):
        network_density(graph, pd.DataFrame({"link": [0], "measure_m": [0.0]}), bandwidth_m=20, piece_m=1e-6)
    with pytest.raises(CrsError):
        pipe_graph(links().to_crs(4326))


def test_where_there_is_no_pipe_no_incident_is_on_one():
    assert on_pipes(incidents({"link_code": "W1", "geom": Point(0, 0)}, {}), links().iloc[:0]).empty
