"""Surfaces, and the cube behind the time slider."""

from gisapp.density.cube import Cube, incident_cube
from gisapp.density.surface import Surface, surface, surface_3857

__all__ = ["Cube", "Surface", "incident_cube", "surface", "surface_3857"]
