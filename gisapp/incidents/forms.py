"""An incident as plain values, the way the command line and other programs read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.incidents.book import RuleBook
from gisapp.incidents.clocks import Clock
from gisapp.incidents.lifecycle import allowed, recordable
from gisapp.incidents.lives import NO_WORK, statuses_of
from gisapp.incidents.model import Incident
from gisapp.limits import worst
from gisapp.masking import masked_text
from gisapp.tables import masked_account
from gisapp.times import local_days

_HEAD = (
    "code", "utility", "type", "category", "channel", "grid_code", "link_code", "device_code", "located_by", "drill",
)  # fmt: skip


def incident_json(incident: Incident, clocks: Iterable[Clock] = ()) -> dict[str, Any]:
    """Return an incident for JSON: what was reported, where it stands, what may follow, every step, turn and clock.

    Moments are ISO 8601 in UTC. The account is masked; the reporter's words and the notes of steps, which may hold
    names and phones, are left out.
    """
    standing = incident.standing
    account = incident.head.get("customer_code")
    told = ("status", "unit_code", "duplicate_of", "cause", "level", "grade", "callback")
    return {
        **{name: incident.head.get(name) for name in _HEAD},
        "customer": None if account is None else masked_account(str(account)),
        "life": incident.life,
        "reported_at": _said(incident.reported_at),
        **{name: getattr(standing, name) for name in told},
        "marks": sorted(standing.marks),
        "promised_at": _said(standing.promised_at),
        "allowed": list(allowed(incident)),
        "recordable": list(recordable(incident)),
        "repairs": [
            {"reported_at": _said(repair.reported_at), **_all_said(repair.moments)} for repair in standing.repairs
        ],
        "clocks": [
            {name: _said(value) if isinstance(value, datetime) else value for name, value in vars(clock).items()}
            for clock in clocks
        ],
        "steps": [
            {
                "step": number,
                "at": _said(step.at),
                **{name: getattr(step, name) for name in ("actor", "role", "action", "to_status")},
                **{name: masked_text(getattr(step, name) or "") or None for name in ("subject", "value")},
            }
            for number, step in enumerate(incident.steps, 1)
        ],
    }


def _all_said(moments: Mapping[str, datetime]) -> dict[str, str | None]:
    return {name: _said(moment) for name, moment in moments.items()}


OVER = ("archived", "quiet", "recurred", *NO_WORK)
"""Statuses after which nothing is waited for, in whatever life; what is closed is over in most."""


ENDS_CLOSED = ("complaint", "finding")
"""Lives that are over when they are closed."""


def still_open(incidents: pd.DataFrame, incident_steps: pd.DataFrame, book: RuleBook) -> npt.NDArray[np.bool_]:
    """Return which incidents something may still follow in, without reading their histories one by one.

    What is closed is over in every life but a repair's, where the callback follows; a history that holds a state that
    only a repair knows is one of a repair (:func:`gisapp.incidents.model.life_of`).
    """
    over = incidents["status"].isin(OVER).to_numpy(copy=True)
    closed = np.flatnonzero(incidents["status"] == "closed")
    lives = _lives(incidents.iloc[closed], book)
    steps = list(zip(incident_steps["incident_code"].tolist(), incident_steps["to_status"].tolist(), strict=True))
    for life in ENDS_CLOSED:
        own = statuses_of("repair") - statuses_of(life)
        as_repair = {code for code, status in steps if status in own}
        mine = closed[lives == life]
        over[mine] = [code not in as_repair for code in incidents["code"].iloc[mine].tolist()]
    return ~over


def _lives(incidents: pd.DataFrame, book: RuleBook) -> npt.NDArray[np.object_]:
    """Return the life of the category of each incident; the rules are asked once for each kind and day."""
    days = local_days(incidents["reported_at"], book.zone) if len(incidents) else np.array([], "datetime64[D]")
    told = (incidents[name].tolist() for name in ("category", "type", "reported_at"))
    known: dict[tuple[object, ...], str | None] = {}
    lives = np.full(len(incidents), None, dtype=object)
    for place, (category, kind, moment, day) in enumerate(zip(*told, days.tolist(), strict=True)):
        named = category if isinstance(category, str) else None
        key = (named, kind, day)
        if key not in known:
            known[key] = book.life({"category": named, "type": kind, "reported_at": moment})
        lives[place] = known[key]
    return lives


def incident_list(incidents: Iterable[Incident], clocks: pd.DataFrame) -> pd.DataFrame:
    """Return one row an incident: what it is, where it stands, its worst clock, and which open limit comes next.

    Parameters
    ----------
    incidents
        The incidents.
    clocks
        Their clocks, as :func:`gisapp.incidents.clock_table` gives them. Those of the turn of work that runs count.

    Returns
    -------
    DataFrame
        Breached ones first, then due soon; in that the next limit first, then the oldest report.
    """
    rows = [_row(incident) for incident in incidents]
    made = pd.DataFrame(rows, columns=[*_LISTED, "reported_at", "repair"])
    made = made.set_index(made["code"].rename(None))
    now = clocks[clocks["repair"] == made["repair"].reindex(clocks["incident_code"]).to_numpy()]
    open_now = now[now["state"].isin(["breached", "due_soon", "running"]) & now["done_at"].isna()]
    nearest = open_now.sort_values("due_at").drop_duplicates("incident_code").set_index("incident_code")
    state = now.groupby("incident_code")["state"].agg(lambda states: str(worst(list(states))))
    made = made.assign(
        clock_state=state.reindex(made.index), clock=nearest["clock"].reindex(made.index),
        due_at=nearest["due_at"].reindex(made.index),
    )  # fmt: skip
    rank = made["clock_state"].map({"breached": 0, "due_soon": 1, "running": 2}).fillna(3)
    ordered = made.assign(rank=rank).sort_values(["rank", "due_at", "reported_at", "code"], na_position="last")
    return ordered.drop(columns="rank").reset_index(drop=True)


_LISTED = ("code", "utility", "type", "category", "life", "status", "unit_code", "grid_code", "drill")


def _row(incident: Incident) -> dict[str, Any]:
    head = incident.head
    told = {name: head.get(name) for name in ("code", "utility", "type", "category", "grid_code", "drill")}
    standing = incident.standing
    turn = {"status": standing.status, "unit_code": standing.unit_code, "repair": len(standing.repairs)}
    return told | turn | {"life": incident.life, "reported_at": incident.reported_at}


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
