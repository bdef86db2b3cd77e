"""What is known of the emergency that is shown: its record, what stands around it, and who may hold a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboards.emergency.case import Case
from dashboards.snapshot import Snapshot
from gisapp.emergencies import Around, Emergency, around, emergency_list, emergency_of
from gisapp.emergencies.around import TABLES
from gisapp.rules import shutoff_rules

READ = ("emergencies", "emergency_steps", *TABLES, "people", "org_units", "posts")
OVER = ("evaluated", "closed", "cancelled")
_NAMES = {"zh-Hans": "name_hans", "zh-Hant": "name_hant", "en": "name_en"}


@dataclass(frozen=True, eq=False)
class Board:
    """One emergency as it is shown now.

    Parameters
    ----------
    emergency, around
        The record, and what stands around it, the same as the command line tells.
    people
        The persons of the house: ``code``, ``unit_code``.
    units
        The name of each unit in the language of the page.
    now
        The moment of judging, in the store's zone.
    """

    emergency: Emergency
    around: Around
    people: pd.DataFrame
    units: Mapping[str, str]
    now: pd.Timestamp
    zone: ZoneInfo

    def person(self, code: str) -> str:
        """Return a person by code and unit; a unit by its name."""
        if code in self.units:
            return self.units[code]
        rows = self.people.loc[self.people["code"] == code, "unit_code"]
        unit = None if rows.empty or pd.isna(rows.iloc[0]) else str(rows.iloc[0])
        return code if unit is None else f"{code} · {self.units.get(unit, unit)}"


def board_of(code: str, snapshot: Snapshot, spoken: str) -> Board:
    """Return an emergency as it stands now.

    Raises
    ------
    InputError
        When there is no such emergency.
    """
    store = snapshot.store
    tables: dict[str, Any] = {name: store.table(name) for name in READ}
    emergency = emergency_of(code, tables["emergencies"], tables["emergency_steps"])
    now = pd.Timestamp.now(tz=store.zone)
    day = emergency.opened_at.astimezone(store.zone).date()
    rules = shutoff_rules(day, store.kept_rules("shutoffs"))
    units = tables["org_units"].set_index("code")[_NAMES[spoken]]
    return Board(
        emergency,
        around(emergency, tables, rules, now=now.to_pydatetime()),
        tables["people"][["code", "unit_code"]],
        {str(name): str(said) for name, said in units.items()},
        now,
        store.zone,
    )


def shown_event(case: Case, snapshot: Snapshot) -> str | None:
    """Return the code of the emergency that belongs to a case: the one that is named, or that of the record."""
    if case.event:
        return case.event
    if not case.code:
        return None
    heads = snapshot.store.table("emergencies")
    mine = heads[heads["shutoff_code"] == case.code]
    listed = emergency_list(mine, snapshot.store.table("emergency_steps"), drills=True)
    listed = listed[listed["status"] != "cancelled"]
    return None if listed.empty else str(listed.iloc[0]["code"])


def mark(case: Case, snapshot: Snapshot) -> str:
    """Return what changes when something else would be shown."""
    known = snapshot.store.revisions()
    return "#".join([case.code, case.event, *(str(known[name]) for name in READ)])
