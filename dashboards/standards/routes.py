"""The routes of the standards, and how what the server itself refuses is told there."""

from __future__ import annotations

from dash import Dash
from flask import Flask, Response, abort, request

from dashboards.access import Permission, route
from dashboards.snapshot import snapshot_of
from dashboards.standards import features, open311
from dashboards.standards.features import add_features
from dashboards.standards.notices import Notices
from dashboards.standards.open311 import add_open311
from dashboards.standards.public import add_public


def add_standards(app: Dash) -> None:
    """Register every route that programs and the public ask."""
    notices = app.server.extensions["gisapp.notices"] = Notices(snapshot_of(app.server))
    add_open311(app)
    add_features(app, notices)
    add_public(app, notices)
    for rule in (f"{open311.ROOT}/<path:rest>", f"{features.ROOT}/<path:rest>"):
        route(app, rule, _nowhere, needs=Permission.PUBLIC)

    @app.server.after_request
    def tell(response: Response) -> Response:
        if response.status_code < 400 or not _own_words(response):
            return response
        if request.path.startswith(f"{open311.ROOT}/"):
            return open311.faulty(response)
        return features.faulty(response) if request.path.startswith(f"{features.ROOT}/") else response


def ready(server: Flask) -> None:
    """Make what the first who asks would wait for: the areas of what is published."""
    server.extensions["gisapp.notices"].told()


def _own_words(response: Response) -> bool:
    """Return whether the server itself refused, in a page or by the number of a fault, and no standard did."""
    return response.mimetype == "text/html" or (response.is_json and response.get_data().startswith(b'{"error"'))


def _nowhere(rest: str) -> Response:
    abort(404, f"there is no {rest}")
