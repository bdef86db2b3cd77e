"""What people call places: names of buildings and communities that stand in no table, as a utility knows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gisapp.rules.rows import Rule, rule_rows

TOPIC = "places"
SHORTEST, LONGEST = 2, 40


@dataclass(frozen=True, kw_only=True)
class AliasRule(Rule):
    """A name of a building or community, which ``code`` names."""

    name: str
    code: str

    @property
    def about(self) -> Hashable:
        """Return the name as it is looked up: without spaces, wide letters as narrow ones."""
        return "".join(unicodedata.normalize("NFKC", self.name).split())

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not."""
        yield from super().faults()
        letters = str(self.about)
        if not SHORTEST <= len(letters) <= LONGEST:
            yield "name", f"give a name of {SHORTEST} to {LONGEST} letters"
        elif letters.isdigit():
            yield "name", "give a name that is more than a number: it would be found in every address"
        if not self.code.strip():
            yield "code", "give the code of a building or community"


KINDS = {"alias": AliasRule}


def place_aliases(on: date, own: Path | str | None = None) -> dict[str, str]:
    """Return the code of the building or community for every name that people call it on a day.

    Parameters
    ----------
    on
        The day, in the utility's zone.
    own
        A utility's own copy of ``gisapp/rules/places.toml``: its file, or its text. None come with the program.

    Raises
    ------
    InputError
        When a row is wrong, or one name is that of two places on one day.

    Examples
    --------
    >>> place_aliases(date(2026, 11, 28))
    {}
    """
    return {rule.name: rule.code for rule in place_rows(own)["alias"] if rule.holds_on(on)}


def place_rows(own: Path | str | None = None) -> dict[str, tuple[Any, ...]]:
    """Return every alias, of every day, checked."""
    return rule_rows(TOPIC, KINDS, own)
