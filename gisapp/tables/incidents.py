"""Incidents and their steps."""

from __future__ import annotations

from gisapp.tables.choices import CHANNELS, INCIDENT_TYPES, STATUSES, UTILITIES
from gisapp.tables.column import CODE, LINK, MEASURE, Column, Table

INCIDENTS = (
    Table(
        "incidents",
        "POINT",
        ("code",),
        (
            CODE,
            Column("utility", choices=UTILITIES),
            Column("type", required=True, choices=INCIDENT_TYPES),
            Column("channel", required=True, choices=CHANNELS),
            Column("status", required=True, choices=STATUSES),
            Column("reported_at", "time", required=True),
            Column("dispatched_at", "time"),
            Column("accepted_at", "time"),
            Column("arrived_at", "time"),
            Column("repaired_at", "time"),
            Column("closed_at", "time"),
            Column("unit_code"),
            Column("grid_code"),
            Column("grid_rev", "int", about="revision of the grids that placed it"),
            Column("customer_code"),
            LINK,
            MEASURE,
            Column("device_code"),
            Column("cause"),
            Column("duplicate_of"),
            Column("repeat_of"),
            Column(
                "located_by",
                choices=(
                    "account",
                    "phone",
                    "building",
                    "asset",
                    "crossing",
                    "pin",
                    "coordinates",
                    "unlocated",
                ),
            ),
            Column("accuracy_m", "real", unit="m"),
            Column("summary", about="what happened, free of personal data"),
            Column("text", personal=True, about="the reporter's words"),
            Column("reporter_phone", personal=True),
            Column("drill", "bool", required=True),
            Column("category", about="what exactly, by the rules of incidents; empty: what is usual for the type"),
            Column("first_contact", about="code of the unit or person who was told first (首问负责制)"),
        ),
        "incidents (事件/工单), from report to archive",
    ),
    Table(
        "incident_steps",
        None,
        ("incident_code", "step"),
        (
            Column("incident_code", required=True),
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it happened"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("actor", required=True),
            Column("role", required=True, about="as what they acted"),
            Column("action", required=True),
            Column("from_status"),
            Column("to_status", required=True),
            Column("subject", about="whom or what it concerns: unit, crew, person, incident, mark"),
            Column("value"),
            Column("note", personal=True),
        ),
        "every step of every incident, append only; where an incident stands follows from its steps",
        append_only=True,
    ),
)
