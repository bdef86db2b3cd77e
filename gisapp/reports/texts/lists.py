"""The posting list for those who hang notices, and the note to the fire service."""

from __future__ import annotations

import pandas as pd

from gisapp.reports.situation import Situation
from gisapp.reports.texts import phrases
from gisapp.reports.texts.phrases import Issuer
from gisapp.reports.texts.speech import Speech
from gisapp.reports.texts.text import Listing, Section, Text


def posting_list(situation: Situation, language: str, issuer: Issuer) -> Text:
    """Return where the notice hangs: every community that is touched, with its buildings (Art. 17)."""
    speech = Speech(language, situation.utility)
    houses, users = situation.lost.buildings, situation.lost.customers
    rows = []
    for number, row in enumerate(situation.lost.communities.to_dict("records"), start=1):
        names = houses.loc[houses["community_code"] == row["code"], "name"].dropna()
        mine = users[(users["community_code"] == row["code"]) & users["way"].isin(("isolated", "unintended"))]
        rows.append(
            (
                str(number),
                str(row["name"]),
                speech.say("posting_buildings", buildings=speech.buildings(list(names)), count=row["buildings"]),
                speech.number(row["households"]),
                speech.kinds(mine["critical"].dropna()) or "–",
                ""
                if pd.isna(row["posted_at"])
                else speech.short(row["posted_at"].tz_convert(situation.made_at.tzinfo)),
                "" if pd.isna(row["posted_by"]) else str(row["posted_by"]),
            )
        )
    total = speech.say(
        "posting_total",
        communities=len(rows),
        buildings=speech.number(int(situation.lost.communities["buildings"].sum())),
        households=speech.number(int(situation.lost.communities["households"].sum())),
    )
    columns = tuple(speech.say(f"column_{name}") for name in _POSTING)
    course = situation.course
    when = speech.span(None, None) if course is None else speech.span(course.begins, course.ends)
    lead = (speech.say("posting_lead", place=phrases.place(situation, speech), span=when), speech.say("posting_how"))
    elsewhere = situation.lost.elsewhere
    more = (speech.say("posting_elsewhere", count=elsewhere),) if elsewhere else ()
    sections = (
        Section(paragraphs=lead, listing=Listing(columns, tuple(rows))),
        Section(paragraphs=(total, *more, issuer.name or speech.blank)),
    )
    return Text("posting_list", language, phrases.titled(situation, speech, speech.say("posting")), sections)


_POSTING = ("number", "community", "buildings", "households", "critical", "posted_at", "posted_by")


def fire_note(situation: Situation, language: str, issuer: Issuer) -> Text:
    """Return the note to the fire service: which hydrants are out, where, how long, which are nearest with water."""
    speech = Speech(language, situation.utility)
    course = situation.course
    count = situation.total("hydrants")
    sections = [
        Section(
            paragraphs=(
                speech.say("fire_to"),
                speech.say(
                    "fire_lead",
                    reason=phrases.reason(situation, speech),
                    place=phrases.place(situation, speech),
                    span=speech.span(None, None) if course is None else speech.span(course.begins, course.ends),
                ),
                speech.say("fire_out", count=count) if count else speech.say("fire_none"),
            )
        )
    ]
    if count:
        rows = tuple((row.code, row.place.words(language) or "–") for row in situation.hydrants.itertuples())
        columns = (speech.say("column_hydrant"), speech.say("column_place"))
        sections.append(Section(speech.say("head_out"), listing=Listing(columns, rows)))
    if len(situation.hydrants_left):
        sections.append(_nearest(situation, speech))
    users = phrases.critical(situation, speech)
    if users:
        sections.append(Section(speech.say("head_critical"), paragraphs=(users,)))
    sections.append(Section(speech.say("contact"), paragraphs=phrases.signed(situation, speech, issuer)))
    return Text("fire_note", language, phrases.titled(situation, speech, speech.say("fire")), tuple(sections))


def _nearest(situation: Situation, speech: Speech) -> Section:
    """Return the nearest hydrants that keep their water."""
    rows = tuple(
        (row.code, row.place.words(speech.language) or "–", f"{row.distance_m:.0f} m")
        for row in situation.hydrants_left.itertuples()
    )
    columns = tuple(speech.say(f"column_{name}") for name in ("hydrant", "place", "distance"))
    return Section(speech.say("head_left"), listing=Listing(columns, rows))
