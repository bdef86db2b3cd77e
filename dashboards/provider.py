"""Logging in by the house's own identity provider (OpenID Connect, authorization code with PKCE), where one is named.

``GISAPP_OIDC_ISSUER``, ``GISAPP_OIDC_CLIENT_ID`` and ``GISAPP_OIDC_CLIENT_SECRET`` name it. It says who somebody is,
never what they may do: that stands in the account whose subject it names.
"""

from __future__ import annotations

import logging
import os

import dash
from flask import request, session, url_for
from flask.typing import ResponseReturnValue

from dashboards.access import Permission, route
from dashboards.signing import Signing, safe_address, shown
from gisapp.errors import AccessError, InputError

START, BACK = "/login/provider", "/login/provider/back"
_NEXT = "gisapp_next"
log = logging.getLogger(__name__)


def add_provider(app: dash.Dash, signing: Signing) -> None:
    """Add the way to the identity provider and back, where one is named.

    Raises
    ------
    InputError
        When it is named in part, or its library is not installed.
    """
    issuer = os.environ.get("GISAPP_OIDC_ISSUER", "").rstrip("/")
    if not issuer:
        return
    client = _client(app, issuer)

    def start() -> ResponseReturnValue:
        session[_NEXT] = safe_address(request.args.get("next", "/"))
        try:
            if client.load_server_metadata().get("issuer", "").rstrip("/") != issuer:
                raise ValueError("the provider calls itself otherwise than it is named here")
            answer: ResponseReturnValue = client.authorize_redirect(url_for(BACK, _external=True))
        except _faults() as error:
            return _failed(error)
        return answer

    def back() -> ResponseReturnValue:
        where = safe_address(session.pop(_NEXT, "/"))
        try:
            token = client.authorize_access_token()
            subject = str(token["userinfo"]["sub"])
        except _faults() as error:
            return _failed(error)
        user = signing.accounts.by_subject(subject)
        try:
            return shown(signing, "unknown") if user is None else signing.begin(user, where, how="provider")
        except AccessError:
            return shown(signing, "disabled")

    def _failed(error: Exception) -> ResponseReturnValue:
        log.warning("the identity provider did not confirm a login: %s", type(error).__name__)
        return shown(signing, "failed")

    app.server.extensions["gisapp.provider"] = START
    route(app, START, start, needs=Permission.PUBLIC)
    route(app, BACK, back, needs=Permission.PUBLIC)


def _client(app: dash.Dash, issuer: str):  # type: ignore[no-untyped-def]
    """Return the client of the provider; its addresses and keys are read when somebody first logs in."""
    told = {name: os.environ.get(f"GISAPP_OIDC_{name.upper()}", "") for name in ("client_id", "client_secret")}
    missing = [f"GISAPP_OIDC_{name.upper()}" for name, value in told.items() if not value]
    if missing:
        raise InputError("an identity provider is named in part", todo=f"set {missing[0]}", field="GISAPP_OIDC_ISSUER")
    if not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise InputError(f"found {issuer}", todo="use an address with https", field="GISAPP_OIDC_ISSUER")
    try:
        from authlib.integrations.flask_client import OAuth
    except ImportError as error:
        raise InputError("authlib is not installed", todo="install gisapp[oidc]", field="GISAPP_OIDC_ISSUER") from error
    return OAuth(app.server).register(
        "provider",
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid", "code_challenge_method": "S256", "timeout": 10},
        **told,
    )


def _faults() -> tuple[type[Exception], ...]:
    """Return what goes wrong with a provider: it refuses, its answer is not its own, or it is not reached."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests.exceptions import RequestException

    return (AuthlibBaseError, JoseError, RequestException, KeyError, ValueError)
