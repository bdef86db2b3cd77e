"""What is written down beside a backup: digests of every table's rows and of the file's pages, the head of the audit.

By it a backup that lay for a year is known to be what was made, and one that is damaged is told by table and page.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from gisapp.durable import replaced
from gisapp.errors import StoreError

PAGES = 64
"""So many pages of the file have one digest."""
_SUFFIX = ".proof"


@dataclass(frozen=True)
class Proof:
    """What was written down when a backup was made."""

    made: str
    schema: str
    audit_row: int
    audit_hash: str
    size: int
    page_size: int
    tables: Mapping[str, str]
    blocks: tuple[str, ...]


def proof_path(backup: Path) -> Path:
    """Return the name of the file beside a backup."""
    return backup.with_name(backup.name + _SUFFIX)


def write_proof(staged: Path, backup: Path, tables: Mapping[str, str], *, schema: str, head: tuple[int, str]) -> Proof:
    """Write down what a backup is that was just made and read, before it takes its name; return it."""
    page_size = _page_size(staged)
    proof = Proof(
        datetime.now(UTC).isoformat(timespec="seconds"),
        schema,
        *head,
        staged.stat().st_size,
        page_size,
        dict(tables),
        tuple(_blocks(staged, page_size)),
    )
    told = asdict(proof)
    with replaced(proof_path(backup)) as written:
        written.write_text(json.dumps(told | {"sha256": _digest(told)}), encoding="utf-8")
    return proof


def read_proof(backup: Path) -> Proof:
    """Return what was written down beside a backup.

    Raises
    ------
    StoreError
        When there is no such file, or it is damaged itself.
    """
    path = proof_path(backup)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        own = told.pop("sha256")
        whole = own == _digest(told)
        told["blocks"] = tuple(told["blocks"])
        proof = Proof(**told)
    except FileNotFoundError:
        raise StoreError(f"{path} is not there: nobody wrote down what {backup} was; keep the two together") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; let this user read it") from error
    if not whole:
        raise StoreError(f"{path} is damaged itself; take another backup")
    return proof


def require_proven(backup: Path, digests: Callable[[Path], Mapping[str, str]]) -> Proof:
    """Return the proof of a backup that is still what was made, page by page and row by row.

    Raises
    ------
    StoreError
        When it is not; names the pages and tables.
    """
    if not backup.is_file():
        raise StoreError(f"{backup} is not there; name a backup")
    proof = read_proof(backup)
    if backup.stat().st_size != proof.size:
        raise StoreError(
            f"{backup} has {backup.stat().st_size:,} bytes, {proof.size:,} were written: it was cut off or opened and "
            "written; take another backup"
        )
    wrong = [number for number, found in enumerate(_blocks(backup, proof.page_size)) if found != proof.blocks[number]]
    changed, fault = _changed(backup, proof, digests)
    if not wrong and not changed:
        return proof
    named = [_pages(wrong, proof), f"tables {', '.join(changed)}" if changed else "", fault]
    raise StoreError(f"{backup} is damaged: {'; '.join(word for word in named if word)}; take another backup")


def _changed(backup: Path, proof: Proof, digests: Callable[[Path], Mapping[str, str]]) -> tuple[list[str], str]:
    """Return the tables whose rows are not those that were written down, or why they cannot be read."""
    try:
        found = digests(backup)
    except StoreError as error:
        return [], str(error).removeprefix(f"{backup}: ")
    return [name for name, digest in proof.tables.items() if found.get(name) != digest], ""


def _pages(wrong: list[int], proof: Proof) -> str:
    """Return the pages of the file that are not those that were written down: "pages 65 to 128, 257 to 320"."""
    spans: list[tuple[int, int]] = []
    for block in wrong:
        first = block * PAGES + 1
        last = min(first + PAGES - 1, proof.size // proof.page_size)
        if spans and spans[-1][1] == first - 1:
            first = spans.pop()[0]
        spans.append((first, last))
    return f"pages {', '.join(f'{first} to {last}' for first, last in spans)}" if spans else ""


def _blocks(path: Path, page_size: int) -> Iterator[str]:
    """Give the digest of every 64 pages of a file."""
    with path.open("rb") as file:
        while block := file.read(PAGES * page_size):
            yield hashlib.sha256(block).hexdigest()[:32]


def _page_size(path: str | os.PathLike[str]) -> int:
    """Return the size of a page, which the header of the file tells."""
    with open(path, "rb") as file:
        told = int.from_bytes(file.read(18)[16:18], "big")
    return 65536 if told == 1 else told


def _digest(told: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
