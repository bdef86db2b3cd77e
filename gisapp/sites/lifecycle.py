"""The life of a construction site: which steps may follow which, and what each demands (water rules Art. 21, 22).

A start without a report is recorded as it was, and flagged (:mod:`gisapp.sites.reported`): nobody is made to hide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gisapp.errors import InputError
from gisapp.sites.model import Site, SiteStep
from gisapp.steps import cannot_follow, require_order, require_reason, require_seen

TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    "planned": {"report": "reported", "start": "in_work", "cancel": "cancelled"},
    "reported": {"start": "in_work", "cancel": "cancelled"},
    "in_work": {"finish": "finished"},
    "finished": {"close": "closed", "start": "in_work"},
    "closed": {},
    "cancelled": {},
}
"""For every status the actions that may follow, and the status that each leads to."""
_FACTS: Mapping[str, tuple[str, ...]] = {
    "report": ("reported", "in_work", "finished"),
    "check": ("in_work", "finished"),
    "remark": ("planned", "reported", "in_work", "finished"),
}
"""Facts that move nothing: the statuses in which they may be recorded. A report that comes late is one."""
ACTIONS = (*dict.fromkeys(name for moves in TRANSITIONS.values() for name in moves), "check", "remark")
CHECKS = ("signs", "fences", "guard", "clean_work", "clean_site")
"""What is checked before a site is closed: signs, fences, the guard by day and night where it is dangerous, that the
work was clean, and that the site is left clean."""
FOUND = ("good", "bad", "not_needed")
MUST_TELL = ("area", "planned_start", "planned_end", "project_leader", "contact")
"""What dispatch is told before the start: the exact place, the period, the project leader and the contact."""
_WORDS = ("cancel", "remark")
_ON_SITE = ("start", "finish")


def allowed(site: Site) -> tuple[str, ...]:
    """Return the actions that move the status and may follow now, the usual one first."""
    return tuple(TRANSITIONS[site.status])


def lacks(site: Site) -> tuple[str, ...]:
    """Return what of :data:`MUST_TELL` nobody has said yet; it counts as reported only once nothing is lacking."""
    return tuple(name for name in MUST_TELL if getattr(site, name) is None)


def unchecked(site: Site) -> tuple[str, ...]:
    """Return what of :data:`CHECKS` was not checked, or was found bad last.

    Whether the site is left clean is seen once the works are over, not before.
    """
    last, over = site.checks, site.last_moment("finish")

    def done(name: str) -> bool:
        found = last.get(name)
        early = name == "clean_site" and found is not None and (over is None or found.at < over)
        return found is not None and found.value != "bad" and not early

    return tuple(name for name in CHECKS if not done(name))


def next_step(
    site: Site,
    action: str,
    *,
    at: datetime,
    subject: str | None = None,
    value: str | None = None,
    photo: str | None = None,
    note: str | None = None,
    seen: str | None = None,
) -> SiteStep:
    """Return the step that an action makes, checked against the record as it stands.

    Parameters
    ----------
    at
        When it happened; a finish not before the start. Works may have begun before the site became known, and before
        the report.
    subject, value
        Of ``check``: one of :data:`CHECKS`, and one of :data:`FOUND`.
    photo
        Where the photo is kept.
    note
        The reason or remark; of what was found bad or is not needed, why.
    seen
        The status that the person saw when acting.

    Raises
    ------
    ConflictError
        When somebody else has moved the status since.
    InputError
        When the step may not follow, or lacks what it demands: a report all that dispatch must be told, closing every
        check.
    """
    status = site.status
    require_seen(site.code, seen, status)
    moves = TRANSITIONS[status]
    if action not in moves and status not in _FACTS.get(action, ()):
        facts = [name for name, where in _FACTS.items() if status in where]
        raise cannot_follow(action, status, [*moves, *facts])
    turned = [one.at for one in site.steps if one.action in _ON_SITE]
    if (
        action in (*_ON_SITE, "close") and turned
    ):  # a start before the report, or before anybody knew, is told as it was
        require_order(action, at, opened_at=min(at, turned[-1]), moved_at=turned[-1], status=status)
    require_reason(action, note, wanted=action in _WORDS or value in FOUND[1:])
    if action == "check":
        _require_check(subject, value)
    if action == "report" and (lacking := lacks(site)):
        todo = f"tell dispatch the {', '.join(_SAID[name] for name in lacking)}"
        raise InputError(f"the report of {site.code} is not whole", todo=todo, field=_FIELD.get(lacking[0], lacking[0]))
    if action == "close" and (left := unchecked(site)):
        todo = f"check {', '.join(left)}; what is bad is mended first"
        raise InputError(f"{site.code} cannot be closed", todo=todo, field="action")
    if action == "report" and site.planned_start and site.planned_end:  # the head keeps the last period, the step each
        value = f"{site.planned_start.isoformat()}/{site.planned_end.isoformat()}"
    return SiteStep(action, at, moves.get(action, status), subject, value, photo, note)


_SAID = {
    "area": "exact place",
    "planned_start": "day of the start",
    "planned_end": "day of the end",
    "project_leader": "project leader",
    "contact": "contact",
}
_FIELD = {"area": "geom"}


def _require_check(subject: str | None, value: str | None) -> None:
    """Raise where nothing known was checked, or nothing known was found."""
    for name, found, choices in (("subject", subject, CHECKS), ("value", value, FOUND)):
        if found not in choices:
            raise InputError(f"found {found!r}", todo=f"use one of {', '.join(choices)}", field=name)
