"""The planner's page: every grid with its leader and its workload, on the map and in a table, linked both ways."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.bundles import tiles_of
from dashboards.map import Map
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.specs import first_props, static_specs
from dashboards.table import row_table
from gisapp.grids.workload import WEIGHTS
from gisapp.words import word
from layers.grids import deviation_class
from layers.palette import THEMES, diverging_colours

PATH = "/planner"
TITLE = "planner.title"
ICON = "layout-grid"
NEEDS = Permission.GRIDS_VIEW

BUNDLES = ("base", "workload")
"""The bundles of tiles that are drawn, from below to above."""
BALANCED = 0.10  # a grid this near to the mean counts as balanced
PARTS = {"pipe_m": "pipe_km"}  # a part of the workload -> the word of its figure
TOTALLED = ("households", "customers", "incidents_12m", "open_incidents", "pipe_km", "critical")


def layout(context: shell.Context) -> Component:
    """Return the skeleton: totals and table at the left, the map at the right."""
    whole = None if context.view or context.query.get("grid") else "workload"
    body = shell.workspace(
        wide=True,
        panel=[
            html.Div(id="planner-heading", className="heading"),
            html.Div(id="planner-figures", className="figures"),
            html.Div(id="planner-balance"),
            _table(context),
            dcc.Store(id="planner-chosen", data={"grid": context.query.get("grid"), "by": "link"}),
        ],
        stage=[
            Map(
                id="planner-map",
                language=context.language,
                height="100%",
                clickable=["deviation"],
                basemap=context.basemap,
                view=context.view,
                **first_props(*BUNDLES, language=context.language, whole=whole),
            )
        ],
    )
    colours = {f"--{theme}-{at}": colour for theme in THEMES for at, colour in enumerate(diverging_colours(theme))}
    return html.Div(body, className="planner", style=colours)


def attach(app: Dash) -> None:
    """Register the page's callbacks."""
    snapshot = snapshot_of(app.server)

    @callback(
        app,
        Output("planner-heading", "children"),
        Output("planner-figures", "children"),
        Output("planner-balance", "children"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def show_grids(_version: object) -> tuple[Any, Any, Any]:
        spoken, rows = shell.language(), workload_rows(snapshot)
        heading = _heading(snapshot, spoken)
        if rows.empty:
            return heading, _nothing(spoken), None
        return heading, _figures(rows, spoken), _balance(rows, snapshot, spoken)

    @callback(
        app,
        Output("planner-table", "rowData"),
        Input("planner-table-place", "due"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def list_grids(due: bool, _version: object) -> Any:
        return workload_rows(snapshot).to_dict("records") if due else no_update

    @callback(
        app,
        Output("planner-map", "layers"),
        Input(shell.VERSION, "data"),
        State("planner-map", "laid"),
        needs=NEEDS,
    )
    def draw_grids(_version: object, laid: bool | None) -> Any:
        if laid and not ctx.triggered_id:
            return no_update
        return static_specs(tiles_of(app.server), *BUNDLES, language=shell.language())

    _in_the_browser(app)


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


def workload_rows(snapshot: Snapshot) -> pd.DataFrame:
    """Return the table's rows, heaviest first: the workload, each grid's bounds in degrees, its class of deviation."""
    rows = snapshot.workload().copy()
    grids = snapshot.grids()
    if rows.empty:
        return rows
    rows["pipe_km"] = rows["pipe_m"] / 1000
    rows["class"] = deviation_class(rows["deviation"])
    bounds = grids.set_index("code")["geom"].to_crs(4326).bounds
    rows["bounds"] = bounds.reindex(rows["code"]).round(6).to_numpy().tolist()
    rows = rows.sort_values("deviation", ascending=False, na_position="last")
    rows = rows[["code", "leader", "leaders", *TOTALLED, "deviation", "class", "bounds"]]
    return rows.astype(object).where(rows.notna(), None)


def _table(context: shell.Context) -> Component:
    """Return the empty table."""
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
        {"field": "code", "pinned": "left", "width": 78, "cellClass": "code"},
        deviation,
        {"field": "leader", "width": 92, "cellRenderer": "PlannerLeader"},
        *numbers,
    ]
    for column in columns:
        tip = (
            _deviation_tip(context.language) if column is deviation else context.word(f"planner.{column['field']}.tip")
        )
        column |= {"headerName": context.word(f"planner.{column['field']}"), "headerTooltip": tip}
    nothing = context.word("shell.table.noRowsToShow")
    return row_table(context, "planner-table", columns, nothing=nothing, wrapped=True)


def _heading(snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return what the figures are, up to when, and whether the grids cover the area exactly once."""
    kinds = snapshot.coverage_faults()["kind"].value_counts()
    counts = {f"{kind}s": int(kinds.get(kind, 0)) for kind in ("gap", "overlap")} | {
        "invalid": int(kinds.get("invalid", 0))
    }
    day = snapshot.as_of().tz_convert(snapshot.store.zone).strftime("%Y-%m-%d")
    clean = not sum(counts.values())
    words = word("planner.coverage.ok", spoken) if clean else word("planner.coverage.faults", spoken, **counts)
    leaderless = int((snapshot.workload()["leaders"] != 1).sum())
    led = word("planner.leaders.faults", spoken, count=leaderless) if leaderless else word("planner.leaders.ok", spoken)
    return [
        html.H2(word("planner.heading", spoken)),
        html.Span(word("planner.as_of", spoken, day=day), className="quiet"),
        html.Span(
            [
                shell.badge(words, word("planner.coverage.tip", spoken), tone="good" if clean else "bad"),
                shell.badge(led, word("planner.leaders.tip", spoken), tone="bad" if leaderless else "good"),
            ],
            className="badges",
        ),
    ]


def _figures(rows: pd.DataFrame, spoken: str) -> list[Component]:
    """Return the totals above the table, each with what it counts."""
    totals = rows[list(TOTALLED)].sum()
    near = int((rows["deviation"].abs() <= BALANCED).sum())
    heaviest = rows.iloc[0]
    figures = [
        shell.figure(
            word(f"planner.{name}", spoken),
            f"{totals[name]:,.1f}" if name == "pipe_km" else f"{totals[name]:,.0f}",
            word(f"planner.{name}.tip", spoken),
            unit="km" if name == "pipe_km" else "",
        )
        for name in TOTALLED
    ]
    share = shell.figure(
        word("planner.within", spoken),
        f"{near:,}",
        word("planner.within.tip", spoken),
        unit=word("planner.within.of", spoken, count=len(rows)),
    )
    most = shell.figure(
        word("planner.largest", spoken),
        f"{heaviest['deviation']:+.0%}",
        word("planner.largest.tip", spoken, grid=heaviest["code"]),
        unit=heaviest["code"],
    )
    return [*figures, share, most]


def _outside(snapshot: Snapshot, spoken: str) -> Component | None:
    """Return what lies in no grid and is missing from the totals; None if nothing does."""
    outside = snapshot.outside_load()
    counts = {name: f"{outside[name]:,.0f}" for name in ("customers", "households", "incidents_12m")}
    counts["pipe_km"] = f"{outside['pipe_m'] / 1000:,.1f}"
    if not outside[["customers", "incidents_12m", "open_incidents"]].sum() and outside["pipe_m"] < 50:
        return None
    return html.P(word("planner.outside", spoken, **counts), className="quiet")


def _deviation_tip(spoken: str) -> str:
    """Return what the workload is made of."""
    parts = [f"{word(f'planner.{PARTS.get(name, name)}', spoken)} {share:.0%}" for name, share in WEIGHTS.items()]
    return word("planner.deviation.tip", spoken, weights=word("planner.comma", spoken).join(parts))


def _balance(rows: pd.DataFrame, snapshot: Snapshot, spoken: str) -> list[Component | None]:
    """Return what the totals leave out, and one bar a grid from light to heavy, clicked like the rows of the table."""
    rows = rows[rows["deviation"].notna()]
    light_first = rows.iloc[::-1]
    most = max(light_first["deviation"].abs().max(), BALANCED)
    bars = [
        html.Span(
            className=f"bar deviation-{row['class']}",
            style={"--share": f"{row['deviation'] / most:.3f}"},
            title=f"{row['code']} {row['deviation']:+.0%}",
            **{"data-grid": row["code"]},
        )
        for row in light_first.to_dict("records")
    ]
    strip = html.Div(
        [html.Span(word("planner.balance", spoken), className="quiet"), html.Div(bars, className="bars")],
        className="balance",
        **{"aria-hidden": "true"},  # the table below tells the same
    )
    return [_outside(snapshot, spoken), strip if bars else None]


def _nothing(spoken: str) -> Component:
    """Return what to do about a store without grids."""
    return shell.empty(
        word("planner.empty", spoken),
        [word("planner.empty.todo", spoken)],
        code=["gisapp import FILE --store STORE --as grids", "gisapp demo --size small --store FILE"],
    )
