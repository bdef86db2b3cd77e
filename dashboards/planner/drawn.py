"""A plan on the map: its grids coloured by deviation, and of a version that is drawn already only what moved."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dashboards.planner.drafts import Opened
from dashboards.sheets import told
from dashboards.specs import feature_collection, layer_specs, look
from layers.grids import bridge_shapes, deviation_shapes, limit_shapes, locked_shapes
from layers.layer import Layer, Shapes
from layers.palette import THEMES

EMPTY: Mapping[str, gpd.GeoDataFrame] = MappingProxyType({})


def plan_specs(
    opened: Opened, spoken: str, *, frame: str, limits: Mapping[str, gpd.GeoDataFrame] = EMPTY
) -> list[dict[str, Any]]:
    """Return the layers of a plan: its grids, whose shapes come by :func:`plan_shapes`, and those locked.

    Over them the areas that none may cross (``limits``, by kind) and the bridges between units.
    """
    light, dark = (_layer(opened, spoken, theme) for theme in THEMES)
    held = opened.drawn[opened.drawn["code"].isin(opened.plan.locked)]
    locked = layer_specs(lambda theme: [locked_shapes(held, theme=theme)], language=spoken, frame=frame)
    over = layer_specs(lambda theme: _over(opened, limits, theme), language=spoken, frame=frame)
    return [look(light, dark, spoken), *(locked if len(held) else []), *over]


def _over(opened: Opened, limits: Mapping[str, gpd.GeoDataFrame], theme: str) -> list[Layer]:
    """Return what lies over the grids: limits and bridges, where there are any."""
    areas = [kept[["code", "name", "geom"]].assign(name=kept["name"].fillna(kept["code"])) for kept in limits.values()]
    made: list[Layer] = [limit_shapes(gpd.GeoDataFrame(pd.concat(areas)), theme=theme)] if areas else []
    spans = _bridges(opened)
    return [*made, bridge_shapes(spans, theme=theme)] if len(spans) else made


def _bridges(opened: Opened) -> gpd.GeoDataFrame:
    """Return a line from the middle of a unit to that of the one it hangs together with."""
    plan = opened.plan
    first = dict(zip(plan.root[::-1].tolist(), range(len(plan.root) - 1, -1, -1), strict=True))
    pairs = [(one, other) for one, other in plan.bridges if one in first and other in first]
    ends = np.array([[first[one], first[other]] for one, other in pairs], dtype=np.int64).reshape(-1, 2)
    middle = shapely.get_coordinates(shapely.point_on_surface(plan.shape[ends.ravel()])).reshape(-1, 2, 2)
    codes = pd.array([f"{one}:{other}" for one, other in pairs], dtype="str")
    return gpd.GeoDataFrame({"code": codes, "geom": shapely.linestrings(middle)}, geometry="geom", crs=plan.crs)


def plan_shapes(opened: Opened, before: gpd.GeoDataFrame | None, spoken: str, *, frame: str) -> dict[str, Any]:
    """Return the shapes of a plan's grids: those that differ from how the browser has them, and the class of each.

    ``whole`` says that all are there; ``gone`` names those that it has to take away.
    """
    layer = _layer(opened, spoken, THEMES[0])
    rows, whole = layer.frame, before is None
    if before is not None:
        had = before.set_index("code").geometry.reindex(rows["code"]).to_numpy()
        rows = rows[~shapely.equals_identical(rows.geometry.to_numpy(), had)]
    features = feature_collection(rows, told(layer), labelled="polygon", to=frame)["features"]
    gone = [] if before is None else sorted(set(before["code"]) - set(layer.frame["code"]))
    classes = layer.frame.set_index("code")["class"].astype(object)
    classes = classes.where(classes.notna(), None).to_dict()
    return {"whole": whole, "features": features, "gone": gone, "classes": classes}


def _layer(opened: Opened, spoken: str, theme: str) -> Shapes:
    deviation = opened.figures.set_index("code")["deviation"]
    return deviation_shapes(opened.drawn, deviation, language=spoken, theme=theme)
