"""Estimates of pressure in the background: at most one for each processor, and none that nobody waits for."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from gisapp.errors import GisappError, Interrupted
from gisapp.network import Network, ReducedPressure, Shutoff, reduced_pressure

STEPS = 4
UNWATCHED_S = 90.0
"""A run of which nobody asked for so long is stopped: its page was closed, or shows something else. Longer than a
minute, since browsers let a page that is hidden ask no oftener."""
MOST_KEPT = 32
_LOOK_S = 0.1


@dataclass(eq=False)
class Run:
    """One estimate: how far it is, and what came of it.

    Attributes
    ----------
    below_m
        The chosen pressure, metres of water.
    started, watched
        When it was asked for, and when somebody last looked, on the clock that only goes forward.
    done
        Steps of :data:`STEPS` that are done; None while it waits for its turn.
    found
        The estimate, once there is one.
    fault
        Why there is none.
    stopped
        Whether a person stopped it, or nobody waited any more.
    """

    below_m: float
    started: float
    watched: float
    done: int | None = None
    found: ReducedPressure | None = None
    fault: GisappError | None = None
    stopped: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def tell(self, done: int, _total: int) -> None:
        """Take the progress of the simulation; raise to have it killed."""
        self.done = done
        self.require_wanted()

    def require_wanted(self) -> None:
        """Raise once it was stopped, or nobody waits any more."""
        if time.monotonic() - self.watched > UNWATCHED_S:
            self.stopped = True
        if self.stopped:
            raise Interrupted("the estimate was stopped")


class Estimates:
    """The estimates of a server, by the answer they belong to; thread-safe."""

    def __init__(self, *, at_once: int | None = None) -> None:
        self.turn = threading.Semaphore(at_once or os.cpu_count() or 1)
        self._runs: OrderedDict[Shutoff, Run] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, answer: Shutoff) -> Run | None:
        """Return the run of an answer, which this keeps alive; None where nobody asked for one."""
        with self._lock:
            run = self._runs.get(answer)
            if run is not None:
                run.watched = time.monotonic()
            return run

    def found(self, answer: Shutoff) -> ReducedPressure | None:
        """Return the estimate of an answer, None while there is none."""
        run = self._runs.get(answer)
        return run.found if run is not None else None

    def asked_at(self, answer: Shutoff) -> float:
        """Return when the estimate that an answer has was asked for, which tells it from another; 0 while none."""
        run = self._runs.get(answer)
        return run.started if run is not None and run.found is not None else 0.0

    def start(self, network: Network, answer: Shutoff, *, below_m: float) -> Run:
        """Begin an estimate in place of the one that the answer has; one for the same pressure goes on."""
        with self._lock:
            before = self._runs.get(answer)
            if before is not None and before.below_m == below_m and not (before.stopped or before.fault):
                return before
            if before is not None:
                before.stopped = True
            now = time.monotonic()
            run = self._runs[answer] = Run(below_m, now, now)
            self._runs.move_to_end(answer)
            while len(self._runs) > MOST_KEPT:
                self._runs.popitem(last=False)[1].stopped = True
        threading.Thread(target=self._work, args=(run, network, answer), daemon=True).start()
        return run

    def stop(self, answer: Shutoff) -> None:
        """Stop the estimate of an answer."""
        with self._lock:
            run = self._runs.get(answer)
            if run is not None and not run.over.is_set():
                run.stopped = True

    def _work(self, run: Run, network: Network, answer: Shutoff) -> None:
        try:
            while not self.turn.acquire(timeout=_LOOK_S):  # stopped at once, though it has not had its turn
                run.require_wanted()
            try:
                run.tell(0, STEPS)
                run.found = reduced_pressure(network, answer, below_m=run.below_m, progress=run.tell)
            finally:
                self.turn.release()
        except Interrupted:
            run.stopped = True
        except GisappError as error:
            run.fault = error
        finally:
            if run.found is None and not run.stopped and not run.fault:
                run.fault = GisappError("-")  # the page says that it failed; the log has the rest
            run.over.set()
