"""A coverage of polygons, and which of them a point is in."""

from gisapp.grids.assign import assign
from gisapp.grids.coverage import grids_at
from gisapp.grids.index import GridIndex, grid_index, shapely_index

__all__ = ["GridIndex", "assign", "grid_index", "grids_at", "shapely_index"]
