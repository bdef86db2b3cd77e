"""Construction sites with their steps.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0013"
down_revision = "0012"

_TABLES = {
    "construction_sites": (
        "MULTIPOLYGON",
        ("code",),
        "construction sites (施工工地): the head of each; where it stands follows from its steps",
        "code text255!, title text255!, utility text32, place text255, unit_code text255, permit text255, "
        "planned_start time, planned_end time, project_leader text255, contact text255, opened_at time!",
    ),
    "site_steps": (
        None,
        ("site_code", "step"),
        "every step of every construction site, append only",
        "site_code text255!, step int!, at time!, noted_at time!, actor text255!, action text255!, "
        "to_status text255!, subject text255, value text4000, photo text255, note text4000",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=("site_steps",))
