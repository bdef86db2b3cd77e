"""Answers as pages that people read: no script, nothing from elsewhere, a phone's width is enough."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from flask import Response, request

from gisapp.reports.offline_page import offline_page, policy_of
from gisapp.words import LANGUAGES, language_of, word

STYLE = """
:root{--ink:#131f2a;--quiet:#4d5b68;--line:#d6dde4;--bg:#eef1f4;--paper:#fff;--accent:#0b6e84;--bad:#b3261e;
--bad-soft:#fde7e5;--warn:#8a5300;--warn-soft:#fff1d6;--good:#1b6e3c;--good-soft:#e1f3e8;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e9eff5;--quiet:#a5b4c2;--line:#2c3844;--bg:#0d1319;--paper:#151c24;
--accent:#4cc9e0;--bad:#ff9089;--bad-soft:#3c1a18;--warn:#f5c168;--warn-soft:#362812;--good:#6fd598;--good-soft:#12301f}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:17px/1.55 "Noto Sans CJK SC",
"Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
:lang(zh-Hant) body{font-family:"Noto Sans CJK TC","Noto Sans TC","PingFang TC","Microsoft JhengHei",system-ui,
sans-serif}
header,main,footer{max-width:46rem;margin:0 auto;padding:12px 16px}.wide header,.wide main,.wide footer{max-width:80rem}
h1{font-size:1.45rem;line-height:1.3;margin:.3em 0}h2{font-size:1.2rem;line-height:1.35;margin:.2em 0}
h3{font-size:1rem;margin:.8em 0 .2em}p{margin:.35em 0;overflow-wrap:anywhere}ul{margin:.3em 0;padding-left:1.3em}
a{color:var(--accent)}nav{display:flex;flex-wrap:wrap;gap:4px 6px;margin:0 -8px}nav a,nav b{padding:10px 8px}
footer{color:var(--quiet);font-size:.85rem}dl{margin:0}dt{color:var(--quiet);font-size:.85rem;margin-top:.5em}
dd{margin:0;overflow-wrap:anywhere}table{border-collapse:collapse;font-size:.85rem}.scroll{overflow-x:auto}
th,td{border:1px solid var(--line);padding:4px 8px;text-align:left;vertical-align:top}th{background:var(--bg)}
.card{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:12px 0}
"""


def spoken() -> str:
    """Return the language of the answer: ``lang`` of the address, else the browser's, else zh-Hans."""
    wanted = request.args.get("lang", "")
    if wanted in LANGUAGES:
        return wanted
    return language_of([tag for tag, _ in request.accept_languages] or ["zh-Hans"])


def page(told: Mapping[str, Any], title: str) -> Response:
    """Return an answer as a page: its links, and what it says as tables."""
    here = spoken()
    links = [link for link in told.get("links", ()) if link["rel"] != "self"]
    nav = "".join(f'<a href="{escape(link["href"])}">{escape(_named(link, here))}</a>' for link in links)
    rest = {name: part for name, part in told.items() if name != "links"}  # they stand above
    body = _features(told) if told.get("type") == "FeatureCollection" else _value(rest)
    head = f"<header><nav>{nav}</nav><h1>{escape(title)}</h1></header>"
    return sent(title, here, f'<div class="wide">{head}<main><div class="card scroll">{body}</div></main></div>')


def sent(title: str, language: str, body: str, *, style: str = "") -> Response:
    """Return a page with the policy that it states."""
    page = offline_page(title, language, STYLE + style, body)
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = f"{policy_of(page)}; frame-ancestors 'none'"
    answer.headers["Content-Language"] = language
    return answer


def _named(link: Mapping[str, str], spoken: str) -> str:
    known = {"alternate": "standards.as_json", "next": "standards.next", "prev": "standards.prev"}
    return str(link.get("title") or word(known.get(link["rel"], "standards.as_json"), spoken))


def _features(told: Mapping[str, Any]) -> str:
    """Return features as a table."""
    rows = [{"id": one["id"], **one["properties"]} for one in told["features"]]
    matched = f"<p>{told['numberReturned']:,} / {told['numberMatched']:,}</p>"
    if not rows:
        return matched
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    lines = ("".join(f"<td>{'' if part is None else escape(str(part))}</td>" for part in row.values()) for row in rows)
    return f"{matched}<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _value(told: Any) -> str:
    """Return any answer as lists of names and what stands under them."""
    if isinstance(told, Mapping):
        parts = (f"<dt>{escape(str(name))}</dt><dd>{_value(part)}</dd>" for name, part in told.items())
        if told.get("href"):
            return f'<a href="{escape(str(told["href"]))}">{escape(str(told.get("title") or told["rel"]))}</a>'
        return f"<dl>{''.join(parts)}</dl>"
    if isinstance(told, list | tuple):
        if all(not isinstance(part, Mapping | list) for part in told):
            return escape(", ".join(map(str, told)))
        return f"<ul>{''.join(f'<li>{_value(part)}</li>' for part in told)}</ul>"
    return "" if told is None else escape(str(told))
