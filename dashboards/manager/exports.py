"""What leaves the page as a file: masked, and with nothing told of fewer than five customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import numpy as np
import pandas as pd
from dash import Dash
from flask import Response, current_app, request

from dashboards import shell
from dashboards.access import Permission, access_of, route
from dashboards.manager.along import pipes_picture, shared_pieces
from dashboards.manager.asked import asked_of
from dashboards.manager.found import Found
from dashboards.manager.pictures import density, picture, places
from dashboards.marked import mark
from dashboards.snapshot import Snapshot
from gisapp.density import (
    Surface,
    household_exposure,
    shareable_places,
    shareable_points,
    shareable_surface,
    surface,
    web_surface,
)
from gisapp.density.geotiff import write_geotiff
from gisapp.density.privacy import LEAST_CUSTOMERS
from gisapp.durable import private_folder
from gisapp.errors import InputError
from gisapp.grids import leaders_at
from gisapp.harmless import harmless_cells
from gisapp.retention import require_extent, require_rows
from gisapp.store import export_geopackage
from gisapp.tables import masked
from gisapp.words import LANGUAGES, word
from layers.density import density_raster, write_png
from layers.grids import grid_shapes
from layers.layer import Layer

NEEDED = {"csv": Permission.INCIDENTS_EXPORT}
"""What is asked for a file of incidents; all others hold figures."""
FILES = ("csv", "gpkg", "tif", "png", "html")
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "gpkg": "application/geopackage+sqlite3",
    "tif": "image/tiff",
    "png": "image/png",
    "html": "text/html; charset=utf-8",
}
_NAME = "hotspots"
_TOO_FEW = f"nothing of at least {LEAST_CUSTOMERS} customers"


def add_routes(app: Dash, snapshot: Snapshot) -> None:
    """Add one route for each kind of file; the address says what is asked, as that of the page does."""
    for kind in FILES:
        route(app, f"/manager.{kind}", _sender(kind, snapshot), needs=NEEDED.get(kind, Permission.EXPORT))


def _sender(kind: str, snapshot: Snapshot) -> Callable[[], Response]:
    def send() -> Response:
        return _file(kind, snapshot)

    send.__name__ = f"send_{kind}"
    return send


def _file(kind: str, snapshot: Snapshot) -> Response:
    """Return what is asked as a file.

    Raises
    ------
    InputError
        When there is nothing, or nothing that may be told.
    """
    asked = asked_of(request.args)
    if not snapshot.cube().days:
        raise InputError("there are no incidents", todo="import some first")
    found = Found.of(asked, snapshot)
    if not found.count:
        raise InputError("no incidents of these types in this period", todo="widen the filter")
    kept = snapshot.store.retention.keeping()
    require_rows(found.count if kind in NEEDED else 0, kept)
    wanted = request.args.get("lang", "")
    spoken = wanted if wanted in LANGUAGES else shell.language()
    makers: Mapping[str, Callable[[Found, Path, str], None]] = {
        "csv": _rows,
        "gpkg": _places,
        "tif": _geotiff,
        "png": _png,
        "html": _page,
    }
    with private_folder("export") as folder:
        path = folder / f"{_NAME}.{kind}"
        makers[kind](found, path, spoken)
        content = path.read_bytes()
    who = access_of(current_app._get_current_object()).person()  # type: ignore[attr-defined]
    actor, rows = "" if who is None else who.code, {"incidents": found.count}
    snapshot.store.note_way_out("export", actor=actor, why=f"hot spots as {kind}", rows=rows)
    name = quote(f"{_NAME}-{found.start}-{found.end}.{kind}")
    return Response(
        content, mimetype=_TYPES[kind], headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


def _rows(found: Found, path: Path, _spoken: str) -> None:
    """Write the incidents behind the figures, moved so far that none tells who called."""
    store = found.snapshot.store
    chosen = masked(found.snapshot.incidents(), "incidents").iloc[sorted(found.rows)]
    shared = shareable_points(chosen, store.table("customers"))
    columns = ["code", "utility", "type", "status", "channel", "reported_at", "grid_code", "cause"]
    table = pd.DataFrame(shared.table[columns]).assign(
        x=shared.table.geometry.x.round(1), y=shared.table.geometry.y.round(1), moved_m=shared.moved_m
    )
    path.write_text(harmless_cells(table).to_csv(index=False, lineterminator="\n"), encoding="utf-8-sig")


def _places(found: Found, path: Path, spoken: str) -> None:
    """Write pieces of pipe, hexagons or grids with their figures."""
    crs = found.snapshot.store.crs
    if found.asked.drawn == "pipes":
        pieces = shared_pieces(found)
        if not len(pieces):
            raise InputError(_TOO_FEW, todo="widen the filter, or choose a wider bandwidth")
        require_extent(tuple(pieces.total_bounds), found.snapshot.store.retention.keeping())
        export_geopackage(path, {"pieces": pieces}, crs, note=mark(spoken))
        return
    if found.asked.drawn == "hexagons":
        table = found.by_hexagon
        some = table[(table["count"] > 0) | (table["pipe_km"] > 0) | (table["customers"] > 0)]
        shapes = found.hexagons.polygons(some.index.to_numpy(), crs)
        frame = gpd.GeoDataFrame(some.assign(code=shapes.index), geometry=shapes.to_numpy(), crs=crs)
        frame = frame.rename_geometry("geom")
    else:
        frame = found.snapshot.grids()[["code", "geom"]].merge(found.by_grid.reset_index(), on="code")
    shared = shareable_places(frame, frame["customers"])
    if shared["withheld"].all():
        raise InputError(_TOO_FEW, todo="choose larger hexagons")
    ordered = shared[["code", *(name for name in shared if name not in ("code", "geom")), "geom"]]
    layer = "hexagons" if found.asked.drawn == "hexagons" else "grids"
    export_geopackage(path, {layer: ordered}, crs, note=mark(spoken))


def _shared(found: Found) -> Surface:
    """Return the surface without what tells of too few customers."""
    made = density(found)
    homes = household_exposure(found.snapshot.store.table("customers"))[0]
    way: dict[str, Any] = {
        "bandwidth_m": made.bandwidth_m,
        "bounds": made.bounds,
        "cell_m": made.cell_m,
        "crs": made.crs,
    }
    return shareable_surface(made, surface(homes, **way))


def _geotiff(found: Found, path: Path, spoken: str) -> None:
    """Write what the page draws; a surface in the project's CRS, any other in that of web maps."""
    drawn = _told(_shared(found)) if found.asked.drawn == "surface" else _picture(found)[0]
    write_geotiff(drawn, path, note=mark(spoken))


def _told(made: Surface) -> Surface:
    """Return a surface that has a value anywhere."""
    if np.isnan(made.values).all():
        raise InputError(_TOO_FEW, todo="choose a wider bandwidth or larger places")
    return made


def _picture(found: Found) -> tuple[Surface, tuple[float, ...]]:
    """Return what the page draws, without what tells of too few customers."""
    kind = found.asked.drawn
    made = pipes_picture(found, wait=True, shared=True) if kind == "pipes" else picture(found)
    if made is None:
        raise InputError("the picture is still being made", todo="try again in some seconds")
    if kind == "surface":
        return _told(web_surface(_shared(found))), made[1]
    return _told(made[0] if kind == "pipes" else places(found, shared=True)), made[1]


def _note(found: Found) -> str:
    earlier = f" / {found.earlier.start} – {found.earlier.end}" if found.earlier else ""
    return f"{found.start} – {found.end}{earlier}"


def _png(found: Found, path: Path, spoken: str) -> None:
    """Write the picture with its legend."""
    made, limits = _picture(found)
    write_png(made, path, limits=limits, language=spoken, note=f"{_note(found)} · {mark(spoken)}")


def _page(found: Found, path: Path, spoken: str) -> None:
    """Write one page that opens without a network."""
    from layers.folium_map import folium_html

    snapshot = found.snapshot
    made, limits = _picture(found)
    now = pd.Timestamp.now(tz=snapshot.store.zone)
    grids = masked(snapshot.grids(), "grids")
    sheets: list[Layer] = [
        density_raster(made, limits=limits, language=spoken),
        grid_shapes(grids, leaders_at(masked(snapshot.store.table("posts"), "posts"), now)),
    ]
    title = f"{word('manager.title', spoken)} · {_note(found)} · {mark(spoken)}"
    path.write_text(folium_html(sheets, title=title, language=spoken, made_at=now), encoding="utf-8")
