"""Emergencies: events with every step, the plans for them, and the material that lies ready."""

from __future__ import annotations

from gisapp.tables.choices import EMERGENCY_KINDS, UTILITIES
from gisapp.tables.column import CODE, Column, Table

EMERGENCIES = (
    Table(
        "emergency_plans",
        None,
        ("code",),
        (
            CODE,
            Column("kind", required=True, choices=EMERGENCY_KINDS),
            Column("utility", choices=UTILITIES, about="empty: for every utility"),
            Column("level", "int", about="the mildest response level for which it is meant; empty: for every level"),
            Column("title", required=True),
            Column("kept", about="where the document is kept: a file or an address"),
            Column("unit_code", about="the unit that keeps it true"),
            Column("revised_at", "time"),
        ),
        "emergency plans (应急预案) by the type of event",
    ),
    Table(
        "materials",
        "POINT",
        ("code",),
        (
            CODE,
            Column("item", required=True, about="what it is, in the same words in every store"),
            Column("size", about="such as DN300"),
            Column("measure", about="what is counted: 个, 米, 袋"),
            Column("quantity", "real", required=True),
            Column("minimum", "real", about="below it must be bought"),
            Column("expires_at", "time", about="from then on it is not used; empty: it does not age"),
            Column("checked_at", "time"),
            Column("check_days", "int", unit="d", about="after so many days it must be checked again"),
            Column("store", required=True, about="the store room where it lies"),
            Column("unit_code"),
        ),
        "emergency material (应急物资): what lies in which store",
    ),
    Table(
        "emergencies",
        "POINT",
        ("code",),
        (
            CODE,
            Column("utility", choices=UTILITIES),
            Column("kind", required=True, choices=EMERGENCY_KINDS),
            Column("summary", required=True, about="what happened, free of personal data"),
            Column("place", about="where, in words"),
            Column("shutoff_code"),
            Column("incident_code"),
            Column("opened_at", "time", required=True, about="when it was reported first"),
            Column("drill", "bool", required=True),
        ),
        "emergency events (突发事件): the head of each; where it stands follows from its steps",
    ),
    Table(
        "emergency_steps",
        None,
        ("emergency_code", "step"),
        (
            Column("emergency_code", required=True),
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it happened"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("actor", required=True),
            Column("action", required=True),
            Column("to_status", required=True),
            Column("subject", about="whom or what it concerns: a person, a plan, a function, the number of a task"),
            Column("value"),
            Column("note", personal=True),
        ),
        "every step of every emergency, append only",
        append_only=True,
    ),
)
