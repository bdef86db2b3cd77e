"""The data dictionary: every table, its columns, units, choices and personal fields.

The door for files checks against it, the store builds its schema from it, the layers mask by it,
and ``data/README.md`` is printed from it. Frames travel between the rooms in this shape:
one column per :class:`Column` in the order given, geometry in a column called ``geom`` in the
project's projected CRS, a plain ``RangeIndex``, times aware and in UTC, missing text as NaN.
A table is declared in the file of its subject: organisation, town, network, incidents,
operations or boundaries.
"""

from gisapp.tables.choices import (
    CHANNELS,
    CRITICAL_KINDS,
    DONE_STATUSES,
    EMERGENCY_KINDS,
    INCIDENT_TYPES,
    NOTICE_KINDS,
    STATUSES,
    UNIT_KINDS,
    UTILITIES,
    VERDICTS,
    WITHDRAWN_STATUSES,
)
from gisapp.tables.column import DTYPES, Column, Table
from gisapp.tables.every import TABLES
from gisapp.tables.printed import dictionary
from gisapp.tables.shape import conform, masked, masked_account, personal_columns

__all__ = [
    "CHANNELS",
    "CRITICAL_KINDS",
    "DONE_STATUSES",
    "DTYPES",
    "EMERGENCY_KINDS",
    "INCIDENT_TYPES",
    "NOTICE_KINDS",
    "STATUSES",
    "TABLES",
    "UNIT_KINDS",
    "UTILITIES",
    "VERDICTS",
    "WITHDRAWN_STATUSES",
    "Column",
    "Table",
    "conform",
    "dictionary",
    "masked",
    "masked_account",
    "personal_columns",
]
