"""The map of a grid's pack: its streets and pipes, its border, and the incidents of the period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd

from gisapp.words import word
from layers.basemap import landcover_shapes, street_shapes
from layers.grids import grid_shapes
from layers.incidents import incident_shapes
from layers.layer import Shapes
from layers.network import link_shapes
from layers.picture_map import Picture, picture_map
from layers.svg_map import Bounds, Drawing, bounds_around, svg_map

TABLES = ("landcover", "streets", "links")


@dataclass(frozen=True)
class MeetingMap:
    """What the map of a grid shows: its layers for a theme, lowest first, their bounds, and whose colours are told."""

    make: Callable[[str], Sequence[Shapes]]
    bounds: Bounds
    keyed: frozenset[str]


def meeting_map(
    grid: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    tables: Mapping[str, gpd.GeoDataFrame],
    *,
    utility: str,
    language: str,
) -> MeetingMap:
    """Return the map of a grid (one row) with the incidents in it.

    Parameters
    ----------
    tables
        Those of :data:`TABLES`; pipes of ``utility`` are drawn but those to single houses.
    """
    bounds = bounds_around([grid.geometry], margin_m=60.0, least_m=300.0, aspect=1.3)
    west, south, east, north = bounds
    near = {name: frame.cx[west:east, south:north] for name, frame in tables.items()}
    pipes = near["links"][near["links"]["rank"] != "service"]

    def make(theme: str) -> Sequence[Shapes]:
        return [
            landcover_shapes(near["landcover"], language=language, theme=theme),
            street_shapes(near["streets"], theme=theme),
            link_shapes(pipes, utility, theme=theme),
            grid_shapes(grid, theme=theme),
            incident_shapes(incidents, language=language, theme=theme),
        ]

    return MeetingMap(make, bounds, frozenset({"incidents", f"links_{utility}"}))


def drawing_of(told: MeetingMap, language: str) -> Drawing:
    """Return a map as a drawing."""
    way = {"focus": told.bounds, "keyed": told.keyed, "title": word("meeting.map", language)}
    return svg_map(told.make, told.bounds, **way, language=language, simplify_m=1.0)  # type: ignore[arg-type]


def picture_of(told: MeetingMap, language: str) -> Picture:
    """Return a map as a picture."""
    return picture_map(told.make("light"), told.bounds, keyed=told.keyed, language=language)


def figure_html(drawing: Drawing) -> str:
    """Return a drawing with the key to its colours."""
    keys = "".join(f"<li>{swatch} {words}</li>" for swatch, words in drawing.keys)
    return f'<figure>{drawing.svg}<ul class="keys">{keys}</ul></figure>'
