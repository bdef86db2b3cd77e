"""A hotline's export by the page: chosen and checked by keyboard, a wrong row read, the rest brought in and listed."""

import pytest
from conftest import DESK, PHONE, axe_findings, nightly, variants
from playwright.sync_api import expect

from gisapp.words import LANGUAGES, word

HEAD = "工单号,类型,来电时间,户号,地址,诉求内容"


def export(store, letter):
    """Return a file in GBK: two rows that can come in, and one whose type nobody knows."""
    account = store.table("customers")["code"].iloc[0]
    rows = [
        f"{letter}1,漏水,2026-11-20 08:00,{account},,门口漏水",
        f"{letter}2,不知道,2026-11-20 08:10,{account},,?",
        f"{letter}3,水质,2026-11-20 08:20,,说不清,发黄",
    ]
    return {"name": "热线.csv", "mimeType": "text/csv", "buffer": "\n".join([HEAD, *rows]).encode("gb18030")}


def checked(page, store, letter):
    """Open the form by the keyboard, choose a file and have it checked."""
    page.locator("[data-bulk]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#import-file")).to_be_focused()
    page.locator("#import-file").set_input_files(export(store, letter))
    page.locator("#import-encoding").select_option("gb18030")
    page.locator("#import-encoding").press("Enter")
    page.locator(".importing [name=check]").press("Enter")
    expect(page.locator(".importing [data-figure=accepted]")).to_have_text("2")


def test_an_export_is_checked_and_comes_in_without_its_wrong_row(open_browser, own):
    page = open_browser(own).go("/en/dispatch")
    before = own.store.count("incidents")
    checked(page, own.store, "B")
    expect(page.locator(".importing .faults li")).to_contain_text("row 2 · type")
    expect(page.locator(".importing .faults li")).to_contain_text("不知道")
    bring = page.locator(".importing [data-bring]")
    expect(bring).to_be_disabled()
    with page.expect_download() as saved:
        page.locator(".importing .outcome .button", has_text="Download these rows").click()
    assert "不知道" in saved.value.path().read_text(encoding="utf-8-sig")
    page.locator(".importing [name=skip]").check()
    bring.press("Enter")
    expect(page.locator(".importing .said.good")).to_have_text("2 rows were brought in.")
    expect(page.locator(".waiting .row[data-incident='B1']")).to_be_visible()
    assert own.store.count("incidents") == before + 2
    page.keyboard.press("Escape")
    expect(page.locator(".importing")).to_be_hidden()


@nightly
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("size", "scheme"), variants((DESK, "light"), (PHONE, "dark"), (PHONE, "light")))
def test_the_form_and_its_report_are_accessible(open_browser, own, language, size, scheme):
    watched = open_browser(own, size=size, scheme=scheme, bypass_csp=True)
    page = watched.go(f"/{language}/dispatch")
    checked(page, own.store, f"{language}{size[0]}{scheme}")
    expect(page.locator(".importing h2")).to_have_text(word("dispatch.import.title", language))
    assert axe_findings(watched) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
