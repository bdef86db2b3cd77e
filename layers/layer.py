"""A layer: what one sheet of a map shows, drawn by both the dashboards and folium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.errors import AccessError, CrsError, GisappError
from gisapp.tables import TABLES, personal_columns

KINDS = ("point", "line", "polygon")
_PERSONAL = {column for table in TABLES for column in personal_columns(table)}


@dataclass(frozen=True)
class Classes:
    """Colours by the value of a column; ``other`` for a value that is not listed."""

    column: str
    colours: Mapping[str, str]
    other: str


@dataclass(frozen=True)
class Widths:
    """Screen pixels by the value of a column; ``other`` for a value that is not listed."""

    column: str
    px: Mapping[str, float]
    other: float


@dataclass(frozen=True)
class Style:
    """How shapes are drawn, in CSS colours and screen pixels; ``width_px`` is also a point's radius.

    ``opacity`` is that of a polygon's fill and of a line or point itself; ``outline`` is the colour of
    a polygon's border or a point's rim; ``label`` names the column written beside the shape from
    ``label_zoom`` on; the whole layer is drawn from ``min_zoom`` on; ``hatched`` polygons are striped, not filled.
    """

    colour: str | Classes
    width_px: float | Widths = 1.5
    opacity: float = 1.0
    outline: str | None = None
    dashed: bool = False
    label: str | None = None
    min_zoom: int = 0
    label_zoom: float = 0
    hatched: bool = False


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
    popup
        Columns told about a shape, in this order; each has its words under ``layers.column_<name>``.
    table
        The table of the data dictionary its rows come from. A column that is personal in one table and
        public in another (``name``: of a customer, of a community) is let in only where this table
        says that it is public; without a table it is refused.
    """

    name: str
    title: str
    kind: str
    frame: gpd.GeoDataFrame
    style: Style
    legend: Legend | None = None
    popup: tuple[str, ...] = ()
    table: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise GisappError(f"layer {self.name} is of kind {self.kind!r}; use one of {', '.join(KINDS)}")
        personal = sorted((_PERSONAL - _public(self.table)) & set(self.frame.columns))
        if personal:
            raise AccessError(
                f"layer {self.name} holds what may be personal: {', '.join(personal)}; "
                "mask the table first, or name the table in which the column is public"
            )
        absent = [column for column in self._used() if column not in self.frame.columns]
        if absent:
            raise GisappError(f"layer {self.name} lacks the column {absent[0]!r} that its style or popup names")
        if self.frame.crs is None or not self.frame.crs.is_projected:
            raise CrsError(f"layer {self.name} is not in a projected CRS; convert its table first")

    def _used(self) -> list[str]:
        """Return the columns that drawing it reads."""
        used = [part.column for part in (self.style.colour, self.style.width_px) if isinstance(part, Classes | Widths)]
        return used + ([self.style.label] if self.style.label else []) + list(self.popup)


@dataclass(frozen=True)
class Raster:
    """A layer that is a picture: RGBA rows from the north, in EPSG:3857, with its bounds there in metres."""

    name: str
    title: str
    pixels: np.ndarray
    bounds: tuple[float, float, float, float]
    legend: Legend = field(default_factory=lambda: Legend(()))
    opacity: float = 0.8

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 4 or self.pixels.dtype != np.uint8:
            raise GisappError(f"layer {self.name} needs RGBA pixels of 8 bits, found {self.pixels.shape}")


Layer = Shapes | Raster


def standing_before(places: np.ndarray) -> np.ndarray:
    """Return how many of the shapes before each stand in the very same place: 0 unless one would hide another."""
    written = pd.Series(shapely.to_wkb(places))
    return written.groupby(written).cumcount().to_numpy()


def _public(table: str | None) -> set[str]:
    """Return the columns that the data dictionary calls public in that table."""
    if table is None:
        return set()
    return {column.name for column in TABLES[table].columns if not column.personal}
