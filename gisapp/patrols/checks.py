"""What a patrol checked of the assets on its route, and what it left out. Grid rules IV(2)2."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

COLUMNS = ["track_code", "route_code", "asset", "asset_code", "item", "reason"]
REASONS = ("unchecked", "no_finding", "unknown_item")
"""An item that nobody checked; one found bad of which no finding was made; one that the rules do not list."""


def lacking_checks(
    tracks: pd.DataFrame, checkpoints: pd.DataFrame, checks: pd.DataFrame, items: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Return what the record of patrols lacks, by track.

    Parameters
    ----------
    tracks
        Rows of ``patrol_tracks``: the patrols that are judged.
    checkpoints
        The table ``patrol_checkpoints``: every valve that stands at one is checked on every patrol of its route.
    checks
        The table ``patrol_checks``.
    items
        What is checked of each asset, by the rules:
        :meth:`gisapp.rules.IncidentRules.checked_items`.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, ``reason`` one of :data:`REASONS`. Of assets that no checkpoint names only what was checked is
        judged: nobody had to pass them.
    """
    known = checks[checks["track_code"].isin(tracks["code"])]
    route_of = tracks.set_index("code")["route_code"]
    due = checkpoints[checkpoints["device_code"].notna()].merge(
        tracks.loc[tracks["route_code"].notna(), ["code", "route_code"]], on="route_code"
    )
    done = set(zip(known["track_code"], known["asset_code"], known["item"], strict=True))
    rows = [
        [row["code"], row["route_code"], "valve", row["device_code"], item, "unchecked"]
        for row in due.to_dict("records")
        for item in items.get("valve", ())
        if (row["code"], row["device_code"], item) not in done
    ]
    for row in known.to_dict("records"):
        told = [row["track_code"], route_of[row["track_code"]], row["asset"], row["asset_code"], row["item"]]
        if row["item"] not in items.get(row["asset"], ()):
            rows.append([*told, "unknown_item"])
        elif not row["good"] and pd.isna(row["finding_code"]):
            rows.append([*told, "no_finding"])
    found = pd.DataFrame(rows, columns=COLUMNS).drop_duplicates()
    return found.sort_values(["track_code", "asset_code", "item", "reason"], ignore_index=True)
