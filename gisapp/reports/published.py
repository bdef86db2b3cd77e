"""Shutoffs as the public reads them: what was released, and nothing that tells of a few customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.density.privacy import withheld
from gisapp.masking import masked_text
from gisapp.network import Shutoff
from gisapp.network.area import affected_area
from gisapp.operations import Operation, notice_digest
from gisapp.operations.duties import began_at
from gisapp.reports.lost import BECAUSE

NOTICE = "shutoff_notice"
STATES = ("off", "to_come", "postponed", "cancelled", "restored")
"""How a shutoff stands for the public, in the order in which people look for it."""
TOLD_AFTER = timedelta(hours=24)
"""How long something is still told after it is over."""
TABLES = ("customers", "buildings", "links", "communities")
"""The tables that an area is drawn from."""
_BACK = ("restored", "answered", "closed")


@dataclass(frozen=True)
class Release:
    """A text as it was released: title, body, which revision, when."""

    title: str
    body: str
    revision: int
    released_at: datetime


@dataclass(frozen=True, eq=False)
class Concerned:
    """Whom a shutoff concerns, as far as the public may know.

    Parameters
    ----------
    few
        Whether they are fewer than may be told of; then the rest is empty.
    households, communities, area
        Households without supply, names of the communities in which they live, and where, in the project's CRS.
    """

    few: bool = False
    households: int | None = None
    communities: tuple[str, ...] = ()
    area: shapely.Geometry | None = None


@dataclass(frozen=True, eq=False)
class Published:
    """One shutoff of which a notice was released.

    Parameters
    ----------
    code, utility, kind
        Of the record.
    state
        One of :data:`STATES`.
    starts_at, ends_at
        When supply goes off and is expected back; None where nobody has said, or what was said no longer holds.
    updated_at
        When this was last moved or released.
    texts
        The last release by language.
    place
        Where, in words; None where it is not said.
    concerned
        Whom it concerns; nobody knows until :meth:`concerning` says.
    """

    code: str
    utility: str
    kind: str
    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    updated_at: datetime
    texts: Mapping[str, Release]
    place: str | None = None
    concerned: Concerned = Concerned()

    @property
    def over(self) -> bool:
        """Return whether nobody is, or will be, without supply because of it."""
        return self.state in ("postponed", "cancelled", "restored")

    def concerning(self, concerned: Concerned) -> Published:
        """Return it with whom it concerns; of few there is neither place nor text, they are told in person."""
        if concerned.few:
            return replace(self, concerned=concerned, texts={}, place=None)
        return replace(self, concerned=concerned)

    def text(self, language: str) -> tuple[str, Release] | None:
        """Return the text in a language, or else in the one in which it was released; None where none may be told."""
        spoken = language if language in self.texts else next(iter(self.texts), None)
        return None if spoken is None else (spoken, self.texts[spoken])


def published(operations: Iterable[Operation], *, now: datetime, hotline: str = "") -> list[Published]:
    """Return the shutoffs that the public reads of: those under way first, then by when they begin.

    The record decides: a notice was released, it is no drill, and not one of individual customers. What is over is
    told for a day more, what was called off until its planned end as well. A notice that was released before the
    work was postponed no longer holds.

    Parameters
    ----------
    now
        The present moment, aware.
    hotline
        The utility's number, which stays in the texts; other numbers, names and homes are masked.
    """
    found = [told for operation in operations if (told := _published(operation, now, hotline)) is not None]
    last = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(found, key=lambda one: (STATES.index(one.state), one.starts_at or last, one.code))


def concerned(answer: Shutoff, tables: Mapping[str, Any]) -> Concerned:
    """Return whom a shutoff concerns and where; that they are few, where there are fewer than may be told of.

    Parameters
    ----------
    answer
        From :func:`gisapp.network.shutoff`, for the links that its record names.
    tables
        Those of :data:`TABLES`, whole.
    """
    parts = [getattr(answer, way).customers for way in (*BECAUSE, "storage_only")]
    customers = pd.concat([part[["code", "households"]] for part in parts], ignore_index=True)
    customers = customers.drop_duplicates("code")
    homes = customers["households"].fillna(0)
    if withheld([homes.clip(lower=1).sum()])[0]:  # a block behind one meter is many
        return Concerned(few=True)
    area = affected_area(answer, tables["customers"], tables["buildings"], links=tables["links"])
    mine = area.geometry[area["cls"] != "already_dry"]
    shape = shapely.union_all(shapely.make_valid(np.asarray(mine.to_numpy(), dtype=object)))
    every = tables["customers"]
    points = every.geometry[every["code"].isin(customers["code"])].dropna()
    return Concerned(
        households=int(homes.sum()),
        communities=_communities(points, tables["communities"]),
        area=None if shape.is_empty else shape,
    )


def published_table(told: Iterable[Published], crs: object, language: str) -> gpd.GeoDataFrame:
    """Return shutoffs as a table: code, utility, kind, state, moments, title, households, communities, geom."""
    rows = []
    for one in told:
        text = one.text(language)
        rows.append(
            {
                "code": one.code,
                "utility": one.utility,
                "kind": one.kind,
                "state": one.state,
                "starts_at": one.starts_at,
                "ends_at": one.ends_at,
                "updated_at": one.updated_at,
                "title": text[1].title if text else None,
                "place": one.place,
                "communities": "、".join(one.concerned.communities) or None,
                "households": one.concerned.households,
                "geom": one.concerned.area,
            }
        )
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    typed = frame.astype({name: kind for name, kind in _COLUMNS.items() if kind})
    return gpd.GeoDataFrame(typed.assign(geom=gpd.GeoSeries(frame["geom"], crs=crs)), geometry="geom", crs=crs)


_COLUMNS = {
    **dict.fromkeys(("code", "utility", "kind", "state"), "str"),
    **dict.fromkeys(("starts_at", "ends_at", "updated_at"), "datetime64[ms, UTC]"),
    **dict.fromkeys(("title", "place", "communities"), "str"),
    "households": "Int64",
    "geom": "",
}


def _published(operation: Operation, now: datetime, hotline: str) -> Published | None:
    """Return one shutoff as the public reads of it, None where it does not."""
    texts = _texts(operation, hotline)
    if operation.drill or operation.kind == "individual" or not texts:
        return None
    newest = max(text.released_at for text in texts.values())
    state = _state(operation, newest)
    if now > _told_until(operation, state):
        return None
    holds = state not in ("postponed", "cancelled")
    start = began_at(operation) or operation.planned_start
    end = operation.moment("restore") if state == "restored" else operation.expected_end
    return Published(
        operation.code,
        operation.utility,
        operation.kind,
        state,
        start if holds else None,
        end if holds else None,
        max(newest, operation.moved_at),
        texts,
        place=masked_text(operation.place) if operation.place else None,
    )


def _state(operation: Operation, released_at: datetime) -> str:
    """Return how an operation stands for the public."""
    if operation.status in _BACK:
        return "restored"
    if operation.status == "cancelled":
        return "cancelled"
    postponed = operation.last_moment("postpone")
    if postponed is not None and released_at < postponed:
        return "postponed"
    return "to_come" if began_at(operation) is None else "off"


def _told_until(operation: Operation, state: str) -> datetime:
    """Return until when the public is told."""
    never = datetime.max.replace(tzinfo=operation.opened_at.tzinfo)
    end = operation.planned_end
    if state == "off":
        return never
    if state == "to_come":
        return never if end is None else end + TOLD_AFTER
    if state == "restored":
        return (operation.moment("restore") or operation.moved_at) + TOLD_AFTER
    moved = operation.moved_at + TOLD_AFTER
    return moved if end is None else max(moved, end)


def _texts(operation: Operation, hotline: str) -> dict[str, Release]:
    """Return the last release of the notice in every language; a text that is not what was released is left out."""
    notices = operation.notices[operation.notices["kind"] == NOTICE].sort_values("revision", kind="stable")
    last = notices.drop_duplicates("language", keep="last")
    return {
        str(row["language"]): Release(
            _masked(str(row["title"]), hotline),
            _masked(str(row["body"]), hotline),
            int(row["revision"]),
            row["released_at"].to_pydatetime(warn=False),
        )
        for row in last.to_dict("records")
        if notice_digest(str(row["title"]), str(row["body"])) == row["digest"]
    }


def _masked(text: str, hotline: str) -> str:
    """Return a text masked, with the utility's own number as it stands."""
    return hotline.join(masked_text(part) for part in text.split(hotline)) if hotline else masked_text(text)


def _communities(points: gpd.GeoSeries, communities: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Return the names of the communities in which points lie, those with the most first."""
    place, _ = communities.sindex.query(points.to_numpy(), predicate="within")[::-1]
    counts = pd.Series(communities["name"].to_numpy()[place]).value_counts(sort=True)
    return tuple(str(name) for name in counts.index)
