"""The event line: what, where, since when, under whose command; and the verdict, whether it can be isolated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.deeds import actor
from dashboards.emergency.opening import opening_buttons
from dashboards.emergency.parts import chip, clock, dn, joined
from dashboards.emergency.standing import Standing
from dashboards.emergency.steps import amending, next_steps
from gisapp.reports.course import Course
from gisapp.words import term, utility_word, word


def event_line(standing: Standing, zone: ZoneInfo, spoken: str) -> Component:
    """Return the line above everything: of a record, or of a burst that is only tried out."""
    course = standing.situation.course
    sign = html.Span(shell.icon(shell.UTILITY_ICONS[standing.utility]), className=f"sign {standing.utility}")
    if course is None:
        head = [html.Strong(word("emergency.what_if", spoken)), html.Span(pipe_codes(standing))]
        buttons = [*_of_trial(standing, spoken), *opening_buttons(standing, spoken)]
    else:
        kind = utility_word(f"operation.kind.{course.kind}", standing.utility, spoken)
        head = [
            html.Strong(course.code),
            html.Span(utility_word(f"operation.status.{course.status}", standing.utility, spoken), className="status"),
            html.Span(kind),
        ]
        buttons = [*next_steps(standing, spoken), *amending(standing, zone, spoken), _back(spoken)]
    where = html.Span(joined(_place(standing, spoken), _about(standing, spoken)), className="quiet where")
    return html.Div(
        [
            sign,
            html.Div([html.Div(head, className="what"), where], className="told"),
            *([] if course is None else _times(course, standing, spoken)),
            html.Div(buttons, className="buttons"),
        ],
        className="event-line",
    )


def verdict(standing: Standing, spoken: str) -> list[Component]:
    """Return whether it can be isolated, in one line; what was without supply before has nothing to isolate."""
    answer = standing.answer
    keys = [note.key for note in answer.warnings]
    if not answer.isolated_possible:
        codes = ", ".join(answer.sources_inside["code"])
        tone, words = "bad", word("emergency.impossible", spoken, codes=codes)
    elif "network.no_source" in keys:
        tone, words = "warn", word("network.no_source", spoken)
    elif "network.was_dry" in keys:
        tone, words = "warn", utility_word("emergency.was_dry", answer.utility, spoken)
    elif standing.operation is not None:
        done, count = standing.situation.valves_done, len(answer.must_close)
        tone = "good" if done == count else "under-way"
        words = utility_word("emergency.closed_of", answer.utility, spoken, done=done, count=count)
    else:
        tone = "good"
        words = utility_word("emergency.possible", answer.utility, spoken, count=len(answer.must_close))
    sign = shell.icon({"good": "circle-check", "under-way": "clock"}.get(tone, "alert-triangle"))
    said = ("network.cannot_isolate", "network.was_dry", "network.no_source")
    notes = [html.P(note.words(spoken), className="note") for note in answer.warnings if note.key not in said]
    return [html.P([sign, words], className=f"verdict {tone}"), *notes, *_trunks(standing, spoken)]


def _trunks(standing: Standing, spoken: str) -> list[Component]:
    """Return whom the shutoff of a trunk concerns as well."""
    names = standing.situation.unit_names({"zh-Hans": "name_hans", "zh-Hant": "name_hant", "en": "name_en"}[spoken])
    said = [
        (word("operation.trunk_shut", spoken, unit=names.get(rule.unit, rule.unit)), rule.article)
        for rule in standing.situation.trunks
    ]
    return [html.P(words, className="note", title=article) for words, article in said]


def drill_band(course: Course | None, spoken: str) -> Component | None:
    """Return the band over the whole screen while a drill is shown."""
    if course is None or not course.drill:
        return None
    return drill_sign(spoken)


def drill_sign(spoken: str) -> Component:
    """Return the band itself."""
    return html.Div(html.Strong(word("emergency.drill_band", spoken)), className="drill-band", role="status")


def pipe_codes(standing: Standing) -> str:
    """Return the codes of the links that are shut, each with the place along it where that is known."""
    rows = standing.situation.pipes[["code", "measure_m"]].to_dict("records")
    return ", ".join(_placed(row) for row in rows)


def _placed(row: Mapping[Any, Any]) -> str:
    return row["code"] if pd.isna(row["measure_m"]) else f"{row['code']}@{row['measure_m']:.0f} m"


def _times(course: Course, standing: Standing, spoken: str) -> list[Component]:
    """Return since when it runs or when it is to begin, when it is to end, and who commands."""
    now = standing.situation.made_at
    begun = course.opened_at if course.kind == "emergency" else course.shut_at
    shown: dict[str, tuple[str, dict[str, str]]] = {}
    if begun is not None:
        shown |= {"since": (clock(begun, spoken, today=now), {}), "running": ("", _ticking(course, begun))}
    elif course.planned_start is not None:
        shown["planned_start"] = (clock(course.planned_start, spoken, today=now), {})
    shown["until"] = (clock(course.ends, spoken, today=now) if course.ends else "–", {})
    shown["command"] = (actor(course.commander, spoken) if course.commander else "–", {})
    return [
        html.Div(
            [html.Span(word(f"emergency.event_{name}", spoken), className="label"), html.B(text, **told)],
            className=f"time {name}",
        )
        for name, (text, told) in shown.items()
    ]


def _ticking(course: Course, begun: datetime) -> dict[str, str]:
    """Return since when the browser counts; a restored supply counts no longer."""
    told = {"data-since": begun.isoformat()}
    return told | ({"data-until": course.restored_at.isoformat()} if course.restored_at else {})


def _back(spoken: str) -> Component:
    """Return the button that leaves a record for the list."""
    words = word("emergency.back", spoken)
    return html.Button(
        shell.icon("chevron-left"), className="button", title=words, **{"data-case": "back", "aria-label": words}
    )


def _of_trial(standing: Standing, spoken: str) -> list[Component]:
    """Return the buttons of a burst that is only tried out."""
    return [
        html.Button(
            [shell.icon("plus"), word("emergency.add", spoken)],
            className="button",
            **{"data-case": "adding", "aria-pressed": "false"},
        ),
        html.Button([shell.icon("x"), word("emergency.clear", spoken)], className="button", **{"data-case": "clear"}),
        html.A(
            [shell.icon("download"), word("emergency.print", spoken)],
            href=f"/shutoff.html?{standing.case.address()}&lang={spoken}",
            target="_blank",
            className="button",
        ),
    ]


def _place(standing: Standing, spoken: str) -> str:
    """Return where it is: as the record says, else by the nearest streets; and the grid."""
    site, course = standing.situation.site, standing.situation.course
    said = course.place if course is not None and course.place else site.place.words(spoken)
    return joined(said, word("emergency.in_grid", spoken, grid=site.grid) if site.grid else None)


def _about(standing: Standing, spoken: str) -> str:
    """Return code, size, material and year of the first link, and how many more there are."""
    pipes = standing.situation.pipes.to_dict("records")
    more = word("emergency.more_pipes", spoken, count=len(pipes) - 1) if len(pipes) > 1 else None
    code = _placed(pipes[0]) if standing.operation is not None else None
    return joined(code, *_pipe(pipes[0], spoken), more)


def _pipe(row: Mapping[Any, Any], spoken: str) -> list[str | None]:
    """Return what is known of a link."""
    return [
        dn(row["diameter_mm"]),
        row["rating"] if pd.notna(row["rating"]) else None,
        term("material", row["material"], spoken) if pd.notna(row["material"]) else None,
        word("emergency.laid", spoken, year=row["laid_year"]) if pd.notna(row["laid_year"]) else None,
    ]


def drill_chip(spoken: str) -> Component:
    """Return the mark that a drill bears in lists."""
    return chip(word("operation.drill", spoken), "drill")
