"""Rule files: TOML whose every row is checked when it is read, and named when it is wrong."""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from gisapp.errors import InputError

Row = TypeVar("Row")
_SAYS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", date: "a day"}


def rule_rows(topic: str, kinds: Mapping[str, type[Any]], own: Path | None = None) -> dict[str, tuple[Any, ...]]:
    """Return the rows of a rule file, each as the frozen dataclass of its kind.

    Parameters
    ----------
    topic
        The file ``gisapp/rules/<topic>.toml``.
    kinds
        The dataclass for every kind of row, such as ``notice``.
    own
        A utility's own copy, read in place of ours.

    Raises
    ------
    InputError
        When the file cannot be read, or a row has an unknown or lacks a field or holds a value of another kind;
        names the file, the row and the field.
    """
    name = str(own) if own else f"{topic}.toml"
    try:
        text = own.read_text(encoding="utf-8") if own else _ours(topic)
        read = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot be read ({error})", todo="correct the rule file", file=name) from error
    for kind in read:
        if kind not in kinds:
            raise InputError(f"unknown kind of rule {kind!r}", todo=f"known kinds are {', '.join(kinds)}", file=name)
    return {
        kind: tuple(_row(made, row, f"{kind} {number}", name) for number, row in enumerate(read.get(kind, []), start=1))
        for kind, made in kinds.items()
    }


def _ours(topic: str) -> str:
    return (resources.files("gisapp.rules") / f"{topic}.toml").read_text(encoding="utf-8")


def _row(made: type[Row], given: Mapping[str, Any], place: str, file: str) -> Row:
    """Return one row as its dataclass."""
    wanted = typing.get_type_hints(made)
    for field in dataclasses.fields(made):  # type: ignore[arg-type]
        lacks = field.default is dataclasses.MISSING and field.name not in given
        if lacks:
            raise InputError(f"{place} has no {field.name}", todo="add it", file=file, field=field.name)
    for name, value in given.items():
        if name not in wanted:
            raise InputError(
                f"{place}: unknown field {name!r}", todo=f"known fields are {', '.join(wanted)}", file=file
            )
        kinds = [kind for kind in (typing.get_args(wanted[name]) or (wanted[name],)) if kind is not type(None)]
        if not any(_is(value, kind) for kind in kinds):
            raise InputError(
                f"{place}: found {value!r}",
                todo=f"give {_SAYS.get(kinds[0], kinds[0].__name__)}",
                file=file,
                field=name,
            )
    return made(**given)


def _is(value: object, kind: type) -> bool:
    """Return whether a value is of a kind; truths are no numbers, whole numbers are numbers."""
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
