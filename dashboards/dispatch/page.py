"""The page itself: its skeleton, and the callbacks that fill it and write what people do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from flask import current_app, has_request_context

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.bundles import tiles_of
from dashboards.deeds import may, me, roles
from dashboards.dispatch.asked import Asked, asked_of
from dashboards.dispatch.board import kept_board
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.form import intake_form
from dashboards.dispatch.importing import add_import, import_form
from dashboards.dispatch.intake import drafted, preview
from dashboards.dispatch.sheet import clear_told, sheet
from dashboards.dispatch.told import conflict_told, preview_told
from dashboards.dispatch.writing import Deed, in_clear, record, report
from dashboards.map import Map, place_on_map
from dashboards.snapshot import snapshot_of
from dashboards.specs import first_props, static_specs
from gisapp import refusals
from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.words import catalog, term, word
from layers.palette import THEMES, clock_colours

PATH = "/dispatch"
TITLE = "dispatch.title"
ICON = "headset"
NEEDS = Permission.INCIDENTS_VIEW

BUNDLES = ("base", "grids", "sites")
ASKED, BOARD = "dispatch-asked", "dispatch-board"
MARK = "dispatch-mark"  # of the board that stands: it is asked with, and not the whole board
CHOSEN, SHOWN = "dispatch-chosen", "dispatch-shown"  # the incident that is looked at, and the mark of its sheet
DRAFT, PREVIEWED = "dispatch-draft", "dispatch-previewed"  # what is typed, and where that lies
SEND, SENT = "dispatch-send", "dispatch-sent"
RECORD, CLEAR = "dispatch-record", "dispatch-in-clear"
WRITTEN, BUSY = "dispatch-written", "dispatch-busy"
KEPT = (SHOWN, DRAFT, PREVIEWED, SEND, SENT, RECORD, CLEAR, WRITTEN, BUSY)
TICK_MS = 15_000
"""How often clocks are judged anew though nothing was written."""
FIRST = 20
"""Rows of the board that stand before the page does: what a screen shows."""


def layout(context: shell.Context) -> Component:
    """Return the skeleton: the board at the left, the map, the sheet or the form at the right."""
    whole = None if context.view or context.query.get("incident") else "grids"
    asked, at_hand = _asked(context).stored(), _at_hand(context)
    body = shell.workspace(
        wide=True,
        panel=[
            html.Div(id="dispatch-head", className="of-board"),
            html.Div(id="dispatch-filter", className="filter"),
            html.Div(shell.computing(context), id="dispatch-rows", className="waiting"),
        ],
        stage=[
            Map(
                id="dispatch-map",
                language=context.language,
                height="100%",
                clickable=["waiting"],
                legend=False,
                basemap=context.basemap,
                view=context.view,
                **first_props(*BUNDLES, language=context.language, whole=whole),
            )
        ],
        aside=[
            html.Div(id="dispatch-told", role="status"),
            html.Div(id="dispatch-sheet", className="sheet"),
            html.Div(id="dispatch-clear"),
            intake_form(context),
            html.Div(id="dispatch-import", className="importing", **import_form(context)),
        ],
    )
    colours = {f"--{theme}-{name}": shade for theme in THEMES for name, shade in clock_colours(theme).items()}
    return html.Div(
        [
            body,
            dcc.Store(id=ASKED, data=asked),
            dcc.Store(id=BOARD, data=at_hand),
            dcc.Store(id=MARK, data=at_hand and at_hand["mark"]),
            dcc.Store(id=CHOSEN, data={"code": context.query.get("incident"), "by": "link"}),
            *(dcc.Store(id=name) for name in KEPT),
            dcc.Interval(id="dispatch-tick", interval=TICK_MS),
        ],
        className="dispatch",
        style=colours,
        **{"data-words": _browser_words(context), "data-first": _first(asked, at_hand), "data-leaves": shell.FIGURES},
    )


def attach(app: Dash) -> None:
    """Register the page's callbacks."""
    desk = Desk(snapshot_of(app.server))
    _list(app, desk)
    _draw_ground(app)
    _show(app, desk)
    _preview(app, desk)
    _report(app, desk)
    _record(app, desk)
    _clear(app, desk)
    add_import(app, desk)
    _in_the_browser(app)


def _list(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output(BOARD, "data"),
        Output("dispatch-map", "answers"),
        Output(MARK, "data"),
        Input(ASKED, "data"),
        Input(shell.VERSION, "data"),
        Input(WRITTEN, "data"),
        Input("dispatch-tick", "n_intervals"),
        State(MARK, "data"),
        needs=NEEDS,
        shared=True,
    )
    def list_waiting(stored: Any, _version: object, _written: object, _ticks: object, before: Any) -> tuple[Any, ...]:
        asked, spoken = asked_of(stored), shell.language()
        told, specs = kept_board(desk, asked, spoken)
        if before != told["mark"]:
            return told, specs, told["mark"]
        return no_update, no_update if ctx.triggered_id else specs, no_update


def _draw_ground(app: Dash) -> None:
    @callback(
        app,
        Output("dispatch-map", "layers"),
        Input(shell.VERSION, "data"),
        State("dispatch-map", "laid"),
        needs=NEEDS,
        shared=True,
    )
    def draw_ground(_version: object, laid: bool | None) -> Any:
        if laid and not ctx.triggered_id:
            return no_update
        return static_specs(tiles_of(app.server), *BUNDLES, language=shell.language())


def _show(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("dispatch-sheet", "children"),
        Output("dispatch-clear", "children"),
        Output(SHOWN, "data"),
        Input(CHOSEN, "data"),
        Input(ASKED, "data"),
        Input(shell.VERSION, "data"),
        Input(WRITTEN, "data"),
        State(SHOWN, "data"),
        needs=NEEDS,
        shared=True,
    )
    def show_incident(chosen: Any, stored: Any, _version: object, _written: object, shown: Any) -> tuple[Any, ...]:
        code, role, spoken = str(chosen["code"] or ""), asked_of(stored).role, shell.language()
        if not code:
            return None, None, None
        try:
            mark = f"{code} {len(desk.incident(code, role).steps)} {role}"
            if mark == shown:
                return no_update, no_update, no_update
            return sheet(code, desk, role, spoken), None, mark
        except (AccessError, InputError) as refused:
            title = word("dispatch.not_shown", spoken, code=code)
            return shell.empty(title, [refusals.told(refused, spoken)], sign="info-circle"), None, None


def _preview(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("dispatch-preview", "children"),
        Output(PREVIEWED, "data"),
        Input(DRAFT, "data"),
        State(ASKED, "data"),
        needs=Permission.INCIDENTS_REPORT,
        prevent_initial_call=True,
    )
    def show_preview(typed: Any, stored: Any) -> tuple[Any, Any]:
        if not typed or not typed.get("category"):
            return None, None
        spoken, at = shell.language(), datetime.now(UTC)
        shown = preview(drafted(typed, desk, at), desk, at, spoken, role=asked_of(stored).role)
        point = shown.location.point
        place = place_on_map(point.x, point.y, desk.store.crs, frame=desk.snapshot.frame) if point else None
        return preview_told(shown, desk, spoken), {"at": typed["at"], "place": place}


def _report(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output(WRITTEN, "data"),
        Output(SENT, "data"),
        Input(SEND, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=Permission.INCIDENTS_REPORT,
        prevent_initial_call=True,
    )
    def take_report(done: Deed) -> tuple[Any, Any]:
        code = report(done, desk, shell.language(), who=me())
        return done["at"], {"code": code, "at": done["at"], "words": word("dispatch.sent", shell.language(), code=code)}


def _record(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output(WRITTEN, "data", allow_duplicate=True),
        Output("dispatch-told", "children"),
        Input(RECORD, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=Permission.INCIDENTS_HANDLE,
        prevent_initial_call=True,
    )
    def record_step(done: Deed) -> tuple[Any, Any]:
        try:
            record(done, desk, who=me())
        except ConflictError:
            incident = desk.incident(str(done["code"]), str(done["role"]))
            return done["at"], conflict_told(incident, int(done["seen"]), desk.store.zone, shell.language())
        return done["at"], None


def _clear(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("dispatch-clear", "children", allow_duplicate=True),
        Input(CLEAR, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=Permission.INCIDENTS_CLEAR,
        prevent_initial_call=True,
    )
    def show_clear(done: Deed) -> Any:
        return clear_told(in_clear(done, desk, who=me()), shell.language())


def _in_the_browser(app: Dash) -> None:
    """Register what the browser does by itself: assets/dispatch*.js."""
    shell.keep_view(app, "dispatch-map")
    app.clientside_callback(
        ClientsideFunction("dispatch", "choose"),
        Output(CHOSEN, "data"),
        Input("dispatch-map", "click"),
        Input(shell.TARGET, "data"),
        Input(SENT, "data"),
        State(CHOSEN, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("dispatch", "list"),
        Output("dispatch-map", "highlight"),
        Output("dispatch-map", "view"),
        Output("dispatch-map", "flash"),
        Input(BOARD, "data"),
        Input(CHOSEN, "data"),
        Input(PREVIEWED, "data"),
        Input(shell.TARGET, "data"),
        State("dispatch-map", "answers"),
        State(ASKED, "data"),
    )
    app.clientside_callback(ClientsideFunction("dispatch", "keep"), Input(ASKED, "data"))
    app.clientside_callback(ClientsideFunction("dispatch", "busy"), Input(BUSY, "data"))
    parts = [Input(f"dispatch-{name}", "children") for name in ("sheet", "clear", "told")]
    app.clientside_callback(ClientsideFunction("dispatch", "shown"), *parts)
    app.clientside_callback(ClientsideFunction("dispatchIntake", "sent"), Input(SENT, "data"))


def _at_hand(context: shell.Context) -> dict[str, Any] | None:
    """Return the board where what waits is known already: its rows come with the page then."""
    if not has_request_context() or not may(NEEDS):
        return None
    desk = Desk(snapshot_of(current_app))
    return kept_board(desk, _asked(context), context.language)[0] if desk.at_hand else None


def _first(asked: Mapping[str, Any], at_hand: Mapping[str, Any] | None) -> str | None:
    """Return what the browser shows of the board before the page stands: its first rows and every count."""
    if at_hand is None:
        return None
    board_told = {**at_hand, "rows": at_hand["rows"][:FIRST], "listed": len(at_hand["rows"])}
    return json.dumps({"asked": asked, "board": board_told}, ensure_ascii=False)


def _asked(context: shell.Context) -> Asked:
    """Return what the address asks; its lists stand under short names."""
    query = context.query
    told = {"clocks": query.get("clock"), "statuses": query.get("status"), "types": query.get("kind"), **query}
    return asked_of(told)


def _browser_words(context: shell.Context) -> str:
    """Return what the browser half needs: its words, the roles that the person has, whether they may report."""
    known = catalog(context.language)
    words = {key.removeprefix("dispatch.js."): text for key, text in known.items() if key.startswith("dispatch.js.")}
    mine = [[name, term("role", name, context.language)] for name in roles()]
    reports = may(Permission.INCIDENTS_REPORT)
    told = {"words": words, "roles": mine, "reports": reports, "imports": bool(import_form(context))}
    return json.dumps(told, ensure_ascii=False)
