"""Construction sites in a store: every write whole or refused."""

import pandas as pd
import pytest
import shapely

from gisapp.errors import InputError
from gisapp.sites import CHECKS

AT = pd.Timestamp("2026-11-20T00:00Z")
HEAD = {"title": "雨水管改造", "geom": shapely.box(500000, 3400000, 500030, 3400020)}
TOLD = {
    "project_leader": "项目负责人",
    "contact": "分机8001",
    "planned_start": AT,
    "planned_end": AT + pd.Timedelta(days=3),
}


def test_a_site_lives_in_the_store_from_the_report_to_its_end(store):
    """W21.1, W22.1."""
    code = store.sites.open(HEAD, "E1", at=AT)
    assert code == "C20261120-01"
    with pytest.raises(
        InputError, match=r"the report of C20261120-01 is not whole; tell dispatch the day of the start"
    ):
        store.sites.report(code, {}, "E1", at=AT)
    assert store.sites.report(code, TOLD, "E1", at=AT).status == "reported"
    for action in ("start", "finish"):
        store.sites.record(code, action, "E1", at=AT + pd.Timedelta(hours=1))
    with pytest.raises(InputError, match="cannot be closed"):
        store.sites.record(code, "close", "E1")
    for name in CHECKS:
        store.sites.record(code, "check", "E1", subject=name, value="good", photo="p.jpg")
    assert store.sites.record(code, "close", "E1").status == "closed"
    steps = store.table("site_steps")
    assert steps["step"].tolist() == list(range(1, 10))
    (row,) = store.table("construction_sites").itertuples()
    assert (row.geom.geom_type, row.geom.area, row.project_leader) == ("MultiPolygon", 600, "项目负责人")


def test_a_report_that_is_not_whole_changes_nothing(store):
    """W21.1."""
    code = store.sites.open(HEAD, "E1", at=AT)
    before = store.revision("construction_sites")
    with pytest.raises(InputError, match="tell dispatch the project leader, contact"):
        store.sites.report(code, {name: TOLD[name] for name in ("planned_start", "planned_end")}, "E1", at=AT)
    assert store.revision("construction_sites") == before
    assert store.sites.site(code).planned_start is None
    with pytest.raises(InputError, match="not whole"):
        store.sites.open(HEAD, "E1", report=True)
    assert len(store.table("construction_sites")) == 1


def test_wrong_sites_are_refused_with_their_field(store):
    for head, words in (
        (HEAD | {"geom": shapely.Point(0, 0)}, "field geom: .*; give a multipolygon"),
        (HEAD | TOLD | {"planned_end": AT - pd.Timedelta(days=1)}, "field planned_end: .* is before the start"),
        ({"geom": HEAD["geom"]}, "field title: is empty"),
    ):
        with pytest.raises(InputError, match=words):
            store.sites.open(head, "E1", at=AT)
    with pytest.raises(InputError, match="there is no construction site 'C9'"):
        store.sites.record("C9", "start", "E1")
    with pytest.raises(InputError, match="lies in the future"):
        store.sites.open(HEAD, "E1", at=pd.Timestamp("2099-01-01T00:00Z"))
    assert store.table("construction_sites").empty
