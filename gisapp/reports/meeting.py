"""The pack of a grid for its weekly, monthly or quarterly meeting, and its work brief (工作例会、工作简报)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import pandas as pd

from gisapp.counting import counted
from gisapp.incidents import Incident
from gisapp.incidents.assessment import assessment, clock_rates
from gisapp.patrols import Coverage
from gisapp.reports.texts.text import Listing, Section, Text
from gisapp.tables import DONE_STATUSES
from gisapp.tables.measures import NOTE_KINDS
from gisapp.words import word

KINDS = ("weekly", "monthly", "quarterly", "brief")
_MOST = 15
_OF_UTILITY = (
    *(("breaks", 0), ("km_years", 1), ("per_100_km_year", 1)),
    *(("outages", 0), ("saidi_min", 2), ("saifi", 4), ("caidi_min", 1)),
)
"""Figures of a utility, and with how many decimals they are told."""


@dataclass(frozen=True)
class Meeting:
    """All figures of one grid and period; :func:`meeting_text` only says them.

    ``incidents`` are those that count, reported in the period; ``before`` and ``year_ago`` how many there were in the
    period of the same length just before and 364 days earlier (the same days of the week), None where none is known.
    """

    grid: str
    start: datetime
    end: datetime
    incidents: gpd.GeoDataFrame
    before: int | None
    year_ago: int | None
    open_now: gpd.GeoDataFrame
    facts: dict[str, Any]
    clocks: pd.DataFrame
    breaches: pd.DataFrame
    patrols: pd.DataFrame
    coverage: Coverage | None
    shutoffs: pd.DataFrame
    utilities: pd.DataFrame
    measures: pd.DataFrame
    notes: pd.DataFrame


def of_grid(incidents: gpd.GeoDataFrame, grid: str, start: datetime, end: datetime) -> gpd.GeoDataFrame:
    """Return the incidents of a grid reported from the start until before the end that count."""
    mine = incidents[(incidents["grid_code"] == grid) & counted(incidents)["counts"]]
    return mine[(mine["reported_at"] >= start) & (mine["reported_at"] < end)].reset_index(drop=True)


def meeting(  # noqa: PLR0913 - every part of the pack
    grid: str,
    span: tuple[datetime, datetime],
    *,
    incidents: gpd.GeoDataFrame,
    records: Sequence[Incident],
    clocks: pd.DataFrame,
    patrols: pd.DataFrame,
    coverage: Coverage | None,
    shutoffs: pd.DataFrame,
    utilities: pd.DataFrame,
    measures: pd.DataFrame,
    notes: pd.DataFrame,
) -> Meeting:
    """Return the figures of a grid and period (grid rules VII(1); service rules Art. 5).

    Parameters
    ----------
    span
        From its first moment until before its second, both aware.
    incidents
        The table, of every grid and time.
    records, clocks
        The assessed incidents of the grid and period with their clocks, as for :func:`assessment`.
    patrols, coverage
        :func:`gisapp.patrols.occasions` and what the tracks of the period covered.
    shutoffs
        Rows of the table that lie in the grid; drills and those opened in another period are left out here.
    utilities
        Of each whole utility in the period: utility, breaks, km_years and per_100_km_year
        (:func:`gisapp.density.break_rates`), outages, saidi_min, saifi and caidi_min
        (:func:`gisapp.reports.reliability.reliability`); missing where there is nothing to tell.
    measures
        What is carried to this meeting: :func:`gisapp.measures.carried`.
    notes
        The table ``grid_notes``; those of the grid and period are told.
    """
    start, end = span
    length = end - start
    last_year = timedelta(days=364)
    known = incidents["reported_at"].min()
    mine = incidents[(incidents["grid_code"] == grid) & counted(incidents)["counts"]]
    facts = [
        {str(name): value for name, value in row.items()} for row in assessment(records, by="grid").to_dict("records")
    ]
    rates = clock_rates(records, clocks, by="grid")
    breached = clocks[clocks["state"] == "breached"].sort_values(["due_at", "incident_code"], kind="stable")
    opened = shutoffs[(shutoffs["opened_at"] >= start) & (shutoffs["opened_at"] < end) & ~shutoffs["drill"]]

    def earlier(by: timedelta) -> int | None:
        return len(of_grid(incidents, grid, start - by, end - by)) if known <= start - by else None

    return Meeting(
        grid=grid,
        start=start,
        end=end,
        incidents=of_grid(incidents, grid, start, end),
        before=earlier(length),
        year_ago=earlier(last_year),
        open_now=mine[~mine["status"].isin(DONE_STATUSES) & (mine["reported_at"] < end)].reset_index(drop=True),
        facts=facts[0] if facts else {},
        clocks=rates,
        breaches=breached,
        patrols=patrols,
        coverage=coverage,
        shutoffs=opened,
        utilities=utilities,
        measures=measures,
        notes=notes[((notes["grid_code"] == grid) & (notes["at"] >= start) & (notes["at"] < end)).to_numpy()],
    )


def meeting_text(told: Meeting, kind: str, language: str, zone: Any) -> Text:
    """Return the pack in words: figures computed, problems and measures in brackets for people to write."""

    def say(key: str, **values: object) -> str:
        return word(f"meeting.{key}", language, **values)

    first, last = (moment.astimezone(zone) for moment in (told.start, told.end - timedelta(seconds=1)))
    days = f"{first:%Y-%m-%d} – {last:%Y-%m-%d}"
    sections = (
        Section(paragraphs=(say("period", days=days),), listing=_numbers(told, say)),
        Section(say("types"), listing=_types(told, language, say)),
        Section(say("clocks"), (say("clocks_note"),), listing=_clocks(told, say)),
        *([] if told.breaches.empty else [_breaches(told, say, zone)]),
        Section(say("patrols"), paragraphs=_patrols(told, say)),
        _shutoffs(told, say, zone),
        _utilities(told, language, say),
        _leader(told, say),
        _carried(told, say),
        *(Section(say(name), (f"[{say(f'{name}_blank')}]",)) for name in ("problems", "measures", "next")),
    )
    return Text("meeting", language, say(kind, grid=told.grid), sections)


def _numbers(told: Meeting, say: Any) -> Listing:
    """Return the key numbers, each with the period before and a year ago where they are known."""
    rows = [
        (say("reported"), str(len(told.incidents)), _or_none(told.before), _or_none(told.year_ago)),
        (say("open"), str(len(told.open_now)), "–", "–"),
    ]
    facts = told.facts
    if facts:
        rows += [
            (say("closed"), str(facts["closed"]), "–", "–"),
            (say("again"), str(facts["reopened"]), "–", "–"),
            (say("arrival", n=facts["arrival_n"]), _rounded(facts["arrival_median_min"]), "–", "–"),
            (say("repair", n=facts["repair_n"]), _rounded(facts["repair_median_h"]), "–", "–"),
            (say("satisfaction", n=facts["reached"]), _share(facts["satisfaction"]), "–", "–"),
            (say("completeness", n=facts["closed"]), _share(facts["completeness"]), "–", "–"),
        ]
    return Listing((say("figure"), say("now"), say("before"), say("year_ago")), tuple(rows))


def _types(told: Meeting, language: str, say: Any) -> Listing:
    """Return how many of each type there were, the most first."""
    count = told.incidents.groupby("type").size().sort_values(ascending=False, kind="stable")
    rows = tuple((word(f"incident.{kind}", language), str(n)) for kind, n in count.items())
    return Listing((say("type"), say("count")), rows or ((say("none"), "0"),))


def _clocks(told: Meeting, say: Any) -> Listing:
    """Return the on-time rate of every clock with the number that it rests on."""
    heads = tuple(say(name) for name in ("clock", "met", "breached", "running", "not_judged", "rate"))
    rows = tuple(
        (
            *(str(row[name]) for name in ("clock", "met", "breached", "open", "not_judged")),
            _share(row["rate"]),
        )
        for row in told.clocks.to_dict("records")
    )
    return Listing(heads, rows or ((say("none"), *["0"] * 4, "–"),))


def _breaches(told: Meeting, say: Any, zone: Any) -> Section:
    """Return the breaches, the oldest first; of many the first few, and how many there are."""
    shown = told.breaches.head(_MOST)
    rows = tuple(
        (str(row["incident_code"]), str(row["clock"]), _when(row["due_at"], zone)) for row in shown.to_dict("records")
    )
    note = (say("of_many", shown=len(shown), all=len(told.breaches)),) if len(told.breaches) > _MOST else ()
    return Section(say("breaches"), note, listing=Listing((say("code"), say("clock"), say("deadline")), rows))


def _patrols(told: Meeting, say: Any) -> tuple[str, ...]:
    """Return how patrols went, in sentences."""
    state = told.patrols["state"].value_counts()
    counts = {name: int(state.get(name, 0)) for name in ("done", "late", "missed", "due")}
    lines = (say("patrol_counts", all=len(told.patrols), **counts),)
    found = told.coverage
    if found is None or found.share is None:
        return lines
    values = {
        "share": _share(found.share),
        "km": f"{found.due_m / 1000:.2f}",
        "tolerance": f"{found.tolerance_m:g}",
        "valves": len(found.missed_valves),
        "all_valves": found.valves,
        "points": len(found.missed_checkpoints),
        "all_points": found.checkpoints,
    }
    return (*lines, say("patrol_coverage", **values))


def _shutoffs(told: Meeting, say: Any, zone: Any) -> Section:
    """Return the shutoffs of the period."""
    if told.shutoffs.empty:
        return Section(say("shutoffs"), (say("none"),))
    rows = tuple(
        (
            str(row["code"]),
            say(f"kind_{row['kind']}"),
            _when(row["opened_at"], zone),
            "" if pd.isna(row["reason"]) else str(row["reason"]),
        )
        for row in told.shutoffs.sort_values("opened_at").to_dict("records")
    )
    return Section(say("shutoffs"), listing=Listing((say("code"), say("kind"), say("opened"), say("reason")), rows))


def _utilities(told: Meeting, language: str, say: Any) -> Section:
    """Return how often pipes break and supply fails in each whole utility."""
    rows = tuple(
        (word(f"utility.{row['utility']}", language), *(_number(row[name], digits) for name, digits in _OF_UTILITY))
        for row in told.utilities.to_dict("records")
    )
    heads = (say("utility"), *(say(name) for name, _ in _OF_UTILITY))
    return Section(say("utilities"), (say("utilities_note"),), listing=Listing(heads, rows))


def _leader(told: Meeting, say: Any) -> Section:
    """Return what the leader did in and for the grid, by kind."""
    counts = told.notes["kind"].value_counts()
    done = [
        say("note_count", kind=say(f"note_{kind}"), count=int(counts[kind])) for kind in NOTE_KINDS if kind in counts
    ]
    return Section(say("leader"), (say("listed", words=say("comma").join(done)) if done else say("none"),))


def _carried(told: Meeting, say: Any) -> Section:
    """Return what is still to be done or checked, whenever it was resolved; the overdue first."""
    if told.measures.empty:
        return Section(say("actions"), (say("none"),))
    rows = tuple(
        (
            str(row["code"]),
            str(row["summary"]),
            str(row["subject"]),
            "–" if pd.isna(row["due"]) else str(row["due"]),
            say(f"action_{row['state']}") if isinstance(row["state"], str) else "–",
        )
        for row in told.measures.to_dict("records")
    )
    heads = tuple(say(name) for name in ("code", "action", "whose", "due", "state"))
    return Section(say("actions"), (say("actions_note"),), listing=Listing(heads, rows))


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.{digits}f}"


def _or_none(count: int | None) -> str:
    return "–" if count is None else str(count)


def _rounded(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def _when(moment: Any, zone: Any) -> str:
    return f"{pd.Timestamp(moment).tz_convert(zone):%Y-%m-%d %H:%M}"
