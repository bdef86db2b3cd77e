from types import SimpleNamespace
from zoneinfo import ZoneInfo

import layer_town as town
import pandas as pd
import pytest

from gisapp.grids import leaders_at
from gisapp.words import LANGUAGES, word
from layers.basemap import basemap_layers
from layers.grids import grid_shapes, workload_shapes
from layers.incidents import incident_shapes
from layers.network import device_shapes, link_shapes, network_layers
from layers.palette import THEMES
from layers.popups import headings, told
from layers.shutoff import (
    affected_links,
    area_shapes,
    candidate_shapes,
    critical_shapes,
    shared_area_shapes,
    shutoff_layers,
    valves_to_close,
)

JUNE = pd.Timestamp("2026-06-02", tz="UTC")


def every_layer(language, theme):
    area = town.grids()[["geom"]].assign(cls=["isolated", "unintended", "already_dry", "storage_only"])
    return [
        *basemap_layers(town.landcover(), town.streets(), town.buildings(), language=language, theme=theme),
        grid_shapes(town.grids(), leaders_at(town.posts(), JUNE), theme=theme),
        workload_shapes(town.grids(), pd.Series({"G001": 4.0, "G002": 9.0}), measure="households", language=language),
        *network_layers("water", **town.network(), language=language, theme=theme),
        incident_shapes(town.incidents(), language=language, theme=theme),
        *shutoff_layers(town.shutoff(), **town.pipes(), area=area, language=language, theme=theme),
    ]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_layer_has_its_words_in_every_language(language, theme):
    for layer in every_layer(language, theme):
        assert word(layer.title, language)
        assert set(headings(layer, language)) == set(layer.popup) == set(told(layer, language).columns)


@pytest.mark.parametrize("utility", ["water", "power", "heating", "gas"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_utility_has_its_titles(utility, language):
    none = [frame.iloc[:0] for frame in (town.nodes(), town.links(), town.devices())]
    for layer in network_layers(utility, nodes=none[0], links=none[1], devices=none[2], language=language):
        assert word(layer.title, language)


def test_a_grid_is_labelled_with_its_code_and_the_leader_of_the_day():
    may = leaders_at(town.posts(), pd.Timestamp("2026-05-31", tz="UTC"))
    assert may.to_dict() == {"G001": "P001", "G002": "P002"}
    frame = grid_shapes(town.grids(), leaders_at(town.posts(), JUNE)).frame
    assert frame["label"].tolist() == ["G001 · P001", "G002 · P009", "G003", "G004"]


def test_a_workload_has_classes_and_grey_for_no_figure():
    layer = workload_shapes(
        town.grids(), pd.Series({"G001": 10.0, "G002": 20.0, "G003": 900.0}), measure="households", language="en"
    )
    assert layer.frame["class"].isna().tolist() == [False, False, False, True]
    assert layer.legend.unit == "households"
    assert layer.legend.entries[-1][1] == "no figure"
    assert layer.frame["class"].iloc[0] != layer.frame["class"].iloc[2]


@pytest.mark.parametrize("figures", [{}, {"G001": 5.0}, {"G001": 5.0, "G002": 5.0}])
def test_a_workload_with_few_or_equal_figures_is_still_drawn(figures):
    layer = workload_shapes(town.grids(), pd.Series(figures, dtype="float64"), measure="people", language="en")
    known = layer.frame["class"].dropna()
    assert set(known) <= set(layer.style.colour.colours)
    assert len(known) == len(figures)


def test_a_link_without_rank_is_as_wide_as_its_diameter_says():
    widths = link_shapes(town.links(), "water").frame.set_index("code")["width"]
    assert widths.to_dict() == {"L0": "trunk", "L1": "main", "L2": "branch", "L3": "service", "L4": "service"}


def test_a_device_that_cannot_be_operated_is_that_whatever_its_state():
    layer = device_shapes(town.devices(), "water", language="en")
    assert layer.frame.set_index("code")["condition"].to_dict() == {
        "V1": "open",
        "V2": "stuck",
        "V3": "closed",
        "V4": "open",
    }
    assert [words for _, words in layer.legend.entries] == ["open", "closed", "cannot be operated"]


def test_layers_of_a_utility_hold_only_its_rows():
    mixed = pd.concat([town.links(), town.links().assign(utility="gas", code="X")])
    assert "X" not in set(link_shapes(mixed, "water").frame["code"])


def test_incidents_without_position_stay_away_and_times_are_local():
    layer = incident_shapes(town.incidents(), language="en", zone=ZoneInfo("Asia/Shanghai"))
    assert len(layer.frame) == len(town.incidents()) - 1
    assert set(layer.frame["reported"]) == {"2026-03-02 00:30"}


def test_the_incident_legend_tells_the_types_that_are_there():
    words = [text for _, text in incident_shapes(town.incidents(), language="en").legend.entries]
    assert words == ["leak", "pipe burst", "no supply", "other types"]


def test_links_that_lose_supply_are_told_apart():
    layer = affected_links(town.shutoff(), town.links(), language="en")
    assert layer.frame.set_index("code")["way"].to_dict() == {
        "L1": "isolated",
        "L2": "unintended",
        "L3": "storage_only",
    }
    assert [text for _, text in layer.legend.entries] == ["isolated", "unintended", "supplied from storage only"]


def test_valves_are_numbered_in_the_order_of_the_answer():
    layer = valves_to_close(town.shutoff(), town.devices(), language="en")
    assert layer.frame["code"].tolist() == ["V3", "V1", "V4"]
    assert layer.frame["number"].tolist() == ["1", "2", "✓"]


def test_a_closed_valve_keeps_its_number_and_gets_a_tick():
    layer = valves_to_close(town.shutoff(), town.devices(), done={"V1": "closed"}, language="en")
    assert layer.frame.set_index("code")["number"].to_dict() == {"V3": "1", "V1": "✓2", "V4": "✓"}
    assert layer.frame.set_index("code")["task"].to_dict() == {"V3": "close", "V1": "closed", "V4": "verify"}


def test_a_valve_that_cannot_be_closed_is_crossed_out():
    answer = SimpleNamespace(**{**vars(town.shutoff()), "unusable": pd.DataFrame({"code": ["V2"]})})
    marks = valves_to_close(answer, town.devices(), language="en").frame.set_index("code")["number"]
    assert marks["V2"] == "✕"


def test_candidates_bear_the_mark_of_their_row_and_what_they_bring_back():
    layer = candidate_shapes(town.shutoff(), town.devices(), {"V2": "A"})
    assert layer.frame[["code", "number", "households"]].to_numpy().tolist() == [["V2", "A", 40]]


def test_critical_users_are_named_by_what_they_are():
    users = town.hydrants().assign(critical="hospital")[["code", "critical", "geom"]]
    frame = critical_shapes(users, language="en").frame
    assert set(frame["kind"]) == {"hospital"}
    assert list(frame) == ["code", "kind", "geom"]


def test_a_shutoff_with_nothing_to_show_gives_empty_layers():
    nothing = SimpleNamespace(links=pd.DataFrame({"code": pd.Series([], dtype="str")}))
    codes = pd.DataFrame({"code": pd.Series([], dtype="str")})
    ways = dict.fromkeys(("isolated", "unintended", "already_dry", "storage_only"), nothing)
    answer = SimpleNamespace(utility="water", must_close=codes, verify_closed=codes, unusable=codes, **ways)
    layers = shutoff_layers(answer, **town.pipes(), language="en")
    assert [len(layer.frame) for layer in layers] == [0, 0]


def test_the_area_keeps_its_ways():
    area = town.grids()[["geom"]].assign(cls="isolated")
    assert area_shapes(area, language="zh-Hant").legend.entries[0][1] == "隔離區內"


def test_what_others_share_is_striped_and_the_rest_is_not():
    area = town.grids()[["geom"]].assign(cls="isolated", mixed=[True, False, False, False])
    layer = shared_area_shapes(area, language="en")
    assert (len(layer.frame), layer.style.hatched) == (1, True)
    assert not area_shapes(area, language="en").style.hatched


def test_values_are_told_in_words():
    texts = told(device_shapes(town.devices(), "water", language="zh-Hant"), "zh-Hant")
    assert texts["state"].tolist() == ["開啟", "開啟", "關閉", "開啟"]
    assert texts["kind"].iloc[0] == "閘閥"
    assert texts["diameter_mm"].tolist() == [""] * 4
    links = told(link_shapes(town.links(), "water"), "en")
    assert links["diameter_mm"].tolist() == ["600", "300", "150", "80", ""]
    incidents = told(incident_shapes(town.incidents(), language="en"), "en")
    assert set(incidents["status"]) == {"closed"}
    assert set(told(incident_shapes(town.incidents(), language="zh-Hans"), "zh-Hans")["status"]) == {"已销单"}
