"""What is answered while the store cannot do it for now: 503, when to ask again, and in words what is gone."""

from __future__ import annotations

from flask import Response, jsonify, render_template, request

from dashboards import shell
from dashboards.watching import request_number
from gisapp.errors import GisappError, UnavailableError
from gisapp.refusals import told
from gisapp.words import word

AGAIN_S = {"busy": 2, "missing": 5, "unknown": 5, "locked": 10}
LATER_S = 60
"""Where a person must do something first."""


def words_of(error: GisappError, spoken: str) -> str:
    """Return what to tell a person: an error's own words in a language, of a store that is not available others.

    Its own may name the machine on which the database is.
    """
    return word(f"store.{error.why}", spoken) if isinstance(error, UnavailableError) else told(error, spoken)


def later(answer: Response, error: UnavailableError) -> Response:
    """Return an answer that says after how many seconds it is worth to ask again."""
    answer.headers["Retry-After"] = str(AGAIN_S.get(error.why, LATER_S))
    return answer


def refused(error: UnavailableError) -> Response:
    """Return the answer to a request: a page to whoever opens one, an object to programs and scripts."""
    spoken = shell.language()
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        answer = Response(_page(error, spoken), mimetype="text/html")
    else:
        answer = jsonify(**_told(error, spoken), request=request_number())
    answer.status_code = 503
    answer.headers["Cache-Control"] = "no-store"
    return later(answer, error)


def _told(error: UnavailableError, spoken: str) -> dict[str, str]:
    return {"error": words_of(error, "en"), "message": words_of(error, spoken), "why": error.why}


def _page(error: UnavailableError, spoken: str) -> str:
    return render_template(
        "unavailable.html",
        spoken=spoken,
        scheme=shell.scheme(),
        product=word("shell.product", spoken),
        title=word("shell.error.UnavailableError", spoken),
        words=words_of(error, spoken),
        again=word("shell.again", spoken),
        here=request.full_path if request.method == "GET" and request.query_string else request.path,
    )
