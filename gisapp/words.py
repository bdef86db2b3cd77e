"""Words shown to people, in zh-Hans, zh-Hant and English under one key.

The catalogs are gettext files, ``gisapp/locale/<language>/<room>.po``; a key is ``room.word`` and
stands in every language. Traditional Chinese is written by hand from the field's glossary.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import read_po

LANGUAGES = ("zh-Hans", "zh-Hant", "en")


@cache
def catalog(language: str) -> dict[str, str]:
    """Return every key of a language with its words."""
    words: dict[str, str] = {}
    folder = resources.files("gisapp") / "locale" / language
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".po"):
            with file.open("rb") as stream:
                words.update({str(entry.id): str(entry.string) for entry in read_po(stream) if entry.id})
    return words


def word(key: str, language: str, **values: object) -> str:
    """Return the words of ``key`` in ``language`` with ``{placeholders}`` filled in.

    Raises
    ------
    KeyError
        When the catalog lacks the key: a missing translation is a fault, not a fallback.

    Examples
    --------
    >>> word("table.grids", "zh-Hant")
    '網格'
    """
    text = catalog(language)[key]
    return text.format(**values) if values else text


def utility_word(key: str, utility: str, language: str, /, **values: object) -> str:
    """Return the words of ``key`` in a utility's own terms, where it has them under ``key_<utility>``.

    To isolate, a valve is closed but a switch is opened.

    Examples
    --------
    >>> utility_word("page.valves", "water", "en"), utility_word("page.valves", "power", "en")
    ('valves to close', 'switches to open')
    """
    own = f"{key}_{utility}"
    return word(own if own in catalog(language) else key, language, **values)


def term(kind: str, value: str, language: str) -> str:
    """Return the words for a value that a file may have brought in: our words where we have them, else the value.

    Examples
    --------
    >>> term("material", "pe", "en"), term("material", "bamboo", "en")
    ('PE', 'bamboo')
    """
    return catalog(language).get(f"{kind}.{value}", value)


def share_text(share: float) -> str:
    """Return a share in per cent; what is not quite all or nothing is not rounded to it, and NaN is a dash."""
    if math.isnan(share):
        return "–"
    return f"{100 * share:.0f} %" if share in (0.0, 1.0) else f"{min(max(100 * share, 0.1), 99.9):.1f} %"


def language_of(wanted: list[str]) -> str:
    """Return the first language of ``wanted`` (as a browser sends them) that we speak; English if none.

    ``zh-TW``, ``zh-HK`` and ``zh-MO`` are zh-Hant, every other Chinese is zh-Hans.

    Examples
    --------
    >>> language_of(["zh-TW", "en"])
    'zh-Hant'
    """
    for tag in wanted:
        try:
            locale = Locale.parse(tag.strip(), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if locale.language == "zh":
            traditional = locale.script == "Hant" or locale.territory in ("TW", "HK", "MO")
            return "zh-Hant" if traditional else "zh-Hans"
        if locale.language == "en":
            return "en"
    return "en"
