"""The figures of a set of grids, in force or drafted: rows of the table, heading, totals, one bar a grid."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.snapshot import Snapshot
from gisapp.words import word
from layers.grids import deviation_class

BALANCED = 0.10  # a grid this near to the mean counts as balanced
PARTS = {"pipe_m": "pipe_km"}  # a part of the workload -> the word of its figure
TOTALLED = ("households", "customers", "incidents_12m", "open_incidents", "pipe_km", "critical")


def workload_rows(snapshot: Snapshot) -> pd.DataFrame:
    """Return the table's rows of the grids in force."""
    return grid_rows(snapshot.workload(), snapshot.grids())


def grid_rows(load: pd.DataFrame, grids: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the table's rows, heaviest first: the workload, each grid's bounds in degrees, its class of deviation."""
    rows = load.copy()
    if rows.empty:
        return rows
    rows["pipe_km"] = rows["pipe_m"] / 1000
    rows["class"] = deviation_class(rows["deviation"])
    bounds = grids.set_index("code")["geom"].to_crs(4326).bounds
    rows["bounds"] = bounds.reindex(rows["code"]).round(6).to_numpy().tolist()
    rows = rows.sort_values("deviation", ascending=False, na_position="last")
    rows = rows[["code", "leader", "leaders", *TOTALLED, "deviation", "class", "bounds"]]
    return rows.astype(object).where(rows.notna(), None)


def heading(snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return what the figures are, up to when, and whether the grids cover the area exactly once."""
    kinds = snapshot.coverage_faults()["kind"].value_counts()
    counts = {f"{kind}s": int(kinds.get(kind, 0)) for kind in ("gap", "overlap")} | {
        "invalid": int(kinds.get("invalid", 0))
    }
    day = snapshot.as_of().strftime("%Y-%m-%d")
    clean = not sum(counts.values())
    words = word("planner.coverage.ok", spoken) if clean else word("planner.coverage.faults", spoken, **counts)
    return [
        html.H2(word("planner.heading", spoken)),
        html.Span(word("planner.as_of", spoken, day=day), className="quiet"),
        html.Span(
            [
                shell.badge(words, word("planner.coverage.tip", spoken), tone="good" if clean else "bad"),
                led(snapshot.workload(), spoken),
            ],
            className="badges",
        ),
    ]


def led(load: pd.DataFrame, spoken: str) -> Component:
    """Return whether every grid has exactly one leader."""
    count = int((load["leaders"] != 1).sum())
    words = word("planner.leaders.faults", spoken, count=count) if count else word("planner.leaders.ok", spoken)
    return shell.badge(words, word("planner.leaders.tip", spoken), tone="bad" if count else "good")


def totals(rows: pd.DataFrame, spoken: str) -> list[Component]:
    """Return the totals above the table, each with what it counts."""
    sums = rows[list(TOTALLED)].sum()
    near = int((rows["deviation"].abs() <= BALANCED).sum())
    heaviest = rows.iloc[0]
    figures = [
        shell.figure(
            word(f"planner.{name}", spoken),
            f"{sums[name]:,.1f}" if name == "pipe_km" else f"{sums[name]:,.0f}",
            word(f"planner.{name}.tip", spoken),
            unit="km" if name == "pipe_km" else "",
        )
        for name in TOTALLED
    ]
    share = shell.figure(
        word("planner.within", spoken),
        f"{near:,}",
        word("planner.within.tip", spoken),
        unit=word("planner.within.of", spoken, count=len(rows)),
    )
    most = shell.figure(
        word("planner.largest", spoken),
        f"{heaviest['deviation']:+.0%}",
        word("planner.largest.tip", spoken, grid=heaviest["code"]),
        unit=heaviest["code"],
    )
    return [*figures, share, most]


def deviation_tip(weights: Mapping[str, float], spoken: str) -> str:
    """Return what the workload is made of."""
    parts = [f"{word(f'planner.{PARTS.get(name, name)}', spoken)} {share:.0%}" for name, share in weights.items()]
    return word("planner.deviation.tip", spoken, weights=word("planner.comma", spoken).join(parts))


def balance(rows: pd.DataFrame, spoken: str) -> Component | None:
    """Return one bar a grid from light to heavy, clicked like the rows of the table."""
    rows = rows[rows["deviation"].notna()]
    if rows.empty:
        return None
    light_first = rows.iloc[::-1]
    most = max(light_first["deviation"].abs().max(), BALANCED)
    bars = [
        html.Span(
            className=f"bar deviation-{row['class']}",
            style={"--share": f"{row['deviation'] / most:.3f}"},
            title=f"{row['code']} {row['deviation']:+.0%}",
            **{"data-grid": row["code"]},
        )
        for row in light_first.to_dict("records")
    ]
    return html.Div(
        [html.Span(word("planner.balance", spoken), className="quiet"), html.Div(bars, className="bars")],
        className="balance",
        **{"aria-hidden": "true"},  # the table below tells the same
    )


def outside(snapshot: Snapshot, spoken: str) -> Component | None:
    """Return what lies in no grid and is missing from the totals; None if nothing does."""
    lost = snapshot.outside_load()
    counts = {name: f"{lost[name]:,.0f}" for name in ("customers", "households", "incidents_12m")}
    counts["pipe_km"] = f"{lost['pipe_m'] / 1000:,.1f}"
    if not lost[["customers", "incidents_12m", "open_incidents"]].sum() and lost["pipe_m"] < 50:
        return None
    return html.P(word("planner.outside", spoken, **counts), className="quiet")
