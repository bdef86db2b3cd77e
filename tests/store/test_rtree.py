"""The packed R-tree is one that SQLite itself finds in order, and answers boxes as a scan does."""

import sqlite3

import numpy as np
import pytest
from sqlalchemy import create_engine

from gisapp.store import rtree


@pytest.fixture
def connection(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'tree.db'}")
    with engine.begin() as made:
        made.exec_driver_sql("CREATE VIRTUAL TABLE tree USING rtree(id, minx, maxx, miny, maxy)")
        yield made
    engine.dispose()


def boxes_of(count, seed=1):
    draw = np.random.default_rng(seed)
    low = draw.uniform(400_000, 500_000, (count, 2))
    high = low + draw.exponential(50, (count, 2)) * (draw.random((count, 2)) > 0.3)
    return np.column_stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]])


@pytest.mark.parametrize("count", [0, 1, 51, 52, 2040, 2041, 30_000])
def test_sqlite_finds_the_tree_in_order_and_every_box_in_it(connection, count):
    ids, boxes = np.random.default_rng(2).permutation(count * 3)[:count], boxes_of(count)
    rtree.rebuild(connection, "tree", ids, boxes)
    assert connection.exec_driver_sql("SELECT rtreecheck('tree')").scalar_one() == "ok"
    for x, y in np.random.default_rng(3).uniform(400_000, 500_000, (20, 2)).tolist():
        found = connection.exec_driver_sql(
            "SELECT id FROM tree WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?", (x, x + 9000, y, y + 9000)
        )
        hit = (boxes[:, 1] >= x) & (boxes[:, 0] <= x + 9000) & (boxes[:, 3] >= y) & (boxes[:, 2] <= y + 9000)
        assert set(ids[hit].tolist()) <= {row[0] for row in found}  # its boxes are rounded outwards


def test_a_packed_tree_takes_single_inserts_and_deletes(connection):
    rtree.rebuild(connection, "tree", np.arange(5000), boxes_of(5000))
    connection.exec_driver_sql("DELETE FROM tree WHERE id % 3 = 0")
    rows = [(10_000 + row, *box) for row, box in enumerate(boxes_of(2000, seed=9).tolist())]
    connection.exec_driver_sql("INSERT INTO tree VALUES (?, ?, ?, ?, ?)", rows)
    assert connection.exec_driver_sql("SELECT rtreecheck('tree')").scalar_one() == "ok"
    assert connection.exec_driver_sql("SELECT count(*) FROM tree").scalar_one() == 2000 + 3333


def test_stored_boxes_come_back_outside_the_given_ones(connection):
    boxes = boxes_of(300)
    rtree.rebuild(connection, "tree", np.arange(300), boxes)
    ids, stored = rtree.stored_boxes(connection, "tree")
    stored = stored[np.argsort(ids)]
    assert (stored[:, ::2] <= boxes[:, ::2]).all()
    assert (stored[:, 1::2] >= boxes[:, 1::2]).all()
    assert np.abs(stored - boxes).max() < 0.5


def test_sqlite_refuses_a_tree_with_a_wrong_box(connection):
    """The check would notice: a node whose box does not hold its cells."""
    rtree.rebuild(connection, "tree", np.arange(500), boxes_of(500))
    connection.exec_driver_sql(
        "UPDATE tree_node SET data = (SELECT data FROM tree_node WHERE nodeno = 3) WHERE nodeno = 2"
    )
    with pytest.raises((AssertionError, sqlite3.Error)):
        assert connection.exec_driver_sql("SELECT rtreecheck('tree')").scalar_one() == "ok"
