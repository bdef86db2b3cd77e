"""The first schema."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
