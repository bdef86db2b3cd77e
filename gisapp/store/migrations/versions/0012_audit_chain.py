"""The audit is a chain: each row has a hash over its content and the hash before; old rows are chained as they stand.

It stands here in its own words and does not follow the program: what it made must stay what it made.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from gisapp.store.databases import database_of

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column, and the hash of every row in the order of their numbers."""
    connection = op.get_bind()
    op.add_column("audit", sa.Column("hash", sa.Text(64)))
    database_of(connection).let_change(connection, "audit")
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
    database_of(connection).keep_append_only(connection, "audit")
