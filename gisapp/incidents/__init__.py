"""One incident from report to archive, and what it has to do with others."""

from gisapp.incidents.repeats import Repeats, repeat_complaints, repeat_repairs

__all__ = ["Repeats", "repeat_complaints", "repeat_repairs"]
