"""Areas in warranty and meter wells, which decide who must act.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0008"
down_revision = "0007"

_TABLES = {
    "warranties": (
        "MULTIPOLYGON",
        ("code",),
        "areas of projects in warranty (质保期): what fails in them is the builder's until the end of the last day",
        "code text255!, name text255, utility text32, unit_code text255, accepted_on time, warranty_until time!",
    ),
    "meter_wells": (
        "MULTIPOLYGON",
        ("code",),
        "meter wells (表井): a leak inside one is the meter office's, outside the network department's",
        "code text255!, about text255",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=())
