"""OGC API - Features, parts 1 and 2: what is served, in which CRSs, and the features page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from dash import Dash
from flask import Response, current_app, request
from flask.typing import ResponseReturnValue

from dashboards.access import Permission, access_of, route
from dashboards.deeds import may
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.standards import asked as asking
from dashboards.standards.asked import CRS84, FORMS, ITEMS, Frame, frames_of, require_known
from dashboards.standards.collections import Collection, collections_of, values
from dashboards.standards.documented import description
from dashboards.standards.notices import Notices
from dashboards.standards.readable import page, spoken
from dashboards.standards.written import Fault
from dashboards.unavailable import later, words_of
from gisapp.errors import GisappError, UnavailableError
from gisapp.reports.open311 import open_categories
from gisapp.words import word

ROOT = "/ogc"
GEOJSON, OPENAPI = "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"
CONFORMS = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-{part}/1.0/conf/{name}"
    for part, names in (("1", ("core", "oas30", "html", "geojson")), ("2", ("crs",)))
    for name in names
)
_PAGE = ("f", "lang")


class Features:
    """The service over one store."""

    def __init__(self, kept: Snapshot, notices: Notices) -> None:
        self.kept = kept
        self.collections = collections_of(kept, notices)

    @property
    def frames(self) -> Mapping[str, Frame]:
        """Return the CRSs that features are told in."""
        return frames_of(self.kept.store.crs)

    def landing(self) -> Response:
        """Tell what the service is and where everything stands."""
        require_known(request.args, _PAGE)
        links = [
            *_own_links("application/json"),
            _link("service-desc", "api", OPENAPI, "ogc.api"),
            _link("service-doc", "api?f=html", "text/html", "ogc.api"),
            _link("conformance", "conformance", "application/json", "ogc.conformance"),
            _link("data", "collections", "application/json", "ogc.collections"),
        ]
        told = {"title": self._title(), "description": word("standards.ogc.about", spoken()), "links": links}
        return _answer(told, word("standards.ogc.title", spoken()))

    def conformance(self) -> Response:
        """Tell which classes of the standard hold."""
        require_known(request.args, _PAGE)
        links = _own_links("application/json")
        return _answer({"conformsTo": list(CONFORMS), "links": links}, word("standards.ogc.conformance", spoken()))

    def api(self) -> Response:
        """Describe the service as OpenAPI 3.0."""
        require_known(request.args, _PAGE)
        rules = open_categories(self.kept.store.rule_book, datetime.now(UTC))
        told = description(
            self._title(),
            request.url_root.rstrip("/"),
            collections=self.collections,
            frames=list(self.frames),
            services=[rule.category for rule in rules],
        )
        if _form() == "html":
            return _answer(told, word("standards.ogc.api", spoken()))
        return _written(told, OPENAPI)

    def listed(self) -> Response:
        """Tell the collections that the person may read."""
        require_known(request.args, _PAGE)
        told = [self._about(one) for one in self.collections.values() if _may(one.needs)]
        links = _own_links("application/json")
        answer = {"links": links, "crs": list(self.frames), "collections": told}
        return _answer(answer, word("standards.ogc.collections", spoken()))

    def collection(self, name: str) -> Response:
        """Tell one collection."""
        require_known(request.args, _PAGE)
        about = self._about(self.collections[name])
        about["links"] = [*_own_links("application/json"), *about["links"][1:]]
        return _answer(about, about["title"])

    def items(self, name: str) -> Response:
        """Tell the features that are asked for, a page of them."""
        require_known(request.args, ITEMS)
        one = self.collections[name]
        asked = asking.asked_of(request.args, self.frames, self.kept.store.crs)
        rows = one.rows_of(access_of(current_app).person(), spoken())
        chosen = _chosen(rows, one, asked)
        if one.require is not None and len(chosen):
            one.require(rows.iloc[chosen])
        places = chosen[asked.offset : asked.offset + asked.limit]
        links = _own_links(GEOJSON)
        for relation, offset, is_there in (
            ("next", asked.offset + asked.limit, asked.offset + asked.limit < len(chosen)),
            ("prev", max(asked.offset - asked.limit, 0), asked.offset > 0),
        ):
            if is_there:
                links.append({"rel": relation, "type": _type(GEOJSON), "href": _here(offset=str(offset))})
        links.append(_link("collection", f"collections/{name}", "application/json", f"ogc.{name}"))
        told = {
            "type": "FeatureCollection",
            "features": self._features(one, rows.iloc[places], asked.frame),
            "links": links,
            "numberMatched": len(chosen),
            "numberReturned": len(places),
            "timeStamp": pd.Timestamp.now("UTC").strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return _in_frame(_answer(told, self._name(name), GEOJSON), asked.frame)

    def item(self, name: str, code: str) -> Response:
        """Tell one feature."""
        require_known(request.args, ("f", "lang", "crs"))
        one = self.collections[name]
        frame = asking.frame_of(request.args, "crs", self.frames)
        rows = one.rows_of(access_of(current_app).person(), spoken())
        found = np.flatnonzero(one.ids(rows) == code)
        if not len(found):
            raise Fault(404, f"{name} has no feature {code!r}")
        (told,) = self._features(one, rows.iloc[found[:1]], frame)
        about = _link("collection", f"collections/{name}", "application/json", f"ogc.{name}")
        told["links"] = [*_own_links(GEOJSON), about]
        return _in_frame(_answer(told, f"{self._name(name)} {code}", GEOJSON), frame)

    def _title(self) -> str:
        return self.kept.store.name or word("shell.product", spoken())

    def _name(self, name: str) -> str:
        return word(f"standards.ogc.{name}", spoken())

    def _about(self, one: Collection) -> dict[str, Any]:
        """Return what is told of a collection."""
        rows = one.rows_of(access_of(current_app).person(), spoken())
        project = self.kept.store.crs
        own = next((uri for uri, frame in self.frames.items() if frame.crs == project), CRS84)
        name = self._name(one.name)
        links = [
            _link("self", f"collections/{one.name}", "application/json", f"ogc.{one.name}"),
            _link("items", f"collections/{one.name}/items", GEOJSON, f"ogc.{one.name}"),
            _link("items", f"collections/{one.name}/items?f=html", "text/html", f"ogc.{one.name}"),
        ]
        return {
            "id": one.name,
            "title": name,
            "description": word(f"standards.ogc.{one.name}.about", spoken()),
            "links": links,
            "extent": {"spatial": {"bbox": [_extent(rows, self.frames[CRS84], project)], "crs": CRS84}},
            "itemType": "feature",
            "crs": list(self.frames),
            "storageCrs": own,
        }

    def _features(self, one: Collection, rows: gpd.GeoDataFrame, frame: Frame) -> list[dict[str, Any]]:
        """Return rows as GeoJSON features in a CRS."""
        shapes = np.asarray(rows.geometry.array, dtype=object)
        there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        project = self.kept.store.crs
        told = np.full(len(shapes), None, dtype=object)
        flat = shapely.force_2d(shapes[there])
        told[there] = shapely.to_geojson(shapely.transform(flat, lambda xy: asking.moved(xy, project, frame)))
        ids = one.ids(rows)
        return [
            {
                "type": "Feature",
                "id": code,
                "geometry": None if shape is None else json.loads(shape),
                "properties": properties,
            }
            for code, shape, properties in zip(ids, told, values(one.told(rows)), strict=True)
        ]


def add_features(app: Dash, notices: Notices) -> None:
    """Register the routes: those of a collection with the permission that it needs."""
    service = Features(snapshot_of(app.server), notices)
    public = Permission.PUBLIC
    for rule, view in (
        ("", service.landing),
        ("/", service.landing),
        ("/conformance", service.conformance),
        ("/api", service.api),
        ("/collections", service.listed),
    ):
        route(app, ROOT + rule, answered(view), needs=public)
    for name, one in service.collections.items():
        own = f"{ROOT}/collections/{name}"
        route(app, own, answered(_of(service.collection, name)), needs=one.needs)
        route(app, f"{own}/items", answered(_of(service.items, name)), needs=one.needs)
        route(app, f"{own}/items/<path:code>", answered(_of(service.item, name)), needs=one.needs)


def answered(view: Callable[..., Response]) -> Callable[..., ResponseReturnValue]:
    """Return a view whose faults are told as the standard tells exceptions."""

    @wraps(view)
    def answer(**parts: str) -> ResponseReturnValue:
        try:
            return view(**parts)
        except Fault as fault:
            return refused(fault.status, fault.description)
        except UnavailableError as error:
            return later(refused(503, words_of(error, "en")), error)
        except GisappError as error:
            return refused(400, str(error))

    return answer


def refused(status: int, description: str) -> Response:
    """Return an exception of the standard."""
    body = json.dumps({"code": str(status), "description": description}, ensure_ascii=False)
    return Response(body, status=status, content_type="application/json")


def faulty(response: Response) -> Response:
    """Return what the server itself refused as the standard tells it."""
    words = {403: "you may not read this; show a key", 404: "there is no such resource"}
    made = refused(response.status_code, words.get(response.status_code, "the request cannot be answered"))
    response.set_data(made.get_data())
    response.headers["Content-Type"] = made.headers["Content-Type"]
    return response


def _of(view: Callable[..., Response], name: str) -> Callable[..., Response]:
    def answer(**parts: str) -> Response:
        return view(name, **parts)

    return answer


def _may(needs: Permission) -> bool:
    return needs is Permission.PUBLIC or may(needs)


def _chosen(rows: gpd.GeoDataFrame, one: Collection, asked: asking.Asked) -> np.ndarray:
    """Return the places of the rows that are asked for, in the order of the table."""
    keep = np.ones(len(rows), dtype=bool)
    if asked.box is not None:
        keep[:] = False
        if asked.box[0] <= asked.box[2]:
            keep[rows.sindex.query(shapely.box(*asked.box), predicate="intersects")] = True
    if asked.between is not None and one.times is not None:
        first, last = (rows[name] for name in one.times)
        start, end = asked.between
        if end is not None:
            keep &= ~(first > end).to_numpy()
        if start is not None:
            keep &= ~(last < start).to_numpy()
    return np.flatnonzero(keep)


def _extent(rows: gpd.GeoDataFrame, frame: Frame, project: Any) -> list[float]:
    """Return the box around a collection in degrees; the whole earth around an empty one."""
    box = rows.total_bounds if len(rows) else np.full(4, np.nan)
    if not np.isfinite(box).all():
        return [-180.0, -90.0, 180.0, 90.0]
    corners = asking.moved(shapely.get_coordinates(shapely.segmentize(shapely.box(*box), 1_000.0)), project, frame)
    return [*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()]


def _form() -> str:
    """Return the form that is asked for: by ``f``, else by the headers; JSON where it does not matter.

    Raises
    ------
    Fault
        When ``f`` names none.
    """
    said = request.args.get("f")
    if said is not None and said not in FORMS:
        raise Fault(400, f"f {said!r} is unknown; use one of {', '.join(FORMS)}")
    if said is not None:
        return said
    best = request.accept_mimetypes.best_match(["application/json", GEOJSON, OPENAPI, "text/html"])
    return "html" if best == "text/html" else "json"


def _answer(told: dict[str, Any], title: str, mimetype: str = "application/json") -> Response:
    """Return an answer as JSON or as a page, with its links as headers too."""
    answer = page(told, title) if _form() == "html" else _written(told, mimetype)
    for link in told.get("links", ()):
        answer.headers.add("Link", f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"')
    answer.vary.update(("Accept", "Accept-Language"))
    return answer


def _written(told: dict[str, Any], mimetype: str) -> Response:
    body = json.dumps(told, ensure_ascii=False, allow_nan=False)
    return Response(body, content_type=mimetype, headers={"Cache-Control": "no-cache"})


def _in_frame(answer: Response, frame: Frame) -> Response:
    """Return an answer that says in which CRS its coordinates are."""
    answer.headers["Content-Crs"] = f"<{frame.uri}>"
    return answer


def _type(mimetype: str) -> str:
    return "text/html" if _form() == "html" else mimetype


def _own_links(mimetype: str) -> list[dict[str, str]]:
    """Return the links of an answer to itself and to its other form."""
    other = "json" if _form() == "html" else "html"
    types = {"json": mimetype, "html": "text/html"}
    return [
        {"rel": "self", "type": types[_form()], "href": _here()},
        {"rel": "alternate", "type": types[other], "href": _here(f=other)},
    ]


def _here(**changed: str) -> str:
    """Return the address of this request, without its key, with some parameters changed."""
    told = {name: value for name, value in request.args.items() if name != "api_key"} | changed
    where = request.url_root.rstrip("/") + quote(request.path)
    return f"{where}?{urlencode(told)}" if told else where


def _link(relation: str, where: str, mimetype: str, title: str) -> dict[str, str]:
    href = f"{request.url_root.rstrip('/')}{ROOT}/{where}"
    return {"rel": relation, "type": mimetype, "href": href, "title": word(f"standards.{title}", spoken())}
