import pytest
import riverside

from gisapp.network import shutoff


@pytest.fixture(scope="session")
def answer():
    return shutoff(riverside.network(), [("P2", 100.0)])


@pytest.fixture
def kept(tmp_path):
    with riverside.store(tmp_path / "river.gpkg") as store:
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
