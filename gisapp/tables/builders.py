"""What decides who must act beside the network itself: areas that a builder answers for, and meter wells."""

from __future__ import annotations

from gisapp.tables.choices import UTILITIES
from gisapp.tables.column import CODE, Column, Table

BUILDERS = (
    Table(
        "warranties",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("name", about="the project"),
            Column("utility", choices=UTILITIES, about="empty: everything in it"),
            Column("unit_code", about="the builder"),
            Column("accepted_on", "time", about="when it was accepted"),
            Column("warranty_until", "time", required=True, about="its day, in the utility's zone, is the last one"),
        ),
        "areas of projects in warranty (质保期): what fails in them is the builder's until the end of the last day",
    ),
    Table(
        "meter_wells",
        "MULTIPOLYGON",
        ("code",),
        (
            CODE,
            Column("about", about="which well, in words"),
        ),
        "meter wells (表井): a leak inside one is the meter office's, outside the network department's",
    ),
)
