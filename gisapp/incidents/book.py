"""The rules that each incident keeps: those of the day on which it was reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from gisapp.errors import InputError
from gisapp.incidents.model import Incident, incident_of
from gisapp.rules import IncidentRules, incident_rules
from gisapp.rules.incidents import CategoryRule


@dataclass(frozen=True)
class RuleBook:
    """The rules of every day: the zone that divides the days, and a utility's own copy or None for ours."""

    zone: ZoneInfo
    own: Path | str | None = None

    def at(self, moment: datetime) -> IncidentRules:
        """Return the rules in force on the day of a moment."""
        return incident_rules(moment.astimezone(self.zone).date(), self.own)

    def category(self, row: Mapping[str, Any]) -> CategoryRule | None:
        """Return the category of a row of ``incidents`` by the rules of its day; None where they do not have it."""
        found: object = row.get("category")
        named = found if isinstance(found, str) else None
        return self.at(row["reported_at"]).category_of(named, str(row["type"]))

    def life(self, row: Mapping[str, Any]) -> str | None:
        """Return the life of the category of a row; None where the rules do not have it."""
        rule = self.category(row)
        return None if rule is None else rule.life


def incident_among(rows: pd.DataFrame, steps: pd.DataFrame, code: str, book: RuleBook) -> Incident:
    """Return one of the incidents in tables of rows and of steps.

    Raises
    ------
    InputError
        When it is not among them.
    """
    found = rows[rows["code"] == code]
    if found.empty:
        raise InputError(f"there is no incident {code!r}", todo="list them and choose one", field="code")
    row = {str(name): None if pd.isna(value) else value for name, value in found.iloc[0].items()}
    own = steps[steps["incident_code"] == code].sort_values("step")
    return incident_of(row, own, book.life(row))
