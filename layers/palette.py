"""Colours: one place for all of them, light and dark, to be told apart by every kind of colour vision.

The categories begin at Okabe and Ito's eight colours and are moved apart until the two nearest keep a
distance (CIELAB) of 17 for normal, protan, deutan and tritan vision. The classes of a surface are
points of inferno (van der Walt and Smith 2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from gisapp.errors import InputError

T = TypeVar("T")
THEMES = ("light", "dark")
GROUND = {"light": "#f3f4f2", "dark": "#15191f"}
TEXT = {"light": "#1c2430", "dark": "#e8ecf1"}
CRITICAL = {"light": "#5b21b6", "dark": "#c4b5fd"}
RIM = {"light": "#ffffff", "dark": "#0b0e12"}

_UTILITY = {
    "light": {"water": "#0656ba", "power": "#a43728", "heating": "#b08405", "gas": "#7e5e96"},
    "dark": {"water": "#4e8eff", "power": "#f65b50", "heating": "#e2df4b", "gas": "#f098d7"},
}
_INCIDENT = {
    "light": {
        "leak": "#0053c8",
        "burst": "#bf3719",
        "no_supply": "#172129",
        "low_pressure": "#65d1fb",
        "quality": "#009969",
        "power_outage": "#f9f836",
        "no_heat": "#eb8b10",
        "gas_leak": "#a96aa7",
    },
    "dark": {
        "leak": "#417aff",
        "burst": "#eb6436",
        "no_supply": "#edffec",
        "low_pressure": "#9eb5f8",
        "quality": "#13cd8b",
        "power_outage": "#fff14c",
        "no_heat": "#f0a620",
        "gas_leak": "#cc81ba",
    },
}
_SHUTOFF = {
    "light": {
        "isolated": "#c1440e",
        "unintended": "#e69f00",
        "already_dry": "#6b7280",
        "storage_only": "#56b4e9",
        "reduced": "#a324df",
    },
    "dark": {
        "isolated": "#ff6a3d",
        "unintended": "#f7c044",
        "already_dry": "#9aa3b0",
        "storage_only": "#8fd0f7",
        "reduced": "#d58cff",
    },
}
_DEVICE = {
    "light": {"open": "#2f3b4a", "closed": "#c1440e", "stuck": "#cc79a7", "unknown": "#8a94a3", "hydrant": "#007a59"},
    "dark": {"open": "#d5dce6", "closed": "#ff6a3d", "stuck": "#e6a5cb", "unknown": "#7d8795", "hydrant": "#1fc796"},
}
_TASK = {
    "light": {
        "close": "#c1440e",
        "closed": "#1b6e3c",
        "verify": "#1c2430",
        "unusable": "#a3307f",
        "candidate": "#0a82c6",
    },
    "dark": {
        "close": "#ff6a3d",
        "closed": "#4fd08a",
        "verify": "#ffffff",
        "unusable": "#f098d7",
        "candidate": "#4e8eff",
    },
}
_CLOCK = {
    "light": {"breached": "#b3261e", "due_soon": "#e08a00", "running": "#0b6e84", "nothing": "#a3adb7"},
    "dark": {"breached": "#ff6f66", "due_soon": "#f5c168", "running": "#4cc9e0", "nothing": "#8d99a6"},
}
_BASE = {
    "light": {
        "river": "#b8d8ec",
        "lake": "#b8d8ec",
        "park": "#d3e6c9",
        "building": "#dcdad6",
        "street": "#ffffff",
        "grid": "#3a4454",
    },
    "dark": {
        "river": "#1c3a50",
        "lake": "#1c3a50",
        "park": "#1f3226",
        "building": "#2a303a",
        "street": "#3a424e",
        "grid": "#aab6c6",
    },
}
_PLAN = {
    "light": {"limit": "#7b1fa2", "bridge": "#00796b", "comment": "#ffb300"},
    "dark": {"limit": "#d7a6ff", "bridge": "#4dd0b0", "comment": "#ffd54f"},
}
# Brewer's RdBu on light ground; on dark ground the same hues around a middle near to the ground.
_DIVERGING = {
    "light": ("#2166ac", "#67a9cf", "#d1e5f0", "#f4f4f2", "#fddbc7", "#ef8a62", "#b2182b"),
    "dark": ("#7cc4f5", "#3f84b8", "#2c4a63", "#39424d", "#6b3d33", "#c05a43", "#ff8a70"),
}
_OTHER = {"light": "#767676", "dark": "#9aa3b0"}
_QUIET = {"light": "#b7bec5", "dark": "#4a5563"}

# 17 points of inferno at equal steps, from its darkest to its brightest.
INFERNO = (
    *("#000004", "#0b0724", "#210c4a", "#3d0965", "#57106e", "#71196e", "#8a226a", "#a32c61", "#bc3754"),
    *("#d24644", "#e45a31", "#f1731d", "#f98e09", "#fcac11", "#f9cb35", "#f2ea69", "#fcffa4"),
)


def utility_colour(utility: str, theme: str = "light") -> str:
    """Return the colour of a utility's network."""
    return _of(_UTILITY, theme)[utility]


def incident_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the colours of the incident types that have their own; every other type is ``other_colour``."""
    return _of(_INCIDENT, theme)


def shutoff_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the colours of the four ways to be without supply."""
    return _of(_SHUTOFF, theme)


def device_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the colours of a device by its condition (open, closed, stuck, unknown), and of a hydrant."""
    return _of(_DEVICE, theme)


def task_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the colours of what is to be done to a device in a shutoff."""
    return _of(_TASK, theme)


def clock_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the colours of what waits, by its clocks."""
    return _of(_CLOCK, theme)


def base_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the quiet colours of the base map."""
    return _of(_BASE, theme)


def plan_colours(theme: str = "light") -> Mapping[str, str]:
    """Return the colours of what is drawn over a boundary plan: limits, bridges, comments."""
    return _of(_PLAN, theme)


def other_colour(theme: str = "light") -> str:
    """Return the grey of whatever has no colour of its own."""
    return _of(_OTHER, theme)


def quiet_colour(theme: str = "light") -> str:
    """Return the grey of what is shown but does not count, such as the class of none."""
    return _of(_QUIET, theme)


def diverging_colours(theme: str = "light") -> tuple[str, ...]:
    """Return seven colours from far below (blue) over the middle to far above (red)."""
    return _of(_DIVERGING, theme)


def surface_colours(classes: int, theme: str = "light") -> tuple[str, ...]:
    """Return that many colours from low to high, the first nearest to the ground of the theme.

    Inferno's lightness rises evenly, so it is also right in print and for the colour-blind. On a light
    map it runs from its pale yellow down to purple, on a dark map up from purple to pale yellow; its
    near-black end, which would vanish in dark ground, is used in neither.
    """
    if not 2 <= classes <= 16:
        raise InputError(f"found {classes} classes", todo="use 2 to 16")
    bright = INFERNO[2:]
    table = _of({"light": bright[::-1], "dark": bright}, theme)
    steps = [index * (len(table) - 1) / (classes - 1) for index in range(classes)]
    return tuple(_between(table, step) for step in steps)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _of(table: Mapping[str, T], theme: str) -> T:
    """Return a theme's part of a table."""
    if theme not in THEMES:
        raise InputError(f"found theme {theme!r}", todo=f"use one of {', '.join(THEMES)}")
    return table[theme]


def _between(table: Sequence[str], step: float) -> str:
    """Return the colour at a fractional place of a table."""
    low = min(int(step), len(table) - 2)
    share = step - low
    mixed = (round(a + (b - a) * share) for a, b in zip(rgb(table[low]), rgb(table[low + 1]), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)
