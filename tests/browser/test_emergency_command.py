"""An emergency on the commander's page: declared, commanded, stepped through, stood down and evaluated by clicks."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def desk(open_browser, own):
    return open_browser(own)


def press(page, words, status=None, **answers):
    """Press the button of a step, answer what it asks, and wait for the status it leads to."""
    page.locator(".event-head .writes", has_text=words).click()
    for name, answer in answers.items():
        field = page.locator(f"dialog [name={name}]")
        (field.select_option if field.evaluate("one => one.tagName") == "SELECT" else field.fill)(answer)
    if answers:
        page.locator("dialog .main").click()
    if status:
        expect(page.locator(".event-head .badge").first).to_have_text(status)


def test_an_event_goes_from_the_map_to_its_evaluation_by_clicks(desk, own):
    page = desk.go("/en/emergency")
    page.wait_for_selector("#emergency-at-events")
    page.wait_for_function("() => window.gisappMapLiving?.stands")
    page.locator("#emergency-at-events .writes").click()
    page.keyboard.press("Enter")  # the middle of the map
    page.locator("dialog [name=summary]").fill("DN300 main burst")
    page.locator("dialog .main").click()
    expect(page.locator(".event-head .badge").first).to_have_text("reported")
    code = page.locator(".event-head strong").first.inner_text()
    assert "from" in page.locator(".event-head p").inner_text()  # the nearest streets name the place

    press(page, "Verify", "verified", note="seen")
    expect(page.locator(".event-head .writes", has_text="Start response")).to_have_count(0)
    press(page, "Appoint the commander", subject="E00001")
    press(page, "Start response", "response under way", value="3")
    expect(page.locator("#emergency-at-demands .line")).not_to_have_count(0)
    press(page, "Report upward", value="initial")
    expect(page.locator("#emergency-at-demands .good")).not_to_have_count(0)
    press(page, "Stand down", "stood down", note="water is back")
    press(page, "Evaluate", "evaluated", note="papers lack", measure="survey", holder="E00002", due="2026-11-01")
    expect(page.locator("#emergency-at-measures .line.bad")).to_contain_text("survey")

    emergency = own.store.emergencies.emergency(code)
    assert [one.action for one in emergency.steps][1:] == [
        *("verify", "appoint", "activate", "report_up", "stand_down", "evaluate", "plan_measure"),
    ]
    assert (emergency.commander, emergency.level, emergency.measures[0].whose) == ("E00001", 3, "E00002")
    assert not desk.said
