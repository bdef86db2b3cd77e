"""Construction sites as plain values, the way the command line and other programs read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from gisapp.masking import masked_text, masked_texts
from gisapp.sites.lifecycle import CHECKS, allowed, lacks, unchecked
from gisapp.sites.model import Site, sites_of
from gisapp.sites.reported import flag, unreported

_HEAD = ("code", "title", "utility", "place", "unit_code", "permit", "status")
_TIMES = ("planned_start", "planned_end", "opened_at", "reported_at", "started_at")


def site_json(site: Site, *, now: datetime) -> dict[str, Any]:
    """Return a site for JSON: head, where it stands, what it lacks, its checks and steps; the leader only by whether.

    Moments are ISO 8601; the notes of steps, which may hold names, and the leader's name and contact are left out.
    """
    told = {name: getattr(site, name) for name in _HEAD}
    checks = site.checks
    return {
        **{name: masked_text(value) if isinstance(value, str) else value for name, value in told.items()},
        **{name: _iso(getattr(site, name)) for name in _TIMES},
        "leader_known": site.project_leader is not None and site.contact is not None,
        "allowed": list(allowed(site)),
        "flag": flag(site, now),
        "unreported": unreported(site),
        "lacks": list(lacks(site)),
        "checks": {name: checks[name].value if name in checks else None for name in CHECKS},
        "unchecked": list(unchecked(site)),
        "steps": [
            {"step": one.number, "at": _iso(one.at), "actor": one.actor, "action": one.action}
            | {"to_status": one.to_status, "subject": one.subject, "value": one.value, "photo": one.photo}
            for one in site.steps
        ],
    }


def site_list(construction_sites: pd.DataFrame, site_steps: pd.DataFrame, *, now: datetime) -> pd.DataFrame:
    """Return one row a site, the newest first, without what is personal.

    Returns
    -------
    DataFrame
        code, status, flag (one of :data:`gisapp.sites.FLAGS` or missing), unreported, title, utility, place, unit_code,
        planned_start, planned_end, reported_at, started_at, opened_at.
    """
    names = ("title", "utility", "place", "unit_code", *_TIMES)
    rows = [
        {"code": one.code, "status": one.status, "flag": flag(one, now), "unreported": unreported(one)}
        | {name: getattr(one, name) for name in names}
        for one in sites_of(construction_sites, site_steps)
    ]
    columns = ["code", "status", "flag", "unreported", *names]
    told = pd.DataFrame(rows, columns=columns)
    for name in _TIMES:
        told[name] = pd.to_datetime(told[name], utc=True).astype("datetime64[ms, UTC]")
    told = told.assign(title=masked_texts(told["title"].astype("str")), place=masked_texts(told["place"].astype("str")))
    return told.sort_values(["opened_at", "code"], ascending=False, ignore_index=True)


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
