"""The styles of the program as one file: what a browser shows first waits for one answer and not for a dozen."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from dash import Dash
from flask import Response

from dashboards.access import Permission, route
from dashboards.tiles import kept_for

RULE = "/styles/<rev>.css"
_LINK = re.compile(r'<link rel="stylesheet" href="/assets/[^"]*">\n?')


@dataclass(frozen=True)
class _Version:
    """The styles at one time: the links that Dash writes of them, the one that takes their place, and all packed."""

    links: str
    linked: str
    rev: str
    packed: bytes


class Styles:
    """The styles in ``folder`` that Dash links, one after the other in its order: those of others come last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version = self._read("")

    def linked(self, links: str) -> str:
        """Return links of a page with one in place of those of the program's own styles."""
        if self._version.links != links:
            self._version = self._read(links)
        return self._version.linked

    def answer(self, rev: str) -> Response:
        """Return the styles; those of another version of the program are not to be kept."""
        return kept_for(rev == self._version.rev, self._version.packed, "text/css")

    def _read(self, links: str) -> _Version:
        """Return the styles as they are; Dash links each with the time of its file, so links tell versions apart."""
        files = [*sorted(self._folder.glob("*.css")), *sorted(self._folder.glob("vendor/*.css"))]
        whole = "\n".join(file.read_text("utf-8") for file in files)
        rev = blake2b(links.encode(), digest_size=6).hexdigest()
        linked = f'<link rel="stylesheet" href="/styles/{rev}.css">\n{_LINK.sub("", links)}'
        return _Version(links, linked, rev, gzip.compress(whole.encode(), mtime=0))


def add_styles(app: Dash, folder: Path) -> Styles:
    """Give an application the route of its styles, and return them."""
    styles = Styles(folder)
    route(app, RULE, styles.answer, needs=Permission.PUBLIC)
    return styles
