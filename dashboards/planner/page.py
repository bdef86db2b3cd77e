"""The page itself: its skeleton, and the callbacks that fill it and write what people do."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component
from flask import current_app, has_request_context

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.bundles import tiles_of
from dashboards.deeds import me
from dashboards.drafting import limits_of
from dashboards.map import Map
from dashboards.planner import views
from dashboards.planner.bar import plan_bar
from dashboards.planner.drafts import Drafts, Opened
from dashboards.planner.drawn import plan_shapes, plan_specs
from dashboards.planner.editing import change_of_edit, since
from dashboards.planner.figures import TOTALLED, balance, deviation_tip, heading, led, outside, totals, workload_rows
from dashboards.planner.proposing import Searches
from dashboards.planner.side import VIEWS, locks, view_buttons
from dashboards.planner.told import conflict_told, edit_told, refusal_told
from dashboards.planner.tools import toolbar
from dashboards.planner.writing import Deed, edited, write
from dashboards.snapshot import snapshot_of
from dashboards.specs import first_props, static_specs
from dashboards.table import row_table
from gisapp.errors import ConflictError, RefusedEdit
from gisapp.words import word
from layers.palette import THEMES, diverging_colours

PATH = "/planner"
TITLE = "planner.title"
ICON = "layout-grid"
NEEDS = Permission.GRIDS_VIEW

BUNDLES = ("base", "workload")
"""The bundles of tiles that are drawn of the grids in force, from below to above; a plan brings its own grids."""
PLAN = "planner-plan"  # the code of the plan that is shown, empty for the grids in force
SHOWN = "planner-shown"  # which version of it the page shows
DRAWN = "planner-drawn"  # the shapes of its grids, or of those that moved
EDIT, DECIDE = "planner-edit", "planner-decide"  # what a person did, and by which right
WRITTEN, BUSY = "planner-written", "planner-busy"
DRAWING, PREVIEW = "planner-drawing", "planner-preview"  # an edit to be saved, and one while the hand still draws
SAVED, PREVIEWED = "planner-saved", "planner-previewed"
SPECS = "planner-specs"  # the layers of the plan; those of a comparison stand in their place
LOCKED = {"locked": "params.data.locked"}  # the look of a grid that keeps its units
KEPT = (SHOWN, DRAWN, SPECS, views.MOVES, views.SAID, EDIT, DECIDE, WRITTEN, BUSY, DRAWING, PREVIEW, SAVED, PREVIEWED)


def layout(context: shell.Context) -> Component:
    """Return the skeleton: plans, totals and table at the left, the map at the right."""
    code = context.query.get("plan", "")
    whole = None if context.view or context.query.get("grid") else "base" if code else "workload"
    body = shell.workspace(
        wide=True,
        panel=[
            html.Div(id="planner-bar", className="plan-bar"),
            html.Div(id="planner-heading", className="heading"),
            html.Div(id="planner-figures", className="figures"),
            html.Div(id="planner-balance"),
            html.Div([view_buttons(context), locks(context)], className="of-plan"),
            _table(context),
            *views.place(context),
            dcc.Store(id="planner-chosen", data={"grid": context.query.get("grid"), "by": "link"}),
            dcc.Store(id=PLAN, data=code),
            dcc.Store(id=views.VIEW, data=VIEWS[0]),
            *(dcc.Store(id=name) for name in KEPT),
        ],
        stage=[
            Map(
                id="planner-map",
                language=context.language,
                height="100%",
                clickable=["deviation"],
                basemap=context.basemap,
                view=context.view,
                **first_props(*_bundles(code), language=context.language, whole=whole),
            ),
            html.Div(shell.computing(context), id="planner-working", className="working", hidden=True),
            *toolbar(context),
            html.Div(id="planner-told", className="answer", role="status"),
            html.Div(id="planner-live", className="answer"),
        ],
    )
    colours = {f"--{theme}-{at}": colour for theme in THEMES for at, colour in enumerate(diverging_colours(theme))}
    return html.Div(body, className="planner", style=colours, **{"data-leaves": shell.OF_FIGURES})


def attach(app: Dash) -> None:
    """Register the page's callbacks."""
    drafts, searches = Drafts(snapshot_of(app.server)), Searches()
    _show(app, drafts)
    _list_grids(app, drafts)
    _draw_ground(app)
    _write(app, drafts, searches, EDIT, Permission.GRIDS_EDIT)
    _write(app, drafts, searches, DECIDE, Permission.GRIDS_APPROVE)
    _edit(app, drafts, searches)
    _preview(app, drafts)
    views.attach(app, drafts, SHOWN)
    views.attach_proposals(app, drafts, searches, SHOWN, WRITTEN)
    views.attach_comments(app, drafts, SHOWN, WRITTEN)
    _in_the_browser(app)


def _bundles(code: str) -> tuple[str, ...]:
    """Return the bundles of tiles below a plan, or of the grids in force."""
    return ("base",) if code else BUNDLES


def _show(app: Dash, drafts: Drafts) -> None:
    @callback(
        app,
        Output("planner-bar", "children"),
        Output("planner-heading", "children"),
        Output("planner-figures", "children"),
        Output("planner-balance", "children"),
        Output(SPECS, "data"),
        Output(DRAWN, "data"),
        Output(SHOWN, "data"),
        Input(PLAN, "data"),
        Input(shell.VERSION, "data"),
        Input(WRITTEN, "data"),
        State(SHOWN, "data"),
        running=[(Output("planner-working", "hidden"), False, True)],
        needs=NEEDS,
        shared=True,
    )
    def show(code: str, _version: object, _written: object, shown: Any) -> tuple[Any, ...]:
        spoken, snapshot = shell.language(), drafts.snapshot
        listed = drafts.listed()
        if code and code not in set(listed["code"]):
            _tell_unknown(code, spoken)
            code = ""
        bar = plan_bar(listed, code, snapshot.store.zone, spoken)
        same = bool(shown) and shown["plan"] == code
        if not code:
            return bar, *_in_force(drafts, spoken), [] if shown and not same else no_update, None, {"plan": ""}
        opened = drafts.of(code, anew=not same)
        if opened.mark == shown:
            return bar, *(no_update,) * 6
        before = drafts.drawn_before(shown) if same else None
        shapes = plan_shapes(opened, before, spoken, frame=snapshot.frame)
        return (
            bar,
            *_of_plan(opened, drafts, spoken),
            plan_specs(opened, spoken, frame=snapshot.frame, limits=limits_of(snapshot.store, opened.draft.across)),
            shapes,
            opened.mark,
        )


def _in_force(drafts: Drafts, spoken: str) -> tuple[Any, Any, Any]:
    """Return heading, totals and balance of the grids in force."""
    snapshot, rows = drafts.snapshot, workload_rows(drafts.snapshot)
    if rows.empty:
        return heading(snapshot, spoken), _nothing(spoken), None
    return heading(snapshot, spoken), totals(rows, spoken), [outside(snapshot, spoken), balance(rows, spoken)]


def _of_plan(opened: Opened, drafts: Drafts, spoken: str) -> tuple[Any, Any, Any]:
    """Return heading, totals and balance of a plan."""
    day = word("planner.as_of", spoken, day=opened.at.strftime("%Y-%m-%d"))
    count = word("planner.of_units", spoken, grids=len(opened.rows), units=f"{len(opened.plan.unit):,}")
    said = [html.H2(count), html.Span(day, className="quiet"), led(opened.figures, spoken)]
    return said, totals(opened.rows, spoken), balance(opened.rows, spoken)


def _tell_unknown(code: str, spoken: str) -> None:
    """Say that the address names a plan that there is not."""
    words = shell.notice(word("planner.unknown", spoken, code=code), word("planner.unknown.todo", spoken))
    set_props(shell.NOTICES, {"children": words})


def _list_grids(app: Dash, drafts: Drafts) -> None:
    @callback(
        app,
        Output("planner-table", "rowData"),
        Input("planner-table-place", "due"),
        Input(shell.VERSION, "data"),
        Input(SHOWN, "data"),
        needs=NEEDS,
        shared=True,
    )
    def list_grids(due: bool, _version: object, shown: Any) -> Any:
        if not due or not shown:
            return no_update
        if not shown["plan"]:
            return workload_rows(drafts.snapshot).to_dict("records")
        return no_update if ctx.triggered_id == shell.VERSION else drafts.of(shown["plan"]).rows.to_dict("records")


def _draw_ground(app: Dash) -> None:
    @callback(
        app,
        Output("planner-map", "layers"),
        Input(shell.VERSION, "data"),
        Input(PLAN, "data"),
        State("planner-map", "laid"),
        needs=NEEDS,
        shared=True,
    )
    def draw_ground(_version: object, code: str, laid: bool | None) -> Any:
        if laid and not ctx.triggered_id:
            return no_update
        return static_specs(tiles_of(app.server), *_bundles(code), language=shell.language())


def _write(app: Dash, drafts: Drafts, searches: Searches, name: str, needs: Permission) -> None:
    @callback(
        app,
        Output(WRITTEN, "data", allow_duplicate=True),
        Output(PLAN, "data", allow_duplicate=True),
        Input(name, "data"),
        running=[(Output(BUSY, "data"), True, False), (Output("planner-working", "hidden"), False, True)],
        needs=needs,
        prevent_initial_call=True,
    )
    def write_deed(done: Deed) -> tuple[Any, Any]:
        code = write(done, drafts, searches, who=me(), needs=needs)
        return done["at"], code if code != done.get("plan") else no_update


def _edit(app: Dash, drafts: Drafts, searches: Searches) -> None:
    @callback(
        app,
        Output("planner-told", "children"),
        Output(WRITTEN, "data", allow_duplicate=True),
        Output(SAVED, "data"),
        Input(DRAWING, "data"),
        running=[(Output(BUSY, "data"), True, False)],
        needs=Permission.GRIDS_EDIT,
        prevent_initial_call=True,
    )
    def edit(done: Deed) -> tuple[Any, Any, Any]:
        spoken = shell.language()
        try:
            told, saved = edited(done, drafts, searches, spoken, who=me())
        except RefusedEdit as refused:
            return refusal_told(refused, spoken), no_update, None
        except ConflictError:
            rows = since(drafts.of(str(done["plan"])), drafts, int(done["steps"]))
            return conflict_told(rows, drafts.snapshot.store.zone, spoken), done["at"], None
        return told, no_update if "words" in saved else done["at"], saved


def _preview(app: Dash, drafts: Drafts) -> None:
    @callback(
        app,
        Output("planner-live", "children"),
        Output(PREVIEWED, "data"),
        Input(PREVIEW, "data"),
        needs=Permission.GRIDS_EDIT,
        prevent_initial_call=True,
    )
    def preview(done: Deed) -> tuple[Any, Any]:
        spoken, opened = shell.language(), drafts.of(str(done["plan"]))
        try:
            change = change_of_edit(done, opened, drafts)
        except RefusedEdit as refused:
            return refusal_told(refused, spoken, live=True), done["at"]
        return edit_told(change, opened, opened.done(change, opened.draft.version), spoken, live=True), done["at"]


def _in_the_browser(app: Dash) -> None:
    """Register what the browser does by itself: ``assets/planner.js``."""
    shell.keep_view(app, "planner-map")
    app.clientside_callback(
        ClientsideFunction("planner", "choose"),
        Output("planner-chosen", "data"),
        Input("planner-map", "click"),
        Input("planner-table", "selectedRows"),
        Input(shell.TARGET, "data"),
        State("planner-chosen", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("planner", "show"),
        Output("planner-table", "selectedRows"),
        Output("planner-table", "scrollTo"),
        Output("planner-map", "highlight"),
        Output("planner-map", "view"),
        Output("planner-map", "fit"),
        Output("planner-map", "flash"),
        Input("planner-chosen", "data"),
        Input("planner-table", "rowData"),
        State(shell.TARGET, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("planner", "answers"),
        Output("planner-map", "answers"),
        Input(SPECS, "data"),
        Input(views.MOVES, "data"),
        Input(views.SAID, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("planner", "draw"),
        Output("planner-map", "shapes"),
        Input(DRAWN, "data"),
        State("planner-map", "shapes"),
    )
    app.clientside_callback(ClientsideFunction("planner", "keep"), Input(SHOWN, "data"))
    app.clientside_callback(ClientsideFunction("planner", "busy"), Input(BUSY, "data"))
    app.clientside_callback(ClientsideFunction("planner", "saved"), Input(SAVED, "data"))
    app.clientside_callback(ClientsideFunction("planner", "previewed"), Input(PREVIEWED, "data"))


def _table(context: shell.Context) -> Component:
    """Return the empty table."""
    weights = snapshot_of(current_app).weights() if has_request_context() else {}
    numbers = [
        {
            "field": name,
            "width": 98,
            "type": "rightAligned",
            "filter": "agNumberColumnFilter",
            "valueFormatter": {"function": f"planner.{'length' if name == 'pipe_km' else 'count'}(params.value)"},
        }
        for name in TOTALLED
    ]
    deviation = {
        "field": "deviation",
        "width": 152,
        "filter": "agNumberColumnFilter",
        "cellRenderer": "PlannerDeviation",
        "sort": "desc",
    }
    columns = [
        {"field": "code", "pinned": "left", "width": 78, "cellClass": "code", "cellClassRules": LOCKED},
        deviation,
        {"field": "leader", "width": 92, "cellRenderer": "PlannerLeader"},
        *numbers,
    ]
    for column in columns:
        tip = (
            deviation_tip(weights, context.language)
            if column is deviation
            else context.word(f"planner.{column['field']}.tip")
        )
        column |= {"headerName": context.word(f"planner.{column['field']}"), "headerTooltip": tip}
    nothing = context.word("shell.table.noRowsToShow")
    return row_table(context, "planner-table", columns, nothing=nothing, wrapped=True)


def _nothing(spoken: str) -> Component:
    """Return what to do about a store without grids."""
    return shell.empty(
        word("planner.empty", spoken),
        [word("planner.empty.todo", spoken)],
        code=["gisapp import FILE --store STORE --as grids", "gisapp demo --size small --store FILE"],
    )
