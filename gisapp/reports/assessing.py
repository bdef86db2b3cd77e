"""The sheet of an assessment in words: the facts of a span, the rates of the clocks, and what the parts weigh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from gisapp.reports.texts.text import Listing, Section, Text
from gisapp.words import word

_WORK = ("incidents", "closed", "reopened", "arrival_n", "arrival_median_min", "arrival_p90_min")
_REPAIR = ("repair_n", "repair_median_h", "repair_p90_h")
_SAID = ("asked", "reached", "satisfied", "satisfaction", "complete", "completeness")
_CLOCK = ("clock", "met", "breached", "open", "not_judged", "n", "rate", "extended_rate")
_SHARES = ("satisfaction", "completeness", "rate", "extended_rate", "share")


def assessment_text(
    facts: pd.DataFrame, rates: pd.DataFrame, weights: Mapping[str, float], *, by: str, span: str, language: str
) -> Text:
    """Return the sheet of an assessment: the figures of the tables, every one with the number that it rests on.

    Parameters
    ----------
    facts, rates
        :func:`gisapp.incidents.assessment.assessment`, where persons scored with ``score`` and ``scorers``, and
        :func:`gisapp.incidents.assessment.clock_rates`, by the same subjects.
    weights
        The share of every part of a score.
    by, span
        What the subjects are, and the month, quarter or year.
    """

    def say(key: str, **values: object) -> str:
        return word(f"assess.{key}", language, **values)

    scored = ("score", "scorers") if "score" in facts.columns else ()
    sections = [
        Section(say("work"), (say("note"),), listing=_listing(facts, ("subject", *_WORK, *_REPAIR), say)),
        Section(say("said"), listing=_listing(facts, ("subject", *_SAID, *scored), say)),
        Section(say("clocks"), (say("clocks_note"),), listing=_listing(rates, ("subject", *_CLOCK), say)),
    ]
    if weights:
        table = pd.DataFrame({"part": list(weights), "share": list(weights.values())})
        table["part"] = [say(f"part_{name}") for name in table["part"]]
        sections.append(Section(say("weights"), listing=_listing(table, ("part", "share"), say)))
    return Text("assessment", language, say("title", span=span, by=say(f"by_{by}")), tuple(sections))


def _listing(frame: pd.DataFrame, columns: tuple[str, ...], say: Callable[..., str]) -> Listing:
    """Return columns of a frame as a table in words."""
    rows = tuple(tuple(_cell(name, row[name]) for name in columns) for row in frame.to_dict("records"))
    return Listing(tuple(say(f"column_{name}") for name in columns), rows)


def _cell(name: str, value: Any) -> str:
    """Return a value: shares in per cent, times and scores with one decimal, counts whole; a dash for none."""
    if pd.isna(value):
        return "–"
    if name in _SHARES:
        return f"{100 * value:.1f} %"
    if isinstance(value, float) and not (name in ("scorers", *_WORK[:4]) or name.endswith("_n") or name in _SAID):
        return f"{value:.1f}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)
