"""How things stand for a case: its record, the answer, and the situation that every figure is read from.

Several people look at one operation, so what was made for one of them is kept until the store changes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from threading import RLock
from typing import TypeVar, cast

import pandas as pd
import shapely

from dashboards.emergency.case import Case
from dashboards.emergency.estimates import Estimates
from dashboards.snapshot import NETWORK_TABLES, Snapshot
from gisapp.network import Network, ReducedPressure, Shutoff, shutoff
from gisapp.operations import Operation, Overrides, bursts_of, operation_list, operation_of, overrides, states_for
from gisapp.operations.lifecycle import DONE
from gisapp.operations.model import Burst
from gisapp.reports.coinciding import Coincidence, coinciding
from gisapp.reports.situation import TABLES, Situation, situation_of

Value = TypeVar("Value")
RECORDS = ("shutoffs", "shutoff_steps", "valve_operations", "notices")
READ = tuple(dict.fromkeys((*NETWORK_TABLES, *TABLES, *RECORDS)))


@dataclass(frozen=True, eq=False)
class Standing:
    """How things stand.

    Parameters
    ----------
    case
        What was asked.
    operation
        Its record, None for a burst that is only tried out.
    today
        Devices that by the log stand otherwise than normally, closings of this operation left out.
    stuck
        The devices that this case itself found impossible to operate.
    plain
        The answer as things stand.
    easier
        As ``plain``, could all of ``stuck`` be operated; None where there are none.
    answer
        What is shown: ``plain``, or the answer with the device opened that is tried as a feed from elsewhere.
    situation
        Every figure of ``answer``.
    """

    case: Case
    operation: Operation | None
    today: Overrides
    stuck: tuple[str, ...]
    plain: Shutoff
    easier: Shutoff | None
    answer: Shutoff
    situation: Situation
    _shared: dict[object, object] = field(default_factory=dict, init=False, repr=False)
    _lock: RLock = field(default_factory=RLock, init=False, repr=False)

    def once(self, key: object, make: Callable[[], Value]) -> Value:
        """Return ``make()``, made once for all who look at this: what does not depend on who they are."""
        with self._lock:
            if key not in self._shared:
                self._shared[key] = make()
            return cast(Value, self._shared[key])

    @property
    def utility(self) -> str:
        """Return the utility."""
        return self.answer.utility

    @property
    def spot(self) -> shapely.Point | None:
        """Return one point on what is shut, None where nothing is known of its place."""
        shape = self.situation.site.shape
        return None if shape.is_empty else shapely.point_on_surface(shape)

    @property
    def tried(self) -> pd.Series | None:
        """Return the row of the restoration that is tried, None while none is."""
        rows = self.plain.restoration[self.plain.restoration["code"] == self.case.opened]
        return None if rows.empty else rows.iloc[0]

    def seen(self, device: str) -> str:
        """Return what the operation's log last says of a device, empty for nothing."""
        if self.operation is None:
            return ""
        states = self.operation.device_states.set_index("device_code")["action"]
        return str(states.get(device, ""))

    @property
    def feeding(self) -> tuple[str, ...]:
        """Return the devices that the operation opened to feed from elsewhere, to be closed again when it ends."""
        return tuple(code for code in self.today.opened if self.seen(code) == "opened")

    @cached_property
    def closed_for_nothing(self) -> tuple[str, ...]:
        """Return the devices that the operation holds closed though the answer no longer needs them closed."""
        if self.operation is None:
            return ()
        states = self.operation.device_states
        closed = states.loc[states["action"] == "closed", "device_code"]
        return tuple(closed[~closed.isin(self.answer.must_close["code"])])


class Standings:
    """What stands for any case of one store."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._answered = lru_cache(maxsize=256)(self._answer)
        self._coinciding = lru_cache(maxsize=2)(self._coincide)
        self._overridden = lru_cache(maxsize=64)(self._override)
        self._operations = lru_cache(maxsize=64)(self._operation)
        self._estimated = lru_cache(maxsize=32)(_with_pressure)
        self.estimates = Estimates()

    def of(self, case: Case) -> Standing:
        """Return how things stand for a case that is not empty.

        Raises
        ------
        InputError
            For an unknown operation, link or device.
        """
        made = self._plainly(case)
        found = self.estimates.found(made.answer)
        return made if found is None else self._estimated(made, found)

    def _plainly(self, case: Case) -> Standing:
        """Return how things stand, without an estimate of pressures."""
        asked, own_rules = replace(case, event=""), self._snapshot.store.kept_rules("shutoffs")
        return self._snapshot.derived(("standing", self, asked, own_rules), READ, lambda: self._make(asked, own_rules))

    def mark(self, case: Case) -> str:
        """Return what changes when something else would be shown for a case; up to # when it lies elsewhere."""
        own = zlib.crc32((self._snapshot.store.kept_rules("shutoffs") or "").encode())
        estimated = 0.0 if case.empty else self.estimates.asked_at(self._plainly(case).answer)
        parts = (*self._revisions(READ), estimated, own)
        return f"{self.where(case)}#{case.opened}#{'.'.join(map(str, parts))}"

    def where(self, case: Case) -> str:
        """Return what changes when the zone of a case may lie elsewhere: another burst, another valve that is stuck."""
        found = self.operation(case.code).stuck if case.code else ()
        return f"{case.address()}&{','.join(found)}"

    def estimate(self, standing: Standing, below_m: float) -> None:
        """Begin to estimate pressures of what is shown."""
        self.estimates.start(self._network(standing.utility), standing.answer, below_m=below_m)

    def operation(self, code: str) -> Operation:
        """Return one operation as it stands."""
        return self._operations(code, self._revisions(RECORDS))

    def _operation(self, code: str, _revisions: tuple[int, ...]) -> Operation:
        return operation_of(code, *(self._snapshot.store.table(name) for name in RECORDS))

    def coincidences(self) -> tuple[Coincidence, ...]:
        """Return the operations that run at the same time, as they are judged within the hour."""
        hour = pd.Timestamp.now(tz=self._snapshot.store.zone).floor("h")
        return self._coinciding(hour, self._revisions((*NETWORK_TABLES, *RECORDS)))

    def _coincide(self, now: pd.Timestamp, _revisions: tuple[int, ...]) -> tuple[Coincidence, ...]:
        store = self._snapshot.store
        rows = operation_list(store.table("shutoffs"), store.table("shutoff_steps"))
        running = [self.operation(code) for code in rows.loc[~rows["status"].isin(DONE), "code"]]
        running = [operation for operation in running if self._knows(operation)]
        log = store.table("valve_operations")
        return tuple(coinciding(running, self._network, log, now=now.to_pydatetime()))

    def _knows(self, operation: Operation) -> bool:
        """Return whether the network still has every link that an operation shuts."""
        codes = (burst if isinstance(burst, str) else burst[0] for burst in operation.bursts)
        return all(code in self._network(operation.utility).link_of for code in codes)

    def households(self, operation: Operation) -> int | None:
        """Return the households without supply because of an operation; None where its links are gone."""
        if not self._knows(operation):
            return None
        today = self._today(operation.utility, operation)
        return int(str(self._ask(operation.utility, operation.bursts, today).totals["households"]))

    def utility(self, case: Case) -> str:
        """Return the utility of a case: that of its record where it has one."""
        heads = self._snapshot.store.table("shutoffs")
        found = heads.loc[heads["code"] == case.code, "utility"]
        return case.utility if found.empty else str(found.iloc[0])

    def _make(self, case: Case, own_rules: str | None) -> Standing:
        operation = self.operation(case.code) if case.code else None
        utility = operation.utility if operation else case.utility
        bursts = operation.bursts if operation else bursts_of(",".join(case.bursts))
        today = self._today(utility, operation)
        found = operation.stuck if operation else ()
        mine = case.stuck + tuple(code for code in found if code in today.stuck)
        known = replace(today, stuck=tuple(dict.fromkeys((*today.stuck, *mine))))
        plain = self._ask(utility, bursts, known)
        free = replace(today, stuck=tuple(code for code in today.stuck if code not in mine))
        easier = self._ask(utility, bursts, free) if mine else None
        answer = self._with_opened(plain, case.opened, known)
        store = self._snapshot.store
        situation = situation_of(
            answer,
            {name: store.table(name) for name in TABLES},
            now=pd.Timestamp.now(tz=store.zone),
            zone=store.zone,
            operation=operation,
            own_rules=own_rules,
        )
        return Standing(case, operation, today, mine, plain, easier, answer, situation)

    def _with_opened(self, plain: Shutoff, code: str, states: Overrides) -> Shutoff:
        """Return the answer with a device of its restoration opened; the same where it has no such device."""
        rows = plain.restoration[plain.restoration["code"] == code]
        if rows.empty:
            return plain
        also = [other for other in str(rows["also_open"].iloc[0]).split(",") if other]
        opened = tuple(dict.fromkeys((*states.opened, code, *also)))
        closed = tuple(other for other in states.closed if other not in opened)
        return self._ask(plain.utility, plain.bursts, replace(states, opened=opened, closed=closed))

    def _today(self, utility: str, operation: Operation | None) -> Overrides:
        """Return how devices stand otherwise than normally: today, or when the record was closed."""
        code = operation.code if operation else ""
        return self._overridden(utility, code, self._revisions(("devices", *RECORDS)))

    def _override(self, utility: str, code: str, _revisions: tuple[int, ...]) -> Overrides:
        log, devices = (self._snapshot.store.table(name) for name in ("valve_operations", "devices"))
        return states_for(self.operation(code), log, devices) if code else overrides(log, devices, utility)

    def _ask(self, utility: str, bursts: Iterable[Burst], states: Overrides) -> Shutoff:
        return self._answered(utility, tuple(bursts), states, self._revisions(NETWORK_TABLES))

    def _answer(
        self, utility: str, bursts: tuple[Burst, ...], states: Overrides, _revisions: tuple[int, ...]
    ) -> Shutoff:
        return shutoff(self._network(utility), bursts, **asdict(states))

    def _network(self, utility: str) -> Network:
        return self._snapshot.network(utility)

    def _revisions(self, tables: tuple[str, ...]) -> tuple[int, ...]:
        known = self._snapshot.store.revisions()
        return tuple(known[name] for name in tables)


def _with_pressure(standing: Standing, found: ReducedPressure) -> Standing:
    """Return how things stand, with an estimate of pressures."""
    return replace(standing, situation=replace(standing.situation, pressure=found))
