"""``gisapp audit``: what it lists, and what it says of an audit that is not whole."""

import sqlite3
from contextlib import closing

from gisapp.store import create_store


def test_a_whole_audit_is_told_with_its_head_and_a_cut_one_by_its_first_row(run, tmp_path):
    """P6.4."""
    path = tmp_path / "city.gpkg"
    with create_store(path, crs="EPSG:4547") as store:
        for turn in range(4):
            store.set_setting("key", turn, actor="E1")
        head = store.audit_head()
    assert run("audit", "list", "--store", path)[1].count("setting") == 4
    assert run("audit", "verify", "--store", path) == (0, f"whole, 4 rows, head 4 {head.hash}\n", "")
    assert run("audit", "anchor", "--store", path)[:2] == (0, f"4 {head.hash}\n")
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DROP TRIGGER audit_no_delete")
        raw.execute("DELETE FROM audit WHERE fid = 4")
    status, _, told = run("audit", "verify", "--store", path)
    assert (status, "the tail was cut: row 4 stood there" in told) == (1, True)
    status, _, told = run("audit", "anchor", "--store", path)
    assert (status, "anchor anew" in told) == (2, True)
    assert run("audit", "anchor", "--store", path, "--anew", "restored")[0] == 0
    status, _, told = run("audit", "verify", "--store", path)
    assert (status, "anchored anew" in told, "restored" in told) == (0, True, True)
