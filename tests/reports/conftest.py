from dataclasses import asdict

import pytest
import riverside

from gisapp.network import shutoff
from gisapp.operations import overrides
from gisapp.reports.situation import TABLES, situation_of


@pytest.fixture(scope="session")
def answer():
    return shutoff(riverside.network(), [("P2", 100.0)])


@pytest.fixture
def kept(tmp_path):
    with riverside.store(tmp_path / "river.gpkg") as store:
        yield store


@pytest.fixture(scope="session")
def situated_in():
    """Return a function that answers for an operation in a store and tells its situation."""

    def tell(store, code, minutes=60):
        operation = store.operations.operation(code)
        today = overrides(
            store.table("valve_operations"), store.table("devices"), operation.utility, leaving_out=[code]
        )
        found = shutoff(riverside.network(operation.utility), operation.bursts, **asdict(today))
        tables = {name: store.table(name) for name in TABLES}
        return situation_of(found, tables, now=riverside.moment(minutes), zone=store.zone, operation=operation)

    return tell


@pytest.fixture
def situated(kept, situated_in):
    """Return the same for the store at hand."""
    return lambda code, minutes=60: situated_in(kept, code, minutes)


@pytest.fixture(scope="session")
def burst(tmp_path_factory, situated_in):
    """Return the situation an hour after the burst."""
    with riverside.store(tmp_path_factory.mktemp("burst") / "river.gpkg") as store:
        return situated_in(store, riverside.emergency(store))
