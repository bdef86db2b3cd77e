"""Many writers on the same incidents: no change is lost, and who comes late is told what was done since."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from gisapp.errors import ConflictError, StoreError
from gisapp.store import open_store

NIGHTLY = bool(os.environ.get("GISAPP_NIGHTLY"))
WRITERS, CHANGES, INCIDENTS = (32, 50, 8) if NIGHTLY else (8, 5, 2)
LEAK = {"type": "leak", "channel": "phone", "reported_at": datetime(2026, 11, 20, 8, tzinfo=UTC)}


def write(path, writer, codes):
    """Make every change, each on what was seen; return how often somebody was faster, and what was not told then.

    Who waits too long for the file is told that nothing was written, and tries again.
    """
    lost, silent = 0, 0
    with open_store(path) as store:
        for change in range(CHANGES):
            code = codes[(writer + change) % len(codes)]
            seen = len(store.incidents.incident(code).steps)
            while True:
                try:
                    note = f"{writer}-{change}"
                    store.incidents.record(code, "remark", actor=f"E{writer}", role="dispatcher", note=note, seen=seen)
                    break
                except ConflictError as late:
                    now = len(store.incidents.incident(code).steps)
                    silent += "remark" not in str(late)
                    lost, seen = lost + 1, now
                except StoreError as busy:
                    silent += "nothing was written, try again" not in str(busy)
    return lost, silent


@pytest.mark.both
def test_no_change_of_many_writers_is_lost_and_the_late_are_told_what_was_done(store):
    codes = [store.report(LEAK, actor="E01") for _ in range(INCIDENTS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [pool.submit(write, store.address, writer, codes) for writer in range(WRITERS)]
        outcomes = [job.result() for job in jobs]
    steps = store.table("incident_steps")
    remarks = steps[steps["action"] == "remark"]
    wanted = {f"{writer}-{change}" for writer in range(WRITERS) for change in range(CHANGES)}
    assert sorted(remarks["note"]) == sorted(wanted)
    for _, mine in steps.groupby("incident_code"):
        assert sorted(mine["step"]) == list(range(1, len(mine) + 1))
    assert sum(lost for lost, _ in outcomes) > 0
    assert sum(silent for _, silent in outcomes) == 0
