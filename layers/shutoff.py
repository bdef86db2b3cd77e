"""A shutoff on a map: the affected area, links by the way they lose supply, and the valves to close, numbered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from gisapp.words import utility_word, word
from layers.layer import Classes, Layer, Legend, Shapes, Style
from layers.palette import CRITICAL, RIM, shutoff_colours, task_colours

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


def valves_to_close(
    answer: Shutoff,
    devices: gpd.GeoDataFrame,
    *,
    done: Mapping[str, str] | None = None,
    language: str,
    theme: str = "light",
) -> Shapes:
    """Return the valves to close, numbered in the answer's order; those to find closed and those that cannot be.

    Parameters
    ----------
    done
        What the log says was done to a device: one that is ``closed`` bears a tick before its number.
    """
    tasks, numbers = _tasks(answer, done or {})
    frame = devices.loc[devices["code"].isin(numbers), ["code", "kind", "turns", "geom"]].copy()
    frame["number"] = frame["code"].map(numbers).astype("str")
    frame["task"] = frame["code"].map(tasks).astype("str")
    frame = frame.sort_values("number", key=lambda marks: pd.to_numeric(marks, errors="coerce"))
    known = {task: task_colours(theme)[task] for task in ("close", "closed", "verify", "unusable")}
    present = [task for task in known if (frame["task"] == task).any()]
    return Shapes(
        name="shutoff_valves",
        title="layers.shutoff_valves",
        kind="point",
        frame=frame,
        style=Style(Classes("task", known, known["close"]), width_px=8.0, outline=RIM[theme], label="number"),
        legend=Legend(
            tuple((known[task], utility_word(f"layers.task_{task}", answer.utility, language)) for task in present)
        ),
        popup=("number", "code", "task", "turns"),
        table="devices",
    )


def _tasks(answer: Shutoff, done: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is to be done to each device, and the mark that it bears."""
    tasks = {code: "closed" if done.get(code) == "closed" else "close" for code in answer.must_close["code"]}
    marks = {code: f"✓{at}" if tasks[code] == "closed" else str(at) for at, code in enumerate(tasks, start=1)}
    for task, mark, frame in (("verify", "✓", answer.verify_closed), ("unusable", "✕", answer.unusable)):
        others = [code for code in frame["code"] if code not in tasks]
        tasks |= dict.fromkeys(others, task)
        marks |= dict.fromkeys(others, mark)
    return tasks, marks


def candidate_shapes(
    answer: Shutoff, devices: gpd.GeoDataFrame, marks: Mapping[str, str], *, theme: str = "light"
) -> Shapes:
    """Return the closed devices that could feed from elsewhere, each with its mark in the list beside the map."""
    frame = devices.loc[devices["code"].isin(marks), ["code", "kind", "geom"]].copy()
    frame["number"] = frame["code"].map(marks).astype("str")
    gained = answer.restoration.set_index("code")["households"]
    frame["households"] = frame["code"].map(gained).astype("Int64")
    return Shapes(
        name="shutoff_candidates",
        title="layers.shutoff_candidates",
        kind="point",
        frame=frame,
        style=Style(task_colours(theme)["candidate"], width_px=8.0, outline=RIM[theme], label="number"),
        popup=("number", "code", "kind", "households"),
        table="devices",
    )


def critical_shapes(users: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return the critical users without supply, each named by what it is.

    Parameters
    ----------
    users
        ``code``, ``critical`` (the kind), ``geom`` (service point).
    """
    frame = users.loc[users.geometry.notna(), ["code", "critical", "geom"]].copy()
    frame["kind"] = frame["critical"].map(lambda kind: word(f"critical.{kind}", language)).astype("str")
    return Shapes(
        name="shutoff_critical",
        title="layers.shutoff_critical",
        kind="point",
        frame=frame[["code", "kind", "geom"]],
        style=Style(CRITICAL[theme], width_px=6.5, outline=RIM[theme], label="kind"),
        popup=("kind", "code"),
    )


def dry_hydrant_shapes(hydrants: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return the hydrants that the shutoff leaves without water."""
    return Shapes(
        name="shutoff_hydrants",
        title="layers.shutoff_hydrants",
        kind="point",
        frame=hydrants.loc[hydrants.geometry.notna(), ["code", "geom"]],
        style=Style(RIM[theme], width_px=5.5, outline=shutoff_colours(theme)["isolated"]),
        popup=("code",),
        table="hydrants",
    )


def low_pressure_shapes(fallen: pd.DataFrame, links: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return the links on which pressure is estimated to fall below the chosen one.

    Parameters
    ----------
    fallen
        ``code`` and the lowest ``after_m``, from :func:`gisapp.network.reduced_pressure`.
    """
    frame = links[["code", "diameter_mm", "geom"]].merge(fallen[["code", "after_m"]], on="code")
    frame["after_m"] = frame["after_m"].round(1)
    return Shapes(
        name="shutoff_low_pressure",
        title="layers.shutoff_low_pressure",
        kind="line",
        frame=frame,
        style=Style(shutoff_colours(theme)["reduced"], width_px=4.0),
        popup=("code", "after_m", "diameter_mm"),
        table="links",
    )


def area_shapes(area: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return the affected area, by the way it loses supply."""
    colours = shutoff_colours(theme)
    fill = Style(Classes("way", colours, colours["isolated"]), width_px=1.0, opacity=0.28, outline=colours["isolated"])
    return _area("shutoff_area", area, fill, language, theme)


def shared_area_shapes(area: gpd.GeoDataFrame, *, language: str, theme: str = "light") -> Shapes:
    """Return the part of the affected area that some with supply, or in another way without, share: striped.

    Parameters
    ----------
    area
        With ``mixed``, which says where that is so.
    """
    colours = shutoff_colours(theme)
    stripes = Style(
        Classes("way", colours, colours["isolated"]),
        width_px=1.0,
        opacity=0.8,
        outline=colours["isolated"],
        hatched=True,
    )
    return _area("shutoff_area_shared", area[area["mixed"]], stripes, language, theme)


def _area(name: str, area: gpd.GeoDataFrame, style: Style, language: str, theme: str) -> Shapes:
    frame = area[["cls", "geom"]].rename(columns={"cls": "way"})
    frame["way"] = frame["way"].astype("str")
    legend = _legend(frame["way"], language, theme)
    return Shapes(name, f"layers.{name}", "polygon", frame, style, legend, popup=("way",))


def _legend(ways: pd.Series, language: str, theme: str) -> Legend:
    """Return the ways that occur, in a fixed order."""
    colours = shutoff_colours(theme)
    present = [way for way in _WAYS if (ways == way).any()]
    return Legend(tuple((colours[way], word(f"layers.way_{way}", language)) for way in present))
