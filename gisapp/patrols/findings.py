"""What patrols found, as incidents of a life of their own."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd


def as_incidents(findings: gpd.GeoDataFrame, known: set[str]) -> list[dict[str, Any]]:
    """Return findings that are no incident yet as incidents to be reported; the code stays the same.

    Parameters
    ----------
    findings
        The table ``patrol_findings``.
    known
        Codes of all incidents: a finding of that code was reported already.
    """
    new = findings[~findings["code"].isin(known)].sort_values(["found_at", "code"])
    return [_incident(row) for row in new.to_dict("records")]


def doubtful(findings: pd.DataFrame) -> pd.DataFrame:
    """Return code and reason of findings that lack something: no photo, or an asset said to be there but not named."""
    photo = findings["photo"].isna()
    named = {"link": findings["link_code"].notna(), "device": findings["device_code"].notna()}
    nameless = pd.Series(False, index=findings.index)
    for kind, given in named.items():
        nameless |= (findings["asset"] == kind) & ~given
    parts = [
        pd.DataFrame({"code": findings.loc[mask, "code"], "reason": reason})
        for reason, mask in (("no_photo", photo), ("no_asset", nameless))
    ]
    return pd.concat(parts).sort_values(["code", "reason"], ignore_index=True)


def _incident(row: dict[Any, Any]) -> dict[str, Any]:
    """Return one finding as an incident."""
    same = ("code", "utility", "link_code", "device_code", "summary", "geom")
    told = {name: row[name] for name in same if not _none(row[name])}
    by = "asset" if row["asset"] != "none" else "coordinates"
    return told | {
        "type": "patrol_finding",
        "channel": "patrol",
        "reported_at": row["found_at"].to_pydatetime(warn=False),
        "located_by": by,
        "first_contact": row["person_code"],
    }


def _none(value: Any) -> bool:
    return not hasattr(value, "geom_type") and bool(pd.isna(value))
