"""Commands that put a shutoff operation on paper: ``notice`` and ``pack``."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands import meetings
from dashboards.commands.console import ACTOR, Progress, command, put_bytes, put_text, say, store_option
from dashboards.judging import situation_in
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
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
        "Write a text of a shutoff operation: the last released revision, or a draft where none was released. "
        "Write it as txt, fill it in, and release it with --release.",
        "gisapp notice --store city.gpkg --shutoff S20261127-001 --lang zh-Hans --format docx -o notice.docx",
    )
    store_option(made)
    made.add_argument("--shutoff", required=True, metavar="ID", help="code of the operation")
    made.add_argument("--kind", choices=tuple(KINDS), default="notice")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans")
    made.add_argument("--format", choices=("html", "docx", "txt"), default="html")
    made.add_argument("--draft", action="store_true", help="draft it anew, whatever was released")
    made.add_argument("--release", type=Path, metavar="FILE.txt", help="release this text as the next revision")
    pressure_option(made)
    made.add_argument("--issuer", metavar="NAME", help="who speaks; the store's name when absent")
    made.add_argument("--hotline", metavar="NUMBER", help="the number to call")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE", help="required for docx")
    made = command(
        commands,
        "pack",
        run_pack,
        "Write all there is to know of a shutoff operation as one page that opens without a network. "
        "With --check say whether a page is still as it was made; exit status 1: it is not. "
        "With weekly, monthly, quarterly or brief write the pack of a grid for its meeting.",
        "gisapp pack --store city.gpkg --shutoff S20261127-001 -o pack.html",
    )
    meetings.add_options(made)
    store_option(made, required=False)
    made.add_argument("--shutoff", metavar="ID", help="code of the operation")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans")
    made.add_argument("--rules", type=Path, metavar="OWN.toml", help="your own copy of the rules of shutoffs")
    pressure_option(made)
    made.add_argument("--check", type=Path, metavar="PACK.html", help="check this page and write nothing")
    made.add_argument("-o", dest="out", type=Path, metavar="PACK.html")


def pressure_option(made: argparse.ArgumentParser) -> None:
    """Add ``--pressure-m``."""
    about = "tell who is estimated to keep supply below this pressure (water; 14 m are 0.14 MPa)"
    made.add_argument("--pressure-m", type=float, metavar="METRES", help=about)


def run_notice(options: argparse.Namespace) -> int:
    """Write a text, or release one."""
    import pandas as pd

    from gisapp.errors import InputError
    from gisapp.store import open_store

    if options.format == "docx" and options.out is None:
        raise InputError("no file is named", todo="name one that ends in .docx", field="-o")
    with open_store(options.store) as store:
        if options.release is not None:
            return _release(store, options)
        now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
        issuer = options.issuer or str(store.setting("issuer") or store.name)
        edition = _edition(store, options, issuer, now)
    if edition.released_at is None:
        blanks = len(edition.text.blanks)
        say(f"{options.shutoff}: draft of {edition.text.title}, {blanks} places to fill in")
    else:
        say(f"{options.shutoff}: {edition.text.title}, revision {edition.revision}")
    for note in edition.notes("en"):
        say(note)
    _put(edition, options, issuer, now)
    return 0


def _put(edition: Edition, options: argparse.Namespace, issuer: str, now: datetime) -> None:
    """Write an edition in the form that was asked for."""
    from gisapp.reports.as_docx import text_docx
    from gisapp.reports.as_html import text_html

    if options.format == "docx":
        put_bytes(text_docx(edition, issuer=issuer, made_at=now), options.out)
    elif options.format == "html":
        put_text(text_html(edition, issuer=issuer), options.out)
    else:
        put_text(f"{edition.text.title}\n\n{edition.text.body}\n", options.out)


def _release(store: Store, options: argparse.Namespace) -> int:
    """Release a text that a person has filled in."""
    from gisapp.errors import InputError
    from gisapp.reports.texts import text_of

    kind, name = KINDS[options.kind], str(options.release)
    title, _, body = _read(options.release).strip().partition("\n")
    text = text_of(kind, options.lang, title.strip(), body)
    if not text.title or not text.sections:
        raise InputError("holds no text", todo="write a title on the first line and the text below", file=name)
    if text.blanks:
        raise InputError(f"still holds {text.blanks[0]}", todo="fill in what stands in square brackets", file=name)
    given = {"shutoff_code": options.shutoff, "kind": kind, "language": options.lang}
    revision = store.operations.release(given | {"title": text.title, "body": text.body}, ACTOR)
    say(f"{options.shutoff}: {text.title} released as revision {revision}")
    return 0


def _read(path: Path) -> str:
    """Return the text of a file, line ends as they are."""
    from gisapp.errors import InputError

    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot be read: {error}", todo="give a file in UTF-8 that is there", file=str(path)
        ) from error


def _edition(store: Store, options: argparse.Namespace, issuer: str, now: Any) -> Edition:
    """Return what was released, else a draft."""
    from gisapp.reports.texts import Edition, Issuer, draft, released

    kind = KINDS[options.kind]
    operation = store.operations.operation(options.shutoff)
    found = None if options.draft else released(operation, kind, options.lang, store.zone)
    if found is not None:
        return found
    hotline = options.hotline or str(store.setting("hotline") or "")
    text = draft(
        kind,
        situation_in(store, operation, now, pressure_m=options.pressure_m, progress=Progress("estimating pressure")),
        options.lang,
        Issuer(issuer, hotline),
    )
    return Edition(text, options.shutoff)


def run_pack(options: argparse.Namespace) -> int:
    """Write a pack, or check one."""
    from gisapp.errors import InputError
    from gisapp.store import open_store

    if options.check is not None:
        return _check(options.check)
    if options.kind is not None:
        return meetings.run_meeting(options)
    for name in ("store", "shutoff", "out"):
        if getattr(options, name) is None:
            raise InputError("is missing", todo="give --store, --shutoff and -o, or --check", field=name)
    with open_store(options.store) as store:
        text = _pack(store, options)
        store.note_way_out("export", actor=ACTOR, why=f"pack of {options.shutoff}", rows={"shutoffs": 1})
    put_text(text, options.out)
    say(f"{options.out}: {len(text.encode()) / 1e6:.2f} MB")
    return 0


def _pack(store: Store, options: argparse.Namespace) -> str:
    """Return the pack of an operation."""
    import pandas as pd

    from gisapp.operations.duties import duties
    from gisapp.reports.situation import TABLES as TOLD
    from layers.pack import TABLES, pack_html

    now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
    operation = store.operations.operation(options.shutoff)
    revisions = store.revisions()
    told = situation_in(
        store,
        operation,
        now,
        own_rules=options.rules,
        pressure_m=options.pressure_m,
        progress=Progress("estimating pressure"),
    )
    return pack_html(
        told,
        {name: store.table(name) for name in TABLES},
        city=store.name,
        language=options.lang,
        duties=duties(operation, told.rules, now=now, zone=store.zone, reach=told.reach),
        revisions={name: revisions[name] for name in (*TOLD, "shutoffs", "shutoff_steps", "valve_operations")},
        audit=str(store.audit_head()),
    )


def _check(path: Path) -> int:
    """Say whether a page is as it was made."""
    from layers.pack import is_intact

    intact = is_intact(_read(path))
    say(f"{path}: {'as it was made' if intact else 'changed since it was made'}")
    return 0 if intact else 1
