"""Incidents on a map, coloured by type."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import geopandas as gpd

from gisapp.times import DEFAULT_ZONE
from gisapp.words import word
from layers.layer import Classes, Legend, Shapes, Style, Widths
from layers.palette import RIM, clock_colours, incident_colours, other_colour


def incident_shapes(
    incidents: gpd.GeoDataFrame, *, language: str, zone: ZoneInfo | None = None, theme: str = "light"
) -> Shapes:
    """Return the incidents that have a position, by type; times are told in ``zone`` (the demo's by default).

    The reporter's words and telephone number stay behind, and so does the summary, which people type.
    """
    placed = incidents[~(incidents.geometry.isna() | incidents.geometry.is_empty)]
    frame = placed[["code", "type", "status", "geom"]].copy()
    local = placed["reported_at"].dt.tz_convert(zone or ZoneInfo(DEFAULT_ZONE))
    frame["reported"] = local.dt.strftime("%Y-%m-%d %H:%M").astype("str")
    colours = incident_colours(theme)
    return Shapes(
        name="incidents",
        title="table.incidents",
        kind="point",
        frame=frame,
        style=Style(Classes("type", colours, other_colour(theme)), width_px=4.0, opacity=0.9, outline=RIM[theme]),
        legend=_legend(frame, language, theme),
        popup=("code", "type", "status", "reported"),
        table="incidents",
    )


def waiting_shapes(rows: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return open incidents that have a position, by the colour of their clocks.

    ``rows`` have ``code``, ``kind`` in words, and ``colour``, one of :data:`gisapp.reports.waiting.COLOURS`; the last
    ones lie on top.
    """
    placed = rows[~(rows.geometry.isna() | rows.geometry.is_empty)]
    colours = clock_colours(theme)
    present = set(placed["colour"].unique())
    entries = [(shade, word(f"dispatch.{name}", language)) for name, shade in colours.items() if name in present]
    return Shapes(
        name="waiting",
        title="dispatch.waiting",
        kind="point",
        frame=placed[["code", "kind", "colour", "geom"]],
        style=Style(
            Classes("colour", colours, colours["nothing"]),
            width_px=Widths("colour", {"breached": 7.0, "due_soon": 7.0, "running": 6.0}, 5.0),
            opacity=0.95,
            outline=RIM[theme],
        ),
        legend=Legend(tuple(entries)),
        popup=("code", "kind"),
    )


def _legend(frame: gpd.GeoDataFrame, language: str, theme: str) -> Legend:
    """Return the types that are there, and one line for all types without a colour of their own."""
    colours = incident_colours(theme)
    present = set(frame["type"].unique())
    entries = [(colour, word(f"incident.{kind}", language)) for kind, colour in colours.items() if kind in present]
    if present - set(colours):
        entries.append((other_colour(theme), word("layers.other_types", language)))
    return Legend(tuple(entries))
