"""The board: what waits, by the colour of its clocks, as the browser lists it and as the map shows it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd

from dashboards.deeds import asking
from dashboards.dispatch.asked import Asked
from dashboards.dispatch.desk import WAITS, Desk
from dashboards.scope import everywhere
from dashboards.specs import layer_specs
from gisapp.reports.waiting import COLOURS, colours_of
from gisapp.words import term, word
from layers.incidents import waiting_shapes


def kept_board(desk: Desk, asked: Asked, spoken: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return :func:`board` and :func:`board_specs`, made once for all who see everything and ask the same."""

    def make() -> tuple[dict[str, Any], list[dict[str, Any]]]:
        told = board(desk, asked, spoken)
        return told, board_specs(desk, asked, told["rows"], spoken)

    if not everywhere(asking()):
        return make()
    return desk.snapshot.derived(("board", asked, spoken, desk.judged_at(), desk.book), (*WAITS, "org_units"), make)


def board(desk: Desk, asked: Asked, spoken: str, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the board as the browser takes it.

    Returns
    -------
    dict
        ``rows``, the most urgent first; ``counts`` of them by colour, whatever colours are chosen; ``units``,
        ``grids``, ``types`` and ``statuses`` that there are, with their names; ``mark``, which is another when anything
        of it is.
    """
    every = desk.listed(asked.role, now)
    every = every.assign(colour=colours_of(every))
    some = asked.chosen.of(every)
    shown = some[some["colour"].isin(list(asked.clocks))] if asked.clocks else some
    units = desk.units(spoken)
    told: dict[str, Any] = {
        "rows": _rows(shown, desk, units, spoken),
        "counts": {colour: int((some["colour"] == colour).sum()) for colour in COLOURS},
        "all": len(every),
        "units": _choices(every["unit_code"], lambda code: units.get(code, code)),
        "grids": _choices(every["grid_code"], str),
        "types": _choices(every["type"], lambda kind: term("incident", kind, spoken)),
        "statuses": _choices(every["status"], lambda status: word(f"layers.status_{status}", spoken)),
    }
    return told | {"mark": hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}


def board_specs(desk: Desk, asked: Asked, rows: list[Mapping[str, Any]], spoken: str) -> list[dict[str, Any]]:
    """Return the incidents of the board for the map, in the colours of their clocks."""
    places = desk.rows(asked.role)[["code", "geom"]]
    colours = pd.DataFrame(rows, columns=["code", "colour", "kind"])
    # The most urgent come last, so that they lie on top.
    frame = gpd.GeoDataFrame(colours.iloc[::-1].merge(places, on="code"), geometry="geom", crs=desk.store.crs)
    return layer_specs(
        lambda theme: [waiting_shapes(frame, language=spoken, theme=theme)],
        language=spoken,
        frame=desk.snapshot.frame,
    )


def _rows(shown: pd.DataFrame, desk: Desk, units: Mapping[str, str], spoken: str) -> list[dict[str, Any]]:
    """Return the rows as plain values."""
    kinds: dict[tuple[object, ...], str] = {}
    made = []
    for row in shown.to_dict("records"):
        key = (row["category"] if isinstance(row["category"], str) else None, row["type"])
        if key not in kinds:
            kinds[key] = desk.category(row, spoken)
        made.append(
            {
                **{name: _plain(row[name]) for name in ("code", "colour", "status", "clock")},
                "kind": kinds[key],
                "standing": word(f"layers.status_{row['status']}", spoken),
                "unit": units.get(row["unit_code"], _plain(row["unit_code"])),
                "grid": _plain(row["grid_code"]),
                "limit": term("clock", row["clock"], spoken) if isinstance(row["clock"], str) else None,
                "due": _ms(row["due_at"]),
                "reported": _ms(row["reported_at"]),
                "again": int(row["repair"]) - 1,
                "drill": bool(row["drill"]),
            }
        )
    return made


def _choices(values: pd.Series, name: Any) -> list[list[str]]:
    """Return the values of a column with their names."""
    return [[str(value), str(name(value))] for value in sorted(values.dropna().unique())]


def _plain(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value


def _ms(moment: Any) -> int | None:
    """Return a moment in milliseconds since 1970."""
    return None if pd.isna(moment) else int(pd.Timestamp(moment).timestamp() * 1000)
