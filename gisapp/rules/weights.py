"""What each part of an assessment weighs; a weight is in force on its days, so an old month keeps its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gisapp.rules.rows import Rule, of_choice, of_size

PARTS = ("results", "quality", "efficiency", "attitude")
"""The parts of an assessment that a person scores (grid rules V(2))."""


@dataclass(frozen=True, kw_only=True)
class PartRule(Rule):
    """What one part of an assessment weighs."""

    part: str
    share: float
    own_setting: bool = False

    @property
    def about(self) -> str:
        """Return the part."""
        return self.part

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("part", self.part, PARTS)
        yield from of_size(share=self.share)
