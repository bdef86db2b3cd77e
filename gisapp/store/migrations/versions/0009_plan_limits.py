"""A boundary plan keeps what its grids may not cross.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column to a store."""
    op.add_column("plans", sa.Column("across", sa.Text(255)))
