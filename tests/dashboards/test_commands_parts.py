"""`--incidents PARTS` answers as the store does; a cluster reads neither the store nor CSV."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image

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


def drawn(city, out, *asked):
    store, parts = city
    assert main(["density", "--store", str(store), *asked, "-o", str(out[0])]) == 0
    assert main(["density", "--store", str(store), *asked, "--incidents", str(parts), "-o", str(out[1])]) == 0


@pytest.mark.parametrize(
    "asked",
    [
        ["--type", "leak", "--type", "burst", "--utility", "water", "--per", "km"],
        ["--from", "2026-01-01", "--to", "2026-05-31", "--compare-from", "2025-01-01", "--compare-to", "2025-12-31"],
    ],
)
def test_a_surface_of_parts_is_that_of_the_store_with_the_bandwidth_it_chooses(city, tmp_path, capsys, asked):
    drawn(city, (tmp_path / "a.tif", tmp_path / "b.tif"), *asked)
    told = [line for line in capsys.readouterr().err.splitlines() if "%" not in line]
    half = len(told) // 2
    assert told[:half] == told[half:]
    assert any("bandwidth" in line for line in told)
    with Image.open(tmp_path / "a.tif") as once, Image.open(tmp_path / "b.tif") as parted:
        assert dict(once.tag_v2)[42112] == dict(parted.tag_v2)[42112]
        np.testing.assert_allclose(np.array(parted), np.array(once), rtol=1e-5, atol=1e-5, equal_nan=True)
        assert np.nanmax(np.array(once)) > 0


@pytest.mark.parametrize("by", ["hexagons", "grids"])
def test_figures_of_places_of_parts_are_those_of_the_store(city, tmp_path, by):
    drawn(city, (tmp_path / "a.csv", tmp_path / "b.csv"), "--by", by, "--type", "leak", "--from", "2025-03-01")
    once, parted = (pd.read_csv(tmp_path / name) for name in ("a.csv", "b.csv"))
    pd.testing.assert_frame_equal(parted, once)
    assert once["count"].sum() > 50


def test_a_period_without_incidents_in_parts_writes_nothing(city, tmp_path, capsys):
    words = ["density", "--store", str(city[0]), "--incidents", str(city[1]), "--from", "1999-01-01"]
    assert main([*words, "--to", "1999-02-01", "-o", str(tmp_path / "a.png")]) == 1
    assert "nothing to draw in this period" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


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
        (["density", "--cluster", "local", "-o", "x.png"], "a cluster does not read the store"),
        (["density", "--incidents", "no.parquet", "-o", "x.png"], "no.parquet"),
        (["density", "--incidents", "x", "--along-pipes", "-o", "x.gpkg"], "along the pipes of incidents in parts"),
        (["assign", "points.csv", "--cluster", "local"], "a cluster reads no CSV"),
        (["assign", "points.parquet"], "cannot go to standard output"),
        (["export", "network", "--format", "parquet", "-o", "x"], "export the network as gpkg"),
    ],
)
def test_what_cannot_be_is_said(city, capsys, words, told):
    assert main([*words, "--store", str(city[0])]) == 2
    assert told in capsys.readouterr().err
