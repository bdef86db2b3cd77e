from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from gisapp.errors import InputError
from gisapp.tables import TABLES, conform, dictionary, masked

ROOT = Path(__file__).resolve().parents[1]


def crew(**changes):
    row = {"code": "001", "name": "一队", "utility": "water", "on_duty": True, "geom": Point(1, 2)} | changes
    return gpd.GeoDataFrame([row], geometry="geom", crs="EPSG:4547")


def test_the_data_dictionary_in_the_data_folder_is_the_one_in_force():
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8").endswith(dictionary())


def test_every_key_column_exists_and_must_stand():
    for table in TABLES.values():
        columns = {column.name: column for column in table.columns}
        assert all(columns[name].required for name in table.key), table.name


def test_conform_orders_columns_and_adds_empty_ones():
    shaped = conform(crew(), "crews")
    assert list(shaped.columns) == ["code", "name", "unit_code", "utility", "on_duty", "geom"]
    assert shaped.loc[0, "code"] == "001"
    assert shaped["unit_code"].isna().all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"utility": "steam"}, "row 1, field utility: found 'steam'; use one of water"),
        ({"code": None}, "row 1, field code: is empty"),
        ({"colour": "red"}, "unknown column 'colour' in crews"),
    ],
)
def test_conform_refuses_and_says_where(changes, words):
    with pytest.raises(InputError, match=words):
        conform(crew(**changes), "crews")


def test_masked_tables_hold_no_personal_column():
    row = {"code": "0001", "name": "甲", "phone": "000", "address": "x", "kind": "resident", "households": 1}
    frame = pd.DataFrame([row])
    assert set(masked(frame, "customers").columns) == {"code", "kind", "households"}
