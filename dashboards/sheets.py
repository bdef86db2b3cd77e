"""One layer made ready to be cut into tiles: places on the world, what is told about each, from which zoom on."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dashboards import mvt
from dashboards.cut import BUFFER, cut, to_world
from layers.layer import Classes, Shapes, Widths

DEEPEST = 16  # a tile of this zoom counts 0.12 m steps in China; closer views draw it larger
THIN_PX, FEW = 14, 1_000
TOLD_FROM = 14  # from afar only what is drawn travels: a tile there holds ten thousand pipes
_LINES_BY_ZOOM = {9: 2_000, 11: 6_000, 12: 15_000, 13: 40_000}
_RANKS: Mapping[str, Mapping[str, int]] = {
    "links": {"trunk": 9, "main": 11, "branch": 13, "service": 15},
    "streets": {"arterial": 8, "collector": 11, "local": 13},
}
_FIRST = {"devices": "diameter_mm", "incidents": "reported", "customers": "households", "links": "diameter_mm"}


class Sheet:
    """A layer that answers what of it lies on a tile."""

    def __init__(self, layer: Shapes, *, frame: str = "wgs84") -> None:
        """Project once, index by zoom; ``frame`` is that of the base map below."""
        self.name, self.kind = layer.name, mvt.KINDS[layer.kind]
        rows = placed_rows(layer)
        self._world = to_world(rows.geometry.to_numpy(), rows.crs, frame=frame)
        self._boxes = shapely.bounds(self._world)
        self._ids = np.arange(1, len(rows) + 1)
        far = told(layer, popup=False)
        self._attributes = [mvt.Attribute.of(column, rows[column]) for column in told(layer)]
        self._far_attributes = [one for one in self._attributes if one.key in far]
        self._anchors = anchors(self._world) if self.kind == mvt.POLYGON and layer.style.label else None
        zooms = np.maximum(first_zooms(layer, rows, self._world), layer.style.min_zoom)
        self._trees = {int(zoom): _tree(self._world, zooms == zoom) for zoom in np.unique(zooms)[::-1]}

    @property
    def least_zoom(self) -> int:
        """The zoom from which on something of it is seen."""
        return min(self._trees, default=0)

    @property
    def whole_zoom(self) -> int:
        """The zoom from which on all of it is seen."""
        return max(self._trees, default=0)

    def encoded(self, tile: tuple[int, int, int]) -> bytes:
        """Return its layer of the tile (z, x, y); polygons with a label add a layer of points to write it at."""
        rows = self._rows_on(tile)
        if not len(rows):
            return b""
        carried = self._attributes if tile[0] >= TOLD_FROM else self._far_attributes
        attributes = [mvt.Attribute(one.key, one.codes[rows], one.values) for one in carried]
        parts = cut(self._world[rows], self._boxes[rows], self.kind, tile)
        written = mvt.layer(self.name, self.kind, parts, self._ids[rows], attributes)
        if self._anchors is None:
            return written
        parts = cut(self._anchors[rows], self._boxes[rows], mvt.POINT, tile)
        return written + mvt.layer(f"{self.name}:label", mvt.POINT, _near(parts), self._ids[rows], attributes)

    def seen(self, zoom: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows drawn at a zoom, those seen from afar last and ``most`` of them, and where they are.

        Rows are counted among :func:`placed_rows`; places are on the square world.
        """
        found = [np.sort(own) for first, (own, _) in self._trees.items() if first <= zoom]
        rows = np.concatenate(found)[-most:] if found else np.empty(0, dtype=np.int64)
        return rows, self._world[rows]

    def _rows_on(self, tile: tuple[int, int, int]) -> np.ndarray:
        """Return the rows whose box meets the tile with its margin; those seen from afar last, so on top."""
        zoom, column, row = tile
        side, margin = 2.0**-zoom, 2.0**-zoom * BUFFER / mvt.EXTENT
        west, north = column * side, row * side
        frame = shapely.box(west - margin, north - margin, west + side + margin, north + side + margin)
        found = [np.sort(own[tree.query(frame)]) for first, (own, tree) in self._trees.items() if first <= zoom]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def placed_rows(layer: Shapes) -> gpd.GeoDataFrame:
    """Return the rows of a layer that are somewhere."""
    return layer.frame[~(layer.frame.geometry.isna() | layer.frame.geometry.is_empty).to_numpy()]


def told(layer: Shapes, *, popup: bool = True) -> list[str]:
    """Return the columns that travel with a layer: its code, and what its style (and its popup) names."""
    style = layer.style
    used = [part.column for part in (style.colour, style.width_px) if isinstance(part, Classes | Widths)]
    used += ([style.label] if style.label else []) + (list(layer.popup) if popup else [])
    return [column for column in dict.fromkeys(["code", *used]) if column in layer.frame.columns]


def first_zooms(layer: Shapes, rows: pd.DataFrame, world: np.ndarray) -> np.ndarray:
    """Return the zoom from which on each row is drawn, so that no tile holds more than can be read.

    Streets and links come by rank; links without one by size, the greatest first; points, if more than
    ``FEW``, are thinned to one in ``THIN_PX`` pixels, the most important first, and all stand from ``DEEPEST`` on.
    """
    first = _FIRST.get(layer.table or "", "")
    weight = rows[first] if first in rows else pd.Series(0.0, index=rows.index)
    order = np.argsort(weight.rank(method="first", ascending=False, na_option="bottom").to_numpy())
    if layer.kind == "point" and len(rows) > FEW:
        return _thinned(world, order, layer.style.min_zoom)
    if layer.kind != "line":
        return np.zeros(len(rows), dtype=np.int64)
    ranks, width = _RANKS.get(layer.table or "", {}), layer.style.width_px
    column = rows[width.column] if isinstance(width, Widths) else pd.Series("", index=rows.index)
    by_rank = column.map(ranks)
    by_size = pd.Series(DEEPEST - 2, index=rows.index)
    for zoom, count in reversed(_LINES_BY_ZOOM.items()):
        by_size.iloc[order[:count]] = zoom
    return by_rank.fillna(by_size).to_numpy("int64")


def _thinned(world: np.ndarray, order: np.ndarray, least: int) -> np.ndarray:
    """Return the zoom at which each point is the first of its square, or the deepest."""
    xy = shapely.get_coordinates(world)
    zooms = np.full(len(xy), DEEPEST, dtype=np.int64)
    for zoom in range(DEEPEST - 1, least - 1, -1):
        square = np.floor(xy[order] * (512 / THIN_PX * 2.0**zoom)).astype(np.int64)
        _, first = np.unique(square[:, 0] * 2**31 + square[:, 1], return_index=True)
        zooms[order[first]] = zoom
    return zooms


def _tree(world: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, shapely.STRtree]:
    """Return the chosen rows and their index."""
    own = np.flatnonzero(chosen)
    return own, shapely.STRtree(world[own])


def anchors(polygons: np.ndarray) -> np.ndarray:
    """Return the place of each polygon's label: its centroid where that lies inside, else a point that does."""
    places: np.ndarray = shapely.centroid(polygons)
    outside = ~shapely.contains(polygons, places)
    places[outside] = shapely.point_on_surface(polygons[outside])
    return places


def _near(parts: mvt.Parts) -> mvt.Parts:
    """Return the points on the tile or in its margin."""
    seen = ((parts.xy >= -BUFFER) & (parts.xy <= mvt.EXTENT + BUFFER)).all(axis=1)
    return mvt.Parts(parts.xy[seen], np.arange(int(seen.sum()) + 1), parts.owner[seen])
