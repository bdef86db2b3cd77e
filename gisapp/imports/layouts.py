"""Layouts: the headers under which others export what we know, so that a person confirms a mapping, not writes it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from gisapp.errors import InputError
from gisapp.imports.guard import Limits, Request, guarded
from gisapp.imports.mapping import Mapping
from gisapp.tables import CHANNELS, INCIDENT_TYPES, STATUSES, UTILITIES
from gisapp.words import LANGUAGES, word

LAYOUTS = ("hotline",)
_TABLES = {"hotline": "incidents"}
_REQUIRED = {"hotline": ("code", "type", "reported_at")}
_WORDS = {
    "type": ("incident.{}", INCIDENT_TYPES),
    "channel": ("channel.{}", CHANNELS),
    "utility": ("utility.{}", UTILITIES),
    "status": ("layers.status_{}", STATUSES),
}


def layout_mapping(layout: str, headers: Sequence[str]) -> Mapping:
    """Return the mapping by which a layout reads a file with these headers.

    Parameters
    ----------
    layout
        One of :data:`LAYOUTS`.
    headers
        The names of the file's columns. Of the names that a layout knows for a column of ours the first is taken that
        stands here to the letter; a column without one is not read, but for what the layout states for every row.

    Raises
    ------
    InputError
        When there is no such layout, or no header for a column that must be there.

    Examples
    --------
    >>> layout_mapping("hotline", ["工单号", "类型", "来电时间", "地址"]).columns["reported_at"]
    '来电时间'
    """
    if layout not in LAYOUTS:
        raise InputError(f"there is no layout {layout!r}", todo=f"use one of {', '.join(LAYOUTS)}", field="layout")
    known = _known(layout)
    columns = {ours: name for ours, names in known["columns"].items() if (name := _first(names, headers))}
    for ours in _REQUIRED[layout]:
        if ours not in columns:
            raise InputError(
                f"no column of the file is known as {ours}: its columns are {', '.join(headers[:60])}",
                todo=f"call it {' or '.join(known['columns'][ours][:3])}, or give a mapping of your own",
                field=ours,
            )
    places = {
        key: name
        for key, names in known["geometry"].items()
        if (name := names if isinstance(names, str) else _first(names, headers))
    }
    if not {"x", "y"} <= set(places):
        places = {key: name for key, name in places.items() if key not in ("x", "y")}
    choices = {ours: told for ours, told in _choices(known["choices"]).items() if ours in columns}
    values = {ours: value for ours, value in known["values"].items() if ours not in columns}
    return Mapping(columns, values, choices, places)


def mapping_by_layout(
    path: str | Path, layout: str, *, encoding: str | None = None, limits: Limits | None = None
) -> Mapping:
    """Return the mapping by which a layout reads a file, whose headers a child with limits looks up.

    Raises
    ------
    InputError
        When the file cannot be read, or the layout does not fit it.
    """
    file, table = Path(path), _TABLES.get(layout, "incidents")
    try:
        reading = guarded(file, Request({table: []}, encoding), limits=limits or Limits())
        return layout_mapping(layout, next(iter(reading.tables.values())).headers)
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(error.found, todo=error.todo, file=file.name, row=error.row, field=error.field) from error


@cache
def _known(layout: str) -> dict[str, Any]:
    text = resources.files("gisapp.imports").joinpath(f"{layout}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _first(names: Iterable[str], headers: Sequence[str]) -> str | None:
    return next((name for name in names if name in headers), None)


def _choices(stated: Map[str, Map[str, str]]) -> dict[str, dict[str, str]]:
    """Return the words for our values: those of every language that mean one of them only, and what a layout adds."""
    made: dict[str, dict[str, str]] = {}
    for ours, (key, values) in _WORDS.items():
        said: dict[str, set[str]] = {}
        for spoken in LANGUAGES:
            for value in values:
                said.setdefault(word(key.format(value), spoken), set()).add(value)
        plain = {words: next(iter(meant)) for words, meant in said.items() if len(meant) == 1}
        made[ours] = {**plain, **stated.get(ours, {})}
    return made
