"""A town into which a hotline's export comes: two grids, a house, an account, units; and the export."""

import geopandas as gpd
import pandas as pd
import shapely

from gisapp.store import create_store
from gisapp.tables import conform

HEAD = "工单号,类型,来电时间,派单时间,受理时间,户号,地址,诉求内容,东坐标,北坐标"
ROWS = (
    "R1,漏水,2026-11-20 08:00:00,2026-11-20 08:05:00,2026-11-20 08:25:00,,,张三 13800000000 门口漏水,500020,3400020",
    "R2,漏水,2026-11-20 09:00:00,2026-11-20 09:05:00,2026-11-20 09:25:01,,,路面冒水,500150,3400050",
    "R3,无水,2026-11-20 10:00:00,,,00000001,,停水,,",
    "R4,水质,2026-11-20 11:00:00,,,,滨江小区1栋2单元501室,发黄,,",
    "R5,水质,2026-11-20 12:00:00,,,,说不清,发黄,,",
)


def layer(name, rows):
    return conform(gpd.GeoDataFrame(rows, geometry="geom", crs="EPSG:4547"), name)


def square(x, y, side):
    x, y = x + 500_000, y + 3_400_000
    return shapely.MultiPolygon([shapely.box(x, y, x + side, y + side)])


def hotline_town(path):
    """Make a store with two grids, the first of which changed, a house, an account and units."""
    west, east = (square(x, 0, 100) for x in (0, 100))
    began, changed = pd.Timestamp("2020-01-01T00:00Z"), pd.Timestamp("2026-11-20T00:30Z")
    grids = [
        {"code": "G0", "name": "旧", "utilities": "water", "valid_from": began, "valid_to": changed, "geom": west},
        {"code": "G1", "name": "一", "utilities": "water", "valid_from": changed, "geom": west},
        {"code": "G2", "name": "二", "utilities": "water", "valid_from": began, "geom": east},
    ]
    house = {"code": "H1", "name": "1栋", "kind": "residential", "community_code": "C1"}
    one = {"code": "00000001", "kind": "resident", "households": 1, "meter_inside": True, "building_code": "H1"}
    names = {"U01": "调度中心", "U02": "营业所", "U07": "管网管理处", "U12": "换表管理所", "U05": "水质监测中心"}
    units = [{"code": code, "name_hans": name, "name_hant": "x", "name_en": "x", "kind": "office"}
             for code, name in names.items()]  # fmt: skip
    tables = {
        "grids": layer("grids", grids),
        "buildings": layer("buildings", [house | {"geom": square(40, 40, 20)}]),
        "communities": layer("communities", [{"code": "C1", "name": "滨江小区", "geom": west}]),
        "customers": layer("customers", [one | {"geom": shapely.Point(500_050, 3_400_050)}]),
        "org_units": pd.DataFrame(units),
    }
    with create_store(path, crs="EPSG:4547") as store:
        store.save(tables, actor="t")
    return path
