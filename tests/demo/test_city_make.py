from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from small_city import copy_small_city, folder_made

from gisapp.demo import SIZES, make_city
from gisapp.demo.city import make_town
from gisapp.errors import InputError, Interrupted, StoreError
from gisapp.store import open_store
from gisapp.tables import TABLES, conform

PROGRAM = """
from gisapp.demo import city_tables
from tests.demo.test_city_make import digest
print(digest(city_tables("small", 1)))
"""


def digest(tables: dict[str, pd.DataFrame]) -> str:
    total = hashlib.sha256()
    for name, frame in tables.items():
        plain = pd.DataFrame(frame.drop(columns="geom", errors="ignore"))
        if "geom" in frame:
            plain["geom"] = shapely.to_wkb(np.asarray(frame["geom"].array), hex=True)
        total.update(name.encode() + plain.to_csv(index=False).encode())
    return total.hexdigest()


def elsewhere() -> str:
    project = Path(__file__).resolve().parents[2]
    changed = os.environ | {
        "PYTHONHASHSEED": "4711",
        "PYTHONPATH": f"{project}{os.pathsep}{project / 'tests' / 'towns'}",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=changed, cwd=project, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
def test_the_same_size_and_seed_give_the_same_rows_in_another_process(small):
    assert elsewhere() == digest(small)


def test_another_seed_gives_another_city(small):
    other = make_town(SIZES["small"], 2).tables
    assert not other["streets"].equals(small["streets"])
    assert other["streets"].union_all().symmetric_difference(small["streets"].union_all()).length > 10_000


def test_every_table_of_the_dictionary_is_there_in_its_shape(small):
    assert list(small) == list(TABLES)
    for name, frame in small.items():
        # nobody has drawn a boundary plan yet, or decided about anything
        unmade = name.startswith("plan") or name in ("decisions", "warranties", "meter_wells")
        assert (len(frame) > 0) is not unmade
        pd.testing.assert_frame_equal(conform(frame, name), frame)


def test_keys_stand_once(small):
    for name, table in TABLES.items():
        assert not small[name].duplicated(list(table.key)).any(), name


def test_the_small_city_has_the_counts_it_promises(small):
    size = SIZES["small"]
    assert len(small["grids"]) == size.grids
    assert abs(len(small["customers"]) - size.customers) < 10
    assert abs(len(small["incidents"]) / size.incidents - 1) < 0.05


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("city") / "small.gpkg"
    copy_small_city(path)
    return path


def test_a_store_holds_the_same_rows_as_the_tables(small, written):
    with open_store(written) as store:
        assert {name: store.count(name) for name in TABLES} == {name: len(frame) for name, frame in small.items()}
        assert store.crs.to_epsg() == 4547
        links = store.table("links").sort_values(["utility", "code"], ignore_index=True)
        assert links["length_m"].sum() == pytest.approx(small["links"]["length_m"].sum())


def test_nothing_but_the_store_and_its_anchor_is_left_beside_it():
    assert sorted(file.name for file in folder_made().iterdir()) == ["small.gpkg", "small.gpkg.anchor"]


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    path = tmp_path / "mine.gpkg"
    path.write_text("mine")
    with pytest.raises(StoreError, match="exists already"):
        make_city(path, "small")
    assert path.read_text() == "mine"


def test_a_city_stopped_half_way_leaves_nothing(tmp_path):
    def stop(done: int, total: int) -> None:
        if done > total // 3:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        make_city(tmp_path / "city.gpkg", "small", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_size_is_refused(tmp_path):
    with pytest.raises(InputError, match="small, city, metro"):
        make_city(tmp_path / "city.gpkg", "hamlet")
