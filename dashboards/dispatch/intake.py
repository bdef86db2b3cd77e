"""A report as it is taken down: where it lies, whose it is, which clocks will start, what it may repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd

from dashboards.dispatch.desk import Desk
from gisapp.errors import InputError
from gisapp.incidents import FIRST_STATUS, Actor, Clock, Incident, Step, alike, clocks, incident_of, next_step
from gisapp.incidents.lives import SUBJECTS, moves_from
from gisapp.incidents.locating import Location, pinned
from gisapp.incidents.surroundings import PRESSURE
from gisapp.masking import masked_text
from gisapp.reports.routes import routes_of
from gisapp.reports.waiting import plain_answers
from gisapp.rules.incidents import CategoryRule
from gisapp.tables import CHANNELS, UTILITIES, conform

OF_TYPE = {"power_outage": "power", "no_heat": "heating", "gas_leak": "gas"}
"""The utility of types that only one has; of others it is water until somebody says otherwise."""
MOST_ALIKE = 4
_FRESH = "new"
_SHORT = 200


@dataclass(frozen=True)
class Draft:
    """What the person at the telephone has typed so far; the number of the caller is not in it.

    The pin is in the frame of the map, or in the one that is named.
    """

    rule: CategoryRule
    utility: str
    channel: str
    place: str
    pin: tuple[float, float] | None
    words: str
    drill: bool
    frame: str = ""


@dataclass(frozen=True, eq=False)
class Preview:
    """What becomes of a draft when it is sent.

    ``answers`` are those of :func:`gisapp.reports.routes.routes_of`; ``now`` are the clocks that start with the report,
    ``later`` those that start when it is passed to whoever must act; ``same`` are open incidents that it may repeat.
    """

    draft: Draft
    location: Location
    answers: Mapping[str, Any]
    now: tuple[Clock, ...]
    later: tuple[Clock, ...]
    same: pd.DataFrame


def drafted(told: Mapping[str, Any], desk: Desk, at: datetime) -> Draft:
    """Return the draft that a form holds.

    Raises
    ------
    InputError
        When it names no category of the rules, utility or channel.
    """
    wanted = str(told.get("category") or "")
    rule = next((rule for rule in desk.book.at(at).category if rule.category == wanted), None)
    if rule is None:
        raise InputError(f"found {wanted!r}", todo="choose what was reported", field="category")
    utility = str(told.get("utility") or OF_TYPE.get(rule.type, "water"))
    channel = str(told.get("channel") or CHANNELS[0])
    for name, value, known in (("utility", utility, UTILITIES), ("channel", channel, CHANNELS)):
        if value not in known:
            raise InputError(f"found {value!r}", todo=f"use one of {', '.join(known)}", field=name)
    pin = told.get("pin")
    place = (float(pin[0]), float(pin[1])) if pin else None
    frame = "wgs84" if told.get("frame") == "wgs84" else ""
    texts = {name: str(told.get(name) or "").strip() for name in ("place", "words")}
    return Draft(rule, utility, channel, texts["place"], place, texts["words"], bool(told.get("drill")), frame)


def located(draft: Draft, desk: Desk) -> Location:
    """Return where a draft lies: at its pin, or else where an account, building or community says."""
    if draft.pin is not None:
        return pinned(*draft.pin, desk.store.crs, frame=draft.frame or desk.snapshot.frame)
    return desk.register().find(draft.place, draft.place)


def preview(draft: Draft, desk: Desk, at: datetime, spoken: str, *, role: str) -> Preview:
    """Return what becomes of a draft that is sent at a moment."""
    location, book = located(draft, desk), desk.book
    row = row_of(draft, location, desk, at)
    around = [desk.store.incidents.lacking(at)] if draft.rule.type in PRESSURE else []
    joined = gpd.GeoDataFrame(pd.concat([row, *around], ignore_index=True), geometry="geom", crs=desk.store.crs)
    answers = routes_of(joined, desk.tables(), book.zone, own_rules=book.own, language=spoken).iloc[0]
    incident, rules = _registered(row, draft), book.at(at)
    begun = clocks(incident, rules, now=at, zone=book.zone)
    same = alike(
        desk.rows(role),
        location.point,
        kind=draft.rule.type,
        utility=draft.utility,
        at=at,
        account=location.code if location.how == "account" else None,
        within_m=rules.number("duplicate_m"),
        within_h=rules.number("duplicate_h"),
    )
    later = clocks(_passed_on(incident, at), rules, now=at, zone=book.zone)
    known = {clock.clock for clock in begun}
    after = tuple(clock for clock in later if clock.clock not in known)
    return Preview(draft, location, plain_answers(answers), begun, after, same.head(MOST_ALIKE))


def row_of(draft: Draft, location: Location, desk: Desk, at: datetime) -> gpd.GeoDataFrame:
    """Return a draft as one row of ``incidents``, without unit and grid."""
    told = {
        "code": _FRESH,
        "utility": draft.utility,
        "type": draft.rule.type,
        "category": draft.rule.category,
        "channel": draft.channel,
        "status": FIRST_STATUS[draft.rule.life],
        "reported_at": pd.Timestamp(at),
        "drill": draft.drill,
        "located_by": location.located_by,
        "accuracy_m": location.accuracy_m,
        "customer_code": location.code if location.how == "account" else None,
        "geom": location.point,
    }
    frame = gpd.GeoDataFrame([told], geometry="geom", crs=desk.store.crs)
    return gpd.GeoDataFrame(conform(frame, "incidents"), geometry="geom", crs=desk.store.crs)


def reported(shown: Preview, at: datetime, *, phone: str, grid_rev: int) -> dict[str, Any]:
    """Return a preview as what :meth:`gisapp.store.Store.report` takes: with its grid, its unit and what was said."""
    draft, location, answers = shown.draft, shown.location, shown.answers
    return {
        "utility": draft.utility,
        "type": draft.rule.type,
        "category": draft.rule.category,
        "channel": draft.channel,
        "reported_at": at,
        "drill": draft.drill,
        "located_by": location.located_by,
        "accuracy_m": None if location.point is None else location.accuracy_m,
        "customer_code": location.code if location.how == "account" else None,
        "geom": location.point,
        "grid_code": answers["grid"],
        "grid_rev": grid_rev if answers["grid"] else None,
        "unit_code": answers["unit_code"],
        "text": "\n".join(part for part in (draft.place, draft.words) if part) or None,
        "summary": masked_text(draft.words)[:_SHORT] or None,
        "reporter_phone": phone or None,
    }


def _registered(row: gpd.GeoDataFrame, draft: Draft) -> Incident:
    """Return a draft as an incident that has just been registered."""
    return incident_of(row.iloc[0].to_dict(), pd.DataFrame(columns=list(_STEP)), draft.rule.life)


def _passed_on(incident: Incident, at: datetime) -> Incident:
    """Return an incident as it will be once the usual first action has been taken."""
    action, move = next(iter(moves_from(incident.life, incident.status).items()))
    subject = _FRESH if action in SUBJECTS else None
    step = next_step(incident, action, Actor(_FRESH, move.roles[0]), at=at, subject=subject, value="ordinary")
    return Incident(incident.head, (*incident.steps, step), incident.life)


_STEP = ("step", *Step.__dataclass_fields__)
