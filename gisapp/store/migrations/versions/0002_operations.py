"""Shutoff operations, the log of valves, released texts.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0002"
down_revision = "0001"

_TABLES = {
    "shutoffs": (
        "POINT",
        ("code",),
        "shutoff operations (停水作业): the head of each; where it stands follows from its steps",
        "code text255!, utility text32!, kind text32!, links text4000!, reason text255, place text255, "
        "incident_code text255, unit_code text255, applicant text255, opened_at time!, planned_start time, "
        "planned_end time, drill bool!",
    ),
    "shutoff_steps": (
        None,
        ("shutoff_code", "step"),
        "every step of every shutoff operation, append only",
        "shutoff_code text255!, step int!, at time!, noted_at time!, actor text255!, action text255!, "
        "from_status text255, to_status text255!, subject text255, value text4000, note text4000",
    ),
    "valve_operations": (
        None,
        ("utility", "device_code", "at"),
        "who opened and closed which valve, when and by whose order, append only",
        "utility text32!, device_code text255!, action text32!, turns int, at time!, actor text255!, "
        "shutoff_code text255, note text4000",
    ),
    "notices": (
        None,
        ("shutoff_code", "kind", "language", "revision"),
        "released texts of shutoff operations, frozen, append only",
        "shutoff_code text255!, kind text32!, language text255!, revision int!, released_at time!, "
        "released_by text255!, channel text255, title text255!, body text100000!, digest text255!",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=("shutoff_steps", "valve_operations", "notices"))
