from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from gisapp.demo.sizes import NOW, START
from gisapp.demo.streets import WIDTHS_M


def shapes(frame) -> np.ndarray:
    return np.asarray(frame["geom"].array)


def test_unit_grids_grids_and_communities_are_coverages(small):
    for name in ("unit_grids", "grids", "communities"):
        assert shapely.coverage_is_valid(shapes(small[name])), name


def test_metered_areas_cover_the_city_in_one_piece_each_and_make_up_the_pressure_zones(small):
    """G2.1"""
    dma, zones = (small["limits"].query("kind == @kind").geometry.to_numpy() for kind in ("dma", "pressure_zone"))
    assert (shapely.get_num_geometries(dma) == 1).all()
    for shapes in (dma, zones):
        assert shapely.coverage_is_valid(shapes)
        assert shapely.area(shapes).sum() == pytest.approx(small["unit_grids"].area.sum())
    within = shapely.STRtree(zones).query(shapely.point_on_surface(dma), "within")
    assert len(within[0]) == len(dma)


def test_unit_grids_leave_no_gap(small):
    whole = shapely.coverage_union_all(shapes(small["unit_grids"]))
    assert len(shapely.get_parts(whole)) == 1
    assert shapely.get_num_interior_rings(shapely.get_parts(whole)[0]) == 0


def test_every_grid_is_the_union_of_its_unit_grids_and_in_one_piece(small):
    units = small["unit_grids"]
    for code, polygon in zip(small["grids"]["code"], shapes(small["grids"]), strict=True):
        own = shapes(units[units["grid_code"] == code])
        assert shapely.equals(shapely.coverage_union_all(own), polygon)
        assert shapely.get_num_geometries(polygon) == 1


def test_grids_are_counted_from_north_to_south(small):
    codes = small["grids"]["code"]
    assert list(codes) == [f"G{number:03d}" for number in range(1, len(codes) + 1)]
    y = shapely.get_y(shapely.centroid(shapes(small["grids"])))
    assert y[:5].min() > y[-5:].max()


def test_no_grid_is_many_times_heavier_than_another(small):
    homes = small["unit_grids"].groupby("grid_code")["households"].sum()
    assert homes.max() < 2.2 * homes.mean()


def test_streets_bend(small):
    streets = small["streets"]
    lines = shapes(streets)[shapely.length(shapes(streets)) > 300]
    ends = np.stack([shapely.get_point(lines, 0), shapely.get_point(lines, -1)], axis=1)
    chords = shapely.linestrings(shapely.get_coordinates(ends).reshape(-1, 2, 2))
    off = shapely.hausdorff_distance(lines, chords) / shapely.length(lines)
    assert np.median(off) > 0.02
    assert (off < 0.003).mean() < 0.15


def test_blocks_are_no_checkerboard(small):
    corners = shapely.get_num_coordinates(shapes(small["unit_grids"]))
    area = shapely.area(shapes(small["unit_grids"]))
    assert np.std(area) / np.mean(area) > 0.4
    assert np.median(corners) > 12


def test_streets_cross_the_river_on_more_than_one_bridge(small):
    land = small["landcover"]
    river = shapes(land[land["kind"] == "river"])[0]
    over = shapely.intersection(shapes(small["streets"]), shapely.buffer(river, -5))
    assert (shapely.length(over) > 60).sum() >= 3


def test_buildings_stand_clear_of_streets_water_and_each_other(small):
    houses = shapes(small["buildings"])
    width = dict(zip(("arterial", "collector", "local"), WIDTHS_M, strict=False))
    streets = shapely.buffer(shapes(small["streets"]), small["streets"]["rank"].map(width).to_numpy(dtype=float) / 2)
    land = small["landcover"]
    wet = shapes(land[land["kind"] != "park"])
    for others in (streets, wet):
        assert len(shapely.STRtree(others).query(houses, predicate="intersects")[0]) == 0
    pairs = shapely.STRtree(houses).query(houses, predicate="intersects")
    assert (pairs[0] == pairs[1]).all()


def test_every_building_lies_in_one_block_of_its_community(small):
    pairs = shapely.STRtree(shapes(small["unit_grids"])).query(shapes(small["buildings"]), predicate="covered_by")
    assert np.array_equal(pairs[0], np.arange(len(small["buildings"])))
    community = shapes(small["communities"].set_index("code").loc[small["buildings"]["community_code"]])
    assert shapely.covers(community, shapes(small["buildings"])).all()


def test_households_add_up_from_customers_to_grids(small):
    homes = small["customers"][small["customers"]["kind"] == "resident"]["households"].sum()
    assert homes == small["buildings"]["households"].sum() == small["unit_grids"]["households"].sum()


def test_each_kind_of_critical_user_is_there_and_rare(small):
    kinds = small["customers"]["critical"].value_counts()
    assert len(kinds) == 8
    assert kinds.sum() < 0.03 * len(small["customers"])


def test_each_grid_has_exactly_one_leader_at_any_time(small):
    posts = small["posts"][small["posts"]["role"] == "grid_leader"]
    until = posts["valid_to"].fillna(pd.Timestamp("2100-01-01", tz="UTC").as_unit("ms"))
    moments = [*pd.date_range(START, NOW, periods=40), *posts["valid_from"], NOW]
    for moment in moments:
        held = posts[(posts["valid_from"] <= moment) & (moment < until)]
        assert sorted(held["scope"]) == list(small["grids"]["code"])


def test_some_leaders_followed_another(small):
    posts = small["posts"][small["posts"]["role"] == "grid_leader"]
    assert 0 < posts["valid_to"].notna().sum() < len(small["grids"])


def test_the_fifteen_units_of_the_water_rules_are_there(small):
    names = set(small["org_units"]["name_hans"])
    assert {"调度中心", "营业所", "管网管理处", "换表管理所", "测漏队", "纪检监察室", "接水服务大厅"} <= names
    assert (small["org_units"]["code"] <= "U15").sum() == 15


def test_nobody_can_be_dialled(small):
    for table, column in (("people", "phone"), ("customers", "phone"), ("incidents", "reporter_phone")):
        assert small[table][column].dropna().str.match(r"000\d{8}$").all()


def test_account_numbers_are_text_with_leading_zeros(small):
    assert small["customers"]["code"].str.match(r"0\d{7}$").all()
