"""The frame around every page: header, tabs, language, light and dark, search, data age, notices.

The address of a page is ``/<language>/<page>?<state>``, so a link holds page, language and state; the
browser's half is ``assets/shell.js``. Pages build their layout from the parts at the end of this module.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dash_mantine_components as dmc
import pandas as pd
from dash import ClientsideFunction, Dash, Input, dcc, html
from dash.development.base_component import Component
from flask import Response, current_app, has_request_context, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from dashboards import readiness
from dashboards.access import Permission, access_of, route
from dashboards.scope import everywhere
from dashboards.snapshot import Snapshot, snapshot_of
from gisapp.crs import to_degrees
from gisapp.words import LANGUAGES, catalog, language_of, word

LANGUAGE_NAMES = {"zh-Hans": ("简", "简体中文"), "zh-Hant": ("繁", "繁體中文"), "en": ("EN", "English")}
TARGET = "shell-target"  # dcc.Store: what the search box found and the map shall show, {kind, utility, code, lon, lat}
POLLED = "/version"
FIGURES = "figures"  # the revision of incidents of which figures are, in ``/version``
OF_FIGURES = "incidents incident_steps shutoffs shutoff_steps valve_operations notices emergencies emergency_steps"
"""As ``data-leaves`` on a page that shows grids, networks and figures: tables that may change without it."""
VERSION = "shell-version"  # dcc.Store: the revision of every table; it changes when the store does
SCHEME = "shell-scheme"  # dcc.Store: "light" or "dark", as shown now
NOTICES = "shell-notices"
LOCATION = "shell-location"
PAGE = "shell-page"
TABS = "shell-tabs"
UTILITY_ICONS = {"water": "droplet", "power": "bolt", "heating": "flame", "gas": "flame"}
_STARTED = secrets.token_hex(4)  # a browser that sees another value knows that the server was started anew


@dataclass(frozen=True)
class Context:
    """What a page's layout may depend on: language, light or dark, the state in the address, the outside base map."""

    language: str
    scheme: str
    query: Mapping[str, str]
    basemap: Mapping[str, Any] | None = None

    @property
    def view(self) -> dict[str, Any] | None:
        """Return where the map of the address stood (``view=zoom/lat/lon``), for its prop ``view``; None if nowhere."""
        try:
            zoom, lat, lon = (float(part) for part in self.query.get("view", "").split("/"))
        except ValueError:
            return None
        usable = 0 <= zoom <= 24 and abs(lat) <= 85 and abs(lon) <= 180
        return {"center": [lon, lat], "zoom": zoom} if usable else None

    def word(self, key: str, **values: object) -> str:
        """Return the words of ``key`` in the page's language."""
        return word(key, self.language, **values)


def language() -> str:
    """Return the language of the page that sends the present request: its address, the cookie, the browser's wish."""
    if not has_request_context():
        return LANGUAGES[0]
    for address in (request.path, urlsplit(request.headers.get("Referer", "")).path):
        first = address.strip("/").split("/")[0]
        if first in LANGUAGES:
            return first
    cookie = request.cookies.get("language", "")
    return cookie if cookie in LANGUAGES else language_of([tag for tag, _ in request.accept_languages])


def scheme() -> str:
    """Return light, dark, or auto when the person has not chosen."""
    chosen = request.cookies.get("scheme", "") if has_request_context() else ""
    return chosen if chosen in ("light", "dark") else "auto"


def context(search: str = "") -> Context:
    """Return what a page's layout may depend on, of the present request."""
    basemap = snapshot_of(current_app).basemap if has_request_context() else None
    return Context(language(), scheme(), dict(parse_qsl(search.lstrip("?"))), basemap)


def layout(snapshot: Snapshot, pages: tuple[ModuleType, ...] = ()) -> Component:
    """Return the frame with the page that asks; it comes when the browser has told its address, where none is named."""
    address = urlsplit(request.headers.get("Referer", "") if has_request_context() else "")
    here = context(address.query)
    shown = page_of(pages, address.path)
    return dmc.MantineProvider(
        id="shell-theme",
        defaultColorScheme="auto",
        forceColorScheme=None if here.scheme == "auto" else here.scheme,
        theme={"primaryColor": "cyan", "fontFamily": "var(--font)", "headings": {"fontFamily": "var(--font)"}},
        children=[
            dcc.Location(id=LOCATION, refresh=False),
            *(dcc.Store(id=name) for name in (TARGET, VERSION, SCHEME)),
            html.Div(
                [
                    html.A(here.word("shell.skip"), href=f"#{PAGE}", className="skip"),
                    html.Header(
                        _header(here, snapshot, tabs(pages, here, shown.PATH) if shown else None), className="header"
                    ),
                    html.Div(id="shell-lost", className="lost", role="alert", hidden=True),
                    html.Div(id=NOTICES, className="notices", role="alert"),
                    html.Main(
                        page(shown, here) if shown else None,
                        id=PAGE,
                        className="page",
                        tabIndex="-1",
                        **{"data-stands": address.path if shown else None},
                    ),
                ],
                className="frame",
            ),
            html.Div(
                id="shell-words",
                hidden=True,
                **{"data-words": json.dumps(_browser_words(here.language), ensure_ascii=False)},
            ),
        ],
    )


def tabs(pages: Iterable[ModuleType], here: Context, path: str) -> list[Component]:
    """Return the links to the pages that the person may see, the present one marked."""
    return [
        html.A(
            [icon(page.ICON), html.Span(here.word(page.TITLE))],
            href=f"/{here.language}{page.PATH}",
            title=here.word(page.TITLE),
            **_current(path == page.PATH, "page"),
        )
        for page in permitted(pages)
    ]


def permitted(pages: Iterable[ModuleType]) -> list[ModuleType]:
    """Return the pages that the person who asks may open."""
    person = access_of(current_app).person()
    return [page for page in pages if person is not None and page.NEEDS in person.permissions]


def city() -> str:
    """Return what the store is called."""
    return snapshot_of(current_app).store.name


def refused(pages: Iterable[ModuleType]) -> ResponseReturnValue:
    """Return, as a page by itself, that this one is not for the person who asks, and which ones are."""
    here = context()
    page = render_template(
        "refused.html",
        spoken=here.language,
        scheme=here.scheme,
        product=here.word("shell.product"),
        say=lambda key: here.word(f"shell.{key}"),
        links=[(f"/{here.language}{page.PATH}", here.word(page.TITLE)) for page in pages],
        logout=not access_of(current_app).local,
    )
    return Response(page, 403, mimetype="text/html", headers={"Cache-Control": "no-store"})


def page(shown: ModuleType | None, here: Context) -> list[Component]:
    """Return a page under its name, or the words for an address that is none."""
    if shown is None:
        return [html.H1(here.word("shell.nowhere"), className="unseen"), empty(here.word("shell.nowhere"), [])]
    if has_request_context() and not permitted([shown]):
        return [empty(here.word("shell.forbidden"), [here.word("shell.forbidden.todo")], sign="info-circle")]
    return [html.H1(here.word(shown.TITLE), className="unseen"), shown.layout(here)]


def asked_for(pages: Iterable[ModuleType]) -> list[Component]:
    """Return the page at the address of the present request, to a person who may see it."""
    shown = page_of(pages, request.path)
    return page(shown, context(request.query_string.decode())) if shown and permitted([shown]) else []


def page_of(pages: Iterable[ModuleType], pathname: str) -> ModuleType | None:
    """Return the page at an address such as ``/en/planner``; None if there is none."""
    path = "/" + pathname.strip("/").partition("/")[2]
    return next((page for page in pages if path == page.PATH), None)


def add_routes(app: Dash) -> None:
    """Add what the browser's half of the frame asks: ``/version`` (polled) and ``/find`` (the search box)."""
    route(app, POLLED, _version, needs=Permission.SHELL)
    route(app, "/find", _find, needs=Permission.NETWORK_VIEW)


def keep_view(app: Dash, map_id: str) -> None:
    """Write where a map stands into the address, so that a link shows the same place."""
    app.clientside_callback(ClientsideFunction("shell", "keep_view"), Input(map_id, "extent"))


def notice(words: str, details: str, *, tone: str = "bad", number: str = "") -> Component:
    """Return a notice that stays until the person closes it; ``number`` is that of the request in the log."""
    return html.Div(
        [
            icon("alert-triangle"),
            html.Div([html.Strong(words), html.P(details), html.Small(number, className="number") if number else None]),
            html.Button(
                icon("x"), className="plain", **{"data-close": NOTICES, "aria-label": word("shell.close", language())}
            ),
        ],
        className=f"notice {tone}",
    )


def icon(name: str) -> Component:
    """Return an icon by its file's name in ``assets/vendor/icons``, in the colour of the text around it."""
    return html.Span(
        className="icon", style={"--icon": f"url(/assets/vendor/icons/{name}.svg)"}, **{"aria-hidden": "true"}
    )


def utility_buttons(here: Context, chosen: str) -> Component:
    """Return one button a utility, the chosen one pressed; each names its utility as ``data-utility``."""
    buttons = [
        html.Button(
            [icon(sign), here.word(f"utility.{name}")],
            className="utility",
            **{"data-utility": name, "aria-pressed": str(name == chosen).lower()},
        )
        for name, sign in UTILITY_ICONS.items()
    ]
    return html.Div(buttons, className="utilities", role="group")


def workspace(
    *, panel: list[Component], stage: list[Component], aside: list[Component] | None = None, wide: bool = False
) -> Component:
    """Return a page's body: a panel at the left (``wide`` for a table), the map's stage, a panel at the right.

    On a phone the stage stands above and the panels follow below it.
    """
    parts = [html.Section(panel, className="panel"), html.Section(stage, className="stage")]
    if aside is not None:
        parts.append(html.Section(aside, className="panel aside"))
    return html.Div(parts, className="workspace wide" if wide else "workspace")


def figure(label: str, value: str, tip: str, *, unit: str = "", tone: str = "") -> Component:
    """Return one figure with its label; hovering, focusing or touching it tells what is counted."""
    shown = [html.B(value), html.Small(f" {unit}") if unit else None]
    return _tipped(
        html.Div(
            [html.Span(label, className="label"), html.Span(shown, className="value")],
            className=f"figure {tone}",
            tabIndex="0",
        ),
        tip,
        boxWrapperProps={"w": "100%"},
    )


def badge(text: str, tip: str, *, tone: str = "") -> Component:
    """Return a short judgement in a colour and in words; its tip tells what was judged."""
    signs = {"good": "circle-check", "bad": "alert-triangle", "warn": "alert-triangle"}
    sign = [icon(signs[tone])] if tone in signs else []
    return _tipped(html.Span([*sign, text], className=f"badge {tone}", tabIndex="0"), tip)


def empty(title: str, todo: Iterable[str], *, code: Iterable[str] = (), sign: str = "map-off") -> Component:
    """Return what a page says when there is nothing to show yet, and what to do about it."""
    return html.Div(
        [icon(sign), html.H2(title), *(html.P(line) for line in todo), *(html.Pre(line) for line in code)],
        className="empty",
    )


def computing(context: Context) -> Component:
    """Return what stands where an answer will: that it is being worked out."""
    return html.P([html.Span(className="spinner"), context.word("shell.computing")], className="computing")


def _tipped(child: Component, tip: str, **props: Any) -> Component:
    """Return a part that tells more when hovered, focused or touched."""
    events = {"hover": True, "focus": True, "touch": True}
    return dmc.Tooltip(child, label=tip, multiline=True, w=280, events=events, **props)


def _current(yes: bool, kind: str = "true") -> dict[str, str]:
    return {"aria-current": kind} if yes else {}


def _header(here: Context, snapshot: Snapshot, links: list[Component] | None) -> list[Component]:
    """Return the parts of the header, from left to right."""
    title = html.Span([html.Strong(here.word("shell.product")), html.Small(snapshot.store.name)])
    return [
        html.A([html.Span(className="mark"), title], href=f"/{here.language}/", className="brand"),
        html.Nav(links, id=TABS, className="tabs", **{"aria-label": here.word("shell.pages")}),
        html.Div(id="shell-search", className="search"),
        html.Div(here.word("shell.age.starting"), id="shell-age", className="age", role="timer"),
        html.Nav(
            [
                html.A(
                    short,
                    href=f"/{name}/",
                    lang=name,
                    title=full,
                    className="language",
                    **_current(name == here.language),
                )
                for name, (short, full) in LANGUAGE_NAMES.items()
            ],
            className="languages",
            **{"aria-label": here.word("shell.language")},
        ),
        html.Button(
            [icon("moon"), icon("sun")],
            id="shell-scheme-toggle",
            className="plain",
            title=here.word("shell.scheme"),
            **{"aria-label": here.word("shell.scheme")},
        ),
        *_who(here),
    ]


def _who(here: Context) -> list[Component]:
    """Return who is logged in, with the button that ends it; nothing where there are no accounts."""
    person = access_of(current_app).person() if has_request_context() else None
    if person is None or access_of(current_app).local:
        return []
    token = dcc.Input(type="hidden", name="csrf_token", value=generate_csrf())
    button = html.Button(here.word("shell.logout"), type="submit")
    name = person.display or person.code
    form = html.Form(
        [html.A(name, title=f"{name} ({person.code})", href=f"/{here.language}/password"), token, button],
        className="who",
        **{"data-me": person.code},
    )
    form.action, form.method = "/logout", "post"
    return [form]


def _theirs(found: pd.DataFrame, kept: Snapshot) -> Any:
    """Return which of the things found are told: customers to who sees customers, in their grids where that ends."""
    told, person = (found["kind"] != "customers").to_numpy(copy=True), access_of(current_app).person()
    if person is None or Permission.CUSTOMERS_VIEW not in person.permissions:
        return told
    if everywhere(person, "customers"):
        return told | True
    rows = kept.grid_index().locate(found[["x", "y"]].to_numpy())
    codes = kept.grids()["code"].to_numpy()
    mine = [row >= 0 and codes[row] in person.grids for row in rows.tolist()]
    return told | mine


def _browser_words(spoken: str) -> dict[str, str]:
    """Return the words that ``shell.js`` shows, without the first parts of their keys."""
    return {key.removeprefix("shell.js."): text for key, text in catalog(spoken).items() if key.startswith("shell.js.")}


def moved(snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
    """Return the revision of every table, how often grids and posts began or ended, and the revision of figures."""
    known = snapshot.store.revisions()
    return *known.items(), ("in force", snapshot.in_force()), (FIGURES, snapshot.revision("incidents"))


def _version() -> ResponseReturnValue:
    """Return the revision of every table, small and with an ETag, for the screens that poll it.

    Grids and posts that begin or end by themselves change it too, figures that were made anew, and how the store
    stands: since when what is shown comes from memory, and whether it can be written.
    """
    snapshot = snapshot_of(current_app)
    revisions = dict(moved(snapshot))
    answered = snapshot.store.answered
    standing = {"answered": answered and answered.isoformat(), "writable": readiness.of(current_app).writable()}
    response = jsonify(server=_STARTED, revisions=revisions, store=standing)
    response.add_etag()
    return response.make_conditional(request)


def _find() -> ResponseReturnValue:
    """Return what the search box found, with longitude and latitude for the map; customers to whose they are."""
    kept = snapshot_of(current_app)
    store = kept.store
    found = store.find(request.args.get("q", "")[:80], limit=20)
    found = found[_theirs(found, kept)]
    lon, lat = to_degrees(store.crs).transform(found["x"], found["y"])
    rows = found.assign(lon=lon, lat=lat).drop(columns=["x", "y"])
    return jsonify(rows.astype(object).where(rows.notna(), None).to_dict("records"))
