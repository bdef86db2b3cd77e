"""Shutoff operations that run at the same time, answered as a set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd

from gisapp.network import Network, Together, overlaps, together
from gisapp.operations import Operation, overrides, spans


@dataclass(frozen=True, eq=False)
class Coincidence:
    """Operations that run at the same time, from when until when, and what that costs together."""

    utility: str
    codes: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    together: Together


def coinciding(
    operations: Sequence[Operation],
    network: Callable[[str], Network],
    valve_operations: pd.DataFrame,
    *,
    now: datetime,
) -> list[Coincidence]:
    """Return every largest set of operations of one utility that run at the same time, in the order of time.

    Each set is answered on the network as it stands without the operations' own closings. Drills coincide with
    drills only: nobody is cut off by them.

    Parameters
    ----------
    operations
        The records; what is over is passed by.
    network
        Gives the network of a utility; asked only for those where something coincides.
    valve_operations
        The log.
    now
        The moment of asking, aware.

    Raises
    ------
    InputError
        When an operation names a link that is not in the network.
    """
    known = {operation.code: operation for operation in operations}
    found = []
    for (utility, _), works in spans(known.values(), now=now).groupby(["utility", "drill"], sort=True):
        sets = overlaps(works[["code", "starts_at", "ends_at"]])
        for codes, start, end in zip(sets["codes"], sets["starts_at"], sets["ends_at"], strict=True):
            pipes = network(str(utility))
            today = overrides(valve_operations, pipes.devices, str(utility), leaving_out=codes)
            answer = together(pipes, {code: known[code].bursts for code in codes}, **asdict(today))
            found.append(Coincidence(str(utility), codes, start, end, answer))
    return sorted(found, key=lambda one: (one.starts_at, one.codes))
