"""GeoPackage, shapefile and GeoJSON: shapes judged, never mended, and letters never guessed."""

import json
import zipfile

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from gisapp.errors import InputError
from gisapp.imports import Mapping, RejectedError

WEST, SOUTH = 528_000, 3_386_000


def box(column: int) -> shapely.Polygon:
    return shapely.box(WEST + 100 * column, SOUTH, WEST + 100 * (column + 1), SOUTH + 100)


def units(*shapes, crs="EPSG:4547", **columns) -> gpd.GeoDataFrame:
    columns.setdefault("code", [f"{number:03d}" for number in range(1, len(shapes) + 1)])
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def geojson(path, *geometries, crs="urn:ogc:def:crs:EPSG::4547", **properties):
    features = [
        {"type": "Feature", "properties": {"code": f"{number:03d}", **properties}, "geometry": geometry}
        for number, geometry in enumerate(geometries, 1)
    ]
    content = {"type": "FeatureCollection", "features": features}
    if crs:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def ring(*points) -> dict:
    return {"type": "Polygon", "coordinates": [[[WEST + x, SOUTH + y] for x, y in points]]}


SOUND = ring((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))


def test_a_geopackage_says_its_crs_and_comes_in(come_in, tmp_path):
    units(box(0), box(1), people=[10, 20]).to_file(tmp_path / "units.gpkg")
    batch = come_in(tmp_path / "units.gpkg", "units")
    frame = batch.tables["unit_grids"]
    assert frame[["code", "people"]].to_numpy().tolist() == [["001", 10], ["002", 20]]
    assert frame["geom"].geom_type.unique().tolist() == ["MultiPolygon"]
    assert batch.report.provenance["crs_said_by"] == "the file"


def test_a_crs_that_contradicts_the_file_is_refused(come_in, tmp_path):
    units(box(0)).to_file(tmp_path / "units.gpkg")
    with pytest.raises(InputError, match=r"CM 114E, --crs says .*CM 117E"):
        come_in(tmp_path / "units.gpkg", "units", crs="EPSG:4548")
    assert come_in(tmp_path / "units.gpkg", "units", crs="EPSG:4547").report.accepted == 1


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_geopackage_without_a_crs_is_refused_until_one_is_stated(come_in, tmp_path):
    units(box(0), crs=None).to_file(tmp_path / "units.gpkg")
    with pytest.raises(InputError, match="which CRS"):
        come_in(tmp_path / "units.gpkg", "units")
    assert come_in(tmp_path / "units.gpkg", "units", crs="EPSG:4547").report.accepted == 1


def test_heights_are_dropped_and_it_is_said(come_in, tmp_path):
    units(shapely.force_3d(box(0), 7.0)).to_file(tmp_path / "units.gpkg")
    batch = come_in(tmp_path / "units.gpkg", "units")
    assert not batch.tables["unit_grids"]["geom"].has_z.any()
    assert any("heights" in text for text in batch.report.warnings)


def test_units_that_overlap_are_told(come_in, tmp_path):
    units(box(0), shapely.affinity.translate(box(0), 50, 0), box(5)).to_file(tmp_path / "units.gpkg")
    assert any("2 of 3 polygons" in text for text in come_in(tmp_path / "units.gpkg", "units").report.warnings)


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (None, "has no position"),
        ({"type": "Polygon", "coordinates": []}, "geometry is empty"),
        (ring((0, 0), (100, 0), (100, 100), (0, 100)), "a ring is not closed"),
        (ring((0, 0), (100, 100), (100, 0), (0, 100), (0, 0)), "crosses or touches itself"),
        (ring((0, 0), (float("nan"), 0), (100, 100), (0, 0)), "NaN or infinite"),
        ({"type": "Point", "coordinates": [WEST, SOUTH]}, "geometry is a Point"),
        ({"type": "Polygon", "coordinates": "here"}, "cannot be read"),
        ({"type": "Polygon"}, "cannot be read"),
    ],
)
def test_a_wrong_shape_is_rejected_alone(come_in, tmp_path, geometry, words):
    path = geojson(tmp_path / "units.geojson", SOUND, geometry)
    with pytest.raises(RejectedError, match=words) as caught:
        come_in(path, "units")
    assert caught.value.report.rejected[["row", "field"]].to_numpy().tolist() == [[2, "geom"]]
    assert come_in(path, "units", skip_rejected=True).tables["unit_grids"]["code"].tolist() == ["001"]


def test_a_shape_of_200_000_vertices_is_refused_and_named(come_in, tmp_path):
    angle = np.linspace(0, 2 * np.pi, 200_001)[:-1]
    circle = np.column_stack([WEST + 40 * np.cos(angle), SOUTH + 40 * np.sin(angle)])
    units(box(1), shapely.Polygon(circle)).to_file(tmp_path / "units.gpkg")
    with pytest.raises(RejectedError, match="the shape has 200,001 vertices; simplify it to at most 100,000"):
        come_in(tmp_path / "units.gpkg", "units")


def test_repeated_feature_ids_do_not_vanish(come_in, tmp_path):
    feature = {"type": "Feature", "id": "7", "properties": {}, "geometry": SOUND}
    content = {"type": "FeatureCollection", "features": [feature, feature]}
    (tmp_path / "units.geojson").write_text(json.dumps(content))
    with pytest.raises(RejectedError, match="'7' stood in row 1 already"):
        come_in(tmp_path / "units.geojson", "units", crs="EPSG:4547", mapping=Mapping(columns={"code": "id"}))


def test_metres_called_degrees_are_refused(come_in, tmp_path):
    with pytest.raises(InputError, match=r"not degrees of WGS 84 .* look like metres"):
        come_in(geojson(tmp_path / "units.geojson", SOUND, crs=None), "units")


def test_a_stated_crs_corrects_a_geojson_without_one(come_in, tmp_path):
    batch = come_in(geojson(tmp_path / "units.geojson", SOUND, crs=None), "units", crs="EPSG:4547")
    assert batch.tables["unit_grids"]["geom"].iloc[0].area == pytest.approx(10_000)


def test_codes_stay_text(come_in, tmp_path):
    batch = come_in(geojson(tmp_path / "units.geojson", SOUND, code="00123"), "units")
    assert batch.tables["unit_grids"]["code"].tolist() == ["00123"]


def shapefile(folder, name="块", encoding="gbk", *, mark=False):
    frame = units(box(0), box(1), 编号=[name, "乙"]).drop(columns="code")
    pyogrio.write_dataframe(frame, folder / "units.shp", encoding=encoding)
    if not mark:
        (folder / "units.cpg").unlink()
    return folder / "units.shp"


GBK = Mapping(columns={"code": "编号"})


def test_a_gbk_shapefile_without_a_mark_must_be_declared(come_in, tmp_path):
    path = shapefile(tmp_path)
    with pytest.raises(InputError, match=r"no .cpg and no encoding .*; as gb18030 it reads .*--encoding gb18030"):
        come_in(path, "units", mapping=GBK)
    batch = come_in(path, "units", mapping=GBK, encoding="gbk")
    assert batch.tables["unit_grids"]["code"].tolist() == ["块", "乙"]
    assert set(batch.report.provenance["parts"]) == {"units.shp", "units.shx", "units.dbf", "units.prj"}


def test_a_shapefile_with_its_mark_is_read(come_in, tmp_path):
    batch = come_in(shapefile(tmp_path, mark=True), "units", mapping=GBK)
    assert batch.tables["unit_grids"]["code"].tolist() == ["块", "乙"]


def test_a_zipped_shapefile_is_read(come_in, tmp_path):
    shapefile(tmp_path)
    with zipfile.ZipFile(tmp_path / "units.zip", "w") as archive:
        for ending in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / f"units.{ending}", f"folder/units.{ending}")
        archive.writestr("__MACOSX/folder/._units.shp", b"")
    batch = come_in(tmp_path / "units.zip", "units", mapping=GBK, encoding="gb18030")
    assert batch.tables["unit_grids"]["code"].tolist() == ["块", "乙"]


def test_a_shapefile_without_its_table_is_refused(come_in, tmp_path):
    path = shapefile(tmp_path)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(InputError, match=r"the .dbf that belongs to the .shp is missing"):
        come_in(path, "units", mapping=GBK)


def test_one_of_several_layers_must_be_named(come_in, tmp_path):
    for layer in ("old", "new"):
        units(box(0), code=[layer]).to_file(tmp_path / "units.gpkg", layer=layer)
    with pytest.raises(InputError, match=r"the file has (old, new|new, old)"):
        come_in(tmp_path / "units.gpkg", "units")
    batch = come_in(tmp_path / "units.gpkg", "units", mapping=Mapping(read={"layer": "new"}))
    assert batch.tables["unit_grids"]["code"].tolist() == ["new"]
