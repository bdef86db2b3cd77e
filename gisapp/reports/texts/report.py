"""The report to the superior: initial, update or final, with every figure that the situation knows filled in.

What only people know stands as a blank: injuries, traffic, water quality, needs, who reports and approves.
"""

from __future__ import annotations

import pandas as pd

from gisapp.reports.situation import Situation
from gisapp.reports.texts import phrases
from gisapp.reports.texts.phrases import Issuer
from gisapp.reports.texts.speech import Speech
from gisapp.reports.texts.text import Listing, Section, Text

_OVER = ("restored", "answered", "closed", "cancelled")


def report(situation: Situation, language: str, issuer: Issuer) -> Text:
    """Return the draft of the next report."""
    speech = Speech(language, situation.utility)
    course = situation.course
    sent = 0 if course is None else course.reports
    if course is not None and course.status in _OVER and sent:
        stage = speech.say("stage_final")
    else:
        stage = speech.say("stage_update", number=sent) if sent else speech.say("stage_initial")
    planned = course is not None and course.kind == "planned"
    title = speech.say("report_planned" if planned else "report", stage=stage)
    rows = [*_head(situation, speech, issuer), *_what(situation, speech), *_who(situation, speech)]
    rows += [*_work(situation, speech), *_open(speech)]
    columns = (speech.say("column_field"), speech.say("column_content"))
    table = Listing(columns, tuple((speech.say(f"row_{key}"), content) for key, content in rows))
    return Text("report_up", language, phrases.titled(situation, speech, title), (Section(listing=table),))


def _head(situation: Situation, speech: Speech, issuer: Issuer) -> list[tuple[str, str]]:
    """Return what identifies the report."""
    course = situation.course
    codes = [] if course is None else [course.code, course.incident_code or ""]
    return [
        ("event", " / ".join(code for code in codes if code) or speech.blank),
        ("made", speech.moment(situation.made_at)),
        ("from", speech.say("reporter", unit=issuer.name or speech.blank, blank=speech.blank)),
        ("commander", (None if course is None else course.commander) or speech.blank),
    ]


def _what(situation: Situation, speech: Speech) -> list[tuple[str, str]]:
    """Return what happened where, and what is shut."""
    course, site = situation.course, situation.site
    where = phrases.place(situation, speech)
    if not pd.isna(site.lon):
        where = speech.say("where", place=where, lat=f"{site.lat:.5f}", lon=f"{site.lon:.5f}", grid=site.grid or "–")
    stuck = list(situation.unusable["code"])
    closed = phrases.valves(situation, speech)
    if stuck:
        closed = speech.say("with_stuck", valves=closed, codes=speech.row(stuck))
    if not situation.answer.isolated_possible:
        closed = speech.say("cannot_isolate", valves=closed)
    return [
        ("place", where),
        ("opened", speech.moment(None if course is None else course.opened_at)),
        ("cause", speech.say("cause", reason=phrases.reason(situation, speech))),
        ("pipe", phrases.pipes(situation, speech)),
        ("valves", closed),
        ("area", _area(situation, speech)),
    ]


def _area(situation: Situation, speech: Speech) -> str:
    """Return roads and communities."""
    parts = [speech.row(phrases.roads(situation, speech)), speech.row(phrases.communities(situation, speech))]
    return speech.apart(part for part in parts if part) or "–"


def _who(situation: Situation, speech: Speech) -> list[tuple[str, str]]:
    """Return who is without supply."""
    users = situation.lost.critical
    kinds = phrases.critical(situation, speech)
    mine = users[users["way"].isin(("isolated", "unintended"))]
    told, helped = int(mine["told_at"].notna().sum()), int(mine["alternative_at"].notna().sum())
    people = phrases.numbers(situation, speech)
    if situation.long_households is not None:
        people = speech.say("people_long", people=people, households=speech.number(situation.long_households))
    weak = [said for said in (phrases.storage(situation, speech), phrases.reduced(situation, speech)) if said]
    rows = [
        ("people", speech.apart([people, *weak])),
        (
            "critical",
            speech.say("critical_told", kinds=kinds, told=told, helped=helped) if kinds else speech.say("none"),
        ),
    ]
    return rows + ([("hydrants", _hydrants(situation, speech))] if situation.utility == "water" else [])


def _hydrants(situation: Situation, speech: Speech) -> str:
    """Return how many hydrants are out, and when the fire service was told."""
    count = situation.total("hydrants")
    if not count:
        return speech.say("none")
    told = None if situation.course is None else situation.course.told.get("inform_fire_service")
    key = "hydrants_told" if told else "hydrants_untold"
    return speech.say(key, count=count, at=speech.moment(told) if told else "")


def _work(situation: Situation, speech: Speech) -> list[tuple[str, str]]:
    """Return what was done, what could feed from elsewhere, and what is expected."""
    course = situation.course
    crews = [] if course is None else course.crews.to_dict("records")
    sent = [speech.say("crew", code=row["code"], at=speech.short(row["at"])) for row in crews]
    feeds = [
        speech.say("feed", code=row["code"], households=speech.number(row["households"]))
        for row in situation.restoration.head(3).to_dict("records")
        if row["households"]
    ]
    supplies = [] if course is None else list(course.supplies)
    feeding = [speech.say("unchecked", feeds=speech.row(feeds))] if feeds else []
    return [
        ("measures", _measures(situation, speech)),
        ("crews", speech.row(sent) or speech.blank),
        ("alternative", speech.apart([*feeding, *supplies]) or speech.say("none")),
        ("etr", _expected(situation, speech)),
    ]


def _measures(situation: Situation, speech: Speech) -> str:
    """Return the steps that superiors ask for, with their times."""
    course = situation.course
    if course is None:
        return speech.blank
    shown = course.timeline[course.timeline["action"].isin(_TOLD)]
    steps = [
        speech.say("step", action=speech.action(str(row["action"])), at=speech.short(row["at"]))
        for row in shown.to_dict("records")
    ]
    return speech.row([*steps, speech.blank])


_TOLD = ("order", "start_closing", "cut_off", "inform_dispatch", "publish", "finish_work", "refill", "restore")


def _expected(situation: Situation, speech: Speech) -> str:
    """Return when supply came back or is expected, with every earlier estimate."""
    course = situation.course
    if course is None:
        return speech.blank
    if course.restored_at is not None:
        return speech.say(
            "was_restored", at=speech.moment(course.restored_at), duration=speech.duration(course.expected)
        )
    earlier = [speech.short(moment) for moment in course.etrs["etr"][:-1]]
    latest = speech.moment(course.ends)
    return speech.say("etr_earlier", latest=latest, earlier=speech.row(earlier)) if earlier else latest


def _open(speech: Speech) -> list[tuple[str, str]]:
    """Return what only people know."""
    asked = ("quality", "traffic", "injuries", "needs", "next")
    return [(key, speech.blank) for key in asked if key != "quality" or speech.utility == "water"]
