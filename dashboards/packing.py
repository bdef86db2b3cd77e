"""What leaves packed: answers of callbacks each time, the program's own scripts and styles once."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from flask import Flask, Response, request

from dashboards.access import OF_THE_PROGRAM

PACKED_FROM = 2000  # bytes: what fits into a packet or two is sent as it is
TEXTS = ("text/javascript", "application/javascript", "text/css", "image/svg+xml")


@dataclass(frozen=True)
class _File:
    """A file of the program, packed, and of which version."""

    version: tuple[str | None, int | None]
    packed: bytes


def add_packing(server: Flask) -> None:
    """Pack what leaves for who can unpack it, where that pays: rows, charts and scripts shrink to a fifth."""
    files: dict[str, _File] = {}

    @server.after_request
    def pack(response: Response) -> Response:
        still = request.endpoint in OF_THE_PROGRAM and response.mimetype in TEXTS
        rows = response.mimetype == "application/json" and not response.direct_passthrough
        if not (still or rows) or "Content-Encoding" in response.headers:
            return response
        response.vary.add("Accept-Encoding")
        if "gzip" not in request.accept_encodings or (response.content_length or 0) < PACKED_FROM:
            return response
        if still and response.status_code == 200:
            _put(response, _of_file(response, files))
        elif rows:
            _put(response, gzip.compress(response.get_data(), compresslevel=1, mtime=0))
        return response


def _of_file(response: Response, files: dict[str, _File]) -> bytes:
    """Return a file of the program packed, as it was the last time unless it has changed since."""
    version = response.headers.get("ETag"), response.content_length
    kept = files.get(request.path)
    if kept is None or kept.version != version:
        kept = files[request.path] = _File(version, gzip.compress(b"".join(response.iter_encoded()), mtime=0))
    return kept.packed


def _put(response: Response, packed: bytes) -> None:
    """Let a response bring its body packed."""
    etag, weak = response.get_etag()
    if etag is not None and not weak:
        response.set_etag(etag, weak=True)  # of the same, byte for byte only once it is unpacked
    getattr(response.response, "close", lambda: None)()  # the file that would have been sent
    response.direct_passthrough = False
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
