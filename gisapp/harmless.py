"""Cells that no spreadsheet takes for a formula: what people typed begins as text, wherever a table leaves."""

from __future__ import annotations

import re

import pandas as pd

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def harmless(text: str) -> str:
    """Return a text as a cell that is shown and not computed: an apostrophe before what would begin a formula.

    A number stays a number, with its sign.

    Examples
    --------
    >>> harmless('=HYPERLINK("x")'), harmless("-12.5"), harmless("-1+cmd"), harmless("漏水")
    ('\\'=HYPERLINK("x")', '-12.5', "'-1+cmd", '漏水')
    """
    if not text or not _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def harmless_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, and the names of its columns, are all :func:`harmless`; numbers stay as they are."""
    made = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype):
            plain = [harmless(value) if isinstance(value, str) else value for value in column.tolist()]
            made.isetitem(place, pd.array(plain, dtype=object))
    made.columns = pd.Index([harmless(str(name)) for name in frame.columns])
    return made
