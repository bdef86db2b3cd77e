"""The application: pages, error border, security headers, and the server.

A page is a module, listed once in :data:`PAGES`, that on import does nothing and has

``PATH``            its address after the language, such as ``"/planner"``
``TITLE``           key of its name, such as ``"planner.title"``
``ICON``            name of an icon of ``assets/vendor/icons`` (pinned in pyproject.toml)
``NEEDS``           the :class:`~dashboards.access.Permission` without which it is not offered
``layout(context)`` its skeleton for a :class:`~dashboards.shell.Context`: language, light or dark, and the
                    state in the address (``context.query``); cheap and without rows of data, since it is
                    also built once at start so that Dash can check every callback against it
``attach(app)``     registers its callbacks by :func:`dashboards.access.callback` with a permission each, its
                    clientside ones by ``app.clientside_callback``, its routes by :func:`dashboards.access.route`

Inside a callback ``snapshot_of(app.server)`` (taken once in ``attach``) gives the tables and what is derived
from them, ``shell.language()`` the language of the page that asks. A callback that shows data takes
``Input(shell.VERSION, "data")``, which changes when the store does; a page with a map takes
``Input(shell.TARGET, "data")``, what the search box found. Ids start with the page's name. The map stands in
the skeleton once and callbacks output only its props. State goes into the address by the browser function
``gisapp.setState({grid: "G003"})`` (null takes it out) and comes back as ``context.query["grid"]``.
A :class:`~gisapp.errors.GisappError` raised in a callback becomes a notice on the page.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from html import escape
from types import ModuleType
from typing import Any

import dash
from dash import Input, Output, State, html
from flask import Flask, Response, abort, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import InternalServerError, RequestEntityTooLarge

from dashboards import (
    access,
    assessment,
    criticality,
    dispatch,
    emergency,
    following,
    manager,
    planner,
    shell,
    snapshot,
    standards,
    unavailable,
    watching,
)
from dashboards.begun import begun, in_order, later
from dashboards.bundles import add_tiles, tiles_of
from dashboards.configured import Settings
from dashboards.map import ASSETS
from dashboards.marked import add_marks
from dashboards.memory import give_back
from dashboards.packing import add_packing
from dashboards.provider import add_provider
from dashboards.readiness import Readiness
from dashboards.readiness import add_routes as add_readiness
from dashboards.shared import add_sharing
from dashboards.signing import add_login, add_signing, secure
from dashboards.styles import Styles, add_styles
from dashboards.workers import WORKERS
from gisapp import refusals
from gisapp.errors import GisappError, UnavailableError
from gisapp.store import Store
from gisapp.tables import UTILITIES
from gisapp.words import LANGUAGES, word

PAGES: tuple[ModuleType, ...] = (planner, emergency, dispatch, manager, criticality, assessment, following)
MAX_SENT_MB = 33
"""Of one request: the largest file that a page takes, and the rest of its form."""
READERS = 12  # the answering threads, the watchman, the metrics, and what asks for revisions
_FAVICON = '<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">'
log = logging.getLogger(__name__)


def create_app(
    store: Store,
    *,
    basemap: Mapping[str, Any] | None = None,
    person_of: Callable[[], access.Person | None] | None = None,
    person_of_key: Callable[[str], access.Person | None] | None = None,
    pages: tuple[ModuleType, ...] = PAGES,
    settings: Settings | None = None,
) -> dash.Dash:
    """Return the application over ``store``, sealed: every callback has a permission or this raises.

    Parameters
    ----------
    basemap
        An outside tile source (:func:`dashboards.map.raster_basemap`); by default nothing leaves the machine.
    person_of
        Tells who sends the present request; without it the accounts of the store do. While it has none there is one
        local user with every permission, and only requests under a name of this machine are answered.
    person_of_key
        Tells whose the key is that a program sends; without it no key is good.
    pages
        The pages, in the order of their tabs.
    settings
        What is logged and when the server counts as ready.

    Raises
    ------
    AccessError
        When a callback has no permission.
    """
    secret = os.environ.get("GISAPP_SECRET_KEY") or secrets.token_hex(32)
    mark = hashlib.sha256(secret.encode()).hexdigest()[:8]  # two servers on one machine share the browser's cookies
    app = _Application(
        __name__,
        assets_folder=str(ASSETS),
        assets_ignore=r"plotly-basic\.js",  # fetched when a chart is shown (dashboards.later.CHARTS), not at the head
        enable_mcp=False,
        on_error=_show_error,
        update_title=None,
        csrf_token_name=f"_csrf_token_{mark}",
        add_log_handler=False,
    )
    app.server.config.update(
        SECRET_KEY=secret,
        SESSION_COOKIE_NAME=f"gisapp_{mark}",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=os.environ.get("GISAPP_HTTPS", "") == "1",
        WTF_CSRF_TIME_LIMIT=None,  # a wall display stays open for weeks
        WTF_CSRF_CHECK_DEFAULT=False,  # _protect asks for the token
        MAX_CONTENT_LENGTH=MAX_SENT_MB * 2**20,
    )
    settings = settings or Settings()
    store.hold_readers(READERS)
    store.let_wait(WORKERS // 2 - 1)  # beside the one who has the writer's turn
    readiness = Readiness(store, settings.disk_min_mb, settings.import_max_days)
    # first of all that runs before a request: what is refused is counted too
    watching.watch(app.server, watching.Metrics(store, readiness.ready), log_requests=settings.log_requests)
    signing = add_signing(app, store.accounts, mark)
    if person_of is None:
        has = store.accounts.exist
        access.install(app, person_of=signing.person, person_of_key=signing.person_of_key, has_accounts=has)
    else:
        access.install(app, person_of=person_of, person_of_key=person_of_key)
    kept = snapshot.keep(app.server, store, basemap=basemap)
    _protect(app.server)
    kept.ahead, kept.after = lambda: _figures(kept), lambda: tiles_of(app.server).warm("workload")
    add_tiles(app, kept, frame=kept.frame)
    shell.add_routes(app)
    add_readiness(app, readiness)
    add_login(app, signing)
    add_provider(app, signing)
    standards.add_standards(app)
    _add_pages(app, pages, kept)
    app.styles = add_styles(app, ASSETS)
    access.seal(app)
    add_sharing(app.server, lambda: shell.moved(kept))
    _harden(app, host=str(basemap["host"]) if basemap else "")
    return app


def warm(server: Flask, kept: snapshot.Snapshot) -> None:
    """Make ready what the first person on each page would otherwise wait for, seconds in a city."""
    tiles_of(server).warm("base", "grids", "sites", UTILITIES[0])
    kept.network(UTILITIES[0])
    tiles_of(server).warm()
    _figures(kept)
    for page in (emergency, dispatch):
        page.ready(kept)
    standards.ready(server)
    give_back()


def _figures(kept: snapshot.Snapshot) -> None:
    """Make ready what is counted of incidents."""
    kept.workload()
    kept.outside_load()
    kept.cube()
    for page in (manager, planner):
        page.ready(kept)


class _Application(dash.Dash):
    """Dash with the page's language, its colour scheme and its map in its first bytes."""

    pages: tuple[ModuleType, ...] = ()
    styles: Styles

    def interpolate_index(self, **parts: str) -> str:
        parts |= {"title": word("shell.product", shell.language()), "favicon": _FAVICON}
        parts["css"] = self.styles.linked(parts["css"])
        map_first = begun(shell.asked_for(self.pages), scheme=shell.scheme())
        first, of_map, others = in_order(parts["scripts"])
        if map_first:
            parts["app_entry"] += map_first
            of_map = later(of_map, "map")
            others, parts["renderer"] = later(others), later(parts["renderer"])
        parts["scripts"] = f"{first}\n{of_map}\n{others}"
        page = super().interpolate_index(**parts)
        # shell.css writes it in place of Dash's own words
        coming = escape(f"--computing:{json.dumps(word('shell.computing', shell.language()), ensure_ascii=False)}")
        told = f'lang="{shell.language()}" data-scheme="{shell.scheme()}" style="{coming}"'
        return page.replace("<html>", f"<html {told}>", 1)


def _add_pages(app: _Application, pages: tuple[ModuleType, ...], kept: snapshot.Snapshot) -> None:
    """Set the frame as layout, one callback that puts the page of the address into it, and the pages' own."""
    app.pages = pages
    app.layout = lambda: shell.layout(kept, pages)
    skeletons = [page.layout(shell.Context(LANGUAGES[0], "auto", {})) for page in pages]
    app.validation_layout = html.Div([shell.layout(kept), *skeletons])
    for page in pages:
        page.attach(app)

    @access.callback(
        app,
        Output(shell.PAGE, "children"),
        Output(shell.TABS, "children"),
        Output(shell.PAGE, "data-stands"),
        Input(shell.LOCATION, "pathname"),
        State(shell.LOCATION, "search"),
        State(shell.PAGE, "data-stands"),
        needs=access.Permission.SHELL,
    )
    def show_page(pathname: str, search: str | None, stands: str | None) -> tuple[object, object, object]:
        if pathname == stands:  # it came with the frame
            return dash.no_update, dash.no_update, None
        here = shell.context(search or "")
        page = shell.page_of(pages, pathname)
        return shell.page(page, here), shell.tabs(pages, here, page.PATH if page else ""), None

    @app.server.before_request
    def find_page() -> ResponseReturnValue | None:
        if request.endpoint not in access.PAGE_ROUTES:
            return None
        first, _, rest = request.path.strip("/").partition("/")
        shown, allowed = shell.page_of(pages, request.path), shell.permitted(pages)
        if first in LANGUAGES and shown:
            return None if shown in allowed or not access.access_of(app.server).person() else shell.refused(allowed)
        wanted = f"/{rest}" if first in LANGUAGES else request.path.rstrip("/")
        if wanted.strip("/") and wanted not in [page.PATH for page in pages]:
            abort(404)
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        if not wanted.strip("/") and not allowed:
            return shell.refused(allowed)
        return redirect(f"/{shell.language()}{wanted if wanted.strip('/') else allowed[0].PATH}{query}")


def _protect(server: Flask) -> None:
    """Ask every request that may change something for the page's token, but one that brings a key.

    A browser sends cookies by itself, never a key; and a request with a key is judged by that alone.
    """
    csrf = CSRFProtect(server)

    @server.before_request
    def ask_for_token() -> None:
        if server.config["WTF_CSRF_ENABLED"] and access.access_of(server).key() is None:
            csrf.protect(apply_exemptions=True)


def _show_error(error: Exception) -> None:
    """Put a notice on the page: what the person can do, or the number under which the log holds the fault."""
    spoken, number = shell.language(), watching.request_number()
    g.gisapp_failed = True  # nobody else is given this answer
    if isinstance(error, GisappError):
        log.info("request %s refused by %s", number, type(error).__name__)
        told = unavailable.words_of(error, spoken)
        shown = shell.notice(word(f"shell.error.{type(error).__name__}", spoken), told, number=number)
    else:
        watching.count_fault(current_app)
        log.error("request %s failed", number, exc_info=error)
        shown = shell.notice(word("shell.error", spoken), word("shell.error.number", spoken, number=number))
    dash.set_props(shell.NOTICES, {"children": shown})


def _harden(app: dash.Dash, *, host: str) -> None:
    """Give every response the security headers, and pages the token that their requests must carry.

    ``host`` is that of the outside base map, the only one that pages may ask; empty without one.
    """
    scripts = " ".join(["'self'", *app.csp_hashes()])
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob: {host}; connect-src 'self' data: {host}; "
        "font-src 'self'; worker-src blob:; manifest-src 'self'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), payment=()",
    }

    add_packing(app.server)
    add_marks(app)

    @app.server.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)  # a page that runs alone brings a stricter policy of its own
        if secure():
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint in (*access.PAGE_ROUTES, "/version"):
            response.set_cookie(app.config.csrf_token_name, generate_csrf(), samesite="Strict", secure=secure())
        if request.endpoint in access.PAGE_ROUTES:
            if not access.access_of(app.server).local:
                response.headers.setdefault("Cache-Control", "no-store")  # nor shown again by going back after a logout
            response.set_cookie("language", shell.language(), max_age=31_536_000, samesite="Lax", secure=secure())
        return response

    _answer_faults(app.server)


def _answer_faults(server: Flask) -> None:
    """Answer faults of routes: a GisappError in its own words, anything else by a number that the log holds."""

    server.register_error_handler(UnavailableError, unavailable.refused)

    @server.errorhandler(GisappError)
    def usable(error: GisappError) -> ResponseReturnValue:
        return {"error": refusals.told(error, shell.language()), "request": watching.request_number()}, 400

    @server.errorhandler(RequestEntityTooLarge)
    def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
        words = f"more than {MAX_SENT_MB} MB were sent; split the file, or bring it in by the command line"
        return {"error": refusals.told_text(words, shell.language()), "request": watching.request_number()}, 413

    @server.errorhandler(InternalServerError)
    def broken(error: InternalServerError) -> ResponseReturnValue:
        number = watching.request_number()
        watching.count_fault(server)
        log.error("request %s failed", number, exc_info=error.original_exception)
        return {"error": f"The server failed; its log holds the fault under {number}.", "request": number}, 500
