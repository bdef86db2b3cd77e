"""The map of a page as the first bytes tell of it: the browser begins it before the page is put together.

The page's own code, its layout and its first answers take a second; the tiles are on their way meanwhile. The map is
begun in the place that the page will give it, so the parts around it stand there as empty boxes of the same classes,
and the page then takes the living map (``assets/map-living.js``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from dash.development.base_component import Component

from dashboards.map import Map

# What the browser needs for a map, in the order of its use: these scripts are asked for first, so that they run first.
SCRIPTS = ("vendor/maplibre-gl.js", "map-icons.js", "map-style.js", "map-living.js")

_LONGEST = 60  # what is longer holds words or data for the page's own code


def begun(parts: Sequence[Component]) -> str:
    """Return the empty boxes around the first map of a page, and what it shows; nothing where it is not made ready."""
    for part in parts:
        found = _first_map(part)
        if found is not None and getattr(found, "laid", False):
            props = found.to_plotly_json()["props"]
            told = json.dumps({"id": found.id, "props": props}, ensure_ascii=False)
            return f'<div id="gm-begun" class="gm-begun" data-map="{escape(told)}">{_boxes(part, found)}</div>'
    return ""


def in_order(scripts: str) -> str:
    """Return the tags of the scripts with those of the map before all others."""
    tags = scripts.splitlines()
    return "\n".join(
        sorted(tags, key=lambda tag: next((n for n, name in enumerate(SCRIPTS) if name in tag), len(tags)))
    )


def _first_map(part: Any) -> Map | None:
    """Return the first map in a part of a page."""
    if isinstance(part, Map):
        return part
    return next((found for found in map(_first_map, _children(part)) if found is not None), None)


def _boxes(part: Any, target: Map) -> str:
    """Return a part as empty boxes, whole on the way to the map and bare beside it."""
    if part is target:
        return '<div class="gm"><div class="gm-canvas"></div></div>'
    if not isinstance(part, Component):
        return ""
    way = _first_map(part) is target
    inside = "".join(_boxes(child, target) for child in _children(part)) if way else ""
    tag = "section" if type(part).__name__ == "Section" else "div"
    return f"<{tag}{_looks(part)}>{inside}</{tag}>"


def _looks(part: Component) -> str:
    """Return the attributes that a part's place and size may depend on: its class, and what its styles can ask for."""
    props = part.to_plotly_json()["props"]
    told = {"class": props.get("className")} | {name: text for name, text in props.items() if name.startswith("data-")}
    asked = {name: str(text) for name, text in told.items() if text is not None and len(str(text)) <= _LONGEST}
    shown = [f' {name}="{escape(text)}"' for name, text in sorted(asked.items())]
    hidden = props.get("hidden") or props.get("told") is False  # what is told later, is hidden until then
    return "".join(shown) + (" hidden" if hidden else "")


def _children(part: Any) -> list[Any]:
    """Return what stands in a part of a page, from above to below."""
    inside = getattr(part, "children", None) if isinstance(part, Component) else None
    return inside if isinstance(inside, list) else [] if inside is None else [inside]
