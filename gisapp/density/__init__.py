"""Surfaces, density along pipes, the cube of the time slider, what stands out beyond chance, and which pipes fail."""

from gisapp.density.along import PipeGraph, network_density, on_pipes, piece_lines, pipe_graph
from gisapp.density.area import service_area
from gisapp.density.bandwidth import Bandwidth, held_out_bandwidth
from gisapp.density.binning import Binned, Lattice, binned
from gisapp.density.choice import Choice
from gisapp.density.cube import Cube, incident_cube
from gisapp.density.exposure import (
    change_surface,
    household_exposure,
    per_year,
    pipe_exposure,
    rate_surface,
)
from gisapp.density.hexagons import Hexagons, h3_cells
from gisapp.density.hotspots import Hotspots, hotspots, neighbours
from gisapp.density.local import LocalStatistic, gi_star, local_moran
from gisapp.density.painted import painted, pixel_places
from gisapp.density.places import hexagon_exposure, hexagon_figures, place_figures
from gisapp.density.privacy import (
    LEAST_CUSTOMERS,
    SharedPoints,
    shareable_pieces,
    shareable_places,
    shareable_points,
    shareable_surface,
)
from gisapp.density.ranking import back_test, pipe_ranking
from gisapp.density.rates import Rates, break_rates, pipe_breaks
from gisapp.density.surface import Surface, binned_surface, surface
from gisapp.density.trend import hotspot_trend
from gisapp.density.web import surface_3857, web_surface

__all__ = [
    "LEAST_CUSTOMERS",
    "Bandwidth",
    "Binned",
    "Choice",
    "Cube",
    "Hexagons",
    "Hotspots",
    "Lattice",
    "LocalStatistic",
    "PipeGraph",
    "Rates",
    "SharedPoints",
    "Surface",
    "back_test",
    "binned",
    "binned_surface",
    "break_rates",
    "change_surface",
    "gi_star",
    "h3_cells",
    "held_out_bandwidth",
    "hexagon_exposure",
    "hexagon_figures",
    "hotspot_trend",
    "hotspots",
    "household_exposure",
    "incident_cube",
    "local_moran",
    "neighbours",
    "network_density",
    "on_pipes",
    "painted",
    "per_year",
    "piece_lines",
    "pipe_breaks",
    "pipe_exposure",
    "pipe_graph",
    "pipe_ranking",
    "pixel_places",
    "place_figures",
    "rate_surface",
    "service_area",
    "shareable_pieces",
    "shareable_places",
    "shareable_points",
    "shareable_surface",
    "surface",
    "surface_3857",
    "web_surface",
]
