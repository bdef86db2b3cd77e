"""What of a shutoff the public reads: only what was released, while it holds, and never of a few customers."""

from datetime import UTC, datetime, timedelta

import pytest
import riverside
import shapely

from gisapp.network import shutoff
from gisapp.operations import notice_digest, operation_of
from gisapp.reports.published import TABLES, Concerned, concerned, published, published_table

DAY = 24 * 60
PLANNED = {
    "utility": "water", "kind": "planned", "links": "P2@100", "opened_at": riverside.OPENED,
    "place": "滨江路4号3幢501室",
    "planned_start": riverside.moment(3 * DAY), "planned_end": riverside.moment(3 * DAY + 480),
}  # fmt: skip


def release(kept, code, minutes=5, language="zh-Hans", body="滨江路停水，热线96510"):
    text = {"shutoff_code": code, "kind": "shutoff_notice", "title": "停水通知", "body": body, "language": language}
    kept.operations.release(text | {"released_at": riverside.moment(minutes)}, "E01")


def planned(kept, *more, **head):
    code = kept.operations.open(PLANNED | head, "E01")
    for minutes, action in enumerate(("submit", "approve", "inform_dispatch", "publish", *more), start=1):
        kept.operations.record(code, action, "E01", at=riverside.moment(minutes), note="因雨")
    return code


def told(kept, minutes, **options):
    names = ("shutoffs", "shutoff_steps", "valve_operations", "notices")
    tables = [kept.table(name) for name in names]
    every = [operation_of(code, *tables) for code in tables[0]["code"]]
    return published(every, now=riverside.moment(minutes), **options)


def test_only_what_was_released_is_published(kept):
    code = riverside.emergency(kept)
    assert told(kept, 60) == []
    text = {"shutoff_code": code, "kind": "report_up", "title": "报告", "body": "x", "language": "zh-Hans"}
    kept.operations.release(text, "E01")
    assert told(kept, 60) == []
    release(kept, code)
    (one,) = told(kept, 60)
    assert (one.code, one.state, one.starts_at) == (code, "off", riverside.moment(28))
    assert one.ends_at == datetime(2026, 11, 20, 12, tzinfo=UTC)  # the estimate


@pytest.mark.parametrize("head", [{"drill": True}, {"kind": "individual", "links": "P2"}])
def test_a_drill_and_the_shutoff_of_one_customer_are_never_published(kept, head):
    given = {"utility": "water", "kind": "emergency", "links": "P2@100", "opened_at": riverside.OPENED}
    release(kept, kept.operations.open(given | head, "E01"))
    assert told(kept, 60) == []


def test_a_text_that_is_not_the_released_one_is_not_told(kept):
    code = riverside.emergency(kept)
    release(kept, code)
    tables = [kept.table(name) for name in ("shutoffs", "shutoff_steps", "valve_operations")]
    changed = kept.table("notices").assign(body="人民路")
    assert published([operation_of(code, *tables, changed)], now=riverside.moment(60)) == []
    right = changed.assign(digest=notice_digest("停水通知", "人民路"))
    assert len(published([operation_of(code, *tables, right)], now=riverside.moment(60))) == 1


@pytest.mark.parametrize(
    ("more", "state", "last"),
    [
        ((), "to_come", 4 * DAY + 480),
        (("start_closing", "cut_off"), "off", None),
        (("cancel",), "cancelled", 3 * DAY + 480),
        (("postpone",), "postponed", 3 * DAY + 480),
        (("start_closing", "cut_off", "finish_work", "restore"), "restored", DAY + 8),
    ],
)
def test_how_a_shutoff_stands_and_until_when_it_is_told(kept, more, state, last):
    release(kept, planned(kept, *more), minutes=4)
    (one,) = told(kept, 10)
    assert one.state == state
    assert (one.starts_at is None) == (state in ("cancelled", "postponed"))
    assert told(kept, 90 * DAY) == [] or last is None
    if last is not None:
        assert [len(told(kept, last + minutes)) for minutes in (-1, 1)] == [1, 0]


def test_a_notice_from_before_the_work_was_postponed_no_longer_holds(kept):
    code = planned(kept, "postpone")
    release(kept, code, minutes=4)
    for minutes, action in enumerate(("submit", "approve", "inform_dispatch"), start=6):
        kept.operations.record(code, action, "E01", at=riverside.moment(minutes))
    (one,) = told(kept, 10)
    assert (one.state, one.starts_at) == ("postponed", None)
    release(kept, code, minutes=12)
    (one,) = told(kept, 13)
    assert (one.state, one.starts_at) == ("to_come", PLANNED["planned_start"])


def test_what_people_typed_is_masked_and_the_hotline_stays(kept):
    body = "联系张三丰13800138000，或拨打021-55551234"
    release(kept, planned(kept), body=body)
    (one,) = told(kept, 10, hotline="021-55551234")
    assert one.place == "滨江路4号3幢***"
    assert one.text("zh-Hans")[1].body == "联系张**138****8000，或拨打021-55551234"
    (one,) = told(kept, 10)
    assert "55551234" not in one.text("zh-Hans")[1].body


def test_a_text_is_told_in_the_language_asked_for_or_in_that_of_its_release(kept):
    code = planned(kept)
    release(kept, code)
    release(kept, code, body="滨江路两侧")
    release(kept, code, language="en", body="Binjiang Road")
    (one,) = told(kept, 10)
    assert [(spoken, text.revision, text.body) for spoken, text in map(one.text, ("en", "zh-Hant"))] == [
        ("en", 1, "Binjiang Road"),
        ("en", 1, "Binjiang Road"),
    ]
    assert one.text("zh-Hans")[1].revision == 2


def given(kept, **changed):
    return {name: kept.table(name) for name in TABLES} | changed


def test_who_is_concerned_is_told_by_households_communities_and_area(kept, answer):
    found = concerned(answer, given(kept))
    assert (found.few, found.households, found.communities) == (False, 49, ("江北小区", "江南小区"))
    homes = kept.table("customers")
    for code, inside in zip(homes["code"], (True, True, True, True, True), strict=True):
        point = homes.set_index("code").loc[code, "geom"]
        assert shapely.covers(found.area, point) == inside, code


@pytest.mark.parametrize(("households", "few"), [(0, True), (4, True), (5, False), (12, False)])
def test_fewer_than_five_households_are_not_told_of(kept, households, few):
    """P3 feeds one account: without households it counts as one, a block behind one meter as many."""
    homes = kept.table("customers").assign(households=households).astype({"households": "Int64"})
    network = riverside.network(given=riverside.tables() | {"customers": homes})
    found = concerned(shutoff(network, ["P3"]), given(kept, customers=homes))
    assert (found.few, found.area is None, found.households) == (few, few, None if few else households)
    assert not concerned(shutoff(network, [("P2", 100.0)]), given(kept, customers=homes)).few  # five accounts


def test_of_few_there_is_neither_place_text_area_nor_figure(kept):
    release(kept, planned(kept))
    (one,) = told(kept, 10)
    hidden = one.concerning(Concerned(few=True))
    row = published_table([hidden], riverside.CRS, "zh-Hans").iloc[0]
    assert row[["title", "place", "communities", "households", "geom"]].isna().all()
    assert (row["code"], row["state"]) == (one.code, "to_come")


def test_those_under_way_stand_first_then_by_when_they_begin(kept):
    late = planned(kept, planned_start=PLANNED["planned_start"] + timedelta(hours=1))
    soon = planned(kept)
    off = riverside.emergency(kept)
    for code in (late, soon, off):
        release(kept, code)
    assert [one.code for one in told(kept, 60)] == [off, soon, late]
