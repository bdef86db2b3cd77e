"""What each failure costs, on a map: links by the customers lost when they burst, devices by those lost when stuck."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.network import Criticality
from gisapp.words import utility_word, word
from layers.layer import Classes, Legend, Shapes, Style, Widths
from layers.palette import RIM, quiet_colour, surface_colours

LIMITS = (1, 10, 50, 200, 1_000, 5_000)
"""The least customers of every class but the lowest, the same in every city, so that two maps can be compared."""
_LINE_PX = (1.0, 1.4, 2.0, 2.8, 3.6, 4.6, 5.6)
_POINT_PX = (2.2, 2.6, 3.2, 4.0, 4.8, 5.8, 6.8)


def cost_class(customers: pd.Series) -> pd.Series:
    """Return the class of each number of customers, ``"0"`` for none to ``"6"``."""
    number = np.searchsorted(LIMITS, customers.to_numpy("int64"), side="right")
    return pd.Series(number.astype("str"), index=customers.index, dtype="str")


def cost_colours(theme: str = "light") -> tuple[str, ...]:
    """Return the colour of every class: grey for no one, then further and further from the ground."""
    return (quiet_colour(theme), *surface_colours(len(LIMITS), theme))


def criticality_layers(
    answer: Criticality, *, links: gpd.GeoDataFrame, devices: gpd.GeoDataFrame, language: str, theme: str = "light"
) -> list[Shapes]:
    """Return the links and the devices of a utility by what their failure costs, the costliest on top.

    Parameters
    ----------
    answer
        From :func:`gisapp.network.criticality`.
    links, devices
        The tables with their geometry.
    """
    utility = answer.utility
    burst = _joined(links, utility, answer.links, "customers", ("customers", "households", "critical", "length_m"))
    extra = ("extra_customers", "extra_households", "extra_critical")
    stuck = _joined(devices, utility, answer.devices, "extra_customers", extra)
    return [
        Shapes(
            name=f"criticality_{utility}",
            title="layers.criticality",
            kind="line",
            frame=burst,
            style=Style(_classes(theme), width_px=_widths(_LINE_PX)),
            legend=_legend(utility_word("layers.measure_lost_customers", utility, language), language, theme),
            popup=("code", "lost_customers", "lost_households", "lost_critical", "lost_length_m"),
            table="links",
        ),
        Shapes(
            name=f"criticality_devices_{utility}",
            title=f"layers.criticality_devices{'_power' if utility == 'power' else ''}",
            kind="point",
            frame=stuck,
            style=Style(_classes(theme), width_px=_widths(_POINT_PX), outline=RIM[theme], min_zoom=14),
            popup=("code", "kind", "lost_extra_customers", "lost_extra_households", "lost_extra_critical"),
            table="devices",
        ),
    ]


def _joined(
    shapes: gpd.GeoDataFrame, utility: str, ranked: pd.DataFrame, by: str, costs: tuple[str, ...]
) -> gpd.GeoDataFrame:
    """Return the shapes of what is ranked, worst first, with their class and costs."""
    own = shapes.loc[shapes["utility"] == utility, ["code", "geom"]].set_index("code")
    frame = ranked[["code", *(["kind"] if by == "extra_customers" else []), *costs]]
    frame = frame.rename(columns={name: f"lost_{name}" for name in costs})
    frame = frame.assign(**{"class": cost_class(ranked[by]), "geom": own["geom"].reindex(frame["code"]).to_numpy()})
    return gpd.GeoDataFrame(frame, geometry="geom", crs=shapes.crs)


def _classes(theme: str) -> Classes:
    """Return colours by class."""
    colours = cost_colours(theme)
    return Classes("class", {str(number): colour for number, colour in enumerate(colours)}, colours[0])


def _widths(px: tuple[float, ...]) -> Widths:
    """Return widths by class."""
    return Widths("class", {str(number): size for number, size in enumerate(px)}, px[0])


def _legend(unit: str, language: str, theme: str) -> Legend:
    """Return the classes in words, the same for links and devices of every utility."""
    bounds = [word("layers.between", language, low=f"{low:,}", high=f"{high - 1:,}") for low, high in pairwise(LIMITS)]
    ranges = ["0", *bounds, word("layers.and_more", language, low=f"{LIMITS[-1]:,}")]
    return Legend(tuple(zip(cost_colours(theme), ranges, strict=True)), unit)
