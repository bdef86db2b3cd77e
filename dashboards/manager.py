"""The manager's page: choose types and a period, see where incidents concentrate, per km2, and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import dash_mantine_components as dmc
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.bundles import tiles_of
from dashboards.later import Later
from dashboards.map import Map, extent_of
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.specs import layer_specs, static_specs
from dashboards.table import row_table
from gisapp.density import Choice, Cube, Surface, surface_3857
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES
from gisapp.times import parse_day
from gisapp.words import word
from layers.density import class_limits, density_raster
from layers.layer import Layer

PATH = "/manager"
TITLE = "manager.title"
ICON = "flame"
NEEDS = Permission.INCIDENTS_VIEW

BANDWIDTHS_M = (50, 100, 150, 250, 400, 700, 1000)
USUAL_BANDWIDTH_M = 250
PERIODS = (30, 90, 365, 0)  # days up to the newest incident; 0 is all there are
MOST_ROWS = 500
MOST_GRIDS = 12
Filter = Mapping[str, Any]


def layout(context: shell.Context) -> Component:
    """Return the skeleton: filter, figures, ranking and rows at the left, map and histogram at the right."""
    wanted = filter_of(context.query)
    body = shell.workspace(
        panel=[
            html.Div(_controls(context, wanted), className="controls"),
            html.Div(id="manager-figures", className="figures", **{"aria-live": "polite"}),
            html.Div(id="manager-ranking"),
            html.H2(id="manager-rows-title"),
            _rows_table(context),
            dcc.Store(id="manager-filter", data=wanted),
        ],
        stage=[
            Map(
                id="manager-map",
                language=context.language,
                height="100%",
                clickable=["grids"],
                basemap=context.basemap,
                view=context.view,
            ),
            html.Div(
                [
                    html.Div(id="manager-period", className="period"),
                    Later(_days(context), id="manager-days-place", className="days"),
                ],
                className="histogram",
            ),
        ],
    )
    return html.Div(body, className="manager")


def attach(app: Dash) -> None:
    """Register the page's callbacks."""
    snapshot = snapshot_of(app.server)

    @callback(
        app,
        Output("manager-map", "layers"),
        Output("manager-map", "fit"),
        Input(shell.VERSION, "data"),
        State("manager-map", "view"),
        needs=NEEDS,
    )
    def draw_city(_version: object, view: object) -> tuple[Any, Any]:
        grids = snapshot.grids()
        extent = extent_of(grids, to=snapshot.frame) if len(grids) and not view else None
        return static_specs(tiles_of(app.server), "base", "grids", language=shell.language()), extent

    @callback(
        app,
        Output("manager-figures", "children"),
        Output("manager-ranking", "children"),
        Output("manager-rows-title", "children"),
        Output("manager-period", "children"),
        Output("manager-map", "answers"),
        Input("manager-filter", "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def show_period(wanted: Filter, _version: object) -> tuple[Any, ...]:
        spoken, cube = shell.language(), snapshot.cube()
        if not cube.days:
            return _nothing(spoken), None, None, None, []
        start, end = span(cube, wanted)
        chosen = incidents_in(snapshot, cube, wanted, start, end)
        drawn = _surfaces(snapshot, cube, wanted, start, end)
        return (
            _figures(cube, wanted, start, end, drawn[0], spoken),
            _ranking(chosen, wanted, spoken),
            _rows_title(chosen, wanted, spoken),
            _period(start, end, spoken),
            layer_specs(lambda theme: _sheets(*drawn, spoken, theme), language=spoken, frame=snapshot.frame),
        )

    @callback(
        app,
        Output("manager-rows", "rowData"),
        Input("manager-rows-place", "due"),
        Input("manager-filter", "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def list_rows(due: bool, wanted: Filter, _version: object) -> Any:
        cube = snapshot.cube()
        if not due or not cube.days:
            return [] if due else no_update
        return _rows(incidents_in(snapshot, cube, wanted, *span(cube, wanted)), wanted, snapshot, shell.language())

    @callback(
        app,
        Output("manager-days", "figure"),
        Input("manager-days-place", "due"),
        Input("manager-filter", "data"),
        Input(shell.VERSION, "data"),
        Input(shell.SCHEME, "data"),
        needs=NEEDS,
    )
    def draw_days(due: bool, wanted: Filter, _version: object, scheme: str | None) -> Any:
        cube = snapshot.cube()
        return no_update if not due else histogram(cube, wanted, dark=scheme == "dark", language=shell.language())

    shell.keep_view(app, "manager-map")
    app.clientside_callback(
        ClientsideFunction("manager", "choose"),
        Output("manager-filter", "data"),
        Input("manager-types", "value"),
        Input("manager-bandwidth", "value"),
        Input("manager-days", "selectedData"),
        Input("manager-map", "click"),
        Input(shell.TARGET, "data"),
        State("manager-filter", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("manager", "keep"), Output("manager-map", "highlight"), Input("manager-filter", "data")
    )


def filter_of(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the filter that an address names; days stay text, None is the first or last there is."""
    types = [name for name in query.get("types", "").split(",") if name in INCIDENT_TYPES]
    days = {name: query.get(name) or None for name in ("from", "to")}
    for day in days.values():
        if day:
            parse_day(day)
    asked = query.get("bandwidth", "")
    bandwidth = int(asked) if asked.isdigit() and int(asked) in BANDWIDTHS_M else USUAL_BANDWIDTH_M
    last = 365 if not any(days.values()) else None
    return {"types": types, **days, "last": last, "bandwidth": bandwidth, "grid": query.get("grid") or None}


def span(cube: Cube, wanted: Filter) -> tuple[date, date]:
    """Return the first and last day of a filter, both included, cut to the days that there are."""
    if wanted.get("last") is not None:
        days = wanted["last"] or cube.days
        return max(cube.first_day, cube.last_day - timedelta(days=days - 1)), cube.last_day
    start = parse_day(wanted["from"]) if wanted["from"] else cube.first_day
    end = parse_day(wanted["to"]) if wanted["to"] else cube.last_day
    if end < start:
        raise InputError(f"the period ends on {end}, before its start on {start}", todo="swap the two days")
    return start, end


def _types(wanted: Filter) -> tuple[str, ...] | None:
    """Return the types of a filter; None is all of them."""
    return tuple(wanted["types"]) or None


def incidents_in(snapshot: Snapshot, cube: Cube, wanted: Filter, start: date, end: date) -> pd.DataFrame:
    """Return the incidents with a position of the filter's types and period, masked, newest first."""
    rows = cube.select(Choice(_types(wanted), start, end))
    columns = ["code", "type", "status", "reported_at", "grid_code", "link_code", "geom"]
    found = snapshot.store.table("incidents")[columns].iloc[np.sort(rows)]
    return found.sort_values(["reported_at", "code"], ascending=False)


def histogram(cube: Cube, wanted: Filter, *, dark: bool, language: str) -> go.Figure:
    """Return incidents a week over all days, those in the period marked; dragging over it chooses a period."""
    ink, quiet, accent = ("#e9eff5", "#4a5866", "#4cc9e0") if dark else ("#131f2a", "#b9c4ce", "#0b6e84")
    figure = go.Figure()
    if cube.days:
        weekly = cube.daily(Choice(_types(wanted))).resample("W-MON", label="left", closed="left").sum()
        start, end = (pd.Timestamp(day) for day in span(cube, wanted))
        inside = (weekly.index > start - pd.Timedelta(days=7)) & (weekly.index <= end)
        words = word("manager.week", language)
        figure.add_bar(
            x=weekly.index,
            y=weekly.to_numpy(),
            marker={"color": np.where(inside, accent, quiet).tolist(), "line": {"width": 0}},
            hovertemplate=f"%{{x|%Y-%m-%d}} {words}: %{{y:,}}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    figure.update_layout(
        height=132,
        margin={"l": 44, "r": 12, "t": 6, "b": 24},
        bargap=0.12,
        dragmode="select",
        selectdirection="h",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink, "size": 12, "family": "inherit"},
        showlegend=False,
        uirevision="days",
        newselection={"line": {"color": accent, "width": 1, "dash": "solid"}},
    )
    figure.update_xaxes(showgrid=False, fixedrange=True, tickformat="%Y-%m")
    figure.update_yaxes(gridcolor="rgba(128,140,150,.25)", fixedrange=True, rangemode="tozero", nticks=4)
    return figure


def _days(context: shell.Context) -> Component:
    """Return the empty histogram."""
    locale = context.language.replace("Hans", "CN").replace("Hant", "TW").lower()
    config = {"displayModeBar": False, "locale": locale, "scrollZoom": False}
    return dcc.Graph(id="manager-days", className="days", config=config)


def _controls(context: shell.Context, wanted: Filter) -> list[Component]:
    """Return the filter: types, period, bandwidth."""
    types = [{"value": name, "label": context.word(f"incident.{name}")} for name in INCIDENT_TYPES]
    periods = [
        html.Button(
            context.word(f"manager.last_{days}"),
            className="button",
            **{"data-last": str(days), "aria-pressed": str(days == wanted["last"]).lower()},
        )
        for days in PERIODS
    ]
    widths = [{"value": str(metres), "label": f"{metres}"} for metres in BANDWIDTHS_M]
    return [
        dmc.MultiSelect(
            id="manager-types",
            label=context.word("manager.types"),
            placeholder=context.word("manager.types.all"),
            data=types,
            value=wanted["types"],
            clearable=True,
            searchable=True,
            hidePickedOptions=True,
        ),
        html.Div(periods, className="presets", role="group", **{"aria-label": context.word("manager.period")}),
        html.Div(
            [
                html.Span(context.word("manager.bandwidth"), id="manager-bandwidth-label", className="label"),
                dmc.SegmentedControl(
                    id="manager-bandwidth", data=widths, value=str(wanted["bandwidth"]), fullWidth=True, size="xs"
                ),
            ],
            title=context.word("manager.bandwidth.tip"),
        ),
    ]


def _surfaces(
    snapshot: Snapshot, cube: Cube, wanted: Filter, start: date, end: date
) -> tuple[Surface, tuple[float, ...]]:
    """Return the density of the period, and the limits of its classes.

    The limits come from all days of the same types, scaled to the period's length: two periods of one length
    have the same colours, so that they compare.
    """
    grids, types = snapshot.grids(), _types(wanted)
    frame = grids if len(grids) else snapshot.store.table("incidents")
    west, south, east, north = (float(side) for side in frame.total_bounds)
    width = float(wanted["bandwidth"])
    bounds = (west - width, south - width, east + width, north + width)
    options = {"crs": snapshot.store.crs, "bandwidth_m": width, "bounds": bounds}
    peak = snapshot.derived(
        ("peak", tuple(sorted(wanted["types"])), width),
        ("incidents", "grids"),
        lambda: surface_3857(cube.xy(Choice(types)), **options).peak,
    )
    share = ((end - start).days + 1) / cube.days
    return surface_3857(cube.xy(Choice(types, start, end)), **options), class_limits(peak * share)


def _sheets(drawn: Surface, limits: tuple[float, ...], spoken: str, theme: str) -> list[Layer]:
    """Return the picture of the density."""
    return [density_raster(drawn, limits=limits, language=spoken, theme=theme)]


def _figures(cube: Cube, wanted: Filter, start: date, end: date, drawn: Surface, spoken: str) -> list[Component]:
    """Return the sums of the period, against the period of the same length before."""
    types, days = _types(wanted), (end - start).days + 1
    daily = cube.daily(Choice(types))
    now = int(daily.loc[str(start) : str(end)].sum())
    before_start = start - timedelta(days=days)
    before = int(daily.loc[str(before_start) : str(start - timedelta(days=1))].sum())
    known = before_start >= cube.first_day and before > 0
    unplaced = cube.unlocated(Choice(types, start, end))
    return [
        shell.figure(word("manager.incidents", spoken), f"{now:,}", word("manager.incidents.tip", spoken)),
        shell.figure(
            word("manager.change", spoken),
            f"{now / before - 1:+.0%}" if known else "–",
            word("manager.change.tip", spoken, before=f"{before:,}", days=days),
        ),
        shell.figure(word("manager.daily", spoken), f"{now / days:,.1f}", word("manager.daily.tip", spoken, days=days)),
        shell.figure(
            word("manager.peak", spoken),
            f"{drawn.peak:,.1f}",
            word("manager.peak.tip", spoken, metres=wanted["bandwidth"]),
            unit=word("manager.per_km2", spoken),
        ),
        shell.figure(
            word("manager.unlocated", spoken),
            f"{unplaced:,}",
            word("manager.unlocated.tip", spoken),
            tone="warn" if unplaced else "",
        ),
    ]


def _ranking(chosen: pd.DataFrame, wanted: Filter, spoken: str) -> list[Component]:
    """Return the grids with the most incidents of the filter; a click chooses one."""
    counts = chosen["grid_code"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    outside = int(chosen["grid_code"].isna().sum())
    bars = [
        html.Button(
            [
                html.Strong(code),
                html.Span(html.I(style={"--share": f"{count / counts.iloc[0]:.4f}"}), className="track"),
                html.Span(f"{count:,}", className="count"),
            ],
            className="rank",
            **{"data-grid": code, "aria-pressed": str(code == wanted["grid"]).lower()},
        )
        for code, count in counts.head(MOST_GRIDS).items()
    ]
    rest = html.P(word("manager.outside", spoken, count=f"{outside:,}"), className="quiet") if outside else None
    return [html.H2(word("manager.ranking", spoken)), html.Div(bars, className="ranks"), rest]


def _rows_title(chosen: pd.DataFrame, wanted: Filter, spoken: str) -> str:
    """Return what the rows are: all of the filter, or those of one grid; how many there are and are shown."""
    count = int((chosen["grid_code"] == wanted["grid"]).sum()) if wanted["grid"] else len(chosen)
    key = "manager.rows_of" if wanted["grid"] else "manager.rows"
    return word(key, spoken, grid=wanted["grid"], count=f"{count:,}", shown=f"{min(count, MOST_ROWS):,}")


def _rows(chosen: pd.DataFrame, wanted: Filter, snapshot: Snapshot, spoken: str) -> list[dict[Any, Any]]:
    """Return the newest rows behind the figures."""
    mine = chosen[chosen["grid_code"] == wanted["grid"]] if wanted["grid"] else chosen
    newest = mine.head(MOST_ROWS)
    shown = pd.DataFrame(
        {
            "code": newest["code"],
            "at": newest["reported_at"].dt.tz_convert(snapshot.store.zone).dt.strftime("%Y-%m-%d %H:%M"),
            "type": newest["type"].map({name: word(f"incident.{name}", spoken) for name in INCIDENT_TYPES}),
            "grid": newest["grid_code"],
            "pipe": newest["link_code"],
        }
    ).astype(object)
    return [dict(row) for row in shown.where(shown.notna(), None).to_dict("records")]


def _rows_table(context: shell.Context) -> Component:
    """Return the empty list of incidents."""
    widths = {"at": 140, "type": 110, "grid": 78, "pipe": 100, "code": 150}
    columns = [
        {"field": name, "headerName": context.word(f"manager.column_{name}"), "width": width}
        for name, width in widths.items()
    ]
    return row_table(context, "manager-rows", columns, nothing=context.word("manager.no_rows"))


def _period(start: date, end: date, spoken: str) -> list[Component]:
    """Return the period in words."""
    days = (end - start).days + 1
    return [
        html.Strong(word("manager.shown", spoken, start=start, end=end, days=f"{days:,}")),
        html.Span(word("manager.drag", spoken), className="quiet"),
    ]


def _nothing(spoken: str) -> Component:
    """Return what to do about a store without incidents."""
    commands = ["gisapp import FILE.csv --store STORE --as incidents --mapping M.toml --crs EPSG:N"]
    return shell.empty(word("manager.empty", spoken), [word("manager.empty.todo", spoken)], code=commands)
