"""Tables in the shape of the data dictionary, and codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.demo.sizes import CRS
from gisapp.tables import conform


def framed(name: str, columns: Mapping[str, Any], shapes: np.ndarray | None = None) -> pd.DataFrame:
    """Return the columns (and shapes) as table ``name``, checked against the dictionary.

    Times come as numpy moments in UTC.
    """
    frame = pd.DataFrame({key: _aware(values) for key, values in columns.items()})
    if shapes is None:
        return conform(frame, name)
    return conform(gpd.GeoDataFrame(frame.assign(geom=gpd.GeoSeries(shapes)), geometry="geom", crs=CRS), name)


def moment(time: pd.Timestamp) -> np.datetime64:
    """Return a moment as numpy writes it, in UTC."""
    return np.datetime64(time.tz_convert("UTC").tz_localize(None), "ms")


def _aware(values: Any) -> Any:
    """Return numpy moments as moments that know that they are in UTC; anything else as it is."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return pd.Series(values.astype("datetime64[ms]")).dt.tz_localize("UTC")
    return values


def kept(values: Any, keep: np.ndarray) -> np.ndarray:
    """Return values as objects, with None where they are not kept."""
    found = np.full(len(keep), None, dtype=object)
    found[keep] = np.broadcast_to(np.asarray(values, dtype=object), len(keep))[keep]
    return found


def codes(prefix: str, numbers: np.ndarray | int, width: int = 6) -> np.ndarray:
    """Return codes such as P000123 for numbers, or for 1 to a count."""
    wanted = np.arange(1, numbers + 1) if isinstance(numbers, int) else numbers
    return np.char.add(prefix, np.char.zfill(wanted.astype(str), width)).astype(object)


def coded(prefix: str, numbers: np.ndarray, width: int = 6) -> np.ndarray:
    """Return codes for numbers counted from 0, and None where the number is negative."""
    found = codes(prefix, np.maximum(numbers, 0) + 1, width)
    found[numbers < 0] = None
    return found
