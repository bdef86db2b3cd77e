"""The page itself: its skeleton, and the callbacks that fill it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, Patch, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.bundles import tiles_of
from dashboards.deeds import may
from dashboards.later import CHARTS, Later
from dashboards.manager import exports, parts
from dashboards.manager.again import again
from dashboards.manager.along import ALONG_PIPES, pipes_picture
from dashboards.manager.asked import Asked, asked_from, asked_of
from dashboards.manager.controls import choices, controls
from dashboards.manager.days import days, histogram
from dashboards.manager.found import Found
from dashboards.manager.pictures import drawn, picture
from dashboards.map import Map, extent_of, place_from_map
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.specs import first_props, static_specs
from dashboards.table import row_table
from gisapp.words import LANGUAGES, word

PATH = "/manager"
TITLE = "manager.title"
ICON = "flame"
NEEDS = Permission.FIGURES_VIEW

FILTER, CLICKED, DRAWN = "manager-filter", "manager-clicked", "manager-drawn-now"
CHOSEN = ("types", "utilities", "statuses", "channels", "units", "causes", "drawn", "measure", "bandwidth", "size")
SHOWN = ("figures", "why", "profile", "ranking", "period", "when")
"""The parts that one callback fills beside the maps; a place that is looked into changes none of them."""

TABLES = ("incidents", "grids", "posts", "links", "devices", "customers", "landcover", "org_units", "streets")
"""What the page shows comes from these."""
Made = TypeVar("Made")


def layout(context: shell.Context) -> Component:
    """Return the skeleton: filter, figures, ranking and rows at the left, maps and histogram at the right."""
    asked = asked_of(context.query)
    body = shell.workspace(
        panel=[
            html.Div(controls(context, asked), className="controls"),
            *(html.Div(id=f"manager-{name}") for name in ("why", "place")),
            html.Div(id="manager-figures", className="figures", **{"aria-live": "polite"}),
            html.Div(id="manager-ranking"),
            html.Details(
                [html.Summary(context.word("manager.profile")), html.Div(id="manager-profile")], className="folded"
            ),
            html.Details(
                [html.Summary(context.word("manager.again")), html.Div(id="manager-again")], className="folded"
            ),
            html.Div([html.H2(id="manager-rows-title"), _files(context)], className="heading"),
            _rows_table(context),
            dcc.Store(id=FILTER, data=asked.stored()),
            dcc.Store(id=CLICKED),
            dcc.Store(id=DRAWN),
            dcc.Interval(id="manager-wait", interval=2000, disabled=True),
        ],
        stage=[
            html.Div(
                [
                    _map("manager-map", context),
                    Later(_map("manager-map-2", context), id="manager-beside", className="beside", told=asked.beside),
                    html.Div(id="manager-when", className="when"),
                ],
                className="maps",
            ),
            _histogram(context),
        ],
    )
    told = {"data-drawn": asked.drawn, "data-beside": str(asked.beside).lower(), "data-leaves": shell.OF_FIGURES}
    return html.Div(body, className="manager", **told)


def _histogram(context: shell.Context) -> Component:
    """Return the days with their bars, which are dragged over, and the button that plays them."""
    return html.Div(
        [
            html.Div(
                [
                    html.Button(
                        "▶",
                        id="manager-play",
                        className="button",
                        title=context.word("manager.play"),
                        **{"aria-label": context.word("manager.play"), "aria-pressed": "false"},
                    ),
                    html.Div(id="manager-period", className="period"),
                ],
                className="played",
            ),
            Later(days(context), id="manager-days-place", className="days", script=CHARTS),
        ],
        className="histogram",
    )


def attach(app: Dash) -> None:
    """Register the page's callbacks and its routes."""
    snapshot = snapshot_of(app.server)
    _draw_city(app, snapshot)
    _show(app, snapshot)
    _later(app, snapshot)
    _place(app, snapshot)
    _in_the_browser(app)
    exports.add_routes(app, snapshot)


def ready(snapshot: Snapshot) -> None:
    """Work out what the page shows first, so that the first person on it finds all at hand."""
    cube, asked = snapshot.cube(), asked_of({})
    if cube.days:
        found = Found.of(asked, snapshot)
        drawn(found, picture(found), LANGUAGES[0])
        again(asked, asked.span(cube), snapshot, LANGUAGES[0])
        if snapshot.wanted(ALONG_PIPES):
            pipes_picture(replace(found, asked=replace(asked, drawn="pipes")), wait=True)


def _draw_city(app: Dash, snapshot: Snapshot) -> None:
    @callback(
        app,
        Output("manager-map", "layers"),
        Output("manager-map-2", "layers"),
        Output("manager-map", "fit"),
        Input(shell.VERSION, "data"),
        State("manager-map", "view"),
        State("manager-map", "laid"),
        needs=NEEDS,
        shared=True,
    )
    def draw_city(_version: object, view: object, laid: bool | None) -> tuple[Any, Any, Any]:
        if laid and not ctx.triggered_id:
            return no_update, no_update, no_update
        grids = snapshot.grids()
        extent = extent_of(grids, to=snapshot.frame) if len(grids) and not view else None
        specs = static_specs(tiles_of(app.server), "base", "grids", language=shell.language())
        return specs, specs, extent

    @callback(
        app,
        Output("manager-units", "data"),
        Output("manager-causes", "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
        shared=True,
    )
    def offer(_version: object) -> tuple[Any, Any]:
        mixes, here = snapshot.cube().mixes, shell.context()
        return tuple(  # type: ignore[return-value]
            choices(name, tuple(sorted(set(mixes[column].astype(str)) - {""})), here)
            for name, column in (("units", "unit_code"), ("causes", "cause"))
        )


def _show(app: Dash, snapshot: Snapshot) -> None:
    @callback(
        app,
        *(Output(f"manager-{name}", "children") for name in SHOWN),
        Output("manager-map", "answers"),
        Output("manager-map-2", "answers"),
        Output("manager-wait", "disabled"),
        Input(DRAWN, "data"),
        Input(shell.VERSION, "data"),
        State(FILTER, "data"),
        needs=NEEDS,
        shared=True,
    )
    def show_period(_drawn: object, _version: object, stored: Mapping[str, Any]) -> tuple[Any, ...]:
        spoken = shell.language()
        if not snapshot.cube().days:
            return _nothing(spoken), *(None,) * (len(SHOWN) - 1), [], [], True
        asked = asked_from(stored)
        if asked.drawn == "pipes":  # they may still be made
            return _period(asked, snapshot, spoken)
        return _kept("period", asked, snapshot, lambda: _period(asked, snapshot, spoken))

    @callback(
        app,
        Output(DRAWN, "data", allow_duplicate=True),
        Output("manager-wait", "disabled", allow_duplicate=True),
        Input("manager-wait", "n_intervals"),
        State(FILTER, "data"),
        needs=NEEDS,
        prevent_initial_call=True,
    )
    def ask_again(times: int, stored: Mapping[str, Any]) -> tuple[Any, Any]:
        found = Found.of(asked_from(stored), snapshot)
        other = found.earlier if found.asked.beside else None
        if picture(found) is None or (other is not None and picture(other) is None):
            return no_update, no_update
        return f"made {times}", True  # now it is drawn, once

    @callback(
        app,
        Output("manager-place", "children"),
        Output("manager-rows-title", "children"),
        Input(FILTER, "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
        shared=True,
    )
    def show_place(stored: Mapping[str, Any], _version: object) -> tuple[Any, Any]:
        if not snapshot.cube().days:
            return None, None
        asked, spoken = asked_from(stored), shell.language()

        def make() -> tuple[Any, Any]:
            found = Found.of(asked, snapshot)
            return parts.place_card(found, spoken), parts.rows_title(found, spoken)

        return _kept("place", asked, snapshot, make)


def _kept(name: str, asked: Asked, snapshot: Snapshot, make: Callable[[], Made]) -> Made:
    """Return a part of the page, made once for all who ask the same in the same language."""
    key = (f"manager {name}", asked, shell.language(), snapshot.grids_since(), snapshot.open_rules)
    return snapshot.derived(key, TABLES, make)


def _period(asked: Asked, snapshot: Snapshot, spoken: str) -> tuple[Any, ...]:
    """Return what one callback fills: the parts beside the maps, what the maps show, whether nothing is waited for."""
    found = Found.of(asked, snapshot)
    made = picture(found)
    other = found.earlier if asked.beside else None
    beside = None if other is None else picture(other)
    waits = made is None or (other is not None and beside is None)
    return (
        parts.figures(found, made[0].peak if made else 0.0, spoken),
        parts.why_empty(found, spoken) or (parts.being_made(spoken) if waits else None),
        parts.profile(found, spoken),
        parts.ranking(found, spoken),
        parts.period(found, spoken),
        parts.when(found),
        drawn(found, made, spoken),
        [] if other is None else drawn(other, (beside[0], made[1]) if beside and made else None, spoken),
        not waits,
    )


def _later(app: Dash, snapshot: Snapshot) -> None:
    """Register what is filled once the map stands."""

    @callback(
        app,
        Output("manager-rows", "rowData"),
        Input("manager-rows-place", "due"),
        Input(FILTER, "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
        shared=True,
    )
    def list_rows(due: bool, stored: Mapping[str, Any], _version: object) -> Any:
        if not due:
            return no_update
        if not snapshot.cube().days or not parts.sees_rows():
            return []
        asked, spoken = asked_from(stored), shell.language()
        return _kept("rows", asked, snapshot, lambda: parts.rows(Found.of(asked, snapshot), spoken))

    @callback(
        app,
        Output("manager-again", "children"),
        Input("manager-rows-place", "due"),
        Input(DRAWN, "data"),
        Input(shell.VERSION, "data"),
        State(FILTER, "data"),
        needs=NEEDS,
        shared=True,
    )
    def list_again(due: bool, _drawn: object, _version: object, stored: Mapping[str, Any]) -> Any:
        if not due or not snapshot.cube().days:
            return no_update
        asked, spoken = asked_from(stored), shell.language()
        return _kept("again", asked, snapshot, lambda: again(asked, asked.span(snapshot.cube()), snapshot, spoken))

    @callback(
        app,
        Output("manager-days", "figure"),
        Input("manager-days-place", "due"),
        Input(DRAWN, "data"),
        Input(shell.VERSION, "data"),
        Input(shell.SCHEME, "data"),
        State(FILTER, "data"),
        needs=NEEDS,
        shared=True,
    )
    def draw_days(due: bool, _drawn: object, _version: object, scheme: str | None, stored: Mapping[str, Any]) -> Any:
        if not due:
            return no_update
        asked, dark, spoken = asked_from(stored), scheme == "dark", shell.language()
        if not snapshot.cube().days:
            return histogram(None, dark=dark, language=spoken)
        name = "days, dark" if dark else "days"
        return _kept(name, asked, snapshot, lambda: histogram(Found.of(asked, snapshot), dark=dark, language=spoken))


def _place(app: Dash, snapshot: Snapshot) -> None:
    @callback(
        app,
        Output(FILTER, "data", allow_duplicate=True),
        Input(CLICKED, "data"),
        State(FILTER, "data"),
        needs=NEEDS,
        prevent_initial_call=True,
    )
    def look_into(clicked: Mapping[str, Any], stored: Mapping[str, Any]) -> Any:
        asked = asked_from(stored)
        place = place_at(asked, float(clicked["lng"]), float(clicked["lat"]), snapshot)
        changed = Patch()  # of the place alone: the filter may have changed since the click
        changed["place"] = "" if place == asked.place else place
        return changed


def place_at(asked: Asked, lng: float, lat: float, snapshot: Snapshot) -> str:
    """Return the place that a click on the map means: a grid, a hexagon, or the ground around it."""
    x, y = place_from_map(lng, lat, snapshot.store.crs, frame=snapshot.frame)
    found = Found.of(asked, snapshot)
    xy = pd.DataFrame({"x": [x], "y": [y]}).to_numpy()
    if asked.drawn == "grids":
        row = int(snapshot.grid_index().locate(xy)[0])
        return str(found.cube.grids[row]) if row >= 0 else ""
    if asked.drawn == "hexagons":
        number = found.hexagons.which(xy)
        return str(found.hexagons.codes(number)[0]) if number[0] >= 0 else ""
    return f"@{x:.1f},{y:.1f}"


def _in_the_browser(app: Dash) -> None:
    """Register what the browser does by itself: ``assets/manager.js``."""
    shell.keep_view(app, "manager-map")
    app.clientside_callback(
        ClientsideFunction("manager", "choose"),
        Output(FILTER, "data"),
        Output(CLICKED, "data"),
        *(Input(f"manager-{name}", "value") for name in CHOSEN),
        Input("manager-compared", "value"),
        Input("manager-days", "selectedData"),
        Input("manager-map", "click"),
        Input("manager-map-2", "click"),
        Input("manager-map", "extent"),
        Input(shell.TARGET, "data"),
        State(FILTER, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("manager", "keep"),
        Output("manager-map", "highlight"),
        Output("manager-beside", "told"),
        Input(FILTER, "data"),
    )


def _map(name: str, context: shell.Context) -> Component:
    """Return a map, with the city where it is made ready."""
    whole = None if context.view else "grids"
    return Map(
        id=name,
        language=context.language,
        height="100%",
        clickable=["grids"],
        basemap=context.basemap,
        view=context.view,
        legend=name == "manager-map",
        room=215,
        **first_props("base", "grids", language=context.language, whole=whole),
    )


def _files(context: shell.Context) -> Component:
    """Return the links to the files; the browser adds what is asked."""
    links = [
        html.A(kind.upper(), className="button file", href=f"/manager.{kind}", download="", **{"data-file": kind})
        for kind in exports.FILES
        if may(exports.NEEDED.get(kind, Permission.EXPORT))
    ]
    share = html.Button(
        context.word("manager.share"), className="button", **{"data-share": context.word("manager.shared")}
    )
    return html.Details(
        [
            html.Summary([shell.icon("download"), context.word("manager.files")]),
            html.Div([*links, share], className="files"),
        ],
        className="out",
    )


def _rows_table(context: shell.Context) -> Component:
    """Return the empty list of incidents."""
    widths = {"at": 140, "type": 110, "grid": 78, "pipe": 100, "code": 150}
    columns = [
        {"field": name, "headerName": context.word(f"manager.column_{name}"), "width": width}
        for name, width in widths.items()
    ]
    return row_table(context, "manager-rows", columns, nothing=context.word("manager.no_rows"))


def _nothing(spoken: str) -> Component:
    """Return what to do about a store without incidents."""
    commands = ["gisapp import FILE.csv --store STORE --as incidents --mapping M.toml --crs EPSG:N"]
    return shell.empty(word("manager.empty", spoken), [word("manager.empty.todo", spoken)], code=commands)
