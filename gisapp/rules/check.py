"""Rule files checked as a whole: what they hold, and how far their calendar reaches."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gisapp.errors import InputError
from gisapp.rules import incidents, places, shutoffs, workload

TOPICS = (shutoffs.TOPIC, incidents.TOPIC, workload.TOPIC, places.TOPIC)
_KINDS: Mapping[str, Mapping[str, Any]] = {
    shutoffs.TOPIC: shutoffs.KINDS,
    incidents.TOPIC: incidents.KINDS,
    workload.TOPIC: workload.KINDS,
    places.TOPIC: places.KINDS,
}


@dataclass(frozen=True)
class Checked:
    """A rule file without faults: its topic, its rows by kind, and its last holiday, None where it has none."""

    topic: str
    rows: Mapping[str, int]
    holidays_to: date | None


def checked_rules(own: Path | None = None) -> tuple[Checked, ...]:
    """Return what a rule file holds, or those that come with the program, once every row is checked.

    Raises
    ------
    InputError
        When a row is wrong; names the file, the row, the field and what to do.
    """
    topics = TOPICS if own is None else (topic_of(own),)
    return tuple(_checked(topic, own) for topic in topics)


def topic_of(own: Path) -> str:
    """Return which rules a file holds, by the kinds of its rows.

    Raises
    ------
    InputError
        When it cannot be read, or holds the rules of no topic.
    """
    try:
        kinds = list(tomllib.loads(own.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot be read ({error})", todo="correct the rule file", file=str(own)) from error
    if not kinds:
        raise InputError("holds no rules", todo="begin with a copy of ours: gisapp rules print", file=str(own))
    # A kind that two topics know (level) decides nothing; most rows decide over a misspelt one.
    return max(TOPICS, key=lambda topic: sum(kind in _KINDS[topic] for kind in kinds))


def rows_of(topic: str, own: Path | str | None = None) -> Mapping[str, tuple[Any, ...]]:
    """Return every checked row of a topic, by its kind.

    Raises
    ------
    InputError
        When a row is wrong, or there is no such topic.
    """
    if topic not in TOPICS:
        raise InputError(f"there are no rules of {topic!r}", todo=f"use one of {', '.join(TOPICS)}")
    rows = {
        workload.TOPIC: workload.workload_rows,
        places.TOPIC: places.place_rows,
        incidents.TOPIC: incidents.incident_rows,
        shutoffs.TOPIC: shutoffs.shutoff_rows,
    }
    return rows[topic](own)


def _checked(topic: str, own: Path | None) -> Checked:
    rows = rows_of(topic, own)
    days = [rule.last for rule in rows.get("holiday", ()) if not rule.off]
    return Checked(topic, {kind: len(of_kind) for kind, of_kind in rows.items()}, max(days, default=None))
