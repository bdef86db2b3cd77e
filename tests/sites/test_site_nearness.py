"""What lies near a site, against a slow version that measures every row by itself."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gisapp.errors import CrsError, InputError
from gisapp.sites import near

CRS = "EPSG:4547"


def table(shapes, **columns):
    names = ("utility", "code", "kind", "rank", "diameter_mm", "material", "status", "state", "operable")
    rows = {name: None for name in (*names, "critical", "households")} | columns
    frame = gpd.GeoDataFrame({"geom": list(shapes)}, geometry="geom", crs=CRS)
    codes = [f"K{number:03d}" for number in range(len(frame))]
    return frame.assign(**rows).assign(code=codes)


def slow(frame, area, buffer_m):
    """Measure from every row to every edge of the site, without shapely's index and without its distance."""
    rings = [ring for part in area.geoms for ring in (part.exterior, *part.interiors)]
    edges = [pair for ring in rings for pair in pairwise(ring.coords)]
    found = []
    for code, shape in zip(frame["code"], frame.geometry, strict=True):
        points = [np.array(one) for one in shape.coords]
        legs = list(pairwise(points)) or [(points[0], points[0])]
        inside = any(shapely.Point(one).within(area) for one in points)
        crossing = any(crosses(a, b, np.array(c), np.array(d)) for a, b in legs for c, d in edges)
        least = min(
            min(to_leg(a, np.array(c), np.array(d)), to_leg(b, np.array(c), np.array(d)), to_leg(np.array(c), a, b))
            for a, b in legs
            for c, d in edges
        )
        distance = 0.0 if inside or crossing else least
        if distance <= buffer_m:
            found.append((distance, code))
    return [code for _, code in sorted(found)]


def to_leg(point, start, end):
    along = end - start
    size = float(along @ along)
    share = 0.0 if size == 0 else min(1.0, max(0.0, float((point - start) @ along) / size))
    return float(np.hypot(*(point - start - share * along)))


def crosses(a, b, c, d):
    def side(p, q, r):
        return np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("buffer_m", [0.0, 10.0, 37.5])
def test_near_is_what_measuring_every_row_finds(seed, buffer_m):
    """W21.1: pipes, valves and customers within the stated distance of a site, neither more nor less."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    star = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(20, 60, (9, 1))
    hole = shapely.box(-3, -3, 3, 3)
    area = shapely.MultiPolygon([shapely.make_valid(shapely.Polygon(star)).convex_hull.difference(hole)])
    starts = rng.uniform(-150, 150, (120, 2))
    lines = [shapely.LineString([one, one + rng.uniform(-60, 60, 2)]) for one in starts]
    points = [shapely.Point(one) for one in rng.uniform(-120, 120, (200, 2))]
    tables = {"links": table(lines), "devices": table(points[:100]), "customers": table(points[100:], households=1)}
    found = near(area, **tables, buffer_m=buffer_m)
    for name, frame in tables.items():
        assert getattr(found, name)["code"].tolist() == slow(frame, area, buffer_m), name
    assert len(found.links) > 3
    for row in found.links.itertuples():
        dense = shapely.segmentize(tables["links"].set_index("code").loc[row.code, "geom"], 0.02)
        middles = shapely.get_coordinates(dense)
        legs = np.hypot(*np.diff(middles, axis=0).T)
        held = shapely.distance(shapely.points((middles[1:] + middles[:-1]) / 2), area) <= buffer_m
        assert row.within_m == pytest.approx(legs[held].sum(), abs=0.1)


def test_the_distance_counts_with_its_end_and_the_inside_is_at_0():
    """W21.1."""
    area = shapely.MultiPolygon([shapely.box(0, 0, 10, 10)])
    spots = [shapely.Point(5, 5), shapely.Point(20, 5), shapely.Point(20.001, 5)]
    lines = table([shapely.LineString([(-5, 5), (5, 5)]), shapely.LineString([(20, 0), (20, 10)])])
    told = near(area, links=lines, devices=table(spots), customers=table([]), buffer_m=10)
    assert told.devices["distance_m"].tolist() == [0, 10]
    assert told.links[["distance_m", "within_m"]].to_numpy().tolist() == [[0, 10], [10, 10]]
    assert "name" not in told.customers.columns


def test_degrees_and_a_distance_that_is_none_are_refused():
    area = shapely.box(0, 0, 1, 1)
    one = table([shapely.Point(0, 0)])
    with pytest.raises(CrsError):
        near(area, links=one.to_crs(4326), devices=one, customers=one)
    for wrong in (-1, float("nan")):
        with pytest.raises(InputError, match="give metres from 0 on"):
            near(area, links=one, devices=one, customers=one, buffer_m=wrong)
