"""Shapes packed small for a browser: whole steps of 1e-7 degree, repeated texts told once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.errors import GisappError
from layers.layer import Classes, Shapes, Widths
from layers.popups import headings, told

# A hundred-millionth of a circle is 4 cm; 1e-7 degree is 1 cm.
STEPS_A_DEGREE = 1e7
# MapLibre counts zoom in tiles of 512 pixels, Leaflet in tiles of 256.
_LEAFLET_ZOOM = 1


def packed(layer: Shapes, origin: tuple[float, float], *, language: str, simplify_m: float) -> dict[str, Any]:
    """Return all that ``offline.js`` needs to draw a layer, ready for JSON.

    Shapes without a position are left out. Lines and polygons lose the vertices that move them by less
    than ``simplify_m`` metres; polygons that share borders are simplified together, so that they still share them.
    """
    frame = layer.frame
    there = (~(frame.geometry.isna() | frame.geometry.is_empty)).to_numpy()
    kept = frame[there]
    style = layer.style
    texts = told(layer, language)[there]
    words = headings(layer, language)
    label = None if style.label is None else kept[style.label].astype("str").where(kept[style.label].notna(), "")
    return {
        "kind": layer.kind,
        "origin": origin,
        "shapes": _steps(_simplified(kept, layer.kind, simplify_m), origin),
        "colour": _column(_by_class(style.colour, kept)),
        "width": _column(_by_class(style.width_px, kept)),
        "opacity": style.opacity,
        "outline": style.outline,
        "dashed": style.dashed,
        "label": None if label is None or layer.kind == "line" else _column(label),
        "popup": [{"heading": words[column], **_column(texts[column])} for column in layer.popup],
        "minZoom": style.min_zoom + _LEAFLET_ZOOM if style.min_zoom else 0,
        "labelZoom": style.label_zoom + _LEAFLET_ZOOM if style.label_zoom else 0,
    }


def extent(layers: Sequence[Shapes]) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of some layers in degrees, or None where nothing has a position."""
    boxes = [layer.frame.geometry.to_crs(4326).total_bounds for layer in layers if len(layer.frame)]
    known = [box for box in boxes if np.isfinite(box).all()]
    if not known:
        return None
    low, high = np.min(known, axis=0), np.max(known, axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def _simplified(frame: gpd.GeoDataFrame, kind: str, simplify_m: float) -> gpd.GeoSeries:
    """Return the geometries in degrees, without needless vertices."""
    shapes = frame.geometry.to_numpy()
    if kind == "polygon" and simplify_m and len(shapes):
        shared = bool(shapely.coverage_is_valid(shapes))
        simplify = shapely.coverage_simplify if shared else shapely.simplify
        shapes = simplify(shapes, simplify_m)
    elif kind == "line" and simplify_m:
        shapes = shapely.simplify(shapes, simplify_m)
    return gpd.GeoSeries(shapes, crs=frame.crs).to_crs(4326)


def _steps(shapes: gpd.GeoSeries, origin: tuple[float, float]) -> list[Any]:
    """Return each shape as nested lists of steps: rings in parts in polygons, parts in lines, or one point."""
    return [_nested(shape, origin) for shape in shapes.to_numpy()]


def _nested(shape: shapely.Geometry, origin: tuple[float, float]) -> list[Any]:
    """Return one shape's steps."""
    if shape.geom_type == "Point":
        return _chain(shape, origin)
    if shape.geom_type == "LineString":
        return [_chain(shape, origin)]
    if shape.geom_type == "Polygon":
        return [[_chain(ring, origin) for ring in (shape.exterior, *shape.interiors)]]
    if shape.geom_type in ("MultiLineString", "MultiPolygon"):
        return [part for single in shape.geoms for part in _nested(single, origin)]
    raise GisappError(f"a layer holds a {shape.geom_type}, which cannot be drawn; give points, lines or polygons")


def _chain(shape: shapely.Geometry, origin: tuple[float, float]) -> list[int]:
    """Return the vertices as whole steps, the first from the origin, each other from the one before."""
    steps = np.rint((shapely.get_coordinates(shape) - origin) * STEPS_A_DEGREE).astype(np.int64)
    if len(steps) > 1 and shape.geom_type == "LinearRing":
        steps = steps[:-1]  # the browser closes rings
    steps[1:] = np.diff(steps, axis=0)
    return steps.ravel().tolist()


def _by_class(part: str | float | Classes | Widths, frame: pd.DataFrame) -> pd.Series:
    """Return the colour or the width of each row."""
    if isinstance(part, str | float | int):
        return pd.Series([part] * len(frame), index=frame.index)
    known = part.colours if isinstance(part, Classes) else part.px
    return frame[part.column].astype("object").map(dict(known)).fillna(part.other)


def _column(values: pd.Series) -> dict[str, Any]:
    """Return a column as its values, or as distinct values and an index where that is shorter."""
    codes, distinct = pd.factorize(values)
    if len(distinct) * 3 > len(values):
        return {"values": values.tolist()}
    return {"values": distinct.tolist(), "index": codes.tolist()}
