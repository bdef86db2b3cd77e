"""What an edit did, or would do, in words: figures before and after, what was kept whole, what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.deeds import actor
from dashboards.planner.drafts import Opened
from gisapp.errors import RefusedEdit
from gisapp.grids.changes import Change
from gisapp.rules.workload import MEASURES
from gisapp.words import catalog, word

_MOST = 6  # grids told one by one
STILL = ("name", "number")  # kinds of change that move no ground
_NONE = "–"


def edit_told(change: Change, before: Opened, after: Opened, spoken: str, *, live: bool = False) -> Component:
    """Return what a change did: households and deviation of the grids that it touched, and what must be looked at."""
    was, now = (one.figures.set_index("code") for one in (before, after))
    touched = change.grids
    title = word(f"planner.would_{change.kind}" if live else f"planner.did_{change.kind}", spoken)
    said = [] if change.kind in STILL else [html.Span(_moved_words(change, was, now, after, spoken))]
    rows = [_row(code, was, now, spoken) for code in touched[:_MOST]]
    more = [html.P(word("planner.and_more", spoken, count=len(touched) - _MOST))] if len(touched) > _MOST else []
    below = [*more, *_notes(change, spoken), *_call(change, live, spoken)]
    return html.Div(
        [html.P([html.Strong(title), *said]), _table(rows, spoken), *below],
        className="told live" if live else "told",
    )


def _call(change: Change, live: bool, spoken: str) -> list[Component]:
    """Return the button that names a grid which was drawn or split off."""
    if live or change.kind not in ("draw", "split"):
        return []
    fresh = [code for code in change.grids if code in set(change.after.grid) - set(change.before.grid)]
    words = [(code, word("planner.name_it", spoken, grid=code)) for code in fresh]
    return [html.Button(told, className="button writes", **{"data-name": code}) for code, told in words]


def _moved_words(change: Change, was: pd.DataFrame, now: pd.DataFrame, after: Opened, spoken: str) -> str:
    """Return how many households go to another grid."""
    return word("planner.moved", spoken, households=f"{_moved(change, was, now, after):,.0f}")


def _moved(change: Change, was: pd.DataFrame, now: pd.DataFrame, after: Opened) -> float:
    """Return the households that go to another grid: those of the units that move, or of a cut what grids gain."""
    before = dict(zip(change.before.unit, change.before.grid, strict=True))
    if set(change.after.unit) <= set(before):
        units = [unit for unit, grid in zip(change.after.unit, change.after.grid, strict=True) if grid != before[unit]]
        return float(after.load.units[after.plan.places(units), MEASURES.index("households")].sum())
    sides = [side["households"].reindex(change.grids).fillna(0) for side in (now, was)]
    return float((sides[0] - sides[1]).clip(lower=0).sum())


def steps_told(before: Opened, after: Opened, spoken: str) -> Component:
    """Return that changes were undone or done again."""
    count = len(after.draft.history.done) - len(before.draft.history.done)
    return html.Div(
        word("planner.redone" if count > 0 else "planner.undone", spoken, count=abs(count)), className="told"
    )


def refusal_told(refused: RefusedEdit, spoken: str, *, live: bool = False) -> Component:
    """Return why an edit may not stand, and what to do."""
    words = word(f"planner.refused_{refused.kind}", spoken, **refused.values)
    kept = [] if live else [html.P(word("planner.kept", spoken), className="quiet")]
    return html.Div([html.P(html.Strong(words)), *kept], className="told refused")


def conflict_told(rows: pd.DataFrame, zone: ZoneInfo, spoken: str) -> Component:
    """Return what others did to a plan since somebody looked, which kept an edit from being saved."""
    lines = [html.Li(_step(row, zone, spoken)) for row in rows.to_dict("records")[-_MOST:]]
    other = [] if lines else [html.P(word("planner.conflict_other", spoken))]
    return html.Div(
        [
            html.P(html.Strong(word("planner.conflict", spoken))),
            *([html.Ul(lines)] if lines else other),
            html.P(word("planner.conflict_todo", spoken), className="quiet"),
        ],
        className="told refused",
    )


def _step(row: Mapping[Any, Any], zone: ZoneInfo, spoken: str) -> str:
    """Return when who did what to which grids."""
    clock, grids = row["at"].tz_convert(zone).strftime("%H:%M"), row["grids"].replace(",", ", ")
    return f"{clock} · {actor(row['actor'], spoken)} · {kind_word(row['kind'], spoken)} · {grids}"


def kind_word(kind: str, spoken: str) -> str:
    """Return the words of a kind of change."""
    key = f"planner.did_{kind}"
    return word(key, spoken) if key in catalog(spoken) else kind


def _table(rows: list[Component], spoken: str) -> Component:
    heads = [html.Th(word(f"planner.{name}", spoken), scope="col") for name in ("code", "households", "deviation")]
    return html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)])


def _row(code: str, was: pd.DataFrame, now: pd.DataFrame, spoken: str) -> Component:
    """Return one grid before and after."""
    households = " → ".join(_figure(side, code, "households", "{:,.0f}") for side in (was, now))
    deviation = " → ".join(_figure(side, code, "deviation", "{:+.0%}") for side in (was, now))
    return html.Tr([html.Th(code, scope="row"), html.Td(households), html.Td(deviation)])


def _figure(side: pd.DataFrame, code: str, name: str, form: str) -> str:
    value = side[name].get(code)
    return _NONE if value is None or pd.isna(value) else form.format(value)


def _notes(change: Change, spoken: str) -> list[Component]:
    """Return what a planner must look at."""
    notes = [word("planner.kept_whole", spoken, count=len(change.whole))] if change.whole else []
    parts = [told.partition(":")[2] for told in change.violations]
    notes += [word("planner.in_parts", spoken, grids=", ".join(parts))] if parts else []
    return [html.P(note, className="note") for note in notes]
