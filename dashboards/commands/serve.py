"""The command that serves the dashboards."""

from __future__ import annotations

import argparse
import os
from typing import Any

from dashboards.commands.console import command, say, store_option


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(commands, "serve", run_serve, "Serve the dashboards.", "gisapp serve --store city.gpkg --port 8050")
    store_option(made)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8050)


def run_serve(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    from dashboards.app import create_app, serve
    from gisapp.store import open_store

    with open_store(options.store) as store:
        app = create_app(store)
        say(f"{options.store} on http://{options.host}:{options.port}/ ; stop with Ctrl-C (process {os.getpid()})")
        serve(app, options.host, options.port)
    return 0
