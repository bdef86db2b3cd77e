"""The bundles of tiles that this application serves, and who may see which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import dash
import geopandas as gpd
import pandas as pd
from flask import Flask

from dashboards import pictures
from dashboards.access import Permission, access_of, route
from dashboards.scope import everywhere
from dashboards.snapshot import LOAD_TABLES, NETWORK_TABLES, Snapshot, snapshot_of
from dashboards.tiles import RULE, Bundle, Frames, Make, Tiles, tile_view
from gisapp.grids import grids_at, leaders_at
from gisapp.incidents import RuleBook
from gisapp.incidents.seeing import open_to_all
from gisapp.tables import UTILITIES
from gisapp.times import DEFAULT_ZONE, zone_named
from layers.basemap import basemap_layers
from layers.criticality import criticality_layers
from layers.grids import deviation_shapes, grid_shapes
from layers.incidents import incident_shapes
from layers.layer import Shapes
from layers.network import network_layers
from layers.sites import site_shapes

_VIEWS = frozenset({Permission.GRIDS_VIEW, Permission.NETWORK_VIEW, Permission.INCIDENTS_VIEW, Permission.SHUTOFF_VIEW})
# Any one of these permissions is enough to see a bundle.
NEEDS: Mapping[str, frozenset[Permission]] = {
    "base": _VIEWS,
    "grids": _VIEWS,
    **dict.fromkeys(UTILITIES, frozenset({Permission.NETWORK_VIEW, Permission.SHUTOFF_VIEW})),
    "incidents": frozenset({Permission.INCIDENTS_VIEW}),
    "sites": frozenset({Permission.INCIDENTS_VIEW, Permission.SHUTOFF_VIEW}),
    "workload": frozenset({Permission.GRIDS_VIEW}),
    **{f"criticality_{utility}": frozenset({Permission.NETWORK_VIEW}) for utility in UTILITIES},
}

OF_ROWS = frozenset({"incidents"})
"""Bundles of rows that end at grids and units for some: they are given to who sees all of them."""


def bundles(book: Callable[[], RuleBook] = lambda: RuleBook(zone_named(DEFAULT_ZONE))) -> dict[str, Bundle]:
    """Return every bundle by name, from below to above; ``book`` gives the rules of incidents."""
    return {
        "base": Bundle(("landcover", "streets", "buildings"), _base),
        "grids": Bundle(("grids", "posts"), _grids, dated=("grids", "posts")),
        **{utility: Bundle(("nodes", "links", "devices", "hydrants"), _network(utility)) for utility in UTILITIES},
        "sites": Bundle(("construction_sites", "site_steps"), _sites),
        "incidents": Bundle(("incidents",), _incidents(book), also=book),
    }


def derived_bundles(kept: Snapshot) -> dict[str, Bundle]:
    """Return what is drawn from what ``kept`` has derived, as the tables of its pages are.

    The workload of every grid, and for each utility what failures cost.
    """
    return {
        "workload": Bundle(
            ("grids", "posts", *LOAD_TABLES),
            _workload(kept),
            dated=("grids",),
            also=lambda: tuple(kept.weights().items()),
        ),
        **{f"criticality_{utility}": Bundle(NETWORK_TABLES, _criticality(kept, utility)) for utility in UTILITIES},
    }


def add_tiles(app: dash.Dash, frames: Frames, *, frame: str = "wgs84") -> Tiles:
    """Give an application its tiles, each bundle behind its permission; ``frame`` is the base map's."""
    access = access_of(app.server)

    def permit(name: str) -> bool:
        person = access.person()
        if person is None or (name in OF_ROWS and not everywhere(person)):
            return False  # a tile holds the rows of everybody's grids
        return bool(NEEDS[name] & person.permissions)

    kept = snapshot_of(app.server)
    made = {**bundles(lambda: kept.store.rule_book), **derived_bundles(kept)}
    tiles = Tiles(frames, made, frame=frame)
    app.server.extensions["gisapp.tiles"] = tiles
    route(app, RULE, tile_view(tiles, permit), needs=Permission.SHELL)
    route(app, pictures.RULE, pictures.picture_view(tiles, permit), needs=Permission.SHELL)
    return tiles


def tiles_of(server: Flask) -> Tiles:
    """Return the tiles that ``server`` answers with."""
    tiles: Tiles = server.extensions["gisapp.tiles"]
    return tiles


def _base(tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
    """Return the base map."""
    made = basemap_layers(tables["landcover"], tables["streets"], tables["buildings"], language=language, theme=theme)
    return [layer for layer in made if isinstance(layer, Shapes)]


def _grids(tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
    """Return the grids in force now, with their leaders."""
    now = pd.Timestamp.now("UTC")
    return [grid_shapes(grids_at(tables["grids"], now), leaders_at(tables["posts"], now), theme=theme)]


def _incidents(book: Callable[[], RuleBook]) -> Make:
    """Return what makes the incidents, without those of a restricted category."""

    def make(tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
        return [incident_shapes(open_to_all(tables["incidents"], book()), language=language, theme=theme)]

    return make


def _sites(tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
    """Return the construction sites that are not closed."""
    now = pd.Timestamp.now("UTC").to_pydatetime()
    return [site_shapes(tables["construction_sites"], tables["site_steps"], now=now, language=language, theme=theme)]


def _network(utility: str) -> Make:
    """Return what makes the layers of one utility."""

    def make(tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
        return network_layers(utility, **tables, language=language, theme=theme)

    return make


def _workload(kept: Snapshot) -> Make:
    """Return what makes the grids coloured by their workload."""

    def make(_tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
        deviation = kept.workload().set_index("code")["deviation"]
        return [deviation_shapes(kept.grids(), deviation, language=language, theme=theme)]

    return make


def _criticality(kept: Snapshot, utility: str) -> Make:
    """Return what makes the layers of what failures of one utility cost."""

    def make(tables: Mapping[str, gpd.GeoDataFrame], language: str, theme: str) -> Sequence[Shapes]:
        answer, drawn = kept.criticality(utility).answer, {name: tables[name] for name in ("links", "devices")}
        return criticality_layers(answer, **drawn, language=language, theme=theme)

    return make
