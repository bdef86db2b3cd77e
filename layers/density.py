"""Densities, rates and changes as pictures and shapes: fixed classes, real units, no colour without a value."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from gisapp.density import Surface
from gisapp.density.surface import UNITS
from gisapp.durable import replaced
from gisapp.errors import InputError
from gisapp.words import word
from layers.layer import Classes, Legend, Raster, Shapes, Style
from layers.palette import (
    GROUND,
    TEXT,
    base_colours,
    diverging_colours,
    other_colour,
    quiet_colour,
    rgb,
    surface_colours,
)

CLASSES = 8
_WIDTHS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # round numbers of each decade
# Fonts with Chinese glyphs where the systems we know keep them; the first that is there is used.
CHINESE_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "msyh.ttc",
    "PingFang.ttc",
)
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_LEGEND_PX = 300
_LEAST_PX = 640
_LINE_PX = 26
_STRIPE_PX = 9
_QUICK = 4  # of zlib: flat colours pack well at any level, and best by whole bytes; higher ones take most of the time


def class_limits(peak: float, *, classes: int = CLASSES) -> tuple[float, ...]:
    """Return the lower limits of at most ``classes`` classes of equal width, for values up to ``peak``.

    The width is the least round number with which they reach the peak. The first class begins at one width; what
    lies below it is not drawn. Equal widths let a place twice as bad look twice as far up the legend, which steps
    by decades do not. A page takes them once, from its widest choice of types and dates, and keeps them: only then
    do two pictures compare. A peak of 0 gives the classes of a peak of 1.
    """
    if not np.isfinite(peak) or peak < 0:
        raise InputError(f"found a peak of {peak}", todo="give the highest value of the surface")
    most = peak or 1.0
    width = next(one for one in _round_widths() if one * (classes + 1) >= most)
    count = max(2, min(classes, int(np.ceil(round(most / width, 9))) - 1))
    return tuple(float(f"{width * place:.12g}") for place in range(1, count + 1))


def change_limits(most: float) -> tuple[float, ...]:
    """Return the six limits between the seven classes of a change, alike above and below 0.

    Their width is the largest round number with which the outer classes are reached.

    Parameters
    ----------
    most
        The largest change, up or down; a page takes it once, from its widest choice, and keeps the limits.
    """
    if not np.isfinite(most) or most < 0:
        raise InputError(f"found a change of {most}", todo="give the largest one, without its sign")
    reached = itertools.takewhile(lambda one: one * 3 <= (most or 1.0) * (1 + 1e-9), _round_widths())
    width = max(reached, default=1e-12)
    return tuple(float(f"{width * step:.12g}") for step in (-3, -2, -1, 1, 2, 3))


def limits_of(surface: Surface) -> tuple[float, ...]:
    """Return the limits of classes that suit a surface by itself."""
    if not _is_change(surface.unit):
        return class_limits(surface.peak)
    told = surface.values[~np.isnan(surface.values)]
    return change_limits(float(np.abs(told).max(initial=0.0)))


def density_raster(surface: Surface, *, limits: Sequence[float], language: str, theme: str = "light") -> Raster:
    """Return a surface in EPSG:3857 (``gisapp.density.web_surface``) as a layer with its legend.

    Where the surface has no value nothing is drawn; where it is thin, stripes.
    """
    return Raster(
        name="density",
        title="layers.density",
        pixels=surface_pixels(surface, limits, theme=theme),
        bounds=surface.bounds,
        legend=surface_legend(surface, limits, language=language, theme=theme),
        opacity=0.7,
    )


def surface_pixels(surface: Surface, limits: Sequence[float], *, theme: str = "light") -> np.ndarray:
    """Return the RGBA pixels of a surface: colours of its classes, stripes where it is thin."""
    pixels = coloured(surface.values, limits, theme=theme, change=_is_change(surface.unit))
    if surface.thin is not None:
        row, col = (np.arange(length) for length in surface.thin.shape)
        pixels[surface.thin & ((row[:, None] + col) % _STRIPE_PX < _STRIPE_PX // 3)] = (*rgb(other_colour(theme)), 255)
    return pixels


def coloured(values: np.ndarray, limits: Sequence[float], *, theme: str = "light", change: bool = False) -> np.ndarray:
    """Return the RGBA pixels of values: the colour of the class; clear below the first limit, and without a value.

    The classes of a change have a colour below the first limit, too.
    """
    clear = (*rgb("#000000"), 0)
    colours = [(*rgb(colour), 255) for colour in _class_colours(limits, theme, change=change)]
    table = np.array([*([] if change else [clear]), *colours, clear], dtype=np.uint8)
    number = np.zeros(values.shape, dtype=np.uint8)
    for limit in np.asarray(
        limits, dtype=values.dtype
    ):  # few, and a comparison of all is faster than a search for each
        number += values >= limit
    number[np.isnan(values)] = len(table) - 1
    return table.view(np.uint32)[number].view(np.uint8)


def surface_legend(surface: Surface, limits: Sequence[float], *, language: str, theme: str = "light") -> Legend:
    """Return the classes of a surface in words, from low to high, with their unit and what the stripes mean."""
    legend = class_legend(limits, unit=f"density.{surface.unit}", language=language, theme=theme)
    if surface.thin is None or not surface.thin.any():
        return legend
    return Legend((*legend.entries, (other_colour(theme), word("density.thin", language))), legend.unit)


def class_legend(limits: Sequence[float], *, unit: str, language: str, theme: str = "light") -> Legend:
    """Return classes in words, from low to high; ``unit`` is the key of their unit's words."""
    change = limits[0] < 0
    sign = "+" if change else ""
    texts = [
        word("layers.between", language, low=f"{low:{sign}g}", high=f"{high:{sign}g}") for low, high in pairwise(limits)
    ]
    texts.append(word("layers.and_more", language, low=f"{limits[-1]:{sign}g}"))
    if change:
        texts.insert(0, word("density.and_less", language, high=f"{limits[0]:+g}"))
    return Legend(tuple(zip(_class_colours(limits, theme, change=change), texts, strict=True)), word(unit, language))


def place_shapes(
    places: gpd.GeoDataFrame,
    figure: pd.Series,
    *,
    limits: Sequence[float],
    unit: str,
    language: str,
    name: str = "places",
    theme: str = "light",
) -> Shapes:
    """Return grids or hexagons coloured by a figure.

    Parameters
    ----------
    places
        ``code`` and the polygon in ``geom``, in the project's CRS.
    figure
        Of each, on the codes; one without a figure (withheld, or of next to nothing) is grey.
    limits
        Of :func:`class_limits`, or of :func:`change_limits` for figures on both sides of 0.
    unit
        Key of the unit's words: ``density.count``, ``density.per_km_year``, ``density.per_1000_households_year``,
        ``density.deviation``.
    """
    frame = places[["code", "geom"]].copy()
    frame["figure"] = frame["code"].map(figure.astype("float64"))
    change = limits[0] < 0
    colours = _class_colours(limits, theme, change=change)
    names = [str(number) for number in range(len(colours) + (not change))]
    number = np.searchsorted(np.asarray(limits), frame["figure"].to_numpy(), side="right")
    frame["class"] = pd.Series(number.astype("str"), index=frame.index, dtype="str").where(frame["figure"].notna())
    below = [] if change else [quiet_colour(theme)]
    legend = class_legend(limits, unit=unit, language=language, theme=theme)
    entries = list(legend.entries)
    if not change:
        entries.insert(0, (quiet_colour(theme), word("density.below", language, high=f"{limits[0]:g}")))
    if frame["figure"].isna().any():
        entries.append((other_colour(theme), word("density.no_figure", language)))
    return Shapes(
        name=name,
        title="layers.density",
        kind="polygon",
        frame=frame,
        style=Style(
            Classes("class", dict(zip(names, [*below, *colours], strict=True)), other_colour(theme)),
            width_px=1.0,
            opacity=0.65,
            outline=base_colours(theme)["grid"],
        ),
        legend=Legend(tuple(entries), legend.unit),
        popup=("code", "figure"),
    )


def hot_shapes(grids: gpd.GeoDataFrame, trends: Mapping[str, str], *, theme: str = "light") -> Shapes:
    """Return the outlines of grids that are hot beyond chance.

    Parameters
    ----------
    trends
        Of each hot grid, by its code: ``emerging``, ``persistent``, ``fading``, or empty where it is not known.
    """
    frame = grids.loc[grids["code"].isin(trends), ["code", "geom"]].copy()
    frame["geom"] = shapely.simplify(frame["geom"].to_numpy(), 6.0)
    frame["trend"] = frame["code"].map(lambda code: trends[code] or "hot").astype("str")
    style = Style(TEXT[theme], width_px=5.0, opacity=0.0, outline=TEXT[theme])
    return Shapes("hot", "layers.hot", "polygon", frame, style, popup=("code", "trend"))


def piece_shapes(pieces: gpd.GeoDataFrame, *, limits: Sequence[float], language: str, theme: str = "light") -> Shapes:
    """Return pieces of pipe coloured by their density per km and year; those below the classes are left out.

    Parameters
    ----------
    pieces
        ``code`` of the pipe, ``figure``, and the line in ``geom``.
    """
    drawn = pieces[(pieces["figure"] >= limits[0]).to_numpy()][["code", "figure", "geom"]].copy()
    number = np.searchsorted(np.asarray(limits), drawn["figure"].to_numpy(), side="right") - 1
    drawn["class"] = pd.Series(number.astype("str"), index=drawn.index, dtype="str")
    colours = _class_colours(limits, theme, change=False)
    return Shapes(
        name="pieces",
        title="layers.density",
        kind="line",
        frame=drawn,
        style=Style(
            Classes("class", {str(at): colour for at, colour in enumerate(colours)}, other_colour(theme)), width_px=4.0
        ),
        legend=class_legend(limits, unit="density.per_km_year", language=language, theme=theme),
        popup=("code", "figure"),
    )


def png(pixels: np.ndarray) -> bytes:
    """Return RGBA pixels as a PNG, with a palette where 256 colours are enough."""
    packed = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
    number, colours = pd.factorize(packed.ravel())
    if len(colours) <= 256:
        picture = Image.fromarray(number.astype(np.uint8).reshape(packed.shape), "P")
        picture.putpalette(colours.view(np.uint8).tobytes(), "RGBA")
    else:
        picture = Image.fromarray(pixels, "RGBA")
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=_QUICK, bits=8)
    return stream.getvalue()


def write_png(
    surface: Surface,
    path: Path | str,
    *,
    limits: Sequence[float] | None = None,
    language: str = "en",
    theme: str = "light",
    note: str = "",
) -> None:
    """Write a surface as a PNG: the classes on the left, on the right a legend with unit, bandwidth and count.

    The file is complete or not there. Small surfaces are enlarged by whole pixels; bounds, frame and unit
    also stand in its text fields. Where no font on this computer has Chinese glyphs, the words are English.

    Parameters
    ----------
    limits
        Limits of the classes in the surface's unit; by default those that suit it by itself.
    note
        Lines under the title, such as the types and the period.

    Raises
    ------
    InputError
        Where the file cannot be written.
    StoreError
        When the disk is full.
    """
    font, spoken, plain = _font(language)
    steps = limits_of(surface) if limits is None else limits
    pixels = Image.fromarray(surface_pixels(surface, steps, theme=theme), "RGBA")
    scale = max(1, -(-_LEAST_PX // max(pixels.size)))
    pixels = pixels.resize((pixels.width * scale, pixels.height * scale), Image.Resampling.NEAREST)
    lines = [(colour, words.translate(plain)) for colour, words in _lines(surface, steps, spoken, theme, note)]
    height = max(pixels.height, _LINE_PX * (len(lines) + 2))
    sheet = Image.new("RGBA", (pixels.width + _LEGEND_PX, height), GROUND[theme])
    sheet.alpha_composite(pixels)
    _write_legend(sheet, pixels.width + 24, lines, font, theme)
    with replaced(path) as staged:
        sheet.convert("RGB").save(staged, "PNG", optimize=True, pnginfo=_fields(surface))


def _is_change(unit: str) -> bool:
    """Return whether values lie on both sides of 0."""
    return unit.startswith("change_") or unit == "deviation"


def _class_colours(limits: Sequence[float], theme: str, *, change: bool) -> tuple[str, ...]:
    """Return the colours of the classes between limits, low to high."""
    return diverging_colours(theme) if change else surface_colours(len(limits), theme)


def _round_widths() -> Iterator[float]:
    """Return round numbers, each larger than the last."""
    return (float(f"{step}e{decade}") for decade in range(-12, 16) for step in _WIDTHS)


def _lines(
    surface: Surface, limits: Sequence[float], language: str, theme: str, note: str
) -> list[tuple[str | None, str]]:
    """Return the legend's lines, highest class first: a colour or none, and words."""
    legend = surface_legend(surface, limits, language=language, theme=theme)
    width = [word("density.bandwidth", language, metres=f"{surface.bandwidth_m:g}")] if surface.bandwidth_m else []
    told = [*width, word("density.counted", language, count=surface.points)]
    lines: list[tuple[str | None, str]] = [(None, word("density.title", language))]
    lines += [(None, line) for line in note.splitlines()]
    lines += [(None, legend.unit), *reversed(legend.entries)]
    return lines + [(None, words) for words in told]


def _write_legend(sheet: Image.Image, left: int, lines: list[tuple[str | None, str]], font: _Font, theme: str) -> None:
    """Draw the lines at the right of the sheet."""
    pen = ImageDraw.Draw(sheet)
    for place, (colour, words) in enumerate(lines):
        top = _LINE_PX * (place + 1) - 10
        if colour is not None:
            pen.rectangle((left, top + 3, left + 24, top + 17), fill=colour)
        pen.text((left + (34 if colour else 0), top), words, font=font, fill=TEXT[theme])


def _font(language: str) -> tuple[_Font, str, dict[int, str]]:
    """Return a font, the language it can write, and what to write for signs that it lacks."""
    for name in CHINESE_FONTS:
        try:
            return ImageFont.truetype(name, 15), language, {}
        except OSError:
            continue
    return ImageFont.load_default(15), "en", str.maketrans({"–": "-", "²": "2"})


def _fields(surface: Surface) -> PngImagePlugin.PngInfo:
    """Return the text fields of the file."""
    fields = PngImagePlugin.PngInfo()
    fields.add_text("bounds", " ".join(f"{side:.3f}" for side in surface.bounds))
    fields.add_text("crs", "" if surface.crs is None else surface.crs.to_string())
    fields.add_text("unit", UNITS[surface.unit])
    fields.add_text("bandwidth_m", f"{surface.bandwidth_m:g}")
    return fields
