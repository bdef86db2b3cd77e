"""What the steps of an emergency ask before they are written, and the buttons that ask it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import MYSELF, Field, deed
from dashboards.emergency.parts import happened
from gisapp.emergencies import DECISIONS, FUNCTIONS, POSTS, Emergency, wants_words
from gisapp.emergencies.lifecycle import REPORTS
from gisapp.rules.shutoffs import LEVELS
from gisapp.tables import EMERGENCY_KINDS, UTILITIES
from gisapp.words import word

PEOPLE = "command-people"  # id of the list of persons that inputs propose
HOLDERS = "command-holders"  # and of units as well
_KINDS = {"water": "burst", "power": "power_outage", "heating": "heating_outage", "gas": "gas_leak"}
"""The type of event as which a broken line of a utility counts."""
BAD = ("cancel",)


def right(action: str) -> Permission:
    """Return the permission that an action needs."""
    return Permission.EMERGENCY_DECIDE if action in DECISIONS else Permission.EMERGENCY_RECORD


def kind_of(utility: str) -> str:
    """Return as what type of event a broken line of a utility counts."""
    return _KINDS[utility]


def step_button(
    action: str,
    emergency: Emergency,
    spoken: str,
    *,
    plans: list[tuple[str, str]] | None = None,
    zone: ZoneInfo | None = None,
    look: str = "",
    **fixed: Any,
) -> Component | None:
    """Return the button of a step, None for a person who may not; what is ``fixed`` is not asked."""
    words = fixed.pop("words", None) or word(f"command.action.{action}", spoken)
    done = {"do": "command", "code": emergency.code, "action": action, "seen": emergency.status, **fixed}
    ask = [field for field in _asked(action, emergency, spoken, plans or []) if field.name not in fixed]
    if ask and zone is not None:
        ask.append(happened(zone, spoken, least=emergency.opened_at))
    return deed(
        words,
        done,
        needs=right(action),
        ask=ask,
        look="bad" if action in BAD else look,
        title=f"{word(f'command.action.{action}', spoken)} · {emergency.code}",
    )


def declaring(utility: str, spoken: str, zone: ZoneInfo, *, summary: str = "", place: str = "") -> list[Field]:
    """Return what is asked of an event that is declared."""
    kinds = [(kind, word(f"command.kind.{kind}", spoken)) for kind in EMERGENCY_KINDS]
    kinds.sort(key=lambda one: one[0] != kind_of(utility))
    names = [("", word("command.no_utility", spoken)), *((one, word(f"utility.{one}", spoken)) for one in UTILITIES)]
    names.sort(key=lambda one: one[0] != utility)
    return [
        Field("summary", word("command.field.summary", spoken), value=summary, required=True),
        Field("kind", word("command.field.kind", spoken), "choice", required=True, choices=tuple(kinds)),
        Field("utility", word("command.field.utility", spoken), "choice", choices=tuple(names)),
        Field("place", word("command.field.place", spoken), value=place),
        happened(zone, spoken),
    ]


def _asked(action: str, emergency: Emergency, spoken: str, plans: list[tuple[str, str]]) -> list[Field]:
    """Return what a step asks, in the order in which it is said."""

    def label(name: str) -> str:
        return word(f"command.field.{name}", spoken)

    levels = tuple((str(level), word(f"level.{level}", spoken)) for level in _levels(emergency))
    posts = tuple((post, word(f"command.post.{post}", spoken)) for post in POSTS)
    functions = tuple((name, word(f"command.post.{name}", spoken)) for name in FUNCTIONS)
    reports = tuple((name, word(f"emergency.report_{name}", spoken)) for name in _reports(emergency))
    note = Field("note", label("note"), "area", required=wants_words(action))
    person = Field("subject", label("person"), required=True, list=PEOPLE, value=MYSELF)
    holder = Field("subject", label("holder"), required=True, list=HOLDERS)
    fields: dict[str, list[Field]] = {
        "appoint": [Field("value", label("post"), "choice", required=True, choices=posts), person],
        "activate": [
            Field("value", label("level"), "choice", required=True, choices=levels),
            Field("subject", label("plan"), "choice", choices=tuple(plans)),
            note,
        ],
        "set_level": [Field("value", label("level"), "choice", required=True, choices=levels), note],
        "report_up": [Field("value", label("report"), "choice", required=True, choices=reports), note],
        "order_task": [
            Field("subject", label("function"), "choice", required=True, choices=functions),
            note,
            Field("value", label("due"), "day"),
        ],
        "finish_task": [],
        "issue_material": [Field("value", label("quantity"), "quantity", required=True)],
        "plan_measure": [note, holder, Field("value", label("due"), "day", required=True)],
        "finish_measure": [],
        "evaluate": [
            Field("note", label("found"), "area", required=True),
            Field("measure", label("measure"), "area"),
            Field("holder", label("holder"), list=HOLDERS),
            Field("due", label("due"), "day"),
        ],
        "close": [],
    }
    return fields.get(action, [note])


def _levels(emergency: Emergency) -> list[int]:
    """Return the levels that may be set: another one than now, the next severer first."""
    now = emergency.level
    if now is None:
        return list(reversed(LEVELS))
    return sorted((level for level in LEVELS if level != now), key=lambda level: (level > now, -level))


def _reports(emergency: Emergency) -> tuple[str, ...]:
    """Return the kinds of reports, the one that is due now first."""
    said = {one.value for one in emergency.steps if one.action == "report_up"}
    due = "initial" if "initial" not in said else "update" if emergency.moment("stand_down") is None else "final"
    return tuple(sorted(REPORTS, key=lambda name: name != due))
