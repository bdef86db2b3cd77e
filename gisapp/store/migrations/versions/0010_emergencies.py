"""Emergencies with their steps, the plans for them, and the material that lies ready.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0010"
down_revision = "0009"

_TABLES = {
    "emergency_plans": (
        None,
        ("code",),
        "emergency plans (应急预案) by the type of event",
        "code text255!, kind text32!, utility text32, level int, title text255!, kept text255, unit_code text255, "
        "revised_at time",
    ),
    "materials": (
        "POINT",
        ("code",),
        "emergency material (应急物资): what lies in which store",
        "code text255!, item text255!, size text255, measure text255, quantity real!, minimum real, expires_at time, "
        "checked_at time, check_days int, store text255!, unit_code text255",
    ),
    "emergencies": (
        "POINT",
        ("code",),
        "emergency events (突发事件): the head of each; where it stands follows from its steps",
        "code text255!, utility text32, kind text32!, summary text4000!, place text255, shutoff_code text255, "
        "incident_code text255, opened_at time!, drill bool!",
    ),
    "emergency_steps": (
        None,
        ("emergency_code", "step"),
        "every step of every emergency, append only",
        "emergency_code text255!, step int!, at time!, noted_at time!, actor text255!, action text255!, "
        "to_status text255!, subject text255, value text4000, note text4000",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=("emergency_steps",))
