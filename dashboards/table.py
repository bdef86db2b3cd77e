"""The tables of the pages: AG Grid with the page's colours and words, made once the map stands."""

from __future__ import annotations

import json
from typing import Any

import dash_ag_grid as dag

from dashboards.later import Later
from dashboards.shell import Context
from gisapp.words import catalog

SCRIPT = "dash_ag_grid.min.js"
for _part in dag._js_dist:  # Dash puts it at the head of every page otherwise, and it is larger than the map's code
    if _part["relative_package_path"] == SCRIPT:
        _part["dynamic"] = True
_LOOK = {
    "fontFamily": "inherit",
    "fontSize": 13,
    "headerFontSize": 12,
    "headerFontWeight": 600,
    "rowHeight": 36,
    "headerHeight": 38,
    "spacing": 6,
    "backgroundColor": "var(--surface)",
    "foregroundColor": "var(--ink)",
    "headerBackgroundColor": "var(--raised)",
    "headerTextColor": "var(--muted)",
    "borderColor": "var(--line)",
    "accentColor": "var(--accent)",
    "selectedRowBackgroundColor": "var(--accent-soft)",
    "wrapperBorderRadius": 10,
}


def row_table(
    context: Context,
    name: str,
    columns: list[dict[str, Any]],
    *,
    nothing: str,
    wrapped: bool = False,
    alone: bool = False,
    words: dict[str, str] | None = None,
) -> Later:
    """Return a table whose rows have a ``code``; a callback gives it its ``rowData``.

    None of them is not yet known. The place it stands in, ``<name>-place``, tells when it is ``due``.

    Parameters
    ----------
    name
        Its id.
    columns
        AG Grid's column definitions.
    nothing
        What it says when there are no rows, once that is known.
    wrapped
        Headers in several lines.
    alone
        On a page without a map: it does not wait for one.
    words
        Of the page's own cell renderers, which find them in the grid's context.
    """
    headers = {"wrapHeaderText": True, "autoHeaderHeight": True} if wrapped else {}
    grid = dag.AgGrid(
        id=name,
        className="rows",
        columnDefs=columns,
        rowData=None,
        getRowId="params.data.code",
        defaultColDef={"sortable": True, "filter": True, "resizable": True, "suppressMovable": True, **headers},
        dashGridOptions=_options(context, nothing) | ({"context": words} if words else {}),
        style={"height": None, "width": "100%"},
    )
    script = f"/_dash-component-suites/dash_ag_grid/{SCRIPT}"
    return Later(grid, id=f"{name}-place", className="table", script=script, alone=alone)


def _options(context: Context, nothing: str) -> dict[str, Any]:
    """Return what all tables share: one chosen row, the page's colours and words."""
    look = "".join(f".withParams({json.dumps(_LOOK)}, '{mode}')" for mode in ("light", "dark"))
    texts = {
        key.removeprefix("shell.table."): text
        for key, text in catalog(context.language).items()
        if key.startswith("shell.table.")
    }
    return {
        "theme": {"function": f"themeQuartz.withPart(agGrid.colorSchemeVariable){look}"},
        "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
        "tooltipShowDelay": 300,
        "animateRows": False,
        "localeText": texts | {"noRowsToShow": nothing},
    }
