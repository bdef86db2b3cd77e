"""What tests share: a way to call the command line, a store with EPANET's example Net3, and one with plans."""

import shutil
from pathlib import Path

import pytest
import wntr
from small_city import copy_small_city
from squares import quarters, squares
from town import town

from dashboards.__main__ import main
from dashboards.bundles import bundles
from dashboards.planner.drafts import Drafts
from dashboards.snapshot import Snapshot
from dashboards.tiles import Tiles
from gisapp.store import create_store, open_store


@pytest.fixture
def run(capsys):
    """Calls the command line; gives the exit status and what it said on both outputs."""

    def call(*words):
        status = main([str(word) for word in words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


@pytest.fixture
def drawn():
    """The tables of a town that is only drawn."""
    return town()


@pytest.fixture
def tiles(drawn):
    """The tiles of that town."""
    return Tiles(drawn, bundles())


@pytest.fixture(scope="module")
def small_path(tmp_path_factory):
    """A copy of the small city that the tests of a file may write to."""
    copy = tmp_path_factory.mktemp("small") / "small.gpkg"
    copy_small_city(copy)
    return copy


@pytest.fixture(scope="module")
def small_store(small_path):
    with open_store(small_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def net3_made(tmp_path_factory):
    path = tmp_path_factory.mktemp("net3") / "net3.gpkg"
    create_store(path, crs="EPSG:4547", name="示例").close()
    inp = wntr.library.ModelLibrary().get_filepath("Net3")
    words = ["--as", "network", "--utility", "water", "--crs", "EPSG:4547"]
    assert main(["import", inp, "--store", str(path), *words]) == 0
    return path


@pytest.fixture
def net3(tmp_path, net3_made):
    """A store of one's own with Net3."""
    return Path(shutil.copy(net3_made, tmp_path))


@pytest.fixture
def drafts(tmp_path):
    """The plans of the store of four squares, each of four units."""
    with squares(tmp_path / "squares.gpkg") as store:
        store.save({"unit_grids": quarters()}, actor="test")
        yield Drafts(Snapshot(store))
