"""One incident from report to archive, and what it has to do with others."""

from gisapp.incidents.book import RuleBook, incident_among
from gisapp.incidents.clocks import Clock, clock_table, clocks
from gisapp.incidents.forms import incident_json, incident_list, still_open
from gisapp.incidents.lifecycle import allowed, next_step, recordable
from gisapp.incidents.lives import CALLBACKS, FIRST_STATUS, MOVES, ROLES
from gisapp.incidents.merging import alike, first_reports
from gisapp.incidents.model import Actor, Incident, Standing, Step, imported, incident_of, incidents_of, replayed
from gisapp.incidents.repeats import Repeats, repeat_complaints, repeat_repairs

__all__ = [
    "CALLBACKS",
    "FIRST_STATUS",
    "MOVES",
    "ROLES",
    "Actor",
    "Clock",
    "Incident",
    "Repeats",
    "RuleBook",
    "Standing",
    "Step",
    "alike",
    "allowed",
    "clock_table",
    "clocks",
    "first_reports",
    "imported",
    "incident_among",
    "incident_json",
    "incident_list",
    "incident_of",
    "incidents_of",
    "next_step",
    "recordable",
    "repeat_complaints",
    "repeat_repairs",
    "replayed",
    "still_open",
]
