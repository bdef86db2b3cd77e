"""What is written of an emergency: declared, stepped through, evaluated with its measure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd
import shapely

from dashboards.deeds import actor
from dashboards.emergency.parts import clock
from dashboards.emergency.record import Deed, happened_at, text_of
from dashboards.emergency.standing import RECORDS
from dashboards.map import place_from_map
from dashboards.snapshot import Snapshot
from gisapp.emergencies import DECISIONS, Emergency
from gisapp.errors import AccessError, InputError
from gisapp.operations import operation_of
from gisapp.tables import UTILITIES
from gisapp.words import word


def write(done: Deed, snapshot: Snapshot, *, who: str, decides: bool, spoken: str = "zh-Hans") -> str:
    """Write what a person did to an emergency; return its code.

    Parameters
    ----------
    done
        What the button says: ``declare`` with the place on the map (``lng``, ``lat``) or the record of a shutoff
        (``shutoff``), or ``command`` with the action; and the answers to what it asked.
    decides
        Whether the person wrote by the right to decide.
    spoken
        In which a place is named that the person did not name.

    Raises
    ------
    AccessError
        For a decision by somebody who may only record.
    ConflictError
        When somebody has moved the record since the person looked.
    InputError
        When the step may not follow or lacks something.
    """
    store = snapshot.store
    if done["do"] == "declare":
        return store.emergencies.open(_head(done, snapshot, spoken), who)
    action, code = str(done["action"]), str(done["code"])
    if action in DECISIONS and not decides:
        raise AccessError(f"{action} is a decision; ask who may decide")
    told = {name: text_of(done, name) for name in ("subject", "value", "note", "seen")}
    emergency = store.emergencies.emergency(code)
    at = _happened(done, snapshot, emergency)
    steps: list[tuple[str, Mapping[str, Any]]] = [(action, {**told, "at": at})]
    if action == "evaluate":
        steps = [(action, {"note": told["note"], "seen": told["seen"], "at": at}), *_measure(done)]
    store.emergencies.record_all(code, steps, who)
    return code


def conflict_words(emergency: Emergency, snapshot: Snapshot, spoken: str) -> str:
    """Return in words what somebody else did since the person looked."""
    now = emergency.status
    first = list(takewhile(lambda one: one.to_status == now, reversed(emergency.steps)))[-1]
    zone = snapshot.store.zone
    when = clock(first.at.astimezone(zone), spoken, today=pd.Timestamp.now(tz=zone))
    what = word(f"command.status.{now}", spoken)
    return word(
        "emergency.conflict", spoken, subject=emergency.code, what=what, who=actor(first.actor, spoken), when=when
    )


def _head(done: Deed, snapshot: Snapshot, spoken: str) -> dict[str, object]:
    """Return the head of an event that is declared; one of a drill's record is a drill."""
    head: dict[str, object] = {name: text_of(done, name) for name in ("kind", "summary", "place")}
    utility, code = text_of(done, "utility"), text_of(done, "shutoff")
    if utility is not None and utility not in UTILITIES:
        raise InputError(f"found {utility!r}", todo=f"use one of {', '.join(UTILITIES)}", field="utility")
    head |= {"utility": utility, "drill": bool(done.get("drill")), "shutoff_code": code}
    store = snapshot.store
    if code is not None:
        operation = operation_of(code, *(store.table(name) for name in RECORDS))
        head["drill"] = operation.drill
        spots = store.table("shutoffs").set_index("code").geometry
        spot = spots.get(code)
    else:
        spot = _spot(done, snapshot)
    if spot is not None and pd.notna(spot):
        head["geom"] = spot
        head["place"] = head["place"] or _place(spot, snapshot, spoken)
    opened_at = happened_at(done, snapshot.store)
    return head if opened_at is None else {**head, "opened_at": opened_at}


def _spot(done: Deed, snapshot: Snapshot) -> shapely.Point:
    """Return the place that was pointed at."""
    try:
        lng, lat = float(done["lng"]), float(done["lat"])
    except (KeyError, TypeError, ValueError):
        raise InputError("no place was named", todo="point at it on the map", field="place") from None
    return shapely.Point(place_from_map(lng, lat, snapshot.store.crs, frame=snapshot.frame))


def _place(spot: shapely.Point, snapshot: Snapshot, spoken: str) -> str | None:
    """Return the nearest streets in words, None where no street is known."""
    return str(snapshot.streets().places(np.array([spot], dtype=object))[0].words(spoken)) or None


def _measure(done: Deed) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the measure that an evaluation names, none where it names none."""
    what, whose, due = (text_of(done, name) for name in ("measure", "holder", "due"))
    if not (what or whose or due):
        return []
    for name, value in (("measure", what), ("holder", whose), ("due", due)):
        if value is None:
            todo = "say what is to be done, by whom and until when, or leave all three out"
            raise InputError("the measure is not whole", todo=todo, field=name)
    return [("plan_measure", {"subject": whose, "value": due, "note": what})]


def _happened(done: Deed, snapshot: Snapshot, emergency: Emergency) -> datetime | None:
    """Return when a step happened, None for now; a minute in which something before it happened is that moment."""
    at = happened_at(done, snapshot.store)
    if at is None:
        return None
    before = max(one.at for one in emergency.steps)
    return before if at == before.replace(second=0, microsecond=0) else at
