"""Which step may follow which in the life of an incident, who may take it, and what it demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.incidents.lives import FACTS, MOMENT_VALUES, PARTIES, REASONS, ROLES, SUBJECTS, VALUES, moves_from
from gisapp.incidents.model import Actor, Incident, Step
from gisapp.rules.marks import MARKS
from gisapp.steps import cannot_follow, require_moment, require_order, require_reason, require_subject


def allowed(incident: Incident, role: str | None = None) -> tuple[str, ...]:
    """Return the actions that may move the status now, the usual one first; only those of a role when it is given."""
    moves = moves_from(incident.life, incident.status)
    return tuple(action for action, move in moves.items() if role is None or role in move.roles)


def recordable(incident: Incident, role: str | None = None) -> tuple[str, ...]:
    """Return the facts that may be recorded now, whatever the status does."""
    return tuple(
        action for action in FACTS if _is_fact(incident, action) and (role is None or role in FACTS[action][1])
    )


def next_step(
    incident: Incident,
    action: str,
    by: Actor,
    *,
    at: datetime,
    subject: str | None = None,
    value: str | None = None,
    note: str | None = None,
    seen: int | None = None,
) -> Step:
    """Return the step that ``action`` makes, checked against the history as it stands.

    Parameters
    ----------
    incident
        The incident.
    action
        One that moves the status (:data:`gisapp.incidents.lives.MOVES`), or a fact (``FACTS``).
    by
        Who does it, and in which role.
    at
        When it happened, with its zone; not before the incident was reported, and what moves the status not before
        it was moved last.
    subject, value, note
        Whom it concerns, what it says in one word or as a moment, and the reason, where the action demands them.
    seen
        How many steps the person saw when acting; None to act on whatever stands.

    Raises
    ------
    ConflictError
        When somebody else has written since, with what was written.
    AccessError
        When the role may not do this.
    InputError
        When the step may not follow, or lacks its subject, value or reason.
    """
    _require_seen(incident, seen)
    move = moves_from(incident.life, incident.status).get(action)
    if move is None and not _is_fact(incident, action):
        raise cannot_follow(action, incident.status, allowed(incident))
    _require_role(incident, action, by.role, move.roles if move else FACTS[action][1])
    step = Step(
        action, at, by.code, by.role, incident.status, move.to if move else incident.status, subject, value, note
    )
    reported_at = incident.reported_at
    moved_at = incident.moved_at if move else reported_at
    require_order(action, at, opened_at=reported_at, moved_at=moved_at, status=incident.status)
    _require_words(step)
    if action in _MORE:
        _MORE[action](incident, step)
    return step


def _is_fact(incident: Incident, action: str) -> bool:
    """Return whether an action only records a fact now; it is passed on until it is dispatched."""
    if action not in FACTS or incident.life not in FACTS[action][0] or incident.ended:
        return False
    return action != "transfer" or incident.status == "registered"


def _require_seen(incident: Incident, seen: int | None) -> None:
    """Raise where there are steps that the person has not seen, and say which."""
    if seen is None or seen == len(incident.steps):
        return
    since = incident.steps[seen:]
    told = [f"{step.action} by {step.actor} at {step.at.isoformat()}" for step in since[:5]]
    told += [f"{len(since) - 5} more"] * (len(since) > 5)
    raise ConflictError(
        f"{incident.code} has {len(incident.steps)} steps, you saw {seen}: {'; '.join(told)}; "
        f"it is {incident.status} now; look again"
    )


def _require_role(incident: Incident, action: str, role: str, roles: tuple[str, ...]) -> None:
    """Raise where the role is none, or may not do this."""
    if role not in ROLES:
        raise InputError(f"found {role!r}", todo=f"use one of {', '.join(ROLES)}", field="role")
    if role not in roles:
        raise AccessError(f"{role} may not {action} {incident.code}; ask {' or '.join(roles)}")


def _require_words(step: Step) -> None:
    """Raise where a step lacks its subject, its value or its reason."""
    require_subject(step.action, step.subject, SUBJECTS)
    if step.action in VALUES:
        words = VALUES[step.action]
        if not step.value or (words and step.value not in words):
            todo = f"give one of {', '.join(words)}" if words else "say which"
            raise InputError(f"{step.action}: found {step.value!r}", todo=todo, field="value")
    if step.action in MOMENT_VALUES:
        require_moment(step.value)
    require_reason(step.action, step.note, wanted=step.action in REASONS)


def _by_another(incident: Incident, step: Step) -> None:
    """Raise where who did the repair confirms it too (grid rules IV(1)5)."""
    done = ("arrive", "repair", "stop_water", "finish_repair")
    if any(before.actor == step.actor for before in incident.steps if before.action in done):
        raise AccessError(f"{step.actor} did the repair of {incident.code}; somebody else must {step.action} it")


def _not_into_itself(incident: Incident, step: Step) -> None:
    if step.subject == incident.code:
        raise InputError(f"{incident.code} would repeat itself", todo="give the other incident", field="subject")


def _satisfied(incident: Incident, step: Step) -> None:
    """Raise where a customer who is not satisfied would be left with that (grid rules IV(1)6)."""
    if incident.standing.callback == "dissatisfied":
        todo = "reopen it" if incident.life == "repair" else "handle it again"
        raise InputError(f"the customer of {incident.code} is not satisfied", todo=todo, field="action")


def _dissatisfied(incident: Incident, step: Step) -> None:
    """Raise where work would begin again although nobody was dissatisfied with it."""
    said = {"called_back": incident.standing.callback, "evaluated": incident.standing.evaluation}
    if said.get(incident.status, "dissatisfied") != "dissatisfied":
        found = f"nobody is dissatisfied with {incident.code}"
        raise InputError(found, todo="record what the customer or the leader said", field="action")


def _evaluated(incident: Incident, step: Step) -> None:
    """Raise where a customer would be called back about what the leader sends back (grid rules IV(3)5)."""
    if incident.status == "evaluated" and incident.standing.evaluation == "dissatisfied":
        raise InputError(f"the leader is not satisfied with {incident.code}", todo="handle it again", field="action")


def _ordinary(incident: Incident, step: Step) -> None:
    """Raise where a major finding would not be reported upward first (grid rules IV(2)4)."""
    if incident.status == "graded" and incident.standing.grade == "major":
        raise InputError(f"{incident.code} is a major problem", todo="report it upward first", field="action")


def _known_mark(incident: Incident, step: Step) -> None:
    if step.subject not in MARKS:
        raise InputError(f"found {step.subject!r}", todo=f"use one of {', '.join(MARKS)}", field="subject")


def _with_lesson(incident: Incident, step: Step) -> None:
    """Raise where a complaint would be closed without its lesson, or a dissatisfied customer left."""
    if incident.life == "complaint":
        _satisfied(incident, step)
        if not (step.note or "").strip():
            raise InputError("close has no lesson", todo="say in the note what prevents it from now on", field="note")


def _closing(incident: Incident, step: Step) -> None:
    """Raise where a meter was replaced without all three parties and nobody says why, or a lesson is lacking."""
    missing = absent(incident)
    if missing and not (step.note or "").strip():
        found = f"the meter of {incident.code} was replaced without {', '.join(missing)}"
        raise InputError(found, todo="record who attended, or say in the note why somebody did not", field="note")
    _with_lesson(incident, step)


def absent(incident: Incident) -> tuple[str, ...]:
    """Return who of :data:`gisapp.incidents.lives.PARTIES` did not attend a replacement of the meter (Art. 25).

    Empty where no meter was replaced. Of several replacements all count as one: who attended is told of the incident.
    """
    if not any(step.action == "replace_meter" for step in incident.steps):
        return ()
    there = {step.subject for step in incident.steps if step.action == "attend"}
    return tuple(party for party in PARTIES if party not in there)


def _known_party(incident: Incident, step: Step) -> None:
    if step.subject not in PARTIES:
        raise InputError(f"found {step.subject!r}", todo=f"use one of {', '.join(PARTIES)}", field="subject")


def _readings(incident: Incident, step: Step) -> None:
    """Raise unless the value holds the last reading of the old meter and the first of the new one."""
    try:
        old, new = map(float, str(step.value).split("/"))
        plain = 0 <= old < float("inf") and 0 <= new < float("inf")
    except ValueError:
        plain = False
    if not plain:
        todo = "give the old meter's last and the new one's first reading in m3, such as 1520.3/0"
        raise InputError(f"found {step.value!r}", todo=todo, field="value")


def _asked(incident: Incident, step: Step) -> None:
    """Raise where an extension is decided on that nobody has asked for."""
    asked = sum(before.action == "request_extension" for before in incident.steps)
    decided = sum(before.action in ("grant_extension", "refuse_extension") for before in incident.steps)
    if decided >= asked:
        raise InputError("no extension is asked for", todo="the unit asks first, before the limit", field="action")


_MORE: Mapping[str, Callable[[Incident, Step], None]] = {
    "confirm": _by_another,
    "verify": _by_another,
    "merge": _not_into_itself,
    "archive": _satisfied,
    "reopen": _dissatisfied,
    "handle": _dissatisfied,
    "order": _ordinary,
    "call_back": _evaluated,
    "mark": _known_mark,
    "unmark": _known_mark,
    "close": _closing,
    "attend": _known_party,
    "replace_meter": _readings,
    "grant_extension": _asked,
    "refuse_extension": _asked,
}
