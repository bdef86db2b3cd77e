"""Construction sites, with every step of each."""

from __future__ import annotations

from gisapp.tables.choices import UTILITIES
from gisapp.tables.column import CODE, Column, Table

SITES = (
    Table(
        "construction_sites",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("title", required=True, about="what is built, free of personal data"),
            Column("utility", choices=UTILITIES, about="whose works they are; empty: of none of ours"),
            Column("place", about="where, in words"),
            Column("unit_code", about="the builder"),
            Column("permit", about="number of the permit"),
            Column("planned_start", "time"),
            Column("planned_end", "time"),
            Column("project_leader", personal=True, about="who leads the works"),
            Column("contact", personal=True, about="how the leader is reached"),
            Column("opened_at", "time", required=True, about="when the site became known"),
        ),
        "construction sites (施工工地): the head of each; where it stands follows from its steps",
    ),
    Table(
        "site_steps",
        None,
        ("site_code", "step"),
        (
            Column("site_code", required=True),
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it happened"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("actor", required=True),
            Column("action", required=True),
            Column("to_status", required=True),
            Column("subject", about="what was checked"),
            Column("value", about="what was found"),
            Column("photo", about="where the photo is kept"),
            Column("note", personal=True),
        ),
        "every step of every construction site, append only",
        append_only=True,
    ),
)
