"""Which grids their leader has not seen for long: the grids in force, who leads them, and what was noted of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from gisapp.grids import grids_at, leaders_at
from gisapp.measures import quiet_grids

TABLES = ("grids", "posts", "grid_notes")


def unvisited(tables: Mapping[str, pd.DataFrame], *, now: datetime, every_days: float) -> pd.DataFrame:
    """Return the grids of a moment whose leader has not visited them for more than some days, the longest first.

    Parameters
    ----------
    tables
        :data:`TABLES` of the data dictionary.

    Returns
    -------
    DataFrame
        As :func:`gisapp.measures.quiet_grids`.
    """
    moment = pd.Timestamp(now)
    grids, leaders = grids_at(tables["grids"], moment), leaders_at(tables["posts"], moment)
    return quiet_grids(grids, leaders, tables["grid_notes"], now=now, every_days=every_days)
