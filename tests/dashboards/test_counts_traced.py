"""Figures and rows are of the same incidents: a complaint about conduct is in neither, but for those who read it."""

import pandas as pd
import pytest
import shapely
from squares import SOUTH, WEST, squares

from dashboards.access import LOCAL
from dashboards.assessment.desk import Desk
from dashboards.manager.asked import Asked
from dashboards.manager.found import Found
from dashboards.manager.parts import rows
from dashboards.planner.figures import workload_rows
from dashboards.snapshot import Snapshot, figured

SPAN = "2026-11"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """A town in which three leaks and two complaints, one of them about conduct, were reported in one grid."""
    with squares(tmp_path_factory.mktemp("traced") / "squares.gpkg") as store:
        for day, kind, category in (
            (1, "leak", "public_leak"),
            (2, "leak", "public_leak"),
            (3, "leak", "public_leak"),
            (4, "complaint", "complaint"),
            (5, "complaint", "conduct"),
        ):
            told = {
                "utility": "water", "type": kind, "category": category, "channel": "phone", "grid_code": "G1",
                "reported_at": pd.Timestamp(f"2026-11-0{day}T08:00:00+08:00"), "drill": False, "unit_code": "U1",
                "geom": shapely.Point(WEST + 500, SOUTH + 500),
            }  # fmt: skip
            store.report(told, actor="t")
        yield Snapshot(store)


def test_the_rows_behind_a_count_are_as_many_as_it_says_and_none_is_restricted(snapshot, monkeypatch):
    """W15.8."""
    monkeypatch.setattr("dashboards.deeds._person", lambda: LOCAL)
    found = Found.of(Asked(last=0), snapshot)
    listed = rows(found, "en")
    assert found.count == len(listed) == len(snapshot.incidents()) == 4
    assert "conduct" not in snapshot.incidents()["category"].tolist()
    assert snapshot.store.count("incidents") == 5
    whole = Found.of(Asked(last=0, types=("complaint",)), snapshot)
    assert (whole.count, len(rows(whole, "en"))) == (1, 1)


def test_the_workload_of_a_grid_counts_the_rows_that_are_told(snapshot):
    load = workload_rows(snapshot).set_index("code")
    assert load.loc["G1", "incidents_12m"] == 4
    assert len(figured(snapshot.store, "incidents")["incidents"]) == 4


@pytest.mark.parametrize(
    ("roles", "count"), [(("dispatcher",), 4), ((), 4), (("discipline",), 5), (("supervision",), 5)]
)
def test_the_sheet_counts_restricted_incidents_for_their_roles_only(snapshot, roles, count):
    """W38.1."""
    sheet = Desk(snapshot).sheet_now(SPAN, "grid", roles)
    assert sheet.facts["incidents"].sum() == count
