"""The command that draws a map: ``map``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import ACTOR, command, put_text, say, store_option
from gisapp.tables import UTILITIES
from gisapp.words import LANGUAGES, word

if TYPE_CHECKING:
    from gisapp.store import Store
    from layers.layer import Layer

SHEETS = ("basemap", "grids", *UTILITIES, "incidents")


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(
        commands,
        "map",
        run_map,
        "Write a map as one file that opens without a network, from masked tables.",
        "gisapp map --store city.gpkg --layer grids --layer water -o city.html",
    )
    store_option(made)
    made.add_argument("--layer", dest="sheets", action="append", choices=SHEETS, help="basemap and grids when absent")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans")
    made.add_argument(
        "--min-customers",
        type=int,
        default=5,
        metavar="K",
        help="incidents are moved until a place stands for so many; 5, 0 leaves them where they are",
    )
    made.add_argument("-o", dest="out", type=Path, required=True, metavar="MAP.html")


def run_map(options: argparse.Namespace) -> int:
    """Write an offline map."""
    import pandas as pd

    from gisapp.store import open_store
    from layers.folium_map import folium_html
    from layers.layer import Shapes

    with open_store(options.store) as store:
        now = pd.Timestamp.now(tz=store.zone)
        sheets = [
            layer
            for sheet in SHEETS
            if sheet in (options.sheets or ("basemap", "grids"))
            for layer in _layers(store, sheet, options, now)
        ]
        title = store.name or word("shell.product", options.lang)
        put_text(folium_html(sheets, title=title, language=options.lang, made_at=now), options.out)
        counts = {layer.name: len(layer.frame) for layer in sheets if isinstance(layer, Shapes)}
        store.note_way_out("export", actor=ACTOR, why="map as html", rows=counts)
    say(f"{options.out}: {len(sheets)} layers, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _layers(store: Store, sheet: str, options: argparse.Namespace, now: Any) -> list[Layer]:
    """Return the layers of one sheet, masked."""
    from gisapp.density import shareable_points
    from gisapp.grids import grids_at, leaders_at
    from gisapp.tables import masked
    from layers.basemap import basemap_layers
    from layers.grids import grid_shapes
    from layers.incidents import incident_shapes
    from layers.network import network_layers

    language = options.lang

    def table(name: str) -> Any:
        return masked(store.table(name), name)

    if sheet == "basemap":
        return list(basemap_layers(table("landcover"), table("streets"), table("buildings"), language=language))
    if sheet == "grids":
        return [grid_shapes(grids_at(table("grids"), now), leaders_at(table("posts"), now))]
    if sheet == "incidents":
        shared = shareable_points(table("incidents"), store.table("customers"), options.min_customers)
        say(f"{len(shared.table):,} incidents are shown, {shared.left_out:,} are left out: too few customers near")
        return [incident_shapes(shared.table, language=language, zone=store.zone)]
    tables = {name: table(name) for name in ("links", "devices", "hydrants", "nodes")}
    return list(network_layers(sheet, **tables, language=language))
