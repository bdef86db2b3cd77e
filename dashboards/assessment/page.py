"""The page itself: its skeleton, and the callbacks that fill it and record who decided what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request
from flask.typing import ResponseReturnValue

from dashboards import shell
from dashboards.access import Permission, callback, route
from dashboards.assessment.desk import BYS, Desk, Made
from dashboards.assessment.rows import chosen, columns, rows_of
from dashboards.assessment.sheet import sheet_shown
from dashboards.assessment.writing import decide
from dashboards.deeds import every_role, me, sentence
from dashboards.judging import FINDINGS, sheet_html, sheet_xlsx
from dashboards.listed import choices
from dashboards.marked import mark
from dashboards.snapshot import snapshot_of
from dashboards.table import row_table
from gisapp.errors import InputError
from gisapp.words import LANGUAGES, word

PATH = "/assessment"
TITLE = "assessment.title"
ICON = "users"
NEEDS = Permission.ASSESSMENT_VIEW

ASKED, DECIDE = "assessment-asked", "assessment-decide"
WRITTEN, BUSY = "assessment-written", "assessment-busy"
ROWS, TICK = "assessment-rows", "assessment-tick"
DONE = ("open", "decided")
WAIT_MS = 1_500
"""How often it is asked whether figures are worked out."""
_FILES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "html": "text/html"}


def layout(context: shell.Context) -> Component:
    """Return the skeleton: the span and what is looked at, the table or the sheet, the proposal that is chosen."""
    nothing = context.word("assessment.no_rows")
    table = row_table(context, ROWS, columns(context.language), nothing=nothing, alone=True)
    return html.Div(
        [
            html.Div(id="assessment-bar", className="bar"),
            html.Div(shell.computing(context), id="assessment-state", className="state", role="status"),
            html.Div(
                [
                    html.Div([html.Div(id="assessment-kinds", className="kinds"), table], className="list"),
                    html.Div(
                        html.P(context.word("assessment.choose"), className="quiet"),
                        id="assessment-chosen",
                        className="picked",
                    ),
                ],
                className="pair",
            ),
            html.Div(id="assessment-sheet", className="sheet"),
            dcc.Store(id=ASKED, data=_asked(context.query)),
            *(dcc.Store(id=name) for name in (DECIDE, WRITTEN, BUSY)),
            dcc.Interval(id=TICK, interval=WAIT_MS),
        ],
        className="assessment listed",
    )


def attach(app: Dash) -> None:
    """Register the page's callbacks and its file."""
    desk = Desk(snapshot_of(app.server))
    _show(app, desk)
    _choose(app, desk)
    _decide(app, desk)
    app.clientside_callback(ClientsideFunction("assessment", "keep"), Input(ASKED, "data"))
    app.clientside_callback(ClientsideFunction("assessment", "span"), Input("assessment-bar", "children"))
    app.clientside_callback(ClientsideFunction("assessment", "chosen"), Input("assessment-chosen", "children"))
    app.clientside_callback(ClientsideFunction("assessment", "busy"), Input(BUSY, "data"))
    route(app, "/assessment-sheet", lambda: _file(desk), needs=NEEDS)


def _show(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("assessment-bar", "children"),
        Output("assessment-state", "children"),
        Output("assessment-kinds", "children"),
        Output(ROWS, "rowData"),
        Output("assessment-sheet", "children"),
        Output(TICK, "disabled"),
        Input(ASKED, "data"),
        Input(WRITTEN, "data"),
        Input(TICK, "n_intervals"),
        Input(f"{ROWS}-place", "due"),
        needs=NEEDS,
    )
    def show(stored: Any, _written: object, _ticks: object, due: bool | None) -> tuple[Any, ...]:
        asked, spoken = _known(stored, desk), shell.language()
        bar = _bar(asked, desk, spoken)
        sheet = asked["view"] == "sheet"
        made = (
            desk.sheet(asked["span"], asked["by"], every_role(), anew=asked["anew"])
            if sheet
            else desk.proposals(asked["span"], anew=asked["anew"])
        )
        if made is None:
            return bar, _waiting(spoken), None, no_update, None, False
        state = _made_at(made, desk, spoken)
        if sheet:
            return bar, state, None, no_update, sheet_shown(made.value, asked["span"], asked["by"], spoken), True
        kinds, rows = _listed(made, asked, desk, spoken)
        return bar, state, kinds, rows if due else no_update, None, True


def _listed(made: Made, asked: Mapping[str, Any], desk: Desk, spoken: str) -> tuple[Any, Any]:
    """Return the kinds with their counts, and the rows of what is chosen: the undecided, or the decided apart."""
    found = desk.decided(made, every_role())
    open_ = found["verdict"].isna()
    counts = {"open": int(open_.sum()), "decided": int((~open_).sum())}
    mine = found[open_ if asked["done"] == "open" else ~open_]
    of_kind = mine["finding"].value_counts()
    offered = [("", word("assessment.all", spoken), len(mine))]
    for one in (one for one in FINDINGS if one in of_kind):
        offered.append((one, sentence(word(f"assessment.finding.{one}", spoken)), int(of_kind[one])))
    kinds = [
        choices("done", [(one, f"{word(f'assessment.done.{one}', spoken)} {counts[one]:,}") for one in DONE], asked),
        choices("kind", [(one, f"{words} {count:,}") for one, words, count in offered], asked),
    ]
    mine = mine[mine["finding"] == asked["kind"]] if asked["kind"] else mine
    return kinds, rows_of(mine, desk.store.zone, spoken)


def _bar(asked: Mapping[str, Any], desk: Desk, spoken: str) -> list[Component]:
    """Return the choice of what is looked at, of the span, and by whom the sheet tells it."""
    names = desk.names()
    groups = [
        html.Optgroup(
            [html.Option(name, value=name) for name in names[kind]], label=word(f"assessment.kind.{kind}", spoken)
        )
        for kind in names
        if asked["view"] == "sheet" or kind == "month"
    ]
    views = [(one, word(f"assessment.view.{one}", spoken)) for one in ("proposals", "sheet")]
    label = word("assessment.span", spoken)
    parts = [
        choices("view", views, asked),
        html.Label(
            [
                html.Span(label),
                html.Select(groups, **{"data-choose": "span", "data-now": asked["span"], "aria-label": label}),
            ]
        ),
    ]
    if asked["view"] == "sheet":
        parts.append(choices("by", [(one, sentence(word(f"assess.by_{one}", spoken))) for one in BYS], asked))
    return parts


def _waiting(spoken: str) -> Component:
    return html.P([html.Span(className="spinner"), word("assessment.waiting", spoken)], className="computing")


def _made_at(made: Made, desk: Desk, spoken: str) -> Component:
    """Return when the figures were worked out, and the button that works them out anew where rows have changed."""
    said = [word("assessment.made_at", spoken, when=f"{made.at:%Y-%m-%d %H:%M}")]
    if not desk.stale(made):
        return html.P(said, className="quiet")
    again = html.Button(word("assessment.anew", spoken), className="button", **{"data-anew": "true"})
    return html.P([*said, " ", word("assessment.changed", spoken), " ", again], className="quiet")


def _choose(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output("assessment-chosen", "children"),
        Input(ROWS, "selectedRows"),
        Input(WRITTEN, "data"),
        State(ASKED, "data"),
        needs=NEEDS,
        prevent_initial_call=True,
    )
    def show_chosen(rows: Any, _written: object, stored: Any) -> Any:
        asked, spoken = _known(stored, desk), shell.language()
        made = desk.proposals(asked["span"], anew=asked["anew"])
        code = rows[0].get("code") if isinstance(rows, list) and rows else None
        if made is None or code is None:
            return html.P(word("assessment.choose", spoken), className="quiet")
        found = desk.decided(made, every_role())
        mine = found[found["proposal"] == code]
        if mine.empty:
            return html.P(word("assessment.choose", spoken), className="quiet")
        return chosen(mine.iloc[0].to_dict(), desk.store.table("decisions"), desk.store.zone, spoken)


def _decide(app: Dash, desk: Desk) -> None:
    @callback(
        app,
        Output(WRITTEN, "data"),
        Input(DECIDE, "data"),
        State(ASKED, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=Permission.ASSESSMENT_DECIDE,
        prevent_initial_call=True,
    )
    def write_decision(done: Any, stored: Any) -> Any:
        asked = _known(stored, desk)
        made = desk.proposals(asked["span"], anew=asked["anew"])
        found = None if made is None else desk.decided(made, every_role())
        decide(done, found, desk.store, who=me(), roles=every_role())
        return done["at"]


def _file(desk: Desk) -> ResponseReturnValue:
    """Return the sheet of a span as a file."""
    asked, form = _known(dict(request.args), desk), request.args.get("format", "xlsx")
    spoken = request.args.get("lang", LANGUAGES[0])
    if form not in _FILES or spoken not in LANGUAGES:
        raise InputError(
            f"found format {form!r}, lang {spoken!r}", todo=f"use one of {', '.join(_FILES)}", field="format"
        )
    sheet = desk.sheet_now(asked["span"], asked["by"], every_role())
    told = {"by": asked["by"], "span_name": asked["span"], "language": spoken}
    rows = {"incidents": int(sheet.facts["incidents"].sum())}
    desk.store.note_way_out("export", actor=me(), why=f"assessment of {asked['span']} by {asked['by']}", rows=rows)
    body = sheet_xlsx(sheet, note=mark(spoken)) if form == "xlsx" else sheet_html(sheet, desk.store, **told)
    name = f"assessment-{asked['span']}-{asked['by']}.{form}"
    return Response(body, mimetype=_FILES[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _asked(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the address asks, as the browser keeps it."""
    names = ("view", "span", "by", "kind", "done")
    return {**{name: str(query.get(name) or "") for name in names}, "anew": 0}


def _known(stored: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """Return what is asked with what is known of it: the month before this one, proposals, by unit."""
    asked = _asked(stored)
    return {
        "view": asked["view"] if asked["view"] in ("proposals", "sheet") else "proposals",
        "span": desk.known(asked["span"]),
        "by": asked["by"] if asked["by"] in BYS else BYS[0],
        "kind": asked["kind"] if asked["kind"] in FINDINGS else "",
        "done": asked["done"] if asked["done"] in DONE else DONE[0],
        "anew": int(stored.get("anew") or 0),
    }
