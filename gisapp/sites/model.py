"""A construction site as its record stands: the head, every step since, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import shapely

from gisapp.errors import InputError

FIRST_STATUS = "planned"
"""Where a site stands of which only the head is known, such as one that came in by a file."""
_TEXTS = ("title", "utility", "place", "unit_code", "permit", "project_leader", "contact")
_TIMES = ("planned_start", "planned_end")


@dataclass(frozen=True)
class SiteStep:
    """One step: what was done, when, the status it leads to, what was checked and found, where the photo is kept."""

    action: str
    at: datetime
    to_status: str
    subject: str | None = None
    value: str | None = None
    photo: str | None = None
    note: str | None = None
    actor: str = ""
    number: int = 0


@dataclass(frozen=True, eq=False)
class Site:
    """One construction site: its head and its steps, oldest first; ``project_leader`` and ``contact`` are personal."""

    code: str
    title: str
    utility: str | None
    place: str | None
    unit_code: str | None
    permit: str | None
    project_leader: str | None
    contact: str | None
    planned_start: datetime | None
    planned_end: datetime | None
    opened_at: datetime
    area: Any
    steps: tuple[SiteStep, ...]

    @property
    def status(self) -> str:
        """Return where it stands: what the last step led to."""
        return self.steps[-1].to_status if self.steps else FIRST_STATUS

    @property
    def reported_at(self) -> datetime | None:
        """Return when dispatch was first told all that it must be told, None if it never was."""
        return self.moment("report")

    @property
    def started_at(self) -> datetime | None:
        """Return when the works began, None while they have not."""
        return self.moment("start")

    @property
    def checks(self) -> dict[str, SiteStep]:
        """Return what was found last of everything that was checked."""
        told = sorted((one for one in self.steps if one.action == "check"), key=lambda one: one.at)
        return {str(one.subject): one for one in told}

    def moment(self, action: str) -> datetime | None:
        """Return when an action was first done, None if never."""
        return min((one.at for one in self.steps if one.action == action), default=None)

    def last_moment(self, action: str) -> datetime | None:
        """Return when an action was last done, None if never."""
        return max((one.at for one in self.steps if one.action == action), default=None)


def site_of(code: str, construction_sites: pd.DataFrame, site_steps: pd.DataFrame) -> Site:
    """Return one construction site from the tables of the data dictionary.

    Raises
    ------
    InputError
        When there is no such site.
    """
    heads = construction_sites[construction_sites["code"] == code]
    if heads.empty:
        raise InputError(f"there is no construction site {code!r}", todo="list them and choose one", field="code")
    return next(sites_of(heads, site_steps))


def sites_of(construction_sites: pd.DataFrame, site_steps: pd.DataFrame) -> Iterator[Site]:
    """Yield every construction site of a table, in its order."""
    mine = {str(code): part for code, part in site_steps.sort_values("step").groupby("site_code")}
    for head in construction_sites.to_dict("records"):
        steps = mine.get(str(head["code"]))
        rows = [] if steps is None else steps.to_dict("records")
        yield _site(head, tuple(_step(row) for row in rows))


def _site(head: Mapping[Any, Any], steps: tuple[SiteStep, ...]) -> Site:
    texts: dict[str, Any] = {name: None if pd.isna(head[name]) else str(head[name]) for name in _TEXTS}
    times: dict[str, Any] = {name: _moment(head[name]) for name in _TIMES}
    area = head.get("geom")
    return Site(
        code=str(head["code"]),
        opened_at=head["opened_at"].to_pydatetime(warn=False),
        area=area if isinstance(area, shapely.Geometry) else None,
        steps=steps,
        **texts,
        **times,
    )


def _step(row: Mapping[Any, Any]) -> SiteStep:
    names = ("subject", "value", "photo", "note")
    plain: dict[str, Any] = {name: None if pd.isna(row[name]) else str(row[name]) for name in names}
    at, action, status = row["at"].to_pydatetime(warn=False), str(row["action"]), str(row["to_status"])
    return SiteStep(action, at, status, **plain, actor=str(row["actor"]), number=int(row["step"]))


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime(warn=False)
