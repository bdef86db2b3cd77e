"""Pipes, valves, cables and switches as graphs: what to close for a burst, and who is then without supply."""

from gisapp.network.build import network_of
from gisapp.network.criticality import Criticality, criticality, ranking
from gisapp.network.cut import Isolation, isolation
from gisapp.network.exchange import from_networkx, to_networkx
from gisapp.network.forms import as_json, burst_named, network_json
from gisapp.network.losses import Loss, least_hours
from gisapp.network.model import Network
from gisapp.network.notes import Note
from gisapp.network.pressure import USUAL_PRESSURE_M, ReducedPressure, reduced_pressure
from gisapp.network.segments import node_segments, segments
from gisapp.network.shutoff import Shutoff, shutoff
from gisapp.network.together import Together, overlaps, together

__all__ = [
    "USUAL_PRESSURE_M",
    "Criticality",
    "Isolation",
    "Loss",
    "Network",
    "Note",
    "ReducedPressure",
    "Shutoff",
    "Together",
    "as_json",
    "burst_named",
    "criticality",
    "from_networkx",
    "isolation",
    "least_hours",
    "network_json",
    "network_of",
    "node_segments",
    "overlaps",
    "ranking",
    "reduced_pressure",
    "segments",
    "shutoff",
    "to_networkx",
    "together",
]
