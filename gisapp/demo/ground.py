"""The ground a city stands on: its outline, river and heights, all smooth functions of the place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from gisapp.demo.sizes import CENTRE, Size

Field = Callable[[np.ndarray], np.ndarray]
_TURN = np.radians(11.0)


@dataclass(frozen=True)
class Ground:
    """Where the city ends, where its river runs, and the fields that vary over it.

    ``warp`` bends the straight (u, v) plane, whose u axis is the river, into the city's plane.
    """

    size: Size
    outline: shapely.Polygon
    river: shapely.Polygon
    warp: Field
    height: Field
    age: Field
    mood: Field


def waves(rng: np.random.Generator, wavelength_m: float, amplitude: float, count: int = 7) -> Field:
    """Return a smooth random field: a sum of ``count`` plane waves with that root mean square."""
    turn = rng.uniform(0, 2 * np.pi, count)
    k = 2 * np.pi / (wavelength_m * rng.uniform(0.7, 1.5, count))
    kx, ky, phase = k * np.cos(turn), k * np.sin(turn), rng.uniform(0, 2 * np.pi, count)
    scale = amplitude * np.sqrt(2 / count)

    def field(xy: np.ndarray) -> np.ndarray:
        return scale * np.sin(xy[:, :1] * kx + xy[:, 1:2] * ky + phase).sum(axis=1)

    return field


def make_ground(size: Size, rng: np.random.Generator) -> Ground:
    """Return the ground of a city of that size."""
    warp = _warp(size, rng)
    return Ground(
        size=size,
        outline=_outline(size, rng),
        river=_river(size, warp),
        warp=warp,
        height=_height(size, rng),
        age=waves(rng, 2600, 1.0),
        mood=waves(rng, 1500, 1.0),
    )


def plane_age(ground: Ground, xy: np.ndarray) -> np.ndarray:
    """Return the year each place was built up: old in the middle, new outside, in patches."""
    size = ground.size
    off = (xy - CENTRE) / (size.half_width_m, size.half_height_m)
    reach = np.hypot(off[:, 0] + 0.12, off[:, 1] - 0.1)
    return np.clip(1972 + 40 * reach**1.1 + 7 * ground.age(xy), 1965, 2022)


def centrality(ground: Ground, xy: np.ndarray) -> np.ndarray:
    """Return 1 in the middle of the city falling to 0 at its edge, with a lesser second centre."""
    size = ground.size
    off = (xy - CENTRE) / (size.half_width_m, size.half_height_m)
    first = 1 - np.hypot(off[:, 0] + 0.1, off[:, 1] - 0.12)
    second = 0.75 - 1.6 * np.hypot(off[:, 0] - 0.52, off[:, 1] + 0.42)
    return np.clip(np.maximum(first, second), 0, 1)


def _warp(size: Size, rng: np.random.Generator) -> Field:
    """Return the bending of the plane: the river's meanders dying out with distance, and slow waves."""
    meander = 4200.0 if size.half_width_m > 3000 else 2700.0
    bend = rng.uniform(0, 2 * np.pi)
    reach = meander * 0.42
    slow_x, slow_y = waves(rng, meander * 1.3, meander * 0.022), waves(rng, meander * 1.3, meander * 0.022)
    quick_x, quick_y = waves(rng, 1500, 13.0), waves(rng, 1500, 13.0)
    cos, sin = np.cos(_TURN), np.sin(_TURN)
    offset_v = -0.16 * size.half_height_m

    def warp(uv: np.ndarray) -> np.ndarray:
        u, v = uv[:, 0], uv[:, 1]
        wave = np.sin(2 * np.pi * u / meander + bend) + 0.35 * np.sin(4.7 * np.pi * u / meander + 2 * bend)
        y = v + offset_v + 0.085 * meander * wave * np.exp(-((v / reach) ** 2))
        x = u + slow_x(uv) + quick_x(uv)
        y = y + slow_y(uv) + quick_y(uv)
        return np.column_stack([cos * x - sin * y + CENTRE[0], sin * x + cos * y + CENTRE[1]])

    return warp


def _outline(size: Size, rng: np.random.Generator) -> shapely.Polygon:
    """Return the edge of the service area: a rounded, uneven ring road."""
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    round_off = (np.abs(np.cos(turn)) ** 2.8 + np.abs(np.sin(turn)) ** 2.8) ** (-1 / 2.8)
    uneven = sum(
        rng.uniform(0.35, 1) * 0.05 / k**0.6 * np.sin(k * turn + rng.uniform(0, 2 * np.pi)) for k in range(2, 7)
    )
    reach = round_off * (1 + uneven)
    ring = np.column_stack([size.half_width_m * reach * np.cos(turn), size.half_height_m * reach * np.sin(turn)])
    return shapely.Polygon(np.round(ring + CENTRE, 2))


def _river(size: Size, warp: Field) -> shapely.Polygon:
    """Return the river's water from beyond one edge of the city to beyond the other."""
    u = np.arange(-1.25 * size.half_width_m, 1.25 * size.half_width_m, 20.0)
    half = size.river_half_m * (1 + 0.13 * np.sin(u / 530) + 0.08 * np.sin(u / 210))
    ring = np.vstack([np.column_stack([u, half]), np.column_stack([u, -half])[::-1]])
    return shapely.Polygon(warp(ring))


def _height(size: Size, rng: np.random.Generator) -> Field:
    """Return the height above sea in metres: a slope up from the river to hills in the north-west."""
    rough = waves(rng, 2400, 3.0)

    def height(xy: np.ndarray) -> np.ndarray:
        off = (xy - CENTRE) / (size.half_width_m, size.half_height_m)
        hill = np.exp(-(((off[:, 0] + 0.62) / 0.5) ** 2) - ((off[:, 1] - 0.72) / 0.5) ** 2)
        return 62 + 9 * off[:, 1] + 34 * hill + rough(xy)

    return height
