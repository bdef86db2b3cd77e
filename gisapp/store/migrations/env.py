"""What Alembic runs: the versions, over the connection it is given and inside that one's transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
