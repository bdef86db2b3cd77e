"""The search box finds codes and names, and nothing personal."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.tables import conform


@pytest.fixture
def town(store, network, rows):
    nodes = network["nodes"].assign(code=["N1", "W-10", "N3"])
    links = network["links"].assign(code=["W-1", "W-100"], from_node=["N1", "W-10"], to_node=["W-10", "N3"])
    customers = network["customers"].assign(name="网格客户", phone="10000000012", address="一号路 5 号")
    store.save({"nodes": nodes, "links": links, "customers": customers}, actor="t")
    grids = rows("grids", 2).assign(code=["G001", "G002"], name=["一号网格", "50%_网格"]).drop(columns="valid_to")
    past = grids[:1].assign(valid_from=pd.Timestamp("2020-01-01T00:00Z"), valid_to=grids["valid_from"].iloc[0])
    store.save({"grids": conform(past, "grids")}, actor="t")
    store.save({"grids": conform(grids, "grids")}, actor="t")
    return store


@pytest.mark.both
def test_equal_comes_before_beginning_and_beginning_before_within(town):
    assert town.find("w-1")["code"].tolist() == ["W-1", "W-10", "W-100"]
    assert town.find("W-10")["code"].tolist() == ["W-10", "W-100"]
    assert town.find("10")["code"].tolist() == ["W-10", "W-100"]


def test_a_name_is_found_and_labelled(town):
    hit = town.find("一号")
    assert hit[["kind", "code", "label"]].to_numpy().tolist() == [["grids", "G001", "一号网格 G001"]]
    assert hit["utility"].isna().all()


def test_customers_are_found_by_account_only(town):
    assert town.find("C1")["label"].tolist() == ["C1"]
    for personal in ("网格客户", "10000000012", "一号路"):
        assert len(town.find(personal)) == 0


def test_the_point_lies_on_the_thing(town):
    hit = town.find("W-1").iloc[0]
    line = town.table("links").geom[0]
    assert (hit["utility"], hit["kind"]) == ("water", "links")
    assert line.distance(shapely.Point(hit["x"], hit["y"])) < 1e-9
    hit = town.find("G002").iloc[0]
    assert town.table("grids").geom[2].contains(shapely.Point(hit["x"], hit["y"]))


def test_signs_of_the_pattern_language_stand_for_themselves(town):
    assert town.find("50%_")["code"].tolist() == ["G002"]
    assert len(town.find("_")) == 1
    assert len(town.find("\\")) == 0


def test_the_answer_is_as_long_as_asked_and_never_without_columns(town):
    assert len(town.find("W-1", limit=2)) == 2
    for nothing in ("", "  ", "no such thing"):
        empty = town.find(nothing)
        assert len(empty) == 0
        assert list(empty.columns) == ["kind", "utility", "code", "label", "x", "y"]


def test_a_thing_without_a_place_is_found_all_the_same(store, rows):
    frame = rows("nodes", 1).assign(code="lost")
    frame["geom"] = gpd.GeoSeries([None], crs=frame.crs)
    store.save({"nodes": frame}, actor="t")
    assert store.find("lost")["x"].isna().all()
    assert isinstance(store.find("lost"), pd.DataFrame)
