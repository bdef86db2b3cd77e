"""Grids that are no valid coverage come in by script: listed, asked about, all or nothing."""

import json
import os
import shutil
import sys
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from gisapp.store import create_store, open_store

X, Y = 500_000.0, 3_400_000.0
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
STATED = ("--value", "utilities=water", "--value", "valid_from=2024-01-01T00:00:00+08:00", "--crs", "EPSG:4547")
nightly = pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="4,120 polygons: only with GISAPP_NIGHTLY set")


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "empty.gpkg"
    create_store(path, crs="EPSG:4547").close()
    return path


def drawing(path, *shapes, **columns):
    codes = [f"G{n}" for n in range(len(shapes))]
    features = [
        {"type": "Feature", "properties": {"code": code, "name": code} | columns, "geometry": shape.__geo_interface__}
        for code, shape in zip(codes, shapes, strict=True)
    ]
    crs = {"type": "name", "properties": {"name": "EPSG:4547"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")
    return path


@pytest.fixture
def slips(tmp_path):
    """Two squares that overlap by half a metre, and a bow tie beside them."""
    bow = shapely.Polygon([(X + 200, Y), (X + 300, Y + 100), (X + 300, Y), (X + 200, Y + 100)])
    shapes = [shapely.box(X, Y, X + 100, Y + 100), shapely.box(X + 99.5, Y, X + 200, Y + 100), bow]
    return drawing(tmp_path / "slips.geojson", *shapes)


def grids_in(path):
    with open_store(path) as store:
        return store.table("grids")


def test_the_report_is_printed_and_nothing_comes_in_where_nobody_can_be_asked(run, store, slips):
    status, out, err = run("import", slips, "--as", "grids", "--clean", "--store", store, *STATED)
    assert status == 1
    assert "overlaps G1 over 50.0 m2, up to 0.50 m wide" in out
    assert "Self-intersection" in out
    assert "--yes" in err
    assert grids_in(store).empty
    assert not slips.with_name("slips.geojson.report.json").exists()


@pytest.mark.parametrize(("answer", "count"), [("y\n", 3), ("n\n", 0), ("", 0)])
def test_a_person_is_asked_and_silence_is_no(run, store, slips, monkeypatch, tmp_path, answer, count):
    (tmp_path / "typed").write_text(answer, encoding="utf-8")
    with (tmp_path / "typed").open(encoding="utf-8") as typed:
        monkeypatch.setattr(sys, "stdin", _Terminal(typed))
        status, _, err = run("import", slips, "--as", "grids", "--clean", "--store", store, *STATED)
    assert "[y/N]" in err
    assert status == (0 if count else 1)
    assert len(grids_in(store)) == count


class _Terminal:
    """A person's terminal."""

    def __init__(self, typed):
        self.readline = typed.readline

    def isatty(self):
        return True


def test_yes_brings_a_valid_coverage_in_with_the_report_beside_the_file(run, store, slips):
    words = ("--as", "grids", "--clean", "--yes", "--format", "json", "--store", store, *STATED)
    status, out, _ = run("import", slips, *words)
    assert status == 0
    told = json.loads(out)
    assert told["cleaning"]["counts"]["overlap"] == told["cleaning"]["counts"]["mended"] == 1
    assert json.loads(slips.with_name("slips.geojson.report.json").read_text(encoding="utf-8")) == told
    assert shapely.coverage_is_valid(grids_in(store)["geom"].to_numpy())


def test_an_overlap_too_wide_is_refused_with_its_rows_until_a_width_is_stated(run, store, tmp_path):
    wide = drawing(
        tmp_path / "wide.geojson", shapely.box(X, Y, X + 100, Y + 100), shapely.box(X + 95, Y, X + 200, Y + 100)
    )
    words = ("--as", "grids", "--clean", "--yes", "--store", store, *STATED)
    status, out, err = run("import", wide, *words)
    assert status == 2
    assert "row 1" in err
    assert "--width-m" in err
    assert "wide_overlap" in out
    assert grids_in(store).empty
    assert run("import", wide, *words, "--width-m", "6")[0] == 0
    assert shapely.coverage_is_valid(grids_in(store)["geom"].to_numpy())


def test_a_lost_grid_is_not_counted_as_brought_in(run, store, tmp_path):
    inside = drawing(
        tmp_path / "in.geojson", shapely.box(X, Y, X + 100, Y + 100), shapely.box(X + 40, Y, X + 40.5, Y + 99)
    )
    status, out, err = run("import", inside, "--as", "grids", "--clean", "--yes", "--store", store, *STATED)
    assert status == 0
    assert "1 of 2 rows brought in" in err
    assert "is lost with 49.5 m2, now in G0" in out
    assert grids_in(store)["code"].tolist() == ["G0"]


def test_without_clean_the_same_file_comes_in_as_before(run, store, tmp_path, slips):
    assert run("import", slips, "--as", "grids", "--store", store, *STATED)[0] == 2
    assert grids_in(store).empty


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--as", "grids", "--yes"), "--yes without --clean"),
        (("--as", "grids", "--width-m", "2"), "--width-m without --clean"),
        (("--as", "grids", "--clean", "--width-m", "-2"), "a width of -2.0 m"),
        (("--as", "buildings", "--clean"), "are no coverage"),
    ],
)
def test_flags_that_mean_nothing_are_refused(run, store, slips, words, found):
    status, _, err = run("import", slips, *words, "--store", store, *(() if "buildings" in words else STATED))
    assert status == 2
    assert found in err


def test_grids_of_several_times_are_not_cleaned_as_one(run, store, tmp_path):
    shapes = [shapely.box(X, Y, X + 100, Y + 100)] * 2
    features = json.loads(drawing(tmp_path / "times.geojson", *shapes).read_text(encoding="utf-8"))
    for row, (start, end) in zip(features["features"], [("2024", "2025"), ("2025", None)], strict=True):
        row["properties"] |= {"valid_from": f"{start}-01-01T00:00:00Z", "valid_to": end and f"{end}-01-01T00:00:00Z"}
    (tmp_path / "times.geojson").write_text(json.dumps(features), encoding="utf-8")
    words = ("--as", "grids", "--clean", "--yes", "--value", "utilities=water", "--store", store)
    status, _, err = run("import", tmp_path / "times.geojson", *words)
    assert status == 2
    assert "has ended when others begin" in err


def real(tmp_path, name, *, column=None, values=()):
    """Return a real file, or the part of it whose column holds one of some values."""
    file = DATA / name
    if not file.exists():
        pytest.skip(f"{name} is not here")
    if column is None:
        return Path(shutil.copy(file, tmp_path))
    whole = gpd.read_file(file)
    part = whole[whole[column].isin(values)]
    (part.set_crs("EPSG:2926") if part.crs is None else part).to_file(tmp_path / "part.gpkg")
    return tmp_path / "part.gpkg"


def proposed(run, tmp_path, file, *, crs, stated, k, width):
    """Take a file from import to the export of a proposal; return the cleaning, the imported and the exported grids."""
    path = tmp_path / "real.store.gpkg"
    create_store(path, crs=crs).close()
    clean = ("--clean", "--yes", "--width-m", width, "--store", path, *stated)
    grid = ("--value", "utilities=water", "--value", "valid_from=2024-01-01T00:00:00Z")
    name = "precinct" if "code=id" in stated else "PCTNAME"
    status, out, err = run(
        "import", file, "--as", "grids", *clean, "--column", f"name={name}", *grid, "--format", "json"
    )
    assert status == 0, err
    assert run("import", file, "--as", "units", *clean)[0] == 0
    csv, target = tmp_path / "p.csv", tmp_path / "plan.gpkg"
    words = ("--k", k, "--weight", "area_km2", "--tolerance", "0.3", "--format", "csv", "-o", csv)
    assert run("plan", "suggest", "--store", path, *words)[0] in (0, 1)
    made = json.loads(run("plan", "new", "--store", path, "--name", "建议", "--assign", csv)[1])
    assert run("plan", "export", made["plan"], "--store", path, "--format", "gpkg", "-o", target)[0] == 0
    grids, exported = grids_in(path), gpd.read_file(target)
    assert shapely.coverage_is_valid(grids["geom"].to_numpy())
    assert shapely.coverage_is_valid(exported.geometry.to_numpy())
    assert len(exported) == k
    assert exported.area.sum() == pytest.approx(grids.area.sum(), abs=1.0)
    return json.loads(out)["cleaning"], grids


KING = {"crs": "EPSG:32610", "stated": ("--crs", "EPSG:2926", "--column", "code=id")}
MINNESOTA = {"crs": "EPSG:26915", "stated": ("--column", "code=VTD")}


def test_precincts_of_a_city_go_from_the_file_to_a_proposal(run, tmp_path):
    file = real(tmp_path, "king_county.gpkg", column="city", values=["BEL"])
    told, _ = proposed(run, tmp_path, file, **KING, k=6, width=1)
    assert told["findings"] == []


def test_three_counties_of_minnesota_lose_one_precinct_and_say_so(run, tmp_path):
    file = real(tmp_path, "MN_16.zip", column="COUNTYFIPS", values=[79, 103, 139])
    told, _ = proposed(run, tmp_path, file, **MINNESOTA, k=8, width=10)
    lost = [row for row in told["findings"] if row["kind"] == "lost"]
    assert [(row["code"], round(row["area_m2"], 1)) for row in lost] == [("271030095", 427.3)]
    assert told["counts"]["overlap"] == 6


@nightly
def test_all_of_king_county_goes_from_the_file_to_a_proposal(run, tmp_path):
    told, grids = proposed(run, tmp_path, real(tmp_path, "king_county.gpkg"), **KING, k=40, width=1)
    assert told["findings"] == []
    assert len(grids) == 2562


@nightly
def test_all_of_minnesota_loses_one_precinct(run, tmp_path):
    told, grids = proposed(run, tmp_path, real(tmp_path, "MN_16.zip"), **MINNESOTA, k=60, width=10)
    assert [row["code"] for row in told["findings"] if row["kind"] == "lost"] == ["271030095"]
    assert told["counts"]["overlap"] == 15
    assert len(grids) == 4119
