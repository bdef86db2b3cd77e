"""The exported map of the whole small sample city."""

import pandas as pd
import pytest
from small_city import small_tables

from gisapp.grids import leaders_at
from gisapp.tables import TABLES, UTILITIES
from layers.basemap import basemap_layers
from layers.folium_map import folium_html
from layers.grids import grid_shapes
from layers.incidents import incident_shapes
from layers.network import network_layers


@pytest.fixture(scope="module")
def city():
    return small_tables()


@pytest.fixture(scope="module")
def html(city):
    now = pd.Timestamp("2026-11-22T09:05+08:00")
    network = {name: city[name] for name in ("nodes", "links", "devices", "hydrants")}
    layers = [
        *basemap_layers(city["landcover"], city["streets"], city["buildings"], language="zh-Hans"),
        grid_shapes(city["grids"], leaders_at(city["posts"], now)),
        *(layer for name in UTILITIES for layer in network_layers(name, **network, language="zh-Hans")),
        incident_shapes(city["incidents"], language="zh-Hans"),
    ]
    return folium_html(layers, title="示例城市", language="zh-Hans", made_at=now)


def test_everything_of_it_fits_in_three_megabytes(html):
    assert len(html.encode()) < 3_000_000


def test_no_personal_value_of_any_table_is_in_it(city, html):
    for name, frame in city.items():
        for column in TABLES[name].columns:
            if column.personal:
                values = frame[column.name].dropna()
                longer = values[values.str.len() >= 5].unique()[:300]
                assert [value for value in longer if value in html] == [], (name, column.name)
