"""An R-tree packed bottom-up and written straight into SQLite's node tables.

SQLite's own inserts take about ten times as long as all other columns of a million rows together.
The node format is the documented one (https://www.sqlite.org/rtree.html, section 6): a depth (root only)
and a cell count of two bytes each, then 24-byte cells of a 64-bit id and four 32-bit floats, big-endian.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
from sqlalchemy import Connection

from gisapp.store.geopackage import insert_rows

_CELL = np.dtype([("id", ">i8"), ("box", ">f4", 4)])
_FILL = 0.8  # room for later single inserts


def rebuild(connection: Connection, tree: str, ids: np.ndarray, boxes: np.ndarray) -> None:
    """Replace the whole content of R-tree ``tree``.

    Parameters
    ----------
    ids
        Row ids, distinct.
    boxes
        (n, 4) float64: min x, max x, min y, max y; stored as float32, rounded outwards.
    """
    size = connection.exec_driver_sql(f'SELECT length(data) FROM "{tree}_node" WHERE nodeno = 1').scalar_one()
    for part in ("node", "rowid", "parent"):
        connection.exec_driver_sql(f'DELETE FROM "{tree}_{part}"')
    nodes, rowids, parents = _packed(ids, _outwards(boxes), size)
    for part, rows in (("node", nodes), ("rowid", rowids), ("parent", parents)):
        insert_rows(connection, f'INSERT INTO "{tree}_{part}" VALUES (?, ?)', rows)


def stored_boxes(connection: Connection, tree: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids and boxes that an R-tree holds."""
    rows = connection.exec_driver_sql(f'SELECT id, minx, maxx, miny, maxy FROM "{tree}"').fetchall()
    table = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 5)
    return table[:, 0].astype(np.int64), table[:, 1:]


def _outwards(boxes: np.ndarray) -> np.ndarray:
    """Return float32 boxes that cover the float64 ones."""
    small = boxes.astype(np.float32)
    low, high = small[:, ::2], small[:, 1::2]
    small[:, ::2] = np.where(low > boxes[:, ::2], np.nextafter(low, np.float32(-np.inf)), low)
    small[:, 1::2] = np.where(high < boxes[:, 1::2], np.nextafter(high, np.float32(np.inf)), high)
    return small


Rows = Iterable[tuple[object, object]]


def _packed(ids: np.ndarray, boxes: np.ndarray, size: int) -> tuple[Rows, Rows, Rows]:
    """Return the rows of the node, rowid and parent tables."""
    most = (size - 4) // _CELL.itemsize
    fill = max(2, int(most * _FILL))
    levels = []  # from the leaves up: (ids of cells, boxes of cells, first cell of each node)
    while True:
        order = _tiled(boxes, fill)
        ids, boxes = ids[order], boxes[order]
        count = 1 if len(ids) <= most else -(-len(ids) // fill)
        starts = np.arange(count) * len(ids) // count
        levels.append((ids, boxes, starts))
        if count == 1:
            break
        boxes = np.column_stack(
            [
                side(boxes[:, column], starts)
                for column, side in enumerate((np.minimum.reduceat, np.maximum.reduceat) * 2)
            ]
        )
        ids = np.arange(count, dtype=np.int64)
    return _numbered(levels, size)


def _tiled(boxes: np.ndarray, fill: int) -> np.ndarray:
    """Return an order in which neighbours share nodes: vertical slices, each from south to north."""
    slices = max(1, round(np.sqrt(len(boxes) / fill)))
    across = np.argsort(boxes[:, 0] + boxes[:, 1], kind="stable")
    strip = np.empty(len(boxes), dtype=np.int64)
    strip[across] = np.arange(len(boxes)) * slices // max(1, len(boxes))
    return np.lexsort((boxes[:, 2] + boxes[:, 3], strip))


def _numbered(levels: list[tuple[np.ndarray, np.ndarray, np.ndarray]], size: int) -> tuple[Rows, Rows, Rows]:
    """Number the nodes, the root being 1, and write their cells."""
    nodes: list[tuple[object, object]] = []
    owners: list[Rows] = []  # of the rows, then of the nodes of each level
    base, below = 2, 0  # number of the first node of this level; of the level beneath it
    for depth, (ids, boxes, starts) in enumerate(levels):
        root = depth == len(levels) - 1
        numbers = np.array([1]) if root else base + np.arange(len(starts))
        counts = np.diff(np.append(starts, len(ids)))
        held = ids if depth == 0 else ids + below
        owner = np.repeat(numbers, counts)
        order = np.argsort(held)  # in the order of the table's key, so that rows are appended
        owners.append(zip(held[order].tolist(), owner[order].tolist(), strict=True))
        blobs = _blobs(held, boxes, counts, depth if root else 0, size)
        nodes += zip(numbers.tolist(), blobs, strict=True)
        below, base = base, base + len(starts)
    return nodes[-1:] + nodes[:-1], owners[0], chain.from_iterable(owners[1:])


def _blobs(ids: np.ndarray, boxes: np.ndarray, counts: np.ndarray, depth: int, size: int) -> list[bytes]:
    """Return the content of the nodes of one level."""
    most = (size - 4) // _CELL.itemsize
    nodes = np.zeros(len(counts), [("depth", ">u2"), ("count", ">u2"), ("cells", _CELL, most)])
    nodes["depth"], nodes["count"] = depth, counts
    node = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(ids)) - np.repeat(np.cumsum(counts) - counts, counts)
    nodes["cells"]["id"][node, place], nodes["cells"]["box"][node, place] = ids, boxes
    return [blob.ljust(size, b"\0") for blob in nodes.view(f"V{nodes.itemsize}").tolist()]
