"""A map as one HTML file that opens from a disk, without any network: folium with everything inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any, ClassVar

import folium
import pyproj
from branca.element import Element, MacroElement
from folium.raster_layers import ImageOverlay
from jinja2 import Template

from gisapp.errors import InputError
from gisapp.words import word
from layers.density import png
from layers.layer import Classes, Layer, Legend, Raster, Shapes
from layers.offline import require_offline
from layers.packing import extent, packed
from layers.palette import GROUND, TEXT, THEMES
from layers.vendored import asset, data_uri, leaflet_css

_WORDS = ("layers", "zoom_in", "zoom_out")
_PANEL = {
    "light": {"panel": "#ffffff", "line": "#d5dae1", "quiet": "#566173", "icon": "none"},
    "dark": {"panel": "#1d232c", "line": "#38414e", "quiet": "#a9b4c2", "icon": "invert(1) brightness(1.8)"},
}
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
# Below this zoom a map of a city would be a dot; above it there is nothing more to see.
_ZOOMS = {"min_zoom": 8, "max_zoom": 20}


def folium_html(
    layers: Sequence[Layer],
    *,
    title: str,
    language: str,
    made_at: datetime,
    theme: str = "light",
    simplify_m: float = 0.5,
) -> str:
    """Return one HTML page that shows the layers, lowest first, and asks nothing of any network.

    It holds Leaflet, the shapes with their popups, pictures as data, a legend with units, the title, the
    time it was made and a line saying that the data is masked. No personal column can be in it: a
    :class:`Shapes` with one cannot be made. Positions are rounded to 1e-7 degree (1 cm); lines and
    polygons lose vertices that move them by less than ``simplify_m`` metres. Shapes listed before a
    picture lie under it and cannot be clicked.

    Parameters
    ----------
    made_at
        When the data was read, with its time zone, in which it is written.
    theme
        ``light`` or ``dark``, as the layers were made.

    Raises
    ------
    InputError
        Without a layer that has a position, or on a time without a zone.
    GisappError
        When the page would fetch anything.
    """
    if made_at.tzinfo is None:
        raise InputError(f"the time {made_at} has no zone", todo="give an aware time")
    box = _extent(layers)
    page = _OfflineMap(location=[(box[1] + box[3]) / 2, (box[0] + box[2]) / 2])
    root = page.get_root()
    root.title = escape(title)
    for part in _head(language, theme):
        root.header.add_child(part)
    root.html.add_child(_Text(_banner(title, language, made_at) + _legend(layers, language)))
    page.add_child(_Call("begin"))
    pictures = [place for place, layer in enumerate(layers) if isinstance(layer, Raster)]
    for place, layer in enumerate(layers):
        if isinstance(layer, Raster):
            _picture(layer, language).add_to(page)
        else:
            _group(layer, box, language, simplify_m, under=bool(pictures) and place < pictures[0]).add_to(page)
    folium.LayerControl(collapsed=True).add_to(page)
    page.fit_bounds([[box[1], box[0]], [box[3], box[2]]], padding=(12, 12))
    page.add_child(_Call("ready"))
    _number(root)
    html = root.render().replace("<html>", f'<html lang="{language}">', 1)
    require_offline(html)
    return html


class _OfflineMap(folium.Map):
    """A folium map without its scripts, styles and tiles from elsewhere."""

    default_js: ClassVar[list[tuple[str, str]]] = []
    default_css: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, location: list[float]) -> None:
        super().__init__(
            location,
            tiles=None,
            prefer_canvas=True,
            control_scale=True,
            attribution_control=False,
            zoom_snap=0.25,
            **_ZOOMS,
        )


class _Text(Element):
    """Text that stands in the page as it is: Jinja does not read it."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _Drawn(MacroElement):
    """Packed shapes and the call that draws them into their group."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        <script type="application/json" id="{{ this.get_name() }}">{{ this.content }}</script>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        gisapp.draw(
            {{ this._parent._parent.get_name() }}, {{ this._parent.get_name() }},
            "{{ this.get_name() }}", {{ this.pane|tojson }}
        );
        {% endmacro %}
        """
    )

    def __init__(self, content: str, pane: str) -> None:
        super().__init__()
        self._name = "shapes"
        self.content, self.pane = content, pane


class _Call(MacroElement):
    """A call of our script with the map."""

    _template = Template(
        "{% macro script(this, kwargs) %}gisapp.{{ this.step }}({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step


def _group(
    layer: Shapes, box: tuple[float, ...], language: str, simplify_m: float, *, under: bool
) -> folium.FeatureGroup:
    """Return a folium group with a layer's shapes in it."""
    group = folium.FeatureGroup(name=escape(word(layer.title, language)))
    content = packed(layer, (round(box[0], 7), round(box[1], 7)), language=language, simplify_m=simplify_m)
    group.add_child(_Drawn(_json(content), "under" if under else ""))
    return group


def _picture(layer: Raster, language: str) -> ImageOverlay:
    """Return a picture layer as an overlay with its pixels inside."""
    west, south, east, north = _degrees(layer.bounds)
    return ImageOverlay(
        data_uri(png(layer.pixels), "image/png"),
        bounds=[[south, west], [north, east]],
        name=escape(word(layer.title, language)),
        opacity=layer.opacity,
        pane="picture",
        pixelated=False,
    )


def _extent(layers: Sequence[Layer]) -> tuple[float, float, float, float]:
    """Return what the map shows at first: all shapes, or the pictures where there are no shapes."""
    box = extent([layer for layer in layers if isinstance(layer, Shapes)])
    if box is not None:
        return box
    pictures = [_degrees(layer.bounds) for layer in layers if isinstance(layer, Raster)]
    if not pictures:
        raise InputError("no layer has anything with a position", todo="choose a layer that is not empty")
    return pictures[0]


def _degrees(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return bounds in EPSG:3857 as degrees."""
    west, south, east, north = pyproj.Transformer.from_crs(3857, 4326, always_xy=True).transform_bounds(*bounds)
    return west, south, east, north


def _head(language: str, theme: str) -> list[_Text]:
    """Return Leaflet, our own script and styles, all inside the page."""
    if theme not in THEMES:
        raise InputError(f"found theme {theme!r}", todo=f"use one of {', '.join(THEMES)}")
    variables = {"ground": GROUND[theme], "text": TEXT[theme], **_PANEL[theme]}
    root = ":root {" + "".join(f"--{name}: {value}; " for name, value in variables.items()) + "}"
    words = {key: word(f"layers.{key}", language) for key in _WORDS}
    return [
        _Text(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        _Text('<link rel="icon" href="data:,">'),
        _Text(f"<style>{leaflet_css()}</style><style>{root}\n{asset('assets', 'offline.css')}</style>"),
        _Text(f"<script>{asset('vendor', 'leaflet.js')}</script>"),
        _Text(f'<script type="application/json" id="gisapp-words">{_json(words)}</script>'),
        _Text(f"<script>{asset('assets', 'offline.js')}</script>"),
    ]


def _json(content: Any) -> str:
    """Return JSON that cannot end the script it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _banner(title: str, language: str, made_at: datetime) -> str:
    """Return the head of the page: title, time, and that the data is masked."""
    offset = made_at.strftime("%z")
    moment = f"{made_at:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:]})"
    return (
        f"<header><h1>{escape(title)}</h1><p>{escape(word('layers.made_at', language))} {moment}</p>"
        f"<p>{escape(word('layers.masked', language))}</p>"
        f"<noscript><p>{escape(word('layers.script_off', language))}</p></noscript></header>"
    )


def _legend(layers: Sequence[Layer], language: str) -> str:
    """Return the legend of all layers, the highest first, as they lie on the map."""
    parts = [_legend_part(layer, language) for layer in reversed(layers)]
    return (
        f'<details class="gisapp-legend" open><summary>{escape(word("layers.legend", language))}</summary>'
        f"{''.join(parts)}</details>"
    )


def _legend_part(layer: Layer, language: str) -> str:
    """Return one layer's legend: its classes with their unit, or its one colour."""
    title = escape(word(layer.title, language))
    kind = layer.kind if isinstance(layer, Shapes) else "polygon"
    legend = layer.legend or Legend(())
    if not legend.entries:
        return f'<ul class="single"><li>{_mark(layer)}{title}</li></ul>'
    unit = f" <small>{escape(legend.unit)}</small>" if legend.unit else ""
    lines = "".join(f"<li>{_swatch(kind, colour)}{escape(words)}</li>" for colour, words in legend.entries)
    return f"<h2>{title}{unit}</h2><ul>{lines}</ul>"


def _mark(layer: Layer) -> str:
    """Return the mark of a layer that has one colour; one with an almost clear fill is shown by its border."""
    if isinstance(layer, Raster):
        return ""
    style = layer.style
    colour = style.colour.other if isinstance(style.colour, Classes) else style.colour
    if layer.kind == "polygon" and style.outline and style.opacity < 0.2:
        return f'<i class="border" style="border-color:{escape(style.outline)}"></i>'
    return _swatch(layer.kind, colour)


def _swatch(kind: str, colour: str) -> str:
    """Return a little mark in the colour of a class."""
    return f'<i class="{kind}" style="background:{escape(colour)}"></i>'


def _number(root: Element) -> None:
    """Give every part of the page a number for a name, so that the same map is the same file."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop(0)
        element._id = f"{number:03d}"
        number += 1
        waiting += [
            *(
                getattr(element, part)
                for part in ("header", "html", "script")
                if isinstance(getattr(element, part, None), Element)
            ),
            *element._children.values(),
        ]
