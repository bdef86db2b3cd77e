"""The weights of the workload: how much each measure of a grid counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gisapp.errors import InputError
from gisapp.rules.rows import Rule, of_choice, of_size, rule_rows
from gisapp.tables import UTILITIES

TOPIC = "workload"
COUNTS = ("households", "people", "customers", "critical", "incidents_12m", "open_incidents", "valves")
MEASURES = (*COUNTS, "pipe_m", *(f"pipe_m_{utility}" for utility in UTILITIES))
"""What is measured in each grid: whole numbers, then metres."""


@dataclass(frozen=True, kw_only=True)
class WeightRule(Rule):
    """The share of a measure in the workload of an average grid."""

    measure: str
    share: float

    @property
    def about(self) -> str:
        """Return the measure."""
        return self.measure

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("measure", self.measure, MEASURES)
        yield from of_size(share=self.share)


KINDS = {"weight": WeightRule}


def workload_weights(on: date, own: Path | str | None = None) -> dict[str, float]:
    """Return the share of each measure in the workload of an average grid on a day; they add up to 1.

    Parameters
    ----------
    on
        The day, in the utility's zone.
    own
        A utility's own copy of ``gisapp/rules/workload.toml``: its file, or its text.

    Raises
    ------
    InputError
        When a row is wrong, or no measure weighs anything on that day.

    Examples
    --------
    >>> workload_weights(date(2026, 11, 27))["households"]
    0.4
    """
    shares = {rule.measure: rule.share for rule in workload_rows(own)["weight"] if rule.holds_on(on)}
    total = sum(shares.values())
    if not total > 0:
        name = str(own) if isinstance(own, Path) else f"{TOPIC}.toml"
        raise InputError(f"no measure weighs anything on {on}", todo="give one a share", file=name, field="share")
    return {measure: share / total for measure, share in shares.items() if share > 0}


def workload_rows(own: Path | str | None = None) -> dict[str, tuple[Any, ...]]:
    """Return every weight, of every day, checked."""
    return rule_rows(TOPIC, KINDS, own)
