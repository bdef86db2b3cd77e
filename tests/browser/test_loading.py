"""Nothing is said of an answer before it is there: not known is not the same as nobody."""

import pytest
from conftest import variants
from playwright.sync_api import expect

from gisapp.words import word


@pytest.mark.parametrize("language", variants("zh-Hans", "zh-Hant", "en"))
def test_while_an_answer_is_worked_out_nobody_is_said_to_be_supplied(desk, live, language):
    links = live.store.table("links")
    pipe = links.loc[links["utility"] == "water", "code"].iloc[0]
    held = []
    desk.page.route(
        "**/_dash-update-component*",
        lambda route: held.append(route) if "emergency-left" in (route.request.post_data or "") else route.continue_(),
    )
    page = desk.go(f"/{language}/emergency?utility=water&pipe={pipe}")
    expect(page.locator("#emergency-left")).to_have_text(word("shell.computing", language))
    expect(page.locator("#emergency-customers")).to_contain_text(word("shell.table.loadingOoo", language))
    expect(page.get_by_text(word("emergency.nobody", language))).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.locator("#emergency-left")).not_to_contain_text(word("shell.computing", language))
