"""The numbers of the first minute: who and what loses supply because of this shutoff, and what lies beside it."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.emergency.parts import chip, dn, joined
from dashboards.emergency.standing import Standing
from gisapp.network import Shutoff
from gisapp.words import utility_word, word


def numbers(standing: Standing, spoken: str) -> Component:
    """Return three large figures, and the rest in a line below."""
    situation = standing.situation
    done = f"{situation.valves_done}/" if standing.operation is not None else ""
    valves = utility_word("page.valves", situation.utility, spoken)
    large = [
        _large("households", situation.total("households"), spoken, tone="bad"),
        _large("critical", situation.critical_count, spoken, tone="bad"),
        html.Div(
            shell.figure(valves, f"{done}{len(situation.valves)}", word("emergency.valves.tip", spoken)),
            **{"data-figure": valves},
        ),
    ]
    return html.Div(
        [
            html.Div(large, className="figures large"),
            html.Dl(_small(standing, spoken), className="facts"),
            _beside(standing, spoken),
        ],
        className="numbers",
    )


def change(one: Shutoff, other: Shutoff) -> dict[str, int]:
    """Return by how much ``other`` differs from ``one``, in households, customers, critical users and valves."""
    now, then = _sums(other), _sums(one)
    return {name: now[name] - then[name] for name in now}


def _sums(answer: Shutoff) -> dict[str, int]:
    kinds = answer.totals["critical"]
    assert isinstance(kinds, Mapping)
    named = {name: int(str(answer.totals[name])) for name in ("households", "customers", "valves")}
    return {**named, "critical": sum(kinds.values())}


def _large(name: str, count: int, spoken: str, *, tone: str) -> Component:
    """Return one large figure."""
    label = word(f"page.{name}", spoken)
    shown = shell.figure(label, f"{count:,}", word(f"emergency.{name}.tip", spoken), tone=tone if count else "")
    return html.Div(shown, **{"data-figure": label})


def _small(standing: Standing, spoken: str) -> list[Component]:
    """Return the other figures, each with its name."""
    situation = standing.situation
    long = situation.long_households
    lost = situation.lost
    shown: dict[str, tuple[str, str]] = {
        "people": (f"{situation.total('people'):,}", ""),
        "long": ("–" if long is None else f"{long:,}", "bad" if long else ""),
        "customers": (f"{situation.total('customers'):,}", ""),
        "communities": (f"{len(lost.communities):,}", ""),
        "buildings": (f"{len(lost.buildings):,}", ""),
        "length": (f"{situation.length_m / 1000:,.2f} km", ""),
        "hydrants": (f"{len(situation.hydrants):,}", "bad" if len(situation.hydrants) else ""),
    }
    if situation.utility != "water":
        del shown["hydrants"]
    return [
        html.Div(
            [html.Dt(word(f"emergency.figure_{name}", spoken)), html.Dd(text)],
            className=tone,
            title=word(f"emergency.{name}.tip", spoken),
            **{"data-figure": word(f"emergency.figure_{name}", spoken)},
        )
        for name, (text, tone) in shown.items()
    ]


def _beside(standing: Standing, spoken: str) -> Component | None:
    """Return the lines of other utilities beside the burst, which whoever digs must know."""
    rows = standing.situation.parallels.to_dict("records")
    if not rows:
        return None
    chips = [
        chip(
            joined(
                word(f"utility.{row['utility']}", spoken),
                dn(row["diameter_mm"]) or (str(row["rating"]) if row["rating"] == row["rating"] else None),
                f"{row['distance_m']:.0f} m",
            ),
            "warn",
        )
        for row in rows
    ]
    return html.Div([html.Span(word("emergency.beside", spoken), className="quiet"), *chips], className="badges beside")
