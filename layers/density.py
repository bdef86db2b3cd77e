"""A density surface as a picture on the map: fixed classes, real units."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gisapp.density import Surface
from gisapp.errors import InputError
from gisapp.words import word
from layers.layer import Legend, Raster
from layers.palette import rgb, surface_colours

CLASSES = 8


def class_limits(peak: float, *, classes: int = CLASSES) -> tuple[float, ...]:
    """Return the lower limits of the classes, from the series 1, 2, 5 per decade, for values up to ``peak``.

    The last limit is the highest of the series that ``peak`` reaches; below the first nothing is drawn.
    A page takes them once, from its widest choice of types and dates, and keeps them: only then do two
    pictures compare. A peak of 0 gives the classes of a peak of 1.
    """
    if not np.isfinite(peak) or peak < 0:
        raise InputError(f"found a peak of {peak}", todo="give the highest value of the surface, per km2")
    decades = range(-12, 16)
    series = [float(f"{step}e{decade}") for decade in decades for step in (1, 2, 5)]
    top = max((place for place, value in enumerate(series) if value <= (peak or 1.0)), default=classes)
    return tuple(series[max(top, classes - 1) - classes + 1 : max(top, classes - 1) + 1])


def density_raster(surface: Surface, *, limits: Sequence[float], language: str, theme: str = "light") -> Raster:
    """Return a surface in EPSG:3857 (``gisapp.density.surface_3857``) as a layer with its legend."""
    return Raster(
        name="density",
        title="layers.density",
        pixels=coloured(surface.values, limits, theme=theme),
        bounds=surface.bounds,
        legend=density_legend(limits, language=language, theme=theme),
        opacity=0.7,
    )


def coloured(values: np.ndarray, limits: Sequence[float], *, theme: str = "light") -> np.ndarray:
    """Return the RGBA pixels of values: the colour of the class, clear below the first limit."""
    colours = [(*rgb(colour), 255) for colour in surface_colours(len(limits), theme)]
    table = np.array([(*rgb("#000000"), 0), *colours], dtype=np.uint8)
    return table[np.searchsorted(np.asarray(limits, dtype=values.dtype), values, side="right")]


def density_legend(limits: Sequence[float], *, language: str, theme: str = "light") -> Legend:
    """Return the classes in words, from low to high, with their unit."""
    texts = [word("layers.between", language, low=f"{low:g}", high=f"{high:g}") for low, high in pairwise(limits)]
    texts.append(word("layers.and_more", language, low=f"{limits[-1]:g}"))
    return Legend(
        tuple(zip(surface_colours(len(limits), theme), texts, strict=True)), word("density.per_km2", language)
    )
