"""Where things go wrong: pipes with their leak rates, devices, and customers by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gisapp.demo.sizes import NOW

# Leaks for each km and year of a pipe of that material when it is new; they rise with age.
LEAK_RATE = {"grey_cast_iron": 0.9, "steel": 0.55, "pvc": 0.3, "pe": 0.14, "ductile_iron": 0.1}
BAD_RATE, SPOT_RATE, SPOT_RADIUS_M = 45.0, 7.0, 260.0


@dataclass(frozen=True)
class Pipes:
    """Links of one utility: row in their shapes, weights for a leak and a burst, and the chainage that leaks most."""

    code: np.ndarray
    shape: np.ndarray
    length: np.ndarray
    leak: np.ndarray
    burst: np.ndarray
    weak_share: np.ndarray


@dataclass(frozen=True)
class Sites:
    """All places an incident may have. Customers are sorted by block; ``start`` is where each block begins."""

    water: Pipes
    gas: Pipes
    customer_code: np.ndarray
    customer_xy: np.ndarray
    tree: cKDTree
    address: np.ndarray
    phone: np.ndarray
    block: np.ndarray
    start: np.ndarray
    weights: dict[str, np.ndarray]
    device_code: np.ndarray
    device_xy: np.ndarray
    device_link: np.ndarray
    device_measure: np.ndarray


def make_sites(tables: dict[str, pd.DataFrame], block: np.ndarray, rng: np.random.Generator) -> Sites:
    """Return the sites of a city; ``block`` is each customer's block and rises."""
    customers = tables["customers"]
    links = tables["links"]
    xy = shapely.get_coordinates(customers["geom"].to_numpy())
    water = _pipes(links[(links["utility"] == "water") & (links["kind"] == "pipe")], rng)
    gas = _pipes(links[(links["utility"] == "gas") & (links["kind"] == "pipe")], rng)
    devices = tables["devices"]
    devices = devices[(devices["utility"] == "water") & devices["kind"].isin(("gate_valve", "boundary_valve"))]
    served = tables["connections"].groupby("utility")["customer_code"]
    heated = customers["code"].isin(set(served.get_group("heating"))).to_numpy()
    return Sites(
        water=water,
        gas=gas,
        customer_code=_objects(customers["code"]),
        customer_xy=xy,
        tree=cKDTree(xy),
        address=_objects(customers["address"]),
        phone=_objects(customers["phone"]),
        block=block,
        start=np.searchsorted(block, np.arange(int(block.max()) + 2)),
        weights=_customer_weights(customers, block, heated, rng),
        device_code=_objects(devices["code"]),
        device_xy=shapely.get_coordinates(devices["geom"].to_numpy()),
        device_link=_objects(devices["link_code"]),
        device_measure=devices["measure_m"].to_numpy(),
    )


def _objects(column: pd.Series) -> np.ndarray:
    """Return a text column as plain Python strings."""
    return column.to_numpy(dtype=object)


def _pipes(links: pd.DataFrame, rng: np.random.Generator) -> Pipes:
    """Return pipes with rates by material and age, a few hot spots and a few pipes that are truly bad."""
    shape = links["geom"].to_numpy()
    length = links["length_m"].to_numpy()
    age = NOW.year - links["laid_year"].to_numpy(dtype=float)
    rate = links["material"].map(LEAK_RATE).fillna(0.2).to_numpy() * (1 + (age / 22.0) ** 1.6)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(shape, 0.5, normalized=True))
    spots = middle[rng.choice(len(middle), max(3, len(middle) // 12_000))]
    for spot in spots:
        near = np.hypot(*(middle - spot).T) < SPOT_RADIUS_M
        rate = np.where(near, rate * SPOT_RATE, rate)
    mains = np.flatnonzero(links["rank"].isin(("main", "branch")).to_numpy() & (length > 40))
    bad = rng.choice(mains, max(4, len(mains) // 500), replace=False)
    rate[bad] *= BAD_RATE
    small = np.clip(200.0 / links["diameter_mm"].to_numpy(), 0.4, 1.6)
    wide = (links["diameter_mm"] >= 150).to_numpy()
    return Pipes(
        code=_objects(links["code"]),
        shape=shape,
        length=length,
        leak=rate * length * small,
        burst=rate * length * np.where(wide, 1.0, 0.12),
        weak_share=rng.uniform(0.1, 0.9, len(links)),
    )


def _customer_weights(
    customers: pd.DataFrame, block: np.ndarray, heated: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return how likely each customer is to report something, by type; blocks differ, high floors lack pressure."""
    homes = customers["households"].to_numpy(dtype=float) ** 0.7
    floor = customers["floor"].to_numpy(dtype=float)
    by_block = rng.lognormal(0, 0.6, (5, int(block.max()) + 1))[:, block]
    plain = homes * by_block[0]
    return {
        "no_supply": plain,
        "low_pressure": homes * by_block[1] * (1 + (floor / 6.0) ** 2),
        "quality": homes * by_block[2],
        "power_outage": homes * by_block[3],
        "no_heat": homes * by_block[4] * heated,
        "": plain,
    }
