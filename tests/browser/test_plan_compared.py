"""The comparison of two plans in real Chromium, opened from the disk with the network off."""

import json
import shutil

import pytest
from conftest import DESK, PHONE, nightly
from playwright.sync_api import expect

from dashboards.__main__ import main


@pytest.fixture(scope="module")
def compared(city, tmp_path_factory):
    """The page for the grids in force and a balanced draft."""
    folder = tmp_path_factory.mktemp("plan")
    store = str(shutil.copy(city, folder / "city.gpkg"))
    csv, page = str(folder / "p.csv"), folder / "diff.html"
    assert main(["plan", "rebalance", "--store", store, "--tolerance", "0.2", "--format", "csv", "-o", csv]) == 0
    assert main(["plan", "new", "--store", store, "--name", "均衡", "--assign", csv]) == 0
    assert main(["plan", "list", "--store", store, "-o", str(folder / "plans.csv")]) == 0
    code = (folder / "plans.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    words = ["plan", "diff", "now", code, "--store", store, "--format"]
    assert main([*words, "html", "-o", str(page)]) == 0
    assert main([*words, "json", "-o", str(folder / "diff.json")]) == 0
    return page, json.loads((folder / "diff.json").read_text(encoding="utf-8"))


@nightly
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_move_is_found_on_the_map_and_nothing_is_asked_of_a_network(chromium, compared, size):
    file, told = compared
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    rows = page.locator("#moves tbody tr")
    expect(rows).to_have_count(len(told["moves"]))
    rows.last.locator("button").click()
    expect(page.locator("#map-live .mark.on")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []
