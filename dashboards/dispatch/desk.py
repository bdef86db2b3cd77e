"""What the page works with, kept until a table below it changes: what waits, the register of places, the rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import pandas as pd

from dashboards.deeds import asking
from dashboards.scope import everywhere, require_seen, seen
from dashboards.snapshot import WAITING, Snapshot
from gisapp.errors import UnavailableError
from gisapp.incidents import Incident, RuleBook, incident_among
from gisapp.incidents.locating import Register
from gisapp.incidents.seeing import RESTRICTED_TO, require_visible, restricted
from gisapp.reports.routes import TABLES
from gisapp.reports.waiting import judged, waiting_records
from gisapp.rules.incidents import CategoryRule
from gisapp.store import Store
from gisapp.words import term

TICK_S = 10
"""Clocks are judged anew so often, whoever asks."""
WAITS = (WAITING, "incident_steps")
"""The tables of what waits."""
_NAME = {"zh-Hans": "name_hans", "zh-Hant": "name_hant", "en": "name_en"}


class Desk:
    """The store as the dispatchers' page asks it; many threads may ask."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.snapshot.store

    @property
    def book(self) -> RuleBook:
        """Return the rules of incidents of every day."""
        return self.store.rule_book

    def rows(self, role: str) -> gpd.GeoDataFrame:
        """Return the open incidents that who asks sees as a role, in the shape of their table."""
        rows, steps = self._open()
        cases = restricted(rows, self.book)
        mine = seen(asking(), rows, cases, steps)
        return rows[mine] if role in RESTRICTED_TO else rows[mine & ~cases]

    def listed(self, role: str, now: datetime | None = None) -> pd.DataFrame:
        """Return what waits, as ``gisapp incidents list`` tells a role, its clocks judged within :data:`TICK_S`."""
        book, sees = self.book, role if role in RESTRICTED_TO else None
        at = now or self.judged_at()
        listed = self.snapshot.derived(
            ("waiting", sees, at, book), WAITS, lambda: judged(self._records(book, sees), book, now=at)
        )
        return listed if everywhere(asking()) else listed[listed["code"].isin(self.rows(role)["code"])]

    def _records(self, book: RuleBook, role: str | None) -> list[Incident]:
        """Return the incidents of which only the clocks go on while nothing is written."""
        return self.snapshot.derived(
            ("records that wait", role, book), WAITS, lambda: waiting_records(*self._open(), book, role=role)
        )

    def judged_at(self) -> datetime:
        """Return the moment at which clocks are judged now."""
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() // TICK_S * TICK_S, UTC)

    @property
    def at_hand(self) -> bool:
        """Return whether what waits is known, or is at once."""
        return self.snapshot.soon("waiting rows", WAITS, self.store.incidents.waiting) is not None

    def incident(self, code: str, role: str) -> Incident:
        """Return one incident as it stands on the disk.

        Raises
        ------
        AccessError
            When the role may not see it, or who asks does not.
        InputError
            When there is none.
        """
        try:
            incident = self.store.incidents.incident(code)
        except UnavailableError:
            rows, steps = self._open()
            if code not in set(rows["code"]):
                raise
            incident = incident_among(rows.drop(columns="geom"), steps, code, self.book)
        require_visible(incident, self.book, role)
        require_seen(asking(), incident, case=self.case(incident))
        return incident

    def beside(self, incident: Incident) -> gpd.GeoDataFrame:
        """Return an incident's row and those that may be of the same; of what waits alone while the store is away."""
        try:
            return self.store.incidents.alongside(incident)
        except UnavailableError:
            rows, group = self._open()[0], incident.standing.duplicate_of or incident.code
            if incident.code not in set(rows["code"]):
                raise
            return rows[rows["code"].isin({incident.code, group}) | (rows["duplicate_of"] == group)]

    def case(self, incident: Incident) -> bool:
        """Return whether an incident is of a category that the rules restrict."""
        return bool(restricted(pd.DataFrame([{"category": incident.head.get("category")}]), self.book)[0])

    def tables(self) -> dict[str, Any]:
        """Return the tables with which grids and units are found."""
        return {name: self.store.table(name) for name in TABLES}

    def register(self) -> Register:
        """Return the register in which places are looked up."""
        names, aliases = ("customers", "buildings", "communities"), self.store.place_aliases(pd.Timestamp.now("UTC"))

        def make() -> Register:
            register = Register.of({name: self.store.table(name) for name in names}, aliases)
            register.find("", "-")  # builds what it looks up in
            return register

        return self.snapshot.derived(("register", tuple(aliases.items())), names, make)

    def units(self, spoken: str) -> dict[str, str]:
        """Return the name of every unit by its code."""
        units = self.store.table("org_units")
        names = units[_NAME[spoken]].where(units[_NAME[spoken]].notna(), units["name_hans"])
        return dict(zip(units["code"], names, strict=True))

    def category(self, row: Any, spoken: str) -> str:
        """Return what was reported, in words: its category, or its type where the rules do not have it."""
        rule = self.book.category(row)
        return category_name(rule, spoken) if rule else term("incident", str(row["type"]), spoken)

    def _open(self) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        return self.snapshot.derived("waiting rows", WAITS, self.store.incidents.waiting)


def ready(snapshot: Snapshot) -> None:
    """Make what the first caller would wait for: what waits, the register of places, the tables of grids and units."""
    desk = Desk(snapshot)
    desk.listed("")
    desk.register()
    desk.tables()


def category_name(rule: CategoryRule, spoken: str) -> str:
    """Return the name of a category."""
    return str(getattr(rule, _NAME[spoken]))
