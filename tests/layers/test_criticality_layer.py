"""What failures cost, drawn: classes that are the same in every city, the costliest on top."""

import pandas as pd
import pytest
from layer_town import devices, links, nodes

from gisapp.network import criticality, network_of
from layers.criticality import LIMITS, cost_class, cost_colours, criticality_layers
from layers.palette import THEMES


def answered():
    """Two customers on L1 and one on L3, of the ring that L0 alone feeds."""
    people = pd.DataFrame({"code": ["a", "b", "c"], "households": [30, 1, 1]})
    at = pd.DataFrame({"utility": "water", "customer_code": ["a", "b", "c"], "link_code": ["L1", "L1", "L3"]})
    return criticality(network_of("water", nodes(), links(), devices(), people, at.assign(measure_m=100.0)))


def layers(language="en", theme="light"):
    return criticality_layers(answered(), links=links(), devices=devices(), language=language, theme=theme)


def test_a_class_begins_at_its_limit():
    assert cost_class(pd.Series([0, 1, 9, 10, 4_999, 5_000, 10**6])).tolist() == ["0", "1", "1", "2", "5", "6", "6"]


@pytest.mark.parametrize("theme", THEMES)
def test_every_class_has_a_colour_of_its_own(theme):
    assert len(set(cost_colours(theme))) == len(LIMITS) + 1


def test_links_are_drawn_with_what_they_cost_the_worst_first():
    burst, _ = layers()
    assert burst.frame[["code", "lost_customers", "class"]].iloc[0].tolist() == ["L0", 3, "1"]
    assert burst.frame["lost_customers"].is_monotonic_decreasing
    assert burst.frame["geom"].notna().all()
    assert set(burst.frame["code"]) == set(links()["code"])


def test_devices_are_drawn_with_what_they_add_when_stuck_but_those_that_are_stuck_already_are_not():
    _, stuck = layers()
    costs = stuck.frame.set_index("code")["lost_extra_customers"]
    assert set(costs.index) == {"V1", "V3", "V4"}
    assert costs["V3"] == 0, "closed, it holds even when it is stuck"


def test_the_legend_names_all_classes_and_what_they_count():
    legend = layers()[0].legend
    assert [text for _, text in legend.entries][:2] == ["0", "1 – 9"]
    assert legend.entries[-1][1] == "5,000 and more"
    assert "customers" in legend.unit
    assert "用户" in layers("zh-Hans")[0].legend.unit
