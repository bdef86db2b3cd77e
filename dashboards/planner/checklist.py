"""What is wrong with a plan, each fault with its place and what puts it right; what its grids may not cross."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.planner.side import MOST, bounds_of
from gisapp.words import word

MENDS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "parts": ({"do": "edit", "kind": "enclave"}, {"do": "apart"}),
    "hole": ({"do": "edit", "kind": "hole"},),
    "crossed": ({"do": "edit", "kind": "limit"},),
}
"""What puts a fault right by one click, by its kind."""
NAMED = ("code", "no_leader", "leaders")
"""Faults that a code or a leader puts right."""


def checks(
    faults: gpd.GeoDataFrame, known: Sequence[str], across: Sequence[str], spoken: str, *, frame: str, editable: bool
) -> list[Component]:
    """Return what the grids may not cross, and what is wrong with a plan, each fault with what puts it right.

    Parameters
    ----------
    known
        The kinds of areas that there are to be told not to cross; ``across`` are those of the plan.
    editable
        Whether the plan is a draft: of others faults are only shown.
    """
    return [
        *_limits(known, across, spoken, editable),
        *_numbering(spoken, editable),
        *_faults(faults, spoken, frame, editable),
    ]


def _limits(known: Sequence[str], across: Sequence[str], spoken: str, editable: bool) -> list[Component]:
    """Return a switch for each kind of areas."""
    if not known:
        return []
    switches = [
        html.Button(
            word(f"planner.limit_{name}", spoken),
            className="button writes",
            disabled=not editable,
            **{"data-across": name, "aria-pressed": str(name in across).lower()},
        )
        for name in known
    ]
    said = html.Span(word("planner.not_across", spoken), className="quiet")
    return [html.Div([said, *switches], className="limits buttons", role="group")]


def _numbering(spoken: str, editable: bool) -> list[Component]:
    """Return the button that numbers all grids anew."""
    if not editable:
        return []
    told = {"data-do": json.dumps({"do": "edit", "kind": "renumber"}), "title": word("planner.renumber.tip", spoken)}
    button = html.Button(word("planner.renumber", spoken), className="button writes", **told)
    return [html.Div(button, className="buttons")]


def _faults(faults: gpd.GeoDataFrame, spoken: str, frame: str, editable: bool) -> list[Component]:
    """Return the faults, counted by kind and listed; a click goes to the place."""
    if faults.empty:
        return [shell.badge(word("planner.sound", spoken), word("planner.sound.tip", spoken), tone="good")]
    counts = faults["kind"].value_counts()
    heads = [
        shell.badge(
            f"{word(f'planner.fault_{kind}', spoken)} · {count}", word(f"planner.fault_{kind}.tip", spoken), tone="bad"
        )
        for kind, count in counts.items()
    ]
    some = faults.head(MOST)
    places = bounds_of(some.geometry, faults.crs, frame)
    rows = [
        html.Li([_fault(row, fit, spoken), *(_mends(row, spoken) if editable else [])])
        for row, fit in zip(some.drop(columns="geom").to_dict("records"), places, strict=True)
    ]
    left = len(faults) - len(some)
    more = [html.P(word("planner.and_more_places", spoken, count=left))] if left else []
    return [html.Div(heads, className="badges"), html.Ul(rows, className="faults"), *more]


def _fault(row: Mapping[Any, Any], fit: str, spoken: str) -> Component:
    """Return what is wrong with which grid; a click goes to the place."""
    told = word(f"planner.fault_{row['kind']}", spoken)
    if row["layer"]:
        told += " · " + word(f"planner.limit_{row['layer']}", spoken)
    return html.Button([html.Strong(row["grid"]), html.Small(told)], className="row", **{"data-fit": fit})


def _mends(row: Mapping[Any, Any], spoken: str) -> list[Component]:
    """Return the buttons that put a fault right."""
    grid, made = row["grid"], []
    for done in MENDS.get(row["kind"], ()):
        asked = {**done, "grid": grid} | ({"layer": row["layer"]} if row["layer"] else {})
        words = word(f"planner.mend_{done.get('kind', done['do'])}", spoken)
        made.append(html.Button(words, className="button writes", **{"data-do": json.dumps(asked)}))
    if row["kind"] in NAMED:
        words = word(f"planner.mend_{'code' if row['kind'] == 'code' else 'leader'}", spoken)
        made.append(html.Button(words, className="button writes", **{"data-name": grid}))
    return [html.Div(made, className="buttons")] if made else []
