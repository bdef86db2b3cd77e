"""Texts of an operation: drafted with the numbers filled in, edited by a person, released and frozen, downloaded."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pandas as pd
from dash import html
from dash.development.base_component import Component
from flask import Response, current_app, request

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import actor, may
from dashboards.emergency.case import Case
from dashboards.emergency.parts import chip, clock, joined, section
from dashboards.emergency.standing import Standing, Standings
from dashboards.marked import mark
from dashboards.snapshot import snapshot_of
from gisapp.errors import InputError
from gisapp.reports.as_html import text_html
from gisapp.reports.texts import Edition, Issuer, draft, released
from gisapp.store import Store
from gisapp.tables import NOTICE_KINDS
from gisapp.words import LANGUAGES, catalog, word

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def texts(standing: Standing, spoken: str) -> Component | None:
    """Return the kinds of text, each with its last release and the button that opens it."""
    operation = standing.operation
    if operation is None:
        return None
    rows = [_pack(standing, spoken), *(_kind(kind, standing, spoken) for kind in kinds(standing))]
    return section("texts", word("emergency.texts", spoken), html.Ul(rows, className="lines"))


def kinds(standing: Standing) -> tuple[str, ...]:
    """Return the kinds of text that this operation has: one customer's shutoff has none, hydrants are of water."""
    if standing.operation is not None and standing.operation.kind == "individual":
        return ()
    return tuple(kind for kind in NOTICE_KINDS if kind != "fire_note" or standing.utility == "water")


def paper(asked: Mapping[str, Any], standings: Standings, store: Store) -> dict[str, Any]:
    """Return a text for the editor: the draft of now, or with ``released`` the last release; what may be done."""
    spoken = str(asked["language"])
    standing = standings.of(Case(code=str(asked["code"])))
    edition = edition_of(standing, str(asked["kind"]), spoken, store, anew=not asked.get("released"))
    last = _last(standing, str(asked["kind"]), spoken)
    return {
        **{name: asked[name] for name in ("code", "kind", "language")},
        "title": edition.text.title,
        "body": edition.text.body,
        "frozen": edition.released_at is not None,
        "mark": edition.mark(shell.language()),
        "notes": list(edition.notes(shell.language())),
        "blanks": list(edition.text.blanks),
        "revision": None if last is None else int(last["revision"]),
        "may": may(Permission.SHUTOFF_RECORD),
    }


def edition_of(standing: Standing, kind: str, language: str, store: Store, *, anew: bool) -> Edition:
    """Return the last release of a text; a draft where there is none, or ``anew``."""
    operation = standing.operation
    assert operation is not None
    found = None if anew else released(operation, kind, language, store.zone)
    return found or Edition(draft(kind, standing.situation, language, issuer_of(store)), operation.code)


def issuer_of(store: Store) -> Issuer:
    """Return who speaks: the utility's name and hotline, as the store knows them."""
    return Issuer(str(store.setting("issuer") or store.name), str(store.setting("hotline") or ""))


def download(standings: Standings) -> Response:
    """Return a text as a file: ``shutoff``, ``kind``, ``lang``, ``format`` of the address say which."""
    store = snapshot_of(current_app).store
    kind, language, form = (request.args.get(name, "") for name in ("kind", "lang", "format"))
    if kind not in NOTICE_KINDS or language not in LANGUAGES or form not in ("html", "docx"):
        raise InputError("there is no such text", todo="name kind, lang and format in the address")
    standing = standings.of(Case(code=request.args.get("shutoff", "")))
    edition = edition_of(standing, kind, language, store, anew=False)
    name = f"{edition.code}-{kind}-{language}.{form}"
    issuer = issuer_of(store).name
    if form == "html":
        made: bytes = text_html(edition, issuer=issuer).encode()
    else:
        from gisapp.reports.as_docx import text_docx

        now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
        made = text_docx(edition, issuer=issuer, made_at=now, note=mark(language))
    held = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(io.BytesIO(made), mimetype="text/html" if form == "html" else DOCX, headers=held)


def browser_words(spoken: str) -> str:
    """Return the words that the browser's half of the page shows, as JSON."""
    said = {
        key.removeprefix("emergency.js."): text
        for key, text in catalog(spoken).items()
        if key.startswith("emergency.js.")
    }
    kinds_said = {f"kind_{kind}": word(f"emergency.kind_of_{kind}", spoken) for kind in NOTICE_KINDS}
    return json.dumps(said | kinds_said, ensure_ascii=False)


def _pack(standing: Standing, spoken: str) -> Component:
    """Return the link to all there is to know as one file."""
    told = html.Span(
        [html.Strong(word("emergency.pack", spoken)), html.Span(word("emergency.pack_tip", spoken), className="quiet")],
        className="grows",
    )
    link = html.A(
        [shell.icon("download"), word("emergency.download", spoken)],
        href=f"/shutoff.html?{standing.case.address()}&lang={spoken}",
        className="button",
        download="",
    )
    return html.Li([told, link], className="line")


def _kind(kind: str, standing: Standing, spoken: str) -> Component:
    """Return one kind of text: its last release in any language, the button that opens it."""
    assert standing.operation is not None
    mine = standing.operation.notices
    mine = mine[mine["kind"] == kind].sort_values("released_at")
    state: Component = html.Span(word("emergency.unreleased", spoken), className="quiet")
    if len(mine):
        last = mine.iloc[-1]
        when = clock(
            last["released_at"].tz_convert(standing.situation.made_at.tzinfo), spoken, today=standing.situation.made_at
        )
        said = word("emergency.revision", spoken, revision=last["revision"])
        state = chip(joined(said, when, actor(last["released_by"], spoken)), "good")
    told = html.Span([html.Strong(word(f"emergency.kind_of_{kind}", spoken)), state], className="grows head")
    opened = html.Button(
        word("emergency.open_text", spoken),
        className="button",
        **{"data-paper": kind, "data-code": standing.operation.code},
    )
    return html.Li([told, opened], className="line")


def _last(standing: Standing, kind: str, language: str) -> Any:
    assert standing.operation is not None
    rows = standing.operation.notices
    rows = rows[(rows["kind"] == kind) & (rows["language"] == language)]
    return None if rows.empty else rows.sort_values("revision").iloc[-1]
