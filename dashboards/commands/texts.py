"""Commands that put a shutoff operation on paper: ``notice``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import command, put_bytes, put_text, say, store_option
from dashboards.commands.networks import network_in
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    from gisapp.reports.situation import Situation
    from gisapp.reports.texts import Edition
    from gisapp.store import Store

KINDS = {
    "notice": "shutoff_notice",
    "report": "report_up",
    "posting": "posting_list",
    "sms": "sms",
    "fire": "fire_note",
}


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    made = command(
        commands,
        "notice",
        run_notice,
        "Write a text of a shutoff operation: the last released revision, or a draft where none was released.",
        "gisapp notice --store city.gpkg --shutoff S20261127-001 --lang zh-Hans --format docx -o notice.docx",
    )
    store_option(made)
    made.add_argument("--shutoff", required=True, metavar="ID", help="code of the operation")
    made.add_argument("--kind", choices=tuple(KINDS), default="notice")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans")
    made.add_argument("--format", choices=("html", "docx"), default="html")
    made.add_argument("--draft", action="store_true", help="draft it anew, whatever was released")
    made.add_argument("--issuer", metavar="NAME", help="who speaks; the store's name when absent")
    made.add_argument("--hotline", metavar="NUMBER", help="the number to call")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE", help="required for docx")


def run_notice(options: argparse.Namespace) -> int:
    """Write a text."""
    import pandas as pd

    from gisapp.errors import InputError
    from gisapp.reports.as_docx import text_docx
    from gisapp.reports.as_html import text_html
    from gisapp.store import open_store

    if options.format == "docx" and options.out is None:
        raise InputError("no file is named", todo="name one that ends in .docx", field="-o")
    with open_store(options.store) as store:
        now = pd.Timestamp.now(tz=store.zone)
        issuer = options.issuer or str(store.setting("issuer") or store.name)
        edition = _edition(store, options, issuer, now)
    if edition.released_at is None:
        blanks = len(edition.text.blanks)
        say(f"{options.shutoff}: draft of {edition.text.title}, {blanks} places to fill in")
    else:
        say(f"{options.shutoff}: {edition.text.title}, revision {edition.revision}")
    for note in edition.notes("en"):
        say(note)
    if options.format == "docx":
        put_bytes(text_docx(edition, issuer=issuer, made_at=now.to_pydatetime()), options.out)
    else:
        put_text(text_html(edition, issuer=issuer), options.out)
    return 0


def _edition(store: Store, options: argparse.Namespace, issuer: str, now: Any) -> Edition:
    """Return what was released, else a draft."""
    from gisapp.reports.texts import Edition, Issuer, draft, released

    kind = KINDS[options.kind]
    operation = store.operations.operation(options.shutoff)
    found = None if options.draft else released(operation, kind, options.lang, store.zone)
    if found is not None:
        return found
    hotline = options.hotline or str(store.setting("hotline") or "")
    text = draft(kind, situation_in(store, options.shutoff, now), options.lang, Issuer(issuer, hotline))
    return Edition(text, options.shutoff)


def situation_in(store: Store, code: str, now: Any) -> Situation:
    """Return the situation of an operation of a store, answered as the network stood before it."""
    from dataclasses import asdict

    from gisapp.network import shutoff
    from gisapp.operations import overrides
    from gisapp.reports.situation import TABLES, situation_of

    operation = store.operations.operation(code)
    today = overrides(store.table("valve_operations"), store.table("devices"), operation.utility, leaving_out=[code])
    answer = shutoff(
        network_in(store, operation.utility),
        operation.bursts,
        **asdict(today),
    )
    tables = {name: store.table(name) for name in TABLES}
    return situation_of(answer, tables, now=now, zone=store.zone, operation=operation)
