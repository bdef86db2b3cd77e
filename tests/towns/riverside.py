"""A street by a river, drawn by hand, with a burst in it: small enough to count by eye.

::

         人民路 (x=0)          解放路 (x=300)
            |   B1   B2   B3      |          江北小区, north of 滨江路
    --------+---------------------+-------   滨江路 (y=0)
    S==P1===V1======P2===========V2==P3==E   water pipe (y=5)
            |        B4           |   B5     江南小区, south of it

The source S is west of V1; E is a dead end. Shutting P2 isolates B1 to B4 and leaves B5 dry as well.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
from shapely import LineString, MultiPolygon, Point, box

from gisapp.network import network_of, shutoff
from gisapp.operations import overrides
from gisapp.reports.situation import TABLES, situation_of
from gisapp.store import Store, create_store
from gisapp.tables import conform

CRS = "EPSG:4547"
X, Y = 520_000.0, 3_386_000.0
SPRING = pd.Timestamp("2026-01-01", tz="UTC")
OPENED = datetime(2026, 11, 20, 5, 53, tzinfo=UTC)  # 13:53 in Shanghai
NETWORK = ("nodes", "links", "devices", "customers", "connections", "hydrants")


def point(x: float, y: float) -> Point:
    return Point(X + x, Y + y)


def line(*places: tuple[float, float]) -> LineString:
    return LineString([(X + x, Y + y) for x, y in places])


def block(x: float, y: float, width: float, height: float) -> MultiPolygon:
    return MultiPolygon([box(X + x, Y + y, X + x + width, Y + y + height)])


def shaped(name: str, rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    if "geom" in frame:
        frame = gpd.GeoDataFrame(frame, geometry="geom", crs=CRS)
    return conform(frame, name)


def moment(minutes: float) -> datetime:
    """Return a moment some minutes after the burst was reported."""
    return OPENED + timedelta(minutes=minutes)


def tables(utility: str = "water") -> dict[str, pd.DataFrame]:
    """Return all tables of the town; its one network is that of ``utility``."""
    return _town() | _network(utility) | _people(utility)


def network(utility: str = "water", given: dict[str, pd.DataFrame] | None = None):
    """Return the network of the town, or of these tables."""
    given = given or tables(utility)
    return network_of(utility, *(given[name] for name in NETWORK))


def store(path, utility: str = "water") -> Store:
    """Return a new store that holds the town."""
    made = create_store(path, crs=CRS, name="滨江市")
    made.save(tables(utility), actor="test")
    return made


def emergency(kept: Store, **head: object) -> str:
    """Open the shutoff of a burst at 100 m of P2 and close its valve; return its code."""
    given = {"utility": "water", "kind": "emergency", "links": "P2@100", "opened_at": OPENED, "unit_code": "U07"}
    code = kept.operations.open(given | {"reason": "DN300管道爆管"} | head, "E01")
    for action, minutes, told in (
        ("take_command", 5, {"subject": "E02"}),
        ("order", 8, {}),
        ("set_etr", 10, {"value": "2026-11-20T20:00:00+08:00"}),
        ("tell_customer", 12, {"subject": "10040004"}),
        ("post", 14, {"subject": "C1", "note": "门口，张某13800138000"}),
    ):
        kept.operations.record(code, action, "E01", at=moment(minutes), **told)
    closed = {"utility": head.get("utility", "water"), "device_code": "V1", "action": "closed", "shutoff_code": code}
    kept.operations.operate(closed | {"at": moment(28), "turns": 38}, "E05")
    return code


def situation(kept: Store, code: str, minutes: float = 60):
    """Return the situation of an operation in a store, some minutes after the burst was reported."""
    operation = kept.operations.operation(code)
    today = overrides(kept.table("valve_operations"), kept.table("devices"), operation.utility, leaving_out=[code])
    found = shutoff(network(operation.utility), operation.bursts, **asdict(today))
    known = {name: kept.table(name) for name in TABLES}
    return situation_of(found, known, now=moment(minutes), zone=kept.zone, operation=operation)


def _town() -> dict[str, pd.DataFrame]:
    houses = [("B1", 40, 30, "C1"), ("B2", 140, 30, "C1"), ("B3", 240, 30, "C1"), ("B4", 140, -50, "C2")]
    houses.append(("B5", 360, -50, "C2"))
    streets = [("S1", "滨江路", (-200, 0), (500, 0)), ("S2", "人民路", (0, -200), (0, 200))]
    streets.append(("S3", "解放路", (300, -200), (300, 200)))
    people = [
        {
            "code": f"1004000{number}",
            "households": 12,
            "people": 30,
            "building_code": code,
            "critical": None,
            "kind": "resident",
        }
        | {
            "name": f"户主{number}",
            "phone": f"0000555000{number}",
            "address": f"滨江路{number}号",
            "meter_inside": True,
        }
        | {"geom": point(x + 10, y + 10)}
        for number, (code, x, y, _) in enumerate(houses, start=1)
    ]
    people[3] |= {"critical": "hospital", "kind": "special", "households": 1, "people": 400}
    plots = [("C1", "江北小区", -100, 10, 500, 150), ("C2", "江南小区", -100, -160, 500, 150)]
    return {
        "streets": shaped(
            "streets",
            [{"code": code, "name": name, "rank": "collector", "geom": line(*ends)} for code, name, *ends in streets],
        ),
        "communities": shaped(
            "communities", [{"code": code, "name": name, "geom": block(*box)} for code, name, *box in plots]
        ),
        "buildings": shaped(
            "buildings",
            [
                {"code": code, "name": f"{code[1]}栋", "kind": "residential", "community_code": home}
                | {"geom": block(x, y, 20, 20)}
                for code, x, y, home in houses
            ],
        ),
        "customers": shaped("customers", people),
        "grids": shaped(
            "grids",
            [
                {"code": "G1", "name": "第一网格", "utilities": "water", "valid_from": SPRING}
                | {"geom": block(-300, -300, 500, 600)},
                {"code": "G2", "name": "第二网格", "utilities": "water", "valid_from": SPRING}
                | {"geom": block(200, -300, 500, 600)},
            ],
        ),
        "landcover": shaped("landcover", [{"code": "R1", "kind": "river", "geom": block(-300, -260, 1000, 80)}]),
    }


def _network(utility: str) -> dict[str, pd.DataFrame]:
    nodes = [("S", -150, "source"), ("A", 0, "junction"), ("B", 300, "junction"), ("E", 450, "junction")]
    pipes = [("P1", "S", "A", -150, 0), ("P2", "A", "B", 0, 300), ("P3", "B", "E", 300, 450)]
    about = {"diameter_mm": 300.0, "material": "ductile_iron", "laid_year": 2010, "rank": "main", "kind": "pipe"}
    if utility == "power":
        about = {"rating": "10kV", "kind": "cable", "material": "xlpe_cable", "rank": "main"}
    links = [
        {"utility": utility, "code": code, "from_node": a, "to_node": b, "length_m": float(x2 - x1)}
        | {"status": "open", "direction": "both", "geom": line((x1, 5), (x2, 5))}
        | about
        for code, a, b, x1, x2 in pipes
    ]
    other = {"water": "gas"}.get(utility, "water")
    links.append(
        {"utility": other, "code": "G1", "kind": "pipe", "from_node": "A", "to_node": "B", "length_m": 300.0}
        | {
            "diameter_mm": 160.0,
            "rating": "medium",
            "status": "open",
            "direction": "both",
            "geom": line((0, 8), (300, 8)),
        }
    )
    kind = "switch" if utility == "power" else "gate_valve"
    devices = [
        {"utility": utility, "code": code, "kind": kind, "link_code": "P2", "end": end, "node_code": node}
        | {
            "measure_m": measure,
            "state": "open",
            "operable": "operable",
            "direction": "both",
            "geom": point(measure, 5),
        }
        | ({} if utility == "power" else {"diameter_mm": 300.0, "turns": 39, "last_operated": SPRING})
        for code, end, node, measure in (("V1", "from", "A", 0.0), ("V2", "to", "B", 300.0))
    ]
    fed = [("10040001", "P2", 50.0), ("10040002", "P2", 150.0), ("10040003", "P2", 250.0), ("10040004", "P2", 150.0)]
    fed.append(("10040005", "P3", 60.0))
    hydrants = [("H1", "P2", 100.0, 100), ("H2", "P1", 100.0, -50)] if utility == "water" else []
    return {
        "nodes": shaped(
            "nodes",
            [
                {"utility": mine, "code": code, "kind": role if mine == utility else "junction", "geom": point(x, 5)}
                for mine in (utility, other)
                for code, x, role in nodes
            ],
        ),
        "links": shaped("links", links),
        "devices": shaped("devices", devices),
        "connections": shaped(
            "connections",
            [{"utility": utility, "customer_code": who, "link_code": pipe, "measure_m": at} for who, pipe, at in fed],
        ),
        "hydrants": _hydrants(utility, hydrants),
    }


def _hydrants(utility: str, places: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    rows = [
        {"utility": utility, "code": code, "link_code": pipe, "measure_m": at, "geom": point(x, 5)}
        for code, pipe, at, x in places
    ]
    none = gpd.GeoDataFrame({"utility": [], "code": [], "link_code": [], "measure_m": []}, geometry=[], crs=CRS)
    return shaped("hydrants", rows) if rows else conform(none.rename_geometry("geom"), "hydrants")


def _people(utility: str) -> dict[str, pd.DataFrame]:
    units = [("U01", "调度中心", "調度中心", "Dispatch centre", "dispatch")]
    units.append(("U07", "管网管理处", "管網管理處", "Pipe network department", "crew_base"))
    units.append(("U02", "营业所", "營業所", "Business office", "office"))
    staff = [("E01", "U01"), ("E02", "U07"), ("E03", "U07"), ("E05", "U07")]
    held = [("E02", "grid_leader", "grid", "G1"), ("E03", "grid_leader", "grid", "G2")]
    held += [("E01", "duty", "unit", "U01"), ("E02", "head", "unit", "U07")]
    return {
        "org_units": shaped(
            "org_units",
            [
                {"code": code, "name_hans": hans, "name_hant": hant, "name_en": en, "kind": kind}
                for code, hans, hant, en, kind in units
            ],
        ),
        "people": shaped(
            "people",
            [{"code": code, "name": f"职工{code}", "phone": "00005550100", "unit_code": unit} for code, unit in staff],
        ),
        "posts": shaped(
            "posts",
            [
                {"person_code": who, "role": role, "scope_kind": kind, "scope": scope, "valid_from": SPRING}
                for who, role, kind, scope in held
            ],
        ),
        "crews": shaped(
            "crews",
            [
                {"code": "K1", "name": "抢修1班", "unit_code": "U07", "utility": utility, "on_duty": True}
                | {"geom": point(-100, -100)}
            ],
        ),
    }
