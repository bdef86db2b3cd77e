"""What is to be done by a day, what leaders note of their grids, and what patrols checked."""

from __future__ import annotations

from gisapp.tables.column import UTILITY, Column, Table

MEASURE_KINDS = ("rectification", "criticism", "meeting_action")
NOTE_KINDS = ("visit", "users", "superior", "neighbour", "outside", "meeting", "other")
"""What a leader did: saw the grid, talked to users, superiors, other leaders or outside units, held a meeting."""
CHECKED_ASSETS = ("valve", "hydrant", "pipe", "station", "well")

MEASURES = (
    Table(
        "grid_notes",
        None,
        ("number",),
        (
            Column("number", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it was"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("grid_code", required=True),
            Column("person_code", required=True, about="who did it, such as the leader"),
            Column("kind", required=True, choices=NOTE_KINDS),
            Column("whom", personal=True, about="who was met"),
            Column("summary", required=True, about="what was found or said, free of personal data"),
            Column("kept", about="where the minutes are kept"),
        ),
        "what leaders did in and for their grids (网格工作记录), meetings too; append only",
        append_only=True,
    ),
    Table(
        "measures",
        None,
        ("code",),
        (
            Column("code", required=True),
            Column("kind", required=True, choices=MEASURE_KINDS),
            Column("summary", required=True, about="what is to be done, or is criticised, free of personal data"),
            Column("subject", required=True, about="code of the unit or person that it is given to"),
            Column("grid_code"),
            Column("incident_code", about="the incident that it rests on"),
            Column("note_number", "int", about="the meeting, by its number in grid_notes"),
            Column("due", about="its last day (ISO 8601); criticism has none"),
            Column("ordered_at", "time", required=True),
            Column("ordered_by", required=True),
            Column("role", required=True, about="as what they ordered it"),
        ),
        "rectification by a day (限期整改), criticism (通报批评), and what a meeting resolved: the head of each",
    ),
    Table(
        "measure_steps",
        None,
        ("measure_code", "step"),
        (
            Column("measure_code", required=True),
            Column("step", "int", required=True, about="counts from 1"),
            Column("at", "time", required=True, about="when it happened"),
            Column("noted_at", "time", required=True, about="when it was written down"),
            Column("actor", required=True),
            Column("role", required=True, about="as what they acted"),
            Column("action", required=True),
            Column("to_status", required=True),
            Column("value", about="the new last day of extend"),
            Column("note", personal=True),
        ),
        "every step of every measure, append only",
        append_only=True,
    ),
    Table(
        "patrol_checks",
        None,
        ("track_code", "asset_code", "item"),
        (
            UTILITY,
            Column("track_code", required=True),
            Column("at", "time", required=True),
            Column("asset", required=True, choices=CHECKED_ASSETS),
            Column("asset_code", required=True),
            Column("item", required=True, about="one of those that the rules of incidents list for such an asset"),
            Column("good", "bool", required=True),
            Column("finding_code", about="the finding, where it is bad"),
            Column("photo", about="where the photo is kept"),
        ),
        "what was checked on a patrol (巡查记录): running state, appearance, hazards",
    ),
)
