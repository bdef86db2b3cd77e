"""The exported file in real Chromium, opened from the disk with the network off."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import variants
from layer_pages import NOW, all_layers, page

from layers.folium_map import folium_html
from layers.palette import device_colours, rgb

AXE = Path(__file__).resolve().parents[2] / ".cache" / "axe.min.js"


@contextmanager
def opened(chromium, html, folder, width=1440, height=900):
    """The page, checked on leaving: it asked for itself alone and said nothing on the console."""
    file = folder / "map.html"
    file.write_text(html, encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": height}, offline=True)
    tab, requests, complaints = context.new_page(), [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(file.as_uri())
    tab.wait_for_selector(".leaflet-container canvas")
    yield tab
    context.close()
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    own = "Canvas2D: Multiple readback operations"  # about this test's reading of colours
    assert [text for text in complaints if not text.startswith(own)] == []


# The colour in the middle of the mark of valve number 2: switched on first, it must still lie on top.
TOP_COLOUR = """() => { const mark = [...document.querySelectorAll('.gisapp-point-center')]
  .find(node => node.textContent === '2').getBoundingClientRect();
const canvas = document.querySelector('.leaflet-overlay-pane canvas'), box = canvas.getBoundingClientRect();
const scale = canvas.width / box.width;
const dot = canvas.getContext('2d').getImageData(
  (mark.x + mark.width / 2 - box.x) * scale, (mark.y + mark.height / 2 - box.y) * scale, 1, 1).data;
return [...dot].slice(0, 3); }"""
# Pairs of labels that are seen over each other; the numbers in marks may lie under anything.
OVERLAPS = """() => { const seen = [...document.querySelectorAll('.gisapp-label:not(.gisapp-point-center)')]
  .filter(node => node.style.visibility !== 'hidden').map(node => [node.textContent, node.getBoundingClientRect()]);
return seen.flatMap(([a, p], i) => seen.slice(i + 1).filter(([_, q]) =>
  p.left < q.right && p.right > q.left && p.top < q.bottom && p.bottom > q.top).map(([b]) => [a, b])); }"""
COLOURS = """() => { const seen = new Set();
for (const canvas of document.querySelectorAll('canvas')) {
  const dots = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 0; i < dots.length; i += 4) if (dots[i + 3] === 255)
    seen.add(dots[i] << 16 | dots[i + 1] << 8 | dots[i + 2]);
} return seen.size; }"""


def until(tab, script, reached):
    """Ask the page until it answers as wanted; the page's policy forbids Playwright's own waiting."""
    for _ in range(50):
        if reached(found := tab.evaluate(script)):
            return
        tab.wait_for_timeout(100)
    raise AssertionError(f"still {found}")


@pytest.mark.parametrize(("width", "height"), variants((1440, 900), (390, 844)))
@pytest.mark.parametrize("language", variants("zh-Hans", "zh-Hant", "en"))
def test_it_opens_without_a_network_and_draws(chromium, tmp_path, language, width, height):
    with opened(chromium, page(language), tmp_path, width, height) as tab:
        until(tab, COLOURS, lambda number: number > 20)
        assert tab.locator(".gisapp-label", has_text="G002 · P009").is_visible()
        assert tab.evaluate(OVERLAPS) == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.locator("details").get_attribute("open") == ("" if width > 700 else None)
        picture = tab.locator(".leaflet-image-layer")
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


def test_the_picture_lies_where_its_coordinates_say(chromium, tmp_path):
    with opened(chromium, page(), tmp_path) as tab:
        grids = tab.evaluate(
            "() => { const [a, b] = ['G003', 'G002'].map(code => [...document.querySelectorAll('.gisapp-label')]"
            ".find(node => node.textContent.startsWith(code)).getBoundingClientRect());"
            "return [a.x + a.width / 2, a.y + a.height / 2, b.x + b.width / 2, b.y + b.height / 2]; }"
        )
        box = tab.locator(".leaflet-image-layer").bounding_box()
    # The middles of two grids are at a quarter and three quarters of the picture, but for the turn of the map.
    assert (grids[0] - box["x"]) / box["width"] == pytest.approx(0.25, abs=0.02)
    assert (grids[1] - box["y"]) / box["height"] == pytest.approx(0.25, abs=0.02)
    assert (grids[2] - box["x"]) / box["width"] == pytest.approx(0.75, abs=0.02)
    assert (grids[3] - box["y"]) / box["height"] == pytest.approx(0.75, abs=0.02)


def test_a_click_tells_about_a_shape_in_words(chromium, tmp_path):
    layers = [layer for layer in all_layers("zh-Hant") if layer.name in ("grids", "shutoff_valves")]
    html = folium_html(layers, title="x", language="zh-Hant", made_at=NOW)
    with opened(chromium, html, tmp_path) as tab:
        spot = tab.locator(".gisapp-label", has_text="1").filter(has_not_text="G").first.bounding_box()
        tab.mouse.click(spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2)
        popup = tab.locator(".leaflet-popup-content")
        popup.wait_for()
        assert "V3" in popup.inner_text()
        assert "關閉（按序號）" in popup.inner_text()


def test_layers_can_be_switched_and_keep_their_order(chromium, tmp_path):
    with opened(chromium, page(), tmp_path) as tab:
        until(tab, COLOURS, lambda number: number > 20)
        tab.locator(".leaflet-control-layers").hover()
        before = tab.locator(".gisapp-label").all_inner_texts()
        switches = tab.locator(".leaflet-control-layers-overlays input").all()
        for switch in switches:
            switch.uncheck()
        until(tab, COLOURS, lambda number: number == 0)
        until(tab, "document.querySelectorAll('.gisapp-label').length", lambda number: number == 0)
        for switch in reversed(switches):
            switch.check()
        until(tab, COLOURS, lambda number: number > 20)
        assert sorted(tab.locator(".gisapp-label").all_inner_texts()) == sorted(before)
        assert tab.evaluate(TOP_COLOUR) == list(rgb(device_colours()["closed"]))


def test_it_has_no_serious_fault_for_assistive_tools(chromium, tmp_path):
    if not AXE.exists():
        pytest.skip("axe-core is not fetched: python build_backend.py --tests")
    # The page's own policy forbids scripts from elsewhere, so the checker is put in before it loads.
    file = tmp_path / "map.html"
    file.write_text(page("en"), encoding="utf-8")
    context = chromium.new_context(offline=True, bypass_csp=True)
    tab = context.new_page()
    tab.goto(file.as_uri())
    tab.wait_for_selector(".leaflet-container canvas")
    tab.add_script_tag(path=str(AXE))
    faults = tab.evaluate("async () => (await axe.run()).violations.map(v => [v.impact, v.id, v.nodes[0].html])")
    context.close()
    assert [fault for fault in faults if fault[0] in ("serious", "critical")] == []
