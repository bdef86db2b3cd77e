"""What is shown for a case, put together: what is acted on first, and what is looked at next."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.emergency import papers
from dashboards.emergency.clocks import clocks, estimate
from dashboards.emergency.drawn import drawn
from dashboards.emergency.event import drill_band, event_line, verdict
from dashboards.emergency.listing import invitation, operations
from dashboards.emergency.numbers import numbers
from dashboards.emergency.overlap import overlaps
from dashboards.emergency.reserve import reserve
from dashboards.emergency.standing import READ, Standing, Standings
from dashboards.emergency.supply import alternatives, feeding, trial_band
from dashboards.emergency.teams import nearest
from dashboards.emergency.timeline import timeline
from dashboards.emergency.today import as_of_today, found_stuck
from dashboards.emergency.told import posted, told
from dashboards.emergency.users import critical_users, customer_rows, shares, ways
from dashboards.emergency.valves import to_open_again, valves
from dashboards.snapshot import Snapshot
from gisapp.operations import still_closed
from gisapp.words import word

JUMPS = (
    "numbers",
    "critical",
    "valves",
    "supply",
    "pressure",
    "crews",
    "etr",
    "clocks",
    "told",
    "posted",
    "texts",
    "timeline",
    "ways",
)
_OF_WATER = ("pressure",)
_OF_RECORDS = ("etr", "clocks", "told", "posted", "texts", "timeline")


def answered(standing: Standing, snapshot: Snapshot, standings: Standings, spoken: str) -> tuple[Any, ...]:
    """Return what is acted on first, for a burst or a record: band, event, left, layers of the map, shares."""
    closed = still_closed(snapshot.store.table("valve_operations"), standing.case.code)
    left = [
        trial_band(standing, spoken),
        *verdict(standing, spoken),
        to_open_again(standing, closed, spoken),
        found_stuck(standing, spoken),
        *(overlaps(standings, standing.case.code, snapshot.store.zone, spoken) if standing.case.code else []),
        as_of_today(standing, spoken),
        html.Section(numbers(standing, spoken), id="emergency-at-numbers"),
        critical_users(standing, spoken),
        valves(standing, spoken),
    ]
    return (
        drill_band(standing.situation.course, spoken),
        [event_line(standing, snapshot.store.zone, spoken), _jumps(standing, spoken)],
        [part for part in left if part is not None],
        standing.once(("drawn", spoken), lambda: drawn(standing, snapshot, spoken)),
        shares(standing, spoken),
    )


def surrounding(standing: Standing, snapshot: Snapshot, spoken: str) -> tuple[Any, ...]:
    """Return what is looked at next: right, clocks, below, rows of the customers' table."""
    now = pd.Timestamp.now(tz=snapshot.store.zone)
    right = [
        alternatives(standing, spoken),
        feeding(standing, spoken),
        nearest(standing, snapshot, spoken),
        reserve(standing, snapshot, spoken),
        estimate(standing, spoken),
    ]
    below = [
        *(make(standing, spoken) for make in (told, posted, papers.texts, timeline)),
        ways(standing, spoken),
    ]
    return (
        [part for part in right if part is not None],
        clocks(standing, now, snapshot.store.zone, spoken),
        [part for part in below if part is not None],
        customer_rows(standing, spoken, frame=snapshot.frame),
    )


def nothing_asked(utility: str, snapshot: Snapshot, standings: Standings, spoken: str) -> tuple[Any, ...]:
    """Return what :func:`answered` does, before a burst is named."""
    minute = pd.Timestamp.now(tz=snapshot.store.zone).floor("min")
    listed = snapshot.derived(("operations", spoken, minute), READ, lambda: operations(snapshot, standings, spoken))
    left = [invitation(snapshot, utility, spoken), listed]
    return None, None, [part for part in left if part is not None], [], None


def _jumps(standing: Standing, spoken: str) -> Component:
    """Return the list of sections, for a phone."""
    absent = (
        *(() if standing.operation is not None else _OF_RECORDS),
        *(_OF_WATER if standing.utility != "water" else ()),
    )
    names = [name for name in JUMPS if name not in absent]
    links = [
        html.Button(word(f"emergency.jump_{name}", spoken), className="jump", **{"data-jump": f"emergency-at-{name}"})
        for name in names
    ]
    return html.Nav(links, className="jumps", **{"aria-label": word("emergency.sections", spoken)})
