"""Looking up columns by code."""

from __future__ import annotations

import pandas as pd

from gisapp.network.attach import rows_of


def looked_up(codes: pd.Series, table: pd.DataFrame, column: str, *, key: str = "code") -> pd.Series:
    """Return a column of the rows that codes name, on their index and in its dtype; missing where there is no row.

    Parameters
    ----------
    table
        One row a ``key``.
    """
    values = table[column].array.take(rows_of(table[key], codes), allow_fill=True)
    return pd.Series(values, codes.index)
