import pytest
import riverside

from gisapp.network import shutoff
from gisapp.operations import overrides
from gisapp.reports.situation import situation_of


@pytest.fixture(scope="session")
def answer():
    return shutoff(riverside.network(), [("P2", 100.0)])


@pytest.fixture
def kept(tmp_path):
    with riverside.store(tmp_path / "river.gpkg") as store:
        yield store


@pytest.fixture
def situated(kept):
    """Return a function that answers for an operation in the store and tells its situation."""

    def tell(code, minutes=60):
        operation = kept.operations.operation(code)
        today = overrides(kept.table("valve_operations"), operation.utility, leaving_out=[code])
        found = shutoff(
            riverside.network(operation.utility),
            operation.bursts,
            stuck=today.stuck,
            closed=today.closed,
            opened=today.opened,
        )
        tables = {name: kept.table(name) for name in riverside.tables()}
        return situation_of(found, tables, now=riverside.moment(minutes), zone=kept.zone, operation=operation)

    return tell
