"""Operations at the same time: who is without supply only because they coincide."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from dashboards.emergency.parts import clock
from dashboards.emergency.standing import Standings
from gisapp.reports.coinciding import Coincidence
from gisapp.words import utility_word, word


def overlaps(standings: Standings, code: str, zone: ZoneInfo, spoken: str) -> list[Component]:
    """Return a note on every coincidence, or (with a ``code``) on those of one operation."""
    return [_note(one, zone, spoken) for one in standings.coincidences() if not code or code in one.codes]


def _note(one: Coincidence, zone: ZoneInfo, spoken: str) -> Component:
    """Return which operations coincide when, what that costs, and what to close before one of them ends."""
    totals = one.together.totals
    times = [moment.astimezone(zone) for moment in (one.starts_at, one.ends_at)]
    when = " – ".join(clock(moment, spoken, today=datetime.now(zone)) for moment in times)
    head = word("emergency.coincide", spoken, codes=", ".join(one.codes), when=when)
    cost = word(
        "emergency.coincide_cost",
        spoken,
        households=f"{totals['households']:,}",
        customers=f"{totals['customers']:,}",
    )
    rows = one.together.when_one_ends.to_dict("records")
    ends = [
        utility_word("emergency.when_one_ends", one.utility, spoken, code=row["code"], works=row["works"])
        for row in rows
    ]
    return html.Div([html.Strong(head), html.P(cost), *(html.P(text) for text in ends)], className="note overlap")
