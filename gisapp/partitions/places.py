"""The grid of every point of many parts, written beside its row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from gisapp.errors import InputError
from gisapp.grids import GridIndex, assign, grid_index
from gisapp.partitions.files import Part, columns_of, point_xy_of
from gisapp.partitions.run import Cluster, Progress

ADDED = ("grid", "distance_m", "why")


@dataclass(frozen=True)
class Places:
    """The grids as they travel to a worker: codes and WKB in the order of the table, and the CRS."""

    codes: tuple[str, ...]
    wkb: tuple[bytes, ...]
    crs: str

    @classmethod
    def of(cls, grids: gpd.GeoDataFrame) -> Places:
        """Return those of a table of grids."""
        return cls(tuple(grids["code"].astype("str")), tuple(shapely.to_wkb(grids.geometry.to_numpy())), str(grids.crs))

    def table(self) -> gpd.GeoDataFrame:
        """Return code and geometry of the grids."""
        shapes = gpd.GeoSeries.from_wkb(list(self.wkb), crs=self.crs)
        return gpd.GeoDataFrame({"code": list(self.codes)}, geometry=shapes)


@lru_cache(maxsize=1)
def known_grids(places: Places) -> tuple[gpd.GeoDataFrame, GridIndex]:
    """Return the grids and their index, made once in each worker."""
    grids = places.table()
    return grids, grid_index(grids)


def assign_parts(
    parts: Sequence[Part],
    grids: gpd.GeoDataFrame,
    out: Path | str,
    *,
    cluster: Cluster | None = None,
    language: str = "en",
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Write every row with its grid, how far it is and why; return how many points are in a grid and in none.

    Parameters
    ----------
    parts
        From :func:`gisapp.partitions.parts_of`, in the CRS of the grids.
    grids
        The ``grids`` table of one plan.
    out
        A new folder: one GeoParquet file for each part, in order, with the columns of the part and ``grid``,
        ``distance_m`` and ``why`` of :func:`gisapp.grids.assign`. It is there with all its files or not at all.
    cluster
        Who works; this process when absent. Its workers must be able to write to ``out``.
    language
        Language of ``why``.

    Raises
    ------
    InputError
        When the folder exists, or the parts have a column of such a name.
    """
    target = Path(out).absolute()
    if target.exists():
        raise InputError("is there already", todo="name a new folder", file=str(target))
    staged = target.with_name(f".{target.name}.{os.getpid()}.part")
    staged.mkdir(parents=True)
    numbered = {part: at for at, part in enumerate(parts)}
    order = Places.of(grids), str(staged), numbered, language
    try:
        totals = [0, 0]
        for inside, outside in (cluster or Cluster()).each(_place, parts, order, progress=progress):
            totals[0] += inside
            totals[1] += outside
        staged.rename(target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return totals[0], totals[1]


def _place(batch: Sequence[Part], order: tuple[Places, str, dict[Part, int], str]) -> tuple[int, int]:
    """Write the files of a batch; return how many of its points are in a grid and in none."""
    places, folder, numbered, language = order
    grids, index = known_grids(places)
    inside = outside = 0
    for part in batch:
        table = columns_of(part, None)
        taken = sorted(set(ADDED) & set(table.column_names))
        if taken:
            raise InputError(f"a column {taken[0]!r} stands there already", todo="rename it", file=part.path)
        found = assign(point_xy_of(table[part.geometry]), grids, index=index, language=language)
        for name in ADDED:
            table = table.append_column(name, pa.Array.from_pandas(found[name]))
        path = Path(folder) / f"part-{numbered[part]:06d}.parquet"
        pq.write_table(table, path.with_suffix(".half"), compression="zstd")
        path.with_suffix(".half").replace(path)  # a batch that is done twice leaves one whole file
        inside += int(found["grid"].notna().sum())
        outside += int(found["grid"].isna().sum())
    return inside, outside
