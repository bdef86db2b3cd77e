"""Names that only count on, drawn together, so that a list of buildings fits on a page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

_COUNTED = re.compile(r"^(\D*)(\d+)(\D*)$")


def condensed(names: Iterable[str]) -> list[str]:
    """Return names with runs of numbers drawn together, three and more in a row; others in their order, each once.

    Examples
    --------
    >>> condensed(["3栋", "1栋", "2栋", "5栋", "9号楼", "物业楼"])
    ['1–3栋', '5栋', '9号楼', '物业楼']
    """
    found: dict[tuple[str, str], list[int]] = {}
    others: list[str] = []
    for name in dict.fromkeys(names):
        match = _COUNTED.match(name)
        if match and not match[2].startswith("0"):
            found.setdefault((match[1], match[3]), []).append(int(match[2]))
        else:
            others.append(name)
    runs = [run for (before, after), numbers in found.items() for run in _runs(before, sorted(numbers), after)]
    return runs + others


def _runs(before: str, numbers: list[int], after: str) -> list[str]:
    """Return sorted numbers as runs."""
    said: list[str] = []
    for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        said += [f"{before}{run[0]}–{run[-1]}{after}"] if len(run) > 2 else [f"{before}{one}{after}" for one in run]
    return said
