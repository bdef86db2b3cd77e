"""The column of an emergency: where it stands, what is next, who commands, what its level demands, what lies ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.deeds import actor, sentence
from dashboards.emergency.clocks import TONES as CLOCK_TONES
from dashboards.emergency.clocks import until
from dashboards.emergency.commanding.asking import HOLDERS, PEOPLE, step_button
from dashboards.emergency.commanding.board import OVER, Board
from dashboards.emergency.event import drill_chip
from dashboards.emergency.parts import chip, clock, folded, joined, section
from dashboards.map import place_on_map
from dashboards.snapshot import Snapshot
from gisapp.emergencies import FUNCTIONS, POSTS, allowed, recordable, with_reasons
from gisapp.emergencies.model import EventStep, Task
from gisapp.masking import masked_text
from gisapp.words import term, word

MATERIALS = 5
REASONS = {"below_minimum": "warn", "expired": "bad", "check_late": "warn", "expires_soon": "", "check_soon": ""}
"""The colour of what is said of material."""
_QUIET = ("set_level", "cancel")


def head(board: Board, spoken: str) -> Component:
    """Return where it stands, since when, and the steps that may follow: the usual one large."""
    emergency = board.emergency
    ends = emergency.moment("stand_down")
    running = {"data-since": emergency.opened_at.isoformat()} | ({"data-until": ends.isoformat()} if ends else {})
    level = term("level", str(emergency.level), spoken) if emergency.level else word("command.no_level", spoken)
    status = "" if emergency.status in OVER else "bad"
    commander = emergency.commander
    who = board.person(commander) if commander else word("command.nobody", spoken)
    back = word("emergency.back", spoken)
    line = [
        html.Button(
            shell.icon("chevron-left"),
            className="button alone",
            title=back,
            **{"data-case": "back", "aria-label": back},
        ),
        html.Strong(emergency.code),
        html.Span(word(f"command.status.{emergency.status}", spoken), className=f"badge {status}"),
        drill_chip(spoken) if emergency.drill else None,
    ]
    place = None if emergency.place is None else masked_text(emergency.place)
    told = joined(masked_text(emergency.summary), place)
    shown: list[tuple[str, Any, str]] = [
        (word("command.runs", spoken), html.Span(**running), ""),
        (word("command.level", spoken), level, ""),
        (sentence(word("command.post.commander", spoken)), who, "" if commander else "bad"),
    ]
    facts = html.Dl(
        [html.Div([html.Dt(name), html.Dd(said)], className=tone) for name, said, tone in shown], className="facts"
    )
    parts = [
        html.Div(line, className="head"),
        html.P(told),
        facts,
        html.Div(_moves(board, spoken), className="buttons"),
    ]
    return html.Section(parts, className="event-head", id="emergency-at-event")


def _moves(board: Board, spoken: str) -> list[Component]:
    """Return the buttons of what may follow; while nobody commands, that one is appointed comes first."""
    emergency = board.emergency
    plans = [(str(row["code"]), f"{row['code']} {row['title']}") for row in board.around.plans.to_dict("records")]
    moves = [name for name in allowed(emergency) if not (name == "activate" and emergency.commander is None)]
    facts = [name for name in ("first_response", "set_level", "report_up", "remark") if name in recordable(emergency)]
    made = []
    if "activate" in allowed(emergency) and emergency.commander is None:
        words = word("command.appoint_commander", spoken)
        made.append(
            step_button("appoint", emergency, spoken, zone=board.zone, look="main", value="commander", words=words)
        )
    main = [name for name in moves if name != "cancel"]
    for name in (*main, *facts, *(name for name in moves if name == "cancel")):
        look = "main" if main and name == main[0] and not made else ""
        made.append(step_button(name, emergency, spoken, plans=plans, zone=board.zone, look=look))
    return [button for button in made if button is not None]


def unknown(code: str, spoken: str) -> Component:
    """Return what is said of an event that the store does not have."""
    words = word("emergency.back", spoken)
    back = html.Button([shell.icon("chevron-left"), words], className="button", **{"data-case": "back"})
    return html.Div(
        [shell.empty(word("command.unknown", spoken, code=code), [word("command.unknown_todo", spoken)]), back]
    )


def demands(board: Board, spoken: str) -> Component | None:
    """Return whom the level wants told and until when, as it is judged now."""
    title = word("command.demands", spoken)
    emergency, rows = board.emergency, board.around.informed
    if emergency.level is None:
        return section("demands", title, html.P(word("command.level_first", spoken), className="quiet"))
    if rows.empty:
        return section("demands", title, html.P(word("command.demands_nothing", spoken), className="quiet"))
    return section(
        "demands", title, html.Ul([_told(row, board, spoken) for row in rows.to_dict("records")], className="lines")
    )


def _told(row: Mapping[Any, Any], board: Board, spoken: str) -> Component:
    tone = CLOCK_TONES[row["state"]]
    row = {name: pd.Timestamp(row[name]) if name in ("due_at", "done_at") else row[name] for name in row}
    state = chip(word(f"duty.state.{row['state']}", spoken), tone)
    inside = [
        html.Span([html.Strong(row["tell"]), state], className="head"),
        html.Span(until(row, board.now, spoken), className="quiet", title=row["article"]),
    ]
    return html.Li(html.Span(inside, className="grows"), className=f"line {tone}")


def rest(board: Board, snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return what stands below: functions with their tasks, the plan, material, measures, what was done."""
    parts = [
        _organisation(board, spoken),
        _measures(board, spoken),
        _plans(board, spoken),
        _materials(board, snapshot, spoken),
        _history(board, spoken),
        *_proposed(board),
    ]
    return [part for part in parts if part is not None]


def _organisation(board: Board, spoken: str) -> Component:
    """Return who holds each function, and its open tasks."""
    emergency = board.emergency
    rows = [_post(post, board, spoken) for post in POSTS]
    order = (
        step_button("order_task", emergency, spoken, zone=board.zone) if "order_task" in recordable(emergency) else None
    )
    return section(
        "organisation", word("command.organisation", spoken), html.Ul(rows, className="lines posts"), beside=order
    )


def _post(post: str, board: Board, spoken: str) -> Component:
    emergency = board.emergency
    holder = emergency.organisation.get(post)
    who = board.person(holder) if holder else word("command.nobody", spoken)
    tasks = [one for one in emergency.tasks if one.whose == post]
    given = [_task("finish_task", one, board, spoken) for one in tasks if one.done_at is None]
    done = len(tasks) - len(given)
    count = (
        html.Span(word("command.tasks_done", spoken, done=done, count=len(tasks)), className="quiet") if tasks else None
    )
    appoint = None
    if "appoint" in recordable(emergency):
        words = word("command.change" if holder else "command.appoint", spoken)
        appoint = step_button("appoint", emergency, spoken, zone=board.zone, value=post, words=words)
    told = html.Span(
        [
            html.Span(sentence(word(f"command.post.{post}", spoken)), className="quiet"),
            html.Strong(who) if holder else html.Span(who, className="quiet"),
            count,
        ],
        className="head",
    )
    row = html.Div([told, appoint], className="post")
    inside = [row, html.Ul(given, className="lines tasks")] if given else [row]
    return html.Li(inside, className="line wraps" + (" warn" if post == "commander" and not holder else ""))


def _task(finish: str, task: Task, board: Board, spoken: str) -> Component:
    """Return one task or measure that is open, with the button that ends it."""
    late = task.overdue(board.now.date())
    due = None if task.due is None else word("command.until", spoken, day=task.due.isoformat())
    whose = board.person(task.whose) if task.whose not in FUNCTIONS else None
    said = html.Span(joined(whose, due), className="quiet") if whose or due else None
    told = [
        html.Span(
            [html.Strong(masked_text(task.words)), chip(word("command.overdue", spoken), "bad") if late else None],
            className="head",
        ),
        said,
    ]
    button = None
    if finish in recordable(board.emergency):
        button = step_button(
            finish, board.emergency, spoken, subject=str(task.number), words=word("command.done", spoken)
        )
    return html.Li([html.Span(told, className="grows"), button], className="line bad" if late else "line")


def _measures(board: Board, spoken: str) -> Component | None:
    """Return what is to be done after the evaluation: who, until when, and what is over its day."""
    emergency = board.emergency
    if not emergency.measures and "plan_measure" not in recordable(emergency):
        return None
    rows = [_task("finish_measure", one, board, spoken) for one in emergency.measures if one.done_at is None]
    ended = [
        html.Li(
            [html.Span(masked_text(one.words), className="grows"), chip(word("command.is_done", spoken), "good")],
            className="line",
        )
        for one in emergency.measures
        if one.done_at is not None
    ]
    nothing = html.P(word("command.no_measures", spoken), className="quiet")
    listed = html.Ul([*rows, *ended], className="lines") if rows or ended else nothing
    add = (
        step_button("plan_measure", emergency, spoken, zone=board.zone)
        if "plan_measure" in recordable(emergency)
        else None
    )
    return section("measures", word("command.measures", spoken), listed, beside=add)


def _plans(board: Board, spoken: str) -> Component:
    """Return the plans of its type, the one that was started marked."""
    started = [one.subject for one in board.emergency.steps if one.action == "activate"]
    rows = []
    for row in board.around.plans.to_dict("records"):
        kept = None if pd.isna(row["kept"]) else str(row["kept"])
        mark = chip(word("command.started", spoken), "good") if row["code"] in started else None
        told = [
            html.Span([html.Strong(row["title"]), mark], className="head"),
            html.Span(joined(row["code"], kept), className="quiet"),
        ]
        rows.append(html.Li(html.Span(told, className="grows"), className="line"))
    title = word("command.plans", spoken)
    if not rows:
        return section("plans", title, html.P(word("command.no_plans", spoken), className="note"))
    return section("plans", title, *folded(rows, 1, "event-plans", spoken))


def _materials(board: Board, snapshot: Snapshot, spoken: str) -> Component:
    """Return the nearest stores that have material, and what must not be relied on."""
    title = word("command.materials", spoken)
    near = board.around.materials
    if near.empty:
        key = "command.no_place" if board.emergency.spot is None else "command.no_materials"
        return section("materials", title, html.P(word(key, spoken), className="quiet"))
    told = with_reasons(near, now=board.now.to_pydatetime())
    spots = snapshot.store.table("materials").set_index("code").geometry
    rows = [_material(row, spots, board, snapshot, spoken) for row in told.to_dict("records")]
    return section("materials", title, *folded(rows, MATERIALS, "materials", spoken))


def _material(row: Mapping[Any, Any], spots: Any, board: Board, snapshot: Snapshot, spoken: str) -> Component:
    """Return one material: how many are left, what is amiss, in which store, how far."""
    name = " ".join(str(row[part]) for part in ("item", "size") if pd.notna(row[part]))
    measure = row["measure"] if pd.notna(row["measure"]) else ""
    number = f"{row['quantity']:g} {measure}".strip()
    least = None if pd.isna(row["minimum"]) else word("command.minimum", spoken, least=f"{row['minimum']:g}")
    way = word("emergency.by_straight", spoken, km=f"{row['distance_m'] / 1000:,.1f}")
    reasons = [chip(word(f"command.reason.{one}", spoken), REASONS[one]) for one in row["reasons"]]
    spot = spots[row["code"]]
    lng, lat = place_on_map(spot.x, spot.y, snapshot.store.crs, frame=snapshot.frame)
    told = html.Button(
        [
            html.Span([html.Strong(name), html.B(number), *reasons], className="head"),
            html.Span(joined(row["store"], way, least), className="quiet"),
        ],
        className="row",
        title=word("command.on_map", spoken),
        **{"data-lng": f"{lng:.6f}", "data-lat": f"{lat:.6f}"},
    )
    issue = None
    if "issue_material" in recordable(board.emergency):
        words = word("command.take", spoken)
        issue = step_button("issue_material", board.emergency, spoken, subject=row["code"], words=words)
    return html.Li([told, issue], className="line")


def _history(board: Board, spoken: str) -> Component:
    """Return every step, the newest first, folded away."""
    steps = [html.Li(_step(one, board, spoken)) for one in reversed(board.emergency.steps)]
    title = html.Summary(word("command.history", spoken, count=len(steps)))
    return html.Details([title, html.Ul(steps, className="timeline")], id="emergency-at-history")


def _step(step: EventStep, board: Board, spoken: str) -> Sequence[Component]:
    """Return one step: when, what, whom it concerned, by whom."""
    at = clock(pd.Timestamp(step.at).tz_convert(board.zone), spoken, today=board.now)
    note = None if step.note is None else masked_text(step.note)
    done = word(f"command.action.{step.action}", spoken)
    said = joined(_value(step, board, spoken), note, actor(step.actor, spoken))
    return [html.Time(at), html.Span([html.Strong(sentence(done)), " ", html.Span(said, className="quiet")])]


def _value(step: EventStep, board: Board, spoken: str) -> str | None:
    """Return what a step says beside its note."""
    subject, value = step.subject, step.value
    if step.action == "appoint":
        return joined(word(f"command.post.{value}", spoken), board.person(str(subject)))
    if step.action in ("activate", "set_level"):
        return joined(term("level", str(value), spoken), subject)
    if step.action == "report_up":
        return word(f"emergency.report_{value}", spoken)
    if step.action == "order_task":
        return joined(word(f"command.post.{subject}", spoken), value)
    if step.action in ("finish_task", "finish_measure"):
        given = next((one for one in board.emergency.steps if str(one.number) == subject), None)
        return None if given is None or given.note is None else masked_text(given.note)
    if step.action == "plan_measure":
        return joined(board.person(str(subject)), value)
    return joined(subject, value) or None


def _proposed(board: Board) -> list[Component]:
    """Return the persons and units that inputs propose."""
    persons = [html.Option(value=code, label=board.person(code)) for code in board.people["code"]]
    units = [html.Option(value=code, label=name) for code, name in board.units.items()]
    return [html.Datalist(persons, id=PEOPLE), html.Datalist([*units, *persons], id=HOLDERS)]


def tabs(event: str | None, board: Board | None, spoken: str) -> list[Component]:
    """Return the two sides of the panel: what is shut, and the event."""
    level = (
        None if board is None or board.emergency.level is None else term("level", str(board.emergency.level), spoken)
    )
    told = word("command.tab", spoken) if event is None else joined(word("command.tab", spoken), level)
    sides = (("valves", word("command.tab_valves", spoken), "map-2"), ("event", told, "alert-triangle"))
    return [
        html.Button([shell.icon(sign), words], className="side", **{"data-side": name}, role="tab")
        for name, words, sign in sides
    ]
