"""Proof that a page asks nothing of any network."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from gisapp.errors import GisappError

# Attributes whose value a browser fetches by itself, and those that only a click follows.
_FETCHED = {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest", "xlink:href"}
_CLICKED = {"a", "area"}
_ADDRESS = re.compile(r"(?:https?|wss?|ftp):(?:\\?/){2}[^\s\"'`<>)]*", re.IGNORECASE)
_STYLE_FETCH = re.compile(r"url\(\s*['\"]?(?!data:|#)([^)'\"]*)|@import\s+['\"]?([^;'\"]*)", re.IGNORECASE)
_LOOSE = re.compile(r"[\"'`]//[\w.-]+\.\w+")
# In Leaflet's own text: a namespace, and a link that only its attribution control would show.
_HARMLESS = {"http://www.w3.org/2000/svg", "https://leafletjs.com"}


def require_offline(html: str) -> None:
    """Raise unless the page can be shown without a request.

    Data that scripts only read (JSON) and links that only a click follows may hold addresses; every
    other address, every style sheet, image, script or frame that is not in the page itself is refused.

    Raises
    ------
    GisappError
        Names the first address found, and where.
    """
    found = _Page()
    found.feed(html)
    found.close()
    if found.requests:
        place, address = found.requests[0]
        raise GisappError(
            f"the map would ask for {address or 'another file'} ({place}); an offline file may hold no address, "
            "so write its content into the page"
        )


class _Page(HTMLParser):
    """Collects what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.requests: list[tuple[str, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag's attributes."""
        for name, text in attrs:
            value = (text or "").strip()
            fetched = name in _FETCHED or (name == "href" and tag not in _CLICKED)
            if fetched and value and not value.startswith(("data:", "#")):
                self.requests.append((f"<{tag} {name}>", value))
            elif name == "style":
                self._style(value, f"<{tag} style>")
            elif name.startswith("on"):
                self._script(value, f"<{tag} {name}>")
        told = dict(attrs)
        if tag == "meta" and (told.get("http-equiv") or "").lower() == "refresh":
            self.requests.append(("<meta refresh>", told.get("content") or ""))
        is_data = tag == "script" and (told.get("type") or "").lower() == "application/json"
        self._inside = "data" if is_data else tag

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Look at scripts and style sheets; other text is only read."""
        if self._inside == "script":
            self._script(data, "<script>")
        elif self._inside == "style":
            self._style(data, "<style>")

    def _script(self, text: str, place: str) -> None:
        """Note addresses in a script."""
        addresses = _ADDRESS.findall(text) + _LOOSE.findall(text)
        self.requests += [(place, address) for address in addresses if address not in _HARMLESS]

    def _style(self, text: str, place: str) -> None:
        """Note what a style sheet fetches."""
        self.requests += [(place, one or other) for one, other in _STYLE_FETCH.findall(text)]
