"""What planners say about places of plans, and areas that plans may be told not to cross.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0005"
down_revision = "0004"

_TABLES = {
    "plan_comments": (
        "POINT",
        ("plan_code", "number"),
        "what planners said about places of boundary plans, append only",
        "plan_code text255!, number int!, at time!, actor text255!, grid_code text255, text text4000!",
    ),
    "limits": (
        "MULTIPOLYGON",
        ("kind", "code"),
        "areas whose borders a boundary plan may be told not to cross: DMA, pressure zones and others",
        "kind text32!, code text255!, name text255",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=("plan_comments",))
