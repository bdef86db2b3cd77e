import shutil

import pytest
import riverside

from gisapp.network import shutoff
from gisapp.store import open_store


@pytest.fixture(scope="session")
def answer():
    return shutoff(riverside.network(), [("P2", 100.0)])


@pytest.fixture(scope="session")
def river_made(tmp_path_factory):
    path = tmp_path_factory.mktemp("river") / "river.gpkg"
    riverside.store(path).close()
    return path


@pytest.fixture
def kept(river_made, tmp_path):
    """A store of one's own."""
    with open_store(shutil.copy(river_made, tmp_path)) as store:
        yield store


@pytest.fixture
def situated(kept):
    """Return the function that tells the situation of an operation in the store at hand."""
    return lambda code, minutes=60: riverside.situation(kept, code, minutes)


@pytest.fixture(scope="session")
def burst(tmp_path_factory):
    """Return the situation an hour after the burst."""
    with riverside.store(tmp_path_factory.mktemp("burst") / "river.gpkg") as store:
        return riverside.situation(store, riverside.emergency(store))
