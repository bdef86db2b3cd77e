import numpy as np
import pandas as pd
import pytest
from mvt_reader import numbers, read

from dashboards import mvt


def parts(*runs, owner=None):
    starts = np.r_[0, np.cumsum([len(run) for run in runs])]
    return mvt.Parts(np.concatenate([np.array(run) for run in runs]), starts, np.array(owner or range(len(runs))))


def test_varints_of_every_length_read_back():
    sizes = [0, 1, 127, 128, 2**14 - 1, 2**14, 2**21 - 1, 2**21, 2**28 - 1, 2**28, 2**35 - 1]
    written, lengths = mvt.varints(np.array(sizes))
    assert numbers(written.tobytes()) == sizes
    assert lengths.tolist() == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_no_varints_are_no_bytes():
    assert mvt.varints(np.array([], dtype=np.uint64))[0].tobytes() == b""


def test_lines_and_their_attributes_read_back():
    made = parts([(0, 0), (5, -3)], [(4096, 4096), (4000, 7), (-90, 3)], [(1, 1), (2, 2)], owner=[0, 0, 2])
    kind = mvt.Attribute.of("kind", pd.Series(["pipe", "pump", "pipe"]))
    size = mvt.Attribute.of("size", pd.Series([300.0, 1.0, 80.5]))
    found = read(mvt.layer("links", mvt.LINE, made, np.array([7, 8, 300]), [kind, size]))["links"]
    assert [one.number for one in found] == [7, 300]
    assert [one.tags for one in found] == [{"kind": "pipe", "size": 300}, {"kind": "pipe", "size": 80.5}]
    assert found[0].parts == [[(0, 0), (5, -3)], [(4096, 4096), (4000, 7), (-90, 3)]]
    assert found[1].parts == [[(1, 1), (2, 2)]]


def test_a_missing_value_is_no_tag():
    column = mvt.Attribute.of("name", pd.Series([None, "东街"], dtype="str"))
    found = read(mvt.layer("x", mvt.POINT, parts([(1, 2)], [(3, 4)]), np.array([1, 2]), [column]))["x"]
    assert [one.tags for one in found] == [{}, {"name": "东街"}]


@pytest.mark.parametrize("value", [True, False, 0, 2**34, -5, 2.25, "", "管线", "x" * 300])
def test_a_value_keeps_its_type(value):
    column = mvt.Attribute.of("value", pd.Series([value], dtype="object"))
    tags = read(mvt.layer("x", mvt.POINT, parts([(1, 2)]), np.array([1]), [column]))["x"][0].tags
    assert tags == {"value": value}
    assert isinstance(tags["value"], bool) == isinstance(value, bool)


@pytest.mark.parametrize("size", [0, 1, 41, 42, 43, 124, 125, 126, 127, 128, 20_000])
def test_a_text_of_any_length_reads_back(size):
    text = "水" * (size // 3) + "w" * (size % 3)
    column = mvt.Attribute.of("text", pd.Series([text], dtype="str"))
    assert read(mvt.layer("x", mvt.POINT, parts([(1, 2)]), np.array([1]), [column]))["x"][0].tags == {"text": text}


def test_a_polygon_is_closed_and_not_repeated():
    made = parts([(0, 0), (10, 0), (10, 10), (0, 10)], [(2, 2), (2, 4), (4, 4)], owner=[0, 0])
    found = read(mvt.layer("x", mvt.POLYGON, made, np.array([1]), []))["x"]
    assert found[0].parts == [[(0, 0), (10, 0), (10, 10), (0, 10)], [(2, 2), (2, 4), (4, 4)]]


def test_a_layer_without_features_is_nothing():
    none = mvt.Parts(np.empty((0, 2), dtype=np.int64), np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert mvt.layer("x", mvt.LINE, none, np.empty(0), []) == b""


def test_a_thousand_random_lines_read_back():
    rng = np.random.default_rng(3)
    runs = [rng.integers(-200, 4300, (rng.integers(2, 30), 2)) for _ in range(1000)]
    codes = pd.Series([f"P{n}" for n in range(1000)])
    made = mvt.layer("x", mvt.LINE, parts(*runs), np.arange(1000) * 9_000_000, [mvt.Attribute.of("code", codes)])
    for run, code, one in zip(runs, codes, read(made)["x"], strict=True):
        assert one.tags == {"code": code}
        assert one.parts == [[tuple(point) for point in run.tolist()]]
