"""What is to be done by a day and by whom, and what leaders note of their grids."""

from gisapp.measures.lifecycle import ACTIONS, acting, allowed, first_step, following, next_step
from gisapp.measures.listing import carried, measure_list, quiet_grids
from gisapp.measures.model import Measure, MeasureStep, measure_of, measures_of

__all__ = [
    "ACTIONS",
    "Measure",
    "MeasureStep",
    "acting",
    "allowed",
    "carried",
    "first_step",
    "following",
    "measure_list",
    "measure_of",
    "measures_of",
    "next_step",
    "quiet_grids",
]
