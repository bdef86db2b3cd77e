"""The pack of a shutoff in real Chromium, opened from the disk with the network off."""

import json
from contextlib import contextmanager

import pandas as pd
import pytest
from conftest import AXE, DESK, PHONE, nightly, variants
from playwright.sync_api import expect

from dashboards.__main__ import main
from gisapp.network import network_of, shutoff
from gisapp.store import open_store
from gisapp.words import LANGUAGES

NETWORK = ("nodes", "links", "devices", "customers", "connections", "hydrants")


@pytest.fixture(scope="module")
def ordered(city):
    """An emergency of the small city that leaves critical users without supply: the store, its code, the answer."""
    with open_store(city) as store:
        network = network_of("water", *(store.table(name) for name in NETWORK))
        links = store.table("links")
        mains = links[(links["utility"] == "water") & (links["rank"] == "main")]["code"]
        answers = (shutoff(network, [code]) for code in mains.iloc[::5])
        answer = next(one for one in answers if one.totals["critical"] and len(one.must_close) >= 2)
        head = {"utility": "water", "kind": "emergency", "links": answer.bursts[0], "reason": "爆管"}
        code = store.operations.open(head, "E00001")
        store.operations.record(code, "order", "E00001")
        first = {"utility": "water", "device_code": answer.must_close["code"].iloc[0], "action": "closed"}
        store.operations.operate(first | {"shutoff_code": code}, "E00002")
        customers = store.table("customers")
    return city, code, answer, customers


@pytest.fixture(scope="module")
def packs(ordered, tmp_path_factory):
    """The pack in every language."""
    store, code, _, _ = ordered
    folder = tmp_path_factory.mktemp("packs")
    for language in LANGUAGES:
        words = ["pack", "--store", str(store), "--shutoff", code, "--lang", language]
        assert main([*words, "-o", str(folder / f"{language}.html")]) == 0
    return folder


@contextmanager
def opened(chromium, file, size=DESK, scheme="light", **options):
    """The page, checked on leaving: it asked for itself alone, and nothing was said on the console."""
    viewport = {"width": size[0], "height": size[1]}
    context = chromium.new_context(viewport=viewport, color_scheme=scheme, offline=True, **options)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert said == []


@pytest.mark.parametrize("language", variants("zh-Hant", "zh-Hans", "en"))
def test_a_pack_opens_with_the_network_off_and_holds_no_customer(chromium, ordered, packs, language):
    _, _, answer, customers = ordered
    file = packs / f"{language}.html"
    assert file.stat().st_size < 3_000_000
    text = file.read_text(encoding="utf-8")
    lost = pd.concat([answer.isolated.customers, answer.unintended.customers])["code"]
    assert len(lost)
    for row in customers[customers["code"].isin(lost)].itertuples():
        for secret in (row.name, row.phone, row.address, f'"{row.code}"', f">{row.code}<"):
            assert secret not in text
    with opened(chromium, file) as page:
        expect(page.locator("#map-live svg.drawing")).to_be_visible()
        expect(page.locator("#valves tbody tr")).to_have_count(len(answer.must_close))
        expect(page.locator(".numbers dd").first).to_have_text(f"{answer.totals['households']:,}")


def test_lists_and_map_find_each_other(chromium, ordered, packs):
    code = ordered[2].must_close["code"].iloc[1]
    with opened(chromium, packs / "en.html") as page:
        page.get_by_role("button", name=code).first.click()
        expect(page.locator(f".mark[data-code='{code}']")).to_have_class("mark on")
        first = ordered[2].must_close["code"].iloc[0]
        page.locator(f".mark[data-code='{first}'] circle").dispatch_event("click")
        expect(page.locator("#valves tr.on")).to_contain_text(first)


@nightly
def test_marks_keep_their_size_when_the_map_zooms(chromium, packs):
    with opened(chromium, packs / "en.html") as page:
        mark = page.locator("#map-live .mark circle").last
        before = mark.bounding_box()["width"]
        page.locator(".leaflet-control-zoom-in").click()
        page.wait_for_timeout(600)
        assert abs(mark.bounding_box()["width"] - before) < 1


def test_a_customer_is_found_by_the_end_of_the_account_and_nothing_else(chromium, packs, ordered):
    lost = pd.concat([ordered[2].isolated.customers, ordered[2].unintended.customers])
    code, households = lost["code"].iloc[0], lost["households"].iloc[0]
    with opened(chromium, packs / "en.html") as page:
        page.get_by_role("searchbox").fill(code[-4:])
        row = page.locator("#customers tbody tr").first
        expect(row).to_contain_text(f"****{code[-4:]}")
        expect(row).to_contain_text(str(households))
        page.get_by_role("searchbox").fill("no such thing")
        expect(page.locator("#customers p")).to_have_text("no customer without supply matches")
        expect(page.locator("#customers table")).to_be_hidden()


def test_on_paper_the_whole_map_stands_below_the_head(chromium, packs):
    with opened(chromium, packs / "zh-Hans.html") as page:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        drawing, head = page.locator("figure svg.drawing").bounding_box(), page.locator(".numbers").bounding_box()
        assert drawing["y"] > head["y"] + head["height"]
        expect(page.locator("#map-live")).to_be_hidden()
        expect(page.locator("nav")).to_be_hidden()
        page.emulate_media(media="screen")
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        expect(page.locator("#map-live svg.drawing")).to_be_visible()


@nightly
def test_without_scripts_everything_but_the_zoom_is_there(chromium, packs):
    with opened(chromium, packs / "en.html", java_script_enabled=False) as page:
        expect(page.locator("figure svg.drawing")).to_be_visible()
        expect(page.locator("#valves tbody tr").first).to_be_visible()
        expect(page.locator("noscript p")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), variants((PHONE, "dark"), (DESK, "light")))
def test_it_fits_a_phone_and_nothing_serious_is_found_by_axe(chromium, packs, size, scheme):
    with opened(chromium, packs / "zh-Hans.html", size, scheme, bypass_csp=True) as page:
        expect(page.locator("#map-live svg.drawing")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [f"{one['id']}: {json.dumps(one['nodes'][0]['html'])[:200]}" for one in serious] == []
