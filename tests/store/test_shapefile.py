"""A shapefile written by hand is read by GDAL without a warning, with the very same shapes and texts."""

import json
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gisapp.errors import InputError
from gisapp.store import export_shapefile

X, Y = 500_000.0, 3_400_000.0
READ = """
import json, sys, warnings
warnings.simplefilter("error")
import pyogrio
info = pyogrio.read_info(sys.argv[1], force_total_bounds=True)
frame = pyogrio.read_dataframe(sys.argv[1])
rows = frame.drop(columns="geometry").astype(object).where(lambda told: told.notna(), None).to_numpy().tolist()
print(json.dumps({"crs": info["crs"], "encoding": info["encoding"], "kind": info["geometry_type"],
    "fields": info["fields"].tolist(), "bounds": list(info["total_bounds"]), "rows": rows,
    "wkb": frame.geometry.to_wkb(hex=True).tolist()}))
"""


def seen_by_gdal(path):
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def grids(shapes, **columns):
    columns = {"code": [f"G{n:03d}" for n in range(len(shapes))]} | columns
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4547")


def test_gdal_reads_texts_in_utf_8_shapes_with_holes_and_parts_and_the_frame(tmp_path):
    ring = shapely.box(X, Y, X + 300, Y + 300) - shapely.box(X + 100, Y + 100, X + 200, Y + 200)
    two = shapely.MultiPolygon([ring, shapely.box(X + 400, Y, X + 500, Y + 0.123456789)])
    names = ["東湖網格", None, "é,\"'"]
    frame = grids([two, shapely.box(X + 100, Y + 100, X + 200, Y + 200), shapely.Point(X, Y).buffer(50)], name=names)
    export_shapefile(tmp_path / "g.shp", frame)
    told = seen_by_gdal(tmp_path / "g.shp")
    assert told["rows"] == [["G000", "東湖網格"], ["G001", None], ["G002", "é,\"'"]]
    assert (told["fields"], told["encoding"], told["crs"]) == (["code", "name"], "UTF-8", "EPSG:4547")
    assert told["bounds"] == frame.total_bounds.tolist()
    read = shapely.from_wkb(told["wkb"])
    assert shapely.equals_identical(shapely.normalize(read), shapely.normalize(frame.geometry.to_numpy())).all()
    assert (tmp_path / "g.cpg").read_bytes() == b"UTF-8"


def test_random_coverages_come_back_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(7)
    points = shapely.multipoints(rng.uniform((X, Y), (X + 1000, Y + 1000), (200, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    export_shapefile(tmp_path / "g.shp", grids(cells))
    read = shapely.from_wkb(seen_by_gdal(tmp_path / "g.shp")["wkb"])
    assert shapely.equals_identical(shapely.normalize(read), shapely.normalize(cells)).all()
    assert shapely.coverage_is_valid(read)


def test_what_does_not_fit_is_refused_and_the_file_of_before_stands(tmp_path):
    square = [shapely.box(X, Y, X + 1, Y + 1)]
    export_shapefile(tmp_path / "g.shp", grids(square, name=["旧"]))
    with pytest.raises(InputError, match=r"field name: .* has 255 bytes"):
        export_shapefile(tmp_path / "g.shp", grids(square, name=["网" * 85]))
    with pytest.raises(InputError, match="more than 10 letters"):
        export_shapefile(tmp_path / "g.shp", grids(square, utilities_served=["water"]))
    with pytest.raises(InputError, match=r"end in \.shp"):
        export_shapefile(tmp_path / "g.zip", grids(square))
    assert seen_by_gdal(tmp_path / "g.shp")["rows"] == [["G000", "旧"]]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".cpg", ".dbf", ".prj", ".shp", ".shx"]


def test_an_index_of_the_file_of_before_does_not_outlive_it(tmp_path):
    (tmp_path / "g.qix").write_bytes(b"old")
    export_shapefile(tmp_path / "g.shp", grids([shapely.box(X, Y, X + 1, Y + 1)]))
    assert not (tmp_path / "g.qix").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="name a folder that exists"):
        export_shapefile(tmp_path / "no" / "g.shp", grids([shapely.box(X, Y, X + 1, Y + 1)]))
