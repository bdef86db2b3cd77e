"""How long what is personal is kept, and how much may leave at once: the settings of the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from gisapp.errors import InputError


@dataclass(frozen=True)
class Keeping:
    """The settings.

    Parameters
    ----------
    track_days
        So long it is kept where staff walked, and who did.
    session_days
        So long it is kept when who was logged in.
    export_rows
        The most incidents in one file.
    network_km2
        The largest extent (bounding box) of pipes in one file, or that match one request of another program.
    """

    track_days: int = 90
    session_days: int = 180
    export_rows: int = 50_000
    network_km2: int = 500


NAMES = tuple(field.name for field in fields(Keeping))


def keeping(setting: Callable[[str], object]) -> Keeping:
    """Return the settings of a store; ``setting`` gives one by its key, None where it was never set.

    Examples
    --------
    >>> keeping({"keep.track_days": 30}.get).track_days, keeping({}.get).track_days
    (30, 90)
    """
    given = {name: setting(f"keep.{name}") for name in NAMES}
    return Keeping(**{name: int(str(value)) for name, value in given.items() if value is not None})


def require_setting(name: str, value: int) -> str:
    """Return the key of a setting that may be set to a value.

    Raises
    ------
    InputError
        When there is no such setting, or the value is none of its.
    """
    if name not in NAMES:
        raise InputError(f"there is no setting {name!r}", todo=f"use one of {', '.join(NAMES)}", field="name")
    if not 1 <= value <= 10_000_000:
        raise InputError(f"found {value}", todo="use a whole number from 1", field=name)
    return f"keep.{name}"


def require_rows(count: int, kept: Keeping) -> None:
    """Raise when a file would hold more incidents than may leave at once."""
    if count > kept.export_rows:
        todo = f"narrow the filter to {kept.export_rows:,}, or set export_rows"
        raise InputError(f"the file would hold {count:,} incidents", todo=todo)


def require_extent(bounds: tuple[float, float, float, float], kept: Keeping) -> None:
    """Raise when pipes in a file would spread wider than may leave at once; bounds in metres."""
    west, south, east, north = bounds
    area = (east - west) * (north - south) / 1e6
    if area > kept.network_km2:
        todo = f"narrow it to {kept.network_km2:,} km² (a bounding box), or set network_km2"
        raise InputError(f"the pipes that would leave spread over {area:,.2f} km²", todo=todo)
