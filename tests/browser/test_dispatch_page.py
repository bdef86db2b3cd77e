"""The dispatchers' page: the board and its map, a report by keyboard alone, one incident up to its second repair."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from conftest import DESK, PHONE, axe_findings, nightly, variants
from playwright.sync_api import expect

from gisapp.reports.waiting import waiting
from gisapp.words import LANGUAGES, word


@pytest.fixture
def desk(open_browser, own):
    return open_browser(own)


@pytest.fixture
def leak(own):
    """Reports a leak at a building; gives its code."""

    def call(**told):
        buildings = own.store.table("buildings")
        spot = buildings.geometry.iloc[3].representative_point()
        known = {"type": "leak", "utility": "water", "channel": "phone", "geom": spot, "unit_code": "U07"}
        return own.store.report(known | told, actor="E1")

    return call


def recorded(own, code, *steps):
    """Record steps as their usual hands do."""
    hands = {
        "dispatch": ("dispatcher", {"subject": "U07"}), "accept": ("unit", {}), "reply": ("unit", {}),
        "close": ("unit", {}), "confirm": ("grid_member", {"actor": "E11"}), "arrive": ("crew", {"note": "冒水"}),
    }  # fmt: skip
    for action in steps:
        role, told = hands.get(action, ("crew", {}))
        own.store.incidents.record(code, action, **{"actor": "K1", "role": role, **told})


def standing(own, code):
    return own.store.incidents.incident(code).standing


def rows(page):
    return page.locator(".waiting .row")


def opened(page, code):
    """Choose an incident by its row and wait for its sheet."""
    page.locator(f".waiting .row[data-incident='{code}']").click()
    expect(page.locator(".sheet .of-head")).to_have_attribute("data-code", code)


def act(page, words, **fields):
    """Press the button of a step and answer what it asks."""
    page.locator(".sheet .actions .button", has_text=re.compile(f"^{words}$", re.IGNORECASE)).first.click()
    for name, value in fields.items():
        control = page.locator(f"dialog [name={name}]")
        control.select_option(value) if control.evaluate("one => one.tagName") == "SELECT" else control.fill(value)
    if fields:
        page.locator("dialog .button.main").click()


def test_the_board_opens_and_a_report_is_taken_down_by_keyboard_alone(desk, own):
    page = desk.go("/en/dispatch")
    told = waiting(*own.store.incidents.waiting(), own.store.rule_book, now=datetime.now(UTC))
    expect(rows(page)).to_have_count(len(told))
    counts = [int(text) for text in page.locator(".chips .chip b").all_text_contents()]
    assert sum(counts) == len(told)
    expect(page.locator("#dispatch-count")).to_have_text(f"{len(told)} of {len(told)} waiting")

    building = own.store.table("buildings").iloc[0]
    community = own.store.table("communities").set_index("code").loc[building["community_code"], "name"]
    keys = page.keyboard
    page.locator("#dispatch-head h2").wait_for()
    keys.press("n")
    expect(page.locator("#intake-category")).to_be_focused()
    keys.type("1 ")
    keys.press("Enter")
    keys.type(f"{community}{building['name']}")
    keys.press("Tab")
    keys.type("门口路面冒水")
    keys.press("Tab")
    keys.type("13800138000")
    answers = page.locator("#dispatch-preview .answers")
    expect(answers).to_contain_text("by building or community")
    expect(answers).to_contain_text("accept K1")
    grid, unit = (answers.locator("dd").nth(at).locator("b").first.text_content() for at in (1, 2))
    keys.press("Enter")
    expect(rows(page)).to_have_count(len(told) + 1)
    sheet = page.locator(".sheet .of-head")
    expect(sheet).to_be_visible()
    code = sheet.get_attribute("data-code")
    row = page.locator(f".waiting .row[data-incident='{code}']")
    expect(row).to_contain_text(grid)
    expect(row).to_contain_text(unit)
    expect(row).to_have_attribute("aria-current", "true")
    stored = own.store.table("incidents").set_index("code").loc[code]
    assert (stored["grid_code"], stored["reporter_phone"]) == (grid, "13800138000")
    assert "13800138000" not in page.content()


@nightly
def test_a_row_is_shown_on_the_map_and_a_choice_stands_in_the_link(desk, own, leak):
    code = leak()
    own.store.incidents.record(code, "dispatch", actor="E1", role="dispatcher", subject="U07")
    page = desk.go("/en/dispatch")
    opened(page, code)
    page.wait_for_url(re.compile(f"incident={code}"))
    page.wait_for_url(re.compile(r"view=1[56]"))
    page.keyboard.press("Escape")
    expect(page.locator(".sheet .of-head")).to_have_count(0)
    page.locator("[data-choice=unit]").select_option("U07")
    page.wait_for_url(re.compile("unit=U07"))
    told = waiting(*own.store.incidents.waiting(), own.store.rule_book, now=datetime.now(UTC))
    expect(rows(page)).to_have_count(int((told["unit_code"] == "U07").sum()))
    page.locator(".chip.breached").click()
    page.wait_for_url(re.compile("clock=breached"))
    count = int(page.locator(".chip.breached b").text_content())
    expect(rows(page)).to_have_count(count)
    page.reload()
    expect(rows(page)).to_have_count(count)


@nightly
def test_a_report_of_the_same_leak_is_merged_while_it_is_taken_down(desk, own, leak):
    main = leak()
    page = desk.go("/en/dispatch")
    account = own.store.table("customers")
    account = account[account["building_code"] == own.store.table("buildings")["code"].iloc[3]]["code"].iloc[0]
    page.locator("[data-intake]").click()
    page.locator("#intake-category").select_option("public_leak")
    page.locator("#intake-place").fill(account)
    alike = page.locator(".alike li", has_text=main)
    expect(alike).to_contain_text("m apart")
    alike.locator("[data-into]").click()
    expect(page.locator(".sheet .of-head .status")).to_have_text("merged")
    code = page.locator(".sheet .of-head").get_attribute("data-code")
    assert standing(own, code).duplicate_of == main
    page.locator(f".sheet .link[data-incident='{main}']").click()
    expect(page.locator(".sheet")).to_contain_text("Reports merged into it")


@nightly
def test_a_return_a_callback_and_a_second_repair_by_clicks(desk, own, leak):
    """W16.9."""
    code = leak(reported_at=datetime.now(UTC) - timedelta(hours=3))
    recorded(own, code, "dispatch")
    own.store.incidents.record(code, "request_return", actor="E7", role="unit", note="不属本单位")
    page = desk.go(f"/en/dispatch?incident={code}")
    expect(page.locator(".sheet")).to_contain_text("不属本单位")
    act(page, "grant the return", subject="U12")
    expect(page.locator(".sheet .of-head .status")).to_have_text("dispatched")
    assert standing(own, code).unit_code == "U12"
    recorded(own, code, "accept", "arrive", "repair", "finish_repair", "confirm", "reply", "close")
    page.locator("[data-choice=role]").select_option("customer_service")
    act(page, "call back", value="dissatisfied")
    expect(page.locator(".sheet .of-head .status")).to_have_text("called back")
    page.locator("[data-choice=role]").select_option("dispatcher")
    act(page, "reopen", note="又漏了")
    expect(page.locator(".sheet .badge", has_text="repair no. 2")).to_be_visible()
    assert len(standing(own, code).repairs) == 2


@nightly
def test_the_second_save_is_refused_with_what_the_first_one_did(desk, own, leak):
    code = leak()
    page = desk.go(f"/en/dispatch?incident={code}")
    page.locator(".sheet .actions .button", has_text=re.compile("^dispatch$", re.IGNORECASE)).click()
    own.store.incidents.record(code, "set_level", actor="E2", role="dispatcher", value="L24H", note="急")
    page.locator("dialog .button.main").click()
    expect(page.locator("#dispatch-told")).to_contain_text("E2 · set the level · L24H")
    assert standing(own, code).status == "registered"


@nightly
def test_what_is_personal_is_shown_for_a_reason(desk, own, leak):
    """P4.5."""
    code = leak(reporter_phone="13900139000", text="回拨 13900139000")
    page = desk.go(f"/en/dispatch?incident={code}")
    expect(page.locator(".reported")).to_contain_text("139****9000")
    assert "13900139000" not in page.content()
    page.locator(".reported .button").click()
    page.locator("dialog [name=why]").fill("回电")
    page.locator("dialog .button.main").click()
    expect(page.locator(".in-clear")).to_contain_text("13900139000")
    assert own.store.audit().iloc[-1]["action"] == "clear view as dispatcher"


@nightly
def test_without_a_server_the_page_says_so_and_keeps_what_was_typed(desk):
    page = desk.go("/en/dispatch")
    page.locator("[data-intake]").click()
    page.locator("#intake-words").fill("路面冒水")
    page.context.set_offline(True)
    expect(page.locator("#shell-lost")).to_be_visible()
    assert page.locator("#intake-words").input_value() == "路面冒水"
    page.context.set_offline(False)
    expect(page.locator("#shell-lost")).to_be_hidden()
    desk.said.clear()  # requests that failed meanwhile


@nightly
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("size", "scheme"), variants((DESK, "light"), (PHONE, "dark"), (PHONE, "light")))
def test_board_sheet_and_form_are_accessible(open_browser, own, leak, language, size, scheme):
    code = leak()
    watched = open_browser(own, size=size, scheme=scheme, bypass_csp=True)
    page = watched.go(f"/{language}/dispatch")
    expect(rows(page).first).to_be_visible()
    assert axe_findings(watched) == []
    opened(page, code)
    expect(page.locator(".sheet .steps li")).to_have_count(1)
    assert axe_findings(watched) == []
    page.locator(".sheet [data-shut]").click()
    page.locator("[data-intake]").click()
    expect(page.locator("#dispatch-form h2")).to_have_text(word("dispatch.form.title", language))
    assert axe_findings(watched) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
