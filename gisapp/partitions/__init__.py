"""Incidents too many for one table: GeoParquet read a part at a time, here or on a cluster, with the same answers."""

from gisapp.partitions.counts import Choice, grid_counts_of
from gisapp.partitions.files import Part, days_of, parts_of
from gisapp.partitions.places import assign_parts
from gisapp.partitions.run import Cluster

__all__ = ["Choice", "Cluster", "Part", "assign_parts", "days_of", "grid_counts_of", "parts_of"]
