"""The facts of a month for its assessment (考核): by unit, grid or person; scores and weights are a person's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from gisapp.errors import InputError
from gisapp.incidents.lives import NO_WORK
from gisapp.incidents.model import Incident

BY = ("unit", "grid", "person")
NOBODY = "unassigned"
_COMPLETE: Mapping[str, tuple[str, ...]] = {
    "repair": ("dispatched_at", "accepted_at", "arrived_at", "repaired_at", "replied_at", "closed_at"),
    "complaint": ("transferred_to_leader_at", "first_contact_at", "replied_at", "closed_at"),
    "finding": ("dispatched_at", "repaired_at", "closed_at"),
    "leak_point": ("repaired_at", "closed_at"),
    "business": ("accepted_at", "replied_at", "closed_at"),
}
_COLUMNS = (
    "incidents", "closed", "reopened", "arrival_n", "arrival_median_min", "arrival_p90_min", "repair_n",
    "repair_median_h", "repair_p90_h", "asked", "reached", "satisfied", "satisfaction", "complete", "completeness",
)  # fmt: skip


def assessed(incidents: Iterable[Incident], start: datetime, end: datetime) -> list[Incident]:
    """Return the incidents of a period: reported from its start until before its end; no drill or duplicate."""
    return [
        incident
        for incident in incidents
        if start <= incident.reported_at < end and not incident.head["drill"] and incident.status not in NO_WORK
    ]


def subject_of(incident: Incident, by: str) -> str:
    """Return who or what an incident is counted for: :data:`NOBODY` where it has none.

    A person is whoever did the repair last, else who handled it, else whoever it was assigned to.
    """
    if by == "unit":
        return incident.standing.unit_code or NOBODY
    if by == "grid":
        return str(incident.head.get("grid_code") or NOBODY)
    for action in ("finish_repair", "handle"):
        done = [step.actor for step in incident.steps if step.action == action]
        if done:
            return done[-1]
    assigned = [step.subject for step in incident.steps if step.action == "assign" and step.subject]
    return assigned[-1] if assigned else NOBODY


def assessment(incidents: Iterable[Incident], *, by: str) -> pd.DataFrame:
    """Return the facts of each unit, grid or person.

    Parameters
    ----------
    incidents
        Those of the period (:func:`assessed`).
    by
        One of :data:`BY`.

    Returns
    -------
    DataFrame
        ``subject`` and, each with the number it rests on: ``incidents``, ``closed``, ``reopened`` (with a second
        repair); median and ninth decile of the minutes from dispatch to arrival, and of the hours from dispatch to
        repair, of the first repair, in which what is still open does not count (``arrival_n``, ``repair_n``); the last
        callback of each: ``asked``, ``reached``, ``satisfied`` and ``satisfaction``, satisfied of reached; ``complete``
        and ``completeness``: closed ones with every moment of their life, of those closed. Missing where nothing
        counts. In the order of the subjects; nobody is ranked.

    Notes
    -----
    Grid rules V(2), water service rules Art. 6. Between two values a quantile is interpolated.
    """
    if by not in BY:
        raise InputError(f"found {by!r}", todo=f"use one of {', '.join(BY)}", field="by")
    groups: dict[str, list[Incident]] = {}
    for incident in incidents:
        groups.setdefault(subject_of(incident, by), []).append(incident)
    rows = [{"subject": subject, **_facts(groups[subject])} for subject in sorted(groups)]
    return pd.DataFrame(rows, columns=["subject", *_COLUMNS])


def clock_rates(incidents: Iterable[Incident], clocks: pd.DataFrame, *, by: str) -> pd.DataFrame:
    """Return for each subject and clock how many were met, breached, still run, and cannot be judged.

    Parameters
    ----------
    incidents, by
        As for :func:`assessment`.
    clocks
        Their clocks (:func:`gisapp.incidents.clock_table`), those of second repairs too.

    Returns
    -------
    DataFrame
        subject, clock, met, breached, open, not_judged, n (met and breached), rate (met of n), extended_met and
        extended_rate by the limits that were extended in time. What runs and is not yet breached is open.
    """
    subjects = {incident.code: subject_of(incident, by) for incident in incidents}
    mine = clocks[clocks["incident_code"].isin(list(subjects))]
    told = pd.DataFrame(
        {
            "subject": mine["incident_code"].map(subjects),
            "clock": mine["clock"],
            "met": mine["state"] == "met",
            "breached": mine["state"] == "breached",
            "open": mine["state"].isin(["running", "due_soon"]),
            "not_judged": mine["state"] == "not_judged",
            "extended_met": mine["extended_state"] == "met",
            "extended_n": mine["extended_state"].isin(["met", "breached"]),
        }
    )
    sums = told.groupby(["subject", "clock"], sort=True).sum().reset_index()
    n = sums["met"] + sums["breached"]
    rates = {"n": n, "rate": sums["met"] / n.where(n > 0)}
    extended = sums["extended_met"] / sums["extended_n"].where(sums["extended_n"] > 0)
    return sums.assign(**rates, extended_rate=extended).drop(columns="extended_n")


def _facts(incidents: list[Incident]) -> dict[str, Any]:
    """Return the facts of one subject."""
    first = [incident.standing.repairs[0].moments for incident in incidents]
    arrival = _lasted([(moments.get("dispatched_at"), moments.get("arrived_at")) for moments in first], 60)
    repair = _lasted([(moments.get("dispatched_at"), moments.get("repaired_at")) for moments in first], 3600)
    said = [incident.standing.callback for incident in incidents if incident.standing.callback is not None]
    reached, satisfied = sum(one != "unreachable" for one in said), said.count("satisfied")
    closed = [one for one in incidents if "closed_at" in one.standing.repairs[-1].moments]
    complete = sum(set(_COMPLETE[one.life]) <= set(one.standing.repairs[-1].moments) for one in closed)
    return {
        "incidents": len(incidents),
        "closed": len(closed),
        "reopened": sum(len(one.standing.repairs) > 1 for one in incidents),
        "arrival_n": len(arrival),
        "arrival_median_min": _quantile(arrival, 0.5),
        "arrival_p90_min": _quantile(arrival, 0.9),
        "repair_n": len(repair),
        "repair_median_h": _quantile(repair, 0.5),
        "repair_p90_h": _quantile(repair, 0.9),
        "asked": len(said),
        "reached": reached,
        "satisfied": satisfied,
        "satisfaction": satisfied / reached if reached else None,
        "complete": complete,
        "completeness": complete / len(closed) if closed else None,
    }


def _lasted(spans: list[tuple[datetime | None, datetime | None]], unit_s: float) -> list[float]:
    return [(end - start) / timedelta(seconds=unit_s) for start, end in spans if start is not None and end is not None]


def _quantile(values: list[float], share: float) -> float | None:
    return float(np.quantile(values, share)) if values else None
