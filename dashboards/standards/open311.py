"""Open311 GeoReport v2: services, requests read and written, tokens, discovery."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import pandas as pd
from dash import Dash
from flask import Response, request
from werkzeug.datastructures import MultiDict

from dashboards.access import Permission, route
from dashboards.deeds import asking, me, roles
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.intake import OF_TYPE
from dashboards.dispatch.writing import report
from dashboards.scope import seen
from dashboards.snapshot import snapshot_of
from dashboards.standards.written import MIMETYPES, Fault, answered, written
from gisapp.incidents import still_open
from gisapp.incidents.seeing import restricted
from gisapp.reports.open311 import (
    TABLES,
    open311_requests,
    open311_services,
    open_categories,
    service_codes,
    told_outside,
)
from gisapp.reports.shared import shared
from gisapp.store import Store
from gisapp.tables import UTILITIES
from gisapp.times import parse_moment
from gisapp.words import LANGUAGES, language_of, word

ROOT = "/open311/v2"
MOST, MOST_DAYS = 1000, 90
"""How many requests one answer holds at most, and of how many days."""
LONGEST = 4000
"""How many characters a description may have."""
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-28T00:00:00Z"
_FORM = "<any(xml, json):form>"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?")


class Desk311:
    """The requests of one store."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def store(self) -> Store:
        """Return the store."""
        return self.desk.store

    def discovery(self, form: str) -> Response:
        """Tell what is spoken here, and where."""
        url = request.url_root.rstrip("/") + ROOT
        formats = [MIMETYPES["xml"], MIMETYPES["json"]]
        endpoint = {"specification": SPECIFICATION, "url": url, "changeset": CHANGESET, "type": "production"}
        told = {
            "changeset": CHANGESET,
            "contact": str(self.store.setting("hotline") or self.store.name),
            "key_service": word("standards.key_service", _spoken()),
            "endpoints": [{**endpoint, "formats": formats}],
        }
        return written("discovery", told, form)

    def services(self, form: str) -> Response:
        """Tell what can be reported."""
        return written("services", open311_services(self.desk.book, datetime.now(UTC), _spoken()), form)

    def service(self, form: str, code: str) -> Response:
        """Tell what else may be said when something is reported."""
        rules = open_categories(self.desk.book, datetime.now(UTC))
        found = next((rule for rule in rules if rule.category == code), None)
        if found is None:
            raise Fault(404, f"service_code {code!r} was not found; ask {ROOT}/services.json for those that are")
        spoken = _spoken()
        attribute = {
            "variable": True,
            "code": "utility",
            "datatype": "singlevaluelist",
            "required": False,
            "datatype_description": word("standards.utility.none", spoken, utility=_usual(found.type, spoken)),
            "order": 1,
            "description": word("standards.utility", spoken),
            "values": [{"key": name, "name": word(f"utility.{name}", spoken)} for name in UTILITIES],
        }
        return written("service_definition", {"service_code": code, "attributes": [attribute]}, form)

    def requests(self, form: str) -> Response:
        """Tell the requests that are asked for, the newest first."""
        asked = asked_of(request.args, self.store)
        rows = self._rows(asked)
        page = rows.iloc[(asked.page - 1) * asked.size : asked.page * asked.size]
        answer = written("service_requests", self._told(page), form)
        more = asked.page * asked.size < len(rows)
        links = [("next", asked.page + 1)] * more + [("prev", asked.page - 1)] * (asked.page > 1)
        told = MultiDict(request.args)
        for relation, number in links:
            told["page"] = str(number)
            answer.headers.add("Link", f'<{request.base_url}?{_query(told)}>; rel="{relation}"')
        return answer

    def request(self, form: str, code: str) -> Response:
        """Tell one request."""
        return written("service_requests", self._told(self._known(code)), form)

    def token(self, form: str, code: str) -> Response:
        """Tell the request of a token: requests are known at once, so that a token is the code itself."""
        self._known(code)
        return written("service_requests", [{"service_request_id": code, "token": code}], form)

    def take(self, form: str) -> Response:
        """Take a report, as the dispatchers' page does: with its grid, its unit and the clocks that start."""
        given, spoken = request.values, _spoken()
        role = "customer_service" if "customer_service" in roles() else next(iter(roles()), "")
        phone = _cut(given, "phone", 40)
        code = report({**_draft(given, self.desk), "role": role, "phone": phone}, self.desk, spoken, who=me())
        unit = self.desk.units(spoken).get(self.store.incidents.incident(code).standing.unit_code or "")
        notice = word("standards.taken", spoken, unit=unit) if unit else word("standards.taken.nobody", spoken)
        made = {"service_request_id": code, "service_notice": notice, "account_id": None}
        answer = written("service_requests", [made], form)
        answer.status_code = 201
        return answer

    def _known(self, code: str) -> gpd.GeoDataFrame:
        """Return the row of a request that may be read."""
        rows = self.store.table("incidents")
        found = rows[rows["code"] == code]
        found = found[self._seen(found)]
        if found.empty:
            raise Fault(404, f"service_request_id {code!r} was not found")
        return found

    def _rows(self, asked: Asked) -> gpd.GeoDataFrame:
        """Return the rows that are asked for, the newest first."""
        rows, book = self.store.table("incidents"), self.desk.book
        if asked.codes:
            rows = rows[rows["code"].isin(asked.codes)]
            return _newest(rows[self._seen(rows)])
        rows = rows[rows["reported_at"].between(asked.start, asked.end)]
        rows = rows[self._seen(rows)]
        if asked.services:
            rows = rows[service_codes(rows, book).isin(asked.services)]
        if asked.status:
            is_open = still_open(rows, self.store.table("incident_steps"), book)
            rows = rows[is_open if asked.status == "open" else ~is_open]
        return _newest(rows)

    def _seen(self, rows: gpd.GeoDataFrame) -> np.ndarray:
        """Return which rows may be told outside, and are of who asks."""
        mine = seen(asking(), rows, restricted(rows, self.desk.book), self.store.table("incident_steps"))
        return told_outside(rows, self.desk.book) & mine

    def _told(self, rows: gpd.GeoDataFrame) -> list[dict[str, Any]]:
        """Return rows as requests, masked; the codes behind the words for who asks for extensions."""
        book, told = self.desk.book, {name: self.store.table(name) for name in TABLES}
        made = open311_requests(shared(rows, "incidents", book), told, book, now=datetime.now(UTC), language=_spoken())
        if request.args.get("extensions") == "true":
            return made
        return [{name: value for name, value in one.items() if name != "extended_attributes"} for one in made]


@dataclass(frozen=True)
class Asked:
    """Which requests a program asks for; what is empty leaves all in."""

    codes: tuple[str, ...]
    services: tuple[str, ...]
    status: str
    start: pd.Timestamp
    end: pd.Timestamp
    page: int
    size: int


def asked_of(given: Mapping[str, str], store: Store) -> Asked:
    """Return what an address asks: the last 90 days where it says nothing else.

    Raises
    ------
    Fault
        When something in it cannot be, or it spans more than 90 days.
    """
    start, end = (_date(given, name, store) for name in ("start_date", "end_date"))
    span = pd.Timedelta(days=MOST_DAYS)
    if start is not None and end is not None and not start <= end <= start + span:
        raise Fault(400, f"start_date and end_date span more than {MOST_DAYS} days, or end before they start")
    now = pd.Timestamp.now("UTC")
    end = end or (now if start is None else start + span)
    statuses = set(_listed(given, "status"))
    if not statuses <= {"open", "closed"}:
        raise Fault(400, f"status {given['status']!r} is unknown; use open or closed")
    return Asked(
        codes=_listed(given, "service_request_id"),
        services=_listed(given, "service_code"),
        status=statuses.pop() if len(statuses) == 1 else "",
        start=start or end - span,
        end=end,
        page=_number(given, "page", 1, 1_000_000),
        size=_number(given, "page_size", MOST, MOST),
    )


def add_open311(app: Dash) -> None:
    """Register the routes."""
    asked = Desk311(Desk(snapshot_of(app.server)))
    public, view = Permission.PUBLIC, Permission.INCIDENTS_VIEW
    reads: dict[str, tuple[Callable[..., Response], Permission]] = {
        f"/discovery.{_FORM}": (asked.discovery, public),
        f"/services.{_FORM}": (asked.services, public),
        f"/services/<code>.{_FORM}": (asked.service, public),
        f"/requests.{_FORM}": (asked.requests, view),
        f"/requests/<code>.{_FORM}": (asked.request, view),
        f"/tokens/<code>.{_FORM}": (asked.token, view),
    }
    for rule, (read, needs) in reads.items():
        route(app, ROOT + rule, answered(read), needs=needs)
    take = answered(asked.take)
    route(app, f"{ROOT}/requests.{_FORM}", take, needs=Permission.INCIDENTS_REPORT, method="POST")


def _draft(given: MultiDict[str, str], desk: Desk) -> dict[str, Any]:
    """Return what a program reports as the draft that a person would type.

    Raises
    ------
    Fault
        When no service, or no place, is said, or one that cannot be.
    """
    code = _cut(given, "service_code", 100)
    if not code:
        raise Fault(400, "service_code was not provided")
    found = next((rule for rule in open_categories(desk.book, datetime.now(UTC)) if rule.category == code), None)
    if found is None:
        raise Fault(404, f"service_code {code!r} was not found; ask {ROOT}/services.json for those that are")
    utility = _cut(given, "attribute[utility]", 40) or OF_TYPE.get(found.type, "water")
    if utility not in UTILITIES:
        raise Fault(400, f"attribute[utility] {utility!r} is unknown; use one of {', '.join(UTILITIES)}")
    place = _cut(given, "address_id", 100) or _cut(given, "address_string", 500)
    pin = _pin(given)
    if pin is None and not place:
        raise Fault(400, "no location was provided; give lat and long, address_id or address_string")
    words = "\n".join(part for part in (_cut(given, "description", LONGEST), _cut(given, "media_url", 500)) if part)
    told = {"category": code, "utility": utility, "channel": "app", "place": place, "words": words}
    return {**told, "pin": pin, "frame": "wgs84"}


def _pin(given: Mapping[str, str]) -> tuple[float, float] | None:
    """Return the position of a report in degrees, east first."""
    said = [given.get(name, "").strip() for name in ("long", "lat")]
    if not any(said):
        return None
    try:
        lon, lat = float(said[0]), float(said[1])
    except ValueError:
        raise Fault(400, f"lat {said[1]!r} and long {said[0]!r} are no position; give degrees (WGS 84)") from None
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise Fault(400, f"lat {lat:g} and long {lon:g} are outside the earth; give degrees (WGS 84)")
    return lon, lat


def _cut(given: Mapping[str, str], name: str, most: int) -> str:
    """Return what a form says under a name.

    Raises
    ------
    Fault
        When it is longer than may be, or holds what no text has.
    """
    said = given.get(name, "").strip()
    if len(said) > most:
        raise Fault(400, f"{name} has {len(said):,} characters; {most:,} are the most")
    if "\0" in said:
        raise Fault(400, f"{name} holds a character that no text has")
    return said


def _spoken() -> str:
    """Return the language that is asked for: by ``locale``, else by the headers."""
    wanted = request.values.get("locale", "").replace("_", "-")
    if wanted in LANGUAGES:
        return wanted
    return language_of([wanted] if wanted else [tag for tag, _ in request.accept_languages] or ["zh-Hans"])


def _usual(kind: str, spoken: str) -> str:
    return word(f"utility.{OF_TYPE.get(kind, 'water')}", spoken)


def _newest(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return rows.sort_values(["reported_at", "code"], ascending=[False, True], kind="stable")


def _listed(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    many = given.getlist(name) if isinstance(given, MultiDict) else [given.get(name, "")]
    return tuple(part.strip() for text in many for part in text.split(",") if part.strip())


def _date(given: Mapping[str, str], name: str, store: Store) -> pd.Timestamp | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    if not _DATE.fullmatch(text):
        raise Fault(400, f"{name} {text!r} is no moment; write it as 2026-11-28T00:00:00Z")
    return parse_moment(text, store.zone)


def _number(given: Mapping[str, str], name: str, usual: int, most: int) -> int:
    text = given.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most and len(text) < 9):
        raise Fault(400, f"{name} {text!r} cannot be; give a number from 1 to {most:,}")
    return int(text)


def _query(told: MultiDict[str, str]) -> str:
    return urlencode([(name, value) for name, values in told.lists() for value in values if name != "api_key"])


def faulty(response: Response) -> Response:
    """Return what the server itself refused as GeoReport v2 tells it."""
    form = "xml" if request.path.endswith(".xml") else "json"
    words = {403: "api_key was missing or is not valid, or may not do this", 404: "there is no such resource"}
    said = words.get(response.status_code, "the request cannot be answered")
    made = written("errors", [{"code": response.status_code, "description": said}], form)
    response.set_data(made.get_data())
    response.headers["Content-Type"] = made.headers["Content-Type"]
    return response
