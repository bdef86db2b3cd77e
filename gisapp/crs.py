"""Frames and projections: metres are checked, never assumed."""

from __future__ import annotations

import pyproj

from gisapp.errors import CrsError


def require_metres(crs: pyproj.CRS | str | None, thing: str) -> pyproj.CRS:
    """Return ``crs`` when lengths in it are metres.

    Raises
    ------
    CrsError
        When it is absent, geographic, not in metres, or EPSG:3857, whose areas are 36-70 % too large in China.
    """
    if crs is None:
        raise CrsError(f"{thing} has no CRS; give one in metres such as EPSG:4547")
    known = pyproj.CRS.from_user_input(crs)
    if not known.is_projected:
        raise CrsError(f"{thing} is in {known.name}, which is in degrees; convert it to a projected CRS first")
    if known.to_epsg() == 3857:
        raise CrsError(f"{thing} is in EPSG:3857, whose metres are not metres; convert it to a CGCS2000 zone first")
    if any(abs(axis.unit_conversion_factor - 1) > 1e-12 for axis in known.axis_info[:2]):
        raise CrsError(f"{thing} is in {known.name}, whose unit is not the metre; convert it first")
    return known
