"""A layer: what one sheet of a map shows, drawn by both the dashboards and folium."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np

from gisapp.errors import AccessError, CrsError
from gisapp.tables import TABLES, personal_columns

_PERSONAL = {column for name in TABLES for column in personal_columns(name)} - {"name"}


@dataclass(frozen=True)
class Classes:
    """Colours by the value of a column; ``other`` for a value that is not listed."""

    column: str
    colours: dict[str, str]
    other: str


@dataclass(frozen=True)
class Style:
    """How shapes are drawn, in CSS colours and screen pixels; ``width_px`` is also a point's radius."""

    colour: str | Classes
    width_px: float = 1.5
    opacity: float = 1.0
    outline: str | None = None
    dashed: bool = False
    label: str | None = None
    min_zoom: int = 0


@dataclass(frozen=True)
class Legend:
    """What the colours mean: (colour, words) from low to high, and the unit in words."""

    entries: tuple[tuple[str, str], ...]
    unit: str = ""


@dataclass(frozen=True)
class Shapes:
    """A layer of points, lines or polygons.

    Parameters
    ----------
    name
        Stable identifier: the layer list, the tiles and the deep links use it.
    title
        Key of its words.
    kind
        ``point``, ``line`` or ``polygon``.
    frame
        Geometry in the project's projected CRS and masked columns; the index is not used.
    """

    name: str
    title: str
    kind: str
    frame: gpd.GeoDataFrame
    style: Style
    legend: Legend | None = None
    popup: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        personal = _PERSONAL & set(self.frame.columns)
        if personal:
            raise AccessError(
                f"layer {self.name} holds personal data: {', '.join(sorted(personal))}; mask the table first"
            )
        if self.frame.crs is None or not self.frame.crs.is_projected:
            raise CrsError(f"layer {self.name} is not in a projected CRS; convert its table first")


@dataclass(frozen=True)
class Raster:
    """A layer that is a picture: RGBA rows from the north, in EPSG:3857, with its bounds there in metres."""

    name: str
    title: str
    pixels: np.ndarray
    bounds: tuple[float, float, float, float]
    legend: Legend = field(default_factory=lambda: Legend(()))
    opacity: float = 0.8


Layer = Shapes | Raster
