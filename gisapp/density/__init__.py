"""Surfaces, the cube behind the time slider, and what stands out beyond chance."""

from gisapp.density.cube import Cube, incident_cube
from gisapp.density.hotspots import Hotspots, hotspot_trend, hotspots, neighbours
from gisapp.density.local import LocalStatistic, gi_star, local_moran
from gisapp.density.surface import Surface, surface, surface_3857

__all__ = [
    "Cube",
    "Hotspots",
    "LocalStatistic",
    "Surface",
    "gi_star",
    "hotspot_trend",
    "hotspots",
    "incident_cube",
    "local_moran",
    "neighbours",
    "surface",
    "surface_3857",
]
