"""Incidents too many for one table: GeoParquet read a part at a time, here or on a cluster, with the same answers."""

from gisapp.partitions.counts import Choice, grid_counts_of
from gisapp.partitions.density import Survey, binned_of, held_out_bandwidth_of, hexagon_sums_of, survey_of
from gisapp.partitions.files import Part, days_of, parts_of
from gisapp.partitions.places import assign_parts
from gisapp.partitions.run import Cluster

__all__ = [
    "Choice",
    "Cluster",
    "Part",
    "Survey",
    "assign_parts",
    "binned_of",
    "days_of",
    "grid_counts_of",
    "held_out_bandwidth_of",
    "hexagon_sums_of",
    "parts_of",
    "survey_of",
]
