"""What tracks covered: the metres of pipe that lie near them, the valves and points passed, and what was missed."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError
from gisapp.patrols.nearness import near_m

TOLERANCE_M = 15.0
"""How near a track must pass when nothing else is said: a carriageway, and what a phone errs in a street."""
_PATROLLED = ("pipe", "cable")


@dataclass(frozen=True)
class Coverage:
    """What was due and what of it was covered, in metres and numbers; what was missed, as rows with geometry.

    ``missed_links`` says of every link how many metres were not passed; ``off_route_m`` are the metres of tracks
    farther than the tolerance from the route, missing where there was none.
    """

    tolerance_m: float
    due_m: float
    covered_m: float
    valves: int
    checkpoints: int
    missed_links: gpd.GeoDataFrame
    missed_valves: gpd.GeoDataFrame
    missed_checkpoints: gpd.GeoDataFrame
    track_m: float
    off_route_m: float | None

    @property
    def share(self) -> float | None:
        """Return the share of the metres due that was covered; None where nothing is due."""
        return self.covered_m / self.due_m if self.due_m else None


def assets_due(
    links: gpd.GeoDataFrame, devices: gpd.GeoDataFrame, area: shapely.Geometry, *, utility: str, services: bool = False
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the pipes of an area, cut where they leave it, and the devices in it: what its patrols must pass.

    Pipes to single houses, and devices on them, are left out unless ``services`` are asked for. A device on the border
    is due.
    """
    lines = links[(links["utility"] == utility) & links["kind"].isin(_PATROLLED)]
    mine = lines if services else lines[lines["rank"] != "service"]
    left_out = lines.loc[~lines.index.isin(mine.index), "code"]
    mine = mine[mine.geometry.intersects(area).to_numpy()]
    cut = mine.assign(geom=shapely.intersection(mine.geometry.to_numpy(), area))
    there = devices[(devices["utility"] == utility) & ~devices["link_code"].isin(left_out)]
    there = there[there.geometry.intersects(area).to_numpy()]
    return cut[cut.geometry.length > 0].reset_index(drop=True), there.reset_index(drop=True)


def coverage(
    tracks: gpd.GeoSeries,
    pipes: gpd.GeoDataFrame,
    valves: gpd.GeoDataFrame,
    *,
    checkpoints: gpd.GeoDataFrame | None = None,
    route: shapely.Geometry | None = None,
    tolerance_m: float = TOLERANCE_M,
) -> Coverage:
    """Return what tracks covered of what was due (service rules Art. 23, grid rules IV(2)1).

    Parameters
    ----------
    tracks
        Lines that were walked; all geometry in one projected CRS in metres. None covers nothing.
    pipes, valves
        What is due (:func:`assets_due`).
    checkpoints
        Rows of the table ``patrol_checkpoints`` that are due.
    route
        The line that should have been walked.
    tolerance_m
        A place is covered when a track passes it no farther away than this, equal included.

    Raises
    ------
    CrsError
        When the tracks are not in metres.
    InputError
        When the tolerance is not a positive length.
    """
    require_metres(tracks.crs, "tracks")
    if not np.isfinite(tolerance_m) or tolerance_m <= 0:
        raise InputError(f"found {tolerance_m!r}", todo="give metres above 0", field="tolerance_m")
    tracks = tracks[tracks.notna()]  # of those older than they are kept it is not known where they ran
    lines = tracks.to_numpy()
    walked = shapely.multilinestrings(lines)
    shapes = pipes.geometry.to_numpy()
    length_m = shapely.length(shapes)
    covered_m = np.minimum(near_m(shapes, lines, tolerance_m), length_m)
    short = length_m - covered_m
    missed = pipes.assign(missed_m=short)[short > _SPECK_M].reset_index(drop=True)
    points = valves.iloc[:0] if checkpoints is None else checkpoints
    return Coverage(
        tolerance_m=tolerance_m,
        due_m=float(length_m.sum()),
        covered_m=float(covered_m.sum()),
        valves=len(valves),
        checkpoints=len(points),
        missed_links=missed,
        missed_valves=_missed(valves, walked, tolerance_m),
        missed_checkpoints=_missed(points, walked, tolerance_m),
        track_m=float(shapely.length(tracks.to_numpy()).sum()),
        off_route_m=None if route is None else _off_m(tracks.to_numpy(), route, tolerance_m),
    )


_SPECK_M = 0.01
"""Less than this of a pipe is rounding."""


def _missed(points: gpd.GeoDataFrame, walked: shapely.Geometry, tolerance_m: float) -> gpd.GeoDataFrame:
    """Return the points that no track passes."""
    metres = shapely.distance(points.geometry.to_numpy(), walked)
    return points[~(metres <= tolerance_m)].reset_index(drop=True)  # of no track the distance is NaN


def _off_m(tracks: np.ndarray, route: shapely.Geometry, tolerance_m: float) -> float:
    """Return the metres walked away from the route."""
    near = near_m(tracks, np.array([route], dtype=object), tolerance_m)
    return float(np.maximum(shapely.length(tracks) - near, 0.0).sum())


def told(found: Coverage) -> dict[str, object]:
    """Return a coverage as plain values: metres to the decimetre, what was missed by code.

    Examples
    --------
    >>> empty = gpd.GeoDataFrame({"code": []}, geometry=[], crs="EPSG:4547")
    >>> told(coverage(empty.geometry, empty, empty))["share"] is None
    True
    """
    links = found.missed_links
    return {
        "tolerance_m": found.tolerance_m,
        "due_m": round(found.due_m, 1),
        "covered_m": round(found.covered_m, 1),
        "share": None if found.share is None else round(found.share, 4),
        "track_m": round(found.track_m, 1),
        "off_route_m": None if found.off_route_m is None else round(found.off_route_m, 1),
        "valves": found.valves,
        "valves_missed": [] if found.missed_valves.empty else found.missed_valves["code"].tolist(),
        "checkpoints": found.checkpoints,
        "checkpoints_missed": _points(found.missed_checkpoints),
        "links_missed": [] if links.empty else _metres(links),
    }


def _points(missed: pd.DataFrame) -> list[str]:
    return [] if missed.empty else [f"{row.route_code} {row.number}" for row in missed.itertuples()]


def _metres(links: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {"code": code, "missed_m": round(float(metres), 1)}
        for code, metres in zip(links["code"], links["missed_m"], strict=True)
    ]
