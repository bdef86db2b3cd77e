"""The command that serves the dashboards."""

from __future__ import annotations

import argparse
from typing import Any

from dashboards.commands.console import command, say, store_option
from gisapp.errors import InputError


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(commands, "serve", run_serve, "Serve the dashboards.", "gisapp serve --store city.gpkg --port 8050")
    store_option(made)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8050)
    made.add_argument("--basemap", metavar="URL", help="an outside tile source with {z}, {x}, {y}; none when absent")
    made.add_argument("--basemap-frame", choices=("wgs84", "gcj02", "bd09"), help="the frame its tiles are drawn in")
    made.add_argument("--basemap-attribution", default="", metavar="TEXT")
    made.add_argument("--basemap-key", metavar="VARIABLE", help="environment variable that holds the key for {key}")


def run_serve(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    from dashboards.app import create_app, serve
    from gisapp.store import open_store

    basemap = _basemap(options)
    with open_store(options.store) as store:
        app = create_app(store, basemap=basemap)
        address = f"http://{options.host}:{options.port}/"
        whom = "for who logs in" if store.accounts.exist() else "for this machine only, as there are no accounts"
        say(f"{options.store} on {address} {whom}; Ctrl-C stops it")
        serve(app, options.host, options.port)
    return 0


def _basemap(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the outside tile source that the person asked for; None keeps every request on this machine."""
    from dashboards.map import raster_basemap

    if options.basemap is None:
        return None
    if options.basemap_frame is None:
        todo = "say --basemap-frame wgs84, gcj02 or bd09: a wrong one shifts everything by about 500 m or 1 km"
        raise InputError("the frame of the tiles is not stated", todo=todo, field="--basemap-frame")
    source = raster_basemap(
        options.basemap,
        frame=options.basemap_frame,
        attribution=options.basemap_attribution,
        key_variable=options.basemap_key,
    )
    say(f"tiles are asked of {source['host']}; the city is shifted to {source['frame']} for drawing only")
    return source
