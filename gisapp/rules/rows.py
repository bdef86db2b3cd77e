"""Rule files: TOML whose every row is checked when it is read, and named when it is wrong."""

from __future__ import annotations

import dataclasses
import math
import tomllib
import typing
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from gisapp.errors import InputError

_SAYS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", date: "a day"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every row says: its article, and from when until when it is in force, both days included.

    ``row`` is what the row is called: its kind and its number among those of that kind in the file.
    """

    article: str
    valid_from: date
    valid_to: date | None = None
    off: bool = False
    row: str = dataclasses.field(default="", init=False, compare=False)

    @property
    def about(self) -> Hashable:
        """Return what the row rules: of two rows about the same, one is in force on a day. None where many may be."""
        return None

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yield the fields that hold what they may not, each with what to do."""
        if not self.article.strip():
            yield "article", "cite the article or say that it is your own setting"
        if self.valid_to is not None and self.valid_to < self.valid_from:
            yield "valid_to", f"give a day from {self.valid_from} on"

    def holds_on(self, day: date) -> bool:
        """Return whether the row is in force on a day."""
        return not self.off and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


Row = TypeVar("Row", bound=Rule)


def of_choice(name: str, value: object, choices: Iterable[object]) -> Iterable[tuple[str, str]]:
    """Yield the field when its value is none of the choices; nothing where there is no value."""
    if value is not None and value not in tuple(choices):
        yield name, f"use one of {', '.join(str(choice) for choice in choices)}"


def of_size(**values: float | None) -> Iterable[tuple[str, str]]:
    """Yield the fields whose numbers are below 0."""
    for name, value in values.items():
        if value is not None and value < 0:
            yield name, "give a number from 0 on"


@lru_cache(maxsize=1024)
def listed(text: str) -> tuple[str, ...]:
    """Return the values that a text lists between commas.

    Examples
    --------
    >>> listed("public_leak, cover")
    ('public_leak', 'cover')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def rule_rows(topic: str, kinds: Mapping[str, type[Rule]], own: Path | str | None = None) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a rule file, each as the frozen dataclass of its kind.

    Parameters
    ----------
    topic
        The file ``gisapp/rules/<topic>.toml``.
    kinds
        The dataclass for every kind of row, such as ``notice``.
    own
        A utility's own copy, read in place of ours: its file, or its text.

    Raises
    ------
    InputError
        When the file cannot be read, a row has an unknown or lacks a field or holds what it may not, or two rows
        about the same are in force on one day; names the file, the row and the field.
    """
    if not isinstance(own, Path):
        return dict(_rows(f"{topic}.toml", tuple(kinds.items()), rule_text(topic) if own is None else own))
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", todo="correct the rule file", file=str(own)) from error
    return dict(_rows(str(own), tuple(kinds.items()), text))


@lru_cache(maxsize=32)
def _rows(name: str, kinds: tuple[tuple[str, type[Rule]], ...], text: str) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a rule file that is called ``name`` in messages; read once, for every answer asks for them."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"cannot be read ({error})", todo="correct the rule file", file=name) from error
    known = dict(kinds)
    for kind, rows in read.items():
        if kind not in known or not isinstance(rows, list):
            todo = f"rows begin with one of {', '.join(f'[[{one}]]' for one in known)}"
            raise InputError(f"unknown kind of rule {kind!r}", todo=todo, file=name)
    made = {
        kind: tuple(_row(row_of, row, f"{kind} {number}", name) for number, row in enumerate(read.get(kind, []), 1))
        for kind, row_of in kinds
    }
    for kind, rules in made.items():
        _require_one_a_day(kind, rules, name)
    return made


@lru_cache(maxsize=8)
def rule_text(topic: str) -> str:
    """Return the rule file that comes with the program."""
    return (resources.files("gisapp.rules") / f"{topic}.toml").read_text(encoding="utf-8")


def _row(made: type[Row], given: Mapping[str, Any], place: str, file: str) -> Row:
    """Return one row as its dataclass."""
    wanted = {name: kind for name, kind in typing.get_type_hints(made).items() if name != "row"}
    for field in dataclasses.fields(made):
        if field.default is dataclasses.MISSING and field.name not in given:
            raise InputError(f"{place} has no {field.name}", todo="add it", file=file, field=field.name)
    for name, value in given.items():
        if name not in wanted:
            raise InputError(
                f"{place}: unknown field {name!r}", todo=f"known fields are {', '.join(wanted)}", file=file
            )
        kinds = [kind for kind in (typing.get_args(wanted[name]) or (wanted[name],)) if kind is not type(None)]
        if not any(_is(value, kind) for kind in kinds):
            say = _SAYS.get(kinds[0], kinds[0].__name__)
            raise InputError(f"{place}: found {value!r}", todo=f"give {say}", file=file, field=name)
    row = made(**given)
    object.__setattr__(row, "row", place)
    for name, todo in row.faults():
        raise InputError(f"{place}: found {getattr(row, name)!r}", todo=todo, file=file, field=name)
    return row


def _is(value: object, kind: type) -> bool:
    """Return whether a value is of a kind; truths are no numbers, whole numbers are numbers, a moment is no day."""
    if kind is float:
        return type(value) in (int, float) and math.isfinite(typing.cast(float, value))
    return type(value) is kind


def _require_one_a_day(kind: str, rules: tuple[Rule, ...], file: str) -> None:
    """Raise where two rows about the same are in force on one day."""
    seen: dict[Hashable, list[tuple[int, Rule]]] = {}
    for number, rule in enumerate(rules, 1):
        if rule.about is None or rule.off:
            continue
        for before, other in seen.setdefault(rule.about, []):
            both = max(rule.valid_from, other.valid_from)
            if rule.holds_on(both) and other.holds_on(both):
                todo = "end the earlier one by its valid_to, or switch one off"
                raise InputError(
                    f"{kind} {before} and {kind} {number} say the same and are both in force on {both}",
                    todo=todo,
                    file=file,
                )
        seen[rule.about].append((number, rule))
