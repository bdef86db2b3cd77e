"""Answers of GeoReport v2 as JSON or XML, and its faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from xml.etree import ElementTree

from flask import Response, request
from flask.typing import ResponseReturnValue

from dashboards.unavailable import later, words_of
from gisapp.errors import AccessError, GisappError, UnavailableError

MIMETYPES = {"json": "application/json", "xml": "text/xml"}
_ONE_OF = {
    "services": "service", "service_requests": "request", "attributes": "attribute", "values": "value",
    "errors": "error", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Fault(Exception):
    """What a program asked wrongly: the status of the answer, and what to do."""

    def __init__(self, status: int, description: str) -> None:
        self.status, self.description = status, description
        super().__init__(description)


def answered(view: Callable[..., Any]) -> Callable[..., ResponseReturnValue]:
    """Return a view whose faults are told as GeoReport v2 tells errors, in the format that was asked for."""

    @wraps(view)
    def answer(form: str = "json", **parts: str) -> ResponseReturnValue:
        try:
            answer: Response = view(form=form, **parts)
            return answer
        except Fault as fault:
            return errors(fault.status, fault.description, form)
        except UnavailableError as error:
            return later(errors(503, words_of(error, "en"), form), error)
        except GisappError as error:
            return errors(403 if isinstance(error, AccessError) else 400, str(error), form)

    return answer


def errors(status: int, description: str, form: str) -> Response:
    """Return the list of errors of GeoReport v2, which holds one."""
    answer = written("errors", [{"code": status, "description": description}], form)
    answer.status_code = status
    return answer


def written(root: str, value: Any, form: str) -> Response:
    """Return a value as JSON, which bears no root, or as XML under it; what did not change is answered by 304."""
    if form == "xml":
        element = ElementTree.Element(root)
        _fill(element, value)
        body = b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(element, encoding="utf-8")
    else:
        body = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    answer = Response(body, content_type=f"{MIMETYPES[form]}; charset=utf-8")
    if request.method == "GET" and root != "errors":
        answer.headers["Cache-Control"] = "no-cache"
        answer.add_etag()
        answer.make_conditional(request)
    return answer


def _fill(element: ElementTree.Element, value: Any) -> None:
    """Put a value into an element: parts by name, the items of a list by the name of one."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            _fill(ElementTree.SubElement(element, name), part)
    elif isinstance(value, list | tuple):
        for part in value:
            _fill(ElementTree.SubElement(element, _ONE_OF[element.tag]), part)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        element.text = _NOT_XML.sub("\ufffd", text)
