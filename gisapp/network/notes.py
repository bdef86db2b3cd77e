"""What a person should know about an answer, in any of the languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gisapp.words import word


@dataclass(frozen=True)
class Note:
    """One warning: a key of the words and its values; as text it is English."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.words("en")

    def words(self, language: str) -> str:
        """Return the warning in ``language``."""
        return word(self.key, language, **self.values)


def listed(codes: list[str], most: int = 5) -> str:
    """Return codes as a list, cut off after ``most``.

    Examples
    --------
    >>> listed(["V1", "V2", "V3"], most=2)
    'V1, V2 (+1)'
    """
    rest = f" (+{len(codes) - most})" if len(codes) > most else ""
    return ", ".join(codes[:most]) + rest
