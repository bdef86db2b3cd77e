"""A drawn town for the map: a river, a park, bent streets, houses, pipes along the streets, six grids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.tables import conform

CRS = "EPSG:4547"
ORIGIN = np.array([500_000.0, 4_060_000.0])
SIDE_M, STREETS = 3_600.0, 25
_STEP = ["site_code", "step", "at", "noted_at", "actor", "action", "to_status"]
WHEN = pd.Timestamp("2026-11-22T00:00Z")


@dataclass
class Town:
    """Tables by name, and their revision: what the tiles take from a store."""

    tables: dict[str, pd.DataFrame]
    revisions: dict[str, int] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def revision(self, table: str) -> int:
        return self.revisions.get(table, 1)


def town(seed: int = 1) -> Town:
    """Return the town; the same seed, the same town."""
    rng = np.random.default_rng(seed)
    crossings = _crossings(rng)
    links, ranks = _along(crossings)
    tables = {
        "landcover": _frame(
            "landcover", geom=_ground(), code=["C1", "C2"], kind=["river", "park"], name=["河", "公园"]
        ),
        "streets": _streets(links, ranks),
        "buildings": _buildings(rng, crossings),
        "grids": _grids(crossings),
        "posts": conform(pd.DataFrame(columns=["person_code", "role", "scope_kind", "scope", "valid_from"]), "posts"),
        "links": _pipes(links, ranks),
        "nodes": _nodes(crossings),
        "devices": _devices(links),
        "hydrants": _frame("hydrants", geom=[], utility=[], code=[], link_code=[], measure_m=[]),
        "construction_sites": _frame("construction_sites", geom=[], code=[], title=[], opened_at=[]),
        "site_steps": conform(pd.DataFrame(columns=_STEP), "site_steps"),
        "incidents": _incidents(rng),
    }
    return Town(tables)


def _frame(table: str, *, geom: Iterable[object], **columns: object) -> gpd.GeoDataFrame:
    shapes = gpd.GeoSeries(list(geom), crs=CRS)
    return conform(gpd.GeoDataFrame({**columns, "geom": shapes}, geometry="geom"), table)


def _crossings(rng: np.random.Generator) -> np.ndarray:
    step = SIDE_M / (STREETS - 1)
    places = np.stack(np.meshgrid(np.arange(STREETS), np.arange(STREETS), indexing="ij"), axis=-1) * step
    bend = np.stack([np.sin(places[..., 1] / 700) * 90, np.cos(places[..., 0] / 600) * 80], axis=-1)
    return ORIGIN + places + bend + rng.normal(0, step * 0.07, places.shape)


def _along(crossings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    runs = [crossings[:, at] for at in range(STREETS)] + [crossings[at] for at in range(STREETS)]
    pairs = np.concatenate([np.stack([run[:-1], run[1:]], axis=1) for run in runs])
    places = np.tile(np.arange(STREETS), 2)
    rank = np.where(places % 8 == 4, "arterial", np.where(places % 4 == 0, "collector", "local"))
    return pairs, np.repeat(rank, STREETS - 1)


def _streets(links: np.ndarray, ranks: np.ndarray) -> gpd.GeoDataFrame:
    names = [f"{'东西南北'[n % 4]}环{n // 24 + 1}路" for n in range(len(links))]
    return _frame("streets", geom=shapely.linestrings(links), code=_codes("S", len(links)), name=names, rank=ranks)


def _pipes(links: np.ndarray, ranks: np.ndarray) -> gpd.GeoDataFrame:
    rank = pd.Series(ranks).map({"arterial": "trunk", "collector": "main", "local": "branch"})
    shapes = shapely.linestrings(links + 6.0)
    return _frame(
        "links",
        geom=shapes,
        utility="water",
        code=_codes("P", len(links)),
        kind="pipe",
        from_node="N0",
        to_node="N1",
        length_m=shapely.length(shapes),
        diameter_mm=rank.map({"trunk": 600.0, "main": 300.0, "branch": 150.0}),
        material="ductile_iron",
        laid_year=1998,
        rank=rank,
        status="open",
        direction="both",
    )


def _devices(links: np.ndarray) -> gpd.GeoDataFrame:
    places = links[::2].mean(axis=1) + 6.0
    state = np.where(np.arange(len(places)) % 9 == 0, "closed", "open")
    return _frame(
        "devices",
        geom=shapely.points(places),
        utility="water",
        code=_codes("V", len(places)),
        kind="gate_valve",
        link_code=_codes("P", 2 * len(places))[::2],
        end="mid",
        state=state,
        operable="operable",
        direction="both",
        diameter_mm=200.0,
    )


def _nodes(crossings: np.ndarray) -> gpd.GeoDataFrame:
    places = crossings[[0, 12, 24], [3, 12, 20]]
    kinds = ["source", "tank", "source"]
    return _frame("nodes", geom=shapely.points(places), utility="water", code=_codes("N", 3), kind=kinds)


def _buildings(rng: np.random.Generator, crossings: np.ndarray) -> gpd.GeoDataFrame:
    corner = crossings[:-1, :-1].reshape(-1, 1, 2) + rng.uniform(22, 105, (1, 7, 2))
    size = rng.uniform(10, 26, (*corner.shape[:2], 2))
    low, high = corner.reshape(-1, 2), (corner + size).reshape(-1, 2)
    shapes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return _frame("buildings", geom=_multi(shapes), code=_codes("B", len(shapes)), kind="residential", households=24)


def _grids(crossings: np.ndarray) -> gpd.GeoDataFrame:
    cuts_x, cuts_y = (0, 8, 16, 24), (0, 12, 24)
    rings = [
        np.concatenate(
            [crossings[a : b + 1, c], crossings[b, c:d], crossings[a : b + 1, d][::-1], crossings[a, c:d][::-1]]
        )
        for a, b in pairwise(cuts_x)
        for c, d in pairwise(cuts_y)
    ]
    shapes = [shapely.Polygon(ring) for ring in rings]
    codes = [f"G{n:03d}" for n in range(1, 7)]
    names = [f"网格 {code}" for code in codes]
    return _frame("grids", geom=_multi(shapes), code=codes, name=names, utilities="water", valid_from=WHEN)


def _ground() -> np.ndarray:
    x = np.linspace(-600, SIDE_M + 600, 60)
    river = shapely.LineString(ORIGIN + np.column_stack([x, 900 + 320 * np.sin(x / 900)])).buffer(70)
    park = shapely.Point(ORIGIN + np.array([2_400, 2_500])).buffer(330)
    return _multi([river, park])


def _incidents(rng: np.random.Generator) -> gpd.GeoDataFrame:
    count = 600
    places = ORIGIN + rng.normal(0.55, 0.16, (count, 2)) * SIDE_M
    return _frame(
        "incidents",
        geom=shapely.points(places),
        code=_codes("I", count),
        type=rng.choice(["leak", "burst", "no_supply", "quality", "complaint"], count),
        channel="phone",
        status="closed",
        reported_at=WHEN - pd.to_timedelta(rng.integers(1, 20_000, count), unit="h"),
        drill=False,
    )


def _multi(shapes: object) -> np.ndarray:
    return np.array([shapely.MultiPolygon([shape]) for shape in np.asarray(shapes, dtype=object)], dtype=object)


def _codes(letter: str, count: int) -> list[str]:
    return [f"{letter}{n:05d}" for n in range(count)]
