"""A plan takes effect only on the ground for which it was drawn."""

from __future__ import annotations

import shapely
from sqlalchemy import Connection

from gisapp.errors import InputError
from gisapp.store.geometry import decode

_SNAP_M = 1e-3  # by which a plan may miss the borders of the grids in force


def require_same_ground(connection: Connection, code: str, whole: shapely.Geometry, begun: str) -> None:
    """Raise when the grids in force cover other ground than when a plan was drawn.

    Parameters
    ----------
    code, whole
        Of the plan, and what it covers.
    begun
        From when on it is to hold, as the database writes moments.

    Raises
    ------
    InputError
        When the plan covers what no grid does any more, or leaves ground bare that was not there before.
    """
    now, slack = _ground(connection, begun)
    if now.is_empty:
        return
    gone = shapely.area(shapely.difference(whole, now))
    if gone > slack:
        raise _changed(f"{gone:,.0f} m² of the plan are in no grid in force any more")
    bare = shapely.difference(now, whole)
    if shapely.area(bare) > slack:
        drawn = connection.exec_driver_sql("SELECT made_at FROM plans WHERE code = ?", (code,)).scalar_one()
        new = shapely.area(shapely.difference(bare, _ground(connection, drawn)[0]))
        if new > slack:
            raise _changed(f"the grids in force cover {new:,.0f} m² that the plan does not")


def _changed(found: str) -> InputError:
    todo = "begin a new draft from the grids in force; this plan stays as it is"
    return InputError(f"the coverage has changed since the plan was drawn: {found}", todo=todo, field="plan")


def _ground(connection: Connection, moment: str) -> tuple[shapely.Geometry, float]:
    """Return what the grids of a moment cover, and how many m² rounding may cost at their borders."""
    found = connection.exec_driver_sql(
        "SELECT geom FROM grids WHERE valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)", (moment, moment)
    ).fetchall()
    shapes = decode([row[0] for row in found])
    return shapely.union_all(shapes), max(1.0, _SNAP_M * float(shapely.length(shapes).sum()))
