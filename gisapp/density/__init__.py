"""Surfaces, density along pipes, the cube of the time slider, what stands out beyond chance, and which pipes fail."""

from gisapp.density.along import network_density, on_pipes, piece_lines, pipe_graph
from gisapp.density.choice import Choice
from gisapp.density.cube import Cube, incident_cube
from gisapp.density.hotspots import Hotspots, hotspots, neighbours
from gisapp.density.local import LocalStatistic, gi_star, local_moran
from gisapp.density.ranking import back_test, pipe_ranking
from gisapp.density.rates import Rates, break_rates, pipe_breaks
from gisapp.density.surface import Surface, surface, surface_3857
from gisapp.density.trend import hotspot_trend

__all__ = [
    "Choice",
    "Cube",
    "Hotspots",
    "LocalStatistic",
    "Rates",
    "Surface",
    "back_test",
    "break_rates",
    "gi_star",
    "hotspot_trend",
    "hotspots",
    "incident_cube",
    "local_moran",
    "neighbours",
    "network_density",
    "on_pipes",
    "piece_lines",
    "pipe_breaks",
    "pipe_graph",
    "pipe_ranking",
    "surface",
    "surface_3857",
]
