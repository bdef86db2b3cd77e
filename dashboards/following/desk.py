"""What the page reads of the store: the rows that who asks sees, and what a form may name."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from dashboards.deeds import asking, every_role
from dashboards.scope import everywhere
from gisapp.errors import AccessError
from gisapp.grids import grids_at
from gisapp.incidents.seeing import RESTRICTED_TO, restricted
from gisapp.measures import Measure, measure_list
from gisapp.reports.visits import TABLES, unvisited
from gisapp.store import Store
from gisapp.tables import masked


class Desk:
    """The store as the page asks it: of their grids, their units or themselves, where a person's rights end there."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def measures(self) -> pd.DataFrame:
        """Return the measures as ``gisapp measures list`` tells them, the overdue first."""
        store = self.store
        today = datetime.now(store.zone).date()
        found = measure_list(store.table("measures"), store.table("measure_steps"), today=today, zone=store.zone)
        return found[self._theirs(found, "subject", "ordered_by") & self._told(found)]

    def notes(self) -> pd.DataFrame:
        """Return what was noted, the newest first; nobody who was met is named."""
        found = masked(self.store.table("grid_notes"), "grid_notes").sort_values(["at", "number"], ascending=False)
        return found[self._theirs(found, "person_code")]

    def unvisited(self, every_days: float) -> pd.DataFrame:
        """Return the grids whose leader has not visited them for so many days."""
        tables = {name: self.store.table(name) for name in TABLES}
        found = unvisited(tables, now=datetime.now(UTC), every_days=every_days)
        return found[self._theirs(found, "leader")]

    def measure(self, code: str) -> Measure:
        """Return one measure as it stands on the disk.

        Raises
        ------
        AccessError
            When it is none of the person's; nothing of it is told.
        InputError
            When there is none.
        """
        found = self.store.measures.measure(code)
        row = pd.DataFrame([{name: getattr(found, name) for name in _HEAD}])
        if not (self._theirs(row, "subject", "ordered_by") & self._told(row)).all():
            raise AccessError(f"{code} is not of your grids or units")
        return found

    def grids(self) -> list[str]:
        """Return the grids in force that are the person's."""
        found = grids_at(self.store.table("grids"), pd.Timestamp.now("UTC"))
        mine = found["code"] if everywhere(asking()) else found["code"][found["code"].isin(list(asking().grids))]
        return sorted(mine)

    def units(self) -> list[str]:
        """Return every unit's code."""
        return sorted(self.store.table("org_units")["code"])

    def _theirs(self, rows: pd.DataFrame, *names: str) -> pd.Series:
        """Return which rows are of the person's grids, or name their units or themselves in any of the columns."""
        person = asking()
        if everywhere(person):
            return pd.Series(True, index=rows.index)
        mine = rows["grid_code"].isin(list(person.grids))
        for name in names:
            mine |= rows[name].isin([*person.units, person.code])
        return mine

    def _told(self, rows: pd.DataFrame) -> pd.Series:
        """Return which measures rest on no incident of a restricted category, or may be seen all the same."""
        if set(every_role()) & set(RESTRICTED_TO):
            return pd.Series(True, index=rows.index)
        incidents = self.store.table("incidents")
        named = incidents[incidents["code"].isin(rows["incident_code"].dropna())]
        return ~rows["incident_code"].isin(named.loc[restricted(named, self.store.rule_book), "code"])


_HEAD = ("code", "subject", "ordered_by", "grid_code", "incident_code")
