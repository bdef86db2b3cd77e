"""A shutoff as one page to take along: it opens from a disk without a network, prints, and can be checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.errors import InputError
from gisapp.reports.as_html import listing_html
from gisapp.reports.brief import Part, brief, figures, headline
from gisapp.reports.offline_page import offline_page
from gisapp.reports.situation import Situation
from gisapp.tables import masked_account
from gisapp.words import share_text, utility_word, word
from layers.basemap import building_shapes, landcover_shapes, street_shapes
from layers.layer import Shapes, Style
from layers.network import link_shapes
from layers.offline import require_offline
from layers.palette import TEXT
from layers.shutoff import (
    affected_links,
    area_shapes,
    critical_shapes,
    dry_hydrant_shapes,
    low_pressure_shapes,
    valves_to_close,
)
from layers.svg_map import Bounds, Drawing, bounds_around, svg_map
from layers.vendored import asset, leaflet_css

TABLES = ("links", "devices", "buildings", "streets", "landcover")
"""The tables that the map is drawn from, beside the situation."""
Say = Callable[..., str]
_KEYED = ("shutoff_low_pressure", "shutoff_links", "shutoff_hydrants", "shutoff_critical", "shutoff_valves")
_FIRST = ("valves", "unusable", "verify", "trips", "restoration", "critical")
_WIDE_M = 4000.0
_MOST_BUILDINGS, _MOST_LINKS = 4_000, 6_000
_NO_SUM = "0" * 64
_SUM = re.compile(r'(<code id="checksum">)([0-9a-f]{64})(</code>)')


def pack_html(
    situation: Situation,
    tables: Mapping[str, gpd.GeoDataFrame],
    *,
    city: str,
    language: str,
    duties: pd.DataFrame | None = None,
    revisions: Mapping[str, int] | None = None,
    audit: str = "",
) -> str:
    """Return a situation as one HTML page.

    Customers stand in it by building with the last four digits of their account, people by code. The page
    may run nothing but its own scripts; without them it is a page with a picture.

    Parameters
    ----------
    tables
        Those of :data:`TABLES`, of all utilities, in the project's CRS.
    city
        Whose network it is.
    duties
        From :func:`gisapp.operations.duties.duties`, to tell clocks.
    revisions
        The revision of each table that it was made from.
    audit
        The head of the store's audit at that time: paper in other hands anchors it.
    """

    def say(key: str, **values: object) -> str:
        return utility_word(f"pack.{key}", situation.utility, language, **values)

    drawing = _map(situation, tables, language)
    parts = brief(situation, language, duties=duties)
    head = dict(headline(situation, language))
    off = word(f"texts.off_{situation.utility}", language)
    title = say("title", off=off, place=next(iter(head.values()), city))
    title = title[:1].upper() + title[1:]
    if situation.course is not None and situation.course.drill:
        title = f"{say('drill')} · {title}"
    body = "".join(
        [
            _header(situation, title, city, language),
            _facts(head),
            _numbers(situation, language),
            _contents(parts, situation, say),
            _top(drawing, parts, _shares(situation, say), say),
            f'<div class="rest">{"".join(_part(part) for part in parts if part.key not in _FIRST)}</div>',
            _lookup(situation, say),
            _footer(revisions or {}, audit, say),
            _data("pack-customers", _customers(situation, language)),
            _data("pack-words", {key: say(key, count="{count}") for key in ("customers_none", "customers_more")}),
        ]
    )
    style = leaflet_css() + asset("assets", "pack.css") + drawing.css
    scripts = (asset("vendor", "leaflet.js"), asset("assets", "pack.js"))
    html = offline_page(title, language, style, body, scripts=scripts)
    require_offline(html)
    return html.replace(_NO_SUM, _sum_of(html), 1)


def is_intact(html: str) -> bool:
    """Return whether a pack is still as it was made: its checksum is that of the page with noughts in its place.

    Raises
    ------
    InputError
        When the page holds no checksum.
    """
    found = _SUM.search(html)
    if found is None:
        raise InputError("holds no checksum", todo="give a page that gisapp pack wrote")
    return found[2] == _sum_of(html[: found.start(2)] + _NO_SUM + html[found.end(2) :])


def _sum_of(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()


def _map(situation: Situation, tables: Mapping[str, gpd.GeoDataFrame], language: str) -> Drawing:
    """Return the map: the ground, the network, what loses supply, what is to be done where."""
    answer = situation.answer
    links, devices = (frame[frame["utility"] == answer.utility] for frame in (tables["links"], tables["devices"]))
    burst = links.loc[links["code"].isin(situation.pipes["code"]), ["code", "geom"]]
    users, low = situation.lost.customers, situation.pressure
    users = users[users["critical"].notna()]
    users = users.assign(code=users["code"].map(masked_account))
    log = situation.valves.dropna(subset="done")
    done = dict(zip(log["code"], log["done"], strict=True))
    valves = valves_to_close(answer, devices, done=done, language=language)
    lost = affected_links(answer, links, language=language)
    here = [
        frame.loc[frame[column] != "already_dry"] for frame, column in ((lost.frame, "way"), (situation.area, "cls"))
    ]
    told = [frame.geometry for frame in (*here, valves.frame, burst)]
    focus = bounds_around(told, margin_m=40.0, least_m=300.0, aspect=1.3)
    bounds = bounds_around(told, margin_m=250.0, least_m=1000.0)
    ground = _ground(tables, links, lost.frame["code"], bounds)

    def make(theme: str) -> Sequence[Shapes]:
        site = Style(TEXT[theme], width_px=9.0)
        return [
            landcover_shapes(ground["landcover"], language=language, theme=theme),
            building_shapes(ground["buildings"], theme=theme),
            street_shapes(ground["streets"], theme=theme),
            link_shapes(ground["links"], answer.utility, theme=theme),
            area_shapes(situation.area, language=language, theme=theme),
            *([] if low is None else [low_pressure_shapes(low.links, links, theme=theme)]),
            affected_links(answer, links, language=language, theme=theme),
            Shapes("burst", "page.burst", "line", burst, site, table="links"),
            dry_hydrant_shapes(situation.hydrants, theme=theme),
            site_shapes(situation, language=language, theme=theme),
            critical_shapes(users, language=language, theme=theme),
            valves_to_close(answer, devices, done=done, language=language, theme=theme),
        ]

    keyed = {f"links_{answer.utility}", "burst", *_KEYED}
    title = word("page.map", language)
    fine_m = max(0.3, (bounds[2] - bounds[0]) / 4000)  # a quarter of a pixel where all of it is seen
    return svg_map(make, bounds, focus=focus, keyed=keyed, title=title, language=language, simplify_m=fine_m)


def site_shapes(situation: Situation, *, language: str, theme: str) -> Shapes:
    """Return where the line is cut, as a mark with its name: a link that is cut whole may be too short to be seen."""
    spots = situation.site.spots
    words = utility_word("pack.site", situation.utility, language)
    frame = gpd.GeoDataFrame({"label": [words] * len(spots)}, geometry=spots).rename_geometry("geom")
    return Shapes("site", "pack.site", "point", frame, Style(TEXT[theme], width_px=7.0, label="label"))


def _ground(
    tables: Mapping[str, gpd.GeoDataFrame], links: gpd.GeoDataFrame, lost: pd.Series, bounds: Bounds
) -> dict[str, gpd.GeoDataFrame]:
    """Return what lies in the bounds; of much, the least important is left out, so that a phone can draw it."""
    west, south, east, north = bounds
    near = {
        name: frame.cx[west:east, south:north]
        for name, frame in {**tables, "links": links}.items()
        if name != "devices"
    }
    for rank in ("service", "branch"):
        if len(near["links"]) > _MOST_LINKS:
            near["links"] = near["links"][near["links"]["rank"] != rank]
    if len(near["buildings"]) > _MOST_BUILDINGS or east - west > _WIDE_M:
        near["buildings"] = near["buildings"].iloc[:0]
    return near


def _header(situation: Situation, title: str, city: str, language: str) -> str:
    """Return title, verdict and what a person should know."""
    possible = situation.answer.isolated_possible
    verdict = utility_word(_verdict(situation), situation.utility, language)
    at = f"{situation.made_at:%Y-%m-%d %H:%M %Z}"
    made = word("pack.made", language, city=city, at=at)
    code = "" if situation.course is None else f"<b>{escape(situation.course.code)}</b> "
    notes = "".join(f'<p class="note">{escape(note.words(language))}</p>' for note in situation.answer.warnings)
    return (
        f'<header><h1>{escape(title)}</h1><p class="made">{code}{escape(made)}</p>'
        f'<p class="verdict{"" if possible else " no"}">{escape(verdict)}</p>{notes}'
        f'<noscript><p class="note">{escape(word("pack.no_script", language))}</p></noscript></header>'
    )


def _verdict(situation: Situation) -> str:
    """Return the key of whether it can be isolated, or is."""
    if not situation.answer.isolated_possible:
        return "page.impossible"
    return "pack.isolated" if 0 < situation.total("valves") == situation.valves_done else "page.possible"


def _facts(head: Mapping[str, str]) -> str:
    """Return what the event is."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in head.items())
    return f'<dl class="facts">{rows}</dl>'


def _numbers(situation: Situation, language: str) -> str:
    """Return the sums as tiles."""
    tiles = "".join(
        f'<div class="{one.tone}"><dt>{escape(one.name)}</dt><dd>{escape(one.value)}</dd></div>'
        for one in figures(situation, language)
    )
    return f'<dl class="numbers">{tiles}</dl>'


def _contents(parts: Sequence[Part], situation: Situation, say: Say) -> str:
    """Return links to the lists, for a phone."""
    titles = {"map": say("part_map")} | {part.key: part.title for part in parts}
    if len(situation.lost.customers):
        titles["customers"] = say("part_customers")
    links = "".join(f'<a href="#{key}">{escape(title)}</a>' for key, title in titles.items())
    return f"<nav>{links}</nav>"


def _top(drawing: Drawing, parts: Sequence[Part], shares: str, say: Say) -> str:
    """Return the map with its key, and beside it what to close and whom to think of first."""
    keys = "".join(f"<li>{swatch}{escape(words)}</li>" for swatch, words in drawing.keys)
    return (
        f'<div class="top"><section id="map"><h2>{escape(say("part_map"))}</h2>'
        f'<figure>{drawing.svg}</figure><ul class="keys">{keys}</ul>'
        f'<p class="hint">{escape(shares)}</p><p class="hint screen">{escape(say("map_hint"))}</p></section>'
        f"<div>{''.join(_part(part) for part in parts if part.key in _FIRST)}</div></div>"
    )


def _shares(situation: Situation, say: Say) -> str:
    """Return what the area on the map holds of those without supply and of the others."""
    found = situation.shares
    if np.isnan(found.affected_inside):
        return ""
    said = say("shares", inside=share_text(found.affected_inside), others=share_text(found.others_inside))
    return f"{said} {say('sharing', count=found.sharing)}" if found.sharing else said


def _part(part: Part) -> str:
    """Return one list."""
    note = f'<p class="hint">{escape(part.note)}</p>' if part.note else ""
    return f'<section id="{part.key}"><h2>{escape(part.title)}</h2>{note}{listing_html(part.listing)}</section>'


def _lookup(situation: Situation, say: Say) -> str:
    """Return the field in which a customer is looked up; nothing where nobody is without supply."""
    if situation.lost.customers.empty:
        return ""
    heads = "".join(f"<th>{escape(say(f'column_{name}'))}</th>" for name in _CUSTOMER_COLUMNS)
    return (
        f'<section id="customers" class="screen"><h2>{escape(say("part_customers"))}</h2>'
        f'<input type="search" autocomplete="off" aria-label="{escape(say("customers_hint"))}" '
        f'placeholder="{escape(say("customers_hint"))}"><div class="wide"><table hidden><thead><tr>{heads}</tr></thead>'
        f'<tbody></tbody></table></div><p class="hint" aria-live="polite"></p></section>'
    )


_CUSTOMER_COLUMNS = ("account", "community", "building", "households", "way")


def _customers(situation: Situation, language: str) -> dict[str, object]:
    """Return who is without supply, masked: the end of the account, the building, households, the way."""
    lost = situation.lost
    names = lost.communities.set_index("code")["name"]
    homes = lost.buildings.assign(community=lost.buildings["community_code"].map(names)).set_index("code")
    codes, distinct = pd.factorize(lost.customers["building_code"])
    known = homes.reindex(distinct)
    ways, way_names = pd.factorize(lost.customers["way"])
    accounts = [masked_account(code) for code in lost.customers["code"]]
    rows = zip(accounts, codes.tolist(), lost.customers["households"].tolist(), ways.tolist(), strict=True)
    return {
        "buildings": known[["community", "name"]]
        .astype(object)
        .where(known[["community", "name"]].notna(), "")
        .values.tolist(),
        "ways": [word(f"layers.way_{name}", language) for name in way_names],
        "customers": [list(row) for row in rows],
    }


def _footer(revisions: Mapping[str, int], audit: str, say: Say) -> str:
    """Return the version of the data, the head of the audit, the checksum, and what is masked."""
    told = " ".join(f"{name} {number}" for name, number in revisions.items())
    version = f"<p>{escape(say('version'))}: {escape(told)}</p>" if told else ""
    version += f"<p>{escape(say('audit'))}: {escape(audit)}</p>" if audit else ""
    return (
        f"<footer><p>{escape(say('masked'))}</p>{version}"
        f'<p>{escape(say("checksum"))}: <code id="checksum">{_NO_SUM}</code> '
        f"({escape(say('checksum_how'))})</p></footer>"
    )


def _data(name: str, content: object) -> str:
    """Return content that scripts only read, and that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return f'<script type="application/json" id="{name}">{text.replace("<", chr(92) + "u003c")}</script>'


def _plain(value: object) -> object:
    """Return a number of numpy as a number."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no plain value")
