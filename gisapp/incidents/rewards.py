"""What the rules propose for the first who reported a leak, and which works count as large; a person decides."""

from __future__ import annotations

from gisapp.rules import IncidentRules
from gisapp.rules.incidents import RewardRule


def reward_of(diameter_mm: float | None, rules: IncidentRules) -> RewardRule | None:
    """Return the reward for reporting a leak of a pipe first (water rules, Art. 30); None where the size is not known.

    A row counts from its diameter on, itself included (含DN300).
    """
    if diameter_mm is None:
        return None
    fitting = [rule for rule in rules.reward if diameter_mm >= rule.from_diameter_mm]
    return max(fitting, key=lambda rule: rule.from_diameter_mm, default=None)


def large_project(rules: IncidentRules, *, laid_mm: float | None = None, tapped_mm: float | None = None) -> bool:
    """Return whether a new connection is a large project (water rules, Art. 20): by what is laid, or what is tapped."""
    laid = laid_mm is not None and laid_mm >= rules.number("large_laid_mm")
    return laid or (tapped_mm is not None and tapped_mm >= rules.number("large_tapped_mm"))
