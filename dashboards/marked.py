"""The line that tells who took a file out and when: on every page, table and text that leaves by a route."""

from __future__ import annotations

from datetime import datetime
from html import escape

from dash import Dash
from flask import Flask, Response, current_app, request

from dashboards import shell
from dashboards.access import KEYED, Permission, access_of
from dashboards.snapshot import snapshot_of
from gisapp.words import LANGUAGES, word

OPEN = (None, Permission.PUBLIC, Permission.SHELL)
"""What a route needs that tells nothing of the city."""


def add_marks(app: Dash) -> None:
    """Mark what leaves: a paragraph at the end of a page, a last line of a table or a text."""
    app.server.after_request(_marked)


def mark(spoken: str) -> str:
    """Return who takes something out, and when, in the store's zone."""
    person = access_of(current_app).person()
    at = datetime.now(snapshot_of(current_app).store.zone)
    who = (
        word("shell.local", spoken) if person is None or person.code == "local" else _name(person.code, person.display)
    )
    return word("shell.mark", spoken, who=who, at=f"{at:%Y-%m-%d %H:%M:%S %z}")


def leaves(server: Flask, response: Response) -> bool:
    """Return whether an answer is something of the city that a person keeps: a file, or a page by itself."""
    needs = access_of(server).routes.get(str(request.endpoint))
    if response.status_code != 200 or needs in OPEN or request.path.startswith(KEYED):
        return False
    return "attachment" in response.headers.get("Content-Disposition", "") or response.mimetype == "text/html"


def _marked(response: Response) -> Response:
    if not leaves(current_app, response) or response.mimetype not in ("text/html", "text/csv", "text/plain"):
        return response
    wanted = request.args.get("lang", "")
    line = mark(wanted if wanted in LANGUAGES else shell.language())
    response.direct_passthrough = False
    text = response.get_data(as_text=True)
    if response.mimetype == "text/html":
        before, end, after = text.rpartition("</body>")
        told = f'<p class="taken-out">{escape(line)}</p>'
        text = f"{before}{told}{end}{after}" if end else text + told
    else:
        comment = "# " if response.mimetype == "text/csv" else ""
        text = f"{text.rstrip()}\n{comment}{line}\n"
    response.set_data(text)
    response.headers.pop("ETag", None)
    response.headers["Cache-Control"] = "no-store"
    return response


def _name(code: str, display: str) -> str:
    return f"{display} ({code})" if display and display != code else code
