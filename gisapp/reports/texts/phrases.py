"""What several texts say of a situation in the same words: place, pipe, area, valves, critical users."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gisapp.reports.situation import Situation
from gisapp.reports.texts.speech import Speech

_MOST_ROADS = 12


@dataclass(frozen=True)
class Issuer:
    """Who speaks: the utility's name and hotline, empty where they are not known."""

    name: str = ""
    hotline: str = ""


def place(situation: Situation, speech: Speech) -> str:
    """Return where it is: in the record's own words, else by the nearest street."""
    told = None if situation.course is None else situation.course.place
    return told or situation.site.place.words(speech.language) or speech.blank


def reason(situation: Situation, speech: Speech) -> str:
    """Return why, in the record's own words."""
    told = None if situation.course is None else situation.course.reason
    return told or speech.blank


def pipes(situation: Situation, speech: Speech) -> str:
    """Return every link that is shut: code, place along it, size, material, year, rank."""
    return speech.row(_pipe(row, speech) for row in situation.pipes.to_dict("records"))


def _pipe(row: Mapping[Hashable, Any], speech: Speech) -> str:
    measure, size, rating = row["measure_m"], row["diameter_mm"], row["rating"]
    parts = [
        str(row["code"]) if pd.isna(measure) else f"{row['code']}@{measure:.0f}m",
        "" if pd.isna(size) else f"DN{size:.0f}",
        "" if pd.isna(rating) else str(rating),
        "" if pd.isna(row["material"]) else speech.material(str(row["material"])),
        "" if pd.isna(row["laid_year"]) else speech.say("laid", year=row["laid_year"]),
        "" if pd.isna(row["rank"]) else speech.say(f"rank_{row['rank']}"),
    ]
    return " ".join(part for part in parts if part)


def valves(situation: Situation, speech: Speech) -> str:
    """Return the devices to close by size, and how many are closed."""
    sizes = situation.sizes.to_dict("records")
    counted = speech.row(speech.size(str(row["kind"]), row["diameter_mm"], int(row["valves"])) for row in sizes)
    done, total = situation.valves_done, situation.total("valves")
    return speech.say("valves_done", sizes=counted, done=done, total=total) if total else speech.say("valves_none")


def roads(situation: Situation, speech: Speech) -> tuple[str, ...]:
    """Return the stretches of street along which supply is lost, by side."""
    table = situation.roads
    said = [_road(row, speech) for row in table.head(_MOST_ROADS).to_dict("records")]
    rest = len(table) - len(said)
    return (*said, speech.say("roads_more", count=rest)) if rest > 0 else tuple(said)


def _road(row: Mapping[Hashable, Any], speech: Speech) -> str:
    start, end = row["from_street"], row["to_street"]
    if pd.isna(start) and pd.isna(end):
        stretch = str(row["street"])
    elif pd.isna(start) or pd.isna(end):
        stretch = speech.say("road_end", street=row["street"], crossing=end if pd.isna(start) else start)
    else:
        stretch = speech.say("road_between", street=row["street"], start=start, end=end)
    said = speech.say("road_side", stretch=stretch, side=speech.say(f"side_{row['side']}"))
    return said if float(str(row["share"])) >= 1 else speech.say("road_part", road=said)


def communities(situation: Situation, speech: Speech) -> tuple[str, ...]:
    """Return every community that is touched, with its houses; other buildings would name a single customer."""
    houses = situation.lost.buildings
    houses = houses[houses["kind"] == "residential"]
    said = []
    for row in situation.lost.communities.to_dict("records"):
        names = houses.loc[houses["community_code"] == row["code"], "name"].dropna()
        said.append(
            speech.say("community_buildings", name=row["name"], buildings=speech.buildings(list(names)))
            if len(names)
            else str(row["name"])
        )
    return tuple(said)


def numbers(situation: Situation, speech: Speech) -> str:
    """Return households and people."""
    return speech.say(
        "numbers",
        households=speech.number(situation.total("households")),
        people=speech.number(situation.total("people")),
    )


def critical(situation: Situation, speech: Speech) -> str:
    """Return the critical users that this shutoff leaves without supply by kind, empty where there are none."""
    kinds = situation.answer.totals["critical"]
    assert isinstance(kinds, dict)
    return speech.row(
        speech.say("kind_count", kind=speech.critical(kind), count=count) for kind, count in kinds.items()
    )


def storage(situation: Situation, speech: Speech) -> str:
    """Return who is fed from storage alone, and for how long; empty where nobody is."""
    ways = situation.lost.ways.set_index("way")["households"]
    if not ways["storage_only"] and not situation.answer.totals["storage_only_customers"]:
        return ""
    hours = situation.storage_hours
    return speech.say(
        "storage",
        households=speech.number(int(ways["storage_only"])),
        hours=speech.blank if hours is None else speech.number(hours, 1),
    )


def reduced(situation: Situation, speech: Speech) -> str:
    """Return who keeps supply but may fall below a pressure, as an estimate; empty where none was made."""
    found = situation.pressure
    if found is None:
        return ""
    households = int(found.fallen["households"].sum())
    return speech.say("reduced", households=speech.number(households), below=f"{found.below_m:g}")


def titled(situation: Situation, speech: Speech, title: str) -> str:
    """Return a title, marked where the operation is an exercise."""
    drill = situation.course is not None and situation.course.drill
    return speech.say("drill", title=title) if drill else title


def signed(situation: Situation, speech: Speech, issuer: Issuer) -> tuple[str, ...]:
    """Return the last lines of a public text: hotline, issuer, day."""
    return (
        speech.say("hotline", hotline=issuer.hotline or speech.blank),
        issuer.name or speech.blank,
        speech.day(situation.made_at),
    )
