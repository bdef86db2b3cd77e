"""The buttons of an incident: what may follow, what may be recorded, and what each asks first."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, deed
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.told import action_name
from gisapp.incidents import Incident, allowed, recordable
from gisapp.incidents.lifecycle import absent
from gisapp.incidents.lives import MOMENT_VALUES, PARTIES, REASONS, SUBJECTS, VALUES, moves_from
from gisapp.rules.marks import MARKS
from gisapp.words import term, word

BAD = ("reject", "cancel")
LESSONS = ("close",)
"""Actions of a complaint that demand what prevents it from now on."""
EXTENSIONS = ("grant_extension", "refuse_extension")
OF_UNIT = ("dispatch", "grant_return", "refer", "order")


def actions(incident: Incident, desk: Desk, role: str, spoken: str, *, proposed: str | None) -> Component:
    """Return the buttons that a role has now, the usual action first; facts are folded away."""
    moves = allowed(incident, role)
    facts = [action for action in recordable(incident, role) if _of_use(incident, action)]
    buttons = [
        _button(incident, action, desk, spoken, proposed, look="bad" if action in BAD else "" if at else "main")
        for at, action in enumerate(moves)
    ]
    more = [_button(incident, action, desk, spoken, proposed) for action in facts]
    waits = [] if moves else [html.P(_nobody(incident, spoken), className="quiet")]
    folded = html.Details([html.Summary(word("dispatch.more", spoken)), html.Div(more, className="buttons")])
    return html.Div(
        [html.Div([one for one in buttons if one], className="buttons"), *waits, *([folded] if any(more) else [])],
        className="actions",
    )


def _of_use(incident: Incident, action: str) -> bool:
    """Return whether there is something to take away or to decide on."""
    if action == "unmark":
        return bool(incident.standing.marks)
    if action in EXTENSIONS:
        done = [step.action for step in incident.steps]
        return done.count("request_extension") > sum(done.count(name) for name in EXTENSIONS)
    return True


def merge_button(incident: Incident, into: str, spoken: str) -> Component | None:
    """Return the button that merges an incident into another one."""
    done = {"do": "step", "code": incident.code, "action": "merge", "subject": into, "seen": len(incident.steps)}
    return deed(word("dispatch.merge_into", spoken, code=into), done, needs=Permission.INCIDENTS_HANDLE)


def _button(
    incident: Incident, action: str, desk: Desk, spoken: str, proposed: str | None, *, look: str = ""
) -> Component | None:
    done = {"do": "step", "code": incident.code, "action": action, "seen": len(incident.steps)}
    ask = _asked(incident, action, desk, spoken, proposed)
    words = action_name(action, spoken)
    return deed(words, done, needs=Permission.INCIDENTS_HANDLE, ask=ask, look=look)


def _asked(incident: Incident, action: str, desk: Desk, spoken: str, proposed: str | None) -> list[Field]:
    """Return what an action needs: whom it concerns, what it says, a reason; and when it happened."""
    fields = [_subject(incident, action, desk, spoken, proposed)] if action in SUBJECTS else []
    if action in VALUES:
        fields.append(_value(incident, action, desk, spoken))
    if action in MOMENT_VALUES:
        fields.append(Field("value", word("dispatch.ask.moment", spoken), "moment", required=True))
    lesson = action in LESSONS and incident.life == "complaint"
    if action in REASONS or lesson or (action == "close" and absent(incident)):
        label = "lesson" if lesson else "note"
        fields.append(Field("note", word(f"dispatch.ask.{label}", spoken), "area", required=True))
    elif fields:
        fields.append(Field("note", word("dispatch.ask.remark", spoken), "area"))
    if not fields:
        return []
    zone, least = str(desk.store.zone), incident.reported_at.astimezone(desk.store.zone).strftime("%Y-%m-%dT%H:%M")
    return [*fields, Field("when", word("dispatch.ask.when", spoken), "past", zone=zone, least=least)]


def _subject(incident: Incident, action: str, desk: Desk, spoken: str, proposed: str | None) -> Field:
    """Return the field of whom an action concerns: the proposed unit first, a mark, or a code."""
    if action in OF_UNIT:
        units = desk.units(spoken)
        first = [code for code in (proposed, incident.standing.unit_code) if code in units][:1]
        order = [*first, *(code for code in units if code not in first)]
        choices = tuple((code, f"{units[code]} {code}") for code in order)
        if choices:
            return Field("subject", word("dispatch.ask.unit", spoken), "choice", choices=choices, required=True)
    if action in ("mark", "unmark"):
        known = MARKS if action == "mark" else tuple(sorted(incident.standing.marks))
        marks = tuple((name, term("mark", name, spoken)) for name in known)
        return Field("subject", word("dispatch.ask.mark", spoken), "choice", choices=marks, required=True)
    if action == "attend":
        parties = tuple((name, term("party", name, spoken)) for name in PARTIES)
        return Field("subject", word("dispatch.ask.party", spoken), "choice", choices=parties, required=True)
    what = {"replace_meter": "meter", "assign": "crew", "merge": "main", "find_recurred": "main"}.get(action, "person")
    return Field("subject", word(f"dispatch.ask.{what}", spoken), required=True)


def _value(incident: Incident, action: str, desk: Desk, spoken: str) -> Field:
    """Return the field of what an action says in one word."""
    label = word(f"dispatch.ask.{action}", spoken)
    values: tuple[str, ...] = VALUES[action]
    if action == "set_level":
        values = tuple(rule.level for rule in desk.book.at(incident.reported_at).level)
    if not values:
        return Field("value", label, required=True)
    choices = tuple((value, term("said", value, spoken)) for value in values)
    return Field("value", label, "choice", choices=choices, required=True)


def _nobody(incident: Incident, spoken: str) -> str:
    """Return why a role has no action: nothing follows, or others have it."""
    if incident.ended:
        return word("dispatch.over_now", spoken)
    roles: Mapping[str, None] = dict.fromkeys(_who(incident))
    return word("dispatch.others", spoken, roles=" / ".join(term("role", name, spoken) for name in roles))


def _who(incident: Incident) -> list[str]:
    return [role for move in moves_from(incident.life, incident.status).values() for role in move.roles]
