"""A store small enough to check by eye: four grids of 1 km in a square, a few customers and incidents."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from gisapp.store import Store, create_store
from gisapp.tables import conform

CRS = "EPSG:4547"
BEGUN = pd.Timestamp("2024-01-01T00:00Z")
WEST, SOUTH = 500_000, 4_060_000
CORNERS = {
    "G1": (WEST, SOUTH),
    "G2": (WEST + 1000, SOUTH),
    "G3": (WEST, SOUTH + 1000),
    "G4": (WEST + 1000, SOUTH + 1000),
}
HOUSEHOLDS = {"G1": 100, "G2": 100, "G3": 100, "G4": 500}


def squares(path: Path) -> Store:
    """Return an open store with the four grids, each with a leader and one customer."""
    store = empty_store(path)
    store.save(
        {"grids": grids(), "posts": posts(), "people": people(), "customers": customers()}, actor="test", note="squares"
    )
    return store


def empty_store(path: Path) -> Store:
    return create_store(path, crs=CRS, name="四方城")


def frame(table: str, geoms: list | None = None, **columns: object) -> pd.DataFrame:
    if geoms is None:
        return conform(pd.DataFrame(columns), table)
    return conform(gpd.GeoDataFrame({**columns, "geom": gpd.GeoSeries(geoms, crs=CRS)}, geometry="geom"), table)


def grids() -> pd.DataFrame:
    geoms = [shapely.MultiPolygon([shapely.box(x, y, x + 1000, y + 1000)]) for x, y in CORNERS.values()]
    codes = list(CORNERS)
    return frame("grids", geoms, code=codes, name=codes, utilities="water", valid_from=BEGUN)


def people() -> pd.DataFrame:
    codes = [f"P-{code}" for code in CORNERS]
    return frame("people", code=codes, name=[f"网格长 {code}" for code in CORNERS])


def posts() -> pd.DataFrame:
    codes = [f"P-{code}" for code in CORNERS]
    scope = list(CORNERS)
    return frame("posts", person_code=codes, role="grid_leader", scope_kind="grid", scope=scope, valid_from=[BEGUN] * 4)


def customers() -> pd.DataFrame:
    geoms = [shapely.Point(x + 500, y + 500) for x, y in CORNERS.values()]
    codes = [f"C-{code}" for code in CORNERS]
    kept = {"code": codes, "households": list(HOUSEHOLDS.values()), "meter_inside": False, "kind": "resident"}
    return frame("customers", geoms, **kept)


def incident(code: str, grid: str, when: str) -> pd.DataFrame:
    """Return one incident in the middle of a grid."""
    x, y = CORNERS[grid]
    row = {"code": [code], "type": "leak", "channel": "phone", "status": "registered", "drill": False}
    return frame("incidents", [shapely.Point(x + 500, y + 500)], **row, reported_at=[pd.Timestamp(when)])


def quarters():
    """Return four units of 500 m in each of the four squares, such as G1-1 in its south-west."""
    at = [
        (code, part, x + 500 * (part % 2), y + 500 * (part // 2))
        for code, (x, y) in CORNERS.items()
        for part in range(4)
    ]
    shapes = [shapely.box(x, y, x + 500, y + 500) for _, _, x, y in at]
    columns = {"code": [f"{grid}-{part + 1}" for grid, part, *_ in at], "grid_code": [grid for grid, *_ in at]}
    return conform(gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).rename_geometry("geom"), "unit_grids")


def text_of(part):
    """Return a part of a page as the text that goes to the browser."""
    return json.dumps(part, default=lambda one: one.to_plotly_json(), ensure_ascii=False)
