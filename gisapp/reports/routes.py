"""The two answers for every incident: the grid (where) and the unit (what), each with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.grids import assign, grids_at
from gisapp.incidents.routing import Facts, Route, route
from gisapp.incidents.surroundings import affected, apron_of, well_of
from gisapp.incidents.warranty import in_warranty, in_warranty_area
from gisapp.reports.placing import eras
from gisapp.rules import IncidentRules, incident_rules
from gisapp.times import local_days

_NUMBERS = ("apron_m", "affected_m", "affected_h")
TABLES = ("grids", "buildings", "customers", "org_units", "warranties", "meter_wells")
"""The tables that routes are found with; of the last two nothing is known where they are absent or empty."""


def routes_of(
    incidents: gpd.GeoDataFrame,
    tables: Mapping[str, Any],
    zone: ZoneInfo,
    *,
    own_rules: Path | str | None = None,
    marks: Mapping[str, frozenset[str]] | None = None,
    wells: gpd.GeoDataFrame | None = None,
    warranty: pd.DataFrame | None = None,
    language: str = "en",
) -> pd.DataFrame:
    """Return the grid and the unit of each incident, and what gave them.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name; reports of one lack of water are counted among these.
    tables
        Those of :data:`TABLES`, past grids too, all in one CRS in metres.
    zone
        The utility's zone: the rules of the day of the report hold.
    own_rules
        A utility's own rules of incidents: a file, or its text.
    marks
        By the code of an incident what somebody marked of it.
    wells
        Polygons of meter wells in place of the stored ones.
    warranty
        Which pipes a builder answers for, beside the stored areas in warranty: ``utility``, ``link_code`` and
        ``warranty_until`` (a day, itself included).
    language
        Of ``grid_why`` and ``unit_why``.

    Returns
    -------
    DataFrame
        On the index of ``incidents``: ``incident_code``; ``grid``, ``grid_why``, ``distance_m``, ``near_border`` by the
        grids in force when it was reported (as :func:`gisapp.grids.assign` says); ``unit`` (its name in the rules),
        ``unit_code`` (missing where ``org_units`` does not have it), ``unit_rule``, ``unit_article``, ``unit_why`` and
        ``joins``, the units that act beside it, comma separated.
    """
    days = local_days(incidents["reported_at"], zone)
    rules = {day: incident_rules(day, own_rules) for day in np.unique(days).tolist()}
    placed = _placed(incidents, tables["grids"], rules, days, language)
    facts = _facts(incidents, tables, rules, days, (wells, warranty, marks or {}), zone)
    # Few facts are distinct: each is routed once.
    asked = list(zip(days.tolist(), facts, strict=True))
    found = {key: route(key[1], rules[key[0]]) for key in dict.fromkeys(asked)}
    routes = [found[key] for key in asked]
    return placed.assign(**_columns(routes, tables["org_units"], language))


def _placed(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    rules: Mapping[date, IncidentRules],
    days: np.ndarray,
    language: str,
) -> pd.DataFrame:
    """Return the grid of each incident by the grids of its time."""
    parts = []
    for start, rows in eras(incidents["reported_at"], grids):
        near_m = rules[days[rows[0]].astype(date)].number("near_border_m")
        there = assign(incidents.geometry.iloc[rows], grids_at(grids, start), near_m=near_m, language=language)
        parts.append(there.assign(row=rows))
    columns = ["grid", "why", "distance_m", "near_border", "row"]
    joined = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    told = joined.sort_values("row").drop(columns="row").set_axis(incidents.index)
    return told.rename(columns={"why": "grid_why"}).assign(incident_code=incidents["code"])


def _facts(
    incidents: gpd.GeoDataFrame,
    tables: Mapping[str, Any],
    rules: Mapping[date, IncidentRules],
    days: np.ndarray,
    known: tuple[gpd.GeoDataFrame | None, pd.DataFrame | None, Mapping[str, frozenset[str]]],
    zone: ZoneInfo,
) -> list[Facts]:
    """Return what routes depend on, for each incident."""
    wells, warranty, marks = known
    if not len(incidents):
        return []
    stored = tables.get("meter_wells")
    wells = stored if wells is None and stored is not None and len(stored) else wells
    well = well_of(incidents, wells)
    by_pipe = in_warranty(incidents, days, warranty)
    by_place = in_warranty_area(incidents, days, tables.get("warranties"), zone)
    covered = pd.Series(by_pipe).combine_first(pd.Series(by_place)) | pd.Series(by_place).fillna(value=False)
    numbers = {day: tuple(of_day.number(name) for name in _NUMBERS) for day, of_day in rules.items()}
    apron = np.full(len(incidents), None, dtype=object)
    many = pd.DataFrame({"customers": 1, "buildings": 0}, index=range(len(incidents)))
    for apron_m, within_m, within_h in dict.fromkeys(numbers.values()):  # one turn, unless the settings changed
        mine = np.flatnonzero([numbers[day] == (apron_m, within_m, within_h) for day in days.tolist()])
        apron[mine] = apron_of(incidents.iloc[mine], tables["buildings"], apron_m)
        near = {"within_m": within_m, "within_h": within_h, "apron_m": apron_m}
        found = affected(incidents, tables["customers"], tables["buildings"], **near)
        many.iloc[mine] = found.iloc[mine].to_numpy()
    columns = (incidents[name].tolist() for name in ("code", "category", "type", "utility"))
    bound = [None if one is pd.NA else bool(one) for one in covered]
    rest = (days.tolist(), apron, well, bound, many["customers"].tolist(), many["buildings"].tolist())
    made: dict[tuple[Any, ...], Facts] = {}
    told = []
    for code, *known_of in zip(*columns, *rest, strict=True):
        key = (*known_of, marks.get(code, frozenset()))
        if key not in made:
            made[key] = _fact(rules, *key)
        told.append(made[key])
    return told


def _fact(rules: Mapping[date, IncidentRules], category: Any, kind: str, utility: Any, day: date, *rest: Any) -> Facts:
    """Return what routes depend on, from what stands in the columns."""
    apron, well, covered, customers, buildings, marked = rest
    rule = rules[day].category_of(None if pd.isna(category) else str(category), kind)
    name, group = (rule.category, rule.group) if rule else (None, "")
    who = None if pd.isna(utility) else str(utility)
    return Facts(name, group, who, well, apron, covered, int(customers), int(buildings), marked)


def _columns(routes: list[Route | None], org_units: pd.DataFrame, language: str) -> dict[str, Any]:
    """Return what the routes say as columns."""
    codes = dict(zip(org_units["name_hans"], org_units["code"], strict=True))
    codes |= dict(zip(org_units["code"], org_units["code"], strict=True))
    unit = [found.unit if found else None for found in routes]
    return {
        "unit": unit,
        "unit_code": [codes.get(name) for name in unit],
        "unit_rule": [found.rule if found else None for found in routes],
        "unit_article": [found.article if found else None for found in routes],
        "unit_why": [found.why(language) if found else None for found in routes],
        "joins": [",".join(name for name, _ in found.joins) if found else "" for found in routes],
    }
