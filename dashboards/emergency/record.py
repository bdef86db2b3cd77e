"""What the page writes: records opened, steps, valves operated, texts released; each write once, by one actor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboards.deeds import actor
from dashboards.emergency.case import Case
from dashboards.emergency.parts import clock
from dashboards.emergency.standing import Standings
from gisapp.errors import AccessError, InputError
from gisapp.operations import Operation, allowed, amendable, burst_text, bursts_of
from gisapp.operations.lifecycle import DECISIONS
from gisapp.store import Store
from gisapp.words import utility_word, word

Deed = Mapping[str, Any]
TIMES = ("planned_start", "planned_end")


def write(done: Deed, store: Store, standings: Standings, *, who: str, decides: bool) -> str:
    """Write what a person did; return the code of the operation.

    Parameters
    ----------
    done
        What the button says (``do``: ``open``, ``amend``, ``step``, ``operate`` or ``release``) with the answers to
        what it asked; ``when`` it happened in the store's zone, empty for now.
    decides
        Whether the person wrote by the right to decide.

    Raises
    ------
    AccessError
        For a decision by somebody who may only record.
    ConflictError
        When somebody has moved the record since the person looked.
    InputError
        When the step may not follow or lacks something.
    """
    if done.get("action") in DECISIONS and not decides:
        raise AccessError(f"{done['action']} is a decision; ask the commander")
    if done["do"] == "open":
        return _open(done, store, standings, who)
    code = str(done["code"])
    if done["do"] == "step":
        told = {name: text_of(done, name) for name in ("subject", "value", "note", "seen")}
        if done["action"] == "set_etr":
            told["value"] = moment_of(done, "value", store).isoformat()
        store.operations.record(code, str(done["action"]), who, at=_step_at(done, store), **told)
    elif done["do"] == "amend":
        store.operations.amend(code, _changes(done, store), who)
    elif done["do"] == "operate":
        store.operations.operate(_operated(done, store), who, seen=str(done["seen"]))
    else:
        text = {name: done[name] for name in ("kind", "language", "title", "body")}
        store.operations.release({"shutoff_code": code, "channel": text_of(done, "channel"), **text}, who)
    return code


def conflict_words(done: Deed, operation: Operation, store: Store, spoken: str) -> str:
    """Return in words what somebody else did since the person looked: of a valve, or of the status."""
    now = pd.Timestamp.now(tz=store.zone)
    if done["do"] == "operate":
        rows = operation.valves[operation.valves["device_code"] == done["device"]]
        row = rows.iloc[-1]
        what = utility_word(f"operation.valve.{row['action']}", operation.utility, spoken)
        subject = str(done["device"])
    else:
        row = operation.steps[operation.steps["to_status"] == operation.status].iloc[0]
        what = utility_word(f"operation.status.{operation.status}", operation.utility, spoken)
        subject = operation.code
    when = clock(row["at"].tz_convert(store.zone), spoken, today=now)
    return word("emergency.conflict", spoken, subject=subject, what=what, who=actor(row["actor"], spoken), when=when)


def _open(done: Deed, store: Store, standings: Standings, who: str) -> str:
    """Open a record where the burst is, with the valves that were already found stuck."""
    case = Case(str(done["utility"]), tuple(done["bursts"]), tuple(done["stuck"]))
    planned = {name: moment_of(done, name, store) for name in TIMES if done.get(name)}
    head = {
        "utility": case.utility,
        "kind": str(done["kind"]),
        "links": ",".join(case.bursts),
        "drill": bool(done.get("drill")),
        "geom": standings.of(case).spot,
        **{name: text_of(done, name) for name in ("place", "reason", "incident_code")},
        **planned,
        **_at("opened_at", happened_at(done, store)),
    }
    return store.operations.open(head, who, stuck=case.stuck)


def _changes(done: Deed, store: Store) -> dict[str, object]:
    """Return what is to be changed in the head: one more link (``more``), or what the dialog asked."""
    operation = store.operations.operation(str(done["code"]))
    if done.get("more"):
        return {"links": burst_text((*operation.bursts, *bursts_of(str(done["more"]))))}
    asked = [name for name in amendable(operation) if name in done]
    return {name: moment_of(done, name, store) if name in TIMES else text_of(done, name) for name in asked}


def _operated(done: Deed, store: Store) -> dict[str, Any]:
    """Return the row of the log of valves."""
    operation = store.operations.operation(str(done["code"]))
    return {
        "utility": operation.utility,
        "device_code": str(done["device"]),
        "action": str(done["action"]),
        "shutoff_code": operation.code,
        "note": text_of(done, "note"),
        **_at("at", happened_at(done, store)),
    }


def _step_at(done: Deed, store: Store) -> datetime | None:
    """Return when a step happened, None for now; in the very minute of what it follows it is not before that."""
    at = happened_at(done, store)
    if at is None:
        return None
    operation = store.operations.operation(str(done["code"]))
    before = operation.moved_at if done["action"] in allowed(operation) else operation.opened_at
    return before if at == before.replace(second=0, microsecond=0) else at


def happened_at(done: Deed, store: Store) -> datetime | None:
    """Return when a person says that something happened, None for now.

    Raises
    ------
    InputError
        When it is no moment, or has not come yet.
    """
    if not text_of(done, "when"):
        return None
    at = moment_of(done, "when", store)
    if at > datetime.now(at.tzinfo):
        raise InputError(f"{at.isoformat()} lies in the future", todo="record it once it has happened", field="when")
    return at


def _at(name: str, moment: datetime | None) -> dict[str, datetime]:
    """Return a moment under its column, nothing for now."""
    return {} if moment is None else {name: moment}


def text_of(done: Deed, name: str) -> str | None:
    """Return what was written, None for nothing."""
    return str(done.get(name) or "").strip() or None


def moment_of(done: Deed, name: str, store: Store) -> datetime:
    """Return a moment that a person wrote in the store's zone.

    Raises
    ------
    InputError
        When it is no moment.
    """
    try:
        written = datetime.fromisoformat(str(done.get(name)))
    except ValueError as error:
        raise InputError(f"found {done.get(name)!r}", todo="give day and time", field=name) from error
    return written if written.tzinfo else written.replace(tzinfo=store.zone)
