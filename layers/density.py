"""A density surface as a picture, on the map or in a file: fixed classes, real units."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from gisapp.density import Surface
from gisapp.durable import replaced
from gisapp.errors import InputError
from gisapp.words import word
from layers.layer import Legend, Raster
from layers.palette import GROUND, TEXT, rgb, surface_colours

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


def class_limits(peak: float, *, classes: int = CLASSES) -> tuple[float, ...]:
    """Return the lower limits of at most ``classes`` classes of equal width, for values up to ``peak``.

    The width is the least round number with which they reach the peak. The first class begins at one width; what
    lies below it is not drawn. Equal widths let a place twice as bad look twice as far up the legend, which steps
    by decades do not. A page takes them once, from its widest choice of types and dates, and keeps them: only then
    do two pictures compare. A peak of 0 gives the classes of a peak of 1.
    """
    if not np.isfinite(peak) or peak < 0:
        raise InputError(f"found a peak of {peak}", todo="give the highest value of the surface, per km2")
    most = peak or 1.0
    widths = (float(f"{step}e{decade}") for decade in range(-12, 16) for step in _WIDTHS)
    width = next(one for one in widths if one * (classes + 1) >= most)
    count = max(2, min(classes, int(np.ceil(round(most / width, 9))) - 1))
    return tuple(float(f"{width * place:.12g}") for place in range(1, count + 1))


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
        Lower limits of the classes per km2; by default those that suit the surface's peak.
    note
        A line under the title, such as the types and the period.

    Raises
    ------
    InputError
        Where the file cannot be written.
    StoreError
        When the disk is full.
    """
    font, spoken = _font(language)
    steps = class_limits(surface.peak) if limits is None else limits
    pixels = Image.fromarray(coloured(surface.values, steps, theme=theme), "RGBA")
    scale = max(1, -(-_LEAST_PX // max(pixels.size)))
    pixels = pixels.resize((pixels.width * scale, pixels.height * scale), Image.Resampling.NEAREST)
    lines = _lines(surface, steps, spoken, theme, note)
    height = max(pixels.height, _LINE_PX * (len(lines) + 2))
    sheet = Image.new("RGBA", (pixels.width + _LEGEND_PX, height), GROUND[theme])
    sheet.alpha_composite(pixels)
    _write_legend(sheet, pixels.width + 24, lines, font, theme)
    with replaced(path) as staged:
        sheet.convert("RGB").save(staged, "PNG", optimize=True, pnginfo=_fields(surface))


def _lines(
    surface: Surface, limits: Sequence[float], language: str, theme: str, note: str
) -> list[tuple[str | None, str]]:
    """Return the legend's lines, highest class first: a colour or none, and words."""
    legend = density_legend(limits, language=language, theme=theme)
    told = [
        word("density.bandwidth", language, metres=f"{surface.bandwidth_m:g}"),
        word("density.counted", language, count=surface.points),
    ]
    lines: list[tuple[str | None, str]] = [(None, word("density.title", language))]
    lines += [(None, note)] if note else []
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


def _font(language: str) -> tuple[_Font, str]:
    """Return a font and the language it can write."""
    if language != "en":
        for name in CHINESE_FONTS:
            try:
                return ImageFont.truetype(name, 15), language
            except OSError:
                continue
    return ImageFont.load_default(15), "en"


def _fields(surface: Surface) -> PngImagePlugin.PngInfo:
    """Return the text fields of the file."""
    fields = PngImagePlugin.PngInfo()
    fields.add_text("bounds", " ".join(f"{side:.3f}" for side in surface.bounds))
    fields.add_text("crs", "" if surface.crs is None else surface.crs.to_string())
    fields.add_text("unit", "incidents per km2")
    fields.add_text("bandwidth_m", f"{surface.bandwidth_m:g}")
    return fields
