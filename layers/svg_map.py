"""Layers as one SVG drawing, light and dark at once, for pages that are printed or opened without a network.

Lines and polygons are drawn to scale in decimetres. Points and names are *marks*: they keep their size on
the screen, whatever the scale, through the variable ``--k`` (decimetres a pixel) on the drawing; ``--w`` thins
lines when the whole is small. The page's script sets both when it zooms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.words import word
from layers.layer import Classes, Shapes, Widths, standing_before
from layers.palette import GROUND, RIM, TEXT, THEMES
from layers.popups import told

Bounds = tuple[float, float, float, float]
Pair = tuple[str, str]
_UNITS_A_METRE = 10
_ALONE_PX, _PRINT_PX = 1000, 680
_LETTER_PX = 13
_BADGE_PX = 28  # from one badge to the next where several stand in one place


@dataclass(frozen=True)
class Drawing:
    """A drawing: its SVG element, the style sheet it needs, and the keys to its colours (swatch, words)."""

    svg: str
    css: str
    keys: tuple[tuple[str, str], ...]


def svg_map(
    make: Callable[[str], Sequence[Shapes]],
    bounds: Bounds,
    *,
    focus: Bounds,
    keyed: Collection[str],
    title: str,
    language: str,
    simplify_m: float = 0.3,
) -> Drawing:
    """Return the layers, lowest first, within ``bounds``, in the colours of both themes.

    Parameters
    ----------
    make
        Returns the same layers for a theme; all in one projected CRS. What lies outside the bounds is cut off.
    bounds
        West, south, east and north in metres.
    focus
        The part to look at first, in metres; stands in the drawing for its script, in metres from the south-west.
    keyed
        Names of the layers whose colours are told.
    title
        Words for those who do not see the drawing.
    simplify_m
        Vertices that move a shape by less are left out.
    """
    west, south, east, north = bounds
    width, height = (east - west) * _UNITS_A_METRE, (north - south) * _UNITS_A_METRE
    sheet = _Sheet()
    lit, dark = ([layer for layer in make(theme) if len(layer.frame)] for theme in THEMES)
    drawn = [_drawn(one, other, bounds, sheet, language, simplify_m) for one, other in zip(lit, dark, strict=True)]
    names = [_names(layer, bounds, simplify_m) for layer in lit if layer.kind == "line" and layer.style.label]
    told_of = [pair for pair in zip(lit, dark, strict=True) if pair[0].name in keyed]
    keys = tuple(key for one, other in told_of for key in _keys(one, other, sheet, language))
    ground = sheet.of("fill", (GROUND["light"], GROUND["dark"]))
    shapes = [part for part, layer in zip(drawn, lit, strict=True) if layer.kind != "point"]
    marks = [part for part, layer in zip(drawn, lit, strict=True) if layer.kind == "point"]
    body = "".join([*shapes, *names, *marks])
    look = " ".join(f"{part:.0f}" for part in np.subtract(focus, (west, south, west, south)))
    svg = (
        f'<svg class="drawing" viewBox="0 0 {width:.0f} {height:.0f}" data-focus="{look}" role="img" '
        f'aria-label="{escape(title)}">'
        f'<rect class="{ground}" width="100%" height="100%"/>{body}{_scale_bar(width, height)}</svg>'
    )
    return Drawing(svg, _BASE + _scales(width) + sheet.css(), keys)


def bounds_around(shapes: Sequence[pd.Series], *, margin_m: float, least_m: float, aspect: float = 1.0) -> Bounds:
    """Return a box around all shapes with a margin, ``aspect`` times as wide as high, at least ``least_m`` wide."""
    boxes = np.array([shapely.total_bounds(np.asarray(part)) for part in shapes if len(part)])
    west, south = np.nanmin(boxes[:, :2], axis=0) - margin_m
    east, north = np.nanmax(boxes[:, 2:], axis=0) + margin_m
    width = max(east - west, (north - south) * aspect, least_m)
    x, y, height = (west + east) / 2, (south + north) / 2, width / aspect
    return float(x - width / 2), float(y - height / 2), float(x + width / 2), float(y + height / 2)


_BASE = (
    ".drawing{display:block;width:100%;height:auto}"
    ".drawing path{vector-effect:non-scaling-stroke;stroke-linejoin:round}"
    ".mark>g{transform:scale(var(--k))}.mark text{font:600 12px system-ui,sans-serif;paint-order:stroke;"
    f"stroke-width:3px;fill:{TEXT['light']};stroke:{GROUND['light']};dominant-baseline:central}}"
    ".by.off{display:none}.mark .in{font-weight:700;fill:#fff;stroke:none;text-anchor:middle}"
    ".street text{font-weight:400;text-anchor:middle}"
    f".bar{{stroke:{TEXT['light']};fill:none}}"
    "@media screen and (prefers-color-scheme:dark){"
    f".mark text{{fill:{TEXT['dark']};stroke:{GROUND['dark']}}}.mark .in{{fill:{RIM['dark']};stroke:none}}"
    f".bar{{stroke:{TEXT['dark']}}}}}"
)


def _scales(width: float) -> str:
    """Return how large marks are where no script says so: on a page, and in print."""
    return (
        f".drawing{{--k:{width / _ALONE_PX:.2f};--w:1}}@media print{{.drawing{{--k:{width / _PRINT_PX:.2f};--w:.7}}}}"
    )


@dataclass
class _Sheet:
    """Classes for pairs of light and dark colours."""

    rules: dict[tuple[str, Pair, str], str] = field(default_factory=dict)

    def of(self, what: str, colours: Pair, more: str = "") -> str:
        """Return the class that paints ``what`` in a pair of colours."""
        return self.rules.setdefault((what, colours, more), f"s{len(self.rules)}")

    def css(self) -> str:
        """Return the rules, light first, dark where the screen is."""
        lit = "".join(f".{name}{{{what}:{pair[0]};{more}}}" for (what, pair, more), name in self.rules.items())
        dark = "".join(f".{name}{{{what}:{pair[1]}}}" for (what, pair, _), name in self.rules.items())
        return f"{lit}@media screen and (prefers-color-scheme:dark){{{dark}}}"


def _drawn(lit: Shapes, dark: Shapes, bounds: Bounds, sheet: _Sheet, language: str, simplify_m: float) -> str:
    """Return one layer as an SVG group."""
    near = np.flatnonzero(lit.frame.geometry.intersects(shapely.box(*bounds)).to_numpy())
    if not len(near):
        return ""
    frame = lit.frame.iloc[near]
    colours = zip(values_of(frame, lit.style.colour), values_of(dark.frame.iloc[near], dark.style.colour), strict=True)
    looks = list(zip(colours, values_of(frame, lit.style.width_px), strict=True))
    if lit.kind == "point":
        return _points(lit, dark, near, bounds, sheet, language)
    shapes = _placed(frame.geometry, bounds, simplify_m)
    draw = _line if lit.kind == "line" else _polygon
    groups = []
    for pair, width in dict.fromkeys(looks):  # few: the classes of a layer
        mine = np.fromiter((look == (pair, width) for look in looks), dtype=bool, count=len(looks))
        groups.append(draw(shapes[mine], pair, width, (lit, dark), sheet))
    return f"<g>{''.join(groups)}</g>"


def values_of(frame: pd.DataFrame, rule: Any) -> list[Any]:
    """Return the colour or width of each row."""
    if isinstance(rule, Classes):
        return list(frame[rule.column].map(dict(rule.colours)).fillna(rule.other))
    if isinstance(rule, Widths):
        return list(frame[rule.column].map(dict(rule.px)).fillna(rule.other))
    return [rule] * len(frame)


def _placed(shapes: gpd.GeoSeries, bounds: Bounds, simplify_m: float) -> np.ndarray:
    """Return shapes cut to the bounds, in whole decimetres from its north-west corner, south down."""
    west, _, _, north = bounds
    cut = shapely.simplify(shapely.clip_by_rect(shapes.to_numpy(), *bounds), simplify_m)
    return shapely.transform(cut, lambda xy: np.rint((xy - [west, north]) * [_UNITS_A_METRE, -_UNITS_A_METRE]))


def _line(shapes: np.ndarray, colours: Pair, width: float, layers: tuple[Shapes, Shapes], sheet: _Sheet) -> str:
    style = layers[0].style
    dash = "stroke-dasharray:6 4;" if style.dashed else ""
    more = f"fill:none;stroke-width:calc({width:g}px*var(--w));stroke-opacity:{style.opacity:g};{dash}"
    return _paths(shapely.get_parts(shapely.get_parts(shapes)), "LineString", sheet.of("stroke", colours, more))


def _polygon(shapes: np.ndarray, colours: Pair, width: float, layers: tuple[Shapes, Shapes], sheet: _Sheet) -> str:
    style = layers[0].style
    rims = tuple(layer.style.outline or RIM[theme] for layer, theme in zip(layers, THEMES, strict=True))
    fill = sheet.of("fill", colours, f"fill-opacity:{style.opacity:g};")
    rim = sheet.of("stroke", (rims[0], rims[1]), f"stroke-width:{width:g}px;")
    # Rings turn one way outside and the other way inside, so that polygons that overlap stay filled.
    return _paths(shapely.orient_polygons(shapely.get_parts(shapely.get_parts(shapes))), "Polygon", f"{fill} {rim}")


def _paths(parts: np.ndarray, kind: str, name: str) -> str:
    """Return parts as one path for every square of the drawing: a browser paints only those that it shows."""
    parts = parts[(shapely.get_type_id(parts) == _TYPE_IDS[kind]) & ~shapely.is_empty(parts)]
    middle = shapely.bounds(parts).reshape(-1, 2, 2).mean(axis=1) // _SQUARE
    _, square = np.unique(middle, axis=0, return_inverse=True)
    steps = _ring_steps if kind == "Polygon" else _path
    return "".join(
        f'<path class="{name}" d="{"".join(steps(part) for part in parts[square == number])}"/>'
        for number in range(int(square.max(initial=-1)) + 1)
    )


_TYPE_IDS = {"LineString": 1, "Polygon": 3}
_SQUARE = 4000
"""Side of such a square in decimetres."""


def _ring_steps(polygon: shapely.Geometry) -> str:
    return "".join(_path(ring) + "Z" for ring in (polygon.exterior, *polygon.interiors))


def _path(line: shapely.Geometry) -> str:
    """Return a line as steps from vertex to vertex."""
    steps = shapely.get_coordinates(line).astype(np.int64)
    if line.geom_type == "LinearRing":
        steps = steps[:-1]
    steps[1:] = np.diff(steps, axis=0)
    first, rest = steps[0], steps[1:][(steps[1:] != 0).any(axis=1)]
    return f"M{first[0]} {first[1]}l" + " ".join(f"{x} {y}" for x, y in rest) if len(rest) else ""


def _points(lit: Shapes, dark: Shapes, near: np.ndarray, bounds: Bounds, sheet: _Sheet, language: str) -> str:
    """Return a layer of points as marks: a number stands in its mark, anything longer beside it."""
    frame = lit.frame.iloc[near]
    west, _, _, north = bounds
    places = (shapely.get_coordinates(frame.geometry.to_numpy()) - [west, north]) * [_UNITS_A_METRE, -_UNITS_A_METRE]
    fills = zip(values_of(frame, lit.style.colour), values_of(dark.frame.iloc[near], dark.style.colour), strict=True)
    rims = (lit.style.outline or RIM["light"], dark.style.outline or RIM["dark"])
    rim = sheet.of("stroke", rims, "stroke-width:2px;")
    label = lit.style.label
    labels = [""] * len(frame) if label is None else list(frame[label].astype("str"))
    hints = told(lit, language).iloc[near].agg(" · ".join, axis=1) if lit.popup else pd.Series([""] * len(frame))
    codes = frame.get("code", labels)
    before = standing_before(frame.geometry.to_numpy())
    marks = []
    for (x, y), pair, radius, text, hint, code, taken in zip(
        places, fills, values_of(frame, lit.style.width_px), labels, hints, codes, before, strict=True
    ):
        inside = bool(text) and radius >= 8 and len(text) <= 3
        size = max(radius, 9.0 + 2.0 * len(text)) if inside else radius
        room = round(len(text) * _LETTER_PX)
        beside = f'<text class="by" x="{size + 4:g}" data-px="{room}">{escape(text)}</text>' if text else ""
        aside = int(taken) * _BADGE_PX if inside else 0
        inner = f'<text class="in"{_set("x", aside)}>{escape(text)}</text>' if inside else beside
        marks.append(
            f'<g class="mark" data-code="{escape(str(code))}" transform="translate({x:.0f} {y:.0f})"><g>'
            f"<title>{escape(str(hint))}</title>"
            f'<circle class="{sheet.of("fill", pair)} {rim}"{_set("cx", aside)} r="{size:g}"/>'
            f"{inner}</g></g>"
        )
    return f"<g>{''.join(marks)}</g>"


def _set(name: str, value: int) -> str:
    """Return an attribute, or nothing for 0, which it is anyway."""
    return f' {name}="{value}"' if value else ""


def _names(layer: Shapes, bounds: Bounds, simplify_m: float) -> str:
    """Return each name once, along the middle of its longest part, with the room that it has there."""
    frame = layer.frame[layer.frame[layer.style.label].notna()]
    frame = frame[frame.geometry.intersects(shapely.box(*bounds))]
    parts, row = shapely.get_parts(_placed(frame.geometry, bounds, simplify_m), return_index=True)
    table = pd.DataFrame({"name": frame[layer.style.label].to_numpy()[row], "length": shapely.length(parts)})
    longest = table[table["length"] > 0].sort_values("length").drop_duplicates("name", keep="last")
    marks = []
    for place, name, length in longest.itertuples():  # few: the streets of a neighbourhood
        x, y, turn = _along(parts[place])
        room = round(len(name) * _LETTER_PX)
        off = " off" if length * _ALONE_PX < room * (bounds[2] - bounds[0]) * _UNITS_A_METRE else ""
        marks.append(
            f'<g class="mark street{off}" data-m="{length:.0f}" data-px="{room}" transform="translate({x:.0f} {y:.0f}) '
            f'rotate({turn:.0f})"><g><text>{escape(name)}</text></g></g>'
        )
    return f"<g>{''.join(marks)}</g>"


def _along(line: shapely.Geometry) -> tuple[float, float, float]:
    """Return the middle of a line and its direction there in degrees, never upside down."""
    points = shapely.line_interpolate_point(line, [0.45, 0.5, 0.55], normalized=True)
    (x1, y1), (x, y), (x2, y2) = shapely.get_coordinates(points)
    turn = float(np.degrees(np.arctan2(y2 - y1, x2 - x1)))
    return float(x), float(y), turn - 180 if turn > 90 else turn + 180 if turn < -90 else turn


def _keys(lit: Shapes, dark: Shapes, sheet: _Sheet, language: str) -> list[tuple[str, str]]:
    """Return the swatch and the words of every colour of a layer."""
    if lit.legend is not None and dark.legend is not None:
        entries = zip(lit.legend.entries, dark.legend.entries, strict=True)
        return [(_swatch(lit.kind, (one, other), sheet), words) for (one, words), (other, _) in entries]
    if isinstance(lit.style.colour, Classes) or isinstance(dark.style.colour, Classes):
        return []
    pair = (lit.style.colour, dark.style.colour)
    rims = (lit.style.outline or lit.style.colour, dark.style.outline or dark.style.colour)
    return [(_swatch(lit.kind, pair, sheet, rims=(str(rims[0]), str(rims[1]))), word(lit.title, language))]


def _swatch(kind: str, colours: Pair, sheet: _Sheet, *, rims: Pair | None = None) -> str:
    """Return a little mark in a colour."""
    rim = sheet.of("stroke", rims or colours, "stroke-width:2px;")
    inner = {
        "point": f'<circle class="{sheet.of("fill", colours)} {rim}" cx="11" cy="7" r="5"/>',
        "line": f'<path class="{sheet.of("stroke", colours, "stroke-width:5px;")}" d="M1 7h20"/>',
        "polygon": f'<rect class="{sheet.of("fill", colours)}" x="2" y="1" width="18" height="12" rx="2"/>',
    }[kind]
    return f'<svg class="swatch" viewBox="0 0 22 14" width="22" height="14" aria-hidden="true">{inner}</svg>'


def _scale_bar(width: float, height: float) -> str:
    """Return a bar of a round number of metres, a tenth to a fifth of the drawing long."""
    sizes = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
    metres = next((size for size in sizes if size * _UNITS_A_METRE >= width / 10), sizes[-1])
    end, unit = metres * _UNITS_A_METRE, width / _ALONE_PX
    x, y = 16 * unit, height - 20 * unit
    return (
        f'<g class="scale" transform="translate({x:.0f} {y:.0f})"><path class="bar" d="M0 {-8 * unit:.0f}V0H{end}'
        f'V{-8 * unit:.0f}"/><g class="mark"><g><text y="-16">{metres} m</text></g></g></g>'
    )
