"""The map of a page as the first bytes tell of it: the browser begins it before the page is put together.

The page's own code, its layout and its first answers take a second and all of the processor; they wait until the map is
drawn, two and a half seconds at most. The map is begun in the place that the page will give it, so the parts around it
stand there as empty boxes of the same classes, and the page then takes the living map (``assets/map-living.js``).

Until the map is drawn its layers stand there as pictures (:mod:`dashboards.pictures`), which are seen before the
scripts of the map run.

A page whose outermost part has ``data-first`` shows that as well before it stands: its own script finds the part with
all that it tells, and the boxes of the parts beside the map under ``data-place``, their ids.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from math import inf
from typing import Any

from dash.development.base_component import Component

from dashboards.map import Map
from dashboards.pictures import placed

# What shows something before the page stands, in the order of its use: these scripts are asked for first and run first.
FIRST = ("begun.js", "deeds.js", "dispatch.js")
OF_MAP = ("vendor/maplibre-gl.js", "map-icons.js", "map-style.js", "map-living.js")

_LONGEST = 60  # what is longer holds words or data for the page's own code


def begun(parts: Sequence[Component], *, scheme: str = "light") -> str:
    """Return the empty boxes around the first map of a page, and what it shows; nothing where it is not made ready.

    ``scheme`` is the look of the page: ``light``, ``dark`` or ``auto``.
    """
    for part in parts:
        found = _first_map(part)
        if found is not None and getattr(found, "laid", False):
            props = found.to_plotly_json()["props"]
            told = json.dumps({"id": found.id, "props": props}, ensure_ascii=False)
            shown = placed(props, scheme=scheme)
            boxes = _boxes(part, found, shown)
            return f'<div id="gm-begun" class="gm-begun" data-map="{escape(told)}">{boxes}</div>'
    return ""


def in_order(scripts: str) -> tuple[str, str, str]:
    """Return the tags of the scripts that run first, of those of the map, each in their order, and of all others."""
    tags = re.findall(r"<script.*?</script>", scripts, re.DOTALL)
    groups = [[tag for name in names for tag in tags if f"/{name}" in tag] for names in (FIRST, OF_MAP)]
    others = [tag for tag in tags if not any(tag in group for group in groups)]
    first, of_map, rest = ("\n".join(group) for group in (*groups, others))
    return first, of_map, rest


def later(scripts: str, group: str = "later") -> str:
    """Return tags of scripts that ``assets/begun.js`` runs.

    Those of the group ``map`` run when the pictures are seen, and are fetched meanwhile; the others are fetched then,
    and run when the map stands.
    """
    fetched = [
        f'<link rel="preload" as="script" href="{address}">'
        for address in re.findall(r'<script[^>]*? src="([^"]+)"', scripts)
    ]
    bare = re.sub(r' type="application/javascript"', "", scripts)
    return "\n".join([*(fetched if group == "map" else []), bare.replace("<script", f'<script type="text/{group}"')])


def _first_map(part: Any) -> Map | None:
    """Return the first map in a part of a page."""
    if isinstance(part, Map):
        return part
    return next((found for found in map(_first_map, _children(part)) if found is not None), None)


def _boxes(part: Any, target: Map, shown: str, *, first: bool = False) -> str:
    """Return a part as empty boxes, whole on the way to the map and bare beside it; ``first``: with places inside.

    In the place of the map is what is ``shown`` until it is drawn.
    """
    if part is target:
        return f'<div class="gm"><div class="gm-canvas"></div>{shown}</div>'
    if not isinstance(part, Component):
        return ""
    way = _first_map(part) is target
    first = first or (way and bool(getattr(part, "data-first", None)))
    inside = [_boxes(child, target, shown, first=first) for child in _children(part)] if way else []
    if first and not way:
        inside = [_place(child) for child in _children(part) if isinstance(child, Component)]
    tag = "section" if type(part).__name__ == "Section" else "div"
    return f"<{tag}{_looks(part)}>{''.join(inside)}</{tag}>"


def _place(part: Component) -> str:
    """Return the empty box of a part in which a page's own script may show what comes first."""
    return f'<div data-place="{escape(str(getattr(part, "id", "")))}"{_looks(part)}></div>'


def _looks(part: Component) -> str:
    """Return the attributes that a part's place and size may depend on: its class, and what its styles can ask for."""
    props = part.to_plotly_json()["props"]
    told = {"class": props.get("className")} | {name: text for name, text in props.items() if name.startswith("data-")}
    longest = inf if props.get("data-first") else _LONGEST
    asked = {name: str(text) for name, text in told.items() if text is not None and len(str(text)) <= longest}
    if props.get("style") and props.get("data-first"):
        asked["style"] = "; ".join(f"{name}: {value}" for name, value in props["style"].items())
    shown = [f' {name}="{escape(text)}"' for name, text in sorted(asked.items())]
    hidden = props.get("hidden") or props.get("told") is False  # what is told later, is hidden until then
    return "".join(shown) + (" hidden" if hidden else "")


def _children(part: Any) -> list[Any]:
    """Return what stands in a part of a page, from above to below."""
    inside = getattr(part, "children", None) if isinstance(part, Component) else None
    return inside if isinstance(inside, list) else [] if inside is None else [inside]
