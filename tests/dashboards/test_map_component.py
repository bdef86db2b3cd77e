import json

import pytest
from town import CRS, ORIGIN, town

from dashboards.map import ASSETS, Map, extent_of, place_on_map, raster_basemap
from gisapp.errors import InputError
from gisapp.words import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_browser_has_every_word_it_uses(language):
    words = Map(id="m", language=language).to_plotly_json()["props"]["words"]
    used = {
        "label",
        "layers",
        "legend",
        "opacity",
        "from_zoom",
        "thinned",
        "tile_error",
        "retry",
        "offline",
        "no_webgl",
    }
    assert used <= {key for key, text in words.items() if text}


def test_it_is_drawn_by_our_own_file():
    told = Map(id="m", language="en", theme="dark").to_plotly_json()
    assert (told["namespace"], told["type"]) == ("dashboards", "Map")
    assert told["props"]["theme"] == "dark"
    assert "window.dashboards" in (ASSETS / "map.js").read_text(encoding="utf-8")
    json.dumps(told)


def test_an_unknown_prop_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument: `layer`"):
        Map(id="m", language="en", layer=[])


def test_an_extent_holds_its_places():
    west, south, east, north = extent_of(town().table("grids"))
    lng, lat = place_on_map(*(ORIGIN + 1_800), CRS)
    assert west < lng < east
    assert south < lat < north


def test_a_place_is_drawn_where_the_base_map_has_it():
    here, there = (place_on_map(*ORIGIN, CRS, frame=frame) for frame in ("wgs84", "bd09"))
    assert abs(here[0] - there[0]) > 0.002


def test_a_base_map_is_a_setting_with_its_key_from_the_environment(monkeypatch):
    monkeypatch.setenv("MAP_KEY", "abc")
    url = "https://tiles.example.org/{z}/{x}/{y}.png?tk={key}"
    made = raster_basemap(url, frame="wgs84", attribution="Example", key_variable="MAP_KEY")
    assert made["url"].endswith("tk=abc")
    assert made["host"] == "https://tiles.example.org"


@pytest.mark.parametrize(
    ("url", "frame", "found"),
    [
        ("http://tiles.example.org/{z}/{x}/{y}.png", "wgs84", "https address"),
        ("https://tiles.example.org/{z}/{x}.png", "wgs84", "{y}"),
        ("https://tiles.example.org/{z}/{x}/{y}.png", "utm", "wgs84, gcj02, bd09"),
        ("https://tiles.example.org/{z}/{x}/{y}.png?tk={key}", "wgs84", "key is not set"),
    ],
)
def test_a_base_map_that_cannot_work_is_refused(url, frame, found):
    with pytest.raises(InputError, match=found):
        raster_basemap(url, frame=frame, attribution="")
