"""What lies near a construction site: pipes and cables, valves, customers. Water service rules Art. 21."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError

BUFFER_M = 10.0
"""So near counts as near where nobody says otherwise."""
_LINK = ("utility", "code", "kind", "rank", "diameter_mm", "material", "status")
_DEVICE = ("utility", "code", "kind", "state", "operable", "diameter_mm")
_CUSTOMER = ("code", "kind", "critical", "households")


@dataclass(frozen=True)
class Near:
    """What lies within ``buffer_m`` of a site, the nearest first; each with ``distance_m``, links with ``within_m``.

    Customers are told without name, phone and address.
    """

    buffer_m: float
    links: pd.DataFrame
    devices: pd.DataFrame
    customers: pd.DataFrame


def near(
    area: shapely.Geometry,
    *,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    customers: gpd.GeoDataFrame,
    buffer_m: float = BUFFER_M,
) -> Near:
    """Return what lies within a distance of a site.

    Parameters
    ----------
    area
        The site, in the tables' CRS.
    links, devices, customers
        The tables, in a projected CRS in metres.
    buffer_m
        The distance, equal included; 0 is the site itself and its border.

    Returns
    -------
    Near
        Rows by ``distance_m`` from the site (0 inside), ties by utility and code. ``within_m`` is how much of a link
        lies within the distance; it is 0 where a link only touches it. Circles are drawn with 64 segments to a
        quarter, so that it may fall short by 0.01 % of the distance.

    Raises
    ------
    CrsError
        When a table is not in metres.
    InputError
        When the distance is no number from 0 on.
    """
    if not (math.isfinite(buffer_m) and buffer_m >= 0):
        raise InputError(f"found {buffer_m:g}", todo="give metres from 0 on", field="buffer_m")
    area = shapely.force_2d(area)  # its own: a prepared one that two threads share ends the process
    shapely.prepare(area)
    found = {
        name: _within(table, area, buffer_m, columns)
        for name, table, columns in (
            ("links", links, _LINK),
            ("devices", devices, _DEVICE),
            ("customers", customers, _CUSTOMER),
        )
    }
    zone = shapely.buffer(area, buffer_m, quad_segs=64)
    shapes = found["links"].pop("geom").to_numpy()
    found["links"]["within_m"] = shapely.length(shapely.intersection(shapes, zone)).round(2)
    return Near(buffer_m, found["links"], *(found[name].drop(columns="geom") for name in ("devices", "customers")))


def _within(table: gpd.GeoDataFrame, area: Any, buffer_m: float, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows within the distance, by distance."""
    require_metres(table.crs, "the table")
    shapes = np.asarray(table.geometry.array, dtype=object)
    row = table.sindex.query(area, predicate="dwithin", distance=buffer_m)
    distance = shapely.distance(shapes[row], area)
    told = pd.DataFrame(table.iloc[row][[*columns, "geom"]]).assign(distance_m=distance.round(2), exact=distance)
    order = ["exact", *(["utility"] if "utility" in columns else []), "code"]
    return told.sort_values(order, kind="stable", ignore_index=True).drop(columns="exact")
