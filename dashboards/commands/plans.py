"""Commands on boundary plans (划分方案): ``plan suggest`` and ``plan rebalance``."""

from __future__ import annotations

import argparse
from typing import Any

from dashboards.commands import proposals
from dashboards.commands.console import command


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Propose boundaries of grids over units (单元网格)."
    group: argparse.ArgumentParser = command(
        commands, "plan", proposals.run_suggest, about, "gisapp plan suggest --store city.gpkg --k 100"
    )
    proposals.add_verbs(group.add_subparsers(dest="verb", required=True, metavar="VERB"))
