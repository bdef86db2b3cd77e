"""Every bad file ends in rows with reasons or in one clear message: no traceback, no request, no great cost."""

import os
import resource
import socket
import threading

import pytest
from bad_files import FILES

from gisapp.errors import GisappError
from gisapp.imports import RejectedError

SHORT = (
    "csv in GBK undeclared", "csv with a quote that never closes", "csv with a cell of 20 MB", "csv with a formula",
    "csv with swapped axes", "csv in a CRS of nonsense", "grid as text with a deep nest", "geojson nested deep",
    "geojson with NaN", "geojson with 1e999", "geojson that is a VRT of an address", "gpkg with two billion corners",
    "gpkg with a layer of everything", "shapefile with two billion corners", "shapefile in GBK without a mark",
    "zip bomb", "xlsx that laughs a billion times", "xlsx with an entity from elsewhere", "inp with a cycle of valves",
    "network nested deep",
)  # fmt: skip
LONG = "GISAPP_BADFILES" in os.environ
CHOSEN = tuple(FILES) if LONG else SHORT
MOST_MB, MOST_S = 1024, 10.0


@pytest.fixture(scope="module")
def listener():
    """Listens where the files want to be read from; tells its port and who came."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                came.append(connection.recv(200))
                connection.close()

        threading.Thread(target=take, daemon=True).start()
        yield listening.getsockname()[1], came
        listening.shutdown(socket.SHUT_RDWR)


def test_there_are_many_bad_files():
    assert len(FILES) >= 120
    assert set(SHORT) <= set(FILES)


def faults_of(report):
    """Return what is wrong with a report itself; nothing when every row is told."""
    told = set(report.rejected["row"])
    reasons = report.rejected[["found", "todo"]].map(lambda text: bool(str(text).strip())).all(axis=None)
    return {
        "rows are lost": report.rows != report.accepted + report.rejected_rows,
        "rows are rejected without a reason": report.rejected_rows and not (told and reasons),
        "nothing came in": report.rows == 0,
    }


@pytest.mark.parametrize("what", CHOSEN)
def test_a_bad_file_is_answered_row_by_row_or_in_one_message(come_in, tmp_path, listener, what):
    port, came = listener
    one = FILES[what]
    path = one.write(tmp_path, port)
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    report, words = None, "-"
    try:
        report = come_in(path, one.target, **one.stated).report
    except RejectedError as error:
        report = error.report
    except GisappError as error:
        words = str(error)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    if report is not None:
        assert [fault for fault, stands in faults_of(report).items() if stands] == []
    assert words.strip()
    assert not any(sign in words for sign in ("Traceback", "the reader broke on it"))
    assert came == []
    if LONG:  # a child begins as large as the process that made it, which is small only where these tests run alone
        assert ended.ru_maxrss < MOST_MB * 1024
        assert ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime < MOST_S
