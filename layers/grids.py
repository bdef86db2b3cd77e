"""Grids on a map: their borders with code and leader, and their workload as colours."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.words import word
from layers.layer import Classes, Legend, Shapes, Style
from layers.palette import base_colours, diverging_colours, other_colour, plan_colours, surface_colours

DEVIATION_LIMITS = (-0.5, -0.25, -0.1, 0.1, 0.25, 0.5)
_RANGES = ("< −50 %", "−50 … −25 %", "−25 … −10 %", "±10 %", "+10 … +25 %", "+25 … +50 %", "> +50 %")


def grid_shapes(
    grids: gpd.GeoDataFrame, leaders: pd.Series | Mapping[str, str] | None = None, *, theme: str = "light"
) -> Shapes:
    """Return the grids as outlines, labelled with code and leader's code (``leaders``: grid code -> person code).

    A leader is told by code only: names of people never enter a layer.
    """
    frame = grids[["code", "name", "utilities", "geom"]].copy()
    frame["leader"] = frame["code"].map(pd.Series({} if leaders is None else leaders, dtype="str")).astype("str")
    frame["label"] = frame["code"].where(frame["leader"].isna(), frame["code"] + " · " + frame["leader"])
    line = base_colours(theme)["grid"]
    return Shapes(
        name="grids",
        title="table.grids",
        kind="polygon",
        frame=frame,
        style=Style(line, width_px=2.0, opacity=0.04, outline=line, label="label", label_zoom=11.75),
        popup=("code", "name", "leader"),
        table="grids",
    )


def workload_shapes(
    grids: gpd.GeoDataFrame, workload: pd.Series, *, measure: str, language: str, theme: str = "light"
) -> Shapes:
    """Return the grids coloured by a figure of each, in five classes of nearly equal count.

    Parameters
    ----------
    workload
        The figure, indexed by grid code; a grid without one is grey.
    measure
        Name of the figure: its words are ``layers.measure_<measure>``, unit included.
    """
    frame = grids[["code", "name", "geom"]].copy()
    frame["figure"] = frame["code"].map(workload.astype("float64"))
    limits = _limits(frame["figure"].to_numpy())
    colours = surface_colours(max(len(limits) - 1, 2), theme)[: len(limits) - 1]
    frame["class"] = _class_of(frame["figure"], limits)
    named = {str(number): colour for number, colour in enumerate(colours)}
    ranges = [word("layers.between", language, low=_figure(low), high=_figure(high)) for low, high in pairwise(limits)]
    return Shapes(
        name="workload",
        title="layers.workload",
        kind="polygon",
        frame=frame,
        style=Style(
            Classes("class", named, other_colour(theme)),
            width_px=1.5,
            opacity=0.65,
            outline=base_colours(theme)["grid"],
            label="code",
            label_zoom=12,
        ),
        legend=Legend(
            tuple(zip(colours, ranges, strict=True)) + _empty(frame, language, theme),
            word(f"layers.measure_{measure}", language),
        ),
        popup=("code", "name", "figure"),
        table="grids",
    )


def deviation_class(deviation: pd.Series) -> pd.Series:
    """Return the class of each deviation from the mean (a share), ``"0"`` far below to ``"6"`` far above."""
    number = np.searchsorted(DEVIATION_LIMITS, deviation.to_numpy("float64"), side="right")
    return pd.Series(number.astype("str"), index=deviation.index, dtype="str").where(deviation.notna())


def deviation_shapes(grids: gpd.GeoDataFrame, deviation: pd.Series, *, language: str, theme: str = "light") -> Shapes:
    """Return the grids coloured by how far their workload is from the mean, with the count of each class.

    Parameters
    ----------
    deviation
        The difference from the mean as a share of it, indexed by grid code; a grid without one is grey.
    """
    frame = grids[["code", "name", "geom"]].copy()
    frame["class"] = deviation_class(frame["code"].map(deviation.astype("float64")))
    colours = diverging_colours(theme)
    counts = [int((frame["class"] == str(number)).sum()) for number in range(len(colours))]
    entries = tuple(
        (colours[number], f"{_RANGES[number]} · {counts[number]}") for number in reversed(range(len(colours)))
    )
    return Shapes(
        name="deviation",
        title="layers.workload",
        kind="polygon",
        frame=frame,
        style=Style(
            Classes("class", {str(number): colour for number, colour in enumerate(colours)}, other_colour(theme)),
            width_px=1.5,
            opacity=0.68,
            outline=base_colours(theme)["grid"],
            label="code",
            label_zoom=11,
        ),
        legend=Legend(entries, word("layers.measure_deviation", language)),
        popup=("code", "name"),
        table="grids",
    )


def locked_shapes(grids: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return grids of a plan that keep exactly their units, striped."""
    line = base_colours(theme)["grid"]
    style = Style(line, width_px=1.0, opacity=0.5, outline=line, hatched=True)
    return Shapes("locked", "layers.locked", "polygon", grids[["code", "geom"]], style, table="grids")


def limit_shapes(areas: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return areas whose borders no grid of a plan may cross (``code``, ``name``), outlined over the grids."""
    line = plan_colours(theme)["limit"]
    style = Style(line, width_px=3.0, opacity=0.0, outline=line, dashed=True, label="name", label_zoom=14.5)
    return Shapes(
        "plan_limits", "layers.plan_limits", "polygon", areas[["code", "name", "geom"]], style, table="limits"
    )


def bridge_shapes(bridges: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return lines between units of a plan that hang together without touching, such as over a river."""
    style = Style(plan_colours(theme)["bridge"], width_px=4.0)
    return Shapes("plan_bridges", "layers.plan_bridges", "line", bridges[["code", "geom"]], style)


def comment_shapes(comments: gpd.GeoDataFrame, *, theme: str = "light") -> Shapes:
    """Return the places of a plan of which somebody said something, by ``number``; what was said is not in it."""
    style = Style(plan_colours(theme)["comment"], width_px=9.0, outline=base_colours(theme)["grid"], label="number")
    return Shapes("plan_comments", "layers.plan_comments", "point", comments[["number", "geom"]], style)


def _limits(values: np.ndarray) -> np.ndarray:
    """Return the class limits: quintiles, without those that fall together; at least two numbers."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.array([0.0, 0.0])
    limits = np.unique(np.quantile(known, np.linspace(0, 1, 6)))
    return limits if len(limits) > 1 else np.array([limits[0], limits[0]])


def _class_of(figures: pd.Series, limits: np.ndarray) -> pd.Series:
    """Return the number of each figure's class as text, missing where there is no figure."""
    number = np.clip(np.searchsorted(limits[1:-1], figures.to_numpy(), side="right"), 0, len(limits) - 2)
    return pd.Series(number.astype("str"), index=figures.index, dtype="str").where(figures.notna())


def _empty(frame: gpd.GeoDataFrame, language: str, theme: str) -> tuple[tuple[str, str], ...]:
    """Return the legend's line for grids without a figure, if there are any."""
    return ((other_colour(theme), word("layers.no_figure", language)),) if frame["figure"].isna().any() else ()


def _figure(value: float) -> str:
    """Return a number with as many digits as help."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
