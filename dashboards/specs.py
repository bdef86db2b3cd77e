"""Layers as the browser's map takes them: plain JSON in degrees, each with its light and its dark look."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from flask import current_app, has_request_context

from dashboards.bundles import tiles_of
from dashboards.cut import lonlat_in_frame
from dashboards.sheets import anchors, told
from dashboards.tiles import EVERYWHERE, Tiles
from gisapp.crs import to_degrees
from gisapp.tables import TABLES
from gisapp.words import catalog, word
from layers.density import png
from layers.layer import Classes, Layer, Legend, Raster, Shapes, Style, Widths, standing_before
from layers.palette import THEMES

Make = Callable[[str], Sequence[Layer]]
_EARTH_M = 6378137.0


def layer_specs(make: Make, *, language: str, frame: str = "wgs84") -> list[dict[str, Any]]:
    """Return answers for the map, their shapes and pictures included, from below to above.

    ``make(theme)`` returns the same layers in the colours of ``light`` and of ``dark``, so that the
    browser changes between them by itself. ``frame`` is that of the base map below.
    """
    light, dark = (make(theme) for theme in THEMES)
    return [_spec(one, other, language, frame) for one, other in zip(light, dark, strict=True)]


def static_specs(tiles: Tiles, *names: str, language: str) -> list[dict[str, Any]]:
    """Return the layers of bundles for the map, whose shapes come as tiles; remembered by revision."""
    return [
        spec for name in names for spec in tiles.remembered(name, language, partial(_bundle, tiles, name, language))
    ]


def first_props(*names: str, language: str, whole: str | None) -> dict[str, Any]:
    """Return the props that a map's skeleton begins with: ``layers``, ``laid``, and ``fit`` on the bundle ``whole``.

    None where bundles are not made yet, or nobody asks: then the page's callback brings them while the person
    looks at the page.
    """
    if not has_request_context() or not tiles_of(current_app).made(*names):
        return {}
    tiles = tiles_of(current_app)
    first: dict[str, Any] = {"layers": static_specs(tiles, *names, language=language), "laid": True}
    bounds = tiles.address(whole).bounds if whole else EVERYWHERE
    return first if bounds == EVERYWHERE else first | {"fit": list(bounds)}


def feature_collection(
    frame: gpd.GeoDataFrame, columns: Iterable[str], *, labelled: str | None = None, to: str = "wgs84"
) -> dict[str, Any]:
    """Return rows as GeoJSON in degrees; ``labelled`` is their kind if a label is written at each.

    Polygons then add the points to write it at (``_label``); points in one place say how many stand there
    before them (``_before``), so that they are set side by side.
    """
    shapes = _in_degrees(frame, to)
    table = frame[list(columns)].astype("object")
    rows = table.where(table.notna(), None).to_dict("records")
    if labelled == "point":
        rows = [{**row, "_before": before} for row, before in zip(rows, standing_before(shapes).tolist(), strict=True)]
    features = _features(shapes, rows)
    if labelled == "polygon":
        features += _features(anchors(shapes), [{**row, "_label": True} for row in rows])
    return {"type": "FeatureCollection", "features": features}


def picture(raster: Raster, *, to: str = "wgs84") -> dict[str, Any]:
    """Return a raster as a PNG in a data address, with its corners in degrees from the north-west, clockwise."""
    west, south, east, north = raster.bounds
    corners = np.array([[west, north], [east, north], [east, south], [west, south]])
    latitude = np.degrees(np.arctan(np.sinh(corners[:, 1] / _EARTH_M)))
    places = lonlat_in_frame(np.column_stack([np.degrees(corners[:, 0] / _EARTH_M), latitude]), to)
    url = "data:image/png;base64," + base64.b64encode(png(raster.pixels)).decode("ascii")
    return {"url": url, "coordinates": places.round(7).tolist()}


def _bundle(tiles: Tiles, name: str, language: str) -> list[dict[str, Any]]:
    """Return the specs of one bundle."""
    address = asdict(tiles.address(name))
    light, dark = (tiles.layers(name, language=language, theme=theme) for theme in THEMES)
    whole = tiles.whole_zooms(name)
    return [
        {**look(one, other, language), "bundle": name, "tiles": address, "whole_zoom": whole.get(one.name, 0)}
        for one, other in zip(light, dark, strict=True)
    ]


def _spec(light: Layer, dark: Layer, language: str, frame: str) -> dict[str, Any]:
    """Return one answer with its shapes or its picture."""
    if isinstance(light, Raster):
        same = np.array_equal(light.pixels, cast(Raster, dark).pixels)
        image = {"light": picture(light, to=frame), "dark": None if same else picture(cast(Raster, dark), to=frame)}
        return {**look(light, dark, language), "image": image}
    labelled = light.kind if light.style.label else None
    return {
        **look(light, dark, language),
        "shapes": feature_collection(light.frame, told(light), labelled=labelled, to=frame),
    }


def look(light: Layer, dark: Layer, language: str) -> dict[str, Any]:
    """Return what a layer looks like in both themes, without where its shapes are."""
    made: dict[str, Any] = {
        "name": light.name,
        "title": word(light.title, language),
        "kind": light.kind if isinstance(light, Shapes) else "raster",
        "legend": {"light": _legend(light.legend), "dark": _legend(dark.legend)},
    }
    if isinstance(light, Raster):
        return made | {"style": {"light": {"opacity": light.opacity}, "dark": {"opacity": light.opacity}}}
    style = {"light": _style(light.style), "dark": _style(cast(Shapes, dark).style)}
    return made | {"table": light.table, "style": style, "popup": _popup(light, language)}


def _style(style: Style) -> dict[str, Any]:
    """Return a style as JSON: a class is {column, of, other}."""
    return {
        **asdict(style),
        "colour": _choice(style.colour),
        "width_px": _choice(style.width_px),
    }


def _choice(part: str | float | Classes | Widths) -> Any:
    """Return one value, or values by a column."""
    if isinstance(part, Classes):
        return {"column": part.column, "of": part.colours, "other": part.other}
    if isinstance(part, Widths):
        return {"column": part.column, "of": part.px, "other": part.other}
    return part


def _legend(legend: Legend | None) -> dict[str, Any] | None:
    """Return a legend as JSON."""
    return {"entries": [list(entry) for entry in legend.entries], "unit": legend.unit} if legend else None


def _popup(layer: Shapes, language: str) -> list[dict[str, Any]]:
    """Return the columns that are told of a shape, each with its words and the words of its values."""
    return [
        {"column": name, "title": word(f"layers.column_{name}", language), "values": _values(layer, name, language)}
        for name in layer.popup
    ]


def _values(layer: Shapes, column: str, language: str) -> dict[str, str]:
    """Return the words of a column's values; values without words speak for themselves."""
    known = catalog(language)
    listed = {one.name: one.choices for one in TABLES[layer.table].columns} if layer.table else {}
    values = listed.get(column) or _distinct(layer.frame[column])
    rooms = {"type": ("incident.",), "status": ("layers.status_", "layers.value_"), "material": ("material.",)}
    keys = {value: [f"{room}{value}" for room in rooms.get(column, ("layers.value_", "critical."))] for value in values}
    return {value: known[key] for value in values for key in keys[value][::-1] if key in known}


def _distinct(column: pd.Series) -> list[str]:
    """Return the values of a text column that holds few different ones."""
    values = list(column.dropna().unique()) if column.dtype == "str" else []
    return values if len(values) <= 12 else []


def _features(shapes: np.ndarray, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return GeoJSON features."""
    written = json.loads(f"[{','.join(shapely.to_geojson(shapes))}]")
    return [{"type": "Feature", "geometry": shape, "properties": row} for shape, row in zip(written, rows, strict=True)]


def _in_degrees(frame: gpd.GeoDataFrame, to: str) -> np.ndarray:
    """Return geometries in degrees of the drawn frame, to the centimetre."""
    change = to_degrees(frame.crs)

    def place(xy: np.ndarray) -> np.ndarray:
        return lonlat_in_frame(np.column_stack(change.transform(xy[:, 0], xy[:, 1])), to).round(7)

    moved: np.ndarray = shapely.transform(frame.geometry.to_numpy(), place)
    return moved
