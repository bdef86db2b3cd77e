"""The one geometry type: both forms of a blob, alone and by the million, are the same."""

import numpy as np
import pytest
import shapely
from sqlalchemy.dialects import sqlite

from gisapp.errors import StoreError
from gisapp.store.geometry import Geometry, _box, decode, encode

SHAPES = [
    shapely.Point(1.25, -2.5),
    shapely.LineString([(0, 0), (3, 4)]),
    shapely.MultiPolygon([shapely.box(0, 0, 2, 1), shapely.box(5, 5, 6, 7)]),
    shapely.MultiPoint([(1, 2), (3, 4)]),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.geom_type)
def test_one_by_one_and_in_bulk_are_the_same_bytes(shape):
    kind = Geometry("GEOMETRY", 4547)
    alone = kind.bind_processor(sqlite.dialect())(shape)
    assert [alone] == encode(np.array([shape], dtype=object), 4547)
    assert kind.result_processor(sqlite.dialect(), None)(alone).equals_exact(shape, 0)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.geom_type)
def test_the_box_of_a_blob_is_that_of_the_shape(shape):
    assert _box(encode(np.array([shape], dtype=object), 4547)[0]) == shape.bounds


def test_missing_and_empty_are_nothing():
    shapes = np.array([None, shapely.Point(), SHAPES[0], shapely.Polygon()], dtype=object)
    blobs = encode(shapes, 4547)
    assert [blob is None for blob in blobs] == [True, True, False, True]
    assert decode(blobs).tolist() == [None, None, SHAPES[0], None]


def test_an_empty_geometry_of_another_program_is_nothing():
    blob = b"GP\x00\x11" + (4547).to_bytes(4, "little") + shapely.to_wkb(shapely.Point())
    assert decode([blob]).tolist() == [None]
    assert _box(blob) is None


def test_big_endian_blobs_of_another_program_are_read():
    blob = b"GP\x00\x00" + (4547).to_bytes(4, "big") + shapely.to_wkb(SHAPES[0], byte_order=0)
    little = encode(np.array(SHAPES[:1], dtype=object), 4547)
    assert [shape.wkt for shape in decode([blob, *little])] == [SHAPES[0].wkt] * 2


def test_a_blob_that_is_no_geometry_is_said():
    with pytest.raises(StoreError, match="holds a geometry that cannot be read"):
        decode([b"GP\x00\x01\x00\x00\x00\x00nonsense"])
