"""The estimate of pressures in a real browser: asked for, watched, stopped, told, and gone with another burst."""

import time

import pytest
from conftest import nightly, variants
from playwright.sync_api import expect

from dashboards.emergency import estimates
from dashboards.snapshot import Snapshot
from gisapp.network import reduced_pressure, shutoff
from gisapp.words import word


@pytest.fixture(scope="module")
def network(live):
    return Snapshot(live.store).network("water")


def opened(desk, network, language, at=0):
    pipe = network.links["code"].iloc[at]
    return pipe, desk.go(f"/{language}/emergency?utility=water&pipe={pipe}")


def ask(page, below):
    page.locator("#emergency-pressure-below").fill(below)
    page.locator("#emergency-pressure-below").press("Tab")
    page.locator("[data-pressure=start]").click()


@pytest.mark.parametrize("language", variants("zh-Hant", "zh-Hans", "en"))
def test_who_falls_below_the_pressure_is_told_as_an_estimate(desk, network, language):
    pipe, page = opened(desk, network, language)
    ask(page, "30")
    section = page.locator("#emergency-at-pressure")
    direct = reduced_pressure(network, shutoff(network, [pipe]), below_m=30.0)
    label = word("emergency.pressure.customers", language)
    figure = section.locator(f'[data-figure^="{label}"] b')
    expect(figure).to_have_text(f"{len(direct.fallen):,}")
    expect(section).to_contain_text(word("emergency.estimate", language))
    section.get_by_text(word("emergency.pressure.assumed", language)).click()
    expect(section).to_contain_text(word("emergency.pressure.basis", language))
    page.locator("button[data-case=clear]").click()
    expect(page.locator("#emergency-pressure")).to_be_empty()


@nightly
def test_a_running_estimate_says_how_far_it_is_and_can_be_stopped(desk, network, monkeypatch):
    def long(*given, progress, **asked):
        while True:  # as long as a large network takes; the small city's is over before a hand reaches the button
            progress(2, 4)
            time.sleep(0.05)

    monkeypatch.setattr(estimates, "reduced_pressure", long)
    _, page = opened(desk, network, "en", at=3)
    ask(page, "31")
    runs = page.locator(".pressure-runs")
    expect(runs).to_contain_text("below 31 m")
    expect(runs).to_contain_text(word("emergency.pressure.step_2", "en"))
    page.locator("[data-pressure=stop]").click()
    expect(page.locator("#emergency-at-pressure")).to_contain_text(word("emergency.pressure.stopped", "en"))


@nightly
def test_a_pressure_that_is_none_is_told_in_a_notice(desk, network):
    _, page = opened(desk, network, "en", at=5)
    page.locator("#emergency-pressure-below").fill("900")
    page.locator("[data-pressure=start]").click()
    expect(page.locator("#shell-notices")).to_contain_text("metres of water")
