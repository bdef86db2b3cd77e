"""Networks: nodes, links, what may separate them, and the customers they feed."""

from __future__ import annotations

from gisapp.tables.choices import CRITICAL_KINDS
from gisapp.tables.column import CODE, MEASURE, UTILITY, Column, Table

NETWORK = (
    Table(
        "nodes",
        "POINT",
        ("utility", "code"),
        (
            UTILITY,
            CODE,
            Column(
                "kind",
                required=True,
                choices=(
                    "junction",
                    "source",
                    "tank",
                    "station",
                    "substation",
                    "transformer",
                    "end",
                ),
            ),
            Column(
                "elevation_m", "real", unit="m", about="of a source the head it keeps, of a tank the level of its water"
            ),
            Column("volume_m3", "real", unit="m3", about="usable storage of a tank"),
            Column("demand_m3h", "real", unit="m3/h"),
        ),
        "network nodes; source and tank feed the network, a tank with storage only",
    ),
    Table(
        "links",
        "LINESTRING",
        ("utility", "code"),
        (
            UTILITY,
            CODE,
            Column(
                "kind", required=True, choices=("pipe", "pump", "valve", "regulator", "cable", "switch", "exchanger")
            ),
            Column("from_node", required=True),
            Column("to_node", required=True),
            Column("length_m", "real", required=True, unit="m"),
            Column("diameter_mm", "real", unit="mm", about="nominal diameter (DN)"),
            Column("material"),
            Column("laid_year", "int"),
            Column("rank", choices=("trunk", "main", "branch", "service")),
            Column("status", required=True, choices=("open", "closed")),
            Column("direction", required=True, choices=("both", "forward", "backward")),
            Column("side", choices=("supply", "return"), about="heating only"),
            Column("rating", about="power: voltage level"),
        ),
        "pipes, cables and the links that EPANET draws for pumps and valves",
    ),
    Table(
        "devices",
        "POINT",
        ("utility", "code"),
        (
            UTILITY,
            CODE,
            Column(
                "kind",
                required=True,
                choices=(
                    "gate_valve",
                    "boundary_valve",
                    "check_valve",
                    "pressure_valve",
                    "flow_valve",
                    "throttle_valve",
                    "pump",
                    "regulator",
                    "breaker",
                    "switch",
                    "open_point",
                    "fuse",
                ),
            ),
            Column("link_code", required=True),
            Column("end", required=True, choices=("from", "to", "mid")),
            MEASURE,
            Column("node_code", about="the node it stands at when end is from or to"),
            Column(
                "state",
                required=True,
                choices=("open", "closed", "unknown"),
                about="open lets pass, closed separates, in every utility: a normally open point of power is closed",
            ),
            Column("operable", required=True, choices=("operable", "stuck", "unreachable", "unknown")),
            Column("direction", required=True, choices=("both", "forward", "backward")),
            Column("diameter_mm", "real", unit="mm"),
            Column("turns", "int"),
            Column("last_operated", "time"),
        ),
        "valves, switches, pumps, regulators: what may separate two pieces of network",
    ),
    Table(
        "hydrants",
        "POINT",
        ("utility", "code"),
        (
            UTILITY,
            CODE,
            Column("link_code", required=True),
            Column("measure_m", "real", required=True, unit="m"),
        ),
        "hydrants, attached to a pipe by measure",
    ),
    Table(
        "customers",
        "POINT",
        ("code",),
        (
            Column("code", required=True, about="account number (户号)"),
            Column("name", personal=True),
            Column("phone", personal=True),
            Column("address", personal=True),
            Column("kind", required=True, choices=("resident", "business", "special")),
            Column("critical", choices=CRITICAL_KINDS),
            Column("households", "int", required=True, unit="households"),
            Column("people", "int", unit="people"),
            Column("building_code"),
            Column("floor", "int"),
            Column("meter_inside", "bool", required=True, about="the meter is inside the building"),
        ),
        "customers (用户) at their meter points",
    ),
    Table(
        "connections",
        None,
        ("utility", "customer_code"),
        (
            UTILITY,
            Column("customer_code", required=True),
            Column("link_code", required=True),
            Column("measure_m", "real", required=True, unit="m"),
        ),
        "which link feeds a customer, and where along it",
    ),
)
