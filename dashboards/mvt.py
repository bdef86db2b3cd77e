"""Mapbox Vector Tiles 2.1 out of arrays: whole columns at a time, no loop over vertices.

A feature is a run of small integers, each a varint, keys and lengths included; so one tile layer is
put together as one array of integers and written by one call of :func:`varints`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

EXTENT = 4096
POINT, LINE, POLYGON = 1, 2, 3
KINDS = {"point": POINT, "line": LINE, "polygon": POLYGON}
_MOVE, _CLOSE = (1 << 3) | 1, (1 << 3) | 7
_HEADS = [bytes([0x22, size + 2, 0x0A, size]) for size in range(126)]
_VARINT_STEPS = np.array([1 << 7, 1 << 14, 1 << 21, 1 << 28], dtype=np.uint64)


@dataclass(frozen=True)
class Parts:
    """Geometry in tile units: ``xy`` (n, 2) integers, part ``p`` is rows ``starts[p]`` to ``starts[p + 1]``.

    ``owner`` is the feature of each part, ascending. A ring does not repeat its first point; an outer
    ring has positive area with y downward, a hole negative.
    """

    xy: np.ndarray
    starts: np.ndarray
    owner: np.ndarray


@dataclass(frozen=True)
class Attribute:
    """One property of all features: its key, a code per feature (-1 is absent) and the value of each code."""

    key: str
    codes: np.ndarray
    values: tuple[bytes, ...]

    @classmethod
    def of(cls, key: str, column: pd.Series) -> Attribute:
        """Return a column made ready: each distinct value is written once, here, and not once a tile."""
        codes, distinct = pd.factorize(column)
        written = _texts(distinct) if column.dtype == "str" else (_value(value) for value in distinct)
        return cls(key, codes.astype(np.int64), tuple(written))


def varints(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of unsigned integers under 2**35 one after the other, and the size of each."""
    numbers = numbers.astype(np.uint64, copy=False)
    sizes = np.searchsorted(_VARINT_STEPS, numbers, side="right") + 1
    ends = np.cumsum(sizes)
    written = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    places = ends - sizes
    for step in range(int(sizes.max(initial=0))):
        longer = sizes > step
        more = (sizes[longer] > step + 1).astype(np.uint64) << np.uint64(7)
        written[places[longer] + step] = ((numbers[longer] >> np.uint64(7 * step)) & np.uint64(127)) | more
    return written, sizes


def layer(name: str, kind: int, parts: Parts, ids: np.ndarray, attributes: Sequence[Attribute]) -> bytes:
    """Return one tile layer; ``ids`` and the attributes' codes have one entry a feature. Empty if no feature.

    Parameters
    ----------
    name
        The name that a map style calls ``source-layer``.
    kind
        ``POINT``, ``LINE`` or ``POLYGON``.
    parts
        Geometry; features that own no part are left out.
    ids
        Numbers of the features, under 2**35.
    """
    if not len(parts.owner):
        return b""
    rows, geometry, geometry_counts = commands(parts, kind)
    tags, tag_counts, values = _tags(rows, attributes)
    features = _features(ids[rows], kind, (tags, tag_counts), (geometry, geometry_counts))
    keys = b"".join(_message(3, attribute.key.encode()) for attribute in attributes)
    head = b"\x78\x02" + _message(1, name.encode())
    return _message(3, head + features + keys + values + b"\x28" + _varint(EXTENT))


def commands(parts: Parts, kind: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the features that have parts, all their drawing commands, and how many belong to each."""
    counts = np.diff(parts.starts)
    first_part = np.flatnonzero(np.r_[True, parts.owner[1:] != parts.owner[:-1]])
    rows = parts.owner[first_part]
    steps = np.diff(parts.xy, axis=0, prepend=np.zeros((1, 2), dtype=parts.xy.dtype))
    first_vertex = parts.starts[first_part]
    steps[first_vertex] = parts.xy[first_vertex]
    zigzag = ((steps << 1) ^ (steps >> 31)).astype(np.uint64)
    extra = {POINT: 1, LINE: 2, POLYGON: 3}[kind]
    sizes = 2 * counts + extra
    offsets = np.cumsum(sizes) - sizes
    written = np.empty(int(sizes.sum()), dtype=np.uint64)
    local = np.arange(len(parts.xy)) - np.repeat(parts.starts[:-1], counts)
    place = np.repeat(offsets, counts) + 2 * local + np.where(local == 0, 1, 2)
    written[place], written[place + 1] = zigzag[:, 0], zigzag[:, 1]
    written[offsets] = _MOVE
    if kind != POINT:
        written[offsets + 3] = ((counts - 1) << 3) | 2
    if kind == POLYGON:
        written[offsets + sizes - 1] = _CLOSE
    return rows, written, np.add.reduceat(sizes, first_part)


def _tags(rows: np.ndarray, attributes: Sequence[Attribute]) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Return key and value numbers of all features, how many each has, and the values themselves."""
    pairs = np.full((len(rows), len(attributes), 2), -1, dtype=np.int64)
    blocks, start = [], 0
    for number, attribute in enumerate(attributes):
        codes = attribute.codes[rows]
        used, position = np.unique(codes[codes >= 0], return_inverse=True)
        pairs[codes >= 0, number, 0] = number
        pairs[codes >= 0, number, 1] = position + start
        blocks += [attribute.values[code] for code in used]
        start += len(used)
    present = pairs[:, :, 0] >= 0
    return pairs[present].ravel().astype(np.uint64), 2 * present.sum(axis=1), b"".join(blocks)


def _features(
    ids: np.ndarray, kind: int, tags: tuple[np.ndarray, np.ndarray], geometry: tuple[np.ndarray, np.ndarray]
) -> bytes:
    """Return all features: each is id, tags, kind and geometry, with its lengths before it."""
    tag_bytes, geometry_bytes = _sums(*tags), _sums(*geometry)
    columns = [np.full(len(ids), 0x08), ids, np.full(len(ids), 0x12), tag_bytes]
    tail = [np.full(len(ids), 0x18), np.full(len(ids), kind), np.full(len(ids), 0x22), geometry_bytes]
    fixed = sum(_size(column) for column in columns + tail)
    heads = np.column_stack([np.full(len(ids), 0x12), fixed + tag_bytes + geometry_bytes, *columns])
    return varints(_interleave(heads, *tags, np.column_stack(tail), *geometry))[0].tobytes()


def _interleave(
    heads: np.ndarray,
    tags: np.ndarray,
    tag_counts: np.ndarray,
    tails: np.ndarray,
    geometry: np.ndarray,
    geometry_counts: np.ndarray,
) -> np.ndarray:
    """Return the four runs of every feature, one feature after the other."""
    whole = heads.shape[1] + tag_counts + tails.shape[1] + geometry_counts
    offset = np.cumsum(whole) - whole
    written = np.empty(int(whole.sum()), dtype=np.uint64)
    written[offset[:, None] + np.arange(heads.shape[1])] = heads
    offset = offset + heads.shape[1]
    written[_runs(offset, tag_counts)] = tags
    offset = offset + tag_counts
    written[offset[:, None] + np.arange(tails.shape[1])] = tails
    written[_runs(offset + tails.shape[1], geometry_counts)] = geometry
    return written


def _runs(offsets: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the places of runs that begin at ``offsets``."""
    before = np.cumsum(counts) - counts
    return np.arange(int(counts.sum())) + np.repeat(offsets - before, counts)


def _size(numbers: np.ndarray) -> np.ndarray:
    """Return how many bytes each number takes as a varint."""
    return np.searchsorted(_VARINT_STEPS, numbers.astype(np.uint64), side="right") + 1


def _sums(numbers: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the bytes that each run of numbers takes."""
    totals = np.r_[0, np.cumsum(_size(numbers))]
    ends = np.cumsum(counts)
    return totals[ends] - totals[ends - counts]


def _varint(number: int) -> bytes:
    """Return one number as a varint; for single numbers this is faster than arrays."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def _message(field: int, content: bytes) -> bytes:
    """Return a field that holds bytes."""
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _texts(texts: Iterable[str]) -> Iterator[bytes]:
    """Yield values of text; a city has half a million of them, so short ones take their head from a list."""
    for text in texts:
        content = text.encode()
        yield _HEADS[len(content)] + content if len(content) < len(_HEADS) else _value(text)


def _value(value: object) -> bytes:
    """Return one value in its narrowest type: yes or no, whole number, real number, text."""
    if isinstance(value, (bool, np.bool_)):
        return _message(4, b"\x38" + bytes([int(value)]))
    if isinstance(value, (int, float, np.number)):
        real = float(value)
        if real.is_integer() and 0 <= real < 2**35:
            return _message(4, b"\x28" + _varint(int(real)))
        return _message(4, b"\x19" + np.float64(real).tobytes())
    return _message(4, _message(1, str(value).encode()))
