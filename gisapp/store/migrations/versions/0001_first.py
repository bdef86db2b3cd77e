"""The first schema.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

import sqlalchemy as sa
from alembic import op

from gisapp.store.databases import database_of
from gisapp.store.geopackage import layer_table, srs_id_of
from gisapp.store.migrations.words import columns_of, make_tables

revision = "0001"
down_revision = None

_TABLES = {
    "org_units": (
        None,
        ("code",),
        "organisation units that must act (责任单位)",
        "code text255!, name_hans text255!, name_hant text255!, name_en text255!, kind text32!",
    ),
    "people": (
        None,
        ("code",),
        "staff; codes travel, names and phones do not",
        "code text255!, name text255!, phone text255, unit_code text255",
    ),
    "posts": (
        None,
        ("person_code", "role", "scope", "valid_from"),
        "who holds which post, where and when (任职)",
        "person_code text255!, role text32!, scope_kind text32!, scope text255!, valid_from time!, valid_to time",
    ),
    "crews": (
        "POINT",
        ("code",),
        "repair crews and where they stand",
        "code text255!, name text255!, unit_code text255, utility text32!, on_duty bool!",
    ),
    "grids": (
        "MULTIPOLYGON",
        ("code",),
        "grids (网格): the polygons of the plan in force",
        "code text255!, name text255!, utilities text255!, valid_from time!, valid_to time",
    ),
    "unit_grids": (
        "MULTIPOLYGON",
        ("code",),
        "unit grids (单元网格): small blocks that share edges, of which grids are made",
        "code text255!, grid_code text255, households int, people int",
    ),
    "communities": (
        "MULTIPOLYGON",
        ("code",),
        "communities and residential compounds (社区/小区)",
        "code text255!, name text255!",
    ),
    "streets": (
        "LINESTRING",
        ("code",),
        "street centre lines, part of the base map",
        "code text255!, name text255, rank text32!, width_m real",
    ),
    "landcover": (
        "MULTIPOLYGON",
        ("code",),
        "water and green, part of the base map",
        "code text255!, kind text32!, name text255",
    ),
    "buildings": (
        "MULTIPOLYGON",
        ("code",),
        "building footprints (楼栋)",
        "code text255!, name text255, kind text32!, floors int, households int, community_code text255",
    ),
    "nodes": (
        "POINT",
        ("utility", "code"),
        "network nodes; source and tank feed the network, a tank with storage only",
        "utility text32!, code text255!, kind text32!, elevation_m real, volume_m3 real, demand_m3h real",
    ),
    "links": (
        "LINESTRING",
        ("utility", "code"),
        "pipes, cables and the links that EPANET draws for pumps and valves",
        "utility text32!, code text255!, kind text32!, from_node text255!, to_node text255!, length_m real!, "
        "diameter_mm real, material text255, laid_year int, rank text32, status text32!, direction text32!, "
        "side text32, rating text255",
    ),
    "devices": (
        "POINT",
        ("utility", "code"),
        "valves, switches, pumps, regulators: what may separate two pieces of network",
        "utility text32!, code text255!, kind text32!, link_code text255!, end text32!, measure_m real, "
        "node_code text255, state text32!, operable text32!, direction text32!, diameter_mm real, turns int, "
        "last_operated time",
    ),
    "hydrants": (
        "POINT",
        ("utility", "code"),
        "hydrants, attached to a pipe by measure",
        "utility text32!, code text255!, link_code text255!, measure_m real!",
    ),
    "customers": (
        "POINT",
        ("code",),
        "customers (用户) at their meter points",
        "code text255!, name text255, phone text255, address text4000, kind text32!, critical text32, "
        "households int!, people int, building_code text255, floor int, meter_inside bool!",
    ),
    "connections": (
        None,
        ("utility", "customer_code"),
        "which link feeds a customer, and where along it",
        "utility text32!, customer_code text255!, link_code text255!, measure_m real!",
    ),
    "incidents": (
        "POINT",
        ("code",),
        "incidents (事件/工单), from report to archive",
        "code text255!, utility text32, type text32!, channel text32!, status text32!, reported_at time!, "
        "dispatched_at time, accepted_at time, arrived_at time, repaired_at time, closed_at time, unit_code "
        "text255, grid_code text255, grid_rev int, customer_code text255, link_code text255, measure_m real, "
        "device_code text255, cause text255, duplicate_of text255, repeat_of text255, located_by text32, "
        "accuracy_m real, summary text4000, text text4000, reporter_phone text255, drill bool!",
    ),
    "incident_history": (
        None,
        ("incident_code", "at", "action"),
        "every step of every incident, append only",
        "incident_code text255!, at time!, actor text255!, action text255!, from_status text255, to_status "
        "text255, note text4000",
    ),
}


def upgrade() -> None:
    """Make every table of an empty database."""
    connection, config = op.get_bind(), op.get_context().config
    assert config is not None
    crs = config.attributes["crs"]
    srs_id = srs_id_of(crs)
    database_of(connection).begin_schema(connection, crs)
    _own_tables(connection)
    make_tables(connection, _TABLES, append_only=("incident_history", "audit"), srs_id=srs_id)


def _own_tables(connection: sa.Connection) -> None:
    metadata = sa.MetaData()
    sa.Table("settings", metadata, _key("key"), sa.Column("value", sa.Text, nullable=False))
    sa.Table("layer_rev", metadata, _key("name"), sa.Column("rev", sa.Integer, nullable=False))
    for name, last in (("imports", "source"), ("audit", "action")):
        words = f"at time!, actor text255!, note text4000!, tables text!, {last} text!"
        layer_table(metadata, name, columns_of(words), None)
    metadata.create_all(connection)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(255), primary_key=True)
