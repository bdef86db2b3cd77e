"""Construction sites on a map: where works are or will be, and which began without a report."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd

from gisapp.sites import site_list
from gisapp.times import DEFAULT_ZONE
from gisapp.words import word
from layers.layer import Classes, Legend, Shapes, Style
from layers.palette import clock_colours

_COLOUR = {"unreported": "breached", "in_work": "running", "reported": "nothing", "planned": "due_soon"}
"""By what a site is drawn as: the clock that has its colour."""
_DRAWN = ("planned", "reported", "in_work", "finished")


def site_shapes(
    construction_sites: gpd.GeoDataFrame,
    site_steps: pd.DataFrame,
    *,
    now: datetime,
    language: str,
    zone: ZoneInfo | None = None,
    theme: str = "light",
) -> Shapes:
    """Return the sites that are not closed: not yet reported, reported, in work, and in work without a report.

    Who leads the works, and how they are reached, stays behind.
    """
    told = site_list(construction_sites, site_steps, now=now)
    told = told[told["status"].isin(_DRAWN)]
    begun = told["status"].isin(("in_work", "finished"))
    standing = told["status"].where(~begun, "in_work").mask(begun & told["unreported"], "unreported")
    frame = told[["code", "title", "unit_code"]].assign(standing=standing)
    local = ZoneInfo(DEFAULT_ZONE) if zone is None else zone
    for name in ("planned_start", "planned_end"):
        frame[name] = told[name].dt.tz_convert(local).dt.strftime("%Y-%m-%d").astype("str")
    placed = frame.merge(construction_sites[["code", "geom"]], on="code")
    shapes = gpd.GeoDataFrame(placed, geometry="geom", crs=construction_sites.crs)
    shapes = shapes[~(shapes.geometry.isna() | shapes.geometry.is_empty)]
    clocks = clock_colours(theme)
    colours = {name: clocks[clock] for name, clock in _COLOUR.items()}
    present = [name for name in colours if (shapes["standing"] == name).any()]
    return Shapes(
        name="construction_sites",
        title="layers.construction_sites",
        kind="polygon",
        frame=shapes,
        style=Style(
            Classes("standing", colours, clocks["nothing"]), width_px=2.0, opacity=0.45, outline=clocks["running"]
        ),
        legend=Legend(tuple((colours[name], word(f"layers.value_{name}", language)) for name in present)),
        popup=("code", "title", "standing", "unit_code", "planned_start", "planned_end"),
        table="construction_sites",
    )
