"""The description of every service (OpenAPI 3.0): what may be asked, and what shape the answers have."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping
from typing import Any

from dashboards.access import Permission
from dashboards.standards.asked import FARTHEST, FORMS, MOST, USUAL
from dashboards.standards.collections import Collection
from gisapp.tables import UTILITIES
from gisapp.tables.column import Column
from gisapp.words import LANGUAGES

Schema = dict[str, Any]
_TYPES = {"text": "string", "int": "integer", "real": "number", "bool": "boolean", "time": "string"}
_MOMENT = r"2[0-9]{3}-(0[1-9]|1[0-2])-([01][1-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
_INTERVAL = rf"^({_MOMENT}|{_MOMENT}/(\.\.)?|(\.\.)?/{_MOMENT}|{_MOMENT}/{_MOMENT})$"


def description(
    title: str, url: str, *, collections: Mapping[str, Collection], frames: Names[str], services: Names[str]
) -> dict[str, Any]:
    """Return the description of what stands under ``url``; ``services`` are the codes of what can be reported."""
    paths = {**_ogc(collections, frames), **_public(), **_open311(services)}
    keys = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "api_key": {"type": "apiKey", "in": "query", "name": "api_key"},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1.0.0"},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": keys},
    }


def _ogc(collections: Mapping[str, Collection], frames: Names[str]) -> dict[str, Any]:
    """Return the paths of OGC API - Features."""
    both = [_query("f", {"type": "string", "enum": list(FORMS)}), _LANG]
    crs = _query("crs", {"type": "string", "enum": list(frames)})
    paths = {
        f"/ogc{where}": {"get": _get(_ref(schema), both, summary)}
        for where, schema, summary in (
            ("/", "landing", "What the service is"),
            ("/conformance", "conformance", "Which classes of the standard hold"),
            ("/collections", "collections", "The collections that may be read"),
        )
    }
    paths["/ogc/api"] = {"get": _get({"type": "object"}, both, "This description", json=_OPENAPI)}
    asked = [
        *both,
        _query("limit", {"type": "integer", "minimum": 1, "default": USUAL}, f"{MOST} at most are given"),
        _query("offset", {"type": "integer", "minimum": 0, "maximum": FARTHEST, "default": 0}),
        _query("bbox", {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}, explode=False),
        _query("bbox-crs", {"type": "string", "enum": list(frames)}),
        _query("datetime", {"type": "string", "pattern": _INTERVAL}, "a moment, or two with / between; .. is open"),
        crs,
    ]
    for name, one in collections.items():
        own, closed = f"/ogc/collections/{name}", one.needs is not Permission.PUBLIC
        item = _feature(one)
        page = _object(
            {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "items": item},
                "links": _ref("links"),
                "numberMatched": _COUNT,
                "numberReturned": _COUNT,
                "timeStamp": _TIME,
            }
        )
        code = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        paths[own] = {"get": _get(_ref("collection"), both, f"About {name}", closed=closed)}
        paths[f"{own}/items"] = {"get": _get(page, asked, f"Features of {name}", json=_GEOJSON, closed=closed)}
        linked = {**item, "properties": {**item["properties"], "links": _ref("links")}}
        one_get = _get(linked, [code, *both, crs], f"A feature of {name}", json=_GEOJSON, closed=closed, may_lack=True)
        paths[f"{own}/items/{{featureId}}"] = {"get": one_get}
    return paths


def _public() -> dict[str, Any]:
    """Return the paths of what everybody reads."""
    text = {"text/html": {"schema": {"type": "string"}}}
    geojson = _object(
        {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"type": "object"}},
        }
    )
    atom = {"application/atom+xml": {"schema": {"type": "string"}}}
    return {
        "/public/shutoffs": {"get": _plain(text, "Published shutoffs")},
        "/public/shutoffs.geojson": {"get": _plain({_GEOJSON: {"schema": geojson}}, "Published shutoffs as GeoJSON")},
        "/public/shutoffs.atom": {"get": _plain(atom, "Published shutoffs as a feed")},
    }


def _plain(content: dict[str, Any], summary: str) -> dict[str, Any]:
    return {"summary": summary, "parameters": [_LANG], "responses": {"200": {"description": "OK", "content": content}}}


def _open311(services: Names[str]) -> dict[str, Any]:
    """Return the paths of GeoReport v2."""
    form = {"name": "form", "in": "path", "required": True, "schema": {"type": "string", "enum": ["json", "xml"]}}
    locale = _query("locale", {"type": "string"}, "such as zh_CN, zh_TW or en; else the headers say")
    code = {"name": "code", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}}
    asked = [
        _query("service_request_id", {"type": "string"}),
        _query("service_code", {"type": "string"}),
        _query("start_date", _DATE, "with end_date 90 days at most"),
        _query("end_date", _DATE, "with start_date 90 days at most"),
        _query("status", {"type": "string", "pattern": "^((open|closed)(,(open|closed))?)?$"}),
        _query("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000}),
        _query("page_size", {"type": "integer", "minimum": 1, "maximum": 1000}),
        _query("extensions", {"type": "string"}, "true for the codes behind the words"),
    ]
    requests = {"type": "array", "items": _ref("request")}
    listed = {"type": "array", "items": _ref("service")}
    service = {**code, "schema": {"type": "string", "enum": list(services)}}
    tokens = {"type": "array", "items": _object({"service_request_id": _STRING, "token": _STRING})}
    reads: dict[str, tuple[Schema, list[Schema], bool]] = {
        "/discovery": ({"type": "object"}, [], False),
        "/services": (listed, [], False),
        "/services/{code}": ({"type": "object"}, [service], False),
        "/requests": (requests, asked, True),
        "/requests/{code}": (requests, [code], True),
        "/tokens/{code}": (tokens, [code], True),
    }
    paths: dict[str, Any] = {
        f"/open311/v2{where}.{{form}}": {"get": _spoken311(schema, [form, locale, *more], closed=closed)}
        for where, (schema, more, closed) in reads.items()
    }
    texts = ("lat", "long", "address_string", "address_id", "description", "phone", "media_url")
    told = {"service_code": service["schema"], **dict.fromkeys(texts, _STRING)}
    told["attribute[utility]"] = {"type": "string", "enum": list(UTILITIES)}
    body = {"type": "object", "required": ["service_code"], "properties": told}
    made = {"type": "array", "items": {"type": "object"}}
    post: dict[str, Any] = _spoken311(made, [form, locale], closed=True, status="201")
    post["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": body}}}
    paths["/open311/v2/requests.{form}"]["post"] = post
    return paths


def _spoken311(schema: Schema, parameters: list[Schema], *, closed: bool, status: str = "200") -> dict[str, Any]:
    def content(of: Schema) -> dict[str, Any]:
        return {"application/json": {"schema": of}, "text/xml": {"schema": {}}}

    wrong = {"description": "What was wrong", "content": content({"type": "array", "items": _ref("error311")})}
    told = {status: {"description": "OK", "content": content(schema)}, "400": wrong, "403": wrong, "404": wrong}
    told |= {"405": wrong} if status == "201" else {}
    return {"parameters": parameters, "responses": told, "security": _KEYS if closed else [{}]}


def _get(
    schema: Schema,
    parameters: list[Schema],
    summary: str,
    *,
    json: str = "application/json",
    closed: bool = False,
    may_lack: bool = False,
) -> dict[str, Any]:
    """Return one thing that can be read, as JSON or as a page."""
    wrong = {"description": "What was wrong", "content": {"application/json": {"schema": _ref("exception")}}}
    content = {json: {"schema": schema}, "text/html": {"schema": {"type": "string"}}}
    responses = {"200": {"description": "OK", "content": content}, "400": wrong}
    responses |= {"403": wrong} if closed else {}
    responses |= {"404": wrong} if may_lack else {}
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": responses,
        "security": _KEYS if closed else [{}],
    }


def _query(name: str, schema: Schema, about: str = "", **more: Any) -> Schema:
    """Return a parameter that may be left out."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": about, **more}


def _feature(one: Collection) -> Schema:
    """Return the shape of a feature of a collection."""
    properties = {column.name: _property(column) for column in one.columns}
    return _object(
        {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": _STRING,
            "geometry": {"nullable": True, "allOf": [_ref("geometry")]},
            "properties": {"type": "object", "properties": properties, "required": list(properties)},
        }
    )


def _property(column: Column) -> Schema:
    """Return the shape of one column."""
    told: Schema = {"type": _TYPES[column.kind]}
    if column.kind == "time":
        told["format"] = "date-time"
    if not column.required:
        told["nullable"] = True
    about = ", ".join(part for part in (column.about, column.unit) if part)
    return {**told, "description": about} if about else told


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_GEOJSON, _OPENAPI = "application/geo+json", "application/vnd.oai.openapi+json;version=3.0"
_KEYS: list[dict[str, list[str]]] = [{"bearer": []}, {"api_key": []}]
_STRING: Schema = {"type": "string"}
_MAYBE: Schema = {"type": "string", "nullable": True}
_TIME: Schema = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Schema = {**_TIME, "nullable": True}
_MAYBE_NUMBER: Schema = {"type": "number", "nullable": True}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_DATE: Schema = {"type": "string", "pattern": f"^({_MOMENT})?$"}
_LANG = _query("lang", {"type": "string"}, f"one of {', '.join(LANGUAGES)}; else the headers say")
_SHAPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_SCHEMAS: dict[str, Schema] = {
    "link": {
        "type": "object",
        "required": ["href", "rel", "type"],
        "properties": dict.fromkeys(("href", "rel", "type", "title"), _STRING),
    },
    "links": {"type": "array", "items": _ref("link")},
    "exception": _object({"code": _STRING, "description": _STRING}),
    "error311": _object({"code": {"type": "integer"}, "description": _STRING}),
    "landing": _object({"title": _STRING, "description": _STRING, "links": _ref("links")}),
    "conformance": _object({"conformsTo": {"type": "array", "items": _STRING}}),
    "collection": {
        "type": "object",
        "required": ["id", "links"],
        "properties": {
            **dict.fromkeys(("id", "title", "description", "itemType", "storageCrs"), _STRING),
            "links": _ref("links"),
            "extent": {"type": "object"},
            "crs": {"type": "array", "items": _STRING},
        },
    },
    "collections": _object({"links": _ref("links"), "collections": {"type": "array", "items": _ref("collection")}}),
    "geometry": _object({"type": {"type": "string", "enum": list(_SHAPES)}, "coordinates": {"type": "array"}}),
    "service": {
        "type": "object",
        "required": ["service_code", "service_name", "metadata", "type"],
        "properties": {
            **dict.fromkeys(("service_code", "service_name", "description", "type", "keywords", "group"), _STRING),
            "metadata": {"type": "boolean"},
        },
    },
    "request": {
        "type": "object",
        "required": ["service_request_id", "status", "service_code", "requested_datetime"],
        "properties": {
            **dict.fromkeys(("service_request_id", "service_name", "service_code"), _STRING),
            "status": {"type": "string", "enum": ["open", "closed"]},
            **dict.fromkeys(("status_notes", "description", "agency_responsible", "service_notice"), _MAYBE),
            "requested_datetime": _TIME,
            **dict.fromkeys(("updated_datetime", "expected_datetime"), _MAYBE_TIME),
            **dict.fromkeys(("lat", "long"), _MAYBE_NUMBER),
        },
    },
}
