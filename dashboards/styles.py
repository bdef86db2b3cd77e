"""The styles of the program as one file: what a browser shows first waits for one answer and not for a dozen."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path

from dash import Dash
from flask import Response

from dashboards.access import STYLES, Permission, route

_LINK = re.compile(r'<link rel="stylesheet" href="/assets/[^"]*">\n?')
_FOREVER = "public, max-age=31536000, immutable"


class Styles:
    """The styles in ``folder`` that Dash links, one after the other in its order: those of others come last."""

    def __init__(self, folder: Path) -> None:
        self._files = [*sorted(folder.glob("*.css")), *sorted(folder.glob("vendor/*.css"))]
        self._told: tuple[str, str] = ("", "")

    def linked(self, links: str) -> str:
        """Return links of a page with one in place of those of the program's own styles."""
        if self._told[0] != links:
            rest = _LINK.sub("", links)
            self._told = (links, f'<link rel="stylesheet" href="/styles/{self._rev(links)}.css">\n{rest}')
        return self._told[1]

    def answer(self, rev: str) -> Response:
        """Return the styles; those of another version of the program are not to be kept."""
        whole = "\n".join(file.read_text("utf-8") for file in self._files)
        answer = Response(whole, mimetype="text/css")
        answer.headers["Cache-Control"] = _FOREVER if rev == self._rev(self._told[0]) else "no-store"
        return answer

    @staticmethod
    def _rev(links: str) -> str:
        """Return what changes when a style does: Dash links each with the time of its file."""
        return blake2b(links.encode(), digest_size=6).hexdigest()


def add_styles(app: Dash, folder: Path) -> Styles:
    """Give an application the route of its styles, and return them."""
    styles = Styles(folder)
    route(app, STYLES, styles.answer, needs=Permission.PUBLIC)
    return styles
