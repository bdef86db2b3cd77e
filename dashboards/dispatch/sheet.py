"""The sheet of one incident: where it stands, its clocks, both answers, what may follow, every step; masked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import Field, actor, asking, deed
from dashboards.dispatch.actions import actions, merge_button
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.intake import MOST_ALIKE
from dashboards.dispatch.told import (
    action_name,
    alike_told,
    clock_name,
    grid_told,
    moment_told,
    unit_told,
)
from dashboards.scope import sees_clear
from gisapp.incidents import Clock, Incident, alike, allowed, clocks
from gisapp.incidents.seeing import CLEAR_TO
from gisapp.masking import masked_phone, masked_text
from gisapp.reports.waiting import answers_of
from gisapp.tables import masked_account
from gisapp.words import term, word

TONES = {"breached": "bad", "due_soon": "warn", "met": "good"}


def sheet(code: str, desk: Desk, role: str, spoken: str) -> list[Component]:
    """Return the sheet of one incident as a role sees it.

    Raises
    ------
    AccessError
        When the role may not see it.
    InputError
        When there is no such incident.
    """
    incident = desk.incident(code, role)
    beside = desk.beside(incident)
    row = beside[beside["code"] == code].iloc[0]
    answers = answers_of(incident, beside, desk.tables(), desk.book, language=spoken)
    told = clocks(incident, desk.book.at(incident.reported_at), now=datetime.now(UTC), zone=desk.store.zone)
    return [
        _head(incident, row, desk, spoken),
        actions(incident, desk, role, spoken, proposed=answers["unit_code"]),
        *_merging(incident, row, desk, role, spoken),
        _told_clocks(told, desk, spoken),
        _both(incident, answers, desk, spoken),
        _reported(row, desk, spoken, clear=_sees_clear(incident, desk, role)),
        *_group(incident, beside, spoken),
        _history(incident, desk, spoken),
    ]


def _head(incident: Incident, row: pd.Series, desk: Desk, spoken: str) -> Component:
    """Return the code, what it is and where it stands."""
    close = {"data-shut": "true", "aria-label": word("shell.close", spoken)}
    marks = [html.Span(term("mark", name, spoken), className="badge") for name in sorted(incident.standing.marks)]
    drill = [html.Span(word("dispatch.drill", spoken), className="badge warn")] if incident.head["drill"] else []
    again = len(incident.standing.repairs) - 1
    second = [html.Span(word("dispatch.again", spoken, count=again + 1), className="badge warn")] if again else []
    status = html.Span(word(f"layers.status_{incident.status}", spoken), className="badge status")
    return html.Div(
        [
            html.Div(
                [html.H2(desk.category(row, spoken)), html.Button(shell.icon("x"), className="plain", **close)],
                className="heading",
            ),
            html.Div([html.Span(incident.code, className="code"), status, *drill, *second, *marks], className="badges"),
        ],
        className="of-head",
        **{"data-code": incident.code, "data-steps": str(len(incident.steps))},
    )


def _merging(incident: Incident, row: pd.Series, desk: Desk, role: str, spoken: str) -> list[Component]:
    """Return what it may repeat, each of them with a button that merges into it."""
    if "merge" not in allowed(incident, role):
        return []
    rules, others = desk.book.at(incident.reported_at), desk.rows(role)
    same = alike(
        gpd.GeoDataFrame(others[(others["code"] != incident.code).to_numpy()]),
        row["geom"],
        kind=row["type"],
        utility=_text(row["utility"]),
        at=incident.reported_at,
        account=_text(row["customer_code"]),
        within_m=rules.number("duplicate_m"),
        within_h=rules.number("duplicate_h"),
    ).head(MOST_ALIKE)
    if same.empty:
        return []
    title = html.P([shell.icon("alert-triangle"), html.Strong(word("dispatch.alike", spoken, count=len(same)))])
    listed = alike_told(same, desk, spoken, lambda code: merge_button(incident, code, spoken))
    return [html.Div([title, html.Ul(listed)], className="alike")]


def _told_clocks(told: tuple[Clock, ...], desk: Desk, spoken: str) -> Component:
    """Return every clock of every turn of work, by itself."""
    if not told:
        return html.P(word("dispatch.no_clock", spoken), className="quiet")
    several = len({clock.repair for clock in told}) > 1
    rows = [_clock_row(clock, desk, spoken, several=several) for clock in told]
    heads = [html.Th(word(f"dispatch.clock.{name}", spoken), scope="col") for name in ("name", "due", "state")]
    return html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="clocks")


def _clock_row(clock: Clock, desk: Desk, spoken: str, *, several: bool) -> Component:
    zone = desk.store.zone
    turn = [html.Small(word("dispatch.turn", spoken, number=clock.repair))] if several else []
    extended = (
        [html.Small(word("dispatch.extended", spoken, moment=moment_told(clock.extended_to, zone)))]
        if clock.extended_to
        else []
    )
    due = clock.due_at if clock.done_at is None else None
    left = (
        html.Span(className="left", **{"data-due": str(int(due.timestamp() * 1000))})
        if due
        else (html.Span(moment_told(clock.done_at, zone), className="quiet"))
    )
    state = html.Span(term("clock_state", clock.state, spoken), className=f"badge {TONES.get(clock.state, '')}".strip())
    excused = [html.Small(word("dispatch.excused", spoken))] if clock.excused else []
    cite = f"{clock.rule} · {clock.article}"
    return html.Tr(
        [
            html.Th([clock_name(clock.clock, spoken), *turn], scope="row", title=cite),
            html.Td([moment_told(clock.due_at, zone), *extended]),
            html.Td([state, " ", left, *excused]),
        ],
        className=clock.state,
    )


def _both(incident: Incident, answers: dict[str, Any], desk: Desk, spoken: str) -> Component:
    """Return the grid and the unit: what stands in the incident, and what the rules say of it now."""
    units, code = desk.units(spoken), incident.standing.unit_code
    stands = (
        [html.B(units.get(str(code), code))]
        if code
        else [html.Span(word("dispatch.no_unit", spoken), className="badge warn")]
    )
    differs = bool(code and answers["unit_code"] and code != answers["unit_code"])
    said = [html.Div([word("dispatch.rules_say", spoken), *unit_told(answers, desk, spoken)], className="said")]
    grid = incident.head.get("grid_code")
    own = [html.B(grid)] if grid and grid != answers["grid"] else []
    return html.Dl(
        [
            html.Dt(word("dispatch.grid", spoken)),
            html.Dd([*own, *grid_told(answers, spoken)]),
            html.Dt(word("dispatch.unit", spoken)),
            html.Dd([*stands, *said]),
        ],
        className="answers differs" if differs else "answers",
    )


def _sees_clear(incident: Incident, desk: Desk, role: str) -> bool:
    return role in CLEAR_TO and sees_clear(asking(), role, incident, case=desk.case(incident))


def _reported(row: pd.Series, desk: Desk, spoken: str, *, clear: bool) -> Component:
    """Return what was reported, masked, and the button that shows it in clear and writes that down."""
    account, phone = _text(row["customer_code"]), _text(row["reporter_phone"])
    located = _text(row["located_by"])
    lines = {
        "reported_at": moment_told(row["reported_at"].to_pydatetime(), desk.store.zone),
        "channel": word(f"channel.{row['channel']}", spoken),
        "located": term("located", located, spoken) if located else None,
        "account": masked_account(account) if account else None,
        "caller": masked_phone(phone) if phone else None,
        "summary": masked_text(_text(row["summary"]) or "") or None,
    }
    shown = [
        part
        for name, said in lines.items()
        if said
        for part in (html.Dt(word(f"dispatch.{name}", spoken)), html.Dd(said))
    ]
    why = Field("why", word("dispatch.ask.why", spoken), required=True)
    button = deed(
        word("dispatch.clear", spoken),
        {"do": "clear", "code": row["code"]},
        needs=Permission.INCIDENTS_CLEAR,
        ask=[why],
        title=word("dispatch.clear.title", spoken, code=row["code"]),
    )
    shows = [button] if button is not None and clear else []
    return html.Div([html.H3(word("dispatch.report", spoken)), html.Dl(shown), *shows], className="reported")


def clear_told(told: dict[str, Any], spoken: str) -> Component:
    """Return what is personal in one incident."""
    names = ("name", "phone", "reporter_phone", "address", "text")
    lines = [(name, told[name]) for name in names if told.get(name)]
    rows = [part for name, said in lines for part in (html.Dt(word(f"dispatch.clear.{name}", spoken)), html.Dd(said))]
    notes = [html.Dt(word("dispatch.clear.notes", spoken)), html.Dd(" · ".join(told["notes"]))] if told["notes"] else []
    said = html.P(word("dispatch.clear.kept", spoken), className="quiet")
    return html.Div([html.Dl([*rows, *notes]), said], className="in-clear", role="status")


def _group(incident: Incident, beside: gpd.GeoDataFrame, spoken: str) -> list[Component]:
    """Return the reports that were merged with it, and the one they were merged into."""
    main = incident.standing.duplicate_of
    codes = beside.loc[(beside["duplicate_of"] == (main or incident.code)).to_numpy(), "code"].tolist()
    others = [code for code in ([main] if main else []) + codes if code != incident.code]
    if not others:
        return []
    links = [html.Button(code, className="link", **{"data-incident": code}) for code in others]
    return [html.Div([html.H3(word("dispatch.merged_into" if main else "dispatch.merged_here", spoken)), *links])]


def _history(incident: Incident, desk: Desk, spoken: str) -> Component:
    """Return every step, the last one first; what people typed is masked."""
    zone, items = desk.store.zone, []
    for step in reversed(incident.steps):
        what = masked_text(str(step.subject or ("" if step.action in ("import", "register") else step.value or "")))
        who = f"{actor(step.actor, spoken)} ({term('role', step.role, spoken)})"
        said = [html.B(action_name(step.action, spoken)), f" {term('said', what, spoken)}" if what else ""]
        note = [html.P(masked_text(step.note))] if step.note else []
        items.append(
            html.Li(
                [html.Span(moment_told(step.at, zone), className="when"), html.Div([*said, html.Small(who), *note])]
            )
        )
    return html.Div([html.H3(word("dispatch.history", spoken)), html.Ol(items, className="steps")])


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
