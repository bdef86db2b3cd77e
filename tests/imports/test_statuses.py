"""Where incidents may stand that come in, and what their registration must hold."""

from zoneinfo import ZoneInfo

import pytest

from gisapp.imports import RejectedError
from gisapp.incidents import RuleBook

BOOK = RuleBook(ZoneInfo("Asia/Shanghai"))
STANDS = (
    {"status": "repaired"},
    {"status": "solution_set"},
    {"type": "complaint", "status": "solution_set"},
    {"type": "patrol_finding", "status": "repaired"},
    {"type": "patrol_finding", "status": "on_site"},
)


def test_a_status_that_the_life_of_its_category_does_not_know_is_rejected_by_row(come_in, leaks):
    with pytest.raises(RejectedError) as caught:
        come_in(leaks(*STANDS), crs="EPSG:4547", book=BOOK)
    told = caught.value.report.rejected
    assert told[["row", "field", "found"]].to_numpy().tolist() == [
        [2, "status", "found 'solution_set', unknown to a repair"],
        [5, "status", "found 'on_site', unknown to a finding"],
    ]
    assert told["todo"].iloc[1].startswith("use one of cancelled, closed, graded")


def test_without_rules_any_status_comes_in(come_in, leaks):
    assert come_in(leaks(*STANDS), crs="EPSG:4547").report.accepted == 5


def test_a_registration_without_what_its_category_demands_is_rejected_by_row(come_in, leaks):
    """P3.3."""
    hall = {"type": "other", "category": "hall_business", "status": "registered"}
    given = ({"reporter_phone": "分机8001", "summary": "更名"}, {"reporter_phone": "", "summary": "更名"},
             {"reporter_phone": "分机8001", "summary": ""})  # fmt: skip
    file = leaks(*(hall | one for one in given))
    with pytest.raises(RejectedError) as caught:
        come_in(file, crs="EPSG:4547", book=BOOK)
    told = caught.value.report.rejected
    assert told[["row", "field", "todo"]].to_numpy().tolist() == [
        [2, "customer_code", "fill customer_code or reporter_phone"],
        [3, "summary", "fill summary"],
    ]
    assert come_in(leaks({"type": "leak", "reporter_phone": "", "summary": ""}), crs="EPSG:4547", book=BOOK)
