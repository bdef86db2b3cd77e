"""The commands of the configuration: ``gisapp config check|show``."""

from __future__ import annotations

import argparse
from typing import Any

from dashboards.commands.console import command, say


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Where the server's settings come from: options, the environment, the file of GISAPP_CONFIG, defaults."
    group = command(commands, "config", run_show, about, "gisapp config show")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    command(verbs, "check", run_check, "Tell the first thing that is wrong, or that nothing is.", "gisapp config check")
    command(verbs, "show", run_show, "List every setting with its value and its origin.", "gisapp config show")


def run_check(options: argparse.Namespace) -> int:
    """Check the settings; exit status 2 when one is wrong."""
    from dashboards.configured import configured

    found = configured()
    given = sorted({origin for origin in found.origins.values() if origin != "default"})
    say(f"{len(found.origins)} settings are right; they come from {', '.join([*given, 'defaults'])}")
    return 0


def run_show(options: argparse.Namespace) -> int:
    """List the settings."""
    from dashboards.configured import configured, shown

    found = configured()
    wide = max(len(key) for key in found.origins)
    for key, origin in found.origins.items():
        print(f"{key:{wide}}  {shown(found.settings, key)}  ({origin})")
    return 0
