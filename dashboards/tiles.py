"""Vector tiles of the store's tables: made when asked for, remembered, addressed by the data's revision.

``attach_tiles(server, tiles, permit)`` answers ``/tiles/<name>/<rev>/<z>/<x>/<y>.mvt``. A name is a bundle:
layers that are seen together and travel in one tile; :mod:`dashboards.bundles` lists ours.
"""

from __future__ import annotations

import gc
import gzip
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol, TypeVar, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from flask import Flask, Response, abort, request

from dashboards.cut import lonlat_in_frame
from dashboards.sheets import DEEPEST, Sheet
from gisapp import __version__
from gisapp.crs import to_degrees
from gisapp.errors import UnavailableError
from gisapp.grids import turned, turns
from gisapp.words import LANGUAGES
from layers.layer import Shapes

RULE = "/tiles/<name>/<rev>/<int:z>/<int:x>/<int:y>.mvt"
REMEMBERED = 2048
EVERYWHERE = (-180.0, -85.0, 180.0, 85.0)
"""The bounds of a bundle in which nothing is."""
_FOREVER = "private, max-age=31536000, immutable"


class Frames(Protocol):
    """Where tables and their revisions come from: a store, or a snapshot of one."""

    def table(self, name: str) -> gpd.GeoDataFrame:
        """Return a table."""

    def revision(self, table: str) -> int:
        """Return its revision."""


Make = Callable[[Mapping[str, gpd.GeoDataFrame], str, str], Sequence[Shapes]]
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Bundle:
    """Layers that travel in one tile: the tables they are made from, and how (tables by name, language, theme).

    Rows of ``dated`` tables begin and end by themselves, so that the tile is made anew at that minute; ``also``
    returns what else it depends on.
    """

    tables: tuple[str, ...]
    make: Make
    dated: tuple[str, ...] = ()
    also: Callable[[], object] | None = None


@dataclass(frozen=True)
class Address:
    """Where a bundle's tiles are: a pattern with {z}, {x}, {y}, its bounds in degrees, its zooms."""

    url: str
    bounds: tuple[float, float, float, float]
    least_zoom: int
    most_zoom: int = DEEPEST


@dataclass(frozen=True)
class _Edition:
    """A bundle at one revision."""

    number: tuple[object, ...]
    rev: str
    sheets: tuple[Sheet, ...]
    bounds: tuple[float, float, float, float]
    remembered: dict[object, object] = field(default_factory=dict)


class Tiles:
    """Every bundle by name, kept until a table below it changes, or what of it is in force."""

    def __init__(self, frames: Frames, bundles: Mapping[str, Bundle], *, frame: str = "wgs84") -> None:
        """Take tables from ``frames``; draw in the base map's ``frame``."""
        self._frames, self._bundles, self._frame = frames, bundles, frame
        self._editions: dict[str, _Edition] = {}
        self._turns: dict[str, tuple[tuple[int, ...], npt.NDArray[np.datetime64]]] = {}
        self._locks = {name: threading.Lock() for name in bundles}
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._written)

    def __contains__(self, name: str) -> bool:
        """Tell whether there is such a bundle."""
        return name in self._bundles

    def layers(self, name: str, *, language: str, theme: str) -> Sequence[Shapes]:
        """Return a bundle's layers, from below to above; made anew on every call."""
        return self._bundles[name].make(self._tables(name), language, theme)

    def remembered(self, name: str, key: object, make: Callable[[], Kept]) -> Kept:
        """Return ``make()``, made once a revision of the bundle."""
        kept = self._edition(name).remembered
        if key not in kept:
            kept[key] = make()
        return cast(Kept, kept[key])

    def warm(self, *names: str) -> None:
        """Make bundles ready before the first tile is asked for."""
        for name in names or self._bundles:
            self._edition(name)

    def made(self, *names: str) -> bool:
        """Tell whether bundles are ready: nobody would have to wait for one."""
        return all(name in self._editions and self._editions[name].number == self._number(name) for name in names)

    def sheets(self, name: str) -> tuple[Sheet, ...]:
        """Return a bundle's layers that hold something, made ready, from below to above."""
        return self._edition(name).sheets

    def revision(self, name: str) -> str:
        """Return the present revision of a bundle."""
        return self._edition(name).rev

    def address(self, name: str) -> Address:
        """Return where a bundle's tiles are at its present revision."""
        edition = self._edition(name)
        least = min((sheet.least_zoom for sheet in edition.sheets), default=0)
        return Address(f"/tiles/{name}/{edition.rev}/{{z}}/{{x}}/{{y}}.mvt", edition.bounds, least)

    def whole_zooms(self, name: str) -> dict[str, int]:
        """Return for each layer of a bundle the zoom from which on all of it is in the tiles."""
        return {sheet.name: sheet.whole_zoom for sheet in self._edition(name).sheets}

    def tile(self, name: str, tile: tuple[int, int, int]) -> tuple[str, bytes]:
        """Return the present revision and the tile (z, x, y) as gzip; no bytes when nothing is there."""
        edition = self._edition(name)
        return edition.rev, self._remembered(name, edition.rev, tile)

    def _written(self, name: str, rev: str, tile: tuple[int, int, int]) -> bytes:
        """Return a tile; ``rev`` only tells one edition's tiles from another's."""
        content = b"".join(sheet.encoded(tile) for sheet in self._edition(name).sheets)
        return gzip.compress(content, compresslevel=1, mtime=0) if content else b""

    def _tables(self, name: str) -> dict[str, gpd.GeoDataFrame]:
        """Return the tables of a bundle."""
        return {table: self._frames.table(table) for table in self._bundles[name].tables}

    def _number(self, name: str) -> tuple[object, ...]:
        """Return the present revision of a bundle: of its tables, of what is in force, and what else it says."""
        bundle = self._bundles[name]
        also = () if bundle.also is None else (bundle.also(),)
        dated = (self._turned(name, bundle.dated),) if bundle.dated else ()
        return (*(self._frames.revision(table) for table in bundle.tables), *dated, *also)

    def _turned(self, name: str, dated: tuple[str, ...]) -> int:
        """Return how often what is in force has changed up to now."""
        revisions = tuple(self._frames.revision(table) for table in dated)
        kept = self._turns.get(name)
        if kept is None or kept[0] != revisions:
            kept = self._turns[name] = (revisions, turns(*(self._frames.table(table) for table in dated)))
        return turned(kept[1], pd.Timestamp.now("UTC"))

    def _edition(self, name: str) -> _Edition:
        """Return a bundle made ready at the present revision of its tables."""
        number = self._number(name)
        with self._locks[name]:
            if name not in self._editions or self._editions[name].number != number:
                try:
                    self._editions[name] = self._made(name, number)
                    _settle()
                except UnavailableError:  # what was drawn last holds while the store is away
                    if name not in self._editions:
                        raise
            return self._editions[name]

    def _made(self, name: str, number: tuple[object, ...]) -> _Edition:
        """Return a bundle's sheets, and a revision that no other city, program or frame shares.

        Browsers keep tiles for good, so the revision counts the rows and bounds too: a city made anew in
        the same place begins at the same numbers.
        """
        made = [
            layer for layer in self._bundles[name].make(self._tables(name), LANGUAGES[0], "light") if len(layer.frame)
        ]
        sheets = tuple(Sheet(layer, frame=self._frame) for layer in made)
        seal = [
            __version__,
            self._frame,
            number,
            *((one.name, len(one.frame), *one.frame.total_bounds) for one in made),
        ]
        rev = blake2b(repr(seal).encode(), digest_size=6).hexdigest()
        return _Edition(number, rev, sheets, degrees([layer.frame for layer in made], to=self._frame))


def _settle() -> None:
    """Search for cycles once, now, and leave all that lives out of later searches.

    A city's tables and sheets are more than a million shapes, none in a cycle. A search walks over all of
    them, a fifth of a second in which no tile is answered, and would begin in the middle of any tile.
    What earlier calls left out is searched again here, so that nothing replaced since is kept.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def degrees(frames: Sequence[gpd.GeoDataFrame], *, to: str = "wgs84") -> tuple[float, float, float, float]:
    """Return west, south, east, north of tables in degrees of a frame; the whole world when there is nothing."""
    boxes = np.array([_degrees_of(frame) for frame in frames if len(frame) and not frame.geometry.is_empty.all()])
    if not len(boxes):
        return EVERYWHERE
    corners = np.array([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    low, high = lonlat_in_frame(corners, to).round(6)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _degrees_of(frame: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    """Return the bounds of one table in WGS 84."""
    box: Any = to_degrees(frame.crs).transform_bounds(*frame.total_bounds)
    return (box[0], box[1], box[2], box[3])


def attach_tiles(server: Flask, tiles: Tiles, permit: Callable[[str], bool]) -> None:
    """Answer tile requests on a server; ``permit(name)`` says whether this request may see that bundle."""
    server.add_url_rule(RULE, endpoint=RULE, view_func=tile_view(tiles, permit), methods=["GET"])


def tile_view(tiles: Tiles, permit: Callable[[str], bool]) -> Callable[..., Response]:
    """Return the view that answers :data:`RULE`.

    A tile asked for under another revision than the present one is answered with what is true now,
    and not to be kept.
    """

    def view(name: str, rev: str, z: int, x: int, y: int) -> Response:
        if name not in tiles or z > DEEPEST or x >= 2**z or y >= 2**z:
            abort(404)
        if not permit(name):
            abort(403)
        present, content = tiles.tile(name, (z, x, y))
        return kept_for(rev == present, content, "application/vnd.mapbox-vector-tile")

    return view


def kept_for(good: bool, content: bytes, mimetype: str) -> Response:
    """Return packed content, kept for ``good`` or not at all, in the form that the request takes; 204 without any."""
    answer = Response(content, 200 if content else 204, mimetype=mimetype)
    answer.headers["Cache-Control"] = _FOREVER if good else "no-store"
    answer.headers["Vary"] = "Accept-Encoding"
    if content and "gzip" in request.accept_encodings:
        answer.headers["Content-Encoding"] = "gzip"
    elif content:
        answer.set_data(gzip.decompress(content))
    return answer
