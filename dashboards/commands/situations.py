"""How things stand for an operation of a store, as the commands tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.commands.console import Progress
from dashboards.commands.networks import network_in

if TYPE_CHECKING:
    from datetime import datetime

    from gisapp.network import Network, Shutoff
    from gisapp.operations import Operation
    from gisapp.reports.situation import Situation
    from gisapp.store import Store


def records_in(store: Store) -> list[Operation]:
    """Return every operation of a store."""
    from gisapp.operations import operation_of

    own = [store.table(name) for name in ("shutoffs", "shutoff_steps", "valve_operations", "notices")]
    return [operation_of(code, *own) for code in own[0]["code"]]


def networks_in(store: Store) -> Callable[[str], Network]:
    """Return what gives the network of a utility, each made once."""
    return cache(lambda utility: network_in(store, utility))


def answer_in(store: Store, operation: Operation, network: Callable[[str], Network]) -> Shutoff:
    """Return who loses supply by an operation, answered as the network stood before it."""
    from gisapp.network import shutoff
    from gisapp.operations import states_for

    states = states_for(operation, store.table("valve_operations"), store.table("devices"))
    return shutoff(network(operation.utility), operation.bursts, **asdict(states))


def situation_in(
    store: Store,
    operation: Operation,
    now: datetime,
    *,
    own_rules: Path | None = None,
    network: Callable[[str], Network] | None = None,
    pressure_m: float | None = None,
) -> Situation:
    """Return the situation of an operation of a store, answered as the network stood before it.

    ``own_rules`` stand in place of the rules that the store keeps; with ``pressure_m`` it holds the estimate of who
    keeps supply but falls below that pressure.
    """
    from gisapp.network import reduced_pressure
    from gisapp.reports.situation import TABLES, situation_of

    network = network or networks_in(store)
    known, answer = network(operation.utility), answer_in(store, operation, network)
    told = Progress("estimating pressure")
    return situation_of(
        answer,
        {name: store.table(name) for name in TABLES},
        now=now,
        zone=store.zone,
        operation=operation,
        own_rules=own_rules or store.kept_rules("shutoffs"),
        pressure=None if pressure_m is None else reduced_pressure(known, answer, below_m=pressure_m, progress=told),
    )
