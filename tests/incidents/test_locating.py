"""Where something was reported: by account, by what people call the place, by a pin, or visibly nowhere."""

import geopandas as gpd
import pyproj
import pytest
from shapely import MultiPolygon, Point, box

from gisapp.errors import InputError
from gisapp.incidents.locating import Register, pinned
from gisapp.tables import conform

CRS = "EPSG:4547"


def layer(name, rows):
    return conform(gpd.GeoDataFrame(rows, geometry="geom", crs=CRS), name)


@pytest.fixture(scope="module")
def register():
    """Two communities with buildings of the same names, and three accounts, one of them without a position."""
    areas = [{"code": f"C{n}", "name": f"{name}小区", "geom": MultiPolygon([box(300 * n, 0, 300 * n + 200, 200)])}
             for n, name in enumerate(("滨江", "人民"))]  # fmt: skip
    houses = [
        {"code": f"B{n}{k}", "name": f"{k}栋", "kind": "residential", "community_code": f"C{n}",
         "geom": MultiPolygon([box(300 * n + 10 * k, 10, 300 * n + 10 * k + 8, 20)])}
        for n in (0, 1) for k in (1, 3, 13)
    ]  # fmt: skip
    people = [
        {"code": "00000001", "address": "滨江路4号3幢2单元501室", "building_code": "B03", "geom": Point(31, 12)},
        {"code": "00000002", "address": "滨江路4号3幢1单元101室", "building_code": "B03", "geom": Point(33, 12)},
        {"code": "00000003", "address": None, "building_code": None, "geom": None},
    ]
    people = [one | {"kind": "resident", "households": 1, "meter_inside": True} for one in people]
    named = {"customers": people, "buildings": houses, "communities": areas}
    return Register.of({name: layer(name, rows) for name, rows in named.items()}, {"老食堂楼": "B11", "3号院": "B11"})


@pytest.mark.parametrize(
    ("account", "text", "how", "code"),
    [
        ("00000001", None, "account", "00000001"),
        ("00000001", "人民小区1栋", "account", "00000001"),
        ("00000009", "人民小区1栋漏水", "alias", "B11"),
        ("00000003", "人民小区13栋", "alias", "B113"),
        (None, "我家在 滨江小区 ３栋 停水了", "alias", "B03"),
        (None, "滨江路4号3幢2单元501室没水", "alias", "B03"),
        (None, "老食堂楼后面冒水", "alias", "B11"),
        (None, "滨江小区门口路面冒水", "alias", "C0"),
        (None, "滨江小区33栋", "alias", "C0"),
        (None, "3号院漏水", "alias", "B11"),
        (None, "13号院漏水", "unlocated", None),
        (None, "3栋漏水", "unlocated", None),
        ("00000003", None, "unlocated", None),
        (None, None, "unlocated", None),
    ],
)
def test_a_place_is_found_by_account_then_by_its_longest_name(register, account, text, how, code):
    found = register.find(account, text)
    assert (found.how, found.code) == (how, code)
    assert (found.point is None) == (how == "unlocated")
    assert found.why


def test_an_answer_says_nothing_personal(register):
    assert "501" not in register.by_text("滨江路4号3幢2单元501室没水").why


def test_a_community_is_less_exact_than_a_building_and_that_than_an_account(register):
    told = [register.find(account, text).accuracy_m for account, text in
            (("00000001", None), (None, "滨江小区3栋"), (None, "滨江小区"))]  # fmt: skip
    assert told == sorted(told)
    assert told[0] < told[2]


def test_a_pin_of_a_chinese_map_is_moved_from_its_frame():
    project = pyproj.CRS(CRS)
    plain, moved = pinned(114.1, 30.6, project), pinned(114.1, 30.6, project, frame="gcj02")
    assert (plain.how, plain.located_by) == ("pin", "pin")
    assert 100 < plain.point.distance(moved.point) < 1000
    assert "gcj02" in moved.why


def test_a_pin_without_numbers_is_refused():
    with pytest.raises(InputError, match="no number"):
        pinned(float("nan"), 30.0, pyproj.CRS(CRS))
