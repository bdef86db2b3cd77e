"""How big each sample city is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Size:
    """The measures of one city; lengths in metres, ``incidents`` over three years."""

    half_width_m: float
    half_height_m: float
    arterial_m: float
    river_half_m: float
    block_ha: float
    grids: int
    customers: int
    incidents: int
    plants: int
    history_days: int


SIZES = {
    "small": Size(1650, 1150, 640, 52, 2.3, 20, 5_000, 8_000, 2, 1_200),
    "city": Size(6200, 4300, 760, 95, 2.5, 300, 200_000, 300_000, 4, 60),
    "metro": Size(14400, 10000, 820, 160, 2.5, 1_000, 800_000, 10_000_000, 9, 7),
}
CRS = "EPSG:4547"
ZONE = "Asia/Shanghai"
CENTRE = (540_000.0, 4_090_000.0)
NOW = pd.Timestamp("2026-11-22T12:00:00", tz=ZONE).tz_convert("UTC")
START = pd.Timestamp("2023-11-23T00:00:00", tz=ZONE).tz_convert("UTC")
