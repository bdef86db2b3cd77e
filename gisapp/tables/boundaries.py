"""Boundary plans: their heads, the steps of their life, the units that they began with, what was changed since."""

from __future__ import annotations

from gisapp.tables.column import CODE, Column, Table

_PLAN = Column("plan_code", required=True)
LIMITS = ("dma", "pressure_zone", "other")
"""Kinds of areas that a boundary plan may be told not to cross."""

BOUNDARIES = (
    Table(
        "plans",
        None,
        ("code",),
        (
            CODE,
            Column("name", required=True),
            Column("based_on", about="the plan that it began as a copy of; empty for the grids in force"),
            Column("made_at", "time", required=True),
            Column("author", required=True),
            Column("version", "int", required=True, about="moves with every save"),
            Column("position", "int", required=True, about="how many of its changes are done; later ones are undone"),
            Column("locked", about="grids that keep exactly their units, as JSON"),
            Column("apart", about="grids that may be in several parts, as JSON"),
            Column("bridges", about="pairs of units that hang together without touching, as JSON"),
            Column("grids", required=True, about="what the grids that it began with are called, as JSON"),
            Column("across", about="kinds of areas whose borders none of its grids may cross, as JSON"),
        ),
        "boundary plans (划分方案): the head of each; where it stands follows from its steps",
    ),
    Table(
        "plan_steps",
        None,
        ("plan_code", "step"),
        (
            _PLAN,
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True),
            Column("actor", required=True),
            Column("action", required=True, choices=("open", "submit", "return", "approve", "activate", "withdraw")),
            Column("to_status", required=True),
            Column("in_force_from", "time", about="of an activation: the minute from which the grids are in force"),
            Column("note", personal=True),
        ),
        "every step of the life of every boundary plan, append only",
        append_only=True,
    ),
    Table(
        "plan_units",
        "MULTIPOLYGON",
        ("plan_code", "unit_code"),
        (
            _PLAN,
            Column("unit_code", required=True),
            Column(
                "root_code", required=True, about="the unit of the coverage that it was cut from; itself when whole"
            ),
            Column("grid_code", required=True),
        ),
        "the units of every boundary plan as it began, append only",
        append_only=True,
    ),
    Table(
        "plan_changes",
        None,
        ("plan_code", "number"),
        (
            _PLAN,
            Column("number", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True),
            Column("actor", required=True),
            Column("kind", required=True),
            Column("grids", required=True, about="codes of the grids that it changed, comma separated"),
            Column("change", required=True, about="units before and after, as JSON, to the last bit"),
        ),
        "every change of every boundary plan, done or undone",
    ),
    Table(
        "plan_comments",
        "POINT",
        ("plan_code", "number"),
        (
            _PLAN,
            Column("number", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True),
            Column("actor", required=True),
            Column("grid_code", about="the grid of the plan that it is about, if it is about one"),
            Column("text", required=True, personal=True),
        ),
        "what planners said about places of boundary plans, append only",
        append_only=True,
    ),
    Table(
        "limits",
        "MULTIPOLYGON",
        ("kind", "code"),
        (
            Column("kind", required=True, choices=LIMITS),
            CODE,
            Column("name"),
        ),
        "areas whose borders a boundary plan may be told not to cross: DMA, pressure zones and others",
    ),
)
