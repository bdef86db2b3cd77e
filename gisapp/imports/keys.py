"""Keys and references: repeated codes are named, and every code that points somewhere must find something."""

from __future__ import annotations

from collections.abc import Mapping as Map
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gisapp.imports.case import TARGETS
from gisapp.imports.report import Faults
from gisapp.imports.transport import Raw
from gisapp.tables import TABLES

# Column -> table and column it points to; columns of one utility point within it.
REFERENCES: Map[str, Map[str, tuple[str, str]]] = {
    "links": {"from_node": ("nodes", "code"), "to_node": ("nodes", "code")},
    "devices": {"link_code": ("links", "code"), "node_code": ("nodes", "code")},
    "connections": {"link_code": ("links", "code")},
    "unit_grids": {"grid_code": ("grids", "code")},
    "buildings": {"community_code": ("communities", "code")},
    "customers": {"building_code": ("buildings", "code")},
    "warranties": {"unit_code": ("org_units", "code")},
    "materials": {"unit_code": ("org_units", "code")},
    "emergency_plans": {"unit_code": ("org_units", "code")},
    "construction_sites": {"unit_code": ("org_units", "code")},
    "incidents": {
        "unit_code": ("org_units", "code"),
        "grid_code": ("grids", "code"),
        "customer_code": ("customers", "code"),
        "link_code": ("links", "code"),
        "device_code": ("devices", "code"),
        "duplicate_of": ("incidents", "code"),
        "repeat_of": ("incidents", "code"),
    },
    "patrol_routes": {"grid_code": ("grids", "code")},
    "patrol_checkpoints": {"route_code": ("patrol_routes", "code")},
    "patrol_tracks": {"route_code": ("patrol_routes", "code"), "grid_code": ("grids", "code")},
    "patrol_checks": {"track_code": ("patrol_tracks", "code"), "finding_code": ("patrol_findings", "code")},
    "patrol_findings": {
        "track_code": ("patrol_tracks", "code"),
        "link_code": ("links", "code"),
        "device_code": ("devices", "code"),
    },
}
MEASURE_SLACK_M = 1.0
_SINGULAR = {
    "nodes": "node",
    "links": "link",
    "grids": "grid",
    "communities": "community",
    "buildings": "building",
    "org_units": "unit",
    "customers": "customer",
    "devices": "device",
    "incidents": "incident",
    "patrol_routes": "patrol route",
    "patrol_tracks": "patrol track",
    "patrol_findings": "patrol finding",
}


def tables_needed(as_: str) -> tuple[str, ...]:
    """Return the tables of the project that :func:`gisapp.imports.read_file` should be given as ``existing``.

    Examples
    --------
    >>> tables_needed("units")
    ('grids', 'unit_grids')
    """
    own = TARGETS[as_]
    pointed = [target for table in own for target, _ in REFERENCES.get(table, {}).values()]
    named = ("buildings", "communities") if as_ == "incidents" else ()  # by which places are found
    return tuple(sorted({*own, *pointed, *named, "grids"}))  # the grids also say where the service area is


def check_keys(frame: pd.DataFrame, table: str, raw: Raw, faults: Faults, existing: Map[str, pd.DataFrame]) -> None:
    """Reject every row whose key stood in an earlier row or is in the project already.

    The first row of a key is kept: it is the only one that can be told apart by its place. The report
    says of each later one whether it is the same in every column that comes in, so that a person can
    judge before saying that rejected rows may be left out.
    """
    key = [name for name in TABLES[table].key if name in frame.columns]
    whole = frame[key].notna().all(axis=1).to_numpy()
    joined = _joined(frame, key)
    later = np.flatnonzero(joined.duplicated().to_numpy() & whole)
    field = "code" if "code" in key else key[-1]
    if len(later):
        firsts = joined.drop_duplicates()
        place = pd.Series(firsts.index.to_numpy(), index=firsts.to_numpy())
        first = place.loc[joined.iloc[later].to_numpy()].to_numpy()
        same = np.ones(len(later), dtype=bool)
        for text in raw.columns.values():
            full = text.full()
            same &= full[later] == full[first]
        if raw.wkb is not None:
            same &= raw.wkb[later] == raw.wkb[first]
        found = [
            f"{frame[field].iloc[row]!r} stood in row {start + 1} already, {'the same in every column' if alike else 'with other values'}"  # noqa: E501
            for row, start, alike in zip(later, first, same, strict=True)
        ]
        faults.add(later, field, found, "give every row its own code, or remove the repetition")
    if table in existing and len(existing[table]):
        known = np.flatnonzero(joined.isin(_joined(existing[table], key)).to_numpy() & whole)
        found = [f"{frame[field].iloc[row]!r} is in the project already" for row in known]
        faults.add(known, field, found, "leave the row out, or give it another code")


def check_references(frame: pd.DataFrame, table: str, faults: Faults, known: Map[str, list[pd.DataFrame]]) -> None:
    """Reject rows that point to something that is neither in the project nor accepted from this file."""
    for column, (target, field) in REFERENCES.get(table, {}).items():
        if column not in frame.columns:
            continue
        filled = frame[column].notna().to_numpy()
        if not filled.any():
            continue
        frames = [one for one in known.get(target, []) if len(one)]
        scoped = TABLES[target].key[0] == "utility" and "utility" in frame.columns
        key = ["utility", field] if scoped and frame["utility"].notna().all() else [field]
        there = pd.concat([_joined(one, key) for one in frames]) if frames else pd.Series(dtype="str")
        own = frame.rename(columns={"code": "_code", column: field})[key]
        pointing = _joined(own, key)
        while True:  # a row that points to a rejected row of the same file is rejected too, and so on
            here = [_joined(frame[~faults.mask], key)] if target == table else []
            missing = np.flatnonzero(filled & ~faults.mask & ~pointing.isin(pd.concat([there, *here])).to_numpy())
            found = [f"{frame[column].iloc[row]!r} is no known {_SINGULAR[target]}" for row in missing]
            faults.add(missing, column, found, f"correct the code, or import the {_SINGULAR[target]} first")
            if not here or not len(missing):
                break


def check_measures(frame: pd.DataFrame, faults: Faults, known: Map[str, list[pd.DataFrame]]) -> None:
    """Reject rows whose measure lies beyond the ends of their link, by more than a metre of rounding."""
    links = [one for one in known.get("links", []) if len(one) and "length_m" in one.columns]
    if not links or not len(frame) or not {"link_code", "measure_m"} <= set(frame.columns):
        return
    key = ["utility", "link_code"] if "utility" in frame.columns and frame["utility"].notna().all() else ["link_code"]
    known_links = pd.concat(links).rename(columns={"code": "link_code"}).drop_duplicates(key)
    by_link = pd.Series(known_links["length_m"].to_numpy(dtype=float), index=_joined(known_links, key))
    length_m = by_link.reindex(_joined(frame, key)).to_numpy()
    measure_m = frame["measure_m"].to_numpy(dtype=float)
    wrong = np.flatnonzero(((measure_m < 0) | (measure_m > length_m + MEASURE_SLACK_M)) & ~faults.mask)
    found = [f"found {measure_m[row]:g} m on a link of {length_m[row]:g} m" for row in wrong]
    faults.add(wrong, "measure_m", found, "measure from the link's from_node, within its length")


def check_states(frame: pd.DataFrame, faults: Faults) -> None:
    """Reject devices whose state is dated later than now: a wrong clock, year or zone wrote it."""
    if "last_operated" not in frame.columns:
        return
    later = np.flatnonzero((frame["last_operated"] > pd.Timestamp.now(tz="UTC")).to_numpy())
    found = [f"found {frame['last_operated'].iloc[row]:%Y-%m-%dT%H:%M}Z, which is later than now" for row in later]
    faults.add(later, "last_operated", found, "correct the time or its zone, or leave it empty")


def check_moments(frame: pd.DataFrame, table: str, zone: ZoneInfo, faults: Faults) -> None:
    """Reject incidents and tracks with a moment later than now, or that would stop before they started.

    A wrong clock, year or zone wrote it; a clock may be up to five minutes ahead of ours.
    """
    runs = _RUNS.get(table, {})
    now = pd.Timestamp.now(tz="UTC") + pd.Timedelta(minutes=5)
    for name in dict.fromkeys(name for start, stops in runs.items() for name in (start, *stops)):
        if name in frame.columns and table not in _TO_COME:
            later = np.flatnonzero((frame[name] > now).to_numpy() & ~faults.mask)
            clocks = frame[name].iloc[later].dt.tz_convert(zone)
            told = [f"found {clock:%Y-%m-%d %H:%M:%S}, which is later than now" for clock in clocks]
            faults.add(later, name, told, "correct the time or its zone, or leave it empty")
    for start, stops in runs.items():
        for stop in stops:
            if start in frame.columns and stop in frame.columns:
                early = np.flatnonzero((frame[stop] < frame[start]).to_numpy() & ~faults.mask)
                clocks = [frame[name].iloc[early].dt.tz_convert(zone) for name in (start, stop)]
                found = [
                    f"found {ended:%Y-%m-%d %H:%M:%S}, before {start} at {began:%Y-%m-%d %H:%M:%S}"
                    for began, ended in zip(*clocks, strict=True)
                ]
                faults.add(early, stop, found, "correct one of the two times or its zone, or leave it empty")


_RUNS: Map[str, Map[str, tuple[str, ...]]] = {
    "incidents": {
        "reported_at": ("dispatched_at", "accepted_at", "arrived_at", "repaired_at", "closed_at"),
        "dispatched_at": ("accepted_at", "arrived_at", "repaired_at", "closed_at"),
    },
    "patrol_tracks": {"started_at": ("ended_at",)},
    "construction_sites": {"planned_start": ("planned_end",)},
}
"""From which moments of an incident clocks run, and to which; from when to when a track was walked, or works last."""
_TO_COME = ("construction_sites",)
"""Tables whose moments may lie ahead."""


def _joined(frame: pd.DataFrame, key: list[str]) -> pd.Series:
    """Return one comparable value a row for a key of one column or several."""
    joined = frame[key[0]]
    if len(key) == 1 or not len(frame):
        return frame[key[-1]].reset_index(drop=True)
    for name in key[1:]:
        joined = joined.astype("str") + "\0" + frame[name].astype("str")
    return joined.reset_index(drop=True)
