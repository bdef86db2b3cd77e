import io
import sqlite3
import zipfile

import pytest
import riverside
from docx import Document

from gisapp.errors import GisappError
from gisapp.reports.as_docx import text_docx
from gisapp.reports.as_html import numeric_columns, text_html
from gisapp.reports.texts import Edition, Issuer, Listing, Section, Text, draft, released
from layers.offline import require_offline

ISSUER = Issuer("滨江供水", "96510")


@pytest.fixture(scope="module")
def notice(burst):
    return draft("shutoff_notice", burst, "zh-Hans", ISSUER)


@pytest.fixture
def code(kept):
    return riverside.emergency(kept)


def release(kept, code, title, body):
    given = {"shutoff_code": code, "kind": "shutoff_notice", "language": "zh-Hans", "title": title, "body": body}
    return kept.operations.release(given | {"released_at": riverside.moment(60)}, "E01")


def test_the_last_released_revision_is_the_one_printed(kept, code):
    assert released(kept.operations.operation(code), "shutoff_notice", "zh-Hans", kept.zone) is None
    for body in ("# 停水范围\n\n滨江路", "# 停水范围\n\n滨江路两侧"):
        release(kept, code, "紧急停水通知", body)
    found = released(kept.operations.operation(code), "shutoff_notice", "zh-Hans", kept.zone)
    assert found.revision == 2
    assert found.text.sections == (Section("停水范围", ("滨江路两侧",)),)
    assert found.mark("zh-Hans") == "第2版，2026-11-20 14:53 CST发布"
    assert released(kept.operations.operation(code), "shutoff_notice", "en", kept.zone) is None


def test_a_released_text_that_somebody_changed_is_refused(kept, code):
    release(kept, code, "紧急停水通知", "滨江路")
    operation = kept.operations.operation(code)
    operation.notices.loc[0, "body"] = "人民路"
    with pytest.raises(GisappError, match="is not what was released"):
        released(operation, "shutoff_notice", "zh-Hans", kept.zone)


def test_a_page_is_headed_marked_and_asks_nothing_of_any_network(notice):
    html = text_html(Edition(notice, "S1"), issuer="滨江供水")
    require_offline(html)
    for said in (
        "滨江供水",
        "S1",
        "草稿，尚未发布",
        "<h1>紧急停水通知</h1>",
        "<li>道路：滨江路（人民路至路端）两侧</li>",
    ):
        assert said in html
    assert "script-src 'none'" in html


def test_words_of_people_are_text_in_a_page():
    text = Text("sms", "en", "<b>", (Section("<i>", ("<script>x</script>",), ("&",), Listing(("<u>",), (("<s>",),))),))
    html = text_html(Edition(text, "S<1"), issuer="<em>")
    for mark in ("<b>", "<i>", "<script>", "<u>", "<s>", "<em>", "S<1"):
        assert mark not in html


def test_a_docx_holds_head_title_sections_and_tables(burst):
    text = draft("posting_list", burst, "zh-Hans", ISSUER)
    content = text_docx(Edition(text, "S1"), issuer="滨江供水", made_at=riverside.moment(60))
    document = Document(io.BytesIO(content))
    assert document.sections[0].header.paragraphs[0].text == "滨江供水　S1　草稿，尚未发布"
    assert document.paragraphs[0].text == "停水通知张贴清单"
    assert (round(document.sections[0].page_width.mm), round(document.sections[0].page_height.mm)) == (210, 297)
    (table,) = document.tables
    assert [cell.text for cell in table.rows[1].cells][:4] == ["1", "江北小区", "1–3栋（共3栋）", "36"]
    assert document.core_properties.author == "滨江供水"


def test_a_docx_names_a_chinese_font_and_no_theme_font_that_would_win_over_it(notice):
    content = text_docx(Edition(notice, "S1"), made_at=riverside.moment(60))
    styles = zipfile.ZipFile(io.BytesIO(content)).read("word/styles.xml").decode()
    title = styles[styles.index('w:styleId="Title"') :]
    title = title[: title.index("</w:style>")]
    assert 'w:eastAsia="SimSun"' in title
    assert "Theme=" not in title[title.index("<w:rFonts") : title.index("/>", title.index("<w:rFonts"))]


def test_columns_of_numbers_are_known():
    listing = Listing(("a", "b", "c", "d"), (("1,051", "40 m", "3栋", ""), ("7", "1.5 km", "2", "5")))
    assert numeric_columns(listing) == {0, 1}


def test_a_text_message_says_how_it_is_sent(burst):
    text = draft("sms", burst, "zh-Hans", ISSUER)
    html = text_html(Edition(text, "S1"))
    assert f"{len(text.body)}字符，分" in html


def test_the_store_keeps_released_texts_as_they_are(kept, code):
    release(kept, code, "紧急停水通知", "滨江路")
    path = kept.address
    with sqlite3.connect(path) as other, pytest.raises(sqlite3.DatabaseError):
        other.execute("UPDATE notices SET body = 'x'")
