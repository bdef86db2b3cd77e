"""People log in and out: the page without a session, a wrong password, the header of who is in, on desk and phone."""

import re
import shutil

import pytest
from conftest import DESK, PHONE, axe_findings, serving, variants
from playwright.sync_api import expect

from gisapp.accounts import User
from gisapp.store import open_store
from gisapp.words import word

PASSWORD = "vier worte im regen"


@pytest.fixture(scope="module")
def guarded(city, tmp_path_factory):
    """A server over a copy of the city that has an account."""
    copy = tmp_path_factory.mktemp("login") / "small.gpkg"
    shutil.copy(city, copy)
    with open_store(copy) as store:
        store.accounts.add(User("D001", "调度一台", ("dispatcher",)), PASSWORD, actor="local")
        yield from serving(store)


@pytest.mark.parametrize(("language", "size"), variants(("zh-Hans", PHONE), ("zh-Hant", DESK), ("en", DESK)))
def test_a_person_logs_in_to_the_page_that_was_asked_for_and_out_again(open_browser, guarded, language, size):
    watched = open_browser(guarded, size=size, bypass_csp=True)
    page = watched.page
    page.goto(f"{guarded.url}/{language}/dispatch")
    expect(page).to_have_url(f"{guarded.url}/{language}/login?next=%2F{language}%2Fdispatch")
    expect(page.locator("#login-name")).to_be_focused()
    assert axe_findings(watched) == []
    for password in ("vier worte im schnee", PASSWORD):
        page.locator("#login-name").fill("D001")
        page.locator("#login-password").fill(password)
        page.keyboard.press("Enter")
        if password != PASSWORD:
            expect(page.locator("#login-said")).to_have_text(word("login.wrong", language))
            assert any(said.startswith("401") for said in watched.said)
            watched.said.clear()
    page.wait_for_selector("#shell-page > h1", state="attached")
    expect(page).to_have_url(re.compile(f"^{guarded.url}/{language}/dispatch"))
    who = page.locator(".who a")
    expect(who).to_have_text("调度一台")
    if size == PHONE:
        assert min(one.bounding_box()["height"] for one in (who, page.locator(".who button"))) >= 44
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    who.click()
    expect(page.locator("#login-before")).to_be_focused()
    page.go_back()
    page.wait_for_load_state("networkidle")  # a map that still asks when its person leaves is refused
    page.locator(".who button").click()
    expect(page.locator("#login-name")).to_be_visible()
    page.goto(f"{guarded.url}/{language}/dispatch")
    expect(page.locator("#login-name")).to_be_visible()
