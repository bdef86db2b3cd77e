"""When pipes were laid and of what: streets and blocks were built in their time, and some were renewed."""

from __future__ import annotations

import numpy as np

from gisapp.demo.streets import Plan

GREY, STEEL, DUCTILE, PE, PVC = "grey_cast_iron", "steel", "ductile_iron", "pe", "pvc"
_UNTIL = np.array([1976, 1986, 1995, 2003, 2100])
_LARGE = ((STEEL, 0.8, GREY), (STEEL, 0.85, GREY), (STEEL, 0.6, DUCTILE), (DUCTILE, 0.7, STEEL), (DUCTILE, 0.85, STEEL))
_MIDDLE = ((GREY, 0.9, STEEL), (GREY, 0.85, STEEL), (GREY, 0.75, PVC), (DUCTILE, 0.6, PVC), (DUCTILE, 0.65, PE))
_SMALL = ((STEEL, 0.6, GREY), (STEEL, 0.6, GREY), (STEEL, 0.55, PVC), (PVC, 0.5, PE), (PE, 0.92, DUCTILE))


def edge_years(plan: Plan, block_year: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the year the pipe under each street was laid; one in six streets has a new one."""
    sides = plan.drawing.sides
    known = (sides >= 0) & ~plan.wet[sides]
    years = np.where(known, block_year[sides], 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    years = np.where(known.any(axis=1), years, 1988)
    return _renewed(years + rng.normal(0, 2.0, len(years)), 0.16, rng)


def block_years(block_year: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the year the pipes inside each block were laid; one in five blocks has new ones."""
    return _renewed(block_year + rng.integers(0, 3, len(block_year)), 0.2, rng)


def _renewed(years: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return whole years, with a share of the older ones replaced since 2004."""
    fresh = rng.integers(2004, 2025, len(years))
    swap = (rng.random(len(years)) < share) & (years < fresh - 12)
    return np.clip(np.where(swap, fresh, np.round(years)), 1962, 2025).astype(int)


def materials(year: np.ndarray, diameter: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the material of water pipes by the year they were laid and their diameter in millimetres."""
    period = np.searchsorted(_UNTIL, year, side="right")
    class_ = np.digitize(diameter, [125, 450])
    table = np.array([_SMALL, _MIDDLE, _LARGE], dtype=object)[class_, period]
    first = rng.random(len(year)) < table[:, 1].astype(float)
    return np.where(first, table[:, 0], table[:, 2]).astype(object)
