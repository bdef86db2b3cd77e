import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from grid_shapes import CRS, EAST, NORTH, blocks, grids_of, voronoi

from gisapp.errors import InputError
from gisapp.grids import outside_load, workload
from gisapp.grids.workload import ground_of, line_shares
from gisapp.tables import conform

NOW = pd.Timestamp("2026-11-22", tz="UTC")
TOWN = blocks(2, 1)


def at(x, y):
    return shapely.Point(EAST + x, NORTH + y)


def line(*points):
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in points])


def frame(name, rows, shapes):
    columns = pd.DataFrame(rows).assign(geom=shapes)
    return conform(gpd.GeoDataFrame(columns, geometry="geom", crs=CRS), name)


CUSTOMERS = frame(
    "customers",
    [
        {"code": "C1", "kind": "resident", "households": 30, "people": 70, "meter_inside": False},
        {"code": "C2", "kind": "special", "critical": "hospital", "households": 0, "meter_inside": False},
        {"code": "C3", "kind": "resident", "households": 10, "people": 20, "meter_inside": True},
        {"code": "C4", "kind": "resident", "households": 5, "people": 9, "meter_inside": True},
    ],
    [at(50, 50), at(100, 50), at(150, 50), at(900, 50)],
)
LINK = {"utility": "water", "kind": "pipe", "from_node": "N1", "to_node": "N2", "status": "open", "direction": "both"}
LINKS = frame(
    "links",
    [
        LINK | {"code": "L1", "length_m": 200.0},
        LINK | {"code": "L2", "length_m": 99.0, "utility": "gas"},
        LINK | {"code": "L3", "length_m": 5.0, "kind": "pump"},
        LINK | {"code": "L4", "length_m": 60.0},
    ],
    [line((0, 50), (200, 50)), line((100, 0), (100, 100)), line((1, 1), (6, 1)), line((180, 20), (240, 20))],
)
DEVICES = frame(
    "devices",
    [
        {
            "utility": "water",
            "code": code,
            "kind": kind,
            "link_code": "L1",
            "end": "mid",
            "state": "open",
            "operable": "operable",
            "direction": "both",
        }
        for code, kind in [("V1", "gate_valve"), ("V2", "gate_valve"), ("P1", "pump")]
    ],
    [at(20, 50), at(120, 50), at(1, 1)],
)


def incident(code, status, day, **more):
    common = {"code": code, "type": "leak", "channel": "phone", "status": status, "drill": False}
    return common | {"reported_at": pd.Timestamp(day, tz="UTC")} | more


INCIDENTS = frame(
    "incidents",
    [
        incident("I1", "repairing", "2026-11-20"),
        incident("I2", "archived", "2026-01-05"),
        incident("I3", "archived", "2025-11-22"),
        incident("I4", "merged", "2026-11-20"),
        incident("I5", "accepted", "2026-11-20", drill=True),
        incident("I6", "accepted", "2026-11-21", grid_code="G001"),
        incident("I7", "accepted", "2026-11-23"),
        incident("I8", "registered", "2020-01-01"),
    ],
    [at(10, 10), at(110, 10), at(110, 10), at(10, 10), at(10, 10), None, at(10, 10), at(900, 900)],
)
POSTS = conform(
    pd.DataFrame(
        [
            {"person_code": "P1", "scope": "G000", "valid_from": "2020-01-01", "valid_to": "2026-01-01"},
            {"person_code": "P2", "scope": "G000", "valid_from": "2026-01-01", "valid_to": None},
            {"person_code": "P3", "scope": "G009", "valid_from": "2026-01-01", "valid_to": None},
        ]
    ).assign(
        role="grid_leader",
        scope_kind="grid",
        valid_from=lambda rows: pd.to_datetime(rows["valid_from"], utc=True),
        valid_to=lambda rows: pd.to_datetime(rows["valid_to"], utc=True),
    ),
    "posts",
)
TABLES = {"customers": CUSTOMERS, "links": LINKS, "devices": DEVICES, "incidents": INCIDENTS}


def test_each_grid_is_told_what_lies_in_it():
    load = workload(TOWN, **TABLES, posts=POSTS, now=NOW).set_index("code")
    assert load["households"].tolist() == [30, 10]
    assert load["people"].tolist() == [70, 20]
    assert load["customers"].tolist() == [2, 1]  # the hospital stands on the border: it is the first grid's
    assert load["critical"].tolist() == [1, 0]
    assert load["valves"].tolist() == [1, 1]
    assert load["incidents_12m"].tolist() == [1, 2]
    assert load["open_incidents"].tolist() == [1, 1]
    assert load["pipe_m_water"].tolist() == pytest.approx([100, 120])
    assert load["pipe_m_gas"].tolist() == pytest.approx([99, 0])
    assert load["pipe_m"].tolist() == pytest.approx([199, 120])
    assert load["area_km2"].tolist() == pytest.approx([0.01, 0.01])
    assert load["compactness"].tolist() == pytest.approx([np.pi / 4] * 2)
    assert load["leader"].fillna("none").tolist() == ["P2", "none"]
    assert load["leaders"].tolist() == [1, 0]


def test_grids_and_outside_add_up_to_the_tables():
    """G2.1."""
    load = workload(TOWN, **TABLES, posts=POSTS, now=NOW)
    outside = outside_load(TOWN, **TABLES, now=NOW)
    assert outside["customers"] == 1
    assert outside["open_incidents"] == 1
    total = load[outside.index].sum() + outside
    assert total["households"] == CUSTOMERS["households"].sum()
    assert total["customers"] == len(CUSTOMERS)
    assert total["pipe_m_water"] == pytest.approx(260)
    assert total["pipe_m"] == pytest.approx(359)


def test_the_workload_is_one_on_average_and_follows_the_weights():
    load = workload(TOWN, **TABLES, posts=POSTS, now=NOW, weights={"households": 1.0})
    assert load["workload"].tolist() == pytest.approx([1.5, 0.5])
    assert load["deviation"].tolist() == pytest.approx([0.5, -0.5])
    mixed = workload(TOWN, **TABLES, posts=POSTS, now=NOW)
    assert mixed["workload"].mean() == pytest.approx(1)
    with pytest.raises(InputError, match="'smiles'"):
        workload(TOWN, **TABLES, posts=POSTS, now=NOW, weights={"smiles": 1.0})
    with pytest.raises(InputError, match="no zone"):
        workload(TOWN, **TABLES, posts=POSTS, now=pd.Timestamp("2026-11-22"))


def test_empty_tables_make_an_idle_town():
    empty = {name: table.iloc[:0] for name, table in TABLES.items()}
    load = workload(TOWN, **empty, posts=POSTS.iloc[:0], now=NOW)
    assert load[["households", "pipe_m", "workload"]].to_numpy().tolist() == [[0, 0, 0]] * 2
    assert load["leaders"].tolist() == [0, 0]


def test_a_stretch_along_a_border_counts_once_even_when_the_rest_is_outside():
    lines = gpd.GeoSeries([line((100, 50), (100, 150)), line((300, 0), (310, 0)), None], crs=CRS)
    shares = line_shares(lines, TOWN)
    assert shares.to_numpy().tolist() == [[0, -1, 0.5], [0, 0, 0.5], [1, -1, 1], [2, -1, 1]]


def test_shares_of_random_lines_add_up_and_equal_their_clipped_lengths():
    rng = np.random.default_rng(31)
    grids = voronoi(50, rng, bend=0.03)
    ends = rng.uniform((EAST - 200, NORTH - 200), (EAST + 3200, NORTH + 3200), (200, 3, 2))
    lines = gpd.GeoSeries(shapely.linestrings(ends), crs=CRS)
    shares = line_shares(lines, grids)
    assert shares.groupby("line")["share"].sum().to_numpy() == pytest.approx(np.ones(200))
    inside = shares[shares["row"] >= 0]
    metres = inside["share"] * lines.length.to_numpy()[inside["line"]]
    clipped = lines.to_numpy()[:, None], grids.geometry.to_numpy()[None, :]
    expected = shapely.length(shapely.intersection(*clipped)).sum(axis=0)
    summed = np.bincount(inside["row"], metres, minlength=len(grids))
    np.testing.assert_allclose(summed, expected, atol=1e-6)


def test_an_overlap_gives_its_pipes_to_the_first_grid():
    both = grids_of([shapely.box(0, 0, 60, 10), shapely.box(40, 0, 100, 10)])
    shares = line_shares(gpd.GeoSeries([shapely.LineString([(0, 5), (100, 5)])], crs=CRS), both)
    assert shares["share"].tolist() == pytest.approx([0.6, 0.4])


def test_the_farthest_point_is_that_of_the_border_farthest_from_the_centre_of_gravity():
    rng = np.random.default_rng(3)
    grids = grids_of(voronoi(60, rng, side=1000.0, bend=0.1).geometry.to_numpy())
    ring = shapely.box(EAST, NORTH, EAST + 90, NORTH + 90) - shapely.box(EAST + 10, NORTH + 10, EAST + 80, NORTH + 80)
    two = shapely.MultiPolygon([ring, shapely.box(EAST + 500, NORTH, EAST + 510, NORTH + 10)])
    shapes = np.append(grids.geometry.to_numpy(), [two])
    found = ground_of(shapes)[:, 2]
    for shape, far_m in zip(shapes, found, strict=True):
        heart = shapely.centroid(shape)
        border = shapely.get_coordinates(shapely.segmentize(shapely.boundary(shape), 0.5))
        slow = max(heart.distance(shapely.Point(spot)) for spot in border)
        assert far_m == pytest.approx(slow, rel=1e-12)


def test_corners_on_a_straight_edge_do_not_move_the_farthest_point():
    plain, more = shapely.box(0, 0, 1000, 1000), shapely.segmentize(shapely.box(0, 0, 1000, 1000), 130)
    assert ground_of(np.array([plain, more]))[:, 2] == pytest.approx([707.1, 707.1], abs=0.1)


def test_a_grid_without_a_polygon_has_no_farthest_point():
    found = ground_of(np.array([shapely.Polygon(), shapely.box(0, 0, 6, 8)], dtype=object))
    assert np.isnan(found[0, 2])
    assert found[1, 2] == 5.0
