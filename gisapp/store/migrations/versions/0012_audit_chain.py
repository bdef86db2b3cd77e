"""The audit is a chain: each row has a hash over its content and the hash before; old rows are chained as they stand.

It stands here in its own words and does not follow the program: what it made must stay what it made.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column, and the hash of every row in the order of their numbers."""
    connection = op.get_bind()
    trigger = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'audit_no_update'")).scalar_one()
    op.add_column("audit", sa.Column("hash", sa.Text(64)))
    op.execute("DROP TRIGGER audit_no_update")
    rows = connection.execute(
        sa.text('SELECT "fid", "at", "actor", "note", "tables", "action" FROM "audit" ORDER BY "fid"')
    ).fetchall()
    before = "0" * 64
    for number, row in enumerate(rows, 1):
        content = json.dumps([before, number, *row[1:]], ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(content.encode()).hexdigest()
        connection.execute(
            sa.text('UPDATE "audit" SET "fid" = :number, "hash" = :hash WHERE "fid" = :fid'),
            {"number": number, "hash": before, "fid": row[0]},
        )
    op.execute(trigger)
