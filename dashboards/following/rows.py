"""The lists as rows of the table, one measure with its steps and buttons, and what the forms ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, actor, deed, sentence
from dashboards.listed import facts, joined, link, plain
from gisapp.masking import masked_texts
from gisapp.measures import Measure, following
from gisapp.tables.measures import MEASURE_KINDS, NOTE_KINDS
from gisapp.words import term, word

VIEWS = ("measures", "notes", "quiet")
STATES = ("overdue", "due_soon", "running", "to_check", "over")
"""How a measure stands on the page: what presses, what waits to be checked, and what is over."""
SUBJECTS, GRIDS = "following-subjects", "following-grids"  # lists of words that a form proposes
_COLUMNS: Mapping[str, Mapping[str, int]] = {
    "measures": {
        **{"state": 130, "due": 110, "summary": 260, "kind": 120, "subject": 100, "grid_code": 90},
        **{"incident_code": 150, "code": 140},
    },
    "notes": {"at": 140, "kind": 130, "grid_code": 90, "person_code": 110, "summary": 320, "kept": 180},
    "quiet": {"grid_code": 100, "leader": 120, "last_visit": 160, "days": 140},
}
_NOTED = ("finish", "send_back", "extend", "cancel", "remark")
_PRESSING = {state: f"params.data.stands === '{state}'" for state in STATES[:2]}
_MOST = 2000  # of codes that a form proposes


def columns(view: str, spoken: str) -> list[dict[str, Any]]:
    """Return the columns of a view; each is filtered by what is written below its head."""
    return [
        {
            "field": name,
            "headerName": word(f"following.column.{name}", spoken),
            "width": width,
            "tooltipField": name,
            "floatingFilter": True,
            "filter": "agTextColumnFilter",
            "cellClassRules": _PRESSING if name == "state" else {},
        }
        for name, width in _COLUMNS[view].items()
    ]


def states_of(measures: pd.DataFrame) -> pd.Series:
    """Return how every measure stands, one of :data:`STATES`."""
    pending = measures["state"].where(measures["status"] == "ordered", "over")
    return pending.where(measures["status"] != "done", "to_check").astype("str")


def measure_rows(measures: pd.DataFrame, spoken: str) -> list[dict[str, Any]]:
    """Return measures as rows; ``stands`` is one of :data:`STATES`."""
    return [
        {name: plain(row[name]) or "" for name in ("code", "due", "summary", "subject", "grid_code", "incident_code")}
        | {"kind": term("measure_kind", row["kind"], spoken), "state": _standing(row["status"], row["state"], spoken)}
        | {"stands": stands}
        for row, stands in zip(measures.to_dict("records"), states_of(measures), strict=True)
    ]


def note_rows(notes: pd.DataFrame, zone: Any, spoken: str) -> list[dict[str, Any]]:
    """Return notes as rows; ``code`` is the number of the note."""
    return [
        {name: plain(row[name]) or "" for name in ("grid_code", "person_code", "kept")}
        | {"code": str(row["number"]), "at": _moment(row["at"], zone), "kind": term("note_kind", row["kind"], spoken)}
        | {"summary": said}
        for row, said in zip(notes.to_dict("records"), masked_texts(notes["summary"].astype("str")), strict=True)
    ]


def quiet_rows(quiet: pd.DataFrame, now: datetime, zone: Any, spoken: str) -> list[dict[str, Any]]:
    """Return the grids that nobody visited as rows."""
    return [
        {"code": row["grid_code"], "grid_code": row["grid_code"], "leader": plain(row["leader"]) or ""}
        | {
            "last_visit": word("following.never", spoken)
            if pd.isna(row["last_visit"])
            else _moment(row["last_visit"], zone),
            "days": "" if pd.isna(row["last_visit"]) else (pd.Timestamp(now) - row["last_visit"]).days,
        }
        for row in quiet.to_dict("records")
    ]


def chosen(measure: Measure, today: date, zone: Any, spoken: str) -> Component:
    """Return one measure: what is to be done, by whom and when, every step, and what may be done next."""
    due, first = measure.due, measure.first_due
    told = [
        (word("following.column.state", spoken), _standing(measure.status, measure.state(today, zone), spoken)),
        (word("following.column.due", spoken), plain(due)),
        (word("following.first_due", spoken), plain(first) if first != due else None),
        (word("following.column.subject", spoken), measure.subject),
        (word("following.column.grid_code", spoken), measure.grid_code),
        (word("following.meeting", spoken), plain(measure.note_number)),
        (word("following.column.code", spoken), measure.code),
    ]
    parts = [
        html.H2(joined(term("measure_kind", measure.kind, spoken), _masked(measure.summary))),
        html.Div(link("dispatch", "incident", measure.incident_code, "list", spoken), className="buttons"),
        facts(told),
        html.Ol([_step(one, zone, spoken) for one in reversed(measure.steps)], className="steps"),
        html.Div([_button(measure, action, spoken, zone) for action in following(measure)], className="buttons"),
    ]
    return html.Section(parts, className="chosen", **{"data-code": measure.code})


def ordering(spoken: str, grids: list[str]) -> Component | None:
    """Return the button that orders a measure."""
    kinds = tuple((kind, term("measure_kind", kind, spoken)) for kind in MEASURE_KINDS)
    ask = [
        Field("kind", word("following.column.kind", spoken), "choice", choices=kinds),
        Field("summary", word("following.ask.summary", spoken), "area", required=True),
        Field("subject", word("following.ask.subject", spoken), required=True, list=SUBJECTS),
        Field("due", word("following.ask.due", spoken), "day"),
        Field("grid_code", word("following.column.grid_code", spoken), value=_only(grids), list=GRIDS),
        Field("incident_code", word("following.column.incident_code", spoken)),
        Field("note_number", word("following.meeting", spoken)),
    ]
    words = word("following.do.order", spoken)
    return deed(words, {"do": "order"}, needs=Permission.INCIDENTS_HANDLE, ask=ask, look="main", sign="plus")


def noting(spoken: str, grids: list[str], zone: Any, *, who: str) -> Component | None:
    """Return the button that notes a visit, a talk or a meeting."""
    kinds = tuple((kind, term("note_kind", kind, spoken)) for kind in NOTE_KINDS)
    ask = [
        Field("kind", word("following.column.kind", spoken), "choice", choices=kinds),
        Field("grid_code", word("following.column.grid_code", spoken), value=_only(grids), required=True, list=GRIDS),
        Field("person_code", word("following.column.person_code", spoken), value=who, required=True),
        Field("whom", word("following.ask.whom", spoken)),
        Field("summary", word("following.ask.noted", spoken), "area", required=True),
        Field("kept", word("following.column.kept", spoken)),
        Field("when", word("following.ask.when", spoken), "past", zone=str(zone)),
    ]
    words = word("following.do.note", spoken)
    return deed(words, {"do": "note"}, needs=Permission.INCIDENTS_HANDLE, ask=ask, look="main", sign="pencil")


def _button(measure: Measure, action: str, spoken: str, zone: Any) -> Component | None:
    note = Field("note", word(f"following.ask.{action}", spoken), "area", required=action in _NOTED)
    later = [Field("value", word("following.ask.later", spoken), "day", required=True)] if action == "extend" else []
    usual = action == next(iter(following(measure)))
    return deed(
        word(f"following.do.{action}", spoken),
        {"do": action, "code": measure.code},
        needs=Permission.INCIDENTS_HANDLE,
        ask=[*later, note],
        look="main" if usual else "bad" if action == "cancel" else "",
    )


def _step(step: Any, zone: Any, spoken: str) -> Component:
    who = joined(_moment(step.at, zone), actor(step.actor, spoken), term("role", step.role, spoken))
    said = joined(plain(step.value), _masked(step.note) if step.note else None)
    return html.Li([html.Strong(sentence(word(f"following.did.{step.action}", spoken))), " ", said, html.Small(who)])


def _standing(status: str, state: str | None, spoken: str) -> str:
    """Return how a measure stands in words: by its day while it is to be done, else by its status."""
    if status == "ordered":
        return word(f"following.state.{state}", spoken)
    late = "_late" if state == "late" else ""
    return word(f"following.status.{status}{late}", spoken)


def _moment(at: Any, zone: Any) -> str:
    return str(pd.Timestamp(at).tz_convert(zone).strftime("%Y-%m-%d %H:%M"))


def _masked(text: str) -> str:
    return str(masked_texts(pd.Series([text]))[0])


def _only(grids: list[str]) -> str:
    """Return the one grid that a person has."""
    return grids[0] if len(grids) == 1 else ""


def proposals(name: str, codes: list[str]) -> Component:
    """Return the list of codes that a text of a form proposes; where there are too many, none."""
    return html.Datalist([html.Option(value=code) for code in codes[:_MOST]], id=name)
