"""A shutoff on a map: the affected area, links by the way they lose supply, and the valves to close, numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from gisapp.words import utility_word, word
from layers.layer import Classes, Layer, Legend, Shapes, Style
from layers.palette import RIM, device_colours, shutoff_colours

if TYPE_CHECKING:
    from gisapp.network.shutoff import Shutoff

_WAYS = ("isolated", "unintended", "already_dry", "storage_only")


def shutoff_layers(
    answer: Shutoff,
    *,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    area: gpd.GeoDataFrame | None = None,
    language: str,
    theme: str = "light",
) -> list[Layer]:
    """Return the layers of a shutoff, lowest first: area (if given), links, valves.

    Parameters
    ----------
    links, devices
        Those of the shutoff's utility alone: codes are unique within a utility only.
    area
        Polygons with their way of losing supply in the column ``cls``.
    """
    found: list[Layer] = [
        affected_links(answer, links, language=language, theme=theme),
        valves_to_close(answer, devices, language=language, theme=theme),
    ]
    return found if area is None else [area_shapes(area, language=language, theme=theme), *found]


def affected_links(answer: Shutoff, links: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return every link that loses supply, by the way it does."""
    ways = pd.concat([pd.Series(way, index=getattr(answer, way).links["code"], dtype="str") for way in _WAYS])
    frame = links.loc[links["code"].isin(ways.index), ["code", "diameter_mm", "length_m", "geom"]].copy()
    frame["way"] = frame["code"].map(ways[~ways.index.duplicated()])
    return Shapes(
        name="shutoff_links",
        title="layers.shutoff_links",
        kind="line",
        frame=frame,
        style=Style(Classes("way", shutoff_colours(theme), shutoff_colours(theme)["isolated"]), width_px=5.0),
        legend=_legend(frame["way"], language, theme),
        popup=("code", "way", "diameter_mm", "length_m"),
        table="links",
    )


def valves_to_close(answer: Shutoff, devices: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return the valves to close, numbered in the answer's order, and those to find closed, with a tick."""
    number = {code: str(place) for place, code in enumerate(answer.must_close["code"], start=1)}
    number |= {code: "✓" for code in answer.verify_closed["code"] if code not in number}
    frame = devices.loc[devices["code"].isin(number), ["code", "kind", "turns", "geom"]].copy()
    frame["number"] = frame["code"].map(number).astype("str")
    frame["task"] = frame["number"].map(lambda mark: "verify" if mark == "✓" else "close").astype("str")
    frame = frame.sort_values("number", key=lambda marks: pd.to_numeric(marks, errors="coerce"))
    colours = device_colours(theme)
    tasks = {"close": colours["closed"], "verify": colours["open"]}
    present = [task for task in tasks if (frame["task"] == task).any()]
    return Shapes(
        name="shutoff_valves",
        title="layers.shutoff_valves",
        kind="point",
        frame=frame,
        style=Style(Classes("task", tasks, colours["closed"]), width_px=8.0, outline=RIM[theme], label="number"),
        legend=Legend(
            tuple((tasks[task], utility_word(f"layers.task_{task}", answer.utility, language)) for task in present)
        ),
        popup=("number", "code", "task", "turns"),
        table="devices",
    )


def area_shapes(area: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return the affected area, by the way it loses supply."""
    frame = area[["cls", "geom"]].rename(columns={"cls": "way"})
    frame["way"] = frame["way"].astype("str")
    colours = shutoff_colours(theme)
    return Shapes(
        name="shutoff_area",
        title="layers.shutoff_area",
        kind="polygon",
        frame=frame,
        style=Style(
            Classes("way", colours, colours["isolated"]), width_px=1.0, opacity=0.28, outline=colours["isolated"]
        ),
        legend=_legend(frame["way"], language, theme),
        popup=("way",),
    )


def _legend(ways: pd.Series, language: str, theme: str) -> Legend:
    """Return the ways that occur, in a fixed order."""
    colours = shutoff_colours(theme)
    present = [way for way in _WAYS if (ways == way).any()]
    return Legend(tuple((colours[way], word(f"layers.way_{way}", language)) for way in present))
