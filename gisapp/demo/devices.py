"""Devices on links: where they sit and in what state they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.frames import codes, framed, kept, moment
from gisapp.demo.pipes import Net, link_codes, node_codes
from gisapp.demo.sizes import NOW

OPERABLE = ("operable", "stuck", "unreachable", "unknown")


def at_ends(links: np.ndarray, end: np.ndarray | int, kind: str, **columns: Any) -> pd.DataFrame:
    """Return devices of one kind at the from (0) or to (1) end of links."""
    return pd.DataFrame({"link": links, "end": end, "kind": kind, "state": "open", "direction": "both"} | columns)


def amid(links: np.ndarray, kind: str, **columns: Any) -> pd.DataFrame:
    """Return devices of one kind in the middle of links."""
    return at_ends(links, 2, kind, **columns)


def degrees(net: Net, among: np.ndarray) -> np.ndarray:
    """Return for each node how many of the links ``among`` end there."""
    return np.bincount(net.all_ends()[among].ravel(), minlength=net.node_count)


def some_ends(
    net: Net, links: np.ndarray, chance: np.ndarray, kind: str, rng: np.random.Generator, **columns: Any
) -> pd.DataFrame:
    """Return devices at ends of links, each with the chance given for the node there."""
    ends = net.all_ends()[links]
    row, end = np.nonzero(rng.random(ends.shape) < chance[ends])
    return at_ends(links[row], end, kind, **columns)


def device_frame(
    net: Net, parts: list[pd.DataFrame], length: np.ndarray, diameter: np.ndarray | None, shapes: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return the ``devices`` table: about one in twenty cannot be relied on."""
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table = table.drop_duplicates(["link", "end"]).sort_values(["link", "end"]).reset_index(drop=True)
    link, end = table["link"].to_numpy(), table["end"].to_numpy()
    measure = np.choose(end, [np.zeros(len(end)), length[link], length[link] / 2])
    passive = table["kind"].isin(("check_valve", "pump", "regulator", "pressure_valve")).to_numpy()
    operable = rng.choice(OPERABLE, len(table), p=[0.955, 0.018, 0.012, 0.015]).astype(object)
    operable[passive] = "operable"
    at = net.all_ends()[link, np.minimum(end, 1)]
    days = rng.integers(10, 4_000, len(table)).astype("timedelta64[D]")
    used = np.where(rng.random(len(table)) < 0.8, moment(NOW) - days, np.datetime64("NaT", "ms"))
    size = np.full(len(table), np.nan) if diameter is None else diameter[link]
    valve = table["kind"].isin(("gate_valve", "boundary_valve")).to_numpy() & np.isfinite(size)
    columns = {
        "utility": np.full(len(table), net.utility, dtype=object),
        "code": codes(net.letter + "V", len(table)),
        "kind": table["kind"],
        "link_code": link_codes(net, link),
        "end": np.array(["from", "to", "mid"], dtype=object)[end],
        "measure_m": measure,
        "node_code": kept(node_codes(net, at), end < 2),
        "state": table["state"],
        "operable": operable,
        "direction": table["direction"],
        "diameter_mm": size,
        "turns": pd.array(np.where(valve, np.round(np.nan_to_num(size) / 9 + 6), np.nan), dtype="Float64").astype(
            "Int64"
        ),
        "last_operated": used.astype("datetime64[ms]"),
    }
    return framed("devices", columns, _places(shapes[link], measure))


def _places(lines: np.ndarray, measure: np.ndarray) -> np.ndarray:
    """Return the points at the measures along lines."""
    return shapely.line_interpolate_point(lines, measure)
