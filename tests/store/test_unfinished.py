"""The few incidents that wait, read without the rest: those that the whole tables tell."""

from datetime import UTC, datetime, timedelta

import pytest
import shapely
from small_city import copy_small_city

from gisapp.incidents import still_open
from gisapp.store import create_store, open_store


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("waiting") / "small.gpkg"
    copy_small_city(path)
    with open_store(path) as store:
        yield store


def test_what_waits_is_read_with_its_steps_and_places(city):
    incidents, steps = city.table("incidents"), city.table("incident_steps")
    wanted = incidents[still_open(incidents, steps, city.rule_book)].reset_index(drop=True)
    rows, told = city.incidents.waiting()
    assert rows.crs == city.crs
    assert rows.drop(columns="geom").equals(wanted.drop(columns="geom"))
    assert rows.geometry.geom_equals(wanted.geometry).sum() == wanted.geometry.notna().sum()
    mine = steps[steps["incident_code"].isin(wanted["code"])]
    assert sorted(zip(told["incident_code"], told["step"], strict=True)) == sorted(
        zip(mine["incident_code"], mine["step"], strict=True)
    )


def test_a_store_without_incidents_waits_for_nothing(tmp_path):
    with create_store(tmp_path / "new.gpkg", crs="EPSG:4547") as store:
        rows, steps = store.incidents.waiting()
        assert rows.empty
        assert steps.empty
        assert rows.crs == store.crs


def test_reports_of_one_lack_of_water_are_read_together(tmp_path):
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    told = {"channel": "phone", "utility": "water", "geom": shapely.Point(5, 5)}
    with create_store(tmp_path / "new.gpkg", crs="EPSG:4547") as store:
        one, other, leak, _late, into = (
            store.report(told | {"type": kind, "reported_at": at + timedelta(hours=hours)}, actor="E1")
            for kind, hours in (("no_supply", 0), ("low_pressure", 23), ("leak", 0), ("no_supply", 25), ("leak", 90))
        )
        store.incidents.record(into, "merge", actor="E1", role="dispatcher", subject=leak)
        beside = {
            code: set(store.incidents.alongside(store.incidents.incident(code))["code"]) for code in (one, leak, into)
        }
        assert beside == {one: {one, other}, leak: {leak, into}, into: {leak, into}}
        assert set(store.incidents.lacking(at)["code"]) == {one, other}
