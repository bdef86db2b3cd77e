"""Whatever stands in a text, a reader ends in rows or in one message: sound files gone wrong, and noise."""

import gc
import os
import tempfile
from pathlib import Path

import pytest
from bad_files import INP, ROW, SOUND, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.read_networks import read_network
from gisapp.imports.read_rows import read_csv
from gisapp.imports.read_shapes import read_geojson
from gisapp.imports.transport import Outbox, received

EXAMPLES = int(os.environ.get("GISAPP_FUZZ", "40"))
OURS = (
    b'{"utility": "water", "crs": "EPSG:4547", "nodes": [{"id": "N1", "kind": "source", "x": 528000.5, "y": 3386000}, '
    b'{"id": "N2", "kind": "junction", "x": 528100, "y": 3386000}], "links": [{"id": "P1", "from": "N1", "to": "N2", '
    b'"kind": "pipe", "length_m": 100.0, "status": "open"}], "devices": [{"id": "V1", "kind": "gate_valve", '
    b'"link": "P1", "end": "from", "state": "open", "operable": "operable", "direction": "both"}]}'
)
SOUND_FILES = {"csv": rows(ROW, ROW), "geojson": SOUND, "json": OURS, "inp": INP.encode()}
TOKENS = (
    b"", b"\n", b"\r", b"\0", b",", b";", b'"', b"'", b"=", b"[", b"]", b"{", b"}", b":", b"null", b"true", b"NaN",
    b"-Infinity", b"1e999", b"-1", b"0", b"9" * 400, b"\\ud800", b"\xff", b"\xa5\xb1", b"\xef\xbb\xbf", b"\xe6\xbc",
    "漏".encode("gb18030"), b"[[[[", b"[VALVES]", b"[CURVES]", b"[END]", b"POLYGON EMPTY", b'"crs"', b'"id"',
    b'"coordinates": []', b"\xe2\x80\xae",
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 40), st.sampled_from(TOKENS) | st.binary(max_size=6)), max_size=6
)
TABLES = {"nodes": {"code", "kind"}, "links": {"code", "from_node", "to_node"}, "devices": {"code", "link_code"}}


def gone_wrong(sound: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Return a file in which pieces are replaced by others."""
    for start, length, other in edits:
        at = start % (len(sound) + 1)
        sound = sound[:at] + other + sound[at + length :]
    return sound


def read(kind: str, content: bytes) -> int:
    """Read a file as the reading child does; return its rows, -1 where it was refused, -2 where without a word."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"input.{kind}"
        path.write_bytes(content)
        outbox = Outbox(Path(folder))
        try:
            sniff.require_kind(path, kind)
            if kind == "csv":
                facts = read_csv(path, {"code", "x"}, outbox, encoding=None, delimiter=None, progress=_silent)
            elif kind == "geojson":
                facts = read_geojson(path, {"code"}, outbox, table="unit_grids", encoding=None, progress=_silent)
            else:
                facts = read_network(path, kind, TABLES, outbox, encoding=None)
        except InputError as error:
            return -1 if error.found.strip() and error.todo.strip() else -2
        finally:
            gc.enable()  # the reader of CSV turns it off, in its own process
        outbox.close(facts)
        return sum(table.rows for table in received(Path(folder))[1].values())


def _silent(_done: int, _all: int) -> None:
    """Tell nobody."""


@pytest.mark.parametrize(("kind", "many"), [("csv", 2), ("geojson", 1), ("json", 4), ("inp", 5)])
def test_the_sound_files_are_read(kind, many):
    assert read(kind, SOUND_FILES[kind]) == many


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("geojson", b"528000", b"9" * 400),
        ("json", b"gate_valve", b"gate\\ud800valve"),
        ("inp", b" Open", b" Open 9"),
    ],
)
def test_what_was_found_by_chance_once_is_refused(kind, old, new):
    assert old in SOUND_FILES[kind]
    assert read(kind, SOUND_FILES[kind].replace(old, new)) in (-1, 1)


@pytest.mark.parametrize("kind", SOUND_FILES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=EDITS)
def test_a_sound_file_gone_wrong_is_read_or_refused(kind, edits):
    assert read(kind, gone_wrong(SOUND_FILES[kind], edits)) > -2


@pytest.mark.parametrize("kind", SOUND_FILES)
@settings(max_examples=EXAMPLES // 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_noise_is_read_or_refused(kind, content):
    assert read(kind, content) > -2
