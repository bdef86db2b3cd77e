"""The mapping of a file's columns to ours: stated by a person in a TOML file or by flags, never guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gisapp.errors import InputError

DEFAULT_CHOICE = "*"
_SECTIONS = ("columns", "values", "choices", "geometry", "times", "read")
_GEOMETRY = ("x", "y", "wkt", "address", "missing", "length_m")
_READ = ("delimiter", "sheet", "layer", "empty", "encoding")
_TIMES = ("zone", "format", "formats")


@dataclass(frozen=True)
class Mapping:
    """How the columns of a file become ours.

    Parameters
    ----------
    columns
        Our column -> their column. When it is not empty, only these are taken; when it is empty,
        columns that bear exactly our names are.
    values
        Our column -> a constant for every row.
    choices
        Our column -> their value -> ours; the key ``*`` gives the value for all others.
    geometry
        ``x`` and ``y`` (their columns; x is east) or ``wkt``; of incidents ``address``, the column of the text by
        which those without a position are looked up; ``missing = "unlocated"`` lets incidents
        without a position in; ``length_m = "drawn"`` measures links by their course.
    times
        ``zone`` (IANA), ``format`` (strptime) for all, ``formats`` our column -> format.
    read
        ``delimiter``, ``sheet``, ``layer``, ``encoding``, ``empty`` (texts that mean "no value").
    same_names
        Take columns with exactly our names even though ``columns`` is not empty.
    tables
        For a network: a mapping of its own for nodes, links or devices.
    """

    columns: Map[str, str] = field(default_factory=dict)
    values: Map[str, object] = field(default_factory=dict)
    choices: Map[str, Map[str, str]] = field(default_factory=dict)
    geometry: Map[str, str] = field(default_factory=dict)
    times: Map[str, Any] = field(default_factory=dict)
    read: Map[str, Any] = field(default_factory=dict)
    same_names: bool = False
    tables: Map[str, Mapping] = field(default_factory=dict)

    @classmethod
    def from_toml(cls, path: str | Path) -> Mapping:
        """Return the mapping that a TOML file states.

        Raises
        ------
        InputError
            When it is not TOML, or holds a section or key that means nothing here.
        """
        file = Path(path)
        try:
            stated = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InputError(f"{error.strerror}", todo="name a mapping that can be read", file=str(path)) from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(
                f"this is no mapping ({error})", todo="write it as TOML in UTF-8", file=file.name
            ) from error
        return _stated(stated, file.name)

    @classmethod
    def from_flags(
        cls,
        *,
        columns: Iterable[str] = (),
        values: Iterable[str] = (),
        choices: Iterable[str] = (),
        geometry: Iterable[str] = (),
        times: Iterable[str] = (),
        read: Iterable[str] = (),
    ) -> Mapping:
        """Return the mapping that flags state: ``ours=theirs`` each, choices as ``ours:theirs=ours``.

        Examples
        --------
        >>> Mapping.from_flags(columns=["code=No."], choices=["type:Leak=leak"]).choices
        {'type': {'Leak': 'leak'}}
        """
        translated: dict[str, dict[str, str]] = {}
        for flag in choices:
            theirs, ours = _pair(flag, "choice", from_right=True)
            column, _, value = theirs.partition(":")
            translated.setdefault(column, {})[value] = ours
        stated: dict[str, Any] = {
            "columns": dict(_pair(flag, "column") for flag in columns),
            "values": dict(_pair(flag, "value") for flag in values),
            "choices": translated,
            "geometry": dict(_pair(flag, "geometry") for flag in geometry),
            "times": dict(_pair(flag, "times") for flag in times),
            "read": dict(_pair(flag, "read") for flag in read),
        }
        if isinstance(stated["read"].get("empty"), str):
            stated["read"]["empty"] = stated["read"]["empty"].split(",")
        return _stated(stated, "flags")

    def merged(self, other: Mapping) -> Mapping:
        """Return this mapping with what ``other`` states added; where both speak, ``other`` wins."""
        return Mapping(
            {**self.columns, **other.columns},
            {**self.values, **other.values},
            {**self.choices, **{name: {**self.choices.get(name, {}), **more} for name, more in other.choices.items()}},
            {**self.geometry, **other.geometry},
            {**self.times, **other.times},
            {**self.read, **other.read},
            self.same_names or other.same_names,
            {**self.tables, **other.tables},
        )

    def part(self, table: str) -> Mapping:
        """Return the mapping for one table of a network: its own section over the common ones."""
        common = replace(self, tables={})
        return common.merged(self.tables[table]) if table in self.tables else common

    def as_json(self) -> dict[str, object]:
        """Return what is stated, for the report."""
        stated: dict[str, object] = {name: dict(getattr(self, name)) for name in _SECTIONS if getattr(self, name)}
        if self.same_names:
            stated["same_names"] = True
        return stated | {name: part.as_json() for name, part in self.tables.items()}


def _pair(flag: str, name: str, *, from_right: bool = False) -> tuple[str, str]:
    """Return the two sides of ``a=b``."""
    left, mark, right = flag.rpartition("=") if from_right else flag.partition("=")
    if not mark or not left:
        form = "ours:theirs=ours" if name == "choice" else "ours=theirs"
        raise InputError(f"found {flag!r}", todo=f"write it as {form}", field=f"--{name}")
    return left.strip(), right.strip()


def _stated(stated: Map[str, Any], file: str) -> Mapping:
    """Return a mapping from a parsed TOML file, refusing what it does not know."""
    parts = {}
    sections: dict[str, Any] = {}
    for name, section in stated.items():
        if name in ("nodes", "links", "devices") and isinstance(section, dict):
            parts[name] = _stated(section, file)
        elif (name == "same_names" and isinstance(section, bool)) or (name in _SECTIONS and isinstance(section, dict)):
            sections[name] = section
        else:
            raise InputError(
                f"unknown section or key {name!r}",
                todo=f"use {', '.join(_SECTIONS)}, same_names, or nodes, links, devices for a network",
                file=file,
            )
    for name, known in (("geometry", _GEOMETRY), ("read", _READ), ("times", _TIMES)):
        for key in sections.get(name, {}):
            if key not in known:
                raise InputError(f"unknown key {key!r} in [{name}]", todo=f"use {', '.join(known)}", file=file)
    _refuse_texts(sections, file)
    return Mapping(**sections, tables=parts)


def _refuse_texts(sections: Map[str, Any], file: str) -> None:
    """Raise where a text must stand and something else does."""
    for name, theirs in {**sections.get("columns", {}), **sections.get("geometry", {})}.items():
        if not isinstance(theirs, str):
            raise InputError(f"{name} = {theirs!r} is no column name", todo="write it in quotes", file=file)
    for name, translated in sections.get("choices", {}).items():
        if not isinstance(translated, dict) or not all(isinstance(value, str) for value in translated.values()):
            raise InputError(f"[choices.{name}] must hold texts", todo='write theirs = "ours"', file=file)
    _refuse_reading(sections.get("read", {}), file)
    for name, value in sections.get("values", {}).items():
        if isinstance(value, dict | list):
            raise InputError(
                f"the value of {name} is no single value", todo="give a text, number, true or false", file=file
            )
    places = sections.get("geometry", {})
    for key, only in (("missing", "unlocated"), ("length_m", "drawn")):
        if places.get(key, only) != only:
            raise InputError(f"{key} = {places[key]!r} in [geometry]", todo=f'the only value is "{only}"', file=file)


def _refuse_reading(read: Map[str, Any], file: str) -> None:
    """Raise where [read] does not hold what it must."""
    delimiter = read.get("delimiter")
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise InputError(f"delimiter {delimiter!r} is not one character", todo='write it as ";" or "\\t"', file=file)
    empty = read.get("empty", [])
    if not isinstance(empty, list) or not all(isinstance(text, str) for text in empty):
        raise InputError("[read] empty must be a list of texts", todo='write it as ["NA", "-"]', file=file)
