"""Commands that draw: ``density`` and ``map``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import command, put_text, say, store_option
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES, UTILITIES
from gisapp.words import LANGUAGES, word

if TYPE_CHECKING:
    from gisapp.store import Store
    from layers.layer import Layer

SHEETS = ("basemap", "grids", *UTILITIES, "incidents")


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    made = command(
        commands,
        "density",
        run_density,
        "Write the density of incidents per km2 as a GeoTIFF or a PNG with its legend; exit status 1: none.",
        "gisapp density --store city.gpkg --from 2026-01-01 --to 2026-06-30 --type leak --bandwidth-m 150 -o leaks.tif",
    )
    store_option(made)
    made.add_argument("--from", dest="first", required=True, metavar="DATE", help="first day")
    made.add_argument("--to", dest="last", required=True, metavar="DATE", help="last day")
    made.add_argument("--type", dest="types", action="append", choices=INCIDENT_TYPES, help="all when absent")
    made.add_argument("--bandwidth-m", type=float, required=True, metavar="M", help="standard deviation of the kernel")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans", help="language of the PNG's legend")
    made.add_argument("-o", dest="out", type=Path, required=True, metavar="OUT.tif|OUT.png")
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
    made.add_argument("-o", dest="out", type=Path, required=True, metavar="MAP.html")


def run_density(options: argparse.Namespace) -> int:
    """Write a surface."""
    from gisapp.density import Choice, incident_cube, surface
    from gisapp.density.geotiff import write_geotiff
    from gisapp.store import open_store
    from gisapp.times import parse_day
    from layers.density import write_png

    if options.out.suffix not in (".tif", ".png"):
        raise InputError(f"found {options.out.name}", todo="name a file that ends in .tif or .png", field="-o")
    days = parse_day(options.first), parse_day(options.last)
    choice = Choice(tuple(options.types) if options.types else None, *days)
    with open_store(options.store) as store:
        cube = incident_cube(store.table("incidents"), store.zone)
        parts = cube.xy(choice)
        count, lost = sum(map(len, parts)), cube.unlocated(choice)
        if count:
            bounds = _bounds(store, 2 * options.bandwidth_m)
            drawn = surface(parts, bandwidth_m=options.bandwidth_m, bounds=bounds, crs=store.crs)
            if options.out.suffix == ".tif":
                write_geotiff(drawn, options.out)
            else:
                write_png(drawn, options.out, language=options.lang, note=f"{days[0]} – {days[1]}")
    say(f"{count:,} incidents with a position and {lost:,} without, {days[0]} to {days[1]}")
    if not count:
        say("no picture: nothing to draw in this period and of these types")
    return 0 if count else 1


def _bounds(store: Store, margin_m: float) -> tuple[float, float, float, float]:
    """Return the extent of the grids, or of the incidents where there are no grids, with a margin."""
    frame = store.table("grids") if store.count("grids") else store.table("incidents")
    west, south, east, north = frame.total_bounds
    return float(west) - margin_m, float(south) - margin_m, float(east) + margin_m, float(north) + margin_m


def run_map(options: argparse.Namespace) -> int:
    """Write an offline map."""
    import pandas as pd

    from gisapp.store import open_store
    from layers.folium_map import folium_html

    with open_store(options.store) as store:
        now = pd.Timestamp.now(tz=store.zone)
        sheets = [
            layer
            for sheet in SHEETS
            if sheet in (options.sheets or ("basemap", "grids"))
            for layer in _layers(store, sheet, options.lang, now)
        ]
        title = store.name or word("shell.product", options.lang)
        put_text(folium_html(sheets, title=title, language=options.lang, made_at=now), options.out)
    say(f"{options.out}: {len(sheets)} layers, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _layers(store: Store, sheet: str, language: str, now: Any) -> list[Layer]:
    """Return the layers of one sheet, masked."""
    from gisapp.grids import leaders_at
    from gisapp.tables import masked
    from layers.basemap import basemap_layers
    from layers.grids import grid_shapes
    from layers.incidents import incident_shapes
    from layers.network import network_layers

    def table(name: str) -> Any:
        return masked(store.table(name), name)

    if sheet == "basemap":
        return list(basemap_layers(table("landcover"), table("streets"), table("buildings"), language=language))
    if sheet == "grids":
        return [grid_shapes(table("grids"), leaders_at(table("posts"), now))]
    if sheet == "incidents":
        return [incident_shapes(table("incidents"), language=language, zone=store.zone)]
    tables = {name: table(name) for name in ("links", "devices", "hydrants", "nodes")}
    return list(network_layers(sheet, **tables, language=language))
