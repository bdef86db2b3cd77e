"""Files that this package carries: its own assets, and Leaflet, which the build fetches."""

from __future__ import annotations

import base64
from importlib import resources

from gisapp.errors import GisappError


def asset(folder: str, name: str) -> str:
    """Return the text of a file of this package."""
    file = resources.files("layers").joinpath(folder, name)
    if not file.is_file():
        raise GisappError(f"layers/{folder}/{name} is missing; fetch it with: python build_backend.py")
    return file.read_text(encoding="utf-8")


def leaflet_css() -> str:
    """Return Leaflet's style sheet with its pictures inside."""
    css = asset("vendor", "leaflet.css")
    for name in ("layers.png", "layers-2x.png", "marker-icon.png"):
        content = resources.files("layers").joinpath("vendor", name).read_bytes()
        css = css.replace(f"url(images/{name})", f"url({data_uri(content, 'image/png')})")
    return css.replace("behavior: url(#default#VML);", "")


def data_uri(content: bytes, kind: str) -> str:
    """Return content as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
