"""The town itself: grids, communities, streets, water and green, buildings."""

from __future__ import annotations

from gisapp.tables.choices import CRITICAL_KINDS
from gisapp.tables.column import CODE, Column, Table

TOWN = (
    Table(
        "grids",
        "MULTIPOLYGON",
        ("code", "valid_from"),
        (
            CODE,
            Column("name", required=True),
            Column("utilities", required=True, about="comma separated"),
            Column("valid_from", "time", required=True),
            Column("valid_to", "time", about="empty while it lasts; a code has one polygon at a time"),
        ),
        "grids (网格): the polygons in force, past and to come",
    ),
    Table(
        "unit_grids",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("grid_code"),
            Column("households", "int", unit="households"),
            Column("people", "int", unit="people"),
        ),
        "unit grids (单元网格): small blocks that share edges, of which grids are made",
    ),
    Table(
        "communities",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("name", required=True),
        ),
        "communities and residential compounds (社区/小区)",
    ),
    Table(
        "streets",
        "LINESTRING",
        ("code",),
        (
            CODE,
            Column("name"),
            Column("rank", required=True, choices=("arterial", "collector", "local")),
            Column("width_m", "real", unit="m"),
        ),
        "street centre lines, part of the base map",
    ),
    Table(
        "landcover",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("kind", required=True, choices=("river", "lake", "park")),
            Column("name"),
        ),
        "water and green, part of the base map",
    ),
    Table(
        "buildings",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("name"),
            Column("kind", required=True, choices=("residential", "business", "industry", *CRITICAL_KINDS)),
            Column("floors", "int", unit="floors"),
            Column("households", "int", unit="households"),
            Column("community_code"),
        ),
        "building footprints (楼栋)",
    ),
)
