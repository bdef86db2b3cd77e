"""The next code of a day: counted within the day of the zone, and refused when its digits are used up."""

from datetime import UTC, datetime

import pytest

from gisapp.errors import StoreError
from gisapp.store.numbering import next_code

AT = datetime(2026, 11, 27, 20, tzinfo=UTC)  # the 28th in Shanghai


def head(code):
    return {"code": code, "kind": "burst", "summary": "a main has burst", "opened_at": AT}


def coded(store, table):
    with store._connections.writing() as connection:
        return next_code(connection, table, AT, store.zone)


@pytest.mark.parametrize(
    ("table", "first"),
    [
        ("incidents", "20261128-000001"),
        ("shutoffs", "S20261128-001"),
        ("plans", "B20261128-001"),
        ("emergencies", "E20261128-01"),
        ("construction_sites", "C20261128-01"),
        ("measures", "M20261128-01"),
    ],
)
def test_the_first_of_a_day_of_the_zone(store, table, first):
    assert coded(store, table) == first


@pytest.mark.both
def test_the_next_follows_the_last_and_passes_by_other_forms(store):
    for code in ("E20261128-07", "E20261128-8", "E20261127-30", "mine"):
        store.emergencies.open(head(code), "a")
    assert coded(store, "emergencies") == "E20261128-08"


def test_a_day_whose_digits_are_used_up_has_no_code_left(store):
    store.emergencies.open(head("E20261128-99"), "a")
    with pytest.raises(StoreError, match="day 20261128 has no code left after E20261128-99; give the emergency a code"):
        store.emergencies.open(head(None), "a")
