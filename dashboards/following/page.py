"""The page itself: its skeleton, and the callbacks that fill it and write what was ordered, done or noted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.deeds import me, roles
from dashboards.following.desk import Desk
from dashboards.following.rows import (
    GRIDS,
    STATES,
    SUBJECTS,
    VIEWS,
    chosen,
    columns,
    measure_rows,
    note_rows,
    noting,
    ordering,
    proposals,
    quiet_rows,
    states_of,
)
from dashboards.following.writing import write
from dashboards.listed import choices
from dashboards.snapshot import snapshot_of
from dashboards.table import row_table
from gisapp import refusals
from gisapp.errors import AccessError, InputError
from gisapp.tables.measures import NOTE_KINDS
from gisapp.words import term, word

PATH = "/following"
TITLE = "following.title"
ICON = "circle-check"
NEEDS = Permission.INCIDENTS_VIEW

ASKED, WRITE = "following-asked", "following-write"
WRITTEN, BUSY = "following-written", "following-busy"
ROWS = "following-rows"
EVERY = ("14", "30", "60", "90")
"""So many days without a visit are offered; a month is usual."""


def layout(context: shell.Context) -> Component:
    """Return the skeleton: what is looked at, the table, the measure that is chosen."""
    asked = _known(context.query)
    table = row_table(
        context, ROWS, columns(asked["view"], context.language), nothing=context.word("following.no_rows"), alone=True
    )
    return html.Div(
        [
            html.Div(id="following-bar", className="bar"),
            html.Div(
                [
                    html.Div([html.Div(id="following-kinds", className="kinds"), table], className="list"),
                    html.Div(id="following-chosen", className="picked"),
                ],
                className="pair",
            ),
            html.Div(id="following-offers", hidden=True),
            dcc.Store(id=ASKED, data=asked),
            *(dcc.Store(id=name) for name in (WRITE, WRITTEN, BUSY)),
        ],
        className="following listed",
    )


def attach(app: Dash) -> None:
    """Register the page's callbacks."""
    desk = Desk(snapshot_of(app.server).store)
    _list(app, desk)
    _choose(app, desk)
    _write(app, desk)
    app.clientside_callback(ClientsideFunction("following", "keep"), Input(ASKED, "data"))
    app.clientside_callback(ClientsideFunction("following", "chosen"), Input("following-chosen", "children"))
    app.clientside_callback(ClientsideFunction("following", "busy"), Input(BUSY, "data"))


def _list(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("following-bar", "children"),
        Output("following-kinds", "children"),
        Output("following-offers", "children"),
        Output(ROWS, "columnDefs"),
        Output(ROWS, "rowData"),
        Input(ASKED, "data"),
        Input(WRITTEN, "data"),
        Input(shell.VERSION, "data"),
        Input(f"{ROWS}-place", "due"),
        needs=NEEDS,
    )
    def list_rows(stored: Any, _written: object, _version: object, due: bool | None) -> tuple[Any, ...]:
        asked, spoken = _known(stored), shell.language()
        offered, rows = _VIEWS[asked["view"]](asked, desk, spoken)
        grids = desk.grids()
        bar = [
            choices("view", [(one, word(f"following.view.{one}", spoken)) for one in VIEWS], asked),
            ordering(spoken, grids)
            if asked["view"] == "measures"
            else noting(spoken, grids, desk.store.zone, who=_person()),
        ]
        offers = [proposals(SUBJECTS, desk.units()), proposals(GRIDS, grids)]
        table = (columns(asked["view"], spoken), rows) if due else (no_update, no_update)
        return [one for one in bar if one is not None], offered, offers, *table


def _measures(asked: Mapping[str, Any], desk: Desk, spoken: str) -> tuple[Any, Any]:
    """Return the states with their counts, and the measures of the chosen one: all that are not over without one."""
    found = desk.measures()
    states = states_of(found)
    pending = states != STATES[-1]
    offered = [("", word("following.pending", spoken, count=int(pending.sum())))]
    offered += [(one, f"{word(f'following.state.{one}', spoken)} {int((states == one).sum())}") for one in STATES]
    mine = found[states == asked["state"]] if asked["state"] else found[pending]
    return choices("state", offered, asked), measure_rows(mine, spoken)


def _notes(asked: Mapping[str, Any], desk: Desk, spoken: str) -> tuple[Any, Any]:
    """Return the kinds of notes with their counts, and the notes of the chosen one."""
    found = desk.notes()
    counts = found["kind"].value_counts()
    offered = [("", word("following.all", spoken, count=len(found)))]
    offered += [
        (one, f"{term('note_kind', one, spoken)} {int(counts[one])}") for one in NOTE_KINDS if one in counts.index
    ]
    mine = found[found["kind"] == asked["kind"]] if asked["kind"] else found
    return choices("kind", offered, asked), note_rows(mine, desk.store.zone, spoken)


def _quiet(asked: Mapping[str, Any], desk: Desk, spoken: str) -> tuple[Any, Any]:
    """Return the choice of days, and the grids without a visit for so long."""
    offered = [(one, word("following.every", spoken, days=one)) for one in EVERY]
    rows = quiet_rows(desk.unvisited(float(asked["every"])), datetime.now(UTC), desk.store.zone, spoken)
    return choices("every", offered, asked), rows


_VIEWS = {"measures": _measures, "notes": _notes, "quiet": _quiet}


def _choose(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("following-chosen", "children"),
        Input(ROWS, "selectedRows"),
        Input(ASKED, "data"),
        Input(WRITTEN, "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def show_chosen(rows: Any, stored: Any, _written: object, _version: object) -> Any:
        asked, spoken = _known(stored), shell.language()
        code = _measure_of(rows) or asked["code"]
        if asked["view"] != "measures" or not code:
            return html.P(word(f"following.about.{asked['view']}", spoken), className="quiet")
        try:
            measure = desk.measure(str(code))
        except (AccessError, InputError) as refused:
            return shell.empty(
                word("following.not_shown", spoken, code=code), [refusals.told(refused, spoken)], sign="info-circle"
            )
        zone = desk.store.zone
        return chosen(measure, datetime.now(zone).date(), zone, spoken)


def _measure_of(rows: Any) -> str:
    """Return the code of the measure that is chosen in the table; nothing where that has other rows."""
    row = rows[0] if isinstance(rows, list) and rows else {}
    return str(row["code"]) if "stands" in row else ""


def _write(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output(WRITTEN, "data"),
        Input(WRITE, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=Permission.INCIDENTS_HANDLE,
        prevent_initial_call=True,
    )
    def write_down(done: Any) -> Any:
        write(done, desk, who=me(), roles=roles())
        return done["at"]


def _person() -> str:
    """Return who asks as a form proposes it: nobody where there are no accounts."""
    return "" if me() == "local" else me()


def _known(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked, with what is usual in the place of what is not known."""
    asked = {name: str(stored.get(name) or "") for name in ("view", "state", "kind", "every", "code")}
    return {
        "view": asked["view"] if asked["view"] in VIEWS else VIEWS[0],
        "state": asked["state"] if asked["state"] in STATES else "",
        "kind": asked["kind"] if asked["kind"] in NOTE_KINDS else "",
        "every": asked["every"] if asked["every"] in EVERY else EVERY[1],
        "code": asked["code"],
    }
