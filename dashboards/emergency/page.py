"""The page itself: its skeleton, and the callbacks that fill it and write what people do."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback, route
from dashboards.bundles import tiles_of
from dashboards.deeds import me
from dashboards.emergency import papers
from dashboards.emergency.case import Case, case_from, case_of
from dashboards.emergency.clocks import clocks
from dashboards.emergency.columns import answered, nothing_asked, surrounding
from dashboards.emergency.commanding import page as commanding
from dashboards.emergency.drawn import CLICKABLE, burst_at, extent_for, whole_extent
from dashboards.emergency.pressure import order, pressure
from dashboards.emergency.printed import pack
from dashboards.emergency.record import Deed, conflict_words, write
from dashboards.emergency.standing import Standings
from dashboards.emergency.users import customer_table
from dashboards.map import Map
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.specs import first_props, static_specs
from gisapp.errors import ConflictError
from gisapp.tables import UTILITIES
from gisapp.words import word
from layers.palette import THEMES, shutoff_colours, task_colours

PATH = "/emergency"
TITLE = "emergency.title"
ICON = "alert-triangle"
NEEDS = Permission.SHUTOFF_VIEW

CASE = "emergency-case"
UTILITY = "emergency-utility"  # of the network that is drawn
SHOWN = "emergency-shown"  # the mark of what is shown; it changes with the case and with what was written
RECORD, DECIDE = "emergency-record", "emergency-decide"  # what a person did, and by which right
WRITTEN, BUSY = "emergency-written", "emergency-busy"
PRESSURE, ESTIMATED = "emergency-pressure-asked", "emergency-estimated"
ASKED, PAPER = "emergency-asked", "emergency-paper"
CLICKED = "emergency-clicked"  # the case with the pipe that was clicked, and where
KEPT = (
    SHOWN,
    CLICKED,
    RECORD,
    DECIDE,
    WRITTEN,
    BUSY,
    ASKED,
    PAPER,
    PRESSURE,
    ESTIMATED,
    "emergency-rows",
    "emergency-within",
)
PLACES = (
    *((f"emergency-{name}", "children") for name in ("band", "event", "left")),
    *(("emergency-map", "answers"), ("emergency-shares", "children")),
)
"""Where the parts that :func:`dashboards.emergency.columns.answered` returns stand."""
NEXT = (*((f"emergency-{name}", "children") for name in ("right", "clocks", "below")), ("emergency-rows", "data"))
"""Where those of :func:`dashboards.emergency.columns.surrounding` stand."""
PRESSURE_TICK = "emergency-pressure-tick"  # runs only while the page waits for an estimate
PRESSURE_MS = 700
"""How often a running estimate is asked how far it is."""
CLOCK_MS = 15_000
"""How often duties are judged anew though nothing was written."""


def layout(context: shell.Context) -> Component:
    """Return the skeleton: the event line, what to do at the left, the map, what else to know at the right."""
    case = case_of(context.query)
    known = _known(context, case)
    body = shell.workspace(
        panel=[
            shell.utility_buttons(context, case.utility),
            commanding.sides(),
            commanding.column(context, case),
            html.Div(shell.computing(context), id="emergency-left", className="column"),
        ],
        stage=[_map(context, known), html.Div(id="emergency-shares", className="caption")],
        aside=[
            *(
                html.Div(id=f"emergency-{name}", className="column")
                for name in ("right", "pressure", "clocks", "below")
            ),
            html.Div(_customers(context), className="column customers"),
        ],
    )
    return html.Div(
        [
            html.Div(id="emergency-band"),
            commanding.band(),
            html.Div(id="emergency-event"),
            body,
            dcc.Store(id=CASE, data=case.stored()),
            dcc.Store(id=UTILITY, data=case.utility if known else None),
            *(dcc.Store(id=name) for name in KEPT),
            *commanding.kept(),
            dcc.Interval(id="emergency-tick", interval=CLOCK_MS),
            dcc.Interval(id=PRESSURE_TICK, interval=PRESSURE_MS, disabled=True),
            html.Div(id="emergency-said", className="unseen", role="status"),
        ],
        className="emergency",
        style=_colours(),
        **{
            "data-idle": str(case.empty).lower(),  # so from the first bytes on; assets/emergency.js tells it later
            "data-words": papers.browser_words(context.language),
            "data-leaves": shell.FIGURES,
        },
    )


def attach(app: Dash) -> None:
    """Register the page's callbacks and its routes."""
    snapshot = snapshot_of(app.server)
    standings = Standings(snapshot)
    _draw_network(app, snapshot, standings)
    _show(app, snapshot, standings)
    _place(app, snapshot)
    _judge(app, snapshot, standings)
    _estimate(app, standings)
    _write(app, snapshot, standings, RECORD, Permission.SHUTOFF_RECORD)
    _write(app, snapshot, standings, DECIDE, Permission.SHUTOFF_DECIDE)
    _draft(app, snapshot, standings)
    commanding.attach(app, snapshot, standings, case_id=CASE, tick="emergency-tick", needs=NEEDS)
    _in_the_browser(app)
    route(app, "/shutoff.html", lambda: pack(snapshot, standings), needs=NEEDS)
    route(app, "/shutoff-text", lambda: papers.download(standings), needs=NEEDS)


def _draw_network(app: Dash, snapshot: Snapshot, standings: Standings) -> None:
    @callback(
        app,
        Output("emergency-map", "layers"),
        Output("emergency-map", "fit", allow_duplicate=True),
        Output(UTILITY, "data"),
        Input(CASE, "data"),
        Input(shell.VERSION, "data"),
        State(UTILITY, "data"),
        State("emergency-map", "view"),
        needs=NEEDS,
        shared=True,
        prevent_initial_call="initial_duplicate",
    )
    def draw_network(stored: Any, _version: object, drawn: str | None, view: object) -> tuple[Any, Any, Any]:
        case = case_from(stored)
        utility = standings.utility(case)
        if utility == drawn and ctx.triggered_id == CASE:
            return no_update, no_update, no_update
        threading.Thread(target=snapshot.network, args=(utility,), daemon=True).start()  # ready before the click
        if utility == drawn and not ctx.triggered_id:  # it came with the skeleton
            return no_update, no_update, no_update
        specs = static_specs(tiles_of(app.server), "base", "grids", "sites", utility, language=shell.language())
        extent = whole_extent(snapshot, utility) if case.empty and not view else None
        return specs, extent or no_update, utility


def _show(app: Dash, snapshot: Snapshot, standings: Standings) -> None:
    @callback(
        app,
        *(Output(*place) for place in PLACES),
        Output("emergency-map", "fit"),
        Output(SHOWN, "data"),
        Input(CASE, "data"),
        Input(shell.VERSION, "data"),
        Input(WRITTEN, "data"),
        Input(ESTIMATED, "data"),
        State(SHOWN, "data"),
        needs=NEEDS,
        shared=True,
    )
    def show(
        stored: Any, _version: object, _written: object, _estimated: object, before: str | None
    ) -> tuple[Any, ...]:
        case, spoken = case_from(stored), shell.language()
        mark = standings.mark(case)
        if mark == before:
            return (no_update,) * (len(PLACES) + 2)
        if case.empty:
            return *nothing_asked(case.utility, snapshot, standings, spoken), no_update, mark
        standing = standings.of(case)
        fly = standings.where(case) != (before or "").split("#")[0]  # never away from what somebody looks at
        place = extent_for(standing, snapshot) if fly else no_update
        return *answered(standing, snapshot, standings, spoken), place, mark

    @callback(
        app, *(Output(*place) for place in NEXT), Input(SHOWN, "data"), State(CASE, "data"), needs=NEEDS, shared=True
    )
    def show_more(mark: str | None, stored: Any) -> tuple[Any, ...]:
        case = case_from(stored)
        if mark is None or case.empty:
            return None, None, None, []
        return surrounding(standings.of(case), snapshot, shell.language())


def _place(app: Dash, snapshot: Snapshot) -> None:
    @callback(
        app,
        Output(CASE, "data", allow_duplicate=True),
        Input(CLICKED, "data"),
        needs=NEEDS,
        prevent_initial_call=True,
    )
    def place(clicked: Any) -> Any:
        burst = burst_at(clicked, snapshot)
        return {**clicked["case"], "bursts": [*clicked["case"]["bursts"], burst]}


def _judge(app: Dash, snapshot: Snapshot, standings: Standings) -> None:
    @callback(
        app,
        Output("emergency-clocks", "children", allow_duplicate=True),
        Input("emergency-tick", "n_intervals"),
        State(CASE, "data"),
        needs=NEEDS,
        shared=True,
        prevent_initial_call=True,
    )
    def judge(_ticks: object, stored: Any) -> Any:
        case = case_from(stored)
        if not case.code:
            return no_update
        zone = snapshot.store.zone
        return clocks(standings.of(case), pd.Timestamp.now(tz=zone), zone, shell.language())


def _estimate(app: Dash, standings: Standings) -> None:
    @callback(
        app,
        Output("emergency-pressure", "children"),
        Output(PRESSURE_TICK, "disabled"),
        Input(SHOWN, "data"),
        Input(PRESSURE, "data"),
        Input(PRESSURE_TICK, "n_intervals"),
        State(CASE, "data"),
        State(SHOWN, "data"),
        needs=NEEDS,
    )
    def estimate(_shown: object, asked: Any, _ticks: object, stored: Any, mark: str | None) -> tuple[Any, bool]:
        case = case_from(stored)
        if case.empty:
            return None, True
        standing = standings.of(case)
        if ctx.triggered_id == PRESSURE:
            order(asked, standing, standings)
        run = standings.estimates.of(standing.answer)
        if mark != standings.mark(
            case
        ):  # an estimate has ended since the page was drawn; no output, which were a circle
            set_props(ESTIMATED, {"data": standings.mark(case)})
        waited = ctx.triggered_id == PRESSURE_TICK and (mark or "").split("#")[0] == standings.where(case)
        shown = pressure(standing, run, shell.language(), gone=waited and run is None)
        return shown, run is None or run.over.is_set()


def _write(app: Dash, snapshot: Snapshot, standings: Standings, name: str, needs: Permission) -> None:
    @callback(
        app,
        Output(WRITTEN, "data", allow_duplicate=True),
        Output(CASE, "data", allow_duplicate=True),
        Input(name, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=needs,
        prevent_initial_call=True,
    )
    def write_deed(done: Deed) -> tuple[Any, Any]:
        try:
            code = write(done, snapshot.store, standings, who=me(), decides=needs == Permission.SHUTOFF_DECIDE)
        except ConflictError:
            _tell_conflict(done, snapshot, standings)
            return done["at"], no_update
        opened = Case(str(done["utility"]), code=code).stored() if done["do"] == "open" else no_update
        return done["at"], opened


def _tell_conflict(done: Deed, snapshot: Snapshot, standings: Standings) -> None:
    """Say what somebody else did since the person looked."""
    spoken = shell.language()
    words = conflict_words(done, standings.operation(str(done["code"])), snapshot.store, spoken)
    set_props(shell.NOTICES, {"children": shell.notice(word("emergency.conflict_title", spoken), words)})


def _draft(app: Dash, snapshot: Snapshot, standings: Standings) -> None:
    @callback(app, Output(PAPER, "data"), Input(ASKED, "data"), needs=NEEDS, prevent_initial_call=True)
    def show_paper(asked: Any) -> Any:
        return papers.paper(asked, standings, snapshot.store)


def _in_the_browser(app: Dash) -> None:
    """Register what the browser does by itself: assets/emergency*.js."""
    shell.keep_view(app, "emergency-map")
    app.clientside_callback(
        ClientsideFunction("emergency", "choose"),
        Output(CASE, "data"),
        Output(CLICKED, "data"),
        Input("emergency-map", "click"),
        Input(shell.TARGET, "data"),
        State(CASE, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "keep"), Output("emergency-map", "cursor"), Input(CASE, "data")
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "told"),
        Input(SHOWN, "data"),
        Input("emergency-rows", "data"),
        State("emergency-map", "answers"),
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "busy"), Input(BUSY, "data"), Input(commanding.BUSY, "data")
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "written"), Input(WRITTEN, "data"), Input(commanding.WRITTEN, "data")
    )
    app.clientside_callback(ClientsideFunction("emergency", "fill"), Input(PAPER, "data"))
    app.clientside_callback(
        ClientsideFunction("emergency", "point"),
        Output("emergency-map", "flash"),
        Input("emergency-customers", "selectedRows"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "within"),
        Output("emergency-customers", "rowData"),
        Output("emergency-count", "children"),
        Input("emergency-rows", "data"),
        Input("emergency-within", "data"),
        Input("emergency-map", "extent"),
    )


def _known(context: shell.Context, case: Case) -> dict[str, Any]:
    """Return what the map begins with: the network of the case, where it is named and made ready."""
    if case.code:
        return {}
    whole = case.utility if case.empty and not context.view else None
    return first_props("base", "grids", "sites", case.utility, language=context.language, whole=whole)


def _map(context: shell.Context, known: Mapping[str, Any]) -> Component:
    """Return the map."""
    return Map(
        id="emergency-map",
        language=context.language,
        height="100%",
        clickable=[*(f"links_{utility}" for utility in UTILITIES), *CLICKABLE],
        legend=False,
        basemap=context.basemap,
        view=context.view,
        cursor="crosshair",
        **known,
    )


def _customers(context: shell.Context) -> list[Component]:
    """Return the list of who is without supply, which may follow what the map shows."""
    within = html.Button(
        context.word("emergency.within"), className="button", **{"data-within": "true", "aria-pressed": "false"}
    )
    title = html.H2([context.word("emergency.all_customers"), html.Span(id="emergency-count", className="quiet")])
    return [html.Div([title, within], className="heading", id="emergency-at-customers"), customer_table(context)]


def _colours() -> dict[str, str]:
    """Return the colours of the ways to lose supply and of what is to be done to valves, as CSS variables."""
    palettes = (("", shutoff_colours), ("task-", task_colours))
    return {
        f"--{theme}-{prefix}{name}": colour
        for theme in THEMES
        for prefix, colours in palettes
        for name, colour in colours(theme).items()
    }
