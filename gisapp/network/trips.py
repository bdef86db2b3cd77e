"""Power: what trips by itself when a fault occurs, before anyone isolates or backfeeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.network.model import Network
from gisapp.network.search import reach
from gisapp.network.supply import Today, lets, service

PROTECTIVE = ("breaker", "fuse")


def tripped(network: Network, state: Today, starts: np.ndarray) -> pd.DataFrame:
    """Return the breakers and fuses that open first: the nearest on every way from the fault to supply.

    Columns ``code`` and ``kind``; empty for other utilities.
    """
    nothing = pd.DataFrame({"code": pd.Series(dtype="str"), "kind": pd.Series(dtype="str")})
    if network.utility != "power" or not len(network.devices):
        return nothing
    cells = network.cells
    protective = network.devices["kind"].isin(PROTECTIVE).to_numpy(dtype=bool)
    forth, back = lets(network, state.passes)
    live = forth | back
    guarded = np.append(protective, False)[cells.device]
    none = np.zeros(cells.count, dtype=bool)
    feeder = reach(cells.graph, forth=live & ~guarded, back=live & ~guarded, starts=starts, shut=none)
    beyond = service(network, state.passes, feeder).alive
    border = live & (feeder[cells.a] != feeder[cells.b])  # only a protective device ends the search where it is live
    fed = np.where(feeder[cells.a], beyond[cells.b], beyond[cells.a])
    rows = np.unique(cells.device[border & fed])
    return network.devices.iloc[rows][["code", "kind"]].reset_index(drop=True)
