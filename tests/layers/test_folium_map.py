import re

import layer_town as town
import pytest
from layer_pages import NOW, all_layers, page

from gisapp.errors import GisappError, InputError
from gisapp.words import LANGUAGES
from layers import folium_map
from layers.folium_map import folium_html
from layers.incidents import incident_shapes
from layers.layer import Shapes, Style


def points(**columns):
    frame = town.nodes()[["geom"]].assign(**columns)
    return Shapes(
        name="x", title="table.nodes", kind="point", frame=frame, style=Style("#111111"), popup=tuple(columns)
    )


def test_the_same_layers_make_the_same_file():
    assert page() == page()


@pytest.mark.parametrize(("language", "masked"), list(zip(LANGUAGES, ("脱敏", "去識別化", "masked"), strict=True)))
def test_title_time_legend_unit_and_the_masking_line_stand_in_it(language, masked):
    html = page(language)
    assert f'<html lang="{language}">' in html
    assert "<title>Town</title>" in html
    assert "2026-11-22 09:05 (UTC+08:00)" in html
    assert masked in html
    assert "km²</small>" in html


def test_a_small_town_is_a_small_file():
    assert len(page().encode()) < 300_000


def test_nothing_personal_is_in_it():
    html = page()
    assert set(town.incidents()["reporter_phone"]) == {"000-0000"}
    for words in ("000-0000", "reporter_phone", "电话 0"):
        assert words not in html


def test_text_cannot_become_markup():
    evil = "</script><script>alert(1)</script>"
    html = folium_html([points(code=evil)], title=evil, language="en", made_at=NOW)
    assert "alert(1)</script>" not in html
    assert "<script>alert" not in html
    assert "\\u003c/script>" in html


def test_an_address_among_the_data_is_only_text():
    html = folium_html([points(code="https://a.example/x")], title="https://a.example", language="en", made_at=NOW)
    assert "https://a.example/x" in html


def test_a_part_that_would_be_fetched_stops_the_export(monkeypatch):
    monkeypatch.setattr(folium_map._OfflineMap, "default_js", [("x", "https://cdn.example/x.js")])
    with pytest.raises(GisappError, match=r"would ask for https://cdn.example/x.js"):
        page()


def test_every_address_in_it_is_known():
    assert set(re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[\w./?=&-]*", page())) == {
        "http://www.w3.org/2000/svg",
        "https://leafletjs.com",
        "https://bugs.chromium.org/p/chromium/issues/detail?id=600120",
        "https://bugzilla.mozilla.org/show_bug.cgi?id=888319",
    }


def test_no_layer_with_a_position_and_a_time_without_zone_are_refused():
    with pytest.raises(InputError, match="no layer has anything with a position"):
        folium_html([incident_shapes(town.incidents().iloc[:0], language="en")], title="x", language="en", made_at=NOW)
    with pytest.raises(InputError, match="has no zone"):
        folium_html(all_layers(), title="x", language="en", made_at=NOW.replace(tzinfo=None))
    with pytest.raises(InputError, match="theme 'grey'"):
        page(theme="grey")
