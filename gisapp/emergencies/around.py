"""What stands around an emergency: the plans that hold for it, whom its level wants told, what material is near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from gisapp.emergencies.informing import informed
from gisapp.emergencies.materials import lacking, nearest_materials
from gisapp.emergencies.model import Emergency
from gisapp.emergencies.plans import plans_for
from gisapp.rules import ShutoffRules

TABLES = ("emergency_plans", "materials")
"""The tables that it is read from."""


@dataclass(frozen=True, eq=False)
class Around:
    """What the command line and the screen both show of an emergency.

    Parameters
    ----------
    plans
        As :func:`gisapp.emergencies.plans_for`, for its type, utility and level.
    informed
        As :func:`gisapp.emergencies.informed`.
    materials
        As :func:`gisapp.emergencies.nearest_materials`; empty where its place is not known.
    """

    plans: pd.DataFrame
    informed: pd.DataFrame
    materials: pd.DataFrame


def around(emergency: Emergency, tables: Mapping[str, Any], rules: ShutoffRules, *, now: datetime) -> Around:
    """Return what stands around an emergency at a moment.

    Parameters
    ----------
    tables
        Those of :data:`TABLES`.
    rules
        Those of the day on which it was opened.
    """
    located = emergency.spot is not None and pd.notna(emergency.spot)
    return Around(
        plans_for(tables["emergency_plans"], emergency.kind, utility=emergency.utility, level=emergency.level),
        informed(emergency, rules, now=now),
        nearest_materials(tables["materials"], emergency.spot, now=now) if located else pd.DataFrame(),
    )


def with_reasons(materials: pd.DataFrame, *, now: datetime) -> pd.DataFrame:
    """Return material with ``reasons``: a tuple of what :func:`gisapp.emergencies.lacking` says of each row."""
    found = lacking(materials, now=now).groupby("code")["reason"].agg(tuple)
    return materials.assign(reasons=[found.get(code, ()) for code in materials["code"]])
