"""What is refused before a proposal of boundaries is worked out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from gisapp.errors import InputError
from gisapp.grids.districting_proposal import Codes
from gisapp.grids.districting_units import Units


def codes_of(units: Units, plan: Sequence[str] | Codes, field: str) -> Codes:
    """Return a plan as codes, one a unit."""
    codes = np.asarray(plan, dtype=object)
    if codes.shape != (len(units.weight),):
        found = f"{len(codes)} codes for {len(units.weight)} units"
        raise InputError(found, todo="give the code of a grid for each unit", field=field)
    absent = pd.isna(codes)
    if absent.any():
        row = int(absent.argmax()) + 1
        raise InputError("the unit is in no grid", todo="assign it first", field=field, row=row)
    return codes


def check_tolerance(tolerance: float, count: int) -> None:
    """Refuse a tolerance or a number of proposals that means nothing."""
    if not 0 <= tolerance < 1:
        raise InputError(f"a tolerance of {tolerance}", todo="give a share from 0 to below 1", field="tolerance")
    if count < 1:
        raise InputError(f"{count} alternatives", todo="ask for at least one", field="count")


def check_count(units: Units, k: int, tolerance: float, count: int) -> None:
    """Refuse a number of grids that no plan has."""
    check_tolerance(tolerance, count)
    number, parts = len(units.weight), int(units.part.max()) + 1
    if k < 1:
        raise InputError(f"found {k} grids", todo="ask for at least one", field="k")
    if k > number:
        raise InputError(f"{k} grids of {number} units", todo=f"ask for at most {number}, or cut the units", field="k")
    if k < parts:
        found = f"{k} grids for {parts} parts that no border or bridge joins"
        raise InputError(found, todo=f"ask for at least {parts}, or add bridges", field="k")


def check_changes(old: Codes, locked: Collection[str], add: Sequence[str], close: Collection[str]) -> None:
    """Refuse codes that are not known or already taken, and changes that leave nothing to change."""
    known = set(old)
    for field, asked in (("locked", locked), ("close", close)):
        unknown = sorted(set(asked) - known, key=str)
        if unknown:
            raise InputError(f"no grid {unknown[0]!r}", todo="give codes of the plan", field=field)
    taken = [code for at, code in enumerate(add) if code in known or code in add[:at]]
    if taken:
        raise InputError(f"grid {taken[0]!r} is there already", todo="give a new code", field="add")
    both = sorted(set(locked) & set(close), key=str)
    if both:
        raise InputError(f"grid {both[0]!r} is locked", todo="unlock it before it is closed", field="close")
    if known <= set(locked):
        raise InputError(f"all {len(known)} grids are locked", todo="unlock at least two", field="locked")
    if known <= set(close) and not add:
        raise InputError("all grids are to be closed", todo="leave at least one", field="close")
