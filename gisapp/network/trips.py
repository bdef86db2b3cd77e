"""Power: what trips by itself when a fault occurs, before anyone isolates or backfeeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.network.model import Network, framed
from gisapp.network.search import reach
from gisapp.network.supply import Today, lost_with, service, supply

PROTECTIVE = ("breaker", "fuse")


def tripped(network: Network, state: Today, starts: np.ndarray) -> pd.DataFrame:
    """Return the breakers and fuses that open first: the nearest on every way from the fault to supply.

    Columns ``code`` and ``kind``; empty for other utilities.
    """
    columns = network.columns["devices"]
    rows = _tripping(network, state, starts) if network.utility == "power" else np.zeros(0, dtype=np.int64)
    return framed({name: columns[name][rows] for name in ("code", "kind")})


def _tripping(network: Network, state: Today, starts: np.ndarray) -> np.ndarray:
    """Return the rows of the devices that open."""
    given, cells = supply(network, state), network.cells

    def unguarded() -> np.ndarray:
        protective = np.append(network.devices["kind"].isin(PROTECTIVE).to_numpy(dtype=bool), False)
        return (given.way.out | given.way.into) & ~protective[cells.device[cells.graph.edge]]

    feeder = reach(cells.graph, given.once("unguarded", unguarded), starts)
    beyond = service(given, lost_with(network, given, feeder)).alive
    inside = np.zeros(cells.count, dtype=bool)
    inside[feeder] = True
    halves = cells.halves.pick(feeder).member
    live = given.way.out[halves] | given.way.into[halves]
    far = cells.graph.other[halves]
    halves = halves[live & ~inside[far] & beyond[far]]  # only a protective device ends the search where it is live
    return np.unique(cells.device[cells.graph.edge[halves]])
