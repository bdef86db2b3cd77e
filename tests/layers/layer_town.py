"""A hand-made town of one square kilometre: a river, four grids, a ring main with valves, some incidents."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, Point, box

from gisapp.tables import conform

CRS = "EPSG:4547"
X, Y = 520_000.0, 3_386_000.0


def shaped(table, **columns):
    geom = columns.pop("geom", None)
    frame = pd.DataFrame(columns)
    return conform(
        frame if geom is None else gpd.GeoDataFrame(frame, geometry=list(geom), crs=CRS).rename_geometry("geom"), table
    )


def at(x, y):
    return Point(X + x, Y + y)


def square(x, y, side=500.0):
    return box(X + x, Y + y, X + x + side, Y + y + side)


def grids():
    return shaped(
        "grids",
        code=["G001", "G002", "G003", "G004"],
        name=["第一网格", "第二网格", "第三网格", "第四网格"],
        utilities="water",
        valid_from=pd.Timestamp("2026-01-01", tz="UTC"),
        geom=[square(0, 0), square(500, 0), square(0, 500), square(500, 500)],
    )


def posts():
    return shaped(
        "posts",
        person_code=["P001", "P002", "P009"],
        role="grid_leader",
        scope_kind="grid",
        scope=["G001", "G002", "G002"],
        valid_from=pd.to_datetime(["2025-01-01", "2025-01-01", "2026-06-01"], utc=True),
        valid_to=pd.to_datetime([None, "2026-06-01", None], utc=True),
    )


def landcover():
    river = LineString([(X - 100, Y + 450), (X + 400, Y + 520), (X + 1100, Y + 430)]).buffer(35)
    return shaped(
        "landcover",
        code=["R1", "K1"],
        kind=["river", "park"],
        name=["一号河", None],
        geom=[river, square(60, 620, 180)],
    )


def streets():
    lines = [LineString([(X + d, Y), (X + d, Y + 1000)]) for d in (250, 750)]
    lines += [LineString([(X, Y + d), (X + 1000, Y + d)]) for d in (250, 750)]
    return shaped(
        "streets",
        code=["S1", "S2", "S3", "S4"],
        name=["一纵路", "二纵路", "一横路", "二横路"],
        rank=["arterial", "local", "collector", "local"],
        geom=lines,
    )


def buildings():
    spots = [(x, y) for x in range(40, 980, 120) for y in range(40, 980, 120) if not 380 < y < 560]
    return shaped(
        "buildings",
        code=[f"B{number:03d}" for number in range(len(spots))],
        kind="residential",
        floors=6,
        households=36,
        geom=[square(x, y, 45) for x, y in spots],
    )


def nodes():
    spots = {"N1": (250, 250), "N2": (750, 250), "N3": (750, 750), "N4": (250, 750), "W1": (60, 250)}
    return shaped(
        "nodes",
        utility="water",
        code=list(spots),
        kind=["junction"] * 4 + ["source"],
        geom=[at(*spot) for spot in spots.values()],
    )


def links():
    ends = [("W1", "N1"), ("N1", "N2"), ("N2", "N3"), ("N3", "N4"), ("N4", "N1")]
    place = {code: (shape.x, shape.y) for code, shape in zip(nodes()["code"], nodes().geometry, strict=True)}
    return shaped(
        "links",
        utility="water",
        code=["L0", "L1", "L2", "L3", "L4"],
        kind="pipe",
        from_node=[a for a, _ in ends],
        to_node=[b for _, b in ends],
        length_m=[190.0, 500, 500, 500, 500],
        diameter_mm=[600.0, 300, 150, 80, np.nan],
        material="球墨铸铁",
        laid_year=1998,
        rank=["trunk", None, None, None, None],
        status="open",
        direction="both",
        geom=[LineString([place[a], place[b]]) for a, b in ends],
    )


def devices():
    spots = [(270, 250), (730, 250), (750, 730), (270, 750)]
    return shaped(
        "devices",
        utility="water",
        code=["V1", "V2", "V3", "V4"],
        kind="gate_valve",
        link_code=["L1", "L1", "L2", "L3"],
        end=["from", "to", "to", "to"],
        state=["open", "open", "closed", "open"],
        operable=["operable", "stuck", "operable", "unknown"],
        direction="both",
        turns=24,
        geom=[at(*spot) for spot in spots],
    )


def hydrants():
    return shaped("hydrants", utility="water", code=["H1"], link_code="L1", measure_m=100.0, geom=[at(350, 250)])


def incidents(number=60):
    rng = np.random.default_rng(4)
    places = rng.normal(500, 160, (number, 2))
    types = np.array(["leak", "burst", "no_supply", "cover"])[rng.integers(0, 4, number)]
    return shaped(
        "incidents",
        code=[f"I{row:04d}" for row in range(number + 1)],
        type=[*types, "leak"],
        channel="phone",
        status="closed",
        reported_at=pd.Timestamp("2026-03-01T16:30Z"),
        text="电话 000-0000",
        reporter_phone="000-0000",
        drill=False,
        geom=[*(at(x, y) for x, y in places), None],
    )


def shutoff():
    def codes(*names):
        return pd.DataFrame({"code": pd.Series(list(names), dtype="str")})

    def loss(*names):
        return SimpleNamespace(links=codes(*names), customers=codes(), hydrants=codes())

    return SimpleNamespace(
        utility="water",
        must_close=codes("V3", "V1"),
        verify_closed=codes("V4"),
        unusable=codes(),
        restoration=pd.DataFrame({"code": pd.Series(["V2"], dtype="str"), "households": [40]}),
        isolated=loss("L1"),
        unintended=loss("L2"),
        already_dry=loss(),
        storage_only=loss("L3"),
    )


def pipes():
    return {"links": links(), "devices": devices()}


def network():
    return {"nodes": nodes(), "hydrants": hydrants(), **pipes()}
