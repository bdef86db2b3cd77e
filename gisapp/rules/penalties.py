"""What the rules say a finding costs or earns: ranges in yuan, between which a person decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gisapp.rules.marks import of_marks
from gisapp.rules.rows import Rule, listed, of_choice, of_size

FINDINGS = (
    "breach", "duty", "unordered", "repeat_repair", "repeat_complaint", "exposure", "pollution", "warranty_leak",
    "unreported_site", "uncooperative", "merit",
)  # fmt: skip
"""What a range may be about; of a breach ``what`` names clocks, of a duty duties, of pollution causes, of merit who
praised it."""


@dataclass(frozen=True, kw_only=True)
class PenaltyRule(Rule):
    """The range of one finding, in yuan or as a share of a sum (a cost, what was recovered)."""

    finding: str
    what: str = ""
    channels: str = ""
    when: str | None = None
    whom: str = ""
    least: float | None = None
    most: float | None = None
    least_share: float | None = None
    most_share: float | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        yield from of_choice("finding", self.finding, FINDINGS)
        yield from of_choice("whom", self.whom, ("", "unit", "person"))
        yield from of_marks(self.when, None)
        yield from of_size(least=self.least, most=self.most, least_share=self.least_share, most_share=self.most_share)
        given = (self.least, self.most) if self.least_share is None else (self.least_share, self.most_share)
        if None in given or given[0] > given[1]:  # type: ignore[operator]
            yield "most", "give a least and a most, the least first, in yuan or as shares"

    def fits(self, finding: str, what: str, *, channel: str = "", marks: Iterable[str] = ()) -> bool:
        """Return whether a finding is the one of this row."""
        return (
            self.finding == finding
            and (not self.what or what in listed(self.what))
            and (not self.channels or channel in listed(self.channels))
            and (self.when is None or self.when in marks)
        )

    def range_of(self, base: float | None = None) -> tuple[float | None, float | None]:
        """Return the least and the most in yuan; of shares only where the sum is known (water rules, Art. 29(4), 37).

        Examples
        --------
        >>> from datetime import date
        >>> row = dict(article="x", valid_from=date(2000, 1, 1), finding="merit")
        >>> PenaltyRule(**row, least_share=0.05, most_share=0.1).range_of(10_000)
        (500.0, 1000.0)
        """
        if self.least_share is None or self.most_share is None:
            return self.least, self.most
        return (None, None) if base is None else (self.least_share * base, self.most_share * base)
