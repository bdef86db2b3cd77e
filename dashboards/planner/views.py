"""The callbacks of what stands beside the table of a plan's grids: its history, its faults, a comparison."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, request

from dashboards import shell
from dashboards.access import Permission, callback, route
from dashboards.deeds import may
from dashboards.drafting import NOW, limits_known, two_plans
from dashboards.planner.checklist import checks
from dashboards.planner.drafts import Drafts, Opened
from dashboards.planner.proposed import proposals
from dashboards.planner.proposing import Searches
from dashboards.planner.saying import comment_specs, comments
from dashboards.planner.side import comparison, history, whole_bounds
from dashboards.snapshot import LOAD_TABLES
from dashboards.specs import layer_specs
from gisapp.grids import leaders_at, plan_grids
from gisapp.grids.plan_diff import PlanDiff, plan_diff
from gisapp.reports.offline_page import policy_of
from gisapp.words import word
from layers.grids import grid_shapes
from layers.layer import Layer
from layers.plan_page import GROUND, Side, moved_shapes, moves_of, plan_diff_html

NEEDS = Permission.GRIDS_VIEW
VIEW, MOVES, AGAINST = "planner-view", "planner-moves", "planner-against"
SAID = "planner-said"  # the places that comments are about, as layers
PAGE = "/plan-diff.html"
TICK = "planner-tick"  # runs only while a search does
TICK_MS = 700


def place(context: shell.Context) -> list[Component]:
    """Return where what is chosen stands, and with what a plan is compared."""
    against = dmc.Select(
        id=AGAINST,
        label=context.word("planner.against"),
        data=[{"value": NOW, "label": context.word("planner.in_force")}],
        value=NOW,
        allowDeselect=False,
        size="xs",
    )
    page = html.A(context.word("planner.as_page"), id="planner-page", className="button", target="_blank", href=PAGE)
    return [
        html.Div([against, page], className="against"),
        html.Div(id="planner-side", className="side"),
        html.Div(id="planner-proposals", className="side proposing", role="status"),
        html.Div(id="planner-comments", className="side saying"),
        dcc.Interval(id=TICK, interval=TICK_MS, disabled=True),
    ]


def attach(app: Dash, drafts: Drafts, shown_store: str) -> None:
    """Register the callbacks and the route of a comparison as a page."""

    @callback(
        app,
        Output("planner-side", "children"),
        Output(MOVES, "data"),
        Output("planner-page", "href"),
        Output("planner-map", "fit", allow_duplicate=True),
        Input(VIEW, "data"),
        Input(shown_store, "data"),
        Input(AGAINST, "value"),
        running=[(Output("planner-working", "hidden"), False, True)],
        needs=NEEDS,
        prevent_initial_call="initial_duplicate",
    )
    def show_side(view: str, shown: Any, against: str) -> tuple[Any, Any, Any, Any]:
        if not shown or not shown["plan"]:
            return None, None, no_update, no_update
        opened, spoken = drafts.of(shown["plan"]), shell.language()
        if view == "compare" and against != shown["plan"]:
            found = _compared(drafts, against, shown["plan"])
            link = f"{PAGE}?plan={shown['plan']}&against={against}"
            told = comparison(found, spoken, frame=drafts.snapshot.frame)
            asked = ctx.triggered_id in (VIEW, AGAINST)  # never away from what somebody looks at
            where = whole_bounds(found.matrix.geometry, drafts.snapshot.frame) if asked else None
            return told, _moves(found, opened, drafts, spoken), link, where or no_update
        return _told(view, opened, drafts, spoken), None, no_update, no_update

    @callback(app, Output(AGAINST, "data"), Input(shown_store, "data"), needs=NEEDS)
    def list_others(shown: Any) -> list[dict[str, str]]:
        own = shown["plan"] if shown else ""
        rows = drafts.listed().to_dict("records")
        others = [
            {"value": row["code"], "label": f"{row['name']} · {row['code']}"} for row in rows if row["code"] != own
        ]
        return [{"value": NOW, "label": word("planner.in_force", shell.language())}, *others]

    route(app, PAGE, lambda: _page(drafts), needs=NEEDS)


def attach_proposals(app: Dash, drafts: Drafts, searches: Searches, shown_store: str, written: str) -> None:
    """Register the callback that tells how far a search for proposals is, and what it found."""

    @callback(
        app,
        Output("planner-proposals", "children"),
        Output(TICK, "disabled"),
        Input(TICK, "n_intervals"),
        Input(written, "data"),
        Input(shown_store, "data"),
        Input(VIEW, "data"),
        needs=NEEDS,
    )
    def propose(_ticks: object, _written: object, shown: Any, view: str) -> tuple[Any, bool]:
        if view != "propose" or not shown or not shown["plan"]:
            return None, True
        search = searches.of(shown["plan"])
        told = proposals(drafts.of(shown["plan"]), search, shell.language())
        return told, search is None or search.over.is_set()


def attach_comments(app: Dash, drafts: Drafts, shown_store: str, written: str) -> None:
    """Register the callback that lists what was said about a plan, and puts it on the map."""

    @callback(
        app,
        Output("planner-comments", "children"),
        Output(SAID, "data"),
        Input(shown_store, "data"),
        Input(VIEW, "data"),
        Input(written, "data"),
        Input(shell.VERSION, "data"),
        State(SAID, "data"),
        needs=NEEDS,
    )
    def list_comments(shown: Any, view: str, _written: object, _version: object, had: Any) -> tuple[Any, Any]:
        if not shown or not shown["plan"]:
            return None, None
        store, code, spoken, frame = drafts.snapshot.store, shown["plan"], shell.language(), drafts.snapshot.frame
        mark = [code, store.revision("plan_comments"), view == "comments"]
        if had and had["mark"] == mark:
            return no_update, no_update
        said = store.table("plan_comments").query("plan_code == @code").sort_values("number")
        told = comments(said, code, store.zone, spoken, frame=frame) if view == "comments" else None
        return told, {"mark": mark, "specs": comment_specs(said, spoken, frame=frame)}


def _told(view: str, opened: Opened, drafts: Drafts, spoken: str) -> Any:
    """Return the history or the faults of a plan; nothing beside its table."""
    store = drafts.snapshot.store
    if view == "history":
        return history(opened, store.plans.edits(opened.draft.code), store.zone, spoken)
    if view == "checks":
        draft, frame = opened.draft, drafts.snapshot.frame
        editable = draft.status == "draft" and may(Permission.GRIDS_EDIT)
        faults = drafts.faults(opened)
        return checks(faults, limits_known(store), draft.across, spoken, frame=frame, editable=editable)
    return None


def _compared(drafts: Drafts, one: str, other: str) -> PlanDiff:
    """Return what differs between two plans."""
    store = drafts.snapshot.store
    tables = drafts.snapshot.figured(*LOAD_TABLES, "posts")
    before, after = two_plans(store, one, other)
    weights = drafts.snapshot.weights()
    return plan_diff(before, after, tables=tables, now=drafts.snapshot.as_of(), weights=weights)


def _moves(found: PlanDiff, opened: Opened, drafts: Drafts, spoken: str) -> list[dict[str, Any]]:
    """Return the layers of a comparison: the plan's borders, and what moves."""
    moves = moves_of(found)
    leaders = leaders_at(drafts.snapshot.store.table("posts"), pd.Timestamp.now("UTC"))

    def make(theme: str) -> list[Layer]:
        return [grid_shapes(opened.drawn, leaders, theme=theme), moved_shapes(moves, spoken, theme)]

    return layer_specs(make, language=spoken, frame=drafts.snapshot.frame)


def _page(drafts: Drafts) -> Response:
    """Return a comparison as one page that opens without a network."""
    store, code, against = drafts.snapshot.store, request.args.get("plan", ""), request.args.get("against", NOW)
    spoken, names = shell.language(), store.table("plans").set_index("code")["name"]
    found = _compared(drafts, against, code)
    plans = two_plans(store, against, code)
    titles = [word("diff.now", spoken) if one == NOW else f"{one} {names[one]}" for one in (against, code)]
    before, after = (Side(title, plan_grids(plan)) for title, plan in zip(titles, plans, strict=True))
    ground = {name: store.table(name) for name in GROUND}
    made_at = pd.Timestamp.now(store.zone).to_pydatetime()
    text = plan_diff_html(found, before, after, ground, city=store.name, made_at=made_at, language=spoken)
    headers = {"Content-Security-Policy": f"{policy_of(text)}; frame-ancestors 'none'"}
    return Response(text, mimetype="text/html", headers=headers)
