"""The page of critical mains: what every burst and every stuck valve costs, on the map and in a table that sorts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback, route
from dashboards.bundles import tiles_of
from dashboards.deeds import may
from dashboards.failures import (
    COLUMNS,
    TABLES,
    Asked,
    Found,
    asked_of,
    column_key,
    found_of,
    has_network,
    send_file,
    send_rows,
)
from dashboards.map import Map, extent_of
from dashboards.snapshot import Ranked, Snapshot, snapshot_of
from dashboards.specs import first_props, static_specs
from dashboards.table import row_table
from gisapp.tables import UTILITIES
from gisapp.words import utility_word, word

PATH = "/criticality"
TITLE = "criticality.title"
ICON = "sort-descending"
NEEDS = Permission.NETWORK_VIEW

_WIDTHS = {"rank": 62, "code": 100, "kind": 110, "state": 84}


def layout(context: shell.Context) -> Component:
    """Return the skeleton: figures and table at the left, the map at the right."""
    asked = asked_of(context.query)
    chosen = {"utility": asked["utility"], "kind": asked["table"][:-1], "code": context.query.get("code"), "by": "link"}
    whole = None if chosen["code"] or context.view else asked["utility"]
    body = shell.workspace(
        wide=True,
        panel=[
            shell.utility_buttons(context, asked["utility"]),
            html.Div(id="criticality-heading", className="heading"),
            html.Div(id="criticality-figures", className="figures"),
            html.Div(id="criticality-card", className="card", **{"aria-live": "polite"}),
            html.Div(id="criticality-tools", className="tools"),
            _table(context),
            dcc.Store(id="criticality-asked", data=asked),
            dcc.Store(id="criticality-chosen", data=chosen),
            dcc.Store(id="criticality-found"),
            dcc.Store(id="criticality-columns", data=_columns(context)),
        ],
        stage=[
            Map(
                id="criticality-map",
                language=context.language,
                height="100%",
                clickable=[f"criticality{part}_{name}" for name in UTILITIES for part in ("", "_devices")],
                basemap=context.basemap,
                view=context.view,
                visible={"grids": False},
                **first_props(*_bundles(asked["utility"]), language=context.language, whole=whole),
            )
        ],
    )
    return html.Div(body, className="criticality", **{"data-leaves": f"{shell.FIGURES} {shell.OF_FIGURES}"})


def attach(app: Dash) -> None:
    """Register the page's callbacks, the rows of its table and their file."""
    snapshot = snapshot_of(app.server)

    @callback(
        app,
        Output("criticality-heading", "children"),
        Output("criticality-figures", "children"),
        Output("criticality-tools", "children"),
        Output("criticality-map", "layers"),
        Output("criticality-map", "fit", allow_duplicate=True),
        Input("criticality-asked", "data"),
        Input(shell.VERSION, "data"),
        State("criticality-chosen", "data"),
        State("criticality-map", "view"),
        State("criticality-map", "laid"),
        needs=NEEDS,
        prevent_initial_call="initial_duplicate",
    )
    def show_network(asked: Asked, _version: object, chosen: Asked, view: object, laid: bool | None) -> tuple[Any, ...]:
        spoken, utility, tiles = shell.language(), asked["utility"], tiles_of(app.server)
        if not has_network(snapshot, utility):
            return None, _nothing(utility, spoken), None, static_specs(tiles, "base", language=spoken), no_update
        ranked = snapshot.criticality(utility)
        panel = _heading(ranked, snapshot, spoken), _figures(ranked, spoken), _tools(asked, spoken)
        if laid and not ctx.triggered_id:
            return *panel, no_update, no_update
        specs = static_specs(tiles, *_bundles(utility), language=spoken)
        whole = no_update if chosen["code"] or view else _whole(snapshot, utility)
        return *panel, specs, whole

    _attach_chosen(app, snapshot)
    shell.keep_view(app, "criticality-map")
    _attach_browser(app)
    route(app, "/criticality/rows.json", send_rows, needs=NEEDS)
    route(app, "/criticality.csv", send_file, needs=Permission.NETWORK_EXPORT)


def _attach_chosen(app: Dash, snapshot: Snapshot) -> None:
    """Register what follows from the row, the shape or the link that was chosen."""

    @callback(
        app,
        Output("criticality-found", "data"),
        Output("criticality-card", "children"),
        Output("criticality-map", "highlight"),
        Output("criticality-map", "fit"),
        Input("criticality-chosen", "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def show_chosen(chosen: Asked, _version: object) -> tuple[Any, Any, Any, Any]:
        found = found_of(snapshot, chosen)
        if found is None:
            return None, None, {}, no_update
        place = no_update if chosen["by"] == "criticality-map" else _roomy(extent_of(found.shapes, to=snapshot.frame))
        row = {"table": found.table, "row": found.row, "by": chosen["by"]}
        return row, _card(found, shell.language()), dict(found.marked), place


def _bundles(utility: str) -> tuple[str, ...]:
    """Return the bundles of tiles that are drawn, from below to above."""
    return "base", "grids", f"criticality_{utility}"


def _attach_browser(app: Dash) -> None:
    """Register what the browser does by itself: ``assets/criticality.js``."""
    app.clientside_callback(
        ClientsideFunction("criticality", "load"),
        Output("criticality-table", "columnDefs"),
        Output("criticality-table", "rowData"),
        Input("criticality-asked", "data"),
        Input(shell.VERSION, "data"),
        State("criticality-columns", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("criticality", "choose"),
        Output("criticality-chosen", "data"),
        Output("criticality-asked", "data"),
        Input("criticality-map", "click"),
        Input("criticality-table", "selectedRows"),
        Input(shell.TARGET, "data"),
        State("criticality-chosen", "data"),
        State("criticality-asked", "data"),
        State("criticality-found", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("criticality", "show"),
        Output("criticality-table", "selectedRows"),
        Output("criticality-table", "scrollTo"),
        Input("criticality-found", "data"),
        Input("criticality-table", "rowData"),
        State("criticality-asked", "data"),
        State("criticality-chosen", "data"),
    )


def _tools(asked: Asked, spoken: str) -> list[Component]:
    """Return what stands above the table: which one is shown, and the file of it."""
    choices = [
        html.Button(
            utility_word(f"criticality.{name}", asked["utility"], spoken),
            className="button",
            **{"data-table": name, "aria-pressed": str(name == asked["table"]).lower()},
        )
        for name in TABLES
    ]
    file = html.A(
        [shell.icon("download"), word("criticality.export", spoken)],
        href=f"/criticality.csv?{urlencode({**asked, 'lang': spoken})}",
        download="",
        className="button",
        title=word("criticality.export.tip", spoken),
    )
    files = [file] if may(Permission.NETWORK_EXPORT) else []
    return [html.Div(choices, className="buttons", role="group"), *files]


def _columns(context: shell.Context) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return the columns of both tables of every utility, in its own terms."""
    return {
        utility: {table: [_column(name, table, utility, context) for name in COLUMNS[table]] for table in TABLES}
        for utility in UTILITIES
    }


def _column(name: str, table: str, utility: str, context: shell.Context) -> dict[str, Any]:
    """Return one column."""
    key = column_key(name, table)
    column: dict[str, Any] = {
        "field": name,
        "headerName": utility_word(key, utility, context.language),
        "headerTooltip": utility_word(f"{key}.tip", utility, context.language),
        "width": _WIDTHS.get(name, 94),
    }
    if name in ("code", "kind", "state"):
        return column | ({"pinned": "left", "cellClass": "code"} if name == "code" else {})
    if name == "can_isolate":
        return column | {"cellRenderer": "CriticalityIsolates", "filter": False}
    formatter = "length" if name == "length_km" else "count"
    return column | {
        "type": "rightAligned",
        "filter": "agNumberColumnFilter",
        "valueFormatter": {"function": f"criticality.{formatter}(params.value)"},
    }


def _table(context: shell.Context) -> Component:
    """Return the empty table."""
    words = {name: context.word(f"criticality.{name}") for name in ("yes", "no")}
    nothing = context.word("criticality.no_rows")
    return row_table(context, "criticality-table", [], nothing=nothing, wrapped=True, words=words)


def _heading(ranked: Ranked, snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return what the figures are, and from which data they were computed when."""
    at = ranked.at.tz_convert(snapshot.store.zone).strftime("%Y-%m-%d %H:%M")
    computed = word("criticality.computed", spoken, revision=f"{ranked.revision:,}", at=at)
    notes = [html.P(note.words(spoken), className="note") for note in ranked.answer.warnings]
    return [
        html.H2(word("criticality.heading", spoken)),
        shell.badge(computed, word("criticality.computed.tip", spoken)),
        *notes,
    ]


def _figures(ranked: Ranked, spoken: str) -> list[Component]:
    """Return the sums above the table."""
    answer, utility = ranked.answer, ranked.answer.utility
    parts, devices = answer.segments, answer.devices
    worst = int(parts["households"].max()) if len(parts) else 0
    shown = {
        "worst": (worst, "bad" if worst else ""),
        "with_critical": (int((parts["critical"] > 0).sum()), ""),
        "open": (int((~parts["can_isolate"]).sum()), "warn" if (~parts["can_isolate"]).any() else ""),
        "widening": (int((devices["extra_customers"] > 0).sum()), ""),
    }
    units = {
        "worst": word("criticality.households_unit", spoken),
        "with_critical": word("criticality.of", spoken, count=f"{len(parts):,}"),
        "open": word("criticality.of", spoken, count=f"{len(parts):,}"),
        "widening": word("criticality.of", spoken, count=f"{len(devices):,}"),
    }
    return [
        shell.figure(
            utility_word(f"criticality.figure_{name}", utility, spoken),
            f"{value:,}",
            utility_word(f"criticality.figure_{name}.tip", utility, spoken),
            unit=units[name],
            tone=tone,
        )
        for name, (value, tone) in shown.items()
    ]


def _card(found: Found, spoken: str) -> list[Component]:
    """Return what was chosen in words: its rank, what is lost with it, and the way to the shutoff."""
    figures, device = found.figures, found.kind == "device"
    named = word(
        f"criticality.chosen_{found.kind}", spoken, code=found.row if found.kind != "link" else figures["code"]
    )
    rank = word("criticality.rank_of", spoken, rank=f"{figures['rank']:,}", count=f"{found.count:,}")
    told = {name: f"{int(figures[name]):,}" for name in ("customers", "households", "critical")}
    told["km"] = f"{figures['length_m'] / 1000:,.2f}"
    if device:
        before, extra = figures["customers_before"], figures["extra_customers"]
        told |= {"before": f"{int(before):,}", "extra": f"{int(extra):,}"}
    lines = [utility_word("criticality.loses_stuck" if device else "criticality.loses", found.utility, spoken, **told)]
    if not device:
        count = f"{int(figures['valves']):,}"
        lines.append(utility_word("criticality.to_close", found.utility, spoken, count=count))
    if figures.get("storage_customers"):
        lines.append(word("criticality.on_storage", spoken, count=f"{int(figures['storage_customers']):,}"))
    fault = [] if figures["can_isolate"] else [html.Span(word("criticality.open", spoken), className="badge warn")]
    return [
        html.Div([html.Strong(named), html.Span(rank, className="quiet"), *fault], className="head"),
        *(html.P(line) for line in lines),
        html.A(
            [shell.icon("alert-triangle"), word("criticality.try", spoken)],
            href=_shutoff(found, spoken),
            className="button",
        ),
    ]


def _shutoff(found: Found, spoken: str) -> str:
    """Return the address of the shutoff of what was chosen: of a device, of a burst beside it when it is stuck."""
    device = found.kind == "device"
    pipe = found.figures["code"] if found.kind == "link" else found.figures["link_code"]
    query = {"utility": found.utility, "pipe": str(pipe)} | ({"stuck": found.row} if device else {})
    return f"/{spoken}/emergency?{urlencode(query)}"


def _nothing(utility: str, spoken: str) -> Component:
    """Return why there is nothing to rank, and what to do."""
    commands = [f"gisapp import FILE.inp --store STORE --as network --utility {utility} --crs EPSG:N"]
    return shell.empty(word("criticality.no_network", spoken), [word("criticality.bring", spoken)], code=commands)


def _whole(snapshot: Snapshot, utility: str) -> list[float]:
    """Return the extent of a utility's network."""
    links = snapshot.store.table("links")
    return extent_of(links[links["utility"] == utility], to=snapshot.frame)


def _roomy(extent: list[float]) -> list[float]:
    """Return an extent with a margin, and never so small that the surroundings are lost."""
    west, south, east, north = extent
    x, y = max(east - west, 0.004) * 0.4, max(north - south, 0.003) * 0.4
    return [west - x, south - y, east + x, north + y]
