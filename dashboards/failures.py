"""What failures cost as the page of critical mains tells it: rows of its tables, what was chosen, the file."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
from flask import Response, current_app, request

from dashboards import shell
from dashboards.snapshot import NETWORK_TABLES, Ranked, Snapshot, snapshot_of
from gisapp.errors import InputError
from gisapp.harmless import harmless_cells
from gisapp.network import segments
from gisapp.tables import UTILITIES
from gisapp.words import LANGUAGES, catalog, utility_word, word

TABLES = ("segments", "devices")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "segments": ("rank", "code", "customers", "households", "critical", "length_km", "valves", "storage_customers",
                 "links", "can_isolate"),
    "devices": ("rank", "code", "extra_customers", "extra_households", "extra_critical", "customers_before",
                "customers", "kind", "state", "can_isolate"),
}  # fmt: skip
Asked = Mapping[str, str]


def asked_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return what an address asks for: a utility, and the table of its segments or devices."""
    utility, table = query.get("utility", UTILITIES[0]), query.get("table", TABLES[0])
    return {
        "utility": utility if utility in UTILITIES else UTILITIES[0],
        "table": table if table in TABLES else TABLES[0],
    }


def has_network(snapshot: Snapshot, utility: str) -> bool:
    """Return whether a utility has any link."""
    return bool((snapshot.store.table("links")["utility"] == utility).any())


def rows_of(ranked: Ranked, table: str, spoken: str) -> pd.DataFrame:
    """Return the rows of a table, worst first: a segment has its number for a code, kinds and states are words."""
    rows: pd.DataFrame = getattr(ranked.answer, table).copy()
    if table == "segments":
        rows = rows.rename(columns={"segment": "code"}).astype({"code": "str"})
    for name in {"kind", "state"} & set(rows.columns):
        keys = {value: f"layers.value_{value}" for value in rows[name].dropna().unique()}
        rows[name] = rows[name].map(
            {value: utility_word(key, ranked.answer.utility, spoken) for value, key in keys.items()}
        )
    return rows


@dataclass(frozen=True, eq=False)
class Found:
    """What was chosen: its kind and figures, the row of the table that tells it, what the map marks, where it is."""

    utility: str
    kind: str
    figures: Mapping[str, Any]
    table: str
    row: str
    marked: Mapping[str, list[str]]
    shapes: gpd.GeoDataFrame
    count: int


def found_of(snapshot: Snapshot, chosen: Asked) -> Found | None:
    """Return what was chosen: a link, a segment or a device by its code; None if there is no such thing."""
    utility, kind, code = chosen["utility"], chosen["kind"], chosen["code"]
    if not code or not has_network(snapshot, utility):
        return None
    answer = snapshot.criticality(utility).answer
    ranked = getattr(answer, f"{kind}s")
    rows = ranked[(ranked["segment"].astype("str") if kind == "segment" else ranked["code"]) == code]
    if rows.empty:
        return None
    figures = {str(name): value for name, value in rows.iloc[0].items()}
    links, devices = (snapshot.store.table(name) for name in ("links", "devices"))
    codes = _segment_links(snapshot, utility).get(code, []) if kind == "segment" else [code]
    drawn: gpd.GeoDataFrame = devices if kind == "device" else links
    shown = drawn[(drawn["utility"] == utility) & drawn["code"].isin(codes)]
    layer = f"criticality_devices_{utility}" if kind == "device" else f"criticality_{utility}"
    row = code if kind == "device" else str(figures["segment"])
    table = "devices" if kind == "device" else "segments"
    return Found(utility, kind, figures, table, row, {layer: codes}, shown, len(ranked))


def _segment_links(snapshot: Snapshot, utility: str) -> Mapping[str, list[str]]:
    """Return the links of every segment."""

    def make() -> Mapping[str, list[str]]:
        table = segments(snapshot.network(utility))[["segment", "link"]].drop_duplicates()
        return {str(number): list(codes) for number, codes in table.groupby("segment")["link"]}

    return snapshot.derived(("segment links", utility), NETWORK_TABLES, make)


def _wanted() -> tuple[Snapshot, dict[str, str], str]:
    """Return what a route is asked for.

    Raises
    ------
    InputError
        On a utility or table that there is not.
    """
    asked, language = asked_of(request.args), request.args.get("lang", "")
    for name, known in (("utility", UTILITIES), ("table", TABLES)):
        if request.args.get(name) not in known:
            raise InputError(f"found {name}={request.args.get(name)!r}", todo=f"use one of {', '.join(known)}")
    return snapshot_of(current_app), asked, language if language in LANGUAGES else shell.language()


def send_rows() -> Response:
    """Return the rows of a table, by column names once and values after, packed."""
    snapshot, asked, spoken = _wanted()
    ranked, table = snapshot.criticality(asked["utility"]), asked["table"]

    def make() -> bytes:
        rows = rows_of(ranked, table, spoken)
        rows["length_km"] = (rows["length_m"] / 1000).round(3)
        text = rows[list(COLUMNS[table])].to_json(orient="split", index=False, force_ascii=False)
        return gzip.compress(text.encode(), compresslevel=1, mtime=0)

    packed = snapshot.derived(("criticality rows", *asked.values(), spoken), NETWORK_TABLES, make)
    answer = Response(packed, mimetype="application/json")
    answer.headers.update({"Vary": "Accept-Encoding", "Cache-Control": "no-cache"})
    if "gzip" in request.accept_encodings:
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer.set_data(gzip.decompress(packed))
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def send_file() -> Response:
    """Return a table as CSV for a spreadsheet: all of its rows, worst first, under the words of the page."""
    snapshot, asked, spoken = _wanted()
    utility, table = asked["utility"], asked["table"]
    rows = rows_of(snapshot.criticality(utility), table, spoken)
    rows["can_isolate"] = rows["can_isolate"].map(
        {yes: word(f"criticality.{name}", spoken) for yes, name in ((True, "yes"), (False, "no"))}
    )
    named = rows.rename(columns=lambda name: utility_word(column_key(name, table), utility, spoken))
    text = harmless_cells(named).to_csv(index=False, float_format="%.3f", lineterminator="\r\n")
    headers = {"Content-Disposition": f"attachment; filename=criticality-{utility}-{table}.csv"}
    return Response(
        "\ufeff" + text, mimetype="text/csv", headers=headers
    )  # the mark tells a spreadsheet that it is UTF-8


def column_key(name: str, table: str) -> str:
    """Return the key of a column's words, which may be another in each table."""
    own = f"criticality.{name}_{table}"
    return own if own in catalog(LANGUAGES[0]) else f"criticality.{name}"
