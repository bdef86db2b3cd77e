"""A shutoff as one page that opens without a network and prints: what to close, who is out, where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import geopandas as gpd
import pandas as pd

from gisapp.words import utility_word, word
from layers.basemap import landcover_shapes, street_shapes
from layers.layer import Shapes, Style
from layers.network import link_shapes
from layers.palette import shutoff_colours
from layers.shutoff import affected_links, valves_to_close
from layers.svg_map import bounds_around, svg_map

CLASSES = ("isolated", "unintended", "already_dry", "storage_only")
STYLE = """
body{font:15px/1.5 system-ui,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif;margin:0 auto;max-width:1080px;
padding:16px;color:#1c2430;background:#fff}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:24px 0 8px}.made{color:#4a5568;margin:0 0 12px}
.verdict{padding:10px 14px;border-radius:6px;font-weight:700;background:#e6f4ea;border-left:6px solid #1e7d32}
.verdict.no{background:#fdecea;border-color:#b3261e}
.note{padding:6px 14px;border-left:6px solid #e69f00;background:#fff8e6}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px;margin:16px 0}
dl div{border:1px solid #d5dae1;border-radius:6px;padding:8px 12px}dt{color:#4a5568;font-size:13px}
dd{margin:0;font-size:24px;font-weight:700;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #d5dae1;padding:5px 8px;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;border:1px solid #d5dae1;border-radius:6px}
.keys span{display:inline-block;margin-right:16px}.keys i{display:inline-block;width:22px;height:6px;margin-right:6px}
.wide{overflow-x:auto}@media print{body{max-width:none}}
"""


def shutoff_page(
    answer: Any,
    *,
    links: gpd.GeoDataFrame,
    devices: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    landcover: gpd.GeoDataFrame,
    city: str,
    made_at: pd.Timestamp,
    language: str,
) -> str:
    """Return a shutoff as HTML; customers appear as numbers and account codes of critical ones, never by name.

    Parameters
    ----------
    answer
        From :func:`gisapp.network.shutoff`.
    links, devices, streets, landcover
        Tables in the project's CRS, of all utilities.
    city, made_at, language
        Whose network it is, when the answer was computed (in the zone to show), and the language of the page.
    """

    def say(key: str, **values: object) -> str:
        return escape(utility_word(f"page.{key}", answer.utility, language, **values))

    mine = [frame[frame["utility"] == answer.utility] for frame in (links, devices)]
    bursts = [burst if isinstance(burst, str) else burst[0] for burst in answer.bursts]
    title = say("title", utility=word(f"utility.{answer.utility}", language), pipes=", ".join(bursts))
    verdict = "possible" if answer.isolated_possible else "impossible"
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="made">{say("made", city=city, at=made_at.strftime("%Y-%m-%d %H:%M %Z"))}</p>',
        f'<p class="verdict{"" if answer.isolated_possible else " no"}">{say(verdict)}</p>',
        *(f'<p class="note">{escape(note.words(language))}</p>' for note in answer.warnings),
        _figures(answer.totals, say),
        _map(answer, mine, (streets, landcover), bursts, language),
        _tables(answer, say, language),
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{title}</title><style>{STYLE}</style>'
    )
    body = "".join(parts)
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{body}</body></html>'


def _figures(totals: Mapping[str, Any], say: Any) -> str:
    """Return the sums as tiles."""
    shown = {
        "valves": f"{totals['valves']:,}",
        "households": f"{totals['households']:,}",
        "customers": f"{totals['customers']:,}",
        "critical": f"{sum(totals['critical'].values()):,}",
        "length": f"{totals['length_m'] / 1000:,.2f} km",
        "hydrants": f"{totals['hydrants']:,}",
    }
    return f"<dl>{''.join(f'<div><dt>{say(key)}</dt><dd>{value}</dd></div>' for key, value in shown.items())}</dl>"


def _map(
    answer: Any,
    mine: Sequence[gpd.GeoDataFrame],
    ground: Sequence[gpd.GeoDataFrame],
    bursts: Sequence[str],
    language: str,
) -> str:
    """Return the picture with its key."""
    links, devices = mine
    streets, landcover = ground
    hit = links[links["code"].isin(bursts)][["code", "geom"]]
    top = [
        affected_links(answer, links, language=language),
        Shapes("burst", "layers.burst", "line", hit, Style("#111111", width_px=9.0)),
        valves_to_close(answer, devices, language=language),
    ]
    base = [landcover_shapes(landcover, language=language), street_shapes(streets), link_shapes(links, answer.utility)]
    bounds = bounds_around([layer.frame.geometry for layer in top])
    picture = svg_map([*base, *top], bounds, title=word("page.map", language))
    colours = shutoff_colours()
    present = [name for name in CLASSES if len(getattr(answer, name).links)]
    keys = "".join(
        f'<span><i style="background:{colours[name]}"></i>{escape(word(f"layers.way_{name}", language))}</span>'
        for name in present
    )
    burst_key = f'<span><i style="background:#111"></i>{escape(word("page.burst", language))}</span>'
    return f'{picture}<p class="keys">{burst_key}{keys}</p>'


def _tables(answer: Any, say: Any, language: str) -> str:
    """Return the lists to work through."""
    must = answer.must_close
    valves = must.assign(dn=must["diameter_mm"].round().astype("Int64"), ready=_condition(must["operable"], language))
    lost = pd.concat([getattr(answer, name).customers.assign(way=name) for name in CLASSES], ignore_index=True)
    critical = lost[lost["critical"].notna()]
    people = critical.assign(
        kind=[word(f"critical.{kind}", language) for kind in critical["critical"]],
        way=[word(f"layers.way_{way}", language) for way in critical["way"]],
    )
    ways = pd.DataFrame(
        {
            "way": [word(f"layers.way_{name}", language) for name in CLASSES],
            "km": [round(float(getattr(answer, name).links["length_m"].sum()) / 1000, 2) for name in CLASSES],
            "customers": [len(getattr(answer, name).customers) for name in CLASSES],
            "households": [int(getattr(answer, name).customers["households"].sum()) for name in CLASSES],
        }
    )
    return "".join(
        [
            _table(say("must_close"), valves, ("order", "code", "dn", "ready", "distance_m"), say),
            _table(say("unusable"), answer.unusable, ("code", "operable", "extra_customers", "extra_households"), say),
            _table(say("critical_users"), people, ("kind", "code", "households", "way"), say),
            _table(say("ways"), ways, ("way", "customers", "households", "km"), say),
            _table(say("verify_closed"), answer.verify_closed, ("code", "distance_m"), say),
            _table(say("restoration"), answer.restoration, ("code", "customers", "households"), say),
            f"<p>{say('unchecked')}</p>" if len(answer.restoration) else "",
        ]
    )


def _condition(operable: pd.Series, language: str) -> list[str]:
    return [word(f"page.operable_{value}", language) for value in operable]


def _table(title: str, frame: pd.DataFrame, columns: Sequence[str], say: Any) -> str:
    """Return one list, or nothing when it is empty."""
    if frame.empty:
        return ""
    numeric = {name for name in columns if pd.api.types.is_numeric_dtype(frame[name])}
    mark = {name: ' class="n"' if name in numeric else "" for name in columns}
    head = "".join(f"<th{mark[name]}>{say(f'column_{name}')}</th>" for name in columns)
    rows = (
        "<tr>"
        + "".join(f"<td{mark[name]}>{_shown(value)}</td>" for name, value in zip(columns, row, strict=True))
        + "</tr>"
        for row in frame[list(columns)].itertuples(index=False)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<h2>{title}</h2><div class="wide">{table}</div>'


def _shown(value: object) -> str:
    """Return a value as it stands in a table."""
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return "–"
    return (
        f"{value:,.0f}"
        if isinstance(value, float) and value >= 100
        else escape(f"{value:,}" if isinstance(value, int) else str(value))
    )
