import re
from dataclasses import replace

import pandas as pd
import pytest
import riverside
from hypothesis import given
from hypothesis import strategies as st

from gisapp.errors import InputError
from gisapp.reports.situation import situation_of
from gisapp.reports.texts import DRAFTS, Issuer, Listing, Section, Text, draft, sms_length, text_of, variant_of
from gisapp.tables import NOTICE_KINDS
from gisapp.times import zone_named
from gisapp.words import LANGUAGES

ISSUER = Issuer("滨江供水", "96510")
END = "2026-11-20T23:30:00+08:00"


def rows(text):
    """Return the rows of a text's tables by their first cell."""
    return {row[0]: row[1:] for section in text.sections if section.listing for row in section.listing.rows}


def test_every_kind_of_notice_has_a_draft():
    assert set(DRAFTS) == set(NOTICE_KINDS)


def test_the_report_gives_pipe_valves_by_size_area_customers_and_times_of_the_burst(burst):
    """W18.1."""
    told = rows(draft("report_up", burst, "zh-Hans", ISSUER))
    assert told["管道"] == ("P2@100m DN300 球墨铸铁 2010年敷设 干管",)
    assert told["关阀"] == ("DN300×1（已关1/1）",)
    assert told["停水范围"] == ("滨江路（人民路至路端）两侧；江北小区（1–3栋）、江南小区（4栋、5栋）",)
    assert told["影响户数人数"] == ("49户、520人；预计超过24小时的0户",)
    assert told["重要用户"] == ("医院1处（已告知1，已安排替代供应0）",)
    assert told["接报时间"] == ("2026年11月20日（周五）13:53",)
    assert told["已采取措施"] == ("11月20日14:01下令关阀、11月20日14:21开始关阀、[待填写]",)
    assert told["预计恢复时间"] == ("2026年11月20日（周五）20:00",)


def test_reports_are_initial_then_numbered_updates_then_final(kept, situated):
    code = riverside.emergency(kept)

    def title():
        return draft("report_up", situated(code, 600), "zh-Hans", ISSUER).title

    titles = [title()]
    for subject in ("initial", "update"):
        kept.operations.record(code, "report_up", "E01", at=riverside.moment(40), subject=subject)
        titles.append(title())
    for action in ("cut_off", "finish_work", "restore"):
        kept.operations.record(code, action, "E01", at=riverside.moment(300))
    titles.append(title())
    assert [re.search("（(.*)）", one)[1] for one in titles] == ["初报", "续报1", "续报2", "终报"]
    final = rows(draft("report_up", situated(code, 600), "zh-Hans", ISSUER))
    assert final["预计恢复时间"] == ("已于2026年11月20日（周五）18:53恢复，历时4小时32分钟",)


def test_earlier_estimates_stay_in_the_report_and_the_notice_says_longer(kept, situated):
    code = riverside.emergency(kept)
    kept.operations.record(code, "set_etr", "E01", at=riverside.moment(50), value=END)
    told = situated(code)
    assert rows(draft("report_up", told, "en", ISSUER))["Expected restoration"] == (
        "Fri 20 Nov 2026, 23:30 (earlier estimates: 20 Nov 20:00)",
    )
    notice = draft("shutoff_notice", told, "zh-Hans", ISSUER)
    assert notice.title == "延长停水时间的通知"
    assert "原预计2026年11月20日（周五）20:00恢复" in notice.body
    assert "2026年11月20日（周五）14:21至23:30" in notice.body


def planned(kept, *actions):
    """Return the code of planned work after these steps."""
    start, end = (pd.Timestamp(f"2026-11-22T{hour}:00+08:00") for hour in ("08", "16"))
    head = {"utility": "water", "kind": "planned", "links": "P2", "reason": "管道改造", "opened_at": riverside.OPENED}
    code = kept.operations.open(head | {"planned_start": start, "planned_end": end}, "E01")
    for action in actions:
        kept.operations.record(code, action, "E01", at=riverside.moment(10), note="雨")
    return code


@pytest.mark.parametrize(
    ("actions", "title", "said"),
    [
        ((), "计划停水通知", "2026年11月22日（周日）08:00至16:00\n\n共约8小时。"),
        (("cancel",), "取消停水的通知", "原定2026年11月22日（周日）08:00至16:00在"),
        (("submit", "approve", "postpone"), "停水延期通知", "新的时间另行通知"),
    ],
)
def test_planned_work_is_announced_cancelled_and_postponed(kept, situated, actions, title, said):
    notice = draft("shutoff_notice", situated(planned(kept, *actions)), "zh-Hans", ISSUER)
    assert notice.title == title
    assert said in notice.body


def test_restored_supply_is_announced_with_what_to_do_then(kept, situated):
    code = riverside.emergency(kept)
    for action in ("cut_off", "finish_work", "restore"):
        kept.operations.record(code, action, "E01", at=riverside.moment(300))
    told = situated(code)
    notice = draft("shutoff_notice", told, "zh-Hans", ISSUER)
    assert notice.title == "恢复供水的通知"
    assert "已于2026年11月20日（周五）18:53恢复供水" in notice.body
    assert "放水至清" in notice.body
    assert "储备" not in notice.body


def test_an_individual_shutoff_has_no_public_text(kept, situated):
    code = kept.operations.open({"utility": "water", "kind": "individual", "links": "P3"}, "E01")
    with pytest.raises(InputError, match="tell them in person"):
        draft("shutoff_notice", situated(code, 10**7), "zh-Hans", ISSUER)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_no_text_names_a_customer_or_leaves_a_gap_in_a_template(burst, kind, language):
    """G7.6, P4.5."""
    text = draft(kind, burst, language, ISSUER)
    whole = text.title + text.body
    assert "{" not in whole
    assert "nan" not in whole.lower().replace("江南", "")
    for secret in ("户主", "0000555", "滨江路4号", "10040004", "13800138000"):
        assert secret not in whole
    assert text_of(kind, language, text.title, text.body).body == text.body


def test_a_notice_names_houses_but_no_building_that_is_a_customer_itself(kept, situated):
    code = riverside.emergency(kept)
    tables = riverside.tables()
    tables["buildings"].loc[3, ["name", "kind"]] = ["江南医院", "hospital"]
    kept.save({"buildings": tables["buildings"]}, actor="test", replace=True)
    told = situated(code)
    assert "江南医院" not in draft("shutoff_notice", told, "zh-Hans", ISSUER).body
    assert "江南医院" in draft("posting_list", told, "zh-Hans", ISSUER).body


@pytest.mark.parametrize(
    ("utility", "titles", "said", "unsaid"),
    [
        ("power", ("紧急停电通知", "停电突发事件报告（初报）"), "请视线路始终带电", "储备"),
        ("heating", ("紧急停热通知", "停热突发事件报告（初报）"), "不要从散热器放水", "储备"),
        ("gas", ("紧急停气通知", "停气突发事件报告（初报）"), "22:00至次日6:00不恢复居民供气", "储备"),
    ],
)
def test_every_utility_reads_in_its_own_terms(tmp_path, utility, titles, said, unsaid):
    with riverside.store(tmp_path / "other.gpkg", utility) as store:
        told = riverside.situation(store, riverside.emergency(store, utility=utility))
    notice, report = (draft(kind, told, "zh-Hans", ISSUER) for kind in ("shutoff_notice", "report_up"))
    assert (notice.title, report.title) == titles
    assert said in notice.body
    assert unsaid not in notice.body
    assert "停水" not in notice.body + report.body
    assert told.total("customers") == 5
    if utility == "power":
        assert rows(report)["断开开关"] == ("开关×1（已断开1/1）",)


def test_the_posting_list_has_every_community_with_its_buildings_and_who_posted(burst):
    """W17.3."""
    told = draft("posting_list", burst, "zh-Hans", ISSUER)
    table = told.sections[0].listing
    assert table.rows == (
        ("1", "江北小区", "1–3栋（共3栋）", "36", "–", "11月20日14:07", "E01"),
        ("2", "江南小区", "4栋、5栋（共2栋）", "13", "医院1处", "", ""),
    )
    assert "合计2个小区、5栋、49户。" in told.body


def test_the_fire_note_lists_hydrants_out_and_the_nearest_with_water(burst):
    note = draft("fire_note", burst, "en", ISSUER)
    out, left = (section.listing.rows for section in note.sections if section.listing)
    assert [row[0] for row in out] == ["H1"]
    assert [row[0] for row in left] == ["H2"]
    assert left[0][2] == "150 m"


def test_an_exercise_is_marked_in_every_title(burst):
    told = replace(burst, course=replace(burst.course, drill=True))
    assert all(draft(kind, told, "zh-Hans", ISSUER).title.startswith("【演练】") for kind in NOTICE_KINDS)


def test_storage_is_told_apart_with_its_hours(burst):
    ways = burst.lost.ways.copy()
    ways.loc[ways["way"] == "storage_only", ["customers", "households"]] = [3, 40]
    told = replace(burst, lost=replace(burst.lost, ways=ways), storage_hours=6.25)
    assert (
        "仅靠水池供应、水压可能下降：40户，预计可维持约6.2小时" in draft("shutoff_notice", told, "zh-Hans", ISSUER).body
    )


def test_a_shutoff_without_a_record_is_drafted_as_an_emergency_with_blanks(answer):
    told = situation_of(answer, riverside.tables(), now=riverside.moment(0), zone=zone_named("Asia/Shanghai"))
    assert variant_of(told) == "emergency"
    for kind in NOTICE_KINDS:
        assert draft(kind, told, "zh-Hans", Issuer()).blanks


@pytest.mark.parametrize(
    ("message", "count", "parts", "room"),
    [
        ("停" * 70, 70, 1, 70),
        ("停" * 71, 71, 2, 67),
        ("停" * 134, 134, 2, 67),
        ("停" * 135, 135, 3, 67),
        ("a" * 160, 160, 1, 160),
        ("a" * 161, 161, 2, 153),
        ("€" * 80, 160, 1, 160),
        ("a" * 159 + "€", 161, 2, 153),
        ("a" * 60 + "停", 61, 1, 70),
        ("𠮷" * 36, 72, 2, 67),
    ],
)
def test_messages_are_counted_as_the_network_sends_them(message, count, parts, room):
    length = sms_length(message)
    assert (length.characters, length.parts, length.room) == (count, parts, room)


LINE = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(st.lists(st.one_of(LINE, LINE.map("# {}".format), LINE.map("- {}".format), LINE.map("| {} | x |".format))))
def test_what_a_person_edits_is_read_back_line_by_line(lines):
    once = text_of("sms", "en", "T", "\n".join(lines))
    assert text_of("sms", "en", "T", once.body) == once
    kept = "".join(once.body.split())
    for line in lines:
        assert "".join(line.split()).strip("|") in kept or "|" in line or "\\" in line


def test_a_text_reads_back_as_it_was_drafted():
    text = Text(
        "sms",
        "en",
        "T",
        (
            Section(paragraphs=("# no heading", "two")),
            Section("head", ("one",), ("- a", "b"), Listing(("x", "y"), (("1", "2 | 3"), ("", "4")))),
        ),
    )
    back = text_of("sms", "en", "T", text.body)
    assert back.sections[0] == text.sections[0]
    assert back.sections[1].listing == Listing(("x", "y"), (("1", "2 ｜ 3"), ("", "4")))
    assert back.sections[1].points == text.sections[1].points
