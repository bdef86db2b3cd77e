"""Texts of a shutoff, drafted from its situation in three languages; a person edits them before release."""

from collections.abc import Callable, Mapping

from gisapp.reports.situation import Situation
from gisapp.reports.texts.edition import Edition, released
from gisapp.reports.texts.lists import fire_note, posting_list
from gisapp.reports.texts.notice import notice, variant_of
from gisapp.reports.texts.phrases import Issuer
from gisapp.reports.texts.report import report
from gisapp.reports.texts.sms import Length, sms, sms_length
from gisapp.reports.texts.text import Listing, Section, Text, text_of

DRAFTS: Mapping[str, Callable[[Situation, str, Issuer], Text]] = {
    "shutoff_notice": notice,
    "report_up": report,
    "posting_list": posting_list,
    "sms": sms,
    "fire_note": fire_note,
}
"""For every kind of notice what drafts it."""


def draft(kind: str, situation: Situation, language: str, issuer: Issuer) -> Text:
    """Return the draft of a text, numbers filled in; what only people know stands in square brackets.

    Parameters
    ----------
    kind
        One of :data:`gisapp.tables.NOTICE_KINDS`.
    language
        ``zh-Hans``, ``zh-Hant`` or ``en``.

    Raises
    ------
    InputError
        When the situation has no such text.
    """
    return DRAFTS[kind](situation, language, issuer)


__all__ = [
    "DRAFTS",
    "Edition",
    "Issuer",
    "Length",
    "Listing",
    "Section",
    "Situation",
    "Text",
    "draft",
    "released",
    "sms_length",
    "text_of",
    "variant_of",
]
