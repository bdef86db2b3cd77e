"""What stands beside the map: figures, profile, ranking of grids, the chosen place, the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import asking, may
from dashboards.manager.found import Found
from dashboards.scope import everywhere
from gisapp.density.cube import WEEK
from gisapp.tables import INCIDENT_TYPES
from gisapp.words import word

MOST_ROWS = 300
MOST_GRIDS = 12
COLUMNS = ["code", "type", "status", "reported_at", "grid_code", "link_code"]


def figures(found: Found, peak: float, spoken: str) -> list[Component]:
    """Return the sums of the period, against the period of the same length before."""
    days = (found.end - found.start).days + 1
    before = found.before
    change = f"{found.count / before - 1:+.0%}" if before else "–"
    shown = [
        shell.figure(word("manager.incidents", spoken), f"{found.count:,}", word("manager.incidents.tip", spoken)),
        shell.figure(
            word("manager.change", spoken),
            change,
            word("manager.change.tip", spoken, before="–" if before is None else f"{before:,}", days=days),
        ),
        shell.figure(
            word("manager.daily", spoken), f"{found.count / days:,.1f}", word("manager.daily.tip", spoken, days=days)
        ),
        shell.figure(
            word("manager.unlocated", spoken),
            f"{found.unlocated:,}",
            word("manager.unlocated.tip", spoken),
            tone="warn" if found.unlocated else "",
        ),
    ]
    if found.asked.drawn == "surface" and found.asked.measure in ("count", "deviation") and not found.asked.changes:
        tip = word("manager.peak.tip", spoken, metres=found.asked.bandwidth)
        shown.insert(
            3, shell.figure(word("manager.peak", spoken), f"{peak:,.1f}", tip, unit=word("manager.per_km2", spoken))
        )
    return shown


def why_empty(found: Found, spoken: str) -> Component | None:
    """Return why there is nothing, and what to give up; None where there is something."""
    if found.count:
        return None
    freed = found.cube.restricting(found.choice)
    lines = [
        html.Li(word("manager.without", spoken, name=word(f"manager.{name}", spoken), count=f"{number:,}"))
        for name, number in freed.items()
        if number
    ]
    first, last = found.cube.first_day, found.cube.last_day
    return html.Div(
        [
            html.Strong(word("manager.none", spoken)),
            html.P(word("manager.known", spoken, start=first, end=last)),
            html.Ul(lines),
        ],
        className="why",
        role="status",
    )


def being_made(spoken: str) -> Component:
    """Return that the picture is being made and will come by itself."""
    return html.P(word("manager.being_made", spoken), className="quiet", role="status")


def profile(found: Found, spoken: str) -> Component:
    """Return how incidents spread over the week and the day, as two rows of bars."""
    table = found.cube.profile(found.choice)
    by_day, by_hour = table.sum(axis=1).to_numpy(), table.sum(axis=0).to_numpy()
    days = [word(f"manager.day_{name}", spoken) for name in WEEK]
    hours = [f"{hour}" if hour % 6 == 0 else "" for hour in range(24)]
    titles = [f"{hour:02d}:00" for hour in range(24)]
    return html.Div(
        [
            _bars(by_day, days, days, word("manager.by_day", spoken)),
            _bars(by_hour, hours, titles, word("manager.by_hour", spoken)),
        ],
        className="profile",
    )


def _bars(counts: np.ndarray, labels: list[str], titles: list[str], name: str) -> Component:
    """Return counts as bars over their labels."""
    most = max(int(counts.max(initial=0)), 1)
    bars = [
        html.Div(
            [html.I(style={"--share": f"{count / most:.3f}"}), html.Span(label)],
            title=f"{title}: {count:,}",
        )
        for count, label, title in zip(counts.tolist(), labels, titles, strict=True)
    ]
    return html.Div(bars, className="bars", role="img", **{"aria-label": name})


def ranking(found: Found, spoken: str) -> list[Component]:
    """Return the grids with most of what is asked for, hot ones marked; a click looks into one."""
    table = found.by_grid
    top = table[table[found.column].notna() & (table["count"] > 0)].head(MOST_GRIDS)
    most = float(top[found.column].max()) if len(top) else 1.0
    bars = [
        _rank(str(code), row, most, found, spoken) for code, row in zip(top.index, top.to_dict("records"), strict=True)
    ]
    outside = found.cube.outside(found.choice)
    hot = int(table["hot"].sum()) if len(table) else 0
    notes = [
        html.P(word("manager.hot_of", spoken, hot=f"{hot:,}", tested=f"{found.tested:,}"), className="quiet")
        if len(table)
        else None,
        _cold(table, spoken),
        html.P(word("manager.outside", spoken, count=f"{outside:,}"), className="quiet") if outside else None,
    ]
    heading = word(f"manager.ranked_{found.asked.measure}", spoken)
    return [html.H2(heading), html.Div(bars, className="ranks"), *(note for note in notes if note is not None)]


def _cold(table: pd.DataFrame, spoken: str) -> Component | None:
    """Return which grids have significantly few, the least likely by chance first; None where none has."""
    cold = table[table["cold"].astype(bool)].sort_values("q_cold", kind="stable") if len(table) else table
    if not len(cold):
        return None
    codes = ", ".join([*cold.index[:MOST_GRIDS], *(["…"] if len(cold) > MOST_GRIDS else [])])
    return html.P(word("manager.cold_of", spoken, cold=f"{len(cold):,}", codes=codes), className="quiet cold")


def _rank(code: str, row: Mapping[Any, Any], most: float, found: Found, spoken: str) -> Component:
    """Return one grid of the ranking."""
    value = row[found.column]
    share = min(max(value / most, 0.0), 1.0) if most > 0 else 0.0
    trend = row["trend"] if isinstance(row["trend"], str) else "hot"
    sign = html.Span(word(f"manager.trend_{trend}", spoken), className=f"trend {trend}") if row["hot"] else html.Span()
    shown = [html.Strong(code), html.Span(html.I(style={"--share": f"{share:.4f}"}), className="track"), sign]
    return html.Button(
        [*shown, html.Span(figure_text(value, found.asked.measure), className="count")],
        className="rank",
        **{"data-place": code, "aria-pressed": str(code == found.asked.place).lower()},
    )


def figure_text(value: float, measure: str) -> str:
    """Return a figure of a place as it is said."""
    if pd.isna(value):
        return "–"
    if measure == "count":
        return f"{value:,.0f}"
    return f"{value:+.0%}" if measure == "deviation" else f"{value:,.2f}" if value < 10 else f"{value:,.1f}"


def place_card(found: Found, spoken: str) -> Component | None:
    """Return the figures of the chosen place and how they compare with chance; None without one."""
    place = found.asked.place
    if not place:
        return None
    number = found.hexagon_named(place)
    row = None
    if number is not None:
        row = found.by_hexagon.iloc[number].to_dict()
        name = word("manager.place_hexagon", spoken, size=found.asked.size)
    elif place.startswith("@"):
        name = word("manager.place_circle", spoken, metres=found.asked.bandwidth)
    else:
        name = word("manager.place_grid", spoken, code=place)
        row = found.by_grid.loc[place].to_dict() if place in found.by_grid.index else None
    close = html.Button(
        shell.icon("x"), className="plain", **{"data-place": "", "aria-label": word("shell.close", spoken)}
    )
    head = html.Div([html.Strong(name), close], className="head")
    return html.Div([head, *(_told(row, found, spoken) if row else [])], className="card")


def _told(row: Mapping[Any, Any], found: Found, spoken: str) -> list[Component]:
    """Return the figures of one place in words."""
    facts = {
        "count": f"{row['count']:,.0f}",
        "km": figure_text(row["per_km_year"], "km"),
        "households": figure_text(row["per_1000_households_year"], "households"),
        "expected": figure_text(row["expected"], "households"),
        "deviation": figure_text(row["deviation"], "deviation"),
    }
    listed = [html.Div([html.Dt(word(f"manager.fact_{name}", spoken)), html.Dd(text)]) for name, text in facts.items()]
    lines: list[Component] = [html.Dl(listed, className="facts")]
    if row["small"]:
        lines.append(html.P(word("manager.small", spoken), className="note"))
    kind, q = ("hot", row.get("q")) if row.get("hot") else ("cold", row.get("q_cold"))
    if row.get(kind) and q is not None and pd.notna(q):
        chance = "< 0.001" if q < 0.001 else f"{q:.3f}"
        around, expected = f"{row['around']:,.0f}", f"{row['around_expected']:,.1f}"
        tested = f"{found.tested:,}"
        lines.append(
            html.P(word(f"manager.{kind}_why", spoken, around=around, expected=expected, q=chance, tested=tested))
        )
    return lines


def rows_title(found: Found, spoken: str) -> str:
    """Return how many rows there are and are shown."""
    count = len(found.rows)
    key = "manager.rows_of" if found.asked.place else "manager.rows"
    return word(key, spoken, count=f"{count:,}", shown=f"{min(count, MOST_ROWS):,}")


def sees_rows() -> bool:
    """Return whether who asks sees every incident."""
    return may(Permission.INCIDENTS_VIEW) and everywhere(asking())


def rows(found: Found, spoken: str) -> list[dict[Any, Any]]:
    """Return the newest rows behind the figures, to who sees every incident."""
    if not sees_rows():
        return []
    table = found.snapshot.incidents()[COLUMNS].iloc[np.sort(found.rows)]
    newest = table.sort_values(["reported_at", "code"], ascending=False).head(MOST_ROWS)
    shown = pd.DataFrame(
        {
            "code": newest["code"],
            "at": newest["reported_at"].dt.tz_convert(found.snapshot.store.zone).dt.strftime("%Y-%m-%d %H:%M"),
            "type": newest["type"].map({name: word(f"incident.{name}", spoken) for name in INCIDENT_TYPES}),
            "grid": newest["grid_code"],
            "pipe": newest["link_code"],
        }
    ).astype(object)
    return [dict(row) for row in shown.where(shown.notna(), None).to_dict("records")]


def period(found: Found, spoken: str) -> list[Component]:
    """Return the period in words, with what it is compared with, and the way to play it."""
    days = (found.end - found.start).days + 1
    shown = [html.Strong(word("manager.shown", spoken, start=found.start, end=found.end, days=f"{days:,}"))]
    if found.earlier is not None:
        told = word("manager.against", spoken, start=found.earlier.start, end=found.earlier.end)
        shown.append(html.Span(told, className="against"))
    return [*shown, html.Span(word("manager.drag", spoken), className="quiet")]


def when(found: Found) -> list[Component] | None:
    """Return the period of each of two maps, to stand on it; None where there is one map."""
    if not found.asked.beside or found.earlier is None:
        return None
    told = (("", found), ("against", found.earlier))
    return [html.Div(html.Span(f"{one.start} – {one.end}", className=look)) for look, one in told]
