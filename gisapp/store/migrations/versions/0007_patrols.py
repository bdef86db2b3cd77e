"""Patrols: routes, points to pass, tracks and findings.

It stands here in its own words and does not follow the data dictionary: what it made must stay what it made.
"""

from alembic import op

from gisapp.store.migrations.words import make_tables

revision = "0007"
down_revision = "0006"

_TABLES = {
    "patrol_routes": (
        "LINESTRING",
        ("code",),
        "patrol routes (巡查路线) of grids, with their schedule",
        "code text255!, utility text32!, grid_code text255!, name text255, person_code text255, first_at time!, "
        "every_days int!, within_h real!, until time",
    ),
    "patrol_checkpoints": (
        "POINT",
        ("route_code", "number"),
        "points that a patrol must pass (巡查点)",
        "route_code text255!, number int!, device_code text255, name text255",
    ),
    "patrol_tracks": (
        "LINESTRING",
        ("code",),
        "tracks that were walked (巡查轨迹)",
        "code text255!, route_code text255, grid_code text255, person_code text255, started_at time!, ended_at time!",
    ),
    "patrol_findings": (
        "POINT",
        ("code",),
        "what patrols found (巡查问题), as it was noted on the way",
        "code text255!, utility text32!, track_code text255, found_at time!, person_code text255!, link_code text255, "
        "device_code text255, asset text32!, photo text255, summary text4000!",
    ),
}


def upgrade() -> None:
    """Add the tables to a store."""
    make_tables(op.get_bind(), _TABLES, append_only=())
