"""What every kept record demands of its next step; which steps there are, its own life says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from gisapp.errors import ConflictError, InputError


def require_seen(code: str, seen: str | None, status: str) -> None:
    """Raise where somebody else has moved the status since the person looked; ``seen`` is None to act on any."""
    if seen is not None and seen != status:
        raise ConflictError(f"{code} was {seen} when you looked and is {status} now; look again")


def cannot_follow(action: str, status: str, follows: Iterable[str]) -> InputError:
    """Return the error for an action that cannot follow, with what may."""
    listed = ", ".join(follows) or "nothing"
    return InputError(f"{action!r} cannot follow {status}", todo=f"what may follow is {listed}", field="action")


def require_order(action: str, at: datetime, *, opened_at: datetime, moved_at: datetime, status: str) -> None:
    """Raise where a step lies before the record begins, or before the last step that moved its status.

    ``moved_at`` is ``opened_at`` for a step that moves nothing.
    """
    found = f"{action} at {at.isoformat()} lies before"
    if at < opened_at:
        found += f" the record was opened at {opened_at.isoformat()}"
    elif at < moved_at:
        found += f" it came to {status} at {moved_at.isoformat()}"
    else:
        return
    raise InputError(found, todo="correct the time", field="at")


def require_subject(action: str, subject: str | None, subjects: Mapping[str, str]) -> None:
    """Raise where an action of ``subjects``, which tells what is wanted, concerns nobody."""
    if action in subjects and not (subject or "").strip():
        raise InputError(f"{action} concerns nobody", todo=f"give the {subjects[action]}", field="subject")


def require_reason(action: str, note: str | None, *, wanted: bool) -> None:
    """Raise where an action that must say why, or what was found, does not."""
    if wanted and not (note or "").strip():
        raise InputError(f"{action} has no reason", todo="say why, or what was found, in the note", field="note")


def require_moment(value: str | None) -> None:
    """Raise unless a text is a moment with its offset."""
    try:
        aware = value is not None and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise InputError(f"found {value!r}", todo="give a moment such as 2026-11-27T06:00:00+08:00", field="value")
