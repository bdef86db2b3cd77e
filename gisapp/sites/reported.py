"""Whether a site was reported before its works began, and what of it must be seen to. Water service rules Art. 21."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pandas as pd

from gisapp.sites.model import Site

FLAGS = ("unreported", "begun_unknown", "report_due", "overrun", "not_closed")
"""What must be seen to, the most pressing first: works that began without a report; works whose planned start is over
and of which nothing was heard; works that begin soon and are not reported; works beyond their planned end; works that
are over and not closed."""
SOON = timedelta(days=3)
"""So long before its planned start a site that is not reported is told."""


def unreported(site: Site) -> bool:
    """Return whether works began before dispatch was told; told at the very moment of the start is in time.

    Art. 21, 35(9).
    """
    started, reported = site.started_at, site.reported_at
    return started is not None and (reported is None or reported > started)


def flag(site: Site, now: datetime) -> str | None:
    """Return the first of :data:`FLAGS` that holds, None where nothing must be seen to.

    A site that is closed or cancelled has none: that it was not reported in time stays with it
    (:func:`unreported`).
    """
    status, start, end = site.status, site.planned_start, site.planned_end
    begins = status in ("planned", "reported") and start is not None
    held = {
        "unreported": unreported(site) and status in ("in_work", "finished"),
        "begun_unknown": begins and start is not None and start < now,
        "report_due": begins and status == "planned" and start is not None and start <= now + SOON,
        "overrun": status == "in_work" and end is not None and end < now,
        "not_closed": status == "finished",
    }
    return next((name for name in FLAGS if held[name]), None)


def late_reports(sites: Iterable[Site], start: datetime, end: datetime) -> pd.DataFrame:
    """Return the sites whose works began in a period before dispatch was told, by what happened first.

    Returns
    -------
    DataFrame
        code, utility, unit_code, started_at, reported_at (missing where it never was).
    """
    columns = ["code", "utility", "unit_code", "started_at", "reported_at"]
    found = [
        [getattr(one, name) for name in columns]
        for one in sites
        if unreported(one) and one.started_at is not None and start <= one.started_at < end
    ]
    return pd.DataFrame(found, columns=columns).sort_values(["started_at", "code"], ignore_index=True)
