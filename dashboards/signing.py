"""Logging in and out: the login page, sessions kept by the server, tokens of programs, and the limits on guessing.

A browser holds a random secret in a cookie that no script reads; everything else about the session is in the store, so
that a logout, or an administrator, ends it at once. What screens ask by themselves is no activity: a session goes on
when its person opens a page or touches the screen, which the browser tells with its next poll (``/version?active=1``).
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import dash
from flask import Flask, Response, current_app, g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError
from limits.errors import ConfigurationError

from dashboards import shell
from dashboards.access import PAGE_ROUTES, Permission, Person, access_of, route
from dashboards.roles import person_of
from gisapp.accounts import LASTS, LEAST, User, hashed, matches, outdated
from gisapp.errors import InputError, UnavailableError
from gisapp.store.accounts import Accounts
from gisapp.words import LANGUAGES, word

LIMITS = "GISAPP_LIMITS"
AT_ONCE = 2
"""Logins that are checked at once: each takes 64 MiB and a core for a twentieth of a second."""
WAITS_S = 5
LOGIN = "/<any({}):spoken>/login".format(", ".join(f"'{name}'" for name in LANGUAGES))
PASSWORD = LOGIN.replace("/login", "/password")
LOGOUT = "/logout"
PER_ADDRESS, PER_NAME = "60 per hour; 15 per minute", "5 per 5 minutes"
"""Failed logins from one address, and of one name from one address."""
log = logging.getLogger(__name__)
View = Callable[[str], ResponseReturnValue]
_STATUS = {"": 200, "ended": 200, "out": 200, "changed": 200, "weak": 400,
           "wrong": 401, "disabled": 403, "many": 429, "busy": 503, "again": 400,
           "unknown": 403, "failed": 401}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Signing:
    """The accounts of a store as one application asks them; ``cookie`` names the one that holds a session."""

    accounts: Accounts
    cookie: str
    turns: threading.BoundedSemaphore

    def person(self) -> Person | None:
        """Return who sends the present request, by its session; asked once a request."""
        if "gisapp_person" not in g:
            secret = request.cookies.get(self.cookie_name(), "")
            user = self.accounts.session(secret, active=_active()) if secret else None
            g.gisapp_person = None if user is None else person_of(user)
        person: Person | None = g.gisapp_person
        return person

    def person_of_key(self, key: str) -> Person | None:
        """Return as whom a program acts that shows a token."""
        user = self.accounts.by_token(key)
        return None if user is None else person_of(user)

    def begin(self, user: User, where: str, *, how: str = "password") -> ResponseReturnValue:
        """Begin a session under a new secret, end the one that the browser had, and go on to a page."""
        before = request.cookies.get(self.cookie_name(), "")
        if before:
            self.accounts.end(before, actor=user.name)
        session.clear()  # another CSRF token too
        answer = redirect(where, 303)
        secret = self.accounts.begin(user.name, how=how)
        lasts = int(self.accounts.limits().lasts.total_seconds()) or int(LASTS.total_seconds())
        answer.set_cookie(
            self.cookie_name(), secret, max_age=lasts, httponly=True, samesite="Lax", secure=secure(), path="/"
        )
        return answer

    def cookie_name(self) -> str:
        """Return the name of the cookie: over https one that no other host or path can set."""
        return f"__Host-{self.cookie}" if secure() else self.cookie


def add_signing(app: dash.Dash, accounts: Accounts, mark: str) -> Signing:
    """Return the signing of an application; :func:`add_login` then gives it its pages."""
    made = Signing(accounts, f"gisapp_session_{mark}", threading.BoundedSemaphore(AT_ONCE))
    app.server.extensions["gisapp.signing"] = made
    return made


def add_login(app: dash.Dash, signing: Signing) -> None:
    """Add the login page and the logout, the limits on guessing, and who is asked to log in."""
    server = app.server
    limiter = _limiter(server)
    by_name = limiter.limit(PER_NAME, key_func=_name_key, deduct_when=_failed, override_defaults=False)
    by_address = limiter.limit(PER_ADDRESS, key_func=get_remote_address, deduct_when=_failed, override_defaults=False)
    route(app, LOGIN, lambda spoken: shown(signing, _why()), needs=Permission.PUBLIC)
    checked = by_address(by_name(_named(lambda spoken: _log_in(signing), "login")))
    route(app, LOGIN, checked, needs=Permission.PUBLIC, method="POST")
    route(app, LOGOUT, lambda: _log_out(signing), needs=Permission.PUBLIC, method="POST")
    route(app, PASSWORD, lambda spoken: shown(signing, "", template="password"), needs=Permission.SHELL)
    own = limiter.limit(PER_NAME, key_func=get_remote_address, deduct_when=_failed)(_named(_changing(signing), "own"))
    route(app, PASSWORD, own, needs=Permission.SHELL, method="POST")
    access_of(server).sign_in = lambda: _ask(signing)
    _answer_refused(server, signing)


def _limiter(server: Flask) -> Limiter:
    """Return what counts: several processes together in the place that ``GISAPP_LIMITS`` names, or each by itself.

    Where that place does not answer each counts by itself meanwhile.
    """
    place = os.environ.get(LIMITS, "memory://")
    shared = place != "memory://"
    try:
        return Limiter(
            get_remote_address,
            app=server,
            storage_uri=place,
            default_limits=[],
            in_memory_fallback_enabled=shared,
            storage_options={"socket_connect_timeout": 1, "socket_timeout": 1} if place.startswith("redis") else {},
        )
    except ConfigurationError as error:
        todo = "pip install 'gisapp[limits]' and name redis://host:6379, or leave it out"
        lacks = "its client is not installed" if "prerequisite" in str(error) else "nobody knows such a place"
        found = f"{place.partition(':')[0]}: {lacks}"  # the rest may hold a password, as do the error's own words
        raise InputError(found, todo=todo, field=LIMITS) from None


def secure() -> bool:
    """Return whether the browser came by https, or by a proxy that it reaches so (``GISAPP_HTTPS=1``)."""
    return request.is_secure or os.environ.get("GISAPP_HTTPS", "") == "1"


def signing_of(server: Flask) -> Signing:
    """Return the signing of the application that runs on ``server``."""
    made: Signing = server.extensions["gisapp.signing"]
    return made


def safe_address(wanted: str) -> str:
    """Return an address of a page of ours to go on to; the first page for any other.

    Examples
    --------
    >>> safe_address("/en/planner?grid=G001"), safe_address("//evil.example"), safe_address("https://evil.example")
    ('/en/planner?grid=G001', '/', '/')
    """
    told = urlsplit(wanted)
    plain = not told.scheme and not told.netloc and "\\" not in wanted and wanted.isprintable()
    ours = plain and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if ours and not told.path.rstrip("/").endswith("/login") else "/"


def _named(view: View, name: str) -> View:
    """Return a view under a name of its own: limits are counted by it."""
    view.__name__ = f"gisapp_{name}"
    return view


def _failed(answer: Response) -> bool:
    return answer.status_code == 401


def _changing(signing: Signing) -> View:
    """Return the view by which people give themselves another password: they know the present one, and log in anew."""

    def change(spoken: str) -> ResponseReturnValue:
        before, wanted = (request.form.get(field, "") for field in ("before", "password"))
        person = signing.person()
        if person is None or not signing.turns.acquire(timeout=WAITS_S):
            return shown(signing, "busy", template="password")
        try:
            user, kept = signing.accounts.login_of(person.code)
            if user is None or not matches(before, kept):
                return shown(signing, "wrong", template="password")
            try:
                signing.accounts.set_password(user.name, wanted, actor=user.name)
            except InputError:
                return shown(signing, "weak", template="password")
        finally:
            signing.turns.release()
        return redirect(f"/{spoken}/login?why=changed", 303)

    return change


def _active() -> bool:
    """Return whether the present request is something that a person does."""
    return request.endpoint in PAGE_ROUTES or (request.path == "/version" and "active" in request.args)


def _name_key() -> str:
    """Return the key under which failed logins of a name from an address are counted; the name itself is not kept."""
    name = request.form.get("name", "").strip().lower()
    return f"{get_remote_address()} {hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _why() -> str:
    wanted = request.args.get("why", "")
    return wanted if wanted in ("ended", "out", "changed") else ""


def _ask(signing: Signing) -> ResponseReturnValue:
    """Send whoever opens a page to the login, and back to it afterwards."""
    why = "&why=ended" if request.cookies.get(signing.cookie_name()) else ""
    wanted = request.full_path if request.query_string else request.path
    return redirect(f"/{shell.language()}/login?next={quote(safe_address(wanted), safe='')}{why}")


def _log_in(signing: Signing) -> ResponseReturnValue:
    """Check a name and a password, and begin a session."""
    name, password = (request.form.get(field, "") for field in ("name", "password"))
    if not signing.turns.acquire(timeout=WAITS_S):
        return shown(signing, "busy")
    try:
        user, kept = signing.accounts.login_of(name[:64])
        if not matches(password, kept) or user is None or kept is None:
            log.warning("a login of %s failed", "nobody known" if user is None else user.name)
            return shown(signing, "wrong")
        if user.disabled:
            log.warning("a login of %s failed: disabled", user.name)
            return shown(signing, "disabled")
        if outdated(kept):
            signing.accounts.renew_hash(user.name, hashed(password))
    finally:
        signing.turns.release()
    return signing.begin(user, safe_address(request.form.get("next", "/")))


def _log_out(signing: Signing) -> ResponseReturnValue:
    """End the session of the browser; nothing that it kept is shown to the next person."""
    person = signing.person()
    if person is not None:
        with suppress(UnavailableError):  # here it is over all the same
            signing.accounts.end(request.cookies[signing.cookie_name()], actor=person.code)
    session.clear()
    answer = redirect(f"/{shell.language()}/login?why=out", 303)
    answer.delete_cookie(signing.cookie_name(), path="/", secure=secure(), httponly=True, samesite="Lax")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def shown(signing: Signing, why: str, *, wait_s: int = 0, template: str = "login") -> ResponseReturnValue:
    """Return the login page, with what went wrong before."""
    spoken = shell.language()
    if not signing.accounts.exist():
        return redirect(f"/{spoken}/")
    wanted = safe_address(request.values.get("next", "/"))
    asked = f"?next={quote(wanted, safe='')}" if template == "login" else ""
    languages = [
        {"tag": tag, "short": short, "full": full, "href": f"/{tag}/{template}{asked}", "here": tag == spoken}
        for tag, (short, full) in shell.LANGUAGE_NAMES.items()
    ]
    provider = current_app.extensions.get("gisapp.provider", "")
    page = render_template(
        f"{template}.html",
        say=lambda key, **values: word(f"login.{key}", spoken, **values),
        least=LEAST,
        product=word("shell.product", spoken),
        language_label=word("shell.language", spoken),
        why=why,
        wait_min=max(1, -(-wait_s // 60)),
        name=request.form.get("name", "")[:64],
        next=wanted,
        languages=languages,
        spoken=spoken,
        scheme=shell.scheme(),
        city=shell.city(),
        provider=provider,
    )
    answer = Response(page, _STATUS[why], mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    if why == "many":
        answer.headers["Retry-After"] = str(wait_s)
    return answer


def _answer_refused(server: Flask, signing: Signing) -> None:
    """Answer a login that comes too often, or from a page that stood open too long, with the page itself."""

    @server.errorhandler(RateLimitExceeded)
    def too_many(error: RateLimitExceeded) -> ResponseReturnValue:
        wait_s = int(error.limit.limit.get_expiry()) if error.limit is not None else 300
        own = "password" if PASSWORD in str(request.endpoint) else "login"
        return shown(signing, "many", wait_s=wait_s, template=own)

    @server.errorhandler(CSRFError)
    def stale(error: CSRFError) -> ResponseReturnValue:
        if request.endpoint == f"POST {LOGIN}":
            return shown(signing, "again")
        return {"error": str(error.description)}, 400
