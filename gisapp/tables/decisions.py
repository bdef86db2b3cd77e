"""What a person decided about what the rules propose."""

from __future__ import annotations

from gisapp.tables.choices import VERDICTS
from gisapp.tables.column import Column, Table

DECISIONS = (
    Table(
        "decisions",
        None,
        ("number",),
        (
            Column("number", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True),
            Column("proposal", required=True, about="its id, such as breach:20261001-000001:K2:1"),
            Column("finding", required=True),
            Column("verdict", required=True, choices=VERDICTS),
            Column("decided_by", required=True, about="code of the person"),
            Column("role", required=True, about="as what they decided"),
            Column("subject", about="code of the unit or person whom it concerns"),
            Column("amount", "real", unit="yuan"),
            Column("base", "real", unit="yuan", about="the sum of which the rules name a share"),
            Column("article"),
            Column("note", personal=True),
        ),
        "decisions about proposals, append only; of several about one proposal the last counts",
        append_only=True,
    ),
)
