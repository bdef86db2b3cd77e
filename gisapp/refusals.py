"""What the program refuses, in the language of who reads it.

The text in the code is English and is the key: ``gisapp/locale/refusals/<language>.po`` holds it with ``{}`` for every
value, and its translation. A place of the translation may say of what kind a value is, as in ``{0:role}``; then the
value is told in the words that screens have for it. What has no translation stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources

from babel.messages.pofile import read_po

from gisapp.errors import GisappError, InputError
from gisapp.words import catalog, word

SOURCE = "en"
"""The language of the texts in the code."""
KINDS: Mapping[str, tuple[str, ...]] = {
    "action": ("dispatch.do.", "operation.action.", "command.action.", "following.do.", "planner.do_"),
    "command": ("command.action.",),
    "column": ("dispatch.import.field.", "refusal.field_"),
    "field": ("refusal.field_", "dispatch.import.field."),
    "life": ("refusal.life_",),
    "measure": ("measure_kind.",),
    "party": ("party.",),
    "role": ("role.",),
    "shutoff": ("operation.action.",),
    "state": ("operation.status.", "command.status.", "planner.status_"),
    "status": ("layers.status_", "operation.status.", "command.status.", "following.status.", "planner.status_"),
    "table": ("table.",),
    "utility": ("utility.",),
    "valve": ("operation.valve.",),
}
"""Under which keys the words of a kind of value stand."""
_BUCKET = 6  # so many first letters find the few templates that a text may be of
_NOTHING = ("None", "''")
_LISTED = (("; ", "；"), (", ", "，"))
_EDGE = "\0"  # where a value begins or ends in Chinese: no space stands beside it
_LETTERS = re.compile("[a-z]{2}")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def told(error: GisappError, language: str) -> str:
    """Return what an error says, with where it stands, in a language.

    Examples
    --------
    >>> told(InputError("is empty", todo="a value must stand here", row=3, field="code"), "zh-Hans")
    '第 3 行，编号：为空；此项必填'
    """
    if language == SOURCE or not isinstance(error, InputError):
        return told_text(str(error), language)
    place = [error.file] if error.file else []
    place += [word("refusal.row", language, row=error.row)] if error.row is not None else []
    place += [_named("column" if error.file else "field", error.field, language)] if error.field else []
    said = "；".join(told_text(text, language) for text in (error.found, error.todo))
    return f"{'，'.join(place)}：{said}" if place else said


def told_text(text: str, language: str) -> str:
    """Return a text of an error, or of the fault of a row, in a language; as it is where we have no words for it.

    Examples
    --------
    >>> told_text("the shape has 120,000 vertices", "zh-Hans")
    '图形有 120,000 个顶点'
    >>> told_text("anything else", "zh-Hans")
    'anything else'
    """
    return _translated(text, language) or text


@lru_cache(maxsize=16384)
def _translated(text: str, language: str) -> str | None:
    """Return a text in a language, None where it is of no template."""
    if language == SOURCE:
        return None
    if not _LETTERS.search(text):
        return None
    buckets = _templates(language)
    start = next(text[:many] for many in range(_BUCKET, -1, -1) if text[:many] in buckets)
    for template in _candidates(start, language):
        values = template.values_in(text) if template.longest in text else None
        if values is not None:
            made = template.words.format(*(_Value(value, language) for value in values))
            return made.replace(f" {_EDGE}", "").replace(f"{_EDGE} ", "").replace(_EDGE, "")
    return None


@dataclass(frozen=True)
class Template:
    """A text with places for values, as its parts between those, and its translation."""

    parts: tuple[str, ...]
    words: str

    @cached_property
    def longest(self) -> str:
        """Return the longest part: a text without it is not of this template."""
        return max(self.parts, key=len)

    def values_in(self, text: str) -> list[str] | None:
        """Return the values by which the template gives this text, each as short as can be; None where it does not."""
        first, *between = self.parts
        if not text.startswith(first):
            return None
        if not between:
            return [] if text == first else None
        last = between.pop()
        place, end, values = len(first), len(text) - len(last), []
        for part in between:
            found = text.find(part, place, end)
            if found < 0:
                return None
            values.append(text[place:found])
            place = found + len(part)
        return [*values, text[place:end]] if place <= end and text.endswith(last) else None


class _Value(str):
    """A value of a text: told by the words of its kind, or as what it is itself."""

    __slots__ = ("language",)
    language: str

    def __new__(cls, value: str, language: str) -> _Value:
        made = super().__new__(cls, value)
        made.language = language
        return made

    def __format__(self, kind: str) -> str:
        told = _named(kind, str(self), self.language) if kind else _value(str(self), self.language)
        before, after = (_EDGE if edge and not edge.isascii() else "" for edge in (told[:1], told[-1:]))
        return f"{before}{told}{after}"


def _named(kind: str, value: str, language: str) -> str:
    """Return the words for one or several values of a kind; what has none stays."""
    words = catalog(language)

    def one(name: str) -> str:
        bare = name[1:-1] if _QUOTED.fullmatch(name) else name
        return next((words[key + bare] for key in KINDS[kind] if key + bare in words), told_text(bare, language))

    for between, told_between in ((" or ", "或"), (", ", "、")):
        if between in value:
            return told_between.join(_named(kind, part, language) for part in value.split(between))
    return one(value)


def _value(value: str, language: str) -> str:
    """Return a value, or the translation where it is a text itself or a list of such."""
    if value in _NOTHING:
        return word("refusal.none", language)
    if _QUOTED.fullmatch(value):
        left, right = ("“", "”") if language == "zh-Hans" else ("「", "」")
        return f"{left}{value[1:-1]}{right}"
    for between, told_between in _LISTED:
        if between in value:
            parts = [_translated(part, language) for part in value.split(between)]
            if all(parts):
                return told_between.join(map(str, parts))
    return _translated(value, language) or value


@cache
def _candidates(start: str, language: str) -> list[Template]:
    """Return the templates that texts with the first letters of a bucket may be of, the most specific first."""
    buckets = _templates(language)
    found = [one for many in range(len(start) + 1) for one in buckets.get(start[:many], ())]
    return sorted(found, key=lambda one: -sum(map(len, one.parts)))


@cache
def _templates(language: str) -> dict[str, list[Template]]:
    """Return the templates of a language by the first letters of their texts."""
    buckets: dict[str, list[Template]] = {}
    for text, words in translations(language).items():
        parts = tuple(text.split("{}"))
        buckets.setdefault(parts[0][:_BUCKET], []).append(Template(parts, words))
    return buckets


def translations(language: str) -> dict[str, str]:
    """Return every text that we have words for in a language, with those."""
    file = resources.files("gisapp") / "locale" / "refusals" / f"{language}.po"
    with file.open("rb") as stream:
        return {str(entry.id): str(entry.string) for entry in read_po(stream) if entry.id}
