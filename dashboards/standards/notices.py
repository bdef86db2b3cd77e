"""The published shutoffs of one store, made once and kept until something they came from changes."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache

import pandas as pd

from dashboards.emergency.standing import RECORDS
from dashboards.snapshot import NETWORK_TABLES, Snapshot
from gisapp.errors import InputError
from gisapp.network import shutoff
from gisapp.operations import Operation, Overrides, operation_of, states_for
from gisapp.operations.model import Burst
from gisapp.reports.published import NOTICE, TABLES, Concerned, Published, concerned, published

_READ = tuple(dict.fromkeys((*NETWORK_TABLES, *TABLES)))


class Notices:
    """What the public reads; many may ask, and an area is worked out once."""

    def __init__(self, kept: Snapshot) -> None:
        self._kept = kept
        self._found = lru_cache(maxsize=256)(self._find)

    def told(self) -> list[Published]:
        """Return the published shutoffs as they stand within the minute."""
        minute = pd.Timestamp.now("UTC").floor("min")
        hotline = str(self._kept.store.setting("hotline") or "")
        key = ("published", minute, hotline)
        return self._kept.derived(key, (*RECORDS, *_READ), lambda: self._told(minute, hotline))

    def _told(self, now: pd.Timestamp, hotline: str) -> list[Published]:
        store = self._kept.store
        records = [store.table(name) for name in RECORDS]
        notices = records[-1]
        codes = notices.loc[notices["kind"] == NOTICE, "shutoff_code"].unique()
        operations = {code: operation_of(code, *records) for code in codes}
        told = published(operations.values(), now=now.to_pydatetime(), hotline=hotline)
        return [one.concerning(self._concerned(operations[one.code])) for one in told]

    def _concerned(self, operation: Operation) -> Concerned:
        """Return whom an operation concerns; nobody knows where a link that it shuts is gone."""
        store = self._kept.store
        states = states_for(operation, store.table("valve_operations"), store.table("devices"))
        known = store.revisions()
        return self._found(operation.utility, operation.bursts, states, tuple(known[name] for name in _READ))

    def _find(
        self, utility: str, bursts: tuple[Burst, ...], states: Overrides, _revisions: tuple[int, ...]
    ) -> Concerned:
        try:
            answer = shutoff(self._kept.network(utility), bursts, **asdict(states))
        except InputError:
            return Concerned()
        return concerned(answer, {name: self._kept.store.table(name) for name in TABLES})
