"""Networks on a map: links by utility and rank, devices by condition, hydrants, sources."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.words import word
from layers.layer import Classes, Legend, Shapes, Style, Widths
from layers.palette import RIM, device_colours, utility_colour

_LINK_PX = {"trunk": 4.0, "main": 2.8, "branch": 1.8, "service": 1.0}
# Where a link has no rank, its diameter tells it: least diameter of trunk, main and branch.
_LEAST_MM = (400.0, 200.0, 100.0)
_RANKS = ("service", "branch", "main", "trunk")
_LINK_COLUMNS = ["code", "kind", "status", "diameter_mm", "material", "laid_year", "length_m", "geom"]


def network_layers(
    utility: str,
    *,
    nodes: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    hydrants: gpd.GeoDataFrame | None = None,
    language: str,
    theme: str = "light",
) -> list[Shapes]:
    """Return a utility's links, devices, hydrants and sources, lowest first; hydrants only where there are any."""
    shapes = [
        link_shapes(links, utility, theme=theme),
        device_shapes(devices, utility, language=language, theme=theme),
        source_shapes(nodes, utility, theme=theme),
    ]
    if hydrants is not None and (hydrants["utility"] == utility).any():
        shapes.insert(1, hydrant_shapes(hydrants, utility, theme=theme))
    return shapes


def link_shapes(links: gpd.GeoDataFrame, utility: str, *, theme: str = "light") -> Shapes:
    """Return a utility's links in its colour, wider by rank (by diameter where no rank is given)."""
    frame = links.loc[links["utility"] == utility, [*_LINK_COLUMNS, "rank"]].copy()
    by_size = np.array(_RANKS)[np.searchsorted(sorted(_LEAST_MM), frame["diameter_mm"].fillna(0.0), side="right")]
    frame["width"] = frame.pop("rank").fillna(pd.Series(by_size, index=frame.index, dtype="str"))
    return Shapes(
        name=f"links_{utility}",
        title=f"layers.links_{utility}",
        kind="line",
        frame=frame,
        style=Style(utility_colour(utility, theme), width_px=Widths("width", dict(_LINK_PX), 1.0)),
        popup=("code", "diameter_mm", "material", "laid_year", "length_m", "status"),
        table="links",
    )


def device_shapes(devices: gpd.GeoDataFrame, utility: str, *, language: str, theme: str = "light") -> Shapes:
    """Return a utility's devices by condition: open, closed, cannot be operated, unknown; from zoom 15 on."""
    columns = ["code", "kind", "state", "operable", "diameter_mm", "turns", "geom"]
    frame = devices.loc[devices["utility"] == utility, columns].copy()
    frame["condition"] = _condition(frame)
    colours = {name: colour for name, colour in device_colours(theme).items() if name != "hydrant"}
    present = [name for name in colours if (frame["condition"] == name).any()]
    return Shapes(
        name=f"devices_{utility}",
        title=f"layers.devices_{utility}",
        kind="point",
        frame=frame,
        style=Style(Classes("condition", colours, colours["unknown"]), width_px=3.5, outline=RIM[theme], min_zoom=15),
        legend=Legend(tuple((colours[name], word(f"layers.condition_{name}", language)) for name in present)),
        popup=("code", "kind", "state", "operable", "diameter_mm", "turns"),
        table="devices",
    )


def hydrant_shapes(hydrants: gpd.GeoDataFrame, utility: str = "water", *, theme: str = "light") -> Shapes:
    """Return a utility's hydrants, from zoom 16 on."""
    return Shapes(
        name="hydrants" if utility == "water" else f"hydrants_{utility}",
        title="table.hydrants",
        kind="point",
        frame=hydrants.loc[hydrants["utility"] == utility, ["code", "link_code", "geom"]],
        style=Style(device_colours(theme)["hydrant"], width_px=2.5, outline=RIM[theme], min_zoom=16),
        popup=("code", "link_code"),
        table="hydrants",
    )


def source_shapes(nodes: gpd.GeoDataFrame, utility: str, *, theme: str = "light") -> Shapes:
    """Return what feeds a utility's network: sources, tanks, stations, substations, transformers."""
    feeding = nodes["kind"].isin(("source", "tank", "station", "substation", "transformer"))
    frame = nodes.loc[(nodes["utility"] == utility) & feeding, ["code", "kind", "geom"]]
    return Shapes(
        name=f"sources_{utility}",
        title=f"layers.sources_{utility}",
        kind="point",
        frame=frame,
        style=Style(utility_colour(utility, theme), width_px=7.0, outline=RIM[theme], label="code", label_zoom=13),
        popup=("code", "kind"),
        table="nodes",
    )


def _condition(devices: pd.DataFrame) -> pd.Series:
    """Return what matters to a crew: a device that cannot be operated is that, whatever its state."""
    stuck = devices["operable"].isin(("stuck", "unreachable"))
    return devices["state"].mask(stuck, "stuck")
