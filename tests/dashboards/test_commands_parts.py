"""`--incidents PARTS` answers as the store does; a cluster reads neither the store nor CSV."""

import json

import geopandas as gpd
import pytest

from dashboards.__main__ import main


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    store, parts = folder / "small.gpkg", folder / "incidents.parquet"
    assert main(["demo", "--size", "small", "--seed", "2", "--store", str(store)]) == 0
    assert main(["export", "incidents", "--store", str(store), "--format", "parquet", "-o", str(parts)]) == 0
    return store, parts


def answer(capsys, *words):
    assert main([str(word) for word in words]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("asked", [[], ["--type", "leak", "--utility", "water", "--from", "2025-01-01"]])
def test_hotspots_of_parts_are_those_of_the_store(city, capsys, asked):
    store, parts = city
    usual = ["hotspots", "--store", store, "--trend", *asked]
    found = answer(capsys, *usual, "--incidents", parts)
    assert found == answer(capsys, *usual)
    assert found["incidents"] > 100


def test_points_of_parts_get_the_grids_that_their_csv_gets(city, tmp_path, capsys):
    store, parts = city
    placed = tmp_path / "placed"
    assert main(["assign", str(parts), "--store", str(store), "-o", str(placed)]) == 0
    rows = gpd.read_parquet(placed / "part-000000.parquet")
    points = rows[rows.geometry.notna() & ~rows.geometry.is_empty]
    csv = tmp_path / "points.csv"
    points.geometry.get_coordinates().to_csv(csv, index=False)
    assert main(["assign", str(csv), "--store", str(store), "-o", str(tmp_path / "out.csv")]) == 0
    written = gpd.pd.read_csv(tmp_path / "out.csv")
    assert written["grid"].tolist() == points["grid"].tolist()
    assert written["why"].tolist() == points["why"].tolist()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hotspots", "--cluster", "local"], "a cluster does not read the store"),
        (["assign", "points.csv", "--cluster", "local"], "a cluster reads no CSV"),
        (["assign", "points.parquet"], "cannot go to standard output"),
        (["export", "network", "--format", "parquet", "-o", "x"], "export the network as gpkg"),
    ],
)
def test_what_cannot_be_is_said(city, capsys, words, told):
    assert main([*words, "--store", str(city[0])]) == 2
    assert told in capsys.readouterr().err
