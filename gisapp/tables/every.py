"""Every table by its name, in the order of the data dictionary."""

from __future__ import annotations

from collections.abc import Mapping

from gisapp.tables.boundaries import BOUNDARIES
from gisapp.tables.builders import BUILDERS
from gisapp.tables.column import Table
from gisapp.tables.decisions import DECISIONS
from gisapp.tables.emergencies import EMERGENCIES
from gisapp.tables.incidents import INCIDENTS
from gisapp.tables.measures import MEASURES
from gisapp.tables.network import NETWORK
from gisapp.tables.operations import OPERATIONS
from gisapp.tables.organisation import ORGANISATION
from gisapp.tables.patrols import PATROLS
from gisapp.tables.sites import SITES
from gisapp.tables.town import TOWN

_PARTS = (
    *(ORGANISATION, TOWN, NETWORK, INCIDENTS, OPERATIONS, BOUNDARIES, DECISIONS, PATROLS, BUILDERS),
    EMERGENCIES,
    SITES,
    MEASURES,
)
TABLES: Mapping[str, Table] = {table.name: table for part in _PARTS for table in part}
