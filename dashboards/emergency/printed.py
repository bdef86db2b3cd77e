"""The pack of what the page shows: one page for the field that opens without a network and prints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pandas as pd
from flask import Response, request

from dashboards import shell
from dashboards.emergency.case import case_of
from dashboards.emergency.clocks import duties_of
from dashboards.emergency.standing import READ, Standings
from dashboards.snapshot import Snapshot
from gisapp.errors import InputError
from gisapp.reports.offline_page import policy_of
from gisapp.words import LANGUAGES
from layers.pack import TABLES, pack_html


def pack(snapshot: Snapshot, standings: Standings) -> Response:
    """Return the pack of the burst or the record of the address; a record's comes as a file.

    Raises
    ------
    InputError
        When the address names neither.
    """
    case = case_of(request.args)
    if case.empty:
        raise InputError("no pipe is named", todo="give pipe=CODE or shutoff=CODE in the address")
    store, standing = snapshot.store, standings.of(case)
    now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
    wanted = request.args.get("lang", "")
    known = store.revisions()
    text = pack_html(
        standing.situation,
        {name: store.table(name) for name in TABLES},
        city=store.name,
        language=wanted if wanted in LANGUAGES else shell.language(),
        duties=duties_of(standing, now, store.zone),
        revisions={name: known[name] for name in READ},
        audit=str(store.audit_head()),
    )
    return Response(text, mimetype="text/html", headers=_headers(text, case.code, now))


def _headers(text: str, code: str, now: datetime) -> Mapping[str, Any]:
    """Return the page's own policy, and for a record the name of the file."""
    headers = {"Content-Security-Policy": f"{policy_of(text)}; frame-ancestors 'none'"}
    if code:
        name = quote(f"{code}-{now.strftime('%Y%m%d-%H%M')}.html")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return headers
