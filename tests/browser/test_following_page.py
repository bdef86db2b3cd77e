"""The page of what is followed up: a rectification is ordered from it and done; a visit is noted."""

from datetime import UTC, datetime, timedelta

import pytest
from conftest import DESK, PHONE, axe_findings, nightly, variants
from playwright.sync_api import expect

from gisapp.words import LANGUAGES

LATER = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
ROW = ".ag-center-cols-container .ag-row"


def test_a_rectification_is_ordered_and_done_and_a_visit_is_noted(open_browser, own):
    desk = open_browser(own)
    page = desk.go("/en/following")
    expect(page.locator(ROW)).to_have_count(3)
    page.locator("#following-bar .writes").click()
    for name, said in (("summary", "replace the cover"), ("subject", "U05"), ("due", LATER), ("grid_code", "G002")):
        page.locator(f"dialog [name={name}]").fill(said)
    page.locator("dialog .main").click()
    expect(page.locator("[data-state='']")).to_have_text("Pending 4")
    page.locator(ROW, has_text="replace the cover").click()
    expect(page.locator(".chosen h2")).to_contain_text("replace the cover")
    page.locator(".chosen .writes", has_text="Done").click()
    page.locator("dialog [name=note]").fill("replaced")
    page.locator("dialog .main").click()
    expect(page.locator(".chosen .told-facts")).to_contain_text("done, to be checked")
    expect(page.locator(".chosen .steps li").first).to_contain_text("replaced")
    assert own.store.table("measure_steps").iloc[-1]["action"] == "finish"
    page.locator("[data-view=notes]").click()
    expect(page.locator("[data-kind='']")).to_have_text("All 28")
    page.locator("#following-bar .writes").click()
    for name, said in (("grid_code", "G020"), ("person_code", "E00020"), ("summary", "seen")):
        page.locator(f"dialog [name={name}]").fill(said)
    page.locator("dialog .main").click()
    expect(page.locator("[data-kind='']")).to_have_text("All 29")
    page.locator("[data-view=quiet]").click()
    expect(page.locator(ROW, has_text="G019")).to_have_count(1)
    expect(page.locator(ROW, has_text="G020")).to_have_count(0)
    assert not desk.said


@nightly
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("size", "scheme"), variants((DESK, "light"), (PHONE, "dark"), (PHONE, "light")))
def test_every_view_is_accessible_and_fits(open_browser, live, language, size, scheme):
    watched = open_browser(live, size=size, scheme=scheme, bypass_csp=True)
    page = watched.go(f"/{language}/following")
    page.locator(ROW).first.click()
    expect(page.locator(".chosen .steps li").first).to_be_visible()
    assert axe_findings(watched) == []
    for view in ("notes", "quiet"):
        page.locator(f"button[data-view={view}]").click()
        expect(page.locator(f"button[data-view={view}]")).to_have_attribute("aria-pressed", "true")
        expect(page.locator(ROW).first).to_be_visible()
        assert axe_findings(watched) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
