"""Boundary plans, and grids that have another polygon from a minute on.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.databases import database_of
from gisapp.store.migrations.words import make_tables

revision = "0003"
down_revision = "0002"

_TABLES = {
    "plans": (
        None,
        ("code",),
        "boundary plans (划分方案): the head of each; where it stands follows from its steps",
        "code text255!, name text255!, based_on text255, made_at time!, author text255!, version int!, position int!, "
        "locked text100000000, apart text100000000, bridges text100000000, grids text100000000!",
    ),
    "plan_steps": (
        None,
        ("plan_code", "step"),
        "every step of the life of every boundary plan, append only",
        "plan_code text255!, step int!, at time!, actor text255!, action text32!, to_status text255!, "
        "in_force_from time, note text4000",
    ),
    "plan_units": (
        "MULTIPOLYGON",
        ("plan_code", "unit_code"),
        "the units of every boundary plan as it began, append only",
        "plan_code text255!, unit_code text255!, root_code text255!, grid_code text255!",
    ),
    "plan_changes": (
        None,
        ("plan_code", "number"),
        "every change of every boundary plan, done or undone",
        "plan_code text255!, number int!, at time!, actor text255!, kind text255!, grids text100000000!, "
        "change text100000000!",
    ),
}


def upgrade() -> None:
    """Add the tables to a store, and let a grid have several polygons, one at a time."""
    connection = op.get_bind()
    op.drop_index("grids_key", "grids")
    op.create_index("grids_key", "grids", ["code", "valid_from"], unique=True)
    database_of(connection).describe_layer(connection, "grids", "grids (网格): the polygons in force, past and to come")
    make_tables(connection, _TABLES, append_only=("plan_steps", "plan_units"))
