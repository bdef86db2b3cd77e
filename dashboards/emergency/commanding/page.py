"""What the commander's page asks and writes of emergencies: the parts of its skeleton, and their callbacks."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update, set_props
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.deeds import deed, me
from dashboards.emergency.case import Case, case_from
from dashboards.emergency.commanding import panel
from dashboards.emergency.commanding.asking import declaring
from dashboards.emergency.commanding.board import Board, board_of, mark, shown_event
from dashboards.emergency.commanding.listing import events
from dashboards.emergency.commanding.writing import conflict_words, write
from dashboards.emergency.event import drill_sign
from dashboards.emergency.record import Deed
from dashboards.emergency.standing import Standings
from dashboards.map import place_on_map
from dashboards.snapshot import Snapshot
from gisapp.errors import ConflictError
from gisapp.words import word

RECORD, DECIDE = "emergency-event-record", "emergency-event-decide"  # what a person did, and by which right
ASKED = "emergency-event-asked"  # what of the case concerns events: a burst that is tried changes nothing of it
WRITTEN, BUSY, MARK = "emergency-event-written", "emergency-event-busy", "emergency-event-mark"
PARTS = ("sides", "head", "demands", "rest", "drill")
ROOM_DEG = 0.006
"""Half of what is shown around an event, in degrees."""


def band() -> Component:
    """Return the place of the band over a drill."""
    return html.Div(id="emergency-event-drill", className="event-drill")


def sides() -> Component:
    """Return the place of the two sides of the panel."""
    return html.Div(id="emergency-event-sides", className="sides", role="tablist")


def column(context: shell.Context, case: Case) -> Component:
    """Return the place of the event, below what is shut or beside it."""
    waits = {"head": shell.computing(context)} if case.event else {}
    parts = [
        html.Div(waits.get(name), id=f"emergency-event-{name}", className="column")
        for name in ("head", "demands", "rest")
    ]
    return html.Div(parts, id="emergency-command", className="column command")


def kept() -> list[Component]:
    """Return what the browser keeps."""
    return [dcc.Store(id=name) for name in (ASKED, RECORD, DECIDE, WRITTEN, BUSY, MARK)]


def attach(app: Dash, snapshot: Snapshot, standings: Standings, *, case_id: str, tick: str, needs: Permission) -> None:
    """Register the callbacks."""
    _show(app, snapshot, standings, case_id, needs)
    _judge(app, snapshot, case_id, tick, needs)
    _write(app, snapshot, RECORD, Permission.EMERGENCY_RECORD, case_id)
    _write(app, snapshot, DECIDE, Permission.EMERGENCY_DECIDE, case_id)
    asked = ClientsideFunction("emergency", "asksEvent")
    app.clientside_callback(asked, Output(ASKED, "data"), Input(case_id, "data"), State(ASKED, "data"))
    app.clientside_callback(ClientsideFunction("emergency", "sides"), Input(MARK, "data"))


def _show(app: Dash, snapshot: Snapshot, standings: Standings, case_id: str, needs: Permission) -> None:
    @callback(
        app,
        *(Output(f"emergency-event-{name}", "children") for name in PARTS),
        Output("emergency-map", "markers"),
        Output("emergency-map", "fit", allow_duplicate=True),
        Output(MARK, "data"),
        Input(ASKED, "data"),
        Input(shell.VERSION, "data"),
        Input(WRITTEN, "data"),
        State(case_id, "data"),
        State(MARK, "data"),
        needs=needs,
        shared=True,
        prevent_initial_call="initial_duplicate",
    )
    def show_event(
        _asked: object, _version: object, _written: object, stored: Any, before: str | None
    ) -> tuple[Any, ...]:
        case = case_from(stored)
        now = mark(case, snapshot)
        if now == before:
            return (no_update,) * (len(PARTS) + 3)
        code = shown_event(case, snapshot)
        moved = (before or "").split("#")[:2] != now.split("#")[:2]
        return *_shown(code, case, snapshot, standings, moved=moved), now


def _shown(code: str | None, case: Case, snapshot: Snapshot, standings: Standings, *, moved: bool) -> tuple[Any, ...]:
    """Return the parts of an event; without one the list of all, or the button that declares one of a record."""
    spoken = shell.language()
    if code is None:
        listed = _declare(case, snapshot, standings, spoken) if case.code else events(case, snapshot, spoken)
        return panel.tabs(None, None, spoken), listed, None, None, None, [], no_update
    if not (snapshot.store.table("emergencies")["code"] == code).any():
        return panel.tabs(None, None, spoken), panel.unknown(code, spoken), None, None, None, [], no_update
    board = board_of(code, snapshot, spoken)
    parts = (panel.head(board, spoken), panel.demands(board, spoken), panel.rest(board, snapshot, spoken))
    band_shown = drill_sign(spoken) if board.emergency.drill else None
    markers, extent = _placed(board, snapshot) if case.empty else ([], None)
    return panel.tabs(code, board, spoken), *parts, band_shown, markers, extent if extent and moved else no_update


def _placed(board: Board, snapshot: Snapshot) -> tuple[list[dict[str, Any]], list[float] | None]:
    """Return the sign of an event on the map, and what is shown around it."""
    spot = board.emergency.spot
    if spot is None:
        return [], None
    lng, lat = place_on_map(spot.x, spot.y, snapshot.store.crs, frame=snapshot.frame)
    sign = {"lng": lng, "lat": lat, "text": "!", "id": board.emergency.code}
    return [sign], [lng - ROOM_DEG, lat - ROOM_DEG, lng + ROOM_DEG, lat + ROOM_DEG]


def _declare(case: Case, snapshot: Snapshot, standings: Standings, spoken: str) -> Component:
    """Return the button that declares an event of the record that is open."""
    standing = standings.of(case)
    course = standing.situation.course
    place = (course.place if course is not None else None) or standing.situation.site.place.words(spoken)
    summary = word(f"command.summary.{standing.utility}", spoken, place=place)
    button = deed(
        word("command.declare", spoken),
        {"do": "declare", "shutoff": case.code},
        needs=Permission.EMERGENCY_RECORD,
        ask=declaring(standing.utility, spoken, snapshot.store.zone, summary=summary, place=place),
        look="main",
        sign="alert-triangle",
    )
    return html.Section(
        [
            html.H2(word("command.not_declared", spoken)),
            html.P(word("command.declare_when", spoken), className="quiet"),
            button,
        ]
    )


def _judge(app: Dash, snapshot: Snapshot, case_id: str, tick: str, needs: Permission) -> None:
    @callback(
        app,
        Output("emergency-event-demands", "children", allow_duplicate=True),
        Input(tick, "n_intervals"),
        State(case_id, "data"),
        needs=needs,
        shared=True,
        prevent_initial_call=True,
    )
    def judge_event(_ticks: object, stored: Any) -> Any:
        code, spoken = shown_event(case_from(stored), snapshot), shell.language()
        return no_update if code is None else panel.demands(board_of(code, snapshot, spoken), spoken)


def _write(app: Dash, snapshot: Snapshot, name: str, needs: Permission, case_id: str) -> None:
    @callback(
        app,
        Output(WRITTEN, "data", allow_duplicate=True),
        Output(case_id, "data", allow_duplicate=True),
        Input(name, "data"),
        State(case_id, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=needs,
        prevent_initial_call=True,
    )
    def write_event(done: Deed, stored: Any) -> tuple[Any, Any]:
        decides = needs == Permission.EMERGENCY_DECIDE
        try:
            code = write(done, snapshot, who=me(), decides=decides, spoken=shell.language())
        except ConflictError:
            _tell_conflict(str(done["code"]), snapshot)
            return done["at"], no_update
        return done["at"], {**stored, "event": code} if done["do"] == "declare" else no_update


def _tell_conflict(code: str, snapshot: Snapshot) -> None:
    """Say what somebody else did since the person looked."""
    spoken = shell.language()
    words = conflict_words(snapshot.store.emergencies.emergency(code), snapshot, spoken)
    set_props(shell.NOTICES, {"children": shell.notice(word("emergency.conflict_title", spoken), words)})
