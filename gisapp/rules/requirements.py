"""What the documents of the house demand, article by article, and the page that tells where each is shown to hold."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from gisapp.rules.check import TOPICS, rows_of

DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "W": ("Service rules of the water company", "供水服务办法"),
    "G": ("Grid management", "网格化管理办法"),
    "P": ("Service hall of the power company", "供电营业厅管理办法"),
}
"""By the first letter of an id: which document, and how the rule files cite it."""
CLASSES: Mapping[str, str] = {"A": "computed", "B": "recorded and shown", "C": "left to people, linked where it can be"}
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII")
_DIGITS = "零一二三四五六七八九"
_PLACE = re.compile(r"(?:Art (?P<article>\d+)|(?P<chapter>[IVX]+))(?:\((?P<part>\d+)\))?(?P<item>\d+)?")


@dataclass(frozen=True)
class Requirement:
    """One demand: its id, its place in its document, its class, what it says in short, and where it is recorded."""

    id: str
    place: str
    kind: str
    about: str
    recorded: str

    @property
    def cited(self) -> str:
        """Return how the rule files cite its place, such as ``供水服务办法 …第十六条（四）``; empty for a range.

        Examples
        --------
        >>> Requirement("W16.4", "Art 16(4)", "A", "", "").cited, Requirement("G4.1.2", "IV(1)2", "A", "", "").cited
        ('第十六条（四）', '四（一）2')
        """
        found = _PLACE.fullmatch(self.place.partition(",")[0])
        if found is None:
            return ""
        article, chapter, part, item = found.group("article", "chapter", "part", "item")
        first = f"第{_chinese(int(article))}条" if article else _chinese(_ROMAN.index(chapter))
        return first + (f"（{_chinese(int(part))}）" if part else "") + (item or "")


@lru_cache(maxsize=1)
def requirements() -> tuple[Requirement, ...]:
    """Return every demand, in the order of the documents."""
    text = (resources.files("gisapp.rules") / "requirements.csv").read_text(encoding="utf-8")
    return tuple(
        Requirement(row["id"], row["place"], row["class"], row["about"], row["recorded"])
        for row in csv.DictReader(text.splitlines())
    )


def rules_page(tests: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    """Return the page ``docs/rules.md``.

    Parameters
    ----------
    tests
        By the id of a demand the tests that show it: file and name.
    """
    known = requirements()
    done = {one.id: list(tests.get(one.id, ())) for one in known}
    lines = ["# The rules, and where each is shown to hold", "", *_told(known, done)]
    for letter, (name, _) in DOCUMENTS.items():
        lines += ["", f"## {name}", "", "| rule | place | class | what it demands | rows | shown by |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [_row(one, done[one.id]) for one in known if one.id[0] == letter]
    return "\n".join(lines) + "\n"


def _told(known: tuple[Requirement, ...], done: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    """Yield what stands above the tables."""
    yield "Written by `make rules` from the rule files and the tests. A rule counts as tested where a test fails when"
    yield "it is broken; what is only recorded is told with the command or table that holds it."
    yield ""
    for kind, about in CLASSES.items():
        mine = [one for one in known if one.kind == kind]
        tested = sum(bool(done[one.id]) for one in mine)
        held = sum(bool(one.recorded) and not done[one.id] for one in mine)
        said = f"{held} {'linked or left' if kind == 'C' else 'recorded'}, {len(mine) - tested - held} not yet"
        yield f"- **{kind}**, {about}: {len(mine)}, of which {tested} tested, {said}."


def _row(one: Requirement, tests: list[tuple[str, str]]) -> str:
    """Return the line of one demand."""
    shown = [f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})" for file, name in tests]
    shown += [one.recorded] if one.recorded else []
    cells = (one.id, one.place, one.kind, one.about, ", ".join(_rows(one)), "<br>".join(shown) or "**not yet**")
    return f"| {' | '.join(cells)} |"


def _rows(one: Requirement) -> list[str]:
    """Return the kinds of rows that cite the place of a demand, clocks by their names."""
    document, place = DOCUMENTS[one.id[0]][1], one.cited
    kinds = [
        f"clock {rule.clock}" if kind == "clock" else kind
        for topic in TOPICS
        for kind, rules in rows_of(topic).items()
        for rule in rules
        if place and document in rule.article and place in rule.article
    ]
    return list(dict.fromkeys(kinds))


def _chinese(number: int) -> str:
    """Return a number below a hundred in Chinese."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return f"{_DIGITS[tens] if tens > 1 else ''}十{_DIGITS[ones] if ones else ''}"
