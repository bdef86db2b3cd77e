"""The commander's page on a record: from the order to the last valve by clicks, with a second screen that watches."""

import re

import pandas as pd
import pytest
from conftest import DESK, PHONE, axe_findings, nightly
from playwright.sync_api import expect

from dashboards.snapshot import Snapshot
from gisapp.network import shutoff
from gisapp.words import word


@pytest.fixture(scope="module")
def network(own):
    return Snapshot(own.store).network("water")


@pytest.fixture(scope="module")
def pipe(own, network):
    """A main of two valves or more, whose shutoff grows when the second of them cannot be closed."""
    links = own.store.table("links")
    mains = links[(links["utility"] == "water") & (links["rank"].isin(["main", "branch"]))]["code"]
    for code in mains.iloc[::5]:
        answer = shutoff(network, [code])
        if len(answer.must_close) >= 2 and answer.totals["households"] > 50:
            wider = shutoff(network, [code], stuck=[answer.must_close["code"].iloc[1]])
            if wider.isolated_possible and wider.totals["households"] > answer.totals["households"]:
                return code
    raise AssertionError("the sample city has no such main")


@pytest.fixture
def desk(open_browser, own):
    return open_browser(own)


@pytest.fixture
def opened(own, pipe):
    """Opens the record of an emergency on the main, as the command line does."""

    def make(*, ordered=True, **head):
        code = own.store.operations.open({"utility": "water", "kind": "emergency", "links": pipe, **head}, "P1")
        if ordered:
            own.store.operations.record(code, "order", "P1")
        return code

    return make


def step(page, words, status):
    """Press the button of a step and wait for the status it leads to."""
    page.locator(".event-line .writes", has_text=words).click()
    expect(page.locator(".event-line .status")).to_have_text(status)


def figure(page, words):
    return page.locator(f"[data-figure='{words}']").locator("b, dd")


def test_a_burst_goes_from_the_order_to_the_last_valve_by_clicks(desk, own, network, pipe):
    page = desk.go(f"/en/emergency?utility=water&pipe={pipe}")
    answer = shutoff(network, [pipe])
    first, second = answer.must_close["code"].iloc[:2]
    wider = shutoff(network, [pipe], stuck=[second])

    page.locator(".event-line .writes", has_text="Open emergency shutoff").click()
    place = page.locator("dialog input[name=place]").input_value()
    assert place  # the nearest street stands there already
    page.locator("dialog input[name=reason]").fill("corrosion")
    page.locator("dialog .button.main").dblclick()
    page.wait_for_url(re.compile(r"shutoff=S\d{8}-\d{3}"))
    code = re.search(r"shutoff=(S[\d-]+)", page.url).group(1)
    assert (own.store.table("shutoffs")["links"] == pipe).sum() == 1  # a double click opens one record
    step(page, "Order the shutoff", "ordered")

    page.locator(f"#valve-{first} .writes", has_text="Done").dblclick()
    expect(page.locator(f"#valve-{first}")).to_have_class(re.compile("done"))
    expect(page.locator(".event-line .status")).to_have_text("closing valves")
    page.locator(f"#valve-{second} .writes", has_text="Cannot close").click()
    more = {name: wider.totals[name] - answer.totals[name] for name in ("customers", "households", "valves")}
    expect(page.locator(".stuck")).to_contain_text(
        f"{more['households']:+,} households · {more['customers']:+,} customers · {more['valves']:+} valves"
    )
    expect(figure(page, "households without supply")).to_have_text(f"{wider.totals['households']:,}")
    assert own.store.operations.operation(code).valves["action"].tolist() == ["closed", "could_not_close"]

    page.locator("#emergency-at-etr .writes").click()
    page.locator("dialog input[name=value]").fill("2030-01-02T06:00")
    page.locator("dialog .button.main").click()
    expect(page.locator("#emergency-at-etr b")).to_contain_text("06:00")
    for words, status in (("Confirm supply is off", "supply off"), ("Work is done", "work done")):
        step(page, words, status)
    expect(page.locator(".reopen")).to_contain_text("1 valves are still to be opened again")
    page.locator(".reopen .writes").click()
    expect(page.locator("#emergency-left")).to_contain_text("Every valve it closed is open again")
    for words, status in (("Restore supply", "restored"), ("Answer", "answered to dispatch"), ("Close the", "closed")):
        step(page, words, status)
    expect(page.locator(".event-line .writes")).to_have_count(0)
    said = page.locator(".timeline li")
    expect(said).to_have_count(len(own.store.operations.operation(code).steps) + 3)


@nightly
def test_a_second_screen_sees_the_change_and_a_conflict_is_told_in_words(open_browser, own, opened):
    code = opened()
    one, other = (open_browser(own).go(f"/en/emergency?shutoff={code}") for _ in range(2))
    valve = one.locator(".valves li strong").first.text_content()
    expect(other.locator(".valves li strong").first).to_have_text(valve)
    other.route(
        "**/version*", lambda asked: asked.fulfill(status=304)
    )  # nothing new, as in the seconds between two polls
    own.store.operations.record(code, "start_closing", "P7")
    other.locator(".event-line .writes", has_text="Cancel").click()
    other.locator("dialog textarea").fill("false alarm")
    with other.expect_response(re.compile("update-component")):
        other.locator("dialog .button.main").click()
    told = other.locator(".notice")
    expect(told).to_contain_text("Somebody was first")
    expect(told).to_contain_text("closing valves")
    expect(told).to_contain_text("P7")
    assert own.store.operations.operation(code).status == "closing"
    other.unroute("**/version*")
    other.locator(f"#valve-{valve} .writes", has_text="Done").click()
    expect(one.locator(f"#valve-{valve}")).to_have_class(re.compile("done"))  # it asks every five seconds
    expect(one.locator("#emergency-said")).to_contain_text("valves to close: 0/")


@nightly
def test_what_happened_earlier_is_asked_for_and_told_beside_when_it_was_written(desk, own, opened):
    before = pd.Timestamp.now(tz=own.store.zone).floor("min") - pd.Timedelta(minutes=90)
    code = opened(ordered=False, opened_at=before.to_pydatetime())
    page = desk.go(f"/en/emergency?shutoff={code}")
    then = f"{before + pd.Timedelta(minutes=20):%Y-%m-%dT%H:%M}"
    page.locator(".event-line .late").click()
    page.locator(".event-line .writes", has_text="Order the shutoff").click()
    when = page.locator("dialog input[name=when]")
    assert when.get_attribute("min") == f"{before:%Y-%m-%dT%H:%M}"
    assert when.input_value() == ""
    when.fill(f"{before + pd.Timedelta(days=2):%Y-%m-%dT%H:%M}")
    page.locator("dialog .button.main").click()
    assert page.locator("dialog").count() == 1  # the browser itself refuses what has not come yet
    when.fill(then)
    page.locator("dialog .button.main").click()
    expect(page.locator(".event-line .status")).to_have_text("ordered")
    assert own.store.operations.operation(code).moved_at == pd.Timestamp(then, tz=own.store.zone)
    expect(page.locator(".timeline li").first).to_contain_text("written down")
    page.locator(".valves .writes", has_text="Done").first.click()  # asks no more
    expect(page.locator(".event-line .status")).to_have_text("closing valves")


@nightly
def test_facts_are_recorded_once_and_judged_by_their_clocks(desk, own, opened):
    code = opened()
    page = desk.go(f"/en/emergency?shutoff={code}")
    expect(page.locator(".valves li").first).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")  # the first valve is done
    clock = page.locator("#emergency-at-clocks li", has_text="Dispatch told as supply goes off")
    expect(clock).to_contain_text("running")
    clock.locator(".writes").dblclick()
    expect(clock).to_contain_text("met")
    page.locator("#emergency-at-told li", has_text="Take command").locator(".writes").click()
    page.locator("dialog .button.main").click()
    expect(page.locator(".time.command")).to_contain_text("this machine")
    page.locator("#emergency-at-posted .writes").first.click()
    page.locator("dialog .button.main").click()
    expect(page.locator("#emergency-at-posted .badge.good").first).to_be_visible()
    actions = own.store.operations.operation(code).steps["action"].tolist()
    assert actions == ["open", "order", "start_closing", "inform_dispatch", "take_command", "post"]


@nightly
def test_a_text_is_edited_released_and_frozen(desk, own, opened):
    code = opened()
    page = desk.go(f"/en/emergency?shutoff={code}")
    page.locator("[data-paper=sms]").click()
    paper = page.locator("dialog.paper")
    expect(paper.locator("textarea")).to_have_value(re.compile(r"\w"))
    paper.locator("textarea").fill("Water is off until six.")
    paper.locator(".button.main").dblclick()
    expect(paper.locator(".badge")).to_contain_text(re.compile("[Rr]evision 1"))
    expect(paper.locator("textarea")).to_have_attribute("readonly", "")
    notices = own.store.operations.operation(code).notices
    assert notices[["kind", "language", "body"]].to_numpy().tolist() == [["sms", "en", "Water is off until six."]]
    with page.expect_download() as file:
        paper.locator("a", has_text="HTML").click()
    assert "Water is off until six." in file.value.path().read_text(encoding="utf-8")
    page.keyboard.press("Escape")
    expect(page.locator("#emergency-at-texts")).to_contain_text(re.compile("[Rr]evision 1"))
    with page.expect_download() as file:
        page.locator("#emergency-at-texts a").click()
    assert code in file.value.suggested_filename


@nightly
def test_a_drill_is_marked_on_the_whole_screen_and_opens_by_its_link(desk, opened):
    language = "zh-Hant"
    code = opened(drill=True)
    page = desk.go(f"/{language}/emergency?shutoff={code}")
    expect(page.locator(".drill-band")).to_have_text(word("emergency.drill_band", language))
    expect(page.locator(".event-line strong")).to_have_text(code)
    page.locator("[data-case=back]").click()
    expect(page.locator(".drill-band")).to_have_count(0)
    expect(page.locator(f"[data-record='{code}'] .badge.drill")).to_be_visible()


@nightly
def test_planned_works_have_their_times(desk, own, pipe):
    page = desk.go(f"/en/emergency?utility=water&pipe={pipe}")
    page.locator(".event-line .writes", has_text="Plan works").click()
    for name, value in (
        ("reason", "new main"),
        ("planned_start", "2030-01-02T08:00"),
        ("planned_end", "2030-01-02T16:00"),
    ):
        page.locator(f"dialog input[name={name}]").fill(value)
    page.locator("dialog .button.main").click()
    expect(page.locator(".event-line .status")).to_have_text("draft")
    expect(page.locator(".time.planned_start")).to_contain_text("2/1 08:00")
    code = page.locator(".event-line strong").text_content()
    planned = own.store.operations.operation(code).planned_start
    assert planned.astimezone(own.store.zone).hour == 8


def test_a_phone_shows_all_of_it_under_the_thumb(open_browser, own, opened):
    watched = open_browser(own, size=PHONE, has_touch=True, bypass_csp=True)
    page = watched.go("/zh-Hans/emergency")
    expect(page.locator(".utility").first).to_be_visible()
    stage, choice = (page.locator(place).bounding_box() for place in (".stage", ".utilities"))
    assert stage["y"] + stage["height"] <= choice["y"]
    page = watched.go(f"/zh-Hans/emergency?shutoff={opened(drill=True)}")
    expect(page.locator(".valves li").first).to_be_visible()
    wide = "document.querySelector('.emergency').scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    heights = page.locator(".emergency .button:visible").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert min(heights) >= 44
    page.locator("[data-jump=emergency-at-timeline]").click()
    expect(page.locator(".timeline li").first).to_be_in_viewport()
    expect(page.locator(".maplibregl-canvas")).to_be_in_viewport()
    assert axe_findings(watched) == []


@nightly
def test_a_record_is_accessible_and_its_writing_controls_stop_with_the_connection(open_browser, own, opened):
    watched = open_browser(own, size=DESK, scheme="dark", bypass_csp=True)
    page = watched.go(f"/en/emergency?shutoff={opened()}")
    expect(page.locator(".valves li").first).to_be_visible()
    assert page.locator("[data-deed]").count() > 5
    assert page.locator("[data-deed]:not(.writes)").count() == 0
    page.locator("#emergency-at-etr .writes").click()
    assert axe_findings(watched) == []
