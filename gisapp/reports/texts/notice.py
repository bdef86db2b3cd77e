"""The shutoff notice for the public: planned, emergency, longer, postponed, cancelled, restored.

Fields as utilities use them; it names areas and kinds of users, never a customer.
"""

from __future__ import annotations

from gisapp.errors import InputError
from gisapp.reports.situation import Situation
from gisapp.reports.texts import phrases
from gisapp.reports.texts.phrases import Issuer
from gisapp.reports.texts.speech import Speech
from gisapp.reports.texts.text import Section, Text

_BACK = ("restored", "answered", "closed")


def variant_of(situation: Situation) -> str:
    """Return which notice fits: planned, emergency, extension, postponed, cancelled or restored.

    Raises
    ------
    InputError
        For an individual shutoff (arrears): a notice would name the customer.
    """
    course = situation.course
    if course is None:
        return "emergency"
    if course.kind == "individual":
        raise InputError(
            f"{course.code} shuts off individual customers", todo="tell them in person; there is no public text"
        )
    if course.status in ("cancelled", "postponed"):
        return course.status
    if course.status in _BACK:
        return "restored"
    return "extension" if course.later else course.kind


def notice(situation: Situation, language: str, issuer: Issuer) -> Text:
    """Return the draft of a shutoff notice."""
    speech = Speech(language, situation.utility)
    variant = variant_of(situation)
    sections = [Section(paragraphs=(speech.say("dear"), _lead(situation, speech, variant)))]
    if variant in ("planned", "emergency", "extension"):
        sections.append(_times(situation, speech, variant))
    sections.append(_area(situation, speech))
    sections += _advice(situation, speech, variant)
    sections.append(Section(speech.say("contact"), paragraphs=phrases.signed(situation, speech, issuer)))
    title = speech.say(f"notice_{variant}")
    return Text("shutoff_notice", language, phrases.titled(situation, speech, title), tuple(sections))


def _lead(situation: Situation, speech: Speech, variant: str) -> str:
    """Return the sentence that says what it is about."""
    course = situation.course
    return speech.say(
        f"lead_{variant}",
        reason=phrases.reason(situation, speech),
        place=phrases.place(situation, speech),
        span=speech.span(None, None) if course is None else speech.span(course.planned_start, course.planned_end),
        first=speech.moment(None if course is None else course.first_end),
        end=speech.moment(None if course is None else course.ends),
    )


def _times(situation: Situation, speech: Speech, variant: str) -> Section:
    """Return from when to when, and what may move it."""
    course = situation.course
    begins, ends = (None, None) if course is None else (course.begins, course.ends)
    lines = [speech.span(begins, ends)]
    if course is not None and course.expected is not None and variant == "planned":
        lines.append(speech.say("lasts", duration=speech.duration(course.expected)))
    lines.append(speech.say("may_move" if variant == "planned" else "may_move_emergency"))
    return Section(speech.say("head_times"), paragraphs=tuple(lines))


def _area(situation: Situation, speech: Speech) -> Section:
    """Return where supply is off, by road and by community, and where it only weakens."""
    points = [
        *(speech.say("area_road", road=road) for road in phrases.roads(situation, speech)),
        *(speech.say("area_community", community=community) for community in phrases.communities(situation, speech)),
    ]
    weak = [said for said in (phrases.storage(situation, speech), phrases.reduced(situation, speech)) if said]
    paragraphs = (speech.say("area_households", households=speech.number(situation.total("households"))),)
    return Section(
        speech.say("head_area"),
        paragraphs=paragraphs,
        points=(*points, *weak, *speech.lines("area_weak")),
    )


def _advice(situation: Situation, speech: Speech, variant: str) -> list[Section]:
    """Return what people should do, where they get supply meanwhile, and what critical users should know."""
    sections = []
    if variant in ("planned", "emergency", "extension"):
        sections.append(Section(speech.say("head_advice"), points=speech.lines("before") + speech.lines("after")))
        supplies = () if situation.course is None else situation.course.supplies
        if supplies:
            sections.append(Section(speech.say("head_supplies"), points=supplies))
        critical = phrases.critical(situation, speech)
        if critical:
            sections.append(Section(speech.say("head_critical"), paragraphs=(speech.say("critical", kinds=critical),)))
    elif variant == "restored":
        sections.append(Section(speech.say("head_advice"), points=speech.lines("after")))
    return sections
