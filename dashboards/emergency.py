"""The commander's page: click the burst; read which valves to close, who is then without supply, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import Response, current_app, request

from dashboards import shell
from dashboards.access import Permission, callback, route
from dashboards.bundles import tiles_of
from dashboards.map import Map, extent_of
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.specs import layer_specs, static_specs
from gisapp.errors import InputError
from gisapp.network import Shutoff, shutoff
from gisapp.network.area import affected_area
from gisapp.reports.offline_page import policy_of
from gisapp.reports.situation import TABLES as SITUATION_TABLES
from gisapp.reports.situation import situation_of
from gisapp.tables import UTILITIES
from gisapp.words import LANGUAGES, term, utility_word, word
from layers.layer import Layer, Shapes, Style
from layers.pack import TABLES as PACK_TABLES
from layers.pack import pack_html
from layers.palette import TEXT, THEMES, shutoff_colours
from layers.shutoff import shutoff_layers

PATH = "/emergency"
TITLE = "emergency.title"
ICON = "alert-triangle"
NEEDS = Permission.SHUTOFF_VIEW

WAYS = ("isolated", "unintended", "storage_only", "already_dry")
DOUBTFUL = ("unknown", "stuck", "unreachable")
UTILITY_ICONS = {"water": "droplet", "power": "bolt", "heating": "flame", "gas": "flame"}
Case = Mapping[str, Any]


def layout(context: shell.Context) -> Component:
    """Return the skeleton: verdict and valves at the left, the map, who is out of supply at the right."""
    case = case_of(context.query)
    colours = {f"--{theme}-{way}": colour for theme in THEMES for way, colour in shutoff_colours(theme).items()}
    body = shell.workspace(
        panel=[
            html.Div(_utilities(context, case["utility"]), className="utilities", role="group"),
            html.Div(id="emergency-answer", className="answer", **{"aria-live": "polite"}),
            dcc.Store(id="emergency-case", data=case),
            dcc.Store(id="emergency-utility", data=case["utility"]),
        ],
        stage=[
            Map(
                id="emergency-map",
                language=context.language,
                height="100%",
                clickable=[f"links_{utility}" for utility in UTILITIES] + ["shutoff_valves", "shutoff_links"],
                basemap=context.basemap,
                view=context.view,
                cursor="crosshair",
            )
        ],
        aside=[html.Div(id="emergency-lost", className="lost-list"), _customer_table(context)],
    )
    return html.Div(body, className="emergency", style=colours)


def attach(app: Dash) -> None:
    """Register the page's callbacks and the printable page."""
    snapshot = snapshot_of(app.server)

    @callback(
        app,
        Output("emergency-map", "layers"),
        Output("emergency-map", "fit", allow_duplicate=True),
        Input("emergency-utility", "data"),
        Input(shell.VERSION, "data"),
        State("emergency-case", "data"),
        State("emergency-map", "view"),
        needs=NEEDS,
        prevent_initial_call="initial_duplicate",
    )
    def draw_network(utility: str, _version: object, case: Case, view: object) -> tuple[Any, Any]:
        specs = static_specs(tiles_of(app.server), "base", "grids", utility, language=shell.language())
        return specs, no_update if case["bursts"] or view else _whole(snapshot, utility)

    @callback(
        app,
        Output("emergency-answer", "children"),
        Output("emergency-lost", "children"),
        Output("emergency-customers", "rowData"),
        Output("emergency-map", "answers"),
        Output("emergency-map", "fit"),
        Input("emergency-case", "data"),
        Input(shell.VERSION, "data"),
        needs=NEEDS,
    )
    def answer_burst(case: Case, _version: object) -> tuple[Any, Any, Any, Any, Any]:
        spoken = shell.language()
        if not case["bursts"]:
            return _invitation(snapshot, case["utility"], spoken), None, [], [], no_update
        answer = answer_of(snapshot, case)
        sheets, extent = _drawn(snapshot, answer, case, spoken)
        panel = _panel(answer, _without_stuck(snapshot, case), case, snapshot, spoken)
        return panel, _losses(answer, spoken), customer_rows(answer, snapshot, spoken), sheets, extent

    shell.keep_view(app, "emergency-map")
    app.clientside_callback(
        ClientsideFunction("emergency", "choose"),
        Output("emergency-case", "data"),
        Input("emergency-map", "click"),
        Input(shell.TARGET, "data"),
        State("emergency-case", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "keep"),
        Output("emergency-utility", "data"),
        Input("emergency-case", "data"),
        State("emergency-utility", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("emergency", "point"),
        Output("emergency-map", "flash"),
        Input("emergency-customers", "selectedRows"),
        prevent_initial_call=True,
    )
    route(app, "/shutoff.html", _printed, needs=NEEDS)


def case_of(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the case that an address names: utility, burst links, valves that cannot be closed."""
    utility = query.get("utility", UTILITIES[0])
    listed = {name: [code for code in query.get(name, "").split(",") if code] for name in ("pipe", "stuck")}
    known = utility if utility in UTILITIES else UTILITIES[0]
    return {"utility": known, "bursts": listed["pipe"], "stuck": listed["stuck"], "adding": False}


def answer_of(snapshot: Snapshot, case: Case) -> Shutoff:
    """Return the shutoff of a case."""
    return shutoff(snapshot.network(case["utility"]), case["bursts"], stuck=case["stuck"])


def _without_stuck(snapshot: Snapshot, case: Case) -> Shutoff | None:
    """Return the shutoff as it would be if every valve could be closed; None when none was reported."""
    return answer_of(snapshot, {**case, "stuck": []}) if case["stuck"] else None


def customer_rows(answer: Shutoff, snapshot: Snapshot, spoken: str) -> list[dict[str, Any]]:
    """Return who is without supply, critical ones first, with the place of each; no name and no address."""
    lost = pd.concat([getattr(answer, way).customers.assign(way=way) for way in WAYS], ignore_index=True)
    if lost.empty:
        return []
    places = snapshot.customer_places().reindex(lost["code"])
    lost = lost.assign(lon=places["lon"].to_numpy(), lat=places["lat"].to_numpy())
    lost["critical_words"] = [word(f"critical.{kind}", spoken) if kind == kind else "" for kind in lost["critical"]]  # noqa: PLR0124  NaN
    lost["way_words"] = lost["way"].map({way: word(f"layers.way_{way}", spoken) for way in WAYS})
    lost["rank"] = lost["critical"].isna()
    ordered = lost.sort_values(["rank", "households", "code"], ascending=[True, False, True])
    shown = ordered[["code", "critical_words", "households", "way", "way_words", "lon", "lat"]].astype(object)
    return list(shown.where(shown.notna(), None).to_dict("records"))


def _whole(snapshot: Snapshot, utility: str) -> Any:
    """Return the extent of a utility's network; where it has none the map stays."""
    links = snapshot.store.table("links")
    mine = links[links["utility"] == utility]
    return extent_of(mine, to=snapshot.frame) if len(mine) else no_update


def _drawn(snapshot: Snapshot, answer: Shutoff, case: Case, spoken: str) -> tuple[list[dict[str, Any]], list[float]]:
    """Return the answer's layers and the extent that shows all of it."""
    table = snapshot.store.table
    links, devices = (frame[frame["utility"] == answer.utility] for frame in (table("links"), table("devices")))
    burst = links.loc[links["code"].isin(case["bursts"]), ["code", "geom"]]
    area = affected_area(answer, table("customers"), table("buildings"), links=links)

    def make(theme: str) -> list[Layer]:
        made = shutoff_layers(answer, links=links, devices=devices, area=area, language=spoken, theme=theme)
        top = Shapes("burst", "page.burst", "line", burst, Style(TEXT[theme], width_px=9.0), table="links")
        return [*made[:-1], top, made[-1]]

    layers = layer_specs(make, language=spoken, frame=snapshot.frame)
    valves = devices.loc[devices["code"].isin(answer.must_close["code"]), ["geom"]]
    shapes = gpd.GeoDataFrame(pd.concat([burst[["geom"]], valves, area[["geom"]]]), geometry="geom", crs=links.crs)
    return layers, _roomy(extent_of(shapes, to=snapshot.frame))


def _roomy(extent: Sequence[float]) -> list[float]:
    """Return an extent with a margin, and never so small that the surroundings are lost."""
    west, south, east, north = extent
    x, y = max(east - west, 0.003) * 0.2, max(north - south, 0.002) * 0.2
    return [west - x, south - y, east + x, north + y]


def _utilities(context: shell.Context, chosen: str) -> list[Component]:
    """Return one button a utility."""
    return [
        html.Button(
            [shell.icon(UTILITY_ICONS[name]), context.word(f"utility.{name}")],
            className="utility",
            **{"data-utility": name, "aria-pressed": str(name == chosen).lower()},
        )
        for name in UTILITIES
    ]


def _invitation(snapshot: Snapshot, utility: str, spoken: str) -> list[Component]:
    """Return what to do first; where there is no network, how to bring one in."""
    links = snapshot.store.table("links")
    if not (links["utility"] == utility).any():
        commands = [f"gisapp import FILE.inp --store STORE --as network --utility {utility} --crs EPSG:N"]
        return [shell.empty(word("emergency.no_network", spoken), [word("emergency.bring", spoken)], code=commands)]
    return [shell.empty(word("emergency.start", spoken), [word("emergency.start.how", spoken)], sign="map-2")]


def _panel(answer: Shutoff, easier: Shutoff | None, case: Case, snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return the left side: verdict, figures, notes, valves in order."""
    totals = answer.totals
    return [
        _heading(case, snapshot, spoken),
        _verdict(answer, spoken),
        *_stuck(answer, easier, case, spoken),
        html.Div(_figures(totals, answer.utility, spoken), className="figures"),
        *(html.P(note.words(spoken), className="note") for note in answer.warnings),
        html.H2(utility_word("page.must_close", answer.utility, spoken)),
        html.Ol(
            [_valve(row, answer.utility, spoken) for row in answer.must_close.to_dict("records")], className="valves"
        ),
        *_others(answer, spoken),
        html.A(
            [shell.icon("download"), word("emergency.print", spoken)],
            href=f"/shutoff.html?{_address(case)}&lang={spoken}",
            target="_blank",
            className="button",
        ),
    ]


def _heading(case: Case, snapshot: Snapshot, spoken: str) -> Component:
    """Return what burst: code, size, material, year."""
    links = snapshot.store.table("links")
    rows = links[(links["utility"] == case["utility"]) & links["code"].isin(case["bursts"])]
    lines = [
        html.Div([html.Strong(row["code"]), html.Span(_about_pipe(row, spoken), className="quiet")])
        for row in rows.to_dict("records")
    ]
    buttons = [
        html.Button(
            word("emergency.add", spoken),
            className="button",
            **{"data-case": "adding", "aria-pressed": str(bool(case.get("adding"))).lower()},
        ),
        html.Button(word("emergency.clear", spoken), className="button", **{"data-case": "clear"}),
    ]
    return html.Div([html.Div(lines, className="bursts"), html.Div(buttons, className="buttons")], className="case")


def _about_pipe(row: Mapping[str, Any], spoken: str) -> str:
    """Return size, material and year of a link, as far as they are known."""
    parts = [
        f"DN{row['diameter_mm']:.0f}" if pd.notna(row["diameter_mm"]) else None,
        row["rating"] if pd.notna(row["rating"]) else None,
        term("material", row["material"], spoken) if pd.notna(row["material"]) else None,
        word("emergency.laid", spoken, year=row["laid_year"]) if pd.notna(row["laid_year"]) else None,
        f"{row['length_m']:.0f} m",
    ]
    return " · ".join(part for part in parts if part)


def _verdict(answer: Shutoff, spoken: str) -> Component:
    """Return whether it can be isolated, in one line."""
    sign = shell.icon("circle-check" if answer.isolated_possible else "alert-triangle")
    possible = utility_word("emergency.possible", answer.utility, spoken, count=len(answer.must_close))
    words = possible if answer.isolated_possible else word("emergency.impossible", spoken)
    return html.P([sign, words], className=f"verdict {'good' if answer.isolated_possible else 'bad'}")


def _stuck(answer: Shutoff, easier: Shutoff | None, case: Case, spoken: str) -> list[Component]:
    """Return the valves reported as impossible to close, and what they cost."""
    if easier is None:
        return []
    more = {name: int(str(answer.totals[name])) - int(str(easier.totals[name])) for name in ("households", "valves")}
    words = utility_word(
        "emergency.wider", answer.utility, spoken, households=f"{more['households']:+,}", valves=f"{more['valves']:+,}"
    )
    chips = [
        html.Button(
            [code, shell.icon("x")], className="chip", title=word("emergency.undo", spoken), **{"data-free": code}
        )
        for code in case["stuck"]
    ]
    return [
        html.Div(
            [html.Span(utility_word("emergency.stuck", answer.utility, spoken)), *chips, html.Strong(words)],
            className="stuck",
        )
    ]


def _figures(totals: Mapping[str, Any], utility: str, spoken: str) -> list[Component]:
    """Return the sums over what this shutoff takes out of supply."""
    critical = sum(totals["critical"].values())
    shown = {
        "households": (f"{totals['households']:,}", "", "bad" if totals["households"] else ""),
        "critical": (f"{critical:,}", "", "bad" if critical else ""),
        "valves": (f"{totals['valves']:,}", "", ""),
        "customers": (f"{totals['customers']:,}", "", ""),
        "length": (f"{totals['length_m'] / 1000:,.2f}", "km", ""),
        "hydrants": (f"{totals['hydrants']:,}", "", "warn" if totals["hydrants"] else ""),
    }
    if utility != "water":
        del shown["hydrants"]
    names = {name: word(f"page.{name}", spoken) for name in shown} | {
        "valves": utility_word("page.valves", utility, spoken)
    }
    return [
        shell.figure(names[name], value, word(f"emergency.{name}.tip", spoken), unit=unit, tone=tone)
        for name, (value, unit, tone) in shown.items()
    ]


def _valve(row: Mapping[Any, Any], utility: str, spoken: str) -> Component:
    """Return one valve to close: number, code, size, turns, way; the button for when it cannot be closed."""
    parts = [
        word(f"emergency.kind_{row['kind']}", spoken),
        f"DN{row['diameter_mm']:.0f}" if pd.notna(row["diameter_mm"]) else None,
        word("emergency.turns", spoken, count=row["turns"]) if pd.notna(row["turns"]) else None,
        word("emergency.along", spoken, metres=f"{row['distance_m']:,.0f}") if pd.notna(row["distance_m"]) else None,
    ]
    doubt = word(f"page.operable_{row['operable']}", spoken) if row["operable"] in DOUBTFUL else None
    return html.Li(
        [
            html.Span(str(row["order"]), className="number"),
            html.Button(
                [html.Strong(row["code"]), html.Span(" · ".join(part for part in parts if part), className="quiet")]
                + ([html.Span(doubt, className="badge warn")] if doubt else []),
                className="row",
                **{"data-valve": row["code"]},
            ),
            html.Button(
                utility_word("emergency.cannot", utility, spoken), className="button", **{"data-stuck": row["code"]}
            ),
        ],
        id=f"valve-{row['code']}",
    )


def _others(answer: Shutoff, spoken: str) -> list[Component]:
    """Return what cannot be closed with its cost, what to find closed, what opens by itself, what could feed."""
    parts: list[Component] = []
    if len(answer.unusable):
        lines = [
            utility_word("emergency.cost", answer.utility, spoken, code=row["code"], households=row["extra_households"])
            for row in answer.unusable.to_dict("records")
            if pd.notna(row["extra_households"])
        ]
        parts += [
            html.H2(utility_word("page.unusable", answer.utility, spoken)),
            html.Ul([html.Li(line) for line in lines], className="plain-list"),
        ]
    for name in ("verify_closed", "trips"):
        frame = getattr(answer, name)
        if len(frame):
            codes = html.P(", ".join(frame["code"].astype(str)), className="codes")
            head = utility_word(f"emergency.{name}", answer.utility, spoken)
            parts += [html.H2(head), codes]
    if len(answer.restoration):
        lines = [
            word("emergency.feeds", spoken, code=row["code"], households=f"{row['households']:,}")
            for row in answer.restoration.to_dict("records")
        ]
        parts += [
            html.H2(utility_word("page.restoration", answer.utility, spoken)),
            html.Ul([html.Li(line) for line in lines], className="plain-list"),
            html.P(word("page.unchecked", spoken), className="quiet"),
        ]
    return parts


def _losses(answer: Shutoff, spoken: str) -> list[Component]:
    """Return why supply is lost, one line a class, and the critical customers by kind."""
    head = [word(f"emergency.column_{name}", spoken) for name in ("way", "customers", "households", "km")]
    rows = []
    for way in WAYS:
        loss = getattr(answer, way)
        numbers = (len(loss.customers), int(loss.customers["households"].sum()), loss.links["length_m"].sum() / 1000)
        cells = [html.Td(f"{numbers[0]:,}"), html.Td(f"{numbers[1]:,}"), html.Td(f"{numbers[2]:,.2f}")]
        name = html.Th([html.I(className=f"swatch way-{way}"), word(f"layers.way_{way}", spoken)], scope="row")
        rows.append(html.Tr([name, *cells], title=word(f"emergency.{way}.tip", spoken)))
    table = html.Table([html.Thead(html.Tr([html.Th(text) for text in head])), html.Tbody(rows)], className="ways")
    kinds = answer.totals["critical"]
    assert isinstance(kinds, Mapping)
    chips = [
        html.Span([word(f"critical.{kind}", spoken), html.B(f" {count}")], className="badge bad")
        for kind, count in kinds.items()
    ]
    return [html.H2(word("page.ways", spoken)), table, html.Div(chips, className="badges")]


def _customer_table(context: shell.Context) -> Component:
    """Return the empty list of who is without supply."""
    columns: list[dict[str, Any]] = [
        {"field": "critical_words", "headerName": context.word("page.critical"), "width": 100, "cellClass": "critical"},
        {"field": "code", "headerName": context.word("emergency.column_code"), "width": 120},
        {
            "field": "households",
            "headerName": context.word("page.column_households"),
            "width": 78,
            "type": "rightAligned",
        },
        {"field": "way_words", "headerName": context.word("page.column_way"), "width": 120},
    ]
    return shell.row_table(context, "emergency-customers", columns, nothing=context.word("emergency.nobody"))


def _address(case: Case) -> str:
    """Return a case as it stands in an address."""
    return urlencode({"utility": case["utility"], "pipe": ",".join(case["bursts"]), "stuck": ",".join(case["stuck"])})


def _printed() -> Response:
    """Return the shutoff of the address as a page that prints and opens without a network."""
    snapshot, case = snapshot_of(current_app), case_of(request.args)
    if not case["bursts"]:
        raise InputError("no pipe is named", todo="give pipe=CODE in the address")
    store, wanted = snapshot.store, request.args.get("lang", "")
    tables = {name: store.table(name) for name in dict.fromkeys((*SITUATION_TABLES, *PACK_TABLES))}
    spoken = wanted if wanted in LANGUAGES else shell.language()
    now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
    told = situation_of(answer_of(snapshot, case), tables, now=now, zone=store.zone)
    text = pack_html(told, {name: tables[name] for name in PACK_TABLES}, city=store.name, language=spoken)
    policy = {"Content-Security-Policy": f"{policy_of(text)}; frame-ancestors 'none'"}
    return Response(text, mimetype="text/html", headers=policy)
