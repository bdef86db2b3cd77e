"""A coverage of polygons, and which of them a point is in."""

from gisapp.grids.assign import assign
from gisapp.grids.coverage import coverage_faults, grids_at
from gisapp.grids.index import GridIndex, grid_index, shapely_index
from gisapp.grids.leaders import leaders_at
from gisapp.grids.workload import incident_rows, outside_load, rows_at, workload

__all__ = [
    "GridIndex",
    "assign",
    "coverage_faults",
    "grid_index",
    "grids_at",
    "incident_rows",
    "leaders_at",
    "outside_load",
    "rows_at",
    "shapely_index",
    "workload",
]
