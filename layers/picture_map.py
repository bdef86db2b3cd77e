"""Layers as one picture (PNG), for files that cannot hold a drawing; its keys are told beside it."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from PIL import Image, ImageDraw

from gisapp.words import word
from layers.layer import Classes, Shapes
from layers.palette import GROUND, RIM, rgb
from layers.svg_map import Bounds, values_of

_FINER = 2  # drawn so many times as large and made smaller, which smooths edges
_WIDER = 1.8  # lines and marks than on a screen, for print


@dataclass(frozen=True)
class Picture:
    """A picture: its PNG, and the keys to its colours (CSS colour, words)."""

    png: bytes
    keys: tuple[tuple[str, str], ...]


def picture_map(
    layers: Sequence[Shapes], bounds: Bounds, *, keyed: Collection[str], language: str, width_px: int = 1400
) -> Picture:
    """Return layers of the light theme, lowest first, within bounds (west, south, east, north in metres), north up.

    ``keyed`` are the names of the layers whose colours are told. Names are not written: fonts with Chinese letters
    are not everywhere.
    """
    west, south, east, north = bounds
    scale = width_px * _FINER / (east - west)
    size = (width_px * _FINER, round((north - south) * scale))
    image = Image.new("RGB", size, GROUND["light"])
    draw = ImageDraw.Draw(image, "RGBA")
    for layer in layers:
        _draw(draw, layer, bounds, scale)
    image = image.resize((width_px, round(size[1] / _FINER)), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    keys = tuple(key for layer in layers if layer.name in keyed and len(layer.frame) for key in _keys(layer, language))
    return Picture(stream.getvalue(), keys)


def _draw(draw: Any, layer: Shapes, bounds: Bounds, scale: float) -> None:
    """Draw one layer; what is outside the bounds is cut off."""
    frame = layer.frame[layer.frame.geometry.intersects(shapely.box(*bounds))]
    shapes = shapely.clip_by_rect(frame.geometry.to_numpy(), *bounds)
    west, _, _, north = bounds
    placed = shapely.transform(shapes, lambda xy: (xy - [west, north]) * [scale, -scale])
    style = layer.style
    looks = zip(placed, values_of(frame, style.colour), values_of(frame, style.width_px), strict=True)
    for shape, colour, width in looks:  # each is one stroke of the brush
        px = max(1, round(float(width) * _FINER * _WIDER))
        fill = (*rgb(colour), round(255 * style.opacity))
        for part in shapely.get_parts(np.atleast_1d(shapely.get_parts(shape))):
            _stroke(draw, part, fill, px, style.outline)


def _stroke(draw: Any, part: Any, fill: tuple[int, ...], px: int, outline: str | None) -> None:
    """Draw one part of a shape."""
    if part.is_empty:
        return
    rim = rgb(outline or RIM["light"])
    if part.geom_type == "Point":
        draw.ellipse((part.x - px, part.y - px, part.x + px, part.y + px), fill=fill, outline=rim, width=_FINER)
    elif part.geom_type == "LineString":
        draw.line([tuple(xy) for xy in shapely.get_coordinates(part)], fill=fill, width=px, joint="curve")
    elif part.geom_type == "Polygon":
        ring = [tuple(xy) for xy in shapely.get_coordinates(part.exterior)]
        draw.polygon(ring, fill=fill)
        draw.line(ring, fill=rim, width=px)


def _keys(layer: Shapes, language: str) -> list[tuple[str, str]]:
    """Return the colour and the words of every colour of a layer."""
    if layer.legend is not None:
        return [(colour, words) for colour, words in layer.legend.entries]
    if isinstance(layer.style.colour, Classes):
        return []
    return [(layer.style.colour, word(layer.title, language))]
