"""The base map: the city's own water, parks, streets and buildings, so that no outside tiles are needed."""

from __future__ import annotations

import geopandas as gpd

from gisapp.words import word
from layers.layer import Classes, Layer, Legend, Shapes, Style, Widths
from layers.palette import base_colours, other_colour

_STREET_PX = {"arterial": 5.0, "collector": 3.0, "local": 1.5}


def basemap_layers(
    landcover: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    *,
    language: str,
    theme: str = "light",
) -> list[Layer]:
    """Return the layers under all others, lowest first: water and green, streets, buildings."""
    return [
        landcover_shapes(landcover, language=language, theme=theme),
        street_shapes(streets, theme=theme),
        building_shapes(buildings, theme=theme),
    ]


def landcover_shapes(landcover: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return rivers, lakes and parks."""
    base = base_colours(theme)
    kinds = ("river", "lake", "park")
    present = [kind for kind in kinds if (landcover["kind"] == kind).any()]
    return Shapes(
        name="landcover",
        title="table.landcover",
        kind="polygon",
        frame=landcover[["kind", "name", "geom"]],
        style=Style(Classes("kind", {kind: base[kind] for kind in kinds}, base["park"]), width_px=0.0),
        legend=Legend(tuple((base[kind], word(f"layers.landcover_{kind}", language)) for kind in present)),
        table="landcover",
    )


def street_shapes(streets: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return the streets, wider by rank, named along the way from zoom 15 on."""
    return Shapes(
        name="streets",
        title="table.streets",
        kind="line",
        frame=streets[["name", "rank", "geom"]],
        style=Style(
            base_colours(theme)["street"], width_px=Widths("rank", dict(_STREET_PX), 1.5), label="name", label_zoom=15
        ),
        table="streets",
    )


def building_shapes(buildings: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return the building footprints, from zoom 14 on."""
    return Shapes(
        name="buildings",
        title="table.buildings",
        kind="polygon",
        frame=buildings[["code", "name", "kind", "floors", "households", "geom"]],
        style=Style(base_colours(theme)["building"], width_px=0.5, outline=other_colour(theme), min_zoom=14),
        popup=("code", "name", "floors", "households"),
        table="buildings",
    )
