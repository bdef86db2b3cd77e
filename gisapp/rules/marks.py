"""What somebody may mark of an incident; clocks, routes and penalties depend on it."""

from __future__ import annotations

from collections.abc import Iterable

from gisapp.rules.rows import of_choice

MARKS = (
    "needs_shutoff", "large_burst", "large_project", "external_cause", "cover_missing", "caused_loss", "exposed",
)  # fmt: skip
"""``caused_loss``: a late repair did damage; ``exposed``: media reported it with bad effect."""


def of_marks(when: str | None, unless: str | None) -> Iterable[tuple[str, str]]:
    """Yield the fields that name no mark."""
    yield from of_choice("when", when, MARKS)
    yield from of_choice("unless", unless, MARKS)
