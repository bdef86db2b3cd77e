"""Units, people, their posts, and crews."""

from __future__ import annotations

from gisapp.tables.choices import UNIT_KINDS
from gisapp.tables.column import CODE, UTILITY, Column, Table

ORGANISATION = (
    Table(
        "org_units",
        None,
        ("code",),
        (
            CODE,
            Column("name_hans", required=True),
            Column("name_hant", required=True),
            Column("name_en", required=True),
            Column("kind", required=True, choices=UNIT_KINDS),
        ),
        "organisation units that must act (责任单位)",
    ),
    Table(
        "people",
        None,
        ("code",),
        (
            CODE,
            Column("name", required=True, personal=True),
            Column("phone", personal=True),
            Column("unit_code"),
        ),
        "staff; codes travel, names and phones do not",
    ),
    Table(
        "posts",
        None,
        ("person_code", "role", "scope", "valid_from"),
        (
            Column("person_code", required=True),
            Column("role", required=True, choices=("grid_leader", "grid_member", "head", "liaison", "duty")),
            Column("scope_kind", required=True, choices=("grid", "unit", "utility", "all")),
            Column("scope", required=True, about="code of the grid or unit"),
            Column("valid_from", "time", required=True),
            Column("valid_to", "time", about="empty while it lasts"),
        ),
        "who holds which post, where and when (任职)",
    ),
    Table(
        "crews",
        "POINT",
        ("code",),
        (
            CODE,
            Column("name", required=True),
            Column("unit_code"),
            UTILITY,
            Column("on_duty", "bool", required=True),
        ),
        "repair crews and where they stand",
    ),
)
