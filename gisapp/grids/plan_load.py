"""The workload of every grid of a plan while it is edited: only units that a change cut are counted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.grids.changes import Change
from gisapp.grids.plans import Places, Plan, Rows, grid_places, outlines
from gisapp.grids.workload import (
    Carried,
    Led,
    Lines,
    Numbers,
    added_in,
    carried,
    figures,
    ground_of,
    led_at,
)
from gisapp.rules.workload import MEASURES, workload_weights

_LOAD = ("customers", "links", "devices", "incidents")


class Held(NamedTuple):
    """A grid of a plan: its polygon, what is known of that, and what lies in it."""

    shape: shapely.Geometry
    ground: Numbers
    found: Numbers


@dataclass(frozen=True)
class PlanLoad:
    """A plan with what lies in each of its units and grids.

    Attributes
    ----------
    plan
        The plan.
    units
        :data:`gisapp.rules.workload.MEASURES` of each unit, in their order.
    held
        The grids of the plan by code.
    near
        What grids carry, found by place.
    led
        Who leads which grid now; whom the plan names takes that one's place in the figures.
    named
        The measures of incidents without a position, by the code of the grid that they name.
    weights
        The share of each measure in the workload of an average grid.
    """

    plan: Plan
    units: Numbers
    held: Mapping[str, Held]
    near: _Near
    led: Led
    named: Mapping[str, Numbers]
    weights: Mapping[str, float]

    def after(self, change: Change) -> Self:
        """Return the same after a change: figures of units that it did not cut stay, those of pieces are counted."""
        return self._at(change.done(self.plan), change, change.before, change.after)

    def before(self, change: Change) -> Self:
        """Return the same before a change that is undone."""
        return self._at(change.undone(self.plan), change, change.after, change.before)

    def of(self, plan: Plan) -> Self:
        """Return the same for another plan of the same tables: only units that this one does not have are counted."""
        at = np.minimum(np.searchsorted(self.plan.unit, plan.unit), len(self.plan.unit) - 1)
        known = (self.plan.unit[at] == plan.unit) & shapely.equals_identical(self.plan.shape[at], plan.shape)
        units = np.where(known[:, None], self.units[at], 0)
        fresh = np.flatnonzero(~known).astype(np.int64)
        if len(fresh):
            units[fresh] = self._counted(plan, fresh)
        return replace(self, plan=plan, units=units, held=_held(plan, units, plan.codes, self.named))

    @cached_property
    def grids(self) -> gpd.GeoDataFrame:
        """The grids of the plan, as :func:`gisapp.grids.plan_grids` gives them."""
        codes = sorted(self.held)
        named = [self.plan.named[code] for code in codes]
        columns = {
            "code": pd.array(codes, dtype="str"),
            "name": pd.array([one.name for one in named], dtype="str"),
            "utilities": pd.array([one.utilities for one in named], dtype="str"),
            "geom": np.array([self.held[code].shape for code in codes], dtype=object),
        }
        return gpd.GeoDataFrame(columns, geometry="geom", crs=self.plan.crs)

    def figures(self) -> pd.DataFrame:
        """Return what :func:`gisapp.grids.workload` returns for the grids of the plan, added up from the units.

        A point or a stretch of pipe exactly on a border of two grids belongs to the unit that comes first by
        code; counted anew it belongs to the grid that comes first.
        """
        codes = sorted(self.held)
        names = pd.DataFrame(
            {
                "code": pd.array(codes, dtype="str"),
                "name": pd.array([self.plan.named[code].name for code in codes], dtype="str"),
            }
        )
        found = np.array([self.held[code].found for code in codes])
        ground = np.array([self.held[code].ground for code in codes])
        planned = {code: self.plan.named[code].leader for code in codes if self.plan.named[code].leader}
        led = Led({**self.led.leader, **planned}, {**self.led.leaders, **dict.fromkeys(planned, 1)})
        return figures(names, found, ground, led=led, weights=self.weights)

    def _at(self, plan: Plan, change: Change, gone: Rows, come: Rows) -> Self:
        units = self._units(plan, gone, come)
        redrawn = {*change.grids, *come.grid[~shapely.is_missing(come.shape)]}
        held = {code: one for code, one in self.held.items() if code not in redrawn}
        held |= _held(plan, units, sorted(redrawn), self.named)
        return replace(self, plan=plan, units=units, held=held)

    def _units(self, plan: Plan, gone: Rows, come: Rows) -> Numbers:
        """Return the measures of the units of a plan that has some rows in place of others."""
        at = self.plan.places(gone.unit)
        known = dict(zip(gone.unit, at, strict=True))
        order = np.argsort(come.unit, kind="stable")
        codes = come.unit[order]
        fresh = np.array([code not in known for code in codes], dtype=bool)
        rows = np.zeros((len(codes), len(MEASURES)))
        rows[~fresh] = self.units[[known[code] for code in codes[~fresh]]]
        if fresh.any():
            rows[fresh] = self._counted(plan, plan.places(codes[fresh]))
        left = np.searchsorted(np.delete(self.plan.unit, at), codes)
        return np.insert(np.delete(self.units, at, axis=0), left, rows, axis=0)

    def _counted(self, plan: Plan, fresh: Places) -> Numbers:
        """Return the measures of new pieces, from what touches them.

        Their neighbours stand beside them in the order of the plan, so that what is on a border goes to the
        same unit as if all were counted.
        """
        shapes = plan.shape[fresh]
        around = plan.near(shapely.box(*shapely.total_bounds(shapes)))
        around = around[np.unique(shapely.STRtree(plan.shape[around]).query(shapes, "intersects")[1])]
        blocks = gpd.GeoSeries(plan.shape[around], crs=plan.crs)
        found = added_in(blocks, plan.unit[around], self.near.touching(shapes))
        return np.asarray(found[np.searchsorted(around, fresh)])


class _Near(NamedTuple):
    """What grids carry, with a tree of each kind."""

    load: Carried
    points: tuple[tuple[npt.NDArray[np.int64], shapely.STRtree], ...]
    lines: shapely.STRtree

    def touching(self, shapes: npt.NDArray[np.object_]) -> Carried:
        """Return what touches some polygons."""
        points = tuple(
            some.at(place[_met(tree, shapes)])
            for some, (place, tree) in zip(self.load.points, self.points, strict=True)
        )
        return Carried(points, self.load.lines.at(_met(self.lines, shapes)))


def _near(load: Carried) -> _Near:
    """Return what grids carry, found by place."""
    trees = []
    for some in load.points:
        place = np.flatnonzero(np.isfinite(some.xy).all(axis=1))
        trees.append((place, shapely.STRtree(shapely.points(some.xy[place]))))
    return _Near(load, tuple(trees), shapely.STRtree(load.lines.shapes))


def _met(tree: shapely.STRtree, shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    return np.unique(tree.query(shapes, predicate="intersects")[1]).astype(np.int64)


def plan_load(
    plan: Plan, *, tables: Mapping[str, Any], now: pd.Timestamp, weights: Mapping[str, float] | None = None
) -> PlanLoad:
    """Return what lies in the units and grids of a plan, all of it counted.

    Parameters
    ----------
    plan
        The plan.
    tables
        ``customers``, ``links``, ``devices``, ``incidents`` and ``posts``, in the plan's CRS.
    now
        The present moment, with its zone.
    weights
        As :func:`gisapp.grids.workload` takes them.
    """
    load = carried(**{name: tables[name] for name in _LOAD}, now=now)
    units = added_in(gpd.GeoSeries(plan.shape, crs=plan.crs), plan.unit, load)[:-1]
    named = _named(plan, load)
    held = _held(plan, units, plan.codes, named)
    shares = weights or workload_weights(now.date())
    return PlanLoad(plan, units, held, _near(load), led_at(tables["posts"], now), named, shares)


def _held(plan: Plan, units: Numbers, codes: list[str], named: Mapping[str, Numbers]) -> dict[str, Held]:
    """Return some grids of a plan, but for those without units."""
    places = grid_places(plan, codes)
    shapes = outlines(plan, places)
    ground = ground_of(shapes)
    return {
        code: Held(shapes[at], ground[at], units[places[at]].sum(axis=0) + named.get(code, 0))
        for at, code in enumerate(codes)
        if len(places[at])
    }


def _named(plan: Plan, load: Carried) -> dict[str, Numbers]:
    """Return the measures of incidents without a position for each grid that they name."""
    lost = tuple(some.at(np.flatnonzero(~np.isfinite(some.xy).all(axis=1))) for some in load.points)
    codes = sorted({code for some in lost if some.named is not None for code in some.named if isinstance(code, str)})
    shape = np.full(len(codes), plan.shape[0], dtype=object)  # where they are does not matter: nothing is located
    none = Lines(load.lines.shapes[:0], load.lines.metres[:0], load.lines.utility[:0])
    found = added_in(gpd.GeoSeries(shape, crs=plan.crs), np.array(codes, dtype=object), Carried(lost, none))
    return dict(zip(codes, found[:-1], strict=True))
