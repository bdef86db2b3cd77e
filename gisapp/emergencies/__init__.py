"""Emergencies: their life, who commands, who must be told, which plan holds, and where material lies ready."""

from gisapp.emergencies.around import Around, around, with_reasons
from gisapp.emergencies.forms import emergency_json, emergency_list
from gisapp.emergencies.informing import informed
from gisapp.emergencies.lifecycle import (
    ACTIONS,
    DECISIONS,
    FUNCTIONS,
    POSTS,
    allowed,
    next_step,
    recordable,
    wants_words,
)
from gisapp.emergencies.materials import lacking, nearest_materials
from gisapp.emergencies.model import Emergency, EventStep, emergency_of
from gisapp.emergencies.plans import plans_for

__all__ = [
    "ACTIONS",
    "DECISIONS",
    "FUNCTIONS",
    "POSTS",
    "Around",
    "Emergency",
    "EventStep",
    "allowed",
    "around",
    "emergency_json",
    "emergency_list",
    "emergency_of",
    "informed",
    "lacking",
    "nearest_materials",
    "next_step",
    "plans_for",
    "recordable",
    "wants_words",
    "with_reasons",
]
