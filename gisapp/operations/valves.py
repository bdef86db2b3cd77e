"""What the log of valve operations says: how every device stands now, and which operations had no order.

Nobody opens or closes a public valve without an order (water service rules Art. 19). The tables of the network
hold how a device stands normally; the log holds what was done to it since.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from gisapp.operations.lifecycle import DONE
from gisapp.operations.model import Operation


@dataclass(frozen=True)
class Overrides:
    """Devices that today stand otherwise than in the tables: as :func:`gisapp.network.shutoff` takes them."""

    closed: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()


def last_operations(valve_operations: pd.DataFrame) -> pd.DataFrame:
    """Return the last operation of every device: the one at the latest moment, of equal ones the last written."""
    ordered = valve_operations.sort_values("at", kind="stable")
    return ordered.drop_duplicates(["utility", "device_code"], keep="last").reset_index(drop=True)


def overrides(
    valve_operations: pd.DataFrame,
    devices: pd.DataFrame,
    utility: str,
    *,
    leaving_out: Collection[str] = (),
    at: pd.Timestamp | None = None,
) -> Overrides:
    """Return how the devices of a utility stand otherwise than normally, by the log.

    A device that could not be operated stays as it was and counts as stuck until somebody operates it. One that was
    closed and opened again, or the reverse, stands as it normally does and is not named. One that is in the tables
    no longer says nothing.

    Parameters
    ----------
    valve_operations
        The log, oldest first.
    devices
        Utility, code and normal ``state`` of every device.
    utility
        ``water``, ``power``, ``heating`` or ``gas``.
    leaving_out
        Codes of shutoff operations whose closings do not count: a shutoff is answered as the network stood
        before it. What they opened to feed from elsewhere counts while it stands open; that a device is stuck
        counts whoever found it.
    at
        What was known at this moment; None for all that is known.
    """
    log = valve_operations[valve_operations["utility"] == utility]
    mine = devices[devices["code"].isin(log["device_code"].unique())]  # few of a hundred thousand
    mine = mine[mine["utility"] == utility]
    log = log[log["device_code"].isin(mine["code"])]
    log = log if at is None else log[log["at"] <= at]
    moved = log[log["action"].isin(["closed", "opened"])]
    moved = last_operations(_before_closings(moved, leaving_out))
    known = last_operations(log)
    normally = mine.set_index("code")["state"].reindex(moved["device_code"]).to_numpy(dtype=object)
    otherwise = moved[moved["action"].map({"closed": "closed", "opened": "open"}).to_numpy(dtype=object) != normally]
    return Overrides(
        closed=_codes(otherwise[otherwise["action"] == "closed"]),
        opened=_codes(otherwise[otherwise["action"] == "opened"]),
        stuck=_codes(known[known["action"].isin(["could_not_close", "could_not_open"])]),
    )


def states_for(operation: Operation, valve_operations: pd.DataFrame, devices: pd.DataFrame) -> Overrides:
    """Return how devices stand otherwise than normally for the answer of an operation, its own closings left out.

    Of a record that is closed or cancelled it is what was known then: what happens later does not change what was
    told of it.
    """
    at = operation.steps["at"].max() if operation.status in DONE else None
    return overrides(valve_operations, devices, operation.utility, leaving_out=[operation.code], at=at)


def _before_closings(moved: pd.DataFrame, orders: Collection[str]) -> pd.DataFrame:
    """Return the log without what some orders did to the devices that they now hold closed."""
    last = last_operations(moved)
    held = last.loc[(last["action"] == "closed") & last["shutoff_code"].isin(orders), "device_code"]
    return moved[~(moved["device_code"].isin(held) & moved["shutoff_code"].isin(orders))]


def _codes(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(rows["device_code"]))


def without_order(valve_operations: pd.DataFrame) -> pd.DataFrame:
    """Return the operations that name no shutoff operation as their order (Art. 19, 35(7)), oldest first."""
    bare = valve_operations[valve_operations["shutoff_code"].isna()]
    return bare.sort_values("at", kind="stable", ignore_index=True)


def still_closed(valve_operations: pd.DataFrame, shutoff_code: str) -> tuple[str, ...]:
    """Return the devices that one operation closed and nobody has opened since: to be opened when it ends."""
    last = last_operations(valve_operations)
    mine = last[(last["action"] == "closed") & (last["shutoff_code"] == shutoff_code)]
    return _codes(mine)
