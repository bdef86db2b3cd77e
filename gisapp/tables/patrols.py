"""Patrols: routes with their times, points to pass, tracks walked, and what was found."""

from __future__ import annotations

from gisapp.tables.column import CODE, LINK, UTILITY, Column, Table

PATROLS = (
    Table(
        "patrol_routes",
        "LINESTRING",
        ("code",),
        (
            CODE,
            UTILITY,
            Column("grid_code", required=True),
            Column("name"),
            Column("person_code", about="the member who walks it"),
            Column("first_at", "time", required=True, about="when it is due for the first time"),
            Column("every_days", "int", required=True, unit="d", about="and so many days after that, again and again"),
            Column("within_h", "real", required=True, unit="h", about="until it must be done"),
            Column("until", "time", about="empty while it is walked"),
        ),
        "patrol routes (巡查路线) of grids, with their schedule",
    ),
    Table(
        "patrol_checkpoints",
        "POINT",
        ("route_code", "number"),
        (
            Column("route_code", required=True),
            Column("number", "int", required=True, about="counts from 1 along the route"),
            Column("device_code", about="the valve that stands there"),
            Column("name"),
        ),
        "points that a patrol must pass (巡查点)",
    ),
    Table(
        "patrol_tracks",
        "LINESTRING",
        ("code",),
        (
            CODE,
            Column("route_code", about="empty where no route was walked"),
            Column("grid_code"),
            Column("person_code", personal=True, about="whoever walked: where a person was is personal"),
            Column("started_at", "time", required=True),
            Column("ended_at", "time", required=True),
        ),
        "tracks that were walked (巡查轨迹)",
    ),
    Table(
        "patrol_findings",
        "POINT",
        ("code",),
        (
            Column("code", required=True, about="also the code of the incident that it becomes"),
            UTILITY,
            Column("track_code"),
            Column("found_at", "time", required=True),
            Column("person_code", required=True),
            LINK,
            Column("device_code"),
            Column("asset", required=True, choices=("link", "device", "none"), about="what it concerns"),
            Column("photo", about="where the photo or video is kept"),
            Column("summary", required=True, about="what was found, free of personal data"),
        ),
        "what patrols found (巡查问题), as it was noted on the way",
    ),
)
