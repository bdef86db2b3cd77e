"""The page of assessments: a proposal is found, its facts are read, and a person decides about it with a reason."""

import pytest
from playwright.sync_api import expect

MONTH = "2026-10"


@pytest.fixture
def desk(open_browser, own):
    return open_browser(own)


def test_a_proposal_is_dismissed_with_a_reason_and_stands_apart_then(desk, own):
    page = desk.go(f"/en/assessment?span={MONTH}&kind=breach")
    row = page.locator(".ag-center-cols-container .ag-row").first
    row.click()
    expect(page.locator(".chosen h2")).to_contain_text("Clock breached")
    code = page.locator(".chosen a.button").first.inner_text()
    expect(page.locator(".chosen a.button").first).to_have_attribute("href", f"/en/dispatch?incident={code}")
    page.locator(".chosen .writes", has_text="Dismiss").click()
    page.locator("dialog [name=note]").fill("the road was flooded")
    page.locator("dialog .main").click()
    expect(page.locator("[data-done=decided]")).to_have_text("Decided 1")
    page.locator("[data-done=decided]").click()
    expect(page.locator(".ag-center-cols-container .ag-row")).to_have_count(1)
    decision = own.store.table("decisions").iloc[-1]
    assert (decision["verdict"], decision["note"], code in decision["proposal"]) == (
        *("dismissed", "the road was flooded", True),
    )
    page.locator("[data-view=sheet]").click()
    expect(page.locator(".sheet tbody tr").first).to_be_visible()
    assert f"span={MONTH}" in page.url
    assert not desk.said
