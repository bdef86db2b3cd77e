"""Who may do what: permissions, the seal over callbacks, and the guard before every request.

Hiding a control is no protection: a callback answers whoever posts to it. So each server-side callback
is registered by :func:`callback` with the permission it needs, each route by :func:`route`, and
:func:`seal` refuses to start an application in which one callback has none. What is not listed is denied.
The seal reads private parts of Dash (``callback_map``, ``_setup_server``), which is why Dash is pinned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import dash
from flask import Flask, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound

from gisapp.errors import AccessError, StoreError
from gisapp.rules.roles import RoleRule

log = logging.getLogger(__name__)


class Permission(StrEnum):
    """What a person may do; a callback or route needs exactly one."""

    PUBLIC = "public"  # what anybody may read: published shutoffs, descriptions of services
    SHELL = "shell"  # the frame of the pages, assets, words: nothing of the city
    FIGURES_VIEW = "figures.view"  # counts, densities and rates of incidents, in which no single one stands
    CUSTOMERS_VIEW = "customers.view"  # find customers by their account numbers
    GRIDS_VIEW = "grids.view"
    GRIDS_EDIT = "grids.edit"  # draw boundary plans and hand them in
    GRIDS_APPROVE = "grids.approve"  # give them back, approve them, put them in force
    NETWORK_VIEW = "network.view"
    INCIDENTS_VIEW = "incidents.view"
    SHUTOFF_VIEW = "shutoff.view"
    SHUTOFF_RECORD = "shutoff.record"
    SHUTOFF_DECIDE = "shutoff.decide"
    EMERGENCY_RECORD = "emergency.record"  # declare an emergency; record its facts: tasks, reports, material, measures
    EMERGENCY_DECIDE = "emergency.decide"  # appoint who commands, start and end the response, evaluate
    INCIDENTS_REPORT = "incidents.report"
    INCIDENTS_HANDLE = "incidents.handle"  # record steps, each as one of the person's roles
    INCIDENTS_CLEAR = "incidents.clear"  # see what is personal in one incident, with a reason that is kept
    ASSESSMENT_VIEW = "assessment.view"  # what the rules propose about persons and units, and the sheet of a month
    ASSESSMENT_DECIDE = "assessment.decide"
    EXPORT = "export"  # files of figures
    INCIDENTS_EXPORT = "incidents.export"
    NETWORK_EXPORT = "network.export"


HANDS = ("dispatcher", "customer_service", "unit", "crew", "grid_leader", "grid_member", "discipline", "supervision")
"""As what persons act on incidents (:data:`gisapp.incidents.ROLES` without the program itself)."""


@dataclass(frozen=True)
class Person:
    """Who asks, what they may do, and as what they may act on incidents.

    ``rules`` are those of all roles of their account, by which rows of incidents are theirs (:mod:`dashboards.scope`);
    None is everywhere. ``grids`` and ``units`` are theirs.
    """

    code: str
    permissions: frozenset[Permission]
    roles: tuple[str, ...] = ()
    display: str = ""
    rules: tuple[RoleRule, ...] | None = None
    grids: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()

    @property
    def rights(self) -> Hashable:
        """Return all by which they are told what they are told, whoever they are."""
        rules = None if self.rules is None else tuple(rule.role for rule in self.rules)
        return self.permissions, self.roles, rules, self.grids, self.units


LOCAL = Person("local", frozenset(Permission), HANDS)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
DASH_ROUTES = {
    "/": Permission.SHELL,
    "/<path:path>": Permission.SHELL,
    "/_dash-layout": Permission.SHELL,
    "/_dash-dependencies": Permission.SHELL,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Permission.SHELL,
    "/_favicon.ico": Permission.SHELL,
    "_dash_assets.static": Permission.PUBLIC,  # scripts and styles of the program; the login page has some of them
}
OF_THE_PROGRAM = (
    "_dash_assets.static",
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
)
"""Routes of scripts and styles: nothing of the city."""
PAGE_ROUTES = ("/", "/<path:path>")
UPDATE = "/_dash-update-component"
KEYED = ("/open311/", "/ogc/", "/public/")
"""Where programs ask, which show a key in place of a session."""


@dataclass
class Access:
    """The permissions of one application.

    ``person_of`` is None, or ``has_accounts`` says no, while there are no accounts.

    ``sign_in`` answers whoever opens a page without being known.

    ``person_of_key`` tells whose the key of a request is; a request that brings one is judged by it alone.

    ``shared`` are the callbacks whose answers :mod:`dashboards.shared` gives to all who have the same rights.
    """

    person_of: Callable[[], Person | None] | None
    person_of_key: Callable[[str], Person | None] | None = None
    has_accounts: Callable[[], bool] | None = None
    sign_in: Callable[[], ResponseReturnValue] | None = None
    accounts_seen: bool = False
    accounts_asked: bool = False
    callbacks: dict[str, Permission] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    routes: dict[str, Permission] = field(default_factory=lambda: dict(DASH_ROUTES))

    @property
    def local(self) -> bool:
        """Whether everybody who reaches the server is the one local user; once there were accounts, never again."""
        if self.person_of is None or self.has_accounts is None:
            return self.person_of is None
        try:
            self.accounts_seen = self.accounts_seen or self.has_accounts()
            self.accounts_asked = True
        except StoreError:
            if not self.accounts_asked:
                raise
            # what was found last holds: whoever asks for anything of the store is told there that it is away
        return not self.accounts_seen

    def person(self) -> Person | None:
        """Return who sends the request that is being answered."""
        if self.person_of is None or self.local:
            return LOCAL
        key = self.key()
        if key is None:
            return self.person_of()
        return None if self.person_of_key is None else self.person_of_key(key)

    def key(self) -> str | None:
        """Return the key that the request brings, None without one: Bearer, or Open311's ``api_key``.

        Only requests of programs are asked for it (:data:`KEYED`), and nobody while there are no accounts.
        """
        if self.local or not request.path.startswith(KEYED):
            return None
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        return bearer.strip() if kind.lower() == "bearer" else request.values.get("api_key") or None


def install(
    app: dash.Dash,
    *,
    person_of: Callable[[], Person | None] | None = None,
    person_of_key: Callable[[str], Person | None] | None = None,
    has_accounts: Callable[[], bool] | None = None,
) -> None:
    """Put the guard before every request of ``app``; without ``person_of`` only this machine is answered."""
    access = Access(person_of, person_of_key, has_accounts)
    app.server.extensions["gisapp.access"] = access
    app.server.before_request(lambda: _guard(access))


def access_of(server: Flask) -> Access:
    """Return the permissions of the application that runs on ``server``."""
    access: Access = server.extensions["gisapp.access"]
    return access


def callback(
    app: dash.Dash, *dependencies: object, needs: Permission, shared: bool = False, **options: object
) -> Callable:
    """Register a server-side callback together with the permission that it needs; used as a decorator.

    One that is ``shared`` writes nothing, and tells the same to all who have the same rights.
    """

    def register(function: Callable) -> Callable:
        before, access = set(app.callback_map), access_of(app.server)
        registered = app.callback(*dependencies, **options)(function)
        fresh = set(app.callback_map) - before
        access.callbacks.update(dict.fromkeys(fresh, needs))
        access.shared.update(fresh if shared else ())
        return registered

    return register


def route(
    app: dash.Dash, rule: str, view: Callable[..., ResponseReturnValue], *, needs: Permission, method: str = "GET"
) -> None:
    """Add a route together with the permission that it needs."""
    endpoint = rule if method == "GET" else f"{method} {rule}"
    app.server.add_url_rule(rule, endpoint=endpoint, view_func=view, methods=[method])
    access_of(app.server).routes[endpoint] = needs


def seal(app: dash.Dash) -> None:
    """Check that nothing answers without a permission; the last step of building an application.

    Raises
    ------
    AccessError
        When a callback has no permission, a callback opens its own endpoint, or Dash's MCP server is on.
    """
    app._setup_server()  # collects callbacks that were registered globally
    if app._enable_mcp:
        raise AccessError("Dash's MCP server is on, which answers without a permission; unset DASH_MCP_ENABLED")
    opened = [*app.callback_api_paths, *dash._callback.GLOBAL_API_PATHS]
    if opened:
        raise AccessError(f"callback opens its own endpoint {opened[0]}; register it without api_endpoint")
    listed = access_of(app.server).callbacks
    bare = [name for name, entry in app.callback_map.items() if "callback" in entry and name not in listed]
    if bare:
        raise AccessError(f"callback {bare[0]} has no permission; register it by dashboards.access.callback")


def _guard(access: Access) -> ResponseReturnValue | None:
    """Answer 403 unless the request comes by a known name and its sender holds the permission it needs.

    Who is not known gets 401, or is asked to log in where a page was opened.
    """
    if access.local and _host(request.host) not in LOOPBACK:
        abort(403, "This server has no accounts and answers only under the names of this machine.")
    if request.endpoint is None:
        raise request.routing_exception if isinstance(request.routing_exception, MethodNotAllowed) else NotFound()
    needs = _needed(access)
    if needs is Permission.PUBLIC:
        return None
    person = access.person()
    if person is None and access.sign_in is not None and request.endpoint in PAGE_ROUTES:
        return access.sign_in()
    if person is None and not request.path.startswith(KEYED):
        abort(401, "Log in first.")
    if needs is None or person is None or needs not in person.permissions:
        log.warning(
            "refused %s %s to %s", request.method, request.endpoint, "nobody" if person is None else person.code
        )
        abort(403, "You may not do this.")
    return None


def _needed(access: Access) -> Permission | None:
    """Return the permission that the present request needs; None is denied."""
    if request.endpoint != UPDATE:
        return access.routes.get(str(request.endpoint))
    body = request.get_json(silent=True)  # cached: Dash reads the very same object
    wanted = body.get("output") if isinstance(body, Mapping) else None
    return access.callbacks.get(wanted) if isinstance(wanted, str) else None


def _host(host: str) -> str:
    """Return a Host header without its port."""
    return host if host.endswith("]") else host.rsplit(":", 1)[0].lower()
