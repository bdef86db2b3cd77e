"""Measures with their steps, what leaders note of their grids, and what patrols checked.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0014"
down_revision = "0013"

_TABLES = {
    "grid_notes": (
        None,
        ("number",),
        "what leaders did in and for their grids (网格工作记录), meetings too; append only",
        "number int!, at time!, noted_at time!, grid_code text255!, person_code text255!, kind text32!, whom text255, "
        "summary text4000!, kept text255",
    ),
    "measures": (
        None,
        ("code",),
        "rectification by a day (限期整改), criticism (通报批评), and what a meeting resolved: the head of each",
        "code text255!, kind text32!, summary text4000!, subject text255!, grid_code text255, incident_code text255, "
        "note_number int, due text255, ordered_at time!, ordered_by text255!, role text255!",
    ),
    "measure_steps": (
        None,
        ("measure_code", "step"),
        "every step of every measure, append only",
        "measure_code text255!, step int!, at time!, noted_at time!, actor text255!, role text255!, action text255!, "
        "to_status text255!, value text4000, note text4000",
    ),
    "patrol_checks": (
        None,
        ("track_code", "asset_code", "item"),
        "what was checked on a patrol (巡查记录): running state, appearance, hazards",
        "utility text32!, track_code text255!, at time!, asset text32!, asset_code text255!, item text255!, "
        "good bool!, finding_code text255, photo text255",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=("grid_notes", "measure_steps"))
