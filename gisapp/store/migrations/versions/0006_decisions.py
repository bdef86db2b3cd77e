"""What persons decided about what the rules propose.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0006"
down_revision = "0005"

_TABLES = {
    "decisions": (
        None,
        ("number",),
        "decisions about proposals, append only; of several about one proposal the last counts",
        "number int!, at time!, proposal text255!, finding text255!, verdict text32!, decided_by text255!, "
        "role text255!, subject text255, amount real, base real, article text255, note text4000",
    ),
}


def upgrade() -> None:
    """Add the table to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=("decisions",))
