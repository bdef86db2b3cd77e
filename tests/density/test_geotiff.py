import os

import numpy as np
import pytest
from PIL import Image

from gisapp.density import surface, surface_3857
from gisapp.density.geotiff import write_geotiff
from gisapp.errors import CrsError, InputError, StoreError

BOUNDS = (515_000.0, 3_381_000.0, 525_000.0, 3_390_000.0)
POINTS = np.random.default_rng(2).normal([520_000, 3_386_000], 900, (400, 2))


def test_values_bounds_frame_and_unit_come_back(tmp_path):
    found = surface(POINTS, bandwidth_m=150, bounds=BOUNDS, crs="EPSG:4547")
    write_geotiff(found, tmp_path / "density.tif", note="号台 & 2")
    with Image.open(tmp_path / "density.tif") as picture:
        np.testing.assert_array_equal(np.array(picture), found.values)
        tags = dict(picture.tag_v2)
    assert tags[33550] == (found.cell_m, found.cell_m, 0.0)
    assert tags[33922] == (0.0, 0.0, 0.0, BOUNDS[0], BOUNDS[3], 0.0)
    keys = dict(zip(tags[34735][4::4], tags[34735][7::4], strict=True))
    assert (keys[1024], keys[1025], keys[3072], keys[3076]) == (1, 1, 4547, 9001)
    assert "incidents per km2" in tags[42112]
    assert tags[42113] == "nan"
    assert '<Item name="points">400</Item>' in tags[42112]
    assert '<Item name="note">号台 &amp; 2</Item>' in tags[42112].encode("latin-1").decode()


@pytest.mark.parametrize("cell_m", [50.0, 49.0, 15.0])
def test_any_number_of_strips_can_be_read(tmp_path, cell_m):
    found = surface(POINTS, bandwidth_m=150, bounds=(519_000, 3_385_000, 521_000, 3_387_333), cell_m=cell_m)
    write_geotiff(found, tmp_path / "d.tif", "EPSG:4547")
    with Image.open(tmp_path / "d.tif") as picture:
        np.testing.assert_array_equal(np.array(picture), found.values)


def test_a_surface_drawn_for_the_web_keeps_its_frame(tmp_path):
    found = surface_3857(POINTS, crs="EPSG:4547", bandwidth_m=150, bounds=BOUNDS)
    write_geotiff(found, tmp_path / "web.tif")
    with Image.open(tmp_path / "web.tif") as picture:
        assert 3857 in picture.tag_v2[34735]


@pytest.mark.parametrize(
    ("crs", "message"),
    [(None, "has no CRS"), ("+proj=tmerc +lon_0=114.3 +x_0=500000 +ellps=GRS80 +units=m", "no EPSG code")],
)
def test_a_surface_without_a_named_frame_is_refused(tmp_path, crs, message):
    found = surface(POINTS, bandwidth_m=150, bounds=BOUNDS)
    with pytest.raises(CrsError, match=message):
        write_geotiff(found, tmp_path / "d.tif", crs)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    target = tmp_path / "d.tif"
    target.write_bytes(b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"d\.tif: the disk is full"):
        write_geotiff(surface(POINTS, bandwidth_m=150, bounds=BOUNDS, crs="EPSG:4547"), target)
    assert [path.name for path in tmp_path.iterdir()] == ["d.tif"]
    assert target.read_bytes() == b"old"


def test_an_absent_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        write_geotiff(surface(POINTS, bandwidth_m=150, bounds=BOUNDS, crs="EPSG:4547"), tmp_path / "absent" / "d.tif")
