"""How texts say numbers, moments and places: in a language, in the store's zone, in a utility's own terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from babel.units import format_unit

from gisapp.reports.texts.condensed import condensed
from gisapp.words import catalog, term, utility_word, word

_LOCALES = {"zh-Hans": "zh_Hans_CN", "zh-Hant": "zh_Hant_TW", "en": "en_GB"}
_OWN = ("off", "supply")


@dataclass(frozen=True)
class Speech:
    """A language and a utility, and how a text speaks in them."""

    language: str
    utility: str

    def say(self, key: str, **values: object) -> str:
        """Return the words of ``texts.<key>``, in the utility's own where it has them, its terms filled in."""
        own = f"texts.{key}_{self.utility}"
        chosen = own if own in catalog(self.language) else f"texts.{key}"
        terms = {name: word(f"texts.{name}_{self.utility}", self.language) for name in _OWN}
        return word(chosen, self.language, **(terms | values))

    def lines(self, key: str) -> tuple[str, ...]:
        """Return the lines of a list of advice; empty where the utility has none."""
        own = f"texts.{key}_{self.utility}"
        return tuple(word(own, self.language).splitlines()) if own in catalog(self.language) else ()

    @property
    def blank(self) -> str:
        """Return the mark of what a person has to fill in."""
        return word("texts.blank", self.language)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number."""
        return str(format_decimal(round(value, digits), locale=self._locale))

    def day(self, moment: datetime) -> str:
        """Return the day with its weekday."""
        return str(format_date(moment, word("texts.pattern_day", self.language), locale=self._locale))

    def clock(self, moment: datetime) -> str:
        """Return hour and minute."""
        return str(format_time(moment, "HH:mm", locale=self._locale))

    def moment(self, moment: datetime | pd.Timestamp | None) -> str:
        """Return day and time, the blank where there is none."""
        return self._written(moment, "pattern_moment")

    def short(self, moment: datetime | pd.Timestamp | None, *, after: datetime | None = None) -> str:
        """Return month, day and time, as a text message says it; the time alone on the day of ``after``."""
        same_day = moment is not None and after is not None and moment.date() == after.date()
        return self.clock(moment) if same_day and moment is not None else self._written(moment, "pattern_short")

    def _written(self, moment: datetime | pd.Timestamp | None, pattern: str) -> str:
        if moment is None or pd.isna(moment):
            return self.blank
        return str(format_datetime(moment, word(f"texts.{pattern}", self.language), locale=self._locale))

    def span(self, start: datetime | None, end: datetime | None) -> str:
        """Return from when to when, the day once where it is one."""
        if start is not None and end is not None and start.date() == end.date():
            day, clocks = self.day(start), (self.clock(start), self.clock(end))
            return self.say("span_day", day=day, start=clocks[0], end=clocks[1])
        return self.say("span", start=self.moment(start), end=self.moment(end))

    def duration(self, length: timedelta | None) -> str:
        """Return hours and minutes."""
        if length is None:
            return self.blank
        hours, minutes = divmod(round(length.total_seconds() / 60), 60)
        parts = [(hours, "duration-hour"), (minutes, "duration-minute")]
        said = [format_unit(count, unit, "long", locale=self._locale) for count, unit in parts if count]
        if self.language == "en":
            return " ".join(said) or "0 minutes"
        return "".join(said).replace(" ", "") or word("texts.no_time", self.language)

    def row(self, things: Iterable[str]) -> str:
        """Return things in a row, without an ``and``."""
        return word("texts.comma", self.language).join(things)

    def apart(self, parts: Iterable[str]) -> str:
        """Return parts that are rows themselves."""
        return word("texts.semicolon", self.language).join(parts)

    def buildings(self, names: Sequence[str]) -> str:
        """Return names of buildings, those that only count on drawn together."""
        return self.row(condensed(names))

    def size(self, kind: str, diameter_mm: float | None, count: int) -> str:
        """Return how many devices of a size, such as ``DN300×2``; by kind where they have no diameter."""
        known = diameter_mm is not None and not pd.isna(diameter_mm)
        return f"{f'DN{diameter_mm:.0f}' if known else word(f'emergency.kind_{kind}', self.language)}×{count}"

    def kinds(self, kinds: Iterable[str]) -> str:
        """Return critical users by kind with how many of each there are."""
        counts = pd.Series(list(kinds), dtype="str").value_counts(sort=False)
        return self.row(self.say("kind_count", kind=self.critical(kind), count=count) for kind, count in counts.items())

    def action(self, action: str) -> str:
        """Return a step of an operation."""
        return utility_word(f"operation.action.{action}", self.utility, self.language)

    def critical(self, kind: object) -> str:
        """Return a kind of critical user."""
        return word(f"critical.{kind}", self.language)

    def material(self, value: str) -> str:
        """Return a material."""
        return term("material", value, self.language)

    @property
    def _locale(self) -> str:
        return _LOCALES[self.language]
