"""A situation as lists to work through, in the order in which a commander asks for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gisapp.reports.situation import Situation
from gisapp.reports.texts import phrases
from gisapp.reports.texts.speech import Speech
from gisapp.reports.texts.text import Listing
from gisapp.tables import masked_account
from gisapp.words import utility_word, word

Row = Mapping[Hashable, Any]
NONE = "–"
MOST_FEEDS = 12
MOST_REDUCED = 40
_SHARED = {
    "valves": "page.must_close",
    "unusable": "page.unusable",
    "verify": "page.verify_closed",
    "trips": "emergency.trips",
    "restoration": "page.restoration",
    "critical": "page.critical",
    "ways": "page.ways",
}


@dataclass(frozen=True)
class Part:
    """One list of the brief: a key that names it in links, its title, an explanation (or empty), and the list."""

    key: str
    title: str
    listing: Listing
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """One figure: its name, its value with unit, and a tone: bad, warn or empty."""

    name: str
    value: str
    tone: str = ""


@dataclass(frozen=True)
class _Teller:
    """Says words and values of one situation in one language."""

    situation: Situation
    speech: Speech

    def say(self, key: str, **values: object) -> str:
        return utility_word(f"pack.{key}", self.situation.utility, self.speech.language, **values)

    def part(
        self,
        key: str,
        frame: pd.DataFrame,
        columns: Mapping[str, Callable[[Row], str]],
        *,
        note: str = "",
        most: int | None = None,
    ) -> Part | None:
        """Return a list of a frame's rows, None where there is none; a column is told by a function of the row.

        Of more than ``most`` rows the rest is only counted.
        """
        if frame.empty:
            return None
        heads = tuple(self.say(f"column_{name}") for name in columns)
        shown = frame if most is None else frame.head(most)
        rows = tuple(tuple(tell(row) for tell in columns.values()) for row in shown.to_dict("records"))
        rest = [self.say("more", count=len(frame) - len(shown))] if len(shown) < len(frame) else []
        return Part(key, self.title(key), Listing(heads, rows), " ".join([note, *rest]).strip())

    def title(self, key: str) -> str:
        """Return the title of a list: that of the screens where they show it too."""
        words = utility_word(_SHARED.get(key, f"pack.part_{key}"), self.situation.utility, self.speech.language)
        return words[:1].upper() + words[1:]

    def place(self, row: Row) -> str:
        return row["place"].words(self.speech.language) or NONE

    def size(self, row: Row) -> str:
        if pd.notna(row["diameter_mm"]):
            return f"DN{row['diameter_mm']:.0f}"
        return word(f"emergency.kind_{row['kind']}", self.speech.language) if row.get("kind") else NONE

    def time(self, value: object) -> str:
        return NONE if pd.isna(value) else self.speech.short(value)  # type: ignore[call-overload,arg-type]

    def day(self, value: Any) -> str:
        return NONE if pd.isna(value) else value.strftime("%Y-%m")

    def way(self, row: Row) -> str:
        return word(f"layers.way_{row['way']}", self.speech.language)

    def by(self, moment: object, person: object) -> str:
        """Return when something was done and by whom, the mark for nothing where it was not."""
        parts = [self.time(moment), "" if pd.isna(person) else str(person)]  # type: ignore[call-overload]
        return NONE if parts[0] == NONE else " ".join(part for part in parts if part)


def brief(situation: Situation, language: str, *, duties: pd.DataFrame | None = None) -> tuple[Part, ...]:
    """Return the lists of a situation; those without a row are left out.

    Parameters
    ----------
    duties
        From :func:`gisapp.operations.duties.duties`.
    """
    tell = _Teller(situation, Speech(language, situation.utility))
    parts = [
        *_to_do(tell),
        *_who(tell),
        *_around(tell),
        *_people(tell),
        *_course(tell, duties),
    ]
    return tuple(part for part in parts if part is not None)


def _to_do(tell: _Teller) -> Iterable[Part | None]:
    """Yield what is to be closed, found closed, opened."""
    answer, code = tell.situation.answer, {"code": lambda row: str(row["code"])}
    yield _to_close(tell)
    yield _unusable(tell)
    yield tell.part("verify", answer.verify_closed, {**code, "size": tell.size}, note=tell.say("verify_note"))
    yield tell.part("trips", answer.trips, code)
    yield _feeds(tell)


def _to_close(tell: _Teller) -> Part | None:
    """Return the devices to close in order, with what was done to each."""
    situation, speech = tell.situation, tell.speech

    def done(row: Row) -> str:
        if pd.isna(row["done"]):
            return NONE
        said = utility_word(f"operation.valve.{row['done']}", situation.utility, speech.language)
        return f"{said} {tell.by(row['done_at'], row['done_by'])}"

    return tell.part(
        "valves",
        situation.valves,
        {
            "order": lambda row: str(row["order"]),
            "code": lambda row: str(row["code"]),
            "size": tell.size,
            "place": tell.place,
            "turns": lambda row: NONE if pd.isna(row["turns"]) else str(row["turns"]),
            "normal": lambda row: tell.say(f"state_{row['normal']}"),
            "last": lambda row: tell.day(row["last_operated"]),
            "ready": lambda row: word(f"page.operable_{row['operable']}", speech.language),
            "done": done,
        },
    )


def _unusable(tell: _Teller) -> Part | None:
    """Return the devices that cannot be closed, with what each costs."""
    situation, speech = tell.situation, tell.speech
    return tell.part(
        "unusable",
        situation.unusable,
        {
            "code": lambda row: str(row["code"]),
            "size": tell.size,
            "place": tell.place,
            "ready": lambda row: word(f"page.operable_{row['operable']}", speech.language),
            "more": lambda row: NONE if pd.isna(row["extra_households"]) else speech.number(row["extra_households"]),
        },
    )


def _feeds(tell: _Teller) -> Part | None:
    """Return what can be opened to feed from elsewhere."""
    situation, speech = tell.situation, tell.speech
    feeds: dict[str, Callable[[Row], str]] = {
        "code": lambda row: str(row["code"]),
        "place": tell.place,
        "customers": lambda row: speech.number(row["customers"]),
        "households": lambda row: speech.number(row["households"]),
    }
    if (situation.restoration["storage_customers"] > 0).any():
        feeds["storage"] = lambda row: speech.number(row["storage_customers"])
    return tell.part(
        "restoration",
        situation.restoration,
        feeds,
        note=word("page.unchecked", speech.language),
        most=MOST_FEEDS,
    )


def _who(tell: _Teller) -> Iterable[Part | None]:
    """Yield who is without supply."""
    situation, speech = tell.situation, tell.speech
    lost, houses = situation.lost, situation.lost.buildings
    yield tell.part(
        "critical",
        lost.critical[lost.critical["way"] != "already_dry"],
        {
            "kind": lambda row: speech.critical(row["kind"]),
            "account": lambda row: masked_account(str(row["code"])),
            "community": lambda row: NONE if pd.isna(row["community"]) else str(row["community"]),
            "people": lambda row: NONE if pd.isna(row["people"]) else speech.number(row["people"]),
            "way": tell.way,
            "told": lambda row: tell.by(row["told_at"], row["told_by"]),
            "alternative": lambda row: tell.by(row["alternative_at"], row["alternative"]),
        },
    )

    def buildings(row: Row) -> str:
        names = houses.loc[houses["community_code"] == row["code"], "name"].dropna()
        return speech.buildings(list(names)) or NONE

    yield tell.part(
        "communities",
        lost.communities,
        {
            "community": lambda row: str(row["name"]),
            "households": lambda row: speech.number(row["households"]),
            "people": lambda row: speech.number(row["people"]),
            "buildings": buildings,
            "posted": lambda row: tell.by(row["posted_at"], row["posted_by"]),
        },
        note=tell.say("elsewhere", count=lost.elsewhere) if lost.elsewhere else "",
    )
    ways = lost.ways[(lost.ways["customers"] > 0) | (lost.ways["length_m"] > 0)]
    yield tell.part(
        "ways",
        ways,
        {
            "way": tell.way,
            "customers": lambda row: speech.number(row["customers"]),
            "households": lambda row: speech.number(row["households"]),
            "km": lambda row: speech.number(row["length_m"] / 1000, 2),
        },
        note=phrases.storage(situation, speech),
    )
    yield _reduced(tell)


def _reduced(tell: _Teller) -> Part | None:
    """Return who is estimated to keep supply below a pressure, the lowest first, critical users before others."""
    situation, speech = tell.situation, tell.speech
    found = situation.pressure
    if found is None:
        return None
    fallen = found.fallen.assign(later=found.fallen["critical"].isna())
    note = " ".join([phrases.reduced(situation, speech), *(one.words(speech.language) for one in found.notes)])
    part = tell.part(
        "reduced",
        fallen.sort_values(["later", "after_m", "code"]),
        {
            "account": lambda row: masked_account(str(row["code"])),
            "kind": lambda row: NONE if pd.isna(row["critical"]) else speech.critical(row["critical"]),
            "households": lambda row: NONE if pd.isna(row["households"]) else speech.number(row["households"]),
            "before_m": lambda row: NONE if pd.isna(row["before_m"]) else speech.number(row["before_m"]),
            "after_m": lambda row: speech.number(row["after_m"]),
        },
        note=note,
        most=MOST_REDUCED,
    )
    return part or Part("reduced", tell.title("reduced"), Listing((), ()), note)


def _around(tell: _Teller) -> Iterable[Part | None]:
    """Yield streets, hydrants, and what else lies in the ground."""
    situation, speech = tell.situation, tell.speech
    roads = phrases.roads(situation, speech)
    if roads:
        heads = (tell.say("column_road"), tell.say("column_customers"))
        counts = [speech.number(count) for count in situation.roads["customers"].head(len(roads))]
        listing = Listing(heads, tuple(zip(roads, [*counts, ""][: len(roads)], strict=True)))
        yield Part("roads", tell.title("roads"), listing)
    yield tell.part("hydrants", situation.hydrants, {"code": lambda row: str(row["code"]), "place": tell.place})
    yield tell.part(
        "hydrants_left",
        situation.hydrants_left if situation.total("hydrants") else situation.hydrants_left.iloc[:0],
        {
            "code": lambda row: str(row["code"]),
            "place": tell.place,
            "metres": lambda row: speech.number(row["distance_m"]),
        },
    )
    yield tell.part(
        "parallels",
        situation.parallels,
        {
            "utility": lambda row: word(f"utility.{row['utility']}", speech.language),
            "code": lambda row: str(row["code"]),
            "size": lambda row: f"DN{row['diameter_mm']:.0f}" if pd.notna(row["diameter_mm"]) else str(row["rating"]),
            "metres": lambda row: speech.number(row["distance_m"], 1),
            "lines": lambda row: str(row["lines"]),
        },
        note=tell.say("parallels_note"),
    )


def _people(tell: _Teller) -> Iterable[Part | None]:
    """Yield whom to call: units, leaders of grids, crews under way; persons by code."""
    situation, speech = tell.situation, tell.speech
    name = {"zh-Hans": "name_hans", "zh-Hant": "name_hant", "en": "name_en"}[speech.language]
    yield tell.part(
        "contacts",
        situation.contacts,
        {
            "unit": lambda row: f"{row['code']} {row[name]}",
            "on_duty": lambda row: str(row["on_duty"]) or NONE,
            "head": lambda row: str(row["heads"]) or NONE,
        },
        note=tell.say("codes_note"),
    )
    yield tell.part(
        "grids",
        situation.lost.grids,
        {
            "grid": lambda row: f"{row['code']} {row['name']}",
            "leader": lambda row: NONE if pd.isna(row["leader"]) else str(row["leader"]),
            "customers": lambda row: speech.number(row["customers"]),
            "households": lambda row: speech.number(row["households"]),
        },
    )


def _course(tell: _Teller, duties: pd.DataFrame | None) -> Iterable[Part | None]:
    """Yield duties with their clocks, estimates, crews and every step so far."""
    course, speech = tell.situation.course, tell.speech
    zone = tell.situation.made_at.tzinfo
    if duties is not None:
        yield tell.part(
            "duties",
            duties,
            {
                "duty": lambda row: word(f"duty.{row['duty']}", speech.language),
                "due": lambda row: NONE if pd.isna(row["due_at"]) else tell.time(row["due_at"].astimezone(zone)),
                "done": lambda row: NONE if pd.isna(row["done_at"]) else tell.time(row["done_at"].astimezone(zone)),
                "state": lambda row: word(f"duty.state.{row['state']}", speech.language),
                "article": lambda row: str(row["article"]),
            },
        )
    if course is None:
        return
    yield tell.part(
        "crews", course.crews, {"crew": lambda row: str(row["code"]), "sent": lambda row: tell.time(row["at"])}
    )
    yield tell.part(
        "etrs",
        course.etrs,
        {
            "said": lambda row: tell.time(row["at"]),
            "actor": lambda row: str(row["actor"]),
            "etr": lambda row: tell.time(row["etr"]),
        },
    )
    yield tell.part(
        "timeline",
        course.timeline,
        {
            "at": lambda row: tell.time(row["at"]),
            "step": lambda row: _step(tell, str(row["action"])),
            "subject": _subject,
            "value": lambda row: _value(tell, row),
            "actor": lambda row: str(row["actor"]),
        },
    )


_OF_CUSTOMERS = ("tell_customer", "alternative_supply")
_DONE = ("closed", "opened", "could_not_close", "could_not_open")


def _step(tell: _Teller, action: str) -> str:
    """Return a step of an operation, or what was done to a valve."""
    room = "valve" if action in _DONE else "action"
    return utility_word(f"operation.{room}.{action}", tell.situation.utility, tell.speech.language)


def _subject(row: Row) -> str:
    """Return whom or what a step concerns; of a customer the end of the account."""
    if pd.isna(row["subject"]):
        return NONE
    return masked_account(row["subject"]) if row["action"] in _OF_CUSTOMERS else str(row["subject"])


def _value(tell: _Teller, row: Row) -> str:
    """Return what a step set; an estimate as a moment in the zone."""
    if pd.isna(row["value"]):
        return NONE
    if row["action"] == "set_etr":
        return tell.time(pd.Timestamp(row["value"]).tz_convert(tell.situation.made_at.tzinfo))
    return str(row["value"])


def headline(situation: Situation, language: str) -> tuple[tuple[str, str], ...]:
    """Return what the event is, as pairs of a name and what holds: place, pipe, cause, times, who commands."""
    tell = _Teller(situation, Speech(language, situation.utility))
    speech, course = tell.speech, situation.course
    told = {"place": phrases.place(situation, speech), "pipe": phrases.pipes(situation, speech)}
    if situation.site.grid:
        told["grid"] = situation.site.grid
    if course is not None:
        told |= {
            "status": utility_word(f"operation.status.{course.status}", situation.utility, language),
            "reason": course.reason or NONE,
            "opened": speech.moment(course.opened_at),
            "running": speech.duration(course.running(situation.made_at)),
            "off": NONE if course.begins is None else speech.moment(course.begins),
            "back": NONE if course.ends is None else speech.moment(course.ends),
            "commander": course.commander or NONE,
            "level": course.level or NONE,
        }
    return tuple((tell.say(f"head_{key}"), value) for key, value in told.items() if value != NONE)


def figures(situation: Situation, language: str) -> tuple[Figure, ...]:
    """Return the sums over what this shutoff takes out of supply."""
    tell = _Teller(situation, Speech(language, situation.utility))
    number, lost = tell.speech.number, situation.lost
    shown = [
        Figure(word("page.households", language), number(situation.total("households")), "bad"),
        Figure(tell.say("figure_people"), number(situation.total("people"))),
        Figure(
            word("page.critical", language), number(situation.critical_count), "bad" if situation.critical_count else ""
        ),
        Figure(tell.say("figure_valves"), f"{situation.valves_done}/{situation.total('valves')}"),
        Figure(word("page.customers", language), number(situation.total("customers"))),
        Figure(tell.say("figure_buildings"), number(len(lost.buildings))),
        Figure(tell.say("figure_communities"), number(len(lost.communities))),
        Figure(word("page.length", language), f"{number(situation.length_m / 1000, 2)} km"),
    ]
    if situation.utility == "water":
        out = situation.total("hydrants")
        shown.append(Figure(word("page.hydrants", language), number(out), "warn" if out else ""))
    if situation.long_households is not None:
        long = situation.long_households
        shown.insert(2, Figure(tell.say("figure_long"), number(long), "bad" if long else ""))
    return tuple(shown)
