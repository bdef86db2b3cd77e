"""The ``gisapp`` command.

Data goes to standard output or to the file named by ``-o``; progress and words go to standard error.
Exit status: 0 done, 1 the answer is "no", 2 bad input (one clear message), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from dashboards.memory import one_heap, reading_libraries
from gisapp import __version__
from gisapp.errors import GisappError, Interrupted

STOPPED = 130
GROUPS = (
    "stores",
    "backups",
    "audits",
    "config",
    "files",
    "places",
    "networks",
    "operations",
    "incidents",
    "assess",
    "patrols",
    "emergencies",
    "sites",
    "measures",
    "decisions",
    "reliability",
    "rules",
    "plans",
    "texts",
    "pictures",
    "density",
    "hotspots",
    "rates",
    "users",
    "retention",
    "serve",
)
"""The modules of the commands, in the order of the help; read only when a command is asked for."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command; each command's help ends with an example."""
    root = argparse.ArgumentParser(prog="gisapp", description="Grids, networks and incidents of a utility.")
    root.add_argument("--version", action="version", version=f"gisapp {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    with reading_libraries():
        for group in GROUPS:
            import_module(f"dashboards.commands.{group}").add_commands(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    one_heap()
    try:
        options = parser().parse_args(argv)  # in here: the libraries of the commands take a second to be read
        return int(options.run(options))
    except Interrupted as error:
        print(f"gisapp: stopped: {error}", file=sys.stderr)
        return STOPPED
    except KeyboardInterrupt:
        print("gisapp: stopped; nothing was written", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except GisappError as error:
        print(f"gisapp: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
