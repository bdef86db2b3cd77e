"""What is waited for: open incidents, the most urgent first; the command and the dispatchers' board tell the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd

from gisapp.grids import leaders_at
from gisapp.incidents import Incident, RuleBook, clock_table, incident_list, incidents_of, still_open
from gisapp.incidents.seeing import RESTRICTED_TO, restricted
from gisapp.reports.routes import routes_of

COLOURS = ("breached", "due_soon", "running", "nothing")
"""The colours of the board, the most urgent first; ``nothing`` is where no clock runs, or all are met."""


@dataclass(frozen=True)
class Chosen:
    """Which incidents are asked for; what is empty leaves all in."""

    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    utility: str = ""
    unit: str = ""
    grid: str = ""
    clocks: tuple[str, ...] = ()

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return those of the rows that are asked for, by all but their clocks."""
        keep = pd.Series(True, index=rows.index)
        for column, values in (("status", self.statuses), ("type", self.types)):
            if values:
                keep &= rows[column].isin(list(values))
        for column, value in (("utility", self.utility), ("unit_code", self.unit), ("grid_code", self.grid)):
            if value:
                keep &= rows[column] == value
        return rows[keep.fillna(False).astype(bool)]


EVERY = Chosen()


def waiting(
    incidents: pd.DataFrame,
    incident_steps: pd.DataFrame,
    book: RuleBook,
    *,
    now: datetime,
    role: str | None = None,
    chosen: Chosen = EVERY,
    over: bool = False,
) -> pd.DataFrame:
    """Return the incidents that wait for something, as :func:`gisapp.incidents.incident_list` lists them.

    Parameters
    ----------
    incidents, incident_steps
        Rows in the shape of the tables of those names.
    book
        The rules; those of the day of each report hold.
    now
        The moment at which clocks are judged, aware.
    role
        As what they are read: restricted ones are told to :data:`gisapp.incidents.seeing.RESTRICTED_TO` alone.
    chosen
        Which of them.
    over
        Whether what is over is told, too.
    """
    records = waiting_records(incidents, incident_steps, book, role=role, chosen=chosen, over=over)
    found = judged(records, book, now=now)
    return found[found["clock_state"].isin(list(chosen.clocks))] if chosen.clocks else found


def waiting_records(
    incidents: pd.DataFrame,
    incident_steps: pd.DataFrame,
    book: RuleBook,
    *,
    role: str | None = None,
    chosen: Chosen = EVERY,
    over: bool = False,
) -> list[Incident]:
    """Return the incidents that :func:`waiting` lists, whatever their clocks say; its parameters."""
    rows = chosen.of(incidents)
    rows = rows if over else rows[still_open(rows, incident_steps, book)]
    rows = rows if role in RESTRICTED_TO else rows[~restricted(rows, book)]
    mine = incident_steps[incident_steps["incident_code"].isin(rows["code"])]
    return list(incidents_of(rows, mine, book.life))


def judged(records: Sequence[Incident], book: RuleBook, *, now: datetime) -> pd.DataFrame:
    """Return incidents as they are listed, their clocks judged at a moment."""
    told = clock_table(records, lambda one: book.at(one.reported_at), now=now, zone=book.zone)
    return incident_list(records, told)


def colours_of(found: pd.DataFrame) -> pd.Series:
    """Return the colour of each row of :func:`waiting`, one of :data:`COLOURS`."""
    state = found["clock_state"]
    return state.where(state.isin(COLOURS[:-1]), COLOURS[-1]).astype("str")


def answers_of(
    incident: Incident, rows: gpd.GeoDataFrame, tables: Mapping[str, Any], book: RuleBook, *, language: str = "en"
) -> dict[str, Any]:
    """Return the grid, its leader then, and the unit of one incident: its row of ``routes_of`` as plain values.

    Parameters
    ----------
    rows
        The incident's row among those that may be of the same lack of water.
    tables
        Those of :data:`gisapp.reports.routes.TABLES`; with ``posts`` the leader is told, as ``grid_leader``.
    """
    marks = {incident.code: incident.standing.marks}
    found = routes_of(rows, tables, book.zone, own_rules=book.own, marks=marks, language=language)
    told = plain_answers(found[found["incident_code"] == incident.code].iloc[0])
    if "posts" in tables:
        moment = pd.Timestamp(incident.reported_at)
        told["grid_leader"] = leaders_at(tables["posts"], moment).get(told["grid"])
    return told


def plain_answers(row: pd.Series) -> dict[str, Any]:
    """Return a row of :func:`gisapp.reports.routes.routes_of` as plain values."""
    plain = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    return plain | {"near_border": bool(plain["near_border"])}
