"""A plan on the map: its grids coloured by deviation, and of a version that is drawn already only what moved."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import shapely

from dashboards.planner.drafts import Opened
from dashboards.sheets import told
from dashboards.specs import feature_collection, look
from layers.grids import deviation_shapes
from layers.layer import Shapes
from layers.palette import THEMES


def plan_specs(opened: Opened, spoken: str) -> list[dict[str, Any]]:
    """Return the layer of a plan's grids without their shapes, which come by :func:`plan_shapes`."""
    light, dark = (_layer(opened, spoken, theme) for theme in THEMES)
    return [look(light, dark, spoken)]


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
