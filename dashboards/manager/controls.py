"""The controls of the page: which incidents, which period, drawn how, compared with what."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.later import Later
from dashboards.manager.asked import BANDWIDTHS_M, COMPARED, DRAWN, LISTS, MEASURES, PERIODS, SIZES_M, Asked

MORE = tuple(name for name in LISTS if name != "types")
_WORDS = {"types": "incident.{}", "utilities": "utility.{}", "statuses": "layers.status_{}", "channels": "channel.{}"}


def controls(context: shell.Context, asked: Asked) -> list[Component]:
    """Return the filter: types and period at hand, the rest folded away; and what is drawn."""
    more = [_list(name, context, asked) for name in MORE]
    chosen = any(getattr(asked, name) for name in MORE)
    return [
        _list("types", context, asked),
        _presets(context, asked),
        html.Details(
            [html.Summary(context.word("manager.more")), Later(more, id="manager-more", className="more")],
            open=chosen,
        ),
        _segments("drawn", [(name, context.word(f"manager.drawn_{name}")) for name in DRAWN], asked.drawn, context),
        _segments(
            "measure", [(name, context.word(f"manager.measure_{name}")) for name in MEASURES], asked.measure, context
        ),
        html.Div(
            _segments("bandwidth", [(str(width), str(width)) for width in BANDWIDTHS_M], str(asked.bandwidth), context),
            title=context.word("manager.bandwidth.tip"),
            className="of-surface",
        ),
        html.Div(
            _segments("size", [(str(size), str(size)) for size in SIZES_M], str(asked.size), context),
            className="of-hexagons",
        ),
        dmc.Select(
            id="manager-compared",
            label=context.word("manager.compared"),
            data=[
                {"value": name or "none", "label": context.word(f"manager.compared_{name or 'none'}")}
                for name in COMPARED
            ],
            value=asked.compared or "none",
            allowDeselect=False,
            size="xs",
        ),
        html.Button(
            [shell.icon("map-2"), context.word("manager.follow")],
            className="button follow",
            title=context.word("manager.follow.tip"),
            **{"data-follow": "true", "aria-pressed": "false"},
        ),
    ]


def _list(name: str, context: shell.Context, asked: Asked) -> Component:
    """Return one list of the filter; what it offers beyond the dictionary is filled in by a callback."""
    return dmc.MultiSelect(
        id=f"manager-{name}",
        label=context.word(f"manager.{name}"),
        placeholder=context.word(f"manager.{name}.all"),
        data=choices(name, LISTS[name] or getattr(asked, name), context),
        value=list(getattr(asked, name)),
        clearable=True,
        searchable=True,
        hidePickedOptions=True,
        size="sm" if name == "types" else "xs",
    )


def choices(name: str, values: tuple[str, ...], context: shell.Context) -> list[dict[str, str]]:
    """Return values as a list offers them, in words where they have any."""
    known = _WORDS.get(name)
    return [{"value": value, "label": context.word(known.format(value)) if known else value} for value in values]


def _presets(context: shell.Context, asked: Asked) -> Component:
    """Return the usual periods."""
    buttons = [
        html.Button(
            context.word(f"manager.last_{days}"),
            className="button",
            **{"data-last": str(days), "aria-pressed": str(days == asked.last).lower()},
        )
        for days in PERIODS
    ]
    return html.Div(buttons, className="presets", role="group", **{"aria-label": context.word("manager.period")})


def _segments(name: str, values: list[tuple[str, str]], chosen: str, context: shell.Context) -> Component:
    """Return a choice of one among a few."""
    label = html.Span(context.word(f"manager.{name}"), className="label")
    data = [{"value": value, "label": words} for value, words in values]
    segments = dmc.SegmentedControl(id=f"manager-{name}", data=data, value=chosen, fullWidth=True, size="xs")
    return html.Div([label, segments])
