"""A plan on the map: its grids coloured by deviation, and of a version that is drawn already only what moved."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import shapely

from dashboards.planner.drafts import Opened
from dashboards.sheets import told
from dashboards.specs import feature_collection, layer_specs, look
from layers.grids import deviation_shapes, locked_shapes
from layers.layer import Shapes
from layers.palette import THEMES


def plan_specs(opened: Opened, spoken: str, *, frame: str) -> list[dict[str, Any]]:
    """Return the layers of a plan: its grids, whose shapes come by :func:`plan_shapes`, and those locked."""
    light, dark = (_layer(opened, spoken, theme) for theme in THEMES)
    held = opened.drawn[opened.drawn["code"].isin(opened.plan.locked)]
    locked = layer_specs(lambda theme: [locked_shapes(held, theme=theme)], language=spoken, frame=frame)
    return [look(light, dark, spoken), *(locked if len(held) else [])]


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
