"""Which pipes a builder answers for, and until when (质保期)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def in_warranty(
    incidents: pd.DataFrame, day: npt.NDArray[np.datetime64], warranty: pd.DataFrame | None
) -> pd.arrays.BooleanArray:
    """Return whether each incident's pipe was in warranty on a day, the last one included; missing where no table says.

    Parameters
    ----------
    incidents
        Rows with ``utility`` and ``link_code``.
    day
        A day for each.
    warranty
        ``utility``, ``link_code`` and ``warranty_until`` (a day); a pipe may stand in several rows.
    """
    if warranty is None:
        return pd.array([None] * len(incidents), dtype="boolean")
    until = warranty.groupby(["utility", "link_code"])["warranty_until"].max()
    mine = pd.MultiIndex.from_frame(incidents[["utility", "link_code"]])
    last = pd.to_datetime(until).reindex(mine).to_numpy().astype("datetime64[D]")
    return pd.array(last >= day, dtype="boolean")
