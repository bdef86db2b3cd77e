"""What lies ready: the plan that holds for such an event, and the nearest stores that have material for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.emergency.parts import joined, section
from dashboards.emergency.standing import Standing
from dashboards.snapshot import Snapshot
from gisapp.emergencies import nearest_materials, plans_for
from gisapp.words import word

SHOWN = 4
_KINDS = {"water": "burst", "power": "power_outage", "heating": "heating_outage", "gas": "gas_leak"}
"""The type of event as which a broken line of a utility counts."""


def reserve(standing: Standing, snapshot: Snapshot, spoken: str) -> Component | None:
    """Return plans and nearest material; None where the store has neither."""
    table, operation = snapshot.store.table, standing.operation
    level = None if operation is None or operation.level is None else int(operation.level)
    plans = plans_for(table("emergency_plans"), _KINDS[standing.utility], utility=standing.utility, level=level)
    materials = pd.DataFrame()
    if standing.spot is not None and len(table("materials")):
        materials = nearest_materials(table("materials"), standing.spot, now=datetime.now(UTC), most=SHOWN)
    if plans.empty and materials.empty:
        return None
    rows = [_plan(row) for row in plans.head(1).to_dict("records")]
    rows += [_material(row, spoken) for row in materials.to_dict("records")]
    return section("reserve", word("emergency.reserve", spoken), html.Ul(rows, className="lines"))


def _plan(row: Mapping[Any, Any]) -> Component:
    told = joined(row["code"], None if pd.isna(row["kept"]) else row["kept"])
    return html.Li(html.Span([html.Strong(row["title"]), html.Span(told, className="quiet")], className="grows"))


def _material(row: Mapping[Any, Any], spoken: str) -> Component:
    """Return one material: what and how many, in which store, how far."""
    name = " ".join(str(row[part]) for part in ("item", "size") if pd.notna(row[part]))
    number = f"{row['quantity']:g} {row['measure'] if pd.notna(row['measure']) else ''}".strip()
    way = word("emergency.by_straight", spoken, km=f"{row['distance_m'] / 1000:,.1f}")
    told = html.Span(joined(number, row["store"], way), className="quiet")
    return html.Li(html.Span([html.Strong(name), told], className="grows"), className="line")
