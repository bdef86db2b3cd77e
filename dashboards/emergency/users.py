"""Who is without supply: critical users first, then why supply is lost, and the list of all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.cut import lonlat_in_frame
from dashboards.deeds import Field, deed
from dashboards.emergency.parts import chip, clock, folded, joined, section
from dashboards.emergency.standing import Standing
from dashboards.table import row_table
from gisapp.crs import to_degrees
from gisapp.words import share_text, utility_word, word

SHOWN = 4
"""How many critical users are shown at first; the rest is one click away."""


def critical_users(standing: Standing, spoken: str) -> Component:
    """Return the critical users, each with whether it was told and what supply it has in the meantime."""
    rows = standing.situation.lost.critical.to_dict("records")
    title = word("emergency.critical_users", spoken)
    if not rows:
        return section("critical", title, html.P(word("emergency.no_critical", spoken), className="quiet"))
    listed = folded([_critical(row, standing, spoken) for row in rows], SHOWN, "critical", spoken)
    return section("critical", title, *listed, beside=chip(str(len(rows)), "bad"))


def _critical(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component:
    """Return one critical user."""
    size = word("emergency.people_in", spoken, people=row["people"]) if pd.notna(row["people"]) else None
    where = joined(row["community"] if pd.notna(row["community"]) else None, row["code"])
    way = word(f"layers.way_{row['way']}", spoken)
    told = html.Button(
        [
            html.Span(
                [html.I(className=f"swatch way-{row['way']}"), html.Strong(word(f"critical.{row['kind']}", spoken))],
                className="head",
            ),
            html.Span(joined(where, size, way), className="quiet"),
        ],
        className="row",
        **{"data-customer": row["code"]},
    )
    if standing.operation is None:
        return html.Li(told, className="line")
    return html.Li([told, html.Div(_facts(row, standing, spoken), className="buttons")], className="line")


def _facts(row: Mapping[Any, Any], standing: Standing, spoken: str) -> list[Component]:
    """Return whether the user was told and has another supply, else the buttons to record it."""
    now = standing.situation.made_at
    zone = now.tzinfo
    parts: list[Component | None] = []
    if pd.notna(row["told_at"]):
        when = clock(row["told_at"].tz_convert(zone), spoken, today=now)
        parts.append(chip(word("emergency.told_at", spoken, clock=when), "good"))
    else:
        parts.append(
            _fact("tell_customer", row["code"], standing, spoken) or chip(word("emergency.untold", spoken), "warn")
        )
    if pd.notna(row["alternative_at"]):
        parts.append(chip(row["alternative"] or word("emergency.has_supply", spoken), "good"))
    else:
        ask = [Field("value", word("emergency.ask_supply", spoken), required=True)]
        parts.append(_fact("alternative_supply", row["code"], standing, spoken, ask))
    return [part for part in parts if part is not None]


def _fact(
    action: str, subject: str, standing: Standing, spoken: str, ask: list[Field] | None = None
) -> Component | None:
    operation = standing.operation
    if operation is None or operation.status in ("closed", "cancelled"):
        return None
    words = utility_word(f"emergency.do_{action}", standing.utility, spoken)
    title = utility_word(f"operation.action.{action}", standing.utility, spoken)
    done = {"do": "step", "code": operation.code, "action": action, "subject": subject}
    return deed(words, done, needs=Permission.SHUTOFF_RECORD, ask=ask or [], title=f"{title} · {subject}")


def ways(standing: Standing, spoken: str) -> Component:
    """Return why supply is lost, one line a way, with the shares of service points in the area drawn on the map."""
    head = [word(f"emergency.column_{name}", spoken) for name in ("way", "customers", "households", "km")]
    rows = [_way(row, spoken) for row in standing.situation.lost.ways.to_dict("records")]
    table = html.Table([html.Thead(html.Tr([html.Th(text) for text in head])), html.Tbody(rows)], className="ways")
    return section("ways", word("page.ways", spoken), table)


def _way(row: Mapping[Any, Any], spoken: str) -> Component:
    numbers = (f"{row['customers']:,}", f"{row['households']:,}", f"{row['length_m'] / 1000:,.2f}")
    name = html.Th(
        [html.I(className=f"swatch way-{row['way']}"), word(f"layers.way_{row['way']}", spoken)], scope="row"
    )
    none = "" if row["customers"] or row["length_m"] else "none"
    return html.Tr(
        [name, *(html.Td(text) for text in numbers)], title=word(f"emergency.{row['way']}.tip", spoken), className=none
    )


def shares(standing: Standing, spoken: str) -> Component | None:
    """Return what stands on the map about the area: the shares of affected and of other service points inside."""
    told = standing.situation.shares
    if math.isnan(told.affected_inside):
        return None
    said = {"affected": share_text(told.affected_inside), "others": share_text(told.others_inside)}
    sharing = word("emergency.sharing", spoken, count=told.sharing) if told.sharing else None
    return html.Span(joined(word("emergency.shares", spoken, **said), sharing))


def customer_rows(standing: Standing, spoken: str, *, frame: str) -> list[dict[str, Any]]:
    """Return who is without supply, critical ones first, with the place of each; no name and no address."""
    lost = standing.situation.lost.customers
    if lost.empty:
        return []
    points = lost.geometry
    x, y = to_degrees(lost.crs).transform(points.x.to_numpy(), points.y.to_numpy())
    drawn = lonlat_in_frame(np.column_stack([x, y]), frame).round(6)
    drawn[~np.isfinite(drawn)] = np.nan  # a service point that is not known
    table = pd.DataFrame(
        {
            "code": lost["code"],
            "critical_words": [
                word(f"critical.{kind}", spoken) if isinstance(kind, str) else "" for kind in lost["critical"]
            ],
            "households": lost["households"],
            "way": lost["way"],
            "way_words": lost["way"].map({way: word(f"layers.way_{way}", spoken) for way in set(lost["way"])}),
            "lon": drawn[:, 0],
            "lat": drawn[:, 1],
            "rank": lost["critical"].isna(),
        }
    )
    ordered = table.sort_values(["rank", "households", "code"], ascending=[True, False, True]).drop(columns="rank")
    shown = ordered.astype(object)
    rows: list[dict[str, Any]] = shown.where(shown.notna(), None).to_dict("records")  # type: ignore[assignment]
    return rows


def customer_table(context: shell.Context) -> Component:
    """Return the empty list of who is without supply."""
    columns: list[dict[str, Any]] = [
        {"field": "critical_words", "headerName": context.word("page.critical"), "width": 100, "cellClass": "critical"},
        {"field": "code", "headerName": context.word("emergency.column_code"), "width": 112},
        {
            "field": "households",
            "headerName": context.word("page.column_households"),
            "width": 82,
            "type": "rightAligned",
            "filter": "agNumberColumnFilter",
        },
        {"field": "way_words", "headerName": context.word("page.column_way"), "flex": 1, "minWidth": 110},
    ]
    return row_table(context, "emergency-customers", columns, nothing=context.word("emergency.nobody"))
