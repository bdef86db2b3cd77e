"""Two boundary plans compared as one page to send round: it opens from a disk without a network, and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.grids.plan_diff import PlanDiff
from gisapp.reports.as_html import listing_html
from gisapp.reports.offline_page import offline_page
from gisapp.reports.texts.text import Listing
from gisapp.words import word
from layers.basemap import landcover_shapes, street_shapes
from layers.layer import Classes, Legend, Shapes, Style
from layers.offline import require_offline
from layers.palette import TEXT, base_colours, other_colour, task_colours
from layers.svg_map import Drawing, bounds_around, svg_map
from layers.vendored import asset, leaflet_css

GROUND = ("landcover", "streets")
"""The tables that the map is drawn on."""
_MOVES = ("households", "open_incidents", "incidents_12m", "pipe_km", "critical", "valves", "area_km2")
_BALANCE = ("households", "incidents_12m", "open_incidents", "pipe_km", "workload")
_DIGITS = {"pipe_km": 1, "area_km2": 2, "workload": 2}
_MOST_NAMED = 300  # moves with a name on the map, the largest first
_STYLE = (
    "th{white-space:normal}td:first-child{white-space:nowrap}#grids,.top+section{margin-bottom:12px}"
    "@media screen and (min-width:1180px){#moves{max-height:720px;overflow-y:auto}}"
)
_KEYED = ("moves", "borders_before", "borders_after")


@dataclass(frozen=True)
class Side:
    """One of the two plans: what it is called, and its grids."""

    title: str
    grids: gpd.GeoDataFrame


def plan_diff_html(
    found: PlanDiff,
    before: Side,
    after: Side,
    ground: Mapping[str, gpd.GeoDataFrame],
    *,
    city: str,
    made_at: datetime,
    language: str,
) -> str:
    """Return a comparison as one HTML page: what moves, on a map and from grid to grid, and whom it concerns.

    Parameters
    ----------
    found
        From :func:`gisapp.grids.plan_diff.plan_diff`; every figure of the page is one of its.
    before, after
        The plans, with their grids from :func:`gisapp.grids.plan_grids`.
    ground
        The tables of :data:`GROUND`.
    city
        Whose plans they are.
    made_at
        When, with its zone.
    """
    moves = moves_of(found)
    drawing = _map(moves, before.grids, after.grids, ground, language)
    title = word("diff.title", language, before=before.title, after=after.title)
    at = f"{made_at:%Y-%m-%d %H:%M %Z}"
    body = "".join(
        [
            f"<header><h1>{escape(title)}</h1>",
            f'<p class="made">{escape(word("pack.made", language, city=city, at=at))}</p></header>',
            _numbers(moves, found, language),
            f'<div class="top">{_shown(drawing, language)}',
            _section("moves", len(moves), _move_rows(moves, language), language),
            "</div>",
            _section("leaders", len(found.leaders), _leader_rows(found.leaders, language), language),
            _grids(found.grids, language),
        ]
    )
    scripts = (asset("vendor", "leaflet.js"), asset("assets", "pack.js"))
    style = leaflet_css() + asset("assets", "pack.css") + _STYLE + drawing.css
    html = offline_page(title, language, style, body, scripts=scripts)
    require_offline(html)
    return html


def moves_of(found: PlanDiff) -> gpd.GeoDataFrame:
    """Return what moves, most households first, with a code that tells from where to where."""
    moves = found.matrix.assign(pipe_km=found.matrix["pipe_m"] / 1000)
    led = found.leaders[["from", "to"]].assign(led="other")
    moves = moves.merge(led, how="left", on=["from", "to"]).fillna({"led": "same"})
    moves["code"] = moves["from"] + " → " + moves["to"]
    return moves.sort_values(["households", "area_km2"], ascending=False, kind="stable").reset_index(drop=True)


def _map(
    moves: gpd.GeoDataFrame,
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    ground: Mapping[str, gpd.GeoDataFrame],
    language: str,
) -> Drawing:
    """Return what moves over the ground, with the borders of both plans."""
    told = [moves.geometry if len(moves) else after.geometry]
    focus = bounds_around(told, margin_m=100.0, least_m=400.0, aspect=1.3)
    bounds = bounds_around(told, margin_m=800.0, least_m=2000.0)
    named = moves.head(_MOST_NAMED)
    spots = gpd.GeoDataFrame({"code": named["code"]}, geometry=named.geometry.representative_point())

    def make(theme: str) -> Sequence[Shapes]:
        grid = base_colours(theme)["grid"]
        spot = Style(TEXT[theme], width_px=3.0, label="code")
        return [
            landcover_shapes(ground["landcover"], language=language, theme=theme),
            street_shapes(ground["streets"], theme=theme),
            moved_shapes(moves, language, theme),
            _borders("borders_before", before, Style(other_colour(theme), width_px=3.0, dashed=True)),
            _borders("borders_after", after, Style(grid, width_px=2.0)),
            Shapes("names", "diff.moves", "point", spots.rename_geometry("geom"), spot),
        ]

    fine_m = max(0.3, (bounds[2] - bounds[0]) / 4000)
    title = word("diff.map", language)
    return svg_map(make, bounds, focus=focus, keyed=_KEYED, title=title, language=language, simplify_m=fine_m)


def moved_shapes(moves: gpd.GeoDataFrame, language: str, theme: str) -> Shapes:
    """Return what moves, coloured by whether it comes under another leader."""
    task = task_colours(theme)
    colours = {"other": task["close"], "same": task["candidate"]}
    entries = tuple((colour, word(f"diff.led_{led}", language)) for led, colour in colours.items())
    style = Style(Classes("led", colours, task["candidate"]), width_px=1.0, opacity=0.55)
    return Shapes("moves", "diff.moves", "polygon", moves[["code", "led", "geom"]], style, legend=Legend(entries))


def _borders(name: str, grids: gpd.GeoDataFrame, style: Style) -> Shapes:
    """Return each border of grids once."""
    lines = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.boundary(grids.geometry.to_numpy()))))
    frame = gpd.GeoDataFrame({"geom": lines}, geometry="geom", crs=grids.crs)
    return Shapes(name, f"diff.{name}", "line", frame, style)


def _figure(name: str, value: float) -> str:
    """Return a figure with the digits that say something."""
    return f"{value:,.{_DIGITS.get(name, 0)}f}"


def _numbers(moves: gpd.GeoDataFrame, found: PlanDiff, language: str) -> str:
    """Return the sums as tiles."""
    named = {name: word("diff.moved", language, figure=word(f"diff.{name}", language)) for name in _MOVES}
    tiles = [(named[name], _figure(name, float(moves[name].sum()))) for name in _MOVES]
    inherited = float(found.leaders["open_incidents"].sum())
    tiles.append((word("diff.inherited", language), _figure("open_incidents", inherited)))
    for side in ("before", "after"):
        most = float(np.nanmax(np.append(found.grids[f"{side}_deviation"].abs().to_numpy(dtype=float), 0)))
        tiles.append((word(f"diff.most_{side}", language), f"{most:.0%}"))
    inner = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles)
    return f'<dl class="numbers">{inner}</dl>'


def _shown(drawing: Drawing, language: str) -> str:
    """Return the map with its key."""
    keys = "".join(f"<li>{swatch}{escape(words)}</li>" for swatch, words in drawing.keys)
    return (
        f'<section id="map"><h2>{escape(word("diff.map", language))}</h2>'
        f'<figure>{drawing.svg}</figure><ul class="keys">{keys}</ul></section>'
    )


def _section(key: str, count: int, listing: Listing, language: str) -> str:
    """Return a table under its heading, or words where it has no row."""
    table = listing_html(listing) if count else f'<p class="hint">{escape(word(f"diff.no_{key}", language))}</p>'
    hint = f'<p class="hint">{escape(word(f"diff.{key}_hint", language))}</p>' if count else ""
    return f'<section id="{key}"><h2>{escape(word(f"diff.{key}", language))}</h2>{hint}{table}</section>'


def _move_rows(moves: gpd.GeoDataFrame, language: str) -> Listing:
    """Return what moves from which grid to which."""
    heads = [word("diff.from_to", language), *(word(f"diff.{name}", language) for name in _MOVES)]
    cells = pd.DataFrame(moves[["code", *_MOVES]]).to_dict("records")
    rows = [(str(row["code"]), *(_figure(name, row[name]) for name in _MOVES)) for row in cells]
    return Listing(tuple(heads), tuple(rows))


def _leader_rows(leaders: pd.DataFrame, language: str) -> Listing:
    """Return what comes under another leader, and the open incidents that come with it."""
    names = ("leader_before", "leader_after", "open_incidents")
    heads = [word("diff.from_to", language), *(word(f"diff.{name}", language) for name in names)]
    nobody = word("diff.nobody", language)
    told = leaders.fillna({"leader_before": nobody, "leader_after": nobody})
    told = told.sort_values("open_incidents", ascending=False, kind="stable")
    rows = [
        (f"{row['from']} → {row['to']}", row["leader_before"], row["leader_after"], f"{row['open_incidents']:,.0f}")
        for row in told.to_dict("records")
    ]
    return Listing(tuple(heads), tuple(rows))


def _grids(grids: pd.DataFrame, language: str) -> str:
    """Return every grid before and after, with the target; those that stay as they are stand folded away."""
    told = grids.set_index("code").astype(float).fillna(0.0).reset_index()
    for side in ("before", "after"):
        told[f"{side}_pipe_km"] = told[f"{side}_pipe_m"] / 1000
    # The workload is relative to the mean, so that it changes a little in grids whose ground does not.
    own = ("households", "incidents_12m", "open_incidents", "pipe_m", "area_km2")
    apart = [~np.isclose(told[f"before_{name}"], told[f"after_{name}"], rtol=1e-9, atol=1e-9) for name in own]
    changed = np.any(apart, axis=0)
    rest = told[~changed]
    folded = ""
    if len(rest):
        words = word("diff.unchanged", language, count=len(rest))
        table = listing_html(_grid_rows(rest, language))
        folded = f'<details><summary>{escape(words)}</summary><div class="wide">{table}</div></details>'
    table = listing_html(_grid_rows(told[changed], language)) if changed.any() else ""
    return (
        f'<section id="grids"><h2>{escape(word("diff.grids", language))}</h2>'
        f'<p class="hint">{escape(word("diff.grids_hint", language))}</p>{table}{folded}</section>'
    )


def _grid_rows(grids: pd.DataFrame, language: str) -> Listing:
    """Return grids before and after."""
    heads, rows = [word("diff.code", language)], []
    for name in _BALANCE:
        heads += [
            word(f"diff.side_{side}", language, figure=word(f"diff.{name}", language)) for side in ("before", "after")
        ]
    heads.append(word("diff.target", language))
    for row in grids.to_dict("records"):
        pairs = [_figure(name, row[f"{side}_{name}"]) for name in _BALANCE for side in ("before", "after")]
        rows.append((str(row["code"]), *pairs, _figure("workload", row["target"])))
    return Listing(tuple(heads), tuple(rows))
