"""The situation on the map: the area, the links by the way they lose supply, the valves, who is critical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from dashboards.emergency.case import Case
from dashboards.emergency.standing import Standing, Standings
from dashboards.emergency.supply import marks
from dashboards.map import extent_of, place_from_map
from dashboards.snapshot import Snapshot
from dashboards.specs import layer_specs
from gisapp.reports.lost import WAYS
from gisapp.tables import UTILITIES
from layers.layer import Layer, Shapes, Style
from layers.palette import TEXT
from layers.shutoff import (
    affected_links,
    area_shapes,
    candidate_shapes,
    critical_shapes,
    dry_hydrant_shapes,
    low_pressure_shapes,
    shared_area_shapes,
    valves_to_close,
)

CLICKABLE = ("shutoff_valves", "shutoff_candidates", "shutoff_critical", "shutoff_links")

PLACED_ZOOM = 16.0
"""From this zoom on a click tells to a few metres where along the link it was."""


def drawn(standing: Standing, snapshot: Snapshot, spoken: str) -> list[dict[str, Any]]:
    """Return the layers of a situation."""
    situation, answer = standing.situation, standing.answer
    links, devices = (_mine(snapshot, name, standing.utility) for name in ("links", "devices"))
    users = situation.lost.customers
    users = users[users["critical"].notna()]
    done = dict(situation.valves.dropna(subset="done")[["code", "done"]].to_numpy())
    letters = marks(standing)
    whole = situation.area[~situation.area["mixed"]]
    low = situation.pressure
    shown = [answer.must_close, answer.verify_closed, answer.unusable, standing.plain.restoration]
    devices = _named(devices, *shown)
    links = _named(links, *(getattr(answer, way).links for way in WAYS), *([] if low is None else [low.links]))

    def make(theme: str) -> list[Layer]:
        layers = [
            area_shapes(whole, language=spoken, theme=theme),
            shared_area_shapes(situation.area, language=spoken, theme=theme),
            *([] if low is None else [low_pressure_shapes(low.links, links, theme=theme)]),
            affected_links(answer, links, language=spoken, theme=theme),
            *_burst(standing, theme),
            dry_hydrant_shapes(situation.hydrants, theme=theme),
            critical_shapes(users, language=spoken, theme=theme),
            candidate_shapes(standing.plain, devices, letters, theme=theme),
            valves_to_close(answer, devices, done=done, language=spoken, theme=theme),
        ]
        return [layer for layer in layers if len(layer.frame)]  # what is not there is not in the legend

    return layer_specs(make, language=spoken, frame=snapshot.frame)


def ready(snapshot: Snapshot) -> None:
    """Answer one burst of every utility, so that the first of a person's finds all at hand."""
    standings = Standings(snapshot)
    for utility in UTILITIES:
        codes = snapshot.network(utility).links["code"]
        if len(codes):
            extent_for(standings.of(Case(utility, (str(codes.iloc[0]),))), snapshot)


def extent_for(standing: Standing, snapshot: Snapshot) -> list[float]:
    """Return the extent that shows the burst, the valves to close and the area, with some of what is around."""
    links, devices = (_mine(snapshot, name, standing.utility) for name in ("links", "devices"))
    burst = gpd.GeoDataFrame({"geom": [standing.situation.site.shape]}, geometry="geom", crs=links.crs)
    valves = devices.loc[devices["code"].isin(standing.answer.must_close["code"]), ["geom"]]
    area = standing.situation.area[["geom"]]
    shapes = gpd.GeoDataFrame(pd.concat([burst, valves, area]), geometry="geom", crs=links.crs)
    return _roomy(extent_of(shapes, to=snapshot.frame))


def whole_extent(snapshot: Snapshot, utility: str) -> list[float] | None:
    """Return the extent of a utility's network, None where it has none."""
    links = _mine(snapshot, "links", utility)
    return extent_of(links, to=snapshot.frame) if len(links) else None


def burst_at(clicked: Mapping[str, Any], snapshot: Snapshot) -> str:
    """Return the link that was clicked, with the place along it where the map was near enough to tell."""
    code, utility = str(clicked["code"]), clicked["case"]["utility"]
    if clicked["zoom"] < PLACED_ZOOM:
        return code
    links = _mine(snapshot, "links", utility)
    link = links[links["code"] == code].iloc[0]
    point = shapely.Point(place_from_map(clicked["lng"], clicked["lat"], links.crs, frame=snapshot.frame))
    share = shapely.line_locate_point(link["geom"], point, normalized=True)
    return f"{code}@{share * link['length_m']:.1f}"


def _burst(standing: Standing, theme: str) -> list[Shapes]:
    """Return the links that are shut along their whole length, and the places of the others."""
    site = standing.situation.site.shape
    parts = gpd.GeoDataFrame({"geom": shapely.get_parts(site)}, geometry="geom", crs=standing.situation.area.crs)
    points = parts.geom_type == "Point"
    line, place = Style(TEXT[theme], width_px=9.0), Style(TEXT[theme], width_px=7.0, outline="#ffc400")
    return [
        Shapes("burst", "page.burst", "line", parts[~points], line),
        Shapes("burst_place", "layers.burst_place", "point", parts[points], place),
    ]


def _mine(snapshot: Snapshot, name: str, utility: str) -> gpd.GeoDataFrame:
    """Return the rows of a table that are of one utility, kept for the next click."""

    def make() -> gpd.GeoDataFrame:
        table = snapshot.store.table(name)
        return table[table["utility"] == utility]

    return snapshot.derived((name, utility), (name,), make)


def _named(table: gpd.GeoDataFrame, *frames: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table that frames name by code."""
    return table[table["code"].isin(pd.concat([frame["code"] for frame in frames]))]


def _roomy(extent: Sequence[float]) -> list[float]:
    """Return an extent with a margin, and never so small that the surroundings are lost."""
    west, south, east, north = extent
    x, y = max(east - west, 0.003) * 0.2, max(north - south, 0.002) * 0.2
    return [west - x, south - y, east + x, north + y]
