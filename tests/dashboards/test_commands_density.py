"""Where incidents concentrate, from the command line: every kind of answer, in a town of 16 grids by a river."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from PIL import Image

from dashboards.__main__ import main, parser
from gisapp.density import LEAST_CUSTOMERS
from gisapp.store import create_store
from gisapp.tables import conform

X, Y = 500_000.0, 3_400_000.0
SPOT = (X + 500.0, Y + 600.0)


def frame(name, rows):
    return conform(gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geom", crs=4547), name)


def town():
    """Streets every 100 m; 1,500 customers in the west and one alone in the east; leaks around a bad spot."""
    rng = np.random.default_rng(1)
    grid = {"utilities": "water", "valid_from": pd.Timestamp("2020-01-01T00:00Z")}
    squares = [
        shapely.box(X + 400 * i, Y + 400 * j, X + 400 * (i + 1), Y + 400 * (j + 1)) for j in range(4) for i in range(4)
    ]
    grids = [
        grid | {"code": f"G{at:02}", "name": f"G{at:02}", "geom": shapely.MultiPolygon([one])}
        for at, one in enumerate(squares)
    ]
    river = {
        "code": "L1",
        "kind": "river",
        "geom": shapely.MultiPolygon([shapely.box(X - 50, Y + 1480, X + 1650, Y + 1600)]),
    }
    pipe = {"utility": "water", "kind": "pipe", "status": "open", "direction": "both", "length_m": 1600.0}
    links = [
        pipe | {"code": f"W{at:02}", "from_node": f"A{at}", "to_node": f"B{at}",
                "geom": shapely.LineString([(X, Y + 100 * at), (X + 1600, Y + 100 * at)])}
        for at in range(1, 15)
    ]  # fmt: skip
    stubs = [
        (f"{end}{at}", shapely.Point(X + 1600 * (end == "B"), Y + 100 * at)) for at in range(1, 15) for end in "AB"
    ]
    nodes = [{"utility": "water", "code": code, "kind": "end", "geom": place} for code, place in stubs]
    homes = np.append(rng.uniform((X, Y), (X + 800, Y + 1450), (1500, 2)), [[X + 1500.0, Y + 300.0]], axis=0)
    home = {"kind": "resident", "meter_inside": True, "households": 3, "people": 9}
    customers = [home | {"code": f"C{at:04}", "geom": shapely.Point(place)} for at, place in enumerate(homes)]
    leak = {"utility": "water", "type": "leak", "channel": "phone", "status": "closed", "drill": False}
    near = rng.normal(SPOT, 40, (150, 2))
    places = np.concatenate([near, rng.uniform((X, Y), (X + 800, Y + 1450), (60, 2)), [[X + 1500.0, Y + 300.0]] * 3])
    days = pd.to_timedelta(np.where(np.arange(len(places)) < 150, 400, 60) + rng.integers(0, 200, len(places)), "D")
    incidents = [
        leak
        | {
            "code": f"I{at:03}",
            "reported_at": pd.Timestamp("2024-01-01T04:00Z") + days[at],
            "geom": shapely.Point(place),
        }
        for at, place in enumerate(places)
    ]
    made = {
        "grids": grids,
        "landcover": [river],
        "nodes": nodes,
        "links": links,
        "customers": customers,
        "incidents": incidents,
    }
    return {name: frame(name, rows) for name, rows in made.items()}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("density") / "town.gpkg"
    with create_store(path, crs="EPSG:4547", name="示例") as made:
        made.save(town(), actor="test")
    return path


@pytest.fixture
def run(capsys, store):
    def call(*words):
        status = main(["density", "--store", str(store), *(str(word) for word in words)])
        return status, capsys.readouterr().err

    return call


@pytest.mark.parametrize("per", ["km2", "km", "households"])
@pytest.mark.parametrize("name", ["leaks.tif", "leaks.png"])
def test_a_picture_shows_the_bad_spot_and_no_value_on_the_river_or_at_the_lonely_house(run, tmp_path, per, name):
    status, told = run("--per", per, "--bandwidth-m", 60, "-o", tmp_path / name)
    assert status == 0, told
    with Image.open(tmp_path / name) as picture:
        if name.endswith("png"):
            assert ("per km2" if per == "km2" else "and year") in picture.text["unit"]
            return
        values, tags = np.array(picture), dict(picture.tag_v2)
    cell, (west, north) = tags[33550][0], tags[33922][3:5]

    def at(x, y):
        return values[int((north - y) / cell), int((x - west) / cell)]

    assert at(*SPOT) > 0.9 * np.nanmax(values)
    assert np.isnan(at(X + 500, Y + 1550))
    assert np.isnan(at(X + 1500, Y + 300))
    assert 0 <= at(X + 100, Y + 1400) < 0.3 * at(*SPOT)


def test_with_no_least_the_lonely_house_is_told(run, tmp_path):
    assert run("--bandwidth-m", 60, "--min-customers", 0, "-o", tmp_path / "all.tif")[0] == 0
    assert run("--bandwidth-m", 60, "-o", tmp_path / "some.tif")[0] == 0
    with Image.open(tmp_path / "all.tif") as all_of_it, Image.open(tmp_path / "some.tif") as some:
        assert np.isnan(np.array(some)).sum() > np.isnan(np.array(all_of_it)).sum()


def test_where_all_are_too_few_nothing_is_written(run, tmp_path):
    for kind, name in (("surface", "a.tif"), ("hexagons", "a.csv"), ("grids", "a.gpkg")):
        status, told = run("--by", kind, "--bandwidth-m", 60, "--min-customers", 5000, "-o", tmp_path / name)
        assert (status, "fewer than 5000 customers" in told) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_kernel_that_nowhere_holds_enough_pipes_is_told_as_such(run, tmp_path):
    status, told = run("--per", "km", "--bandwidth-m", 20, "-o", tmp_path / "thin.tif")
    assert status == 1
    assert "choose a wider bandwidth" in told
    assert list(tmp_path.iterdir()) == []


def test_two_periods_are_compared_by_the_year(run, tmp_path):
    years = ["--from", "2025-01-01", "--to", "2025-12-31", "--compare-from", "2024-01-01", "--compare-to", "2024-06-30"]
    status, told = run(*years, "--bandwidth-m", 60, "-o", tmp_path / "change.tif")
    assert status == 0, told
    with Image.open(tmp_path / "change.tif") as picture:
        values, told = np.array(picture), picture.tag_v2[42112]
    assert "change of incidents per km2 and year" in told
    assert np.nanmin(values) < 0 < np.nanmax(values)


def test_an_empty_period_tells_what_to_give_up(run, tmp_path):
    status, told = run("--from", "2030-01-01", "--to", "2030-02-01", "--bandwidth-m", 60, "-o", tmp_path / "no.png")
    assert status == 1
    assert "without the restriction of period there would be 213" in told
    earlier = ["--compare-from", "1999-01-01", "--compare-to", "1999-12-31"]
    status, told = run(*earlier, "--bandwidth-m", 60, "-o", tmp_path / "no.png")
    assert status == 1
    assert "nothing to compare with: no incidents from 1999-01-01 to 1999-12-31" in told
    assert list(tmp_path.iterdir()) == []


def test_the_bandwidth_is_chosen_and_told(run, tmp_path):
    status, told = run("-o", tmp_path / "auto.png")
    assert status == 0, told
    assert "foretells" in told


@pytest.mark.parametrize("form", ["csv", "gpkg"])
def test_hexagons_have_figures_but_for_those_of_few_customers(run, tmp_path, form):
    status, told = run("--by", "hexagons", "--size-m", 200, "-o", tmp_path / f"hex.{form}")
    assert status == 0, told
    found = pd.read_csv(tmp_path / "hex.csv") if form == "csv" else pyogrio.read_dataframe(tmp_path / "hex.gpkg")
    few = found["withheld"].astype(bool)
    assert few.any()
    assert found.loc[few, ["count", "per_km_year", "households", "customers"]].isna().all(axis=None)
    assert (found.loc[~few, "customers"] >= 5).all()
    assert 190 <= found["count"].sum() <= 210  # but for the three in the east and a few at the edge of the west


def test_grids_have_what_is_expected_of_them(run, tmp_path):
    status, told = run("--by", "grids", "-o", tmp_path / "grids.csv")
    assert status == 0, told
    found = pd.read_csv(tmp_path / "grids.csv").set_index("code")
    assert found["deviation"].idxmax() == "G05"
    assert found["withheld"].sum() == 8
    assert found["count"].sum() == 210
    assert len(found) == 16


def test_density_along_the_pipes_is_highest_at_the_bad_spot(run, tmp_path):
    status, told = run("--along-pipes", "--bandwidth-m", 50, "-o", tmp_path / "pipes.gpkg")
    assert status == 0, told
    found = pyogrio.read_dataframe(tmp_path / "pipes.gpkg")
    worst = found.loc[found["per_km_year"].idxmax()]
    assert worst["code"] == "W06"
    assert worst.geometry.distance(shapely.Point(SPOT)) < 40
    assert not (found.geometry.distance(shapely.Point(X + 1500, Y + 300)) < 50).any()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--bandwidth-m", 0, "-o", "a.png"], "found a bandwidth of 0 m"),
        (["--bandwidth-m", 1601, "-o", "a.png"], "at most the 1600 m of the city"),
        (["--bandwidth-m", "wide", "-o", "a.png"], "give metres or auto"),
        (["--along-pipes", "--bandwidth-m", 0, "-o", "a.gpkg"], "found a bandwidth of 0 m"),
        (["--by", "hexagons", "-o", "a.png"], r"ends in \.gpkg or \.csv"),
        (["--by", "hexagons", "--size-m", -1, "-o", "a.csv"], "found hexagons of -1 m"),
        (["--by", "grids", "--along-pipes", "-o", "a.gpkg"], "choose one of them"),
        (["--compare-from", "2024-01-01", "-o", "a.png"], "give --compare-from and --compare-to"),
        (["--min-customers", -1, "--bandwidth-m", 60, "-o", "a.png"], "give a whole number from 0"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_written(run, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    status, told = run(*words)
    assert status == 2
    assert re.search(message, told), told
    assert list(tmp_path.iterdir()) == []


def test_a_shared_map_leaves_out_calls_with_too_few_customers_around(store, tmp_path, capsys):
    words = ["map", "--store", str(store), "--layer", "grids", "--layer", "incidents"]
    words += ["-o", str(tmp_path / "map.html")]
    for least, shown in ((0, 213), (5, 213), (5000, 0)):
        assert main([*words, "--min-customers", str(least)]) == 0
        assert f"{shown} incidents are shown, {213 - shown} are left out" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["density", "map"])
def test_without_a_word_the_usual_least_number_of_customers_holds(name):
    assert parser().parse_args([name, "--store", "a.gpkg", "-o", "b"]).min_customers == LEAST_CUSTOMERS
