"""How the commands speak: data on standard output, progress and words on standard error."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from gisapp.addresses import store_address
from gisapp.durable import replaced
from gisapp.harmless import harmless_cells
from gisapp.masking import masked_values, without_numbers

STORE_VARIABLE = "GISAPP_STORE"
ACTOR = "local"
"""Who acts on the command line, where nobody logs in."""


def command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str, example: str
) -> argparse.ArgumentParser:
    """Return the parser of a new command, whose help ends with an example."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(run=run)
    return made


def store_option(made: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add ``--store``, which the environment may name instead: there an address with a password is seen by nobody."""
    kept = os.environ.get(STORE_VARIABLE)
    known = None if kept is None else store_address(kept)
    words = (
        f"the store: a GeoPackage, or a database such as postgresql://user@host/city; else {STORE_VARIABLE} names it"
    )
    made.add_argument(
        "--store", required=required and known is None, default=known, type=store_address, metavar="STORE", help=words
    )


def aware_moment(text: str) -> datetime:
    """Return a moment with its offset, written by a person as an option."""
    such = "write a moment such as 2026-12-01T08:00:00+08:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}; {such}") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone; {such}")
    return moment


def say(text: str) -> None:
    """Print words for a person on standard error."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """Shares done of a task, on standard error: a line that rewrites itself on a terminal, else one every 5 s."""

    def __init__(self, what: str) -> None:
        self.what, self.live, self.last = what, sys.stderr.isatty(), time.monotonic()

    def __call__(self, done: float, total: float) -> None:
        """Show ``done`` of ``total``."""
        now = time.monotonic()
        if now - self.last < (0.1 if self.live else 5) and done < total:
            return
        self.last = now
        share = f"{self.what}: {100 * done / total if total else 100:.0f} %"
        print(share, end="\r" if self.live and done < total else "\n", file=sys.stderr, flush=True)


def put_text(text: str, target: Path | None) -> None:
    """Write text to ``target``, or to standard output when it is None."""
    if target is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
        return
    with replaced(target) as part:
        part.write_text(text, encoding="utf-8")


def put_bytes(content: bytes, target: Path) -> None:
    """Write a file that no terminal can show."""
    with replaced(target) as part:
        part.write_bytes(content)


def put_json(value: object, target: Path | None = None) -> None:
    """Write a value as JSON, Chinese as it is; mobile numbers and ids in its texts are masked."""
    put_json_in_clear(masked_values(value), target)


def put_json_in_clear(value: object, target: Path | None = None) -> None:
    """Write a value as JSON with nothing masked: only for what was asked for in clear, and written down."""
    put_text(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False), target)


def put_csv(frame: pd.DataFrame, target: Path | None = None) -> None:
    """Write a table as CSV in UTF-8, lengths and areas to the millimetre; mobile numbers and ids are masked."""
    text = harmless_cells(frame).to_csv(index=False, float_format="%.3f", lineterminator="\n")
    put_text(without_numbers(text), target)
