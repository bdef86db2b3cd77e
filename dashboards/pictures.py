"""Bundles of tiles as pictures: the map that a browser shows until the living one is drawn.

A browser without a graphics card works a second or more on the first map; a picture stands as soon as it has come.
Each bundle is one SVG of all of it, as its tiles draw it from afar: the same rows, colours and widths, nothing written.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from flask import Response, abort

from dashboards.cut import mercator, whole
from dashboards.mvt import EXTENT, LINE, POINT, POLYGON, Parts
from dashboards.sheets import DEEPEST, Sheet, placed_rows
from dashboards.tiles import EVERYWHERE, Tiles, kept_for
from gisapp.words import LANGUAGES
from layers.layer import Shapes
from layers.palette import RIM, THEMES
from layers.svg_map import values_of

RULE = "/tiles/<name>/<rev>/<float:zoom>/<theme>.svg"
"""``zoom`` has one decimal."""
MOST = 50_000
"""Shapes of one layer; what is seen from afar goes before."""
SHOWN = "gisapp-picture"
"""What the browser's clock calls a picture that stands (Element Timing)."""

_UNITS_A_PX = 4
_STAGE_PX = (860, 740)  # of a desk; on another the picture is scaled, and its lines are a little wider or thinner
_MARGIN_PX = 16
_NARROW = "(max-width: 860px)"  # as in assets/map-living.js
_NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_GROUND = ("landcover", "buildings")
# Widths by zoom, as assets/map-style.js has them: (zoom, factor), and the base of the curve between.
LINE_STOPS = ((9, 0.3), (12, 0.4), (14, 0.7), (16, 1.25), (19, 2.6))
RIBBON_STOPS = ((10, 0.35), (12, 0.6), (14, 1), (17, 1.6))
STREET_STOPS = ((9, 0.12), (12, 0.35), (14, 1.0), (16, 2.6), (18, 8), (20, 26))
POINT_STOPS = ((9, 0.45), (12, 0.6), (14, 0.85), (16, 1.15), (19, 1.7))
_STREET_BASE = 1.5
_RIM_PX = 1.2

Bounds = Sequence[float]


def placed(props: Mapping[str, Any], *, scheme: str) -> str:
    """Return the pictures of a map's layers in the place that the map will have; nothing where it looks elsewhere.

    ``props`` are those of a map that begins with its layers; ``scheme`` is ``light``, ``dark`` or ``auto``.
    """
    fit, addresses = props.get("fit"), {}
    for spec in props.get("layers") or ():
        addresses[spec["bundle"]] = spec["tiles"]
    if not fit or props.get("view") or props.get("basemap"):
        return ""
    zoom = zoom_of(fit)
    west, north, width, height = framed(fit, zoom)
    shown = []
    for tiles in addresses.values():
        if tuple(tiles["bounds"]) == EVERYWHERE:
            continue
        left, top, wide, high = framed(tiles["bounds"], zoom, margin=_MARGIN_PX)
        at = {
            "left": (left - west) / width,
            "top": (top - north) / height,
            "width": wide / width,
            "height": high / height,
        }
        style = ";".join(f"{name}:{100 * part:.3f}%" for name, part in at.items())
        address = tiles["url"].replace("{z}/{x}/{y}.mvt", f"{zoom}/{{theme}}.svg")
        shown.append(_image(address, scheme, style))
    return (
        f'<div class="gm-picture" style="{_room(props.get("room"))}--ratio:{width / height:.5f}" aria-hidden="true">'
        f"<div>{''.join(shown)}</div></div>"
    )


def _room(px: int | None) -> str:
    """Return what keeps free what the map keeps free at the left: on a stage three times as wide (``around``)."""
    return f"left:clamp(32px,(100% - {3 * px}px)*9999,{px}px);" if px else ""


def _image(address: str, scheme: str, style: str) -> str:
    """Return one picture; where the browser chooses light or dark, in both, and for a phone none."""
    light, dark = (escape(address.format(theme=theme)) for theme in THEMES)
    other = f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">' if scheme == "auto" else ""
    source = dark if scheme == "dark" else light
    told = f'alt="" style="{style}" fetchpriority="high" elementtiming="{SHOWN}"'
    return f'<picture><source media="{_NARROW}" srcset="{_NOTHING}">{other}<img src="{source}" {told}></picture>'


def zoom_of(bounds: Bounds) -> float:
    """Return the zoom at which a desk's map shows all of ``bounds`` (degrees)."""
    _, _, width, height = framed(bounds, 0)
    most = min(_STAGE_PX[0] / max(width, 1e-9), _STAGE_PX[1] / max(height, 1e-9))
    return round(float(np.clip(np.log2(most), 0, DEEPEST)), 1)


def framed(bounds: Bounds, zoom: float, *, margin: float = 0.0) -> tuple[float, float, float, float]:
    """Return left, top, width and height of bounds in degrees, in pixels of the square world at a zoom."""
    west, south, east, north = bounds
    (left, top), (right, bottom) = mercator(np.array([[west, north], [east, south]])) * 512 * 2.0**zoom
    return (
        float(left - margin),
        float(top - margin),
        float(right - left + 2 * margin),
        float(bottom - top + 2 * margin),
    )


def picture(tiles: Tiles, name: str, zoom: float, theme: str) -> tuple[str, bytes]:
    """Return the present revision of a bundle and all of it as a packed SVG; no bytes where nothing is there."""
    rev = tiles.revision(name)
    return rev, tiles.remembered(name, ("picture", zoom, theme), lambda: _packed(tiles, name, zoom, theme))


def picture_view(tiles: Tiles, permit: Callable[[str], bool]) -> Callable[..., Response]:
    """Return the view that answers :data:`RULE`; ``permit(name)`` says whether this request may see that bundle."""

    def view(name: str, rev: str, zoom: float, theme: str) -> Response:
        if name not in tiles or zoom > DEEPEST or zoom != round(zoom, 1) or theme not in THEMES:
            abort(404)
        if not permit(name):
            abort(403)
        present, content = picture(tiles, name, zoom, theme)
        return kept_for(rev == present, content, "image/svg+xml")

    return view


def _packed(tiles: Tiles, name: str, zoom: float, theme: str) -> bytes:
    """Return a bundle as an SVG, packed."""
    bounds = tiles.address(name).bounds
    if bounds == EVERYWHERE:
        return b""
    left, top, width, height = framed(bounds, zoom, margin=_MARGIN_PX)
    layers = {layer.name: layer for layer in tiles.layers(name, language=LANGUAGES[0], theme=theme)}
    origin = np.array([left, top]) / (512 * 2.0**zoom)
    groups = [_layer(sheet, layers[sheet.name], zoom, origin, theme) for sheet in tiles.sheets(name)]
    box = f"0 0 {width * _UNITS_A_PX:.0f} {height * _UNITS_A_PX:.0f}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width:.0f}" height="{height:.0f}">'
    return gzip.compress(f"{svg}{''.join(groups)}</svg>".encode(), compresslevel=6, mtime=0)


def _layer(sheet: Sheet, layer: Shapes, zoom: float, origin: np.ndarray, theme: str) -> str:
    """Return one layer: its fills, borders, lines or points, in the order in which the map draws them."""
    rows, places = sheet.seen(int(zoom), MOST)
    if not len(rows):
        return ""
    side = 2.0**-zoom * EXTENT / (512 * _UNITS_A_PX)
    frame = placed_rows(layer).iloc[rows]
    looks = list(zip(values_of(frame, layer.style.colour), values_of(frame, layer.style.width_px), strict=True))
    drawn = []
    for look in dict.fromkeys(looks):  # few: the classes of a layer
        mine = np.fromiter((one == look for one in looks), dtype=bool, count=len(looks))
        if sheet.kind == POINT:
            path = _dots(places[mine], origin, side)
        else:
            path = _path(whole(places[mine], sheet.kind, origin, side), closed=sheet.kind == POLYGON)
        drawn.append(_DRAW[sheet.kind](path, _Look(layer, *look, zoom, theme)))
    return "".join(drawn)


class _Look:
    """How the shapes of one class are drawn at a zoom: widths in units of the picture."""

    def __init__(self, layer: Shapes, colour: str, width: float, zoom: float, theme: str) -> None:
        self.style, self.colour, self.width, self.table = layer.style, colour, width, layer.table
        self.rim, self._zoom = RIM[theme], zoom

    def by_zoom(
        self, stops: Iterable[tuple[float, float]], width: Callable[[float], float], base: float = 1.0
    ) -> float:
        """Return a width that the map grows with the zoom."""
        at = self._zoom
        known = [(float(zoom), width(factor)) for zoom, factor in stops]
        px = known[0][1] if at <= known[0][0] else known[-1][1]
        for (low, least), (high, most) in pairwise(known):
            if low < at <= high:
                px = least + (most - least) * _share(at - low, high - low, base)
        return px * _UNITS_A_PX


def _share(passed: float, whole_way: float, base: float) -> float:
    """Return how far between two stops a zoom is, on a line or on an exponential curve."""
    return passed / whole_way if base == 1 else (base**passed - 1) / (base**whole_way - 1)


def _polygons(path: str, look: _Look) -> str:
    style = look.style
    made = [f'<path d="{path}" fill="{look.colour}" fill-opacity="{style.opacity:g}"/>']
    if not style.outline or not look.width or look.table in _GROUND:
        return "".join(made)
    bare = style.opacity < 0.2
    ribbon = look.by_zoom(RIBBON_STOPS, lambda f: f * (6 if bare else 2.6) + 0.7 * f * look.width)
    made.append(_stroke(path, style.outline if bare else look.rim, ribbon, 0.22 if bare else 0.6))
    border = look.by_zoom(LINE_STOPS, lambda f: f * look.width)
    return "".join([*made, _stroke(path, style.outline, border, 0.9, dash=style.dashed)])


def _lines(path: str, look: _Look) -> str:
    style = look.style
    if look.table == "streets":
        street = look.by_zoom(STREET_STOPS, lambda f: max(0.6, f * look.width), _STREET_BASE)
        return _stroke(path, look.colour, street, 1.0)
    line = look.by_zoom(LINE_STOPS, lambda f: f * look.width)
    drawn = _stroke(path, look.colour, line, style.opacity, dash=style.dashed)
    if not style.outline:
        return drawn
    return _stroke(path, style.outline, look.by_zoom(LINE_STOPS, lambda f: f * look.width + 2.5), 0.8) + drawn


def _points(path: str, look: _Look) -> str:
    """Return points as the round ends of lines without a length, each with its rim."""
    radius, more = look.by_zoom(POINT_STOPS, lambda f: f * look.width), ' stroke-linecap="round"'
    rim = _stroke(path, look.style.outline or look.rim, 2 * (radius + _RIM_PX * _UNITS_A_PX), 1.0, more=more)
    return rim + _stroke(path, look.colour, 2 * radius, look.style.opacity, more=more)


_DRAW = {POINT: _points, LINE: _lines, POLYGON: _polygons}


def _stroke(path: str, colour: str, width: float, opacity: float, *, dash: bool = False, more: str = "") -> str:
    dashes = f' stroke-dasharray="{3 * width:.1f} {2 * width:.1f}"' if dash else ""
    faint = f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.2f}"{faint}{dashes}{more}/>'


def _dots(places: np.ndarray, origin: np.ndarray, side: float) -> str:
    """Return points as lines without a length."""
    xy = np.rint((shapely.get_coordinates(places) - origin) * (EXTENT / side)).astype(np.int64)
    return "".join(f"M{x} {y}h0" for x, y in xy.tolist())


def _path(parts: Parts, *, closed: bool) -> str:
    """Return lines or rings as steps from point to point."""
    steps = np.diff(parts.xy, axis=0, prepend=np.zeros((1, 2), dtype=parts.xy.dtype))
    written = [f"{x} {y}" for x, y in steps.tolist()]
    first = parts.xy[parts.starts[:-1]].tolist() if len(parts.owner) else []
    end = "z" if closed else ""
    return "".join(
        f"M{x} {y}l{' '.join(written[start + 1 : stop])}{end}"
        for (x, y), (start, stop) in zip(first, pairwise(parts.starts.tolist()), strict=True)
    )
