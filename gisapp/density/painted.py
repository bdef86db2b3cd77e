"""A figure of places as a picture: every pixel has the figure of the place that its middle lies in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj

from gisapp.crs import require_metres
from gisapp.density.surface import Surface
from gisapp.density.web import WEB_CRS, web_pixels

Which = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.integer]]


def pixel_places(
    which: Which, *, bounds: tuple[float, float, float, float], crs: pyproj.CRS | str, most_px: int = 1024
) -> Surface:
    """Return which place each pixel of a web map lies in, as a surface of numbers; NaN where it is in none.

    A page keeps it while the places stay, and paints any figure onto it by :func:`painted`.

    Parameters
    ----------
    which
        Gives the number of the place of each point, shape (n, 2), in ``crs``; below 0 for none:
        ``GridIndex.locate``, ``Hexagons.which``.
    bounds
        What the picture covers, in ``crs``, metres.
    most_px
        Pixels on the longer side at most.
    """
    frame = require_metres(crs, "the places")
    full, pixel, x, y = web_pixels(bounds, frame, 1.0, most_px)
    number = np.asarray(which(np.column_stack([x.ravel(), y.ravel()]))).reshape(x.shape)
    values = np.where(number < 0, np.nan, number).astype(np.float32)
    return Surface(values, full, pixel, 0.0, 0, WEB_CRS, kernel="")


def painted(places: Surface, figure: npt.NDArray[np.float64], *, unit: str, points: int) -> Surface:
    """Return a figure of places as a surface for a web map.

    Parameters
    ----------
    places
        From :func:`pixel_places`.
    figure
        Of each place by its number; NaN for one without a figure, which is marked thin.
    unit
        Key of the figure's unit, such as ``per_km_year``.
    points
        How many incidents are counted.

    Examples
    --------
    >>> where = Surface(np.array([[0.0, 1.0, np.nan]], dtype=np.float32), (0, 0, 3, 1), 1.0, 0.0, 0)
    >>> painted(where, np.array([5.0, 7.0]), unit="count", points=12).values.tolist()
    [[5.0, 7.0, nan]]
    """
    there = ~np.isnan(places.values)
    values = np.full(places.values.shape, np.nan, dtype=np.float32)
    values[there] = figure[places.values[there].astype(np.int64)]
    thin = there & np.isnan(values)
    shown = Surface(values, places.bounds, places.cell_m, 0.0, points, places.crs, unit, kernel="")
    return shown if not thin.any() else Surface(**{**vars(shown), "thin": thin})
