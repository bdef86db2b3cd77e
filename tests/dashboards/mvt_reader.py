"""A slow, plain reader of vector tiles, written from the specification and sharing no code with the writer."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any


@dataclass
class Feature:
    number: int
    kind: int
    tags: dict[str, Any]
    parts: list[list[tuple[int, int]]]


def fields(data: bytes) -> list[tuple[int, Any]]:
    """Every field of a message: its number and its value."""
    found, at = [], 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack("<d", data[at : at + 8])[0], at + 8
        else:
            assert key & 7 == 2, f"wire type {key & 7} has no place in a tile"
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
            assert len(value) == size, "the message ends too early"
        found.append((key >> 3, value))
    return found


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def numbers(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        found.append(value)
    return found


def read(tile: bytes) -> dict[str, list[Feature]]:
    """The features of every layer by its name."""
    layers: dict[str, list[Feature]] = {}
    for number, content in fields(tile):
        assert number == 3
        name, features = layer(content)
        assert name not in layers, "two layers of one name"
        layers[name] = features
    return layers


def layer(content: bytes) -> tuple[str, list[Feature]]:
    parts = fields(content)
    assert [value for number, value in parts if number == 15] == [2], "version"
    assert [value for number, value in parts if number == 5] == [4096], "extent"
    keys = [value.decode() for number, value in parts if number == 3]
    values = [spoken(value) for number, value in parts if number == 4]
    name = next(value.decode() for number, value in parts if number == 1)
    return name, [feature(value, keys, values) for number, value in parts if number == 2]


def spoken(content: bytes) -> Any:
    ((number, value),) = fields(content)
    return value.decode() if number == 1 else bool(value) if number == 7 else value


def feature(content: bytes, keys: list[str], values: list[Any]) -> Feature:
    parts = dict(fields(content))
    tags = numbers(parts.get(2, b""))
    named = {keys[key]: values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)}
    return Feature(parts[1], parts[3], named, drawn(numbers(parts[4]), parts[3]))


def drawn(commands: list[int], kind: int) -> list[list[tuple[int, int]]]:
    """The parts of a geometry, by walking its commands."""
    runs: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(commands):
        what, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if what == 7:
            assert (kind, count) == (3, 1), "only a polygon is closed, once"
            continue
        assert what in (1, 2)
        assert count > 0
        for _ in range(count):
            x += (commands[at] >> 1) ^ -(commands[at] & 1)
            y += (commands[at + 1] >> 1) ^ -(commands[at + 1] & 1)
            at += 2
            if what == 1:
                runs.append([])
            runs[-1].append((x, y))
    return runs
