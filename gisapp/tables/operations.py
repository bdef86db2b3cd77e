"""Shutoff operations: their steps, the log of valves, released texts."""

from __future__ import annotations

from gisapp.tables.choices import NOTICE_KINDS
from gisapp.tables.column import CODE, UTILITY, Column, Table

OPERATIONS = (
    Table(
        "shutoffs",
        "POINT",
        ("code",),
        (
            CODE,
            UTILITY,
            Column("kind", required=True, choices=("planned", "emergency", "individual")),
            Column("links", required=True, about="what is shut: links, comma separated, a place as CODE@METRES"),
            Column("reason"),
            Column("place", about="where, in words"),
            Column("incident_code"),
            Column("unit_code", about="the unit that does the work"),
            Column("applicant", about="code of the person"),
            Column("opened_at", "time", required=True),
            Column("planned_start", "time"),
            Column("planned_end", "time"),
            Column("drill", "bool", required=True),
        ),
        "shutoff operations (停水作业): the head of each; where it stands follows from its steps",
    ),
    Table(
        "shutoff_steps",
        None,
        ("shutoff_code", "step"),
        (
            Column("shutoff_code", required=True),
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it happened"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("actor", required=True),
            Column("action", required=True),
            Column("from_status"),
            Column("to_status", required=True),
            Column("subject", about="whom or what it concerns: community, customer, crew, person"),
            Column("value"),
            Column("note", personal=True),
        ),
        "every step of every shutoff operation, append only",
        append_only=True,
    ),
    Table(
        "valve_operations",
        None,
        ("utility", "device_code", "at"),
        (
            UTILITY,
            Column("device_code", required=True),
            Column("action", required=True, choices=("closed", "opened", "could_not_close", "could_not_open")),
            Column("turns", "int"),
            Column("at", "time", required=True),
            Column("actor", required=True),
            Column("shutoff_code", about="the order; empty where there was none"),
            Column("note", personal=True),
        ),
        "who opened and closed which valve, when and by whose order, append only",
        append_only=True,
    ),
    Table(
        "notices",
        None,
        ("shutoff_code", "kind", "language", "revision"),
        (
            Column("shutoff_code", required=True),
            Column("kind", required=True, choices=NOTICE_KINDS),
            Column("language", required=True),
            Column("revision", "int", required=True, about="counts from 1"),
            Column("released_at", "time", required=True),
            Column("released_by", required=True),
            Column("channel", about="where it went: a medium, a community, the fire service"),
            Column("title", required=True),
            Column("body", required=True, about="the text as released; it names no customer"),
            Column("digest", required=True, about="SHA-256 of title and body"),
        ),
        "released texts of shutoff operations, frozen, append only",
        append_only=True,
    ),
)
