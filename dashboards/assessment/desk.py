"""What the page reads: the proposals and the sheet of a span, worked out aside and kept, with when they were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from dashboards.judging import Sheet, assessed_sheet, found_proposals, kind_of, span
from dashboards.snapshot import NETWORK_TABLES, Snapshot
from gisapp.errors import InputError
from gisapp.incidents.seeing import RESTRICTED_TO, restricted
from gisapp.reports.proposals import TABLES, with_decisions

SPANS = 14
"""So many months, the present one first, are offered."""
BYS = ("unit", "grid", "person")
_READ = tuple(dict.fromkeys((*TABLES, *NETWORK_TABLES, "shutoff_steps", "notices")))


@dataclass(frozen=True, eq=False)
class Made:
    """Something that was worked out: when, and of which rows."""

    value: Any
    at: pd.Timestamp
    revision: int


class Desk:
    """Works out what the page shows, of each span once until it is asked for anew: a city takes it half a minute."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.store = snapshot, snapshot.store

    def proposals(self, name: str, *, anew: int = 0) -> Made | None:
        """Return the proposals of a span, None while they are worked out; ``anew`` counts how often that was asked."""

        def make() -> pd.DataFrame:
            start, end = self._span(name)
            return found_proposals(self.store, start, end, network=self.snapshot.network)

        return self._made(("proposals", name, anew), make)

    def sheet(self, name: str, by: str, roles: tuple[str, ...], *, anew: int = 0) -> Made | None:
        """Return the sheet of a span, None while it is worked out; restricted incidents count for their roles only."""
        cases = bool(set(roles) & set(RESTRICTED_TO))

        def make() -> Sheet:
            start, end = self._span(name)
            return assessed_sheet(self.store, start, end, by=by, cases=cases)

        return self._made(("assessment sheet", name, by, cases, anew), make)

    def sheet_now(self, name: str, by: str, roles: tuple[str, ...]) -> Sheet:
        """Return the sheet of a span that the page showed last; worked out at once where it is not."""
        made = self.sheet(name, by, roles)
        while made is None:
            made = self.sheet(name, by, roles)
        sheet: Sheet = made.value
        return sheet

    def stale(self, made: Made) -> bool:
        """Return whether rows have changed since."""
        return made.revision != self._revision()

    def decided(self, made: Made, roles: tuple[str, ...]) -> pd.DataFrame:
        """Return proposals with what was decided about each; of a restricted category for those roles only."""
        found = with_decisions(made.value, self.store.table("decisions"))
        return found if set(roles) & set(RESTRICTED_TO) else found[~self._hidden(found)]

    def _hidden(self, found: pd.DataFrame) -> Any:
        """Return which proposals rest on an incident of a restricted category."""
        incidents = self.store.table("incidents")
        codes = set(incidents.loc[restricted(incidents, self.store.rule_book), "code"])
        return (found["incident_code"].isin(codes) | found["linked"].isin(codes)).to_numpy()

    def names(self) -> dict[str, list[str]]:
        """Return the spans that are offered, by kind, the last one first."""
        now = pd.Timestamp.now(tz=self.store.zone)
        months = [f"{one:%Y-%m}" for one in pd.period_range(end=now.tz_localize(None).to_period("M"), periods=SPANS)]
        quarters = dict.fromkeys(f"{one[:4]}-Q{(int(one[5:]) + 2) // 3}" for one in months)
        years = dict.fromkeys(one[:4] for one in months)
        return {"month": months[::-1], "quarter": list(quarters)[::-1], "year": list(years)[::-1]}

    def known(self, name: str) -> str:
        """Return a span that is written rightly, else the month before the present one."""
        try:
            self._span(name)
        except InputError:
            return self.names()["month"][1]
        return name

    def _span(self, name: str) -> tuple[datetime, datetime]:
        return span(kind_of(name), name, self.store.zone)

    def _made(self, key: object, make: Any) -> Made | None:
        def whole() -> Made:
            revision = self._revision()
            return Made(make(), pd.Timestamp.now(tz=self.store.zone), revision)

        return self.snapshot.soon(key, (), whole)

    def _revision(self) -> int:
        return sum(self.store.revision(name) for name in _READ)
