"""The command that serves the dashboards."""

from __future__ import annotations

import argparse
from typing import Any

from dashboards.commands.console import command, say, store_option
from dashboards.memory import reading_libraries
from gisapp.errors import InputError


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(commands, "serve", run_serve, "Serve the dashboards.", "gisapp serve --store city.gpkg --port 8050")
    store_option(made)
    made.add_argument("--host", help="address to answer on (127.0.0.1); with accounts others may be reached")
    made.add_argument("--port", type=int, help="port to answer on (8050); 0 takes any free one")
    made.add_argument("--basemap", metavar="URL", help="an outside tile source with {z}, {x}, {y}; none when absent")
    made.add_argument("--basemap-frame", choices=("wgs84", "gcj02", "bd09"), help="the frame its tiles are drawn in")
    made.add_argument("--basemap-attribution", default="", metavar="TEXT")
    made.add_argument("--basemap-key", metavar="VARIABLE", help="environment variable that holds the key for {key}")


def run_serve(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    with reading_libraries():
        from dashboards.configured import configured, export
        from dashboards.serving import serve

    settings = configured(host=options.host, port=options.port).settings
    export(settings)

    def told(address: str, accounts: bool) -> None:
        whom = "for who logs in" if accounts else "for this machine only, as there are no accounts"
        say(f"{options.store} on {address} {whom}; Ctrl-C stops it")

    return serve(options.store, settings, basemap=_basemap(options), told=told)


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
