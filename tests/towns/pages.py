"""Pages of ``docs`` whose commands are run."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands_of(page: str) -> list[str]:
    """Return the commands of a page, in their order."""
    blocks = re.findall(r"```\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)
    return [line for block in blocks for line in block.splitlines() if line.startswith("gisapp ")]
