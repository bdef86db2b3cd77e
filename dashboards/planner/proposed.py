"""What is proposed for a draft: the buttons that ask, how far a search is, and the alternatives that it found."""

from __future__ import annotations

from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, deed
from dashboards.planner.drafts import Opened
from dashboards.planner.proposing import WEIGHTS, Search
from dashboards.unavailable import words_of
from gisapp.grids import Proposal
from gisapp.words import word


def proposals(opened: Opened, search: Search | None, spoken: str) -> list[Component]:
    """Return the buttons that ask for proposals, and the search of the plan."""
    if opened.draft.status != "draft":
        return [html.P(word("planner.only_drafts", spoken), className="quiet")]
    code = opened.draft.code
    if search is not None and not search.over.is_set():
        stop = deed(word("planner.stop", spoken), {"do": "stop", "plan": code}, needs=Permission.GRIDS_EDIT)
        bar = html.Progress(value=f"{search.share:.3f}", max="1", **{"aria-label": word("planner.searching", spoken)})
        said = html.Span(f"{word('planner.searching', spoken)} {search.share:.0%}")
        return [html.Div([said, bar, stop], className="searching")]
    asks = html.Div([_ask(kind, opened, spoken) for kind in ("rebalance", "suggest")], className="buttons")
    if search is None:
        return [asks, html.P(word("planner.propose_hint", spoken), className="quiet")]
    if search.fault:
        return [
            asks,
            html.P(word("planner.no_proposal", spoken, reason=words_of(search.fault, spoken)), className="note"),
        ]
    if search.version != opened.draft.version:
        return [asks, html.P(word("planner.stale", spoken), className="quiet")]
    found = [_proposal(number, one, opened, search, spoken) for number, one in enumerate(search.made)]
    return [asks, html.Ol(found, className="proposals")]


def _ask(kind: str, opened: Opened, spoken: str) -> Component | None:
    """Return the button that asks for one kind of proposal."""
    names = {"workload": "layers.workload", "pipe_m": "planner.pipe_km"}
    weights = tuple((name, word(names.get(name, f"planner.{name}"), spoken)) for name in WEIGHTS)
    fields = [
        Field("weight", word("planner.field_weight", spoken), "choice", choices=weights),
        Field("tolerance", word("planner.field_tolerance", spoken), value="5", required=True),
    ]
    if kind == "suggest":
        fields.append(Field("k", word("planner.field_k", spoken), value=str(len(opened.plan.codes)), required=True))
    asked = {"do": kind, "plan": opened.draft.code}
    return deed(word(f"planner.do_{kind}", spoken), asked, needs=Permission.GRIDS_EDIT, ask=fields)


def _proposal(number: int, one: Proposal, opened: Opened, search: Search, spoken: str) -> Component:
    """Return one alternative: how good it is, what it moves, why it falls short, and the button that takes it."""
    moved = one.grid != opened.plan.grid
    told = word(
        "planner.proposal",
        spoken,
        grids=len(one.load),
        deviation=f"{one.deviation:.1%}",
        compactness=f"{one.compactness:.2f}",
        units=int(moved.sum()),
    )
    reasons = [
        replace(reason, place=opened.plan.unit[int(str(reason.place))]) if reason.kind == "heavy_unit" else reason
        for reason in one.shortfalls
    ]
    notes = [html.P(reason.words(spoken), className="note") for reason in reasons[:3]]
    early = [] if one.finished else [html.P(word("planner.stopped_early", spoken), className="quiet")]
    take = html.Button(word("planner.take", spoken), className="button main writes", **{"data-take": str(number)})
    return html.Li([html.Strong(told), *notes, *early, take])
