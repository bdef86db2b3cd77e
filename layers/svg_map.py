"""Layers as one SVG picture, for a page that is printed or opened without a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import shapely

from layers.layer import Classes, Shapes, Widths
from layers.palette import GROUND, RIM, TEXT

Bounds = tuple[float, float, float, float]


def svg_map(layers: Sequence[Shapes], bounds: Bounds, *, title: str, width_px: int = 1000, theme: str = "light") -> str:
    """Return the layers, lowest first, within ``bounds`` as an SVG element.

    Parameters
    ----------
    layers
        All in one projected CRS; each piece outside the bounds is cut off.
    bounds
        West, south, east and north in metres.
    title
        Words for those who do not see the picture.
    """
    west, south, east, north = bounds
    scale = width_px / (east - west)
    height_px = round((north - south) * scale)
    body = "".join(_drawn(layer, bounds, scale, theme) for layer in layers)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {height_px}" role="img" '
        f'aria-label="{escape(title)}"><rect width="100%" height="100%" fill="{GROUND[theme]}"/>{body}'
        f"{_scale_bar(scale, height_px, theme)}</svg>"
    )


def bounds_around(shapes: Sequence[pd.Series], *, margin_m: float = 150.0, least_m: float = 600.0) -> Bounds:
    """Return a box around all shapes with a margin, 8 wide to 5 high, and no smaller than ``least_m``."""
    boxes = np.array([shapely.total_bounds(np.asarray(part)) for part in shapes if len(part)])
    west, south = np.nanmin(boxes[:, :2], axis=0) - margin_m
    east, north = np.nanmax(boxes[:, 2:], axis=0) + margin_m
    width = max(east - west, (north - south) * 1.6, least_m)
    x, y = (west + east) / 2, (south + north) / 2
    return float(x - width / 2), float(y - width / 3.2), float(x + width / 2), float(y + width / 3.2)


def _drawn(layer: Shapes, bounds: Bounds, scale: float, theme: str) -> str:
    """Return one layer as an SVG group."""
    near = layer.frame[layer.frame.geometry.intersects(shapely.box(*bounds))]
    if near.empty:
        return ""
    west, _, _, north = bounds
    cut = near.geometry if layer.kind == "point" else near.geometry.clip_by_rect(*bounds)
    placed = shapely.transform(cut.to_numpy(), lambda xy: (xy - [west, north]) * [scale, -scale])
    style = layer.style
    colours = _values(near, style.colour)
    widths = _values(near, style.width_px)
    labels = near[style.label].astype("str") if style.label else [""] * len(near)
    draw = {"point": _point, "line": _line, "polygon": _polygon}[layer.kind]
    marks = (
        draw(shape, str(colour), float(width), str(label), style.outline or RIM[theme], style.opacity)
        for shape, colour, width, label in zip(placed, colours, widths, labels, strict=True)
        if not shape.is_empty
    )
    return f"<g>{''.join(marks)}</g>"


def _values(frame: pd.DataFrame, rule: Any) -> Sequence[Any]:
    """Return the colour or width of each row."""
    if isinstance(rule, Classes):
        return list(frame[rule.column].map(dict(rule.colours)).fillna(rule.other))
    if isinstance(rule, Widths):
        return list(frame[rule.column].map(dict(rule.px)).fillna(rule.other))
    return [rule] * len(frame)


def _point(shape: shapely.Geometry, colour: str, radius: float, label: str, rim: str, opacity: float) -> str:
    x, y = shapely.get_coordinates(shape)[0]
    radius = max(radius, 13.0) if label else radius
    text = f'<text x="{x:.1f}" y="{y + 5:.1f}" text-anchor="middle" font-size="15" font-weight="700" fill="#fff">'
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}" stroke="{rim}" stroke-width="2"/>'
    return dot + (f"{text}{escape(label)}</text>" if label else "")


def _line(shape: shapely.Geometry, colour: str, width: float, label: str, rim: str, opacity: float) -> str:
    path = "".join(_path(part) for part in shapely.get_parts(shape) if part.geom_type == "LineString")
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-opacity="{opacity:g}"/>'


def _polygon(shape: shapely.Geometry, colour: str, width: float, label: str, rim: str, opacity: float) -> str:
    rings = [ring for part in shapely.get_parts(shape) if part.geom_type == "Polygon" for ring in _rings(part)]
    path = "".join(_path(ring) + "Z" for ring in rings)
    fill = f'fill="{colour}" fill-opacity="{opacity:g}" fill-rule="evenodd"'
    return f'<path d="{path}" {fill} stroke="{rim}" stroke-width="1"/>'


def _rings(polygon: shapely.Polygon) -> list[shapely.LinearRing]:
    return [polygon.exterior, *polygon.interiors]


def _path(line: shapely.Geometry) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(line))


def _scale_bar(scale: float, height_px: int, theme: str) -> str:
    """Return a bar of a round number of metres, 80 to 200 pixels long."""
    metres = next(size for size in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 10**9) if size * scale >= 80)
    end = 16 + metres * scale
    ink = TEXT[theme]
    return (
        f'<path d="M16 {height_px - 24}v8H{end:.0f}v-8" fill="none" stroke="{ink}" stroke-width="2"/>'
        f'<text x="16" y="{height_px - 30}" font-size="14" fill="{ink}">{metres} m</text>'
    )
