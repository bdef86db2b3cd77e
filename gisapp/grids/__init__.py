"""A coverage of polygons, and which of them a point is in."""

from gisapp.grids.assign import assign
from gisapp.grids.changes import Change, History, change_of
from gisapp.grids.coverage import coverage_faults, grids_at, turned, turns
from gisapp.grids.districting import rebalance, suggest
from gisapp.grids.districting_proposal import Proposal
from gisapp.grids.districting_reasons import Shortfall
from gisapp.grids.districting_units import Units
from gisapp.grids.index import GridIndex, grid_index, shapely_index
from gisapp.grids.leaders import leaders_at
from gisapp.grids.naming import leaders_planned, name_grid, planned_leaders
from gisapp.grids.plans import Plan, plan_grids, plan_of, plan_of_grids
from gisapp.grids.units import bridges_of, cut_out, labels_of, units_of
from gisapp.grids.workload import incident_rows, outside_load, rows_at, workload

__all__ = [
    "Change",
    "GridIndex",
    "History",
    "Plan",
    "Proposal",
    "Shortfall",
    "Units",
    "assign",
    "bridges_of",
    "change_of",
    "coverage_faults",
    "cut_out",
    "grid_index",
    "grids_at",
    "incident_rows",
    "labels_of",
    "leaders_at",
    "leaders_planned",
    "name_grid",
    "outside_load",
    "plan_grids",
    "plan_of",
    "plan_of_grids",
    "planned_leaders",
    "rebalance",
    "rows_at",
    "shapely_index",
    "suggest",
    "turned",
    "turns",
    "units_of",
    "workload",
]
