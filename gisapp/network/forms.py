"""A network and an answer as plain values for JSON, in the form of the command line."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.errors import InputError
from gisapp.network.losses import Loss, least_hours
from gisapp.network.model import CLOSABLE, Network
from gisapp.network.pressure import ReducedPressure
from gisapp.network.shutoff import Shutoff
from gisapp.network.supply import Burst


def burst_named(network: Network, text: str) -> Burst:
    """Return the burst that a person wrote as ``CODE`` or ``CODE@METRES``, metres from the from_node.

    A code that has an @ of its own is taken as it is where a link bears it.

    Raises
    ------
    InputError
        When what follows the last @ is no number; an unknown link is told by :func:`gisapp.network.shutoff`.
    """
    code, mark, metres = text.rpartition("@")
    if not mark or text in network.link_of:
        return text
    try:
        return code, float(metres)
    except ValueError as error:
        raise InputError(
            f"found {text!r}, where {metres!r} is no number of metres", todo="write a place as CODE@METRES"
        ) from error


def as_json(answer: Shutoff, low: ReducedPressure | None = None) -> dict[str, object]:
    """Return an answer as lists and numbers: devices, links and customers by code, in the answer's order.

    With ``low``, the pressures of this answer, it has ``reduced_pressure`` too.
    """
    return {
        "utility": answer.utility,
        "bursts": [
            {"link": burst} if isinstance(burst, str) else {"link": burst[0], "measure_m": float(burst[1])}
            for burst in answer.bursts
        ],
        "stuck": list(answer.states["stuck"]),
        "closed": list(answer.states["closed"]),
        "open": list(answer.states["opened"]),
        "can_isolate": answer.isolated_possible,
        "sources_inside": list(answer.sources_inside["code"]),
        "must_close": list(answer.must_close["code"]),
        "optional": list(answer.optional["code"]),
        "verify_closed": list(answer.verify_closed["code"]),
        "unusable": [
            {
                "device": row["code"],
                **{name: None if pd.isna(row[name]) else int(row[name]) for name in _EXTRA},
                "extra_length_m": None if pd.isna(row["extra_length_m"]) else round(float(row["extra_length_m"]), 3),
            }
            for row in answer.unusable.to_dict("records")
        ],
        "trips": list(answer.trips["code"]),
        "isolated": _loss(answer.isolated),
        "unintended": _loss(answer.unintended),
        "already_dry": _loss(answer.already_dry),
        "storage_only": {**_loss(answer.storage_only), "hours": _rounded(least_hours(answer.storage_only))},
        "restoration": [
            {
                "device": row["code"],
                "customers": int(row["customers"]),
                "households": int(row["households"]),
                "storage_customers": int(row["storage_customers"]),
                "length_m": round(float(row["length_m"]), 3),
                "also_open": [code for code in row["also_open"].split(",") if code],
                "close_first": [code for code in row["close_first"].split(",") if code],
            }
            for row in answer.restoration.to_dict("records")
        ],
        **({} if low is None else {"reduced_pressure": _low(low)}),
        "totals": {name: round(sum_, 3) if isinstance(sum_, float) else sum_ for name, sum_ in answer.totals.items()},
        "warnings": [str(note) for note in answer.warnings],
    }


def _low(low: ReducedPressure) -> dict[str, object]:
    """Return who falls below the chosen pressure, and how long tanks last."""
    return {
        "estimate": True,
        "below_m": low.below_m,
        "links": list(low.links["code"]),
        "customers": list(low.fallen["code"]),
        "hydrants": list(low.hydrants.loc[low.hydrants["falls"], "code"]),
        "pressures": [
            {"customer": code, "before_m": _rounded(before), "after_m": _rounded(after)}
            for code, before, after in low.fallen[["code", "before_m", "after_m"]].itertuples(index=False)
        ],
        "tanks": [
            {"node": code, "outflow_m3h": _rounded(flow), "hours": _rounded(hours)}
            for code, flow, hours in low.tanks.itertuples(index=False)
        ],
        "totals": dict(low.totals),
        "notes": [str(note) for note in low.notes],
    }


def _rounded(value: float | None) -> float | None:
    """Return a number to the hundredth, or None where there is none."""
    return None if pd.isna(value) else round(float(value), 2)


_EXTRA = ("extra_customers", "extra_households", "extra_critical")


def _loss(part: Loss) -> dict[str, list[str]]:
    """Return one class by codes."""
    return {
        "links": list(part.links["code"]),
        "customers": list(part.customers["code"]),
        "hydrants": list(part.hydrants["code"]),
    }


def network_json(network: Network) -> dict[str, list[dict[str, object]]]:
    """Return a network as lists of nodes, links, devices, sources and customers.

    ``operable`` is what holds: a device that only works by itself, such as a check valve, is never
    ``operable`` by hand and is given as ``stuck``. Links carry ``direction`` and ``side``, devices along a link
    ``measure_m``, only where that says something.
    """
    nodes, links, devices, customers = network.nodes, network.links, network.devices, network.customers
    fed = np.concatenate([network.feeds, network.stores]).astype(np.int64)
    by_hand = devices["kind"].isin(CLOSABLE)
    operable = devices["operable"].where(by_hand | (devices["operable"] != "operable"), "stuck")
    codes = links["code"].to_numpy()
    return {
        "nodes": _rows(id=nodes["code"], kind=nodes["kind"], x=nodes["x"], y=nodes["y"]),
        "links": [
            _without(row, direction="both", side=None)
            for row in _rows(
                id=links["code"],
                kind=links["kind"],
                **{"from": links["from_node"], "to": links["to_node"]},
                length_m=links["length_m"],
                diameter_mm=links["diameter_mm"],
                status=links["status"],
                direction=links["direction"],
                side=links["side"],
            )
        ],
        "devices": [
            _without(row, measure_m=None)
            for row in _rows(
                id=devices["code"],
                kind=devices["kind"],
                link=devices["link_code"],
                end=devices["end"],
                node=devices["node_code"],
                state=devices["state"],
                operable=operable,
                direction=devices["direction"],
                measure_m=devices["measure_m"].where(devices["end"] == "mid"),
            )
        ],
        "sources": _rows(node=nodes["code"].iloc[fed], kind=nodes["kind"].iloc[fed]),
        "customers": _rows(
            id=customers["code"],
            link=pd.Series(codes[customers["link"].to_numpy(dtype=np.int64)], dtype=object),
            measure_m=customers["measure_m"],
            households=customers["households"],
            critical=customers["critical"],
        ),
    }


def _rows(**columns: pd.Series) -> list[dict[str, object]]:
    """Return rows as dictionaries of plain values, None where nothing stands."""
    plain = {name: [None if pd.isna(value) else value for value in column.tolist()] for name, column in columns.items()}
    return [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]


def _without(row: dict[str, object], **usual: object) -> dict[str, object]:
    """Return a row without the entries that say only what is usual."""
    return {name: value for name, value in row.items() if name not in usual or value != usual[name]}
