"""Coverages for the tests: edge-matched ones that look like cities, and unkind ones."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 3_400_000.0


def grids_of(polygons):
    """Return a grids table of polygons, codes G000 upward."""
    codes = [f"G{number:03d}" for number in range(len(polygons))]
    columns = {
        "code": pd.array(codes, dtype="str"),
        "name": pd.array([f"网格 {code}" for code in codes], dtype="str"),
        "utilities": pd.array(["water"] * len(codes), dtype="str"),
        "valid_from": pd.Timestamp("2024-01-01", tz="UTC"),
        "valid_to": pd.Series(pd.NaT, index=range(len(codes)), dtype="datetime64[ms, UTC]"),
    }
    return gpd.GeoDataFrame(columns | {"geom": list(polygons)}, geometry="geom", crs=CRS)


def bent(polygons, rng, *, pieces=4, bend=0.15):
    """Return the polygons with every edge bent alike on both of its sides, so that they still match."""
    moved = {}

    def along(start, end):
        key = (min(start, end), max(start, end))
        if key not in moved:
            low, high = np.array(key[0]), np.array(key[1])
            share = np.arange(1, pieces)[:, None] / pieces
            side = np.array([low[1] - high[1], high[0] - low[0]])
            moved[key] = low + share * (high - low) + rng.uniform(-bend, bend, (pieces - 1, 1)) * side
        line = moved[key] if start == key[0] else moved[key][::-1]
        return [start, *map(tuple, line)]

    rings = [list(map(tuple, shapely.get_coordinates(polygon))) for polygon in polygons]
    return [shapely.Polygon([point for pair in pairwise(ring) for point in along(*pair)]) for ring in rings]


def voronoi(count, rng, *, side=3000.0, bend=0.0):
    """Return edge-matched cells around random seeds in a square of that side, huge coordinates."""
    seeds = rng.uniform((EAST, NORTH), (EAST + side, NORTH + side), (count, 2))
    frame = shapely.box(EAST, NORTH, EAST + side, NORTH + side)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=frame))
    polygons = shapely.coverage_clean(shapely.intersection(cells, frame))
    return grids_of(bent(polygons, rng, bend=bend) if bend else polygons)


def blocks(across, up, *, size=100.0, east=EAST, north=NORTH):
    """Return street blocks: equal rectangles that share whole edges."""
    return grids_of(
        [
            shapely.box(east + col * size, north + row * size, east + (col + 1) * size, north + (row + 1) * size)
            for row in range(up)
            for col in range(across)
        ]
    )


def river_town(rng):
    """Return bent cells cut by a river without grids: holes, multipolygons, slivers."""
    town = voronoi(40, rng, bend=0.03)
    middle = NORTH + 1500
    bed = [(EAST + x, middle + 300 * np.sin(x / 400)) for x in np.linspace(-50, 2300, 60)]
    river = shapely.LineString(bed).buffer(60)
    return grids_of([polygon for polygon in town.geometry.difference(river) if not polygon.is_empty])


def unkind():
    """Return overlaps, a bow-tie, a spike, a touch at one point, a hole in a hole's place, a sliver, an empty row."""
    east, north = EAST, NORTH

    def at(*points):
        return [(east + x, north + y) for x, y in points]

    bow = shapely.Polygon(at((0, 0), (100, 100), (100, 0), (0, 100)))
    spike = shapely.Polygon(at((200, 0), (300, 0), (300, 50), (350, 50), (300, 50), (300, 100), (200, 100)))
    ring = shapely.Polygon(
        at((0, 200), (100, 200), (100, 300), (0, 300)), [at((20, 220), (80, 220), (80, 280), (20, 280))]
    )
    corner = shapely.Polygon(at((100, 300), (200, 300), (200, 400), (100, 400)))
    holes = shapely.Polygon(
        at((400, 0), (600, 0), (600, 200), (400, 200)),
        [at((420, 20), (500, 20), (500, 100), (420, 100)), at((460, 60), (640, 60), (640, 140), (460, 140))],
    )
    double = shapely.MultiPolygon(
        [shapely.box(east, north, east + 60, north + 60), shapely.box(east + 30, north + 30, east + 90, north + 90)]
    )
    sliver = shapely.Polygon(at((0, 500), (700, 500), (700, 500 + 1e-6)))
    big = shapely.box(east - 50, north - 50, east + 250, north + 250)
    return grids_of([bow, spike, ring, corner, holes, shapely.Polygon(), double, sliver, big])


def spikes():
    """Return two neighbours with a gap between them that is crossed by a spike of both."""
    gap = [(EAST + 100, NORTH + 50), (EAST + 150, NORTH + 50)]
    west = [(EAST, NORTH), (EAST + 100, NORTH), *gap, gap[0], (EAST + 100, NORTH + 100), (EAST, NORTH + 100)]
    east = [(EAST + 150, NORTH), (EAST + 250, NORTH), (EAST + 250, NORTH + 100), (EAST + 150, NORTH + 100)]
    return grids_of([shapely.Polygon(west), shapely.Polygon([*east, *gap[::-1], gap[1]])])


def hard_points(grids, rng, *, count=400):
    """Return points on vertices, on edges, one ulp beside them, at hulls and far outside."""
    vertices = shapely.get_coordinates(grids.geometry.to_numpy())
    some = vertices[rng.integers(0, len(vertices), count)]
    lines = shapely.get_parts(shapely.boundary(grids.geometry[~grids.geometry.is_empty].to_numpy()))
    on_lines = shapely.get_coordinates(
        shapely.line_interpolate_point(
            lines[rng.integers(0, len(lines), count)], rng.uniform(0, 1, count), normalized=True
        )
    )
    middles = (vertices[:-1] + vertices[1:])[rng.integers(0, len(vertices) - 1, count)] / 2
    near = np.concatenate([some, on_lines, middles])
    beside = [np.nextafter(near, near + np.array(step)) for step in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1)]]
    west, south, east, north = grids.total_bounds
    random = rng.uniform((west - 100, south - 100), (east + 100, north + 100), (4 * count, 2))
    lost = [(np.nan, north), (east, np.inf), (np.nan, np.nan), (0, 0), (1e300, -1e300), (west, south), (east, north)]
    mixed = np.column_stack([some[:, 0], np.roll(some[:, 1], 1)])
    return np.concatenate([near, *beside, random, lost, mixed])


def brute(grids, xy):
    """Return the row of each point by asking shapely about every grid in turn, lowest row first."""
    rows = np.full(len(xy), -1, dtype=np.int32)
    known = np.isfinite(xy).all(axis=1)
    points = shapely.points(xy[known])
    found = rows[known]
    for row in range(len(grids) - 1, -1, -1):
        shape = grids.geometry.iloc[row]
        for part in shapely.get_parts(shape):
            found[shapely.covers(part, points)] = row
    rows[known] = found
    return rows
