"""Accounts of people, their sessions, and the tokens of programs.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

import sqlalchemy as sa
from alembic import op

from gisapp.store.geopackage import layer_table
from gisapp.store.migrations.words import columns_of

revision = "0011"
down_revision = "0010"

_TABLES = {
    "users": "name text64!, display text255!, roles text!, grids text!, units text!, password text255, "
    "subject text255, disabled bool!, created_at time!, changed_at time!",
    "sessions": "secret_hash text64!, user_name text64!, begun_at time!, seen_at time!, ended_at time",
    "tokens": "secret_hash text64!, user_name text64!, label text255!, created_at time!, expires_at time!, "
    "ended_at time",
}
_KEYS = {
    "users_key": ("users", "name"),
    "users_subject": ("users", "subject"),
    "sessions_key": ("sessions", "secret_hash"),
    "tokens_key": ("tokens", "secret_hash"),
}


def upgrade() -> None:
    """Add the tables to a store."""
    metadata = sa.MetaData()
    made = {name: layer_table(metadata, name, columns_of(words), None) for name, words in _TABLES.items()}
    for index, (table, column) in _KEYS.items():
        sa.Index(index, made[table].c[column], unique=True)
    metadata.create_all(op.get_bind())
