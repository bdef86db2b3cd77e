"""The text message to customers, and how many parts it is sent in."""

from __future__ import annotations

from dataclasses import dataclass

from gisapp.reports.situation import Situation
from gisapp.reports.texts import phrases
from gisapp.reports.texts.notice import variant_of
from gisapp.reports.texts.phrases import Issuer
from gisapp.reports.texts.speech import Speech
from gisapp.reports.texts.text import Section, Text

# 3GPP TS 23.038: the default alphabet, and what takes two places in it.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"
_ALONE = {True: 160, False: 70}
_JOINED = {True: 153, False: 67}


@dataclass(frozen=True)
class Length:
    """How long a message is: characters as the network counts them, parts, and the room in each part."""

    characters: int
    parts: int
    room: int


def sms_length(message: str) -> Length:
    """Return the length of a message: 160 characters alone or 153 a part in Latin letters, else 70 or 67.

    Examples
    --------
    >>> sms_length("停水" * 35), sms_length("停水" * 36).parts
    (Length(characters=70, parts=1, room=70), 2)
    """
    latin = all(letter in _BASIC or letter in _EXTENDED for letter in message)
    if latin:
        count = sum(2 if letter in _EXTENDED else 1 for letter in message)
    else:
        count = len(message.encode("utf-16-be")) // 2
    if count <= _ALONE[latin]:
        return Length(count, 1, _ALONE[latin])
    return Length(count, -(-count // _JOINED[latin]), _JOINED[latin])


def sms(situation: Situation, language: str, issuer: Issuer) -> Text:
    """Return the draft of the text message."""
    speech = Speech(language, situation.utility)
    variant = variant_of(situation)
    begins, ends = (None, None) if situation.course is None else (situation.course.begins, situation.course.ends)
    message = speech.say(
        f"sms_{variant}",
        name=issuer.name or speech.blank,
        reason=phrases.reason(situation, speech),
        place=phrases.place(situation, speech),
        start=speech.short(begins),
        end=speech.short(ends, after=begins),
        hotline=issuer.hotline or speech.blank,
    )
    title = phrases.titled(situation, speech, speech.say("sms"))
    return Text("sms", language, title, (Section(paragraphs=(message,)),))
