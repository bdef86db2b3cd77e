"""Patrols: what their tracks covered, whether they were walked in time, and by which way a grid is walked best."""

from gisapp.patrols.checks import lacking_checks
from gisapp.patrols.coverage import Coverage, assets_due, coverage
from gisapp.patrols.findings import as_incidents, doubtful
from gisapp.patrols.inspection import Walk, inspection, pipe_edges, street_edges
from gisapp.patrols.schedule import next_due, occasions, overdue_devices

__all__ = [
    "Coverage",
    "Walk",
    "as_incidents",
    "assets_due",
    "coverage",
    "doubtful",
    "inspection",
    "lacking_checks",
    "next_due",
    "occasions",
    "overdue_devices",
    "pipe_edges",
    "street_edges",
]
