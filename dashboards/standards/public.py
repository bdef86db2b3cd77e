"""Published shutoffs for everybody: a page without a script, GeoJSON and a feed, each with its ETag."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import shapely
from dash import Dash
from flask import Response, abort, request

from dashboards.access import Permission, route
from dashboards.snapshot import Snapshot, snapshot_of
from dashboards.standards.asked import CRS84, frames_of, moved
from dashboards.standards.collections import values
from dashboards.standards.notices import Notices
from dashboards.standards.readable import sent, spoken
from gisapp.reports.as_html import section_html
from gisapp.reports.published import NOTICE, Concerned, Published, published_table
from gisapp.reports.texts.text import text_of
from gisapp.words import LANGUAGES, utility_word, word
from layers.basemap import landcover_shapes, street_shapes
from layers.layer import Shapes, Style
from layers.palette import shutoff_colours
from layers.svg_map import Drawing, bounds_around, svg_map

ROOT = "/public/shutoffs"
KEPT_S = 60
"""How long an answer may be used again without asking: what is published is told within two minutes."""
_MOST_STREETS = 1500
_NAMES = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}
_ATOM = "http://www.w3.org/2005/Atom"
_TONES = {"off": "bad", "to_come": "warn", "postponed": "", "cancelled": "", "restored": "good"}
_STYLE = """
.tag{display:inline-block;padding:2px 10px;border-radius:99px;font-size:.85rem;font-weight:600;background:var(--bg);
margin-right:6px}.tag.bad{background:var(--bad-soft);color:var(--bad)}.tag.warn{background:var(--warn-soft);
color:var(--warn)}.tag.good{background:var(--good-soft);color:var(--good)}
.when{font-weight:600;font-variant-numeric:tabular-nums}.quiet{color:var(--quiet);font-size:.9rem}
.empty{text-align:center;padding:40px 16px}.card h2 a{color:inherit}
figure{margin:0}figcaption{color:var(--quiet);font-size:.85rem;margin-top:4px}
"""


class Public:
    """What everybody may read of one store."""

    def __init__(self, kept: Snapshot, notices: Notices) -> None:
        self._kept, self._notices = kept, notices
        self._drawing = lru_cache(maxsize=64)(self._draw)

    def page(self) -> Response:
        """Tell the published shutoffs on a page."""
        here, told = spoken(), self._notices.told()
        cards = "".join(self._card(one, here) for one in told)
        if not told:
            cards = f'<div class="card empty"><p>{escape(word("standards.public.none", here))}</p></div>'
        title = word("standards.public.title", here)
        feeds = (
            f'<p><a href="{ROOT}.atom?lang={here}">{escape(word("standards.public.feed", here))}</a> · '
            f'<a href="{ROOT}.geojson?lang={here}">GeoJSON</a></p>'
        )
        return self._sent(title, f"<main>{cards}</main>", feeds, ROOT)

    def one(self, code: str) -> Response:
        """Tell one published shutoff, with its map and its notice."""
        here = spoken()
        found = next((told for told in self._notices.told() if told.code == code), None)
        if found is None:
            abort(404)
        drawing = None if found.concerned.area is None else self._drawing(code, found.concerned, here)
        body = f"<main>{self._card(found, here, whole=True, drawing=drawing)}</main>"
        back = f'<p><a href="{ROOT}?lang={here}">{escape(word("standards.public.all", here))}</a></p>'
        style = "" if drawing is None else drawing.css
        return self._sent(_title(found, here), body, back, f"{ROOT}/{quote(code)}", style=style)

    def geojson(self) -> Response:
        """Tell the published shutoffs as GeoJSON in degrees; those of few customers have no geometry."""
        crs = self._kept.store.crs
        rows = published_table(self._notices.told(), crs, spoken())
        frame = frames_of(crs)[CRS84]
        features = [
            {
                "type": "Feature",
                "id": properties["code"],
                "geometry": None
                if shape is None
                else shapely.geometry.mapping(shapely.transform(shape, lambda xy: moved(xy, crs, frame))),
                "properties": properties,
            }
            for shape, properties in zip(rows.geometry.array, values(rows.drop(columns="geom")), strict=True)
        ]
        told = {"type": "FeatureCollection", "features": features}
        body = json.dumps(told, ensure_ascii=False, allow_nan=False)
        return _kept(Response(body, content_type="application/geo+json"))

    def atom(self) -> Response:
        """Tell the published shutoffs as a feed."""
        here, told, root = spoken(), self._notices.told(), request.url_root.rstrip("/")
        ElementTree.register_namespace("", _ATOM)
        feed = ElementTree.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": here})
        _put(feed, "id", root + ROOT)
        _put(feed, "title", f"{self._kept.store.name} {word('standards.public.title', here)}".strip())
        newest = max((one.updated_at for one in told), default=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
        _put(feed, "updated", _utc(newest))
        _put(_put(feed, "author", ""), "name", self._kept.store.name or word("shell.product", here))
        _put(feed, "link", "", rel="self", href=f"{root}{ROOT}.atom?lang={here}")
        _put(feed, "link", "", rel="alternate", type="text/html", href=f"{root}{ROOT}?lang={here}")
        for one in told:
            entry = _put(feed, "entry", "")
            where = f"{root}{ROOT}/{quote(one.code)}?lang={here}"
            _put(entry, "id", f"{root}{ROOT}/{quote(one.code)}")
            _put(entry, "title", f"{word(f'standards.public.{one.state}', here)}: {_title(one, here)}")
            _put(entry, "updated", _utc(one.updated_at))
            _put(entry, "link", "", rel="alternate", type="text/html", href=where)
            text = one.text(here)
            lines = [self._when(one, here), *([] if text is None else [text[1].body])]
            _put(entry, "summary", "\n".join(line for line in lines if line))
        body = b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="utf-8")
        return _kept(Response(body, content_type="application/atom+xml; charset=utf-8"))

    def _sent(self, title: str, body: str, more: str, where: str, *, style: str = "") -> Response:
        """Return a page under the utility's name, with the languages above and what else there is below."""
        here, store = spoken(), self._kept.store
        turns = "".join(
            f"<b>{_NAMES[name]}</b>"
            if name == here
            else f'<a href="{where}?lang={name}" lang="{name}">{_NAMES[name]}</a>'
            for name in LANGUAGES
        )
        hotline = str(store.setting("hotline") or "")
        call = word("standards.public.hotline", here, number=hotline) if hotline else ""
        head = f'<nav>{turns}</nav><h1>{escape(title)}</h1><p class="quiet">{escape(store.name)}</p>'
        foot = f"{more}<p>{escape(call)}</p><p>{escape(word('standards.public.about', here))}</p>"
        page = f"<header>{head}</header>{body}<footer>{foot}</footer>"
        return _kept(sent(title, here, page, style=_STYLE + style))

    def _card(self, one: Published, here: str, *, whole: bool = False, drawing: Drawing | None = None) -> str:
        """Return one shutoff: what, when, where; the whole one with its map and text."""
        title = escape(_title(one, here))
        head = "" if whole else f'<h2><a href="{ROOT}/{quote(one.code)}?lang={here}">{title}</a></h2>'
        state = utility_word(f"standards.public.{one.state}", one.utility, here)
        kind = utility_word(f"operation.kind.{one.kind}", one.utility, here)
        tags = f'<span class="tag {_TONES[one.state]}">{escape(state)}</span><span class="tag">{escape(kind)}</span>'
        where = [part for part in (one.place, _joined(one.concerned.communities, here)) if part]
        lines = [f'<p class="when">{escape(self._when(one, here))}</p>' if self._when(one, here) else ""]
        lines += [f"<p>{escape(part)}</p>" for part in where]
        if one.concerned.few:
            lines.append(f'<p class="quiet">{escape(word("standards.public.few", here))}</p>')
        elif one.concerned.households and not one.over:
            many = f"{one.concerned.households:,}"
            lines.append(f"<p>{escape(word('standards.public.households', here, households=many))}</p>")
        if whole:
            lines += [self._map(drawing, here), self._text(one, here)]
        last = word("standards.public.updated", here, at=self._local(one.updated_at))
        lines.append(f'<p class="quiet">{escape(last)}</p>')
        return f'<article class="card"><p>{tags}</p>{head}{"".join(lines)}</article>'

    def _text(self, one: Published, here: str) -> str:
        """Return the notice as it was released, marked where it is in another language."""
        found = one.text(here)
        if found is None:
            return ""
        language, text = found
        parts = "".join(section_html(section) for section in text_of(NOTICE, language, text.title, text.body).sections)
        at = self._local(text.released_at)
        mark = word("texts.released", here, revision=text.revision, at=at)
        return f'<h3>{escape(mark)}</h3><div lang="{language}">{parts}</div>'

    def _map(self, drawing: Drawing | None, here: str) -> str:
        if drawing is None:
            return ""
        keys = escape(word("standards.public.area", here))
        return f"<figure>{drawing.svg}<figcaption>{keys}</figcaption></figure>"

    def _draw(self, code: str, concerned: Concerned, here: str) -> Drawing:
        """Return where supply is off, among the streets."""
        store = self._kept.store
        frame = gpd.GeoDataFrame({"code": [code]}, geometry=[concerned.area], crs=store.crs).rename_geometry("geom")
        bounds = bounds_around([frame.geometry], margin_m=120, least_m=500, aspect=1.25)
        west, south, east, north = bounds
        near = {name: store.table(name).cx[west:east, south:north] for name in ("streets", "landcover")}
        if len(near["streets"]) > _MOST_STREETS:
            near["streets"] = near["streets"][near["streets"]["rank"] != "local"]

        def make(theme: str) -> Sequence[Shapes]:
            colour = shutoff_colours(theme)["isolated"]
            return [
                landcover_shapes(near["landcover"], language=here, theme=theme),
                street_shapes(near["streets"], theme=theme),
                Shapes(
                    "area",
                    "standards.public.area",
                    "polygon",
                    frame,
                    Style(colour, width_px=1.5, opacity=0.45, outline=colour),
                    table="grids",
                ),
            ]

        fine_m = max(0.3, (east - west) / 2000)
        title = word("standards.public.area", here)
        made = svg_map(make, bounds, focus=bounds, keyed=(), title=title, language=here, simplify_m=fine_m)
        # Names keep the size of letters, on a page of this width and on a phone.
        wide, narrow = (f".drawing{{--k:{(east - west) / share:.2f}}}" for share in (65, 34))
        return replace(made, css=f"{made.css}{wide}@media(max-width:600px){{{narrow}}}")

    def _when(self, one: Published, here: str) -> str:
        """Return from when until when supply is off, as far as it is known."""
        if one.starts_at is None:
            return ""
        start = self._local(one.starts_at)
        if one.ends_at is None:
            return word("standards.public.from", here, start=start)
        key = "standards.public.was" if one.state == "restored" else "standards.public.span"
        end = self._local(one.ends_at)
        return word(key, here, start=start, end=end[11:] if end[:10] == start[:10] else end)

    def _local(self, moment: datetime) -> str:
        return pd.Timestamp(moment).tz_convert(self._kept.store.zone).strftime("%Y-%m-%d %H:%M")


def add_public(app: Dash, notices: Notices) -> None:
    """Register the routes."""
    told = Public(snapshot_of(app.server), notices)
    views: dict[str, Any] = {"": told.page, ".geojson": told.geojson, ".atom": told.atom, "/<code>": told.one}
    for rule, view in views.items():
        route(app, ROOT + rule, view, needs=Permission.PUBLIC)


def _title(one: Published, here: str) -> str:
    """Return the title of a notice in the language asked for, else in our words."""
    text = one.texts.get(here)
    return text.title if text else utility_word("standards.public.notice", one.utility, here)


def _joined(names: Sequence[str], here: str) -> str:
    return (", " if here == "en" else "、").join(names)


def _kept(answer: Response) -> Response:
    """Return an answer that may be used again for a minute, and is not sent anew while it is the same."""
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.vary.add("Accept-Language")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _utc(moment: datetime) -> str:
    return pd.Timestamp(moment).tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def _put(parent: ElementTree.Element, name: str, text: str, **attributes: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    made.text = text or None
    return made
