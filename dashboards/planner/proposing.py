"""Proposals for a draft in the background: one search at a time, with its progress, stopped with the best so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.planner.drafts import Opened
from gisapp.errors import GisappError, InputError
from gisapp.grids import Proposal, labels_of, rebalance, suggest, units_of
from gisapp.grids.plan_load import PlanLoad
from gisapp.rules.workload import MEASURES

WEIGHTS = ("workload", "households", "customers", "incidents_12m", "pipe_m")
"""By what grids may be balanced."""
ALTERNATIVES = 3
UNWATCHED_S = 90.0
"""A search of which nobody asked for so long is stopped: its page was closed."""


@dataclass(eq=False)
class Search:
    """One search: what was asked of which version, how far it is, and what came of it."""

    asked: Mapping[str, Any]
    version: int
    watched: float
    share: float = 0.0
    made: tuple[Proposal, ...] = ()
    fault: GisappError | None = None
    stopped: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def tell(self, done: float, total: float) -> None:
        """Take the progress."""
        self.share = done / total if total else 1.0

    def unwanted(self) -> bool:
        """Return whether it is to end with the best so far."""
        return self.stopped or time.monotonic() - self.watched > UNWATCHED_S


class Searches:
    """The searches of a server, the last one of each plan; thread-safe."""

    def __init__(self) -> None:
        self._runs: dict[str, Search] = {}
        self._turn = threading.Lock()

    def of(self, code: str) -> Search | None:
        """Return the search of a plan, which this keeps alive; None where nobody asked for one."""
        run = self._runs.get(code)
        if run is not None:
            run.watched = time.monotonic()
        return run

    def start(self, opened: Opened, asked: Mapping[str, Any], limits: Mapping[str, gpd.GeoDataFrame]) -> None:
        """Begin a search in place of the one that the plan has.

        Parameters
        ----------
        asked
            ``do`` (rebalance or suggest), ``weight`` (one of :data:`WEIGHTS`), ``tolerance`` in per cent and, for
            a fresh partition, ``k`` grids.
        limits
            Layers that no grid may cross, by name.

        Raises
        ------
        InputError
            When a number is none.
        """
        tolerance, count = _number(asked, "tolerance") / 100, int(_number(asked, "k")) if "k" in asked else 0
        self.stop(opened.draft.code)
        run = self._runs[opened.draft.code] = Search(dict(asked), opened.draft.version, time.monotonic())
        threading.Thread(target=self._work, args=(run, opened, limits, tolerance, count), daemon=True).start()

    def stop(self, code: str) -> None:
        """End the search of a plan with the best so far."""
        run = self._runs.get(code)
        if run is not None:
            run.stopped = True

    def _work(
        self, run: Search, opened: Opened, limits: Mapping[str, gpd.GeoDataFrame], tolerance: float, count: int
    ) -> None:
        suggested, balanced = (
            partial(make, tolerance=tolerance, count=ALTERNATIVES, progress=run.tell, stop=run.unwanted)
            for make in (suggest, rebalance)
        )
        try:
            with self._turn:
                plan = opened.plan
                blocks = gpd.GeoDataFrame({"code": pd.array(plan.unit, dtype="str")}, geometry=plan.shape, crs=plan.crs)
                label = labels_of(plan.shape, list(limits.values())) if limits else None
                weight = unit_weight(opened.load, run.asked["weight"])
                units = units_of(blocks, weight, bridges=plan.bridges, label=label)
                if run.asked["do"] == "suggest":
                    run.made = suggested(units, k=count, like=plan.grid)
                else:
                    run.made = balanced(units, plan.grid, locked=sorted(plan.locked))
        except GisappError as error:
            run.fault = error
        finally:
            if not run.made and not run.fault:
                run.fault = GisappError("-")  # the page says that it failed; the log has the rest
            run.over.set()


def unit_weight(load: PlanLoad, name: str) -> npt.NDArray[np.float64]:
    """Return what each unit of a plan carries: a measure, or its part of the workload of all grids.

    Raises
    ------
    InputError
        When there is no such weight.
    """
    if name not in WEIGHTS:
        raise InputError(f"no weight {name!r}", todo=f"use one of {', '.join(WEIGHTS)}", field="weight")
    units = np.asarray(load.units, dtype=np.float64)
    if name != "workload":
        return units[:, MEASURES.index(name)]
    parts = [(share, units[:, MEASURES.index(measure)]) for measure, share in load.weights.items()]
    shares = [share * part / part.sum() for share, part in parts if part.sum() > 0]
    return np.sum(shares, axis=0) * 1000 if shares else np.zeros(len(units))  # per mille of all


def _number(asked: Mapping[str, Any], name: str) -> float:
    """Return a number that a person wrote."""
    try:
        return float(str(asked[name]).replace("%", ""))
    except ValueError as error:
        raise InputError(f"found {asked[name]!r}", todo="give a number", field=name) from error
