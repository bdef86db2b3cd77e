"""Shutoff operations as records: their life, the log of valves, the duties they bring."""

from gisapp.operations.cooperation import cooperation
from gisapp.operations.forms import operation_json, operation_list
from gisapp.operations.lifecycle import Step, allowed, amendable, next_step, recordable, wants_reason
from gisapp.operations.model import Operation, burst_text, bursts_of, notice_digest, operation_of
from gisapp.operations.spans import spans
from gisapp.operations.valves import Overrides, overrides, states_for, still_closed, without_order

__all__ = [
    "Operation",
    "Overrides",
    "Step",
    "allowed",
    "amendable",
    "burst_text",
    "bursts_of",
    "cooperation",
    "next_step",
    "notice_digest",
    "operation_json",
    "operation_list",
    "operation_of",
    "overrides",
    "recordable",
    "spans",
    "states_for",
    "still_closed",
    "wants_reason",
    "without_order",
]
