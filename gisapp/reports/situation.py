"""One shutoff with every figure that texts, screens and the pack show of it, made once from plain tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.crs import to_degrees
from gisapp.grids import assign, grids_at
from gisapp.network import ReducedPressure, Shutoff, least_hours
from gisapp.network.area import AreaShares, affected_area, area_shares
from gisapp.network.attach import rows_of
from gisapp.operations import Operation
from gisapp.operations.duties import Reach
from gisapp.operations.trunks import trunk_rules
from gisapp.reports.course import LONG, Course, course_of
from gisapp.reports.lookup import looked_up
from gisapp.reports.lost import BECAUSE, WAYS, Lost, lost_in
from gisapp.reports.nearby import hydrants_nearby, parallel_lines
from gisapp.reports.places import Place, Streets, near
from gisapp.reports.roads import roads_touched
from gisapp.rules import ShutoffRules, TrunkRule, shutoff_rules

TABLES = (
    *("links", "devices", "hydrants", "customers"),
    *("buildings", "communities", "streets", "grids"),
    *("posts", "org_units", "crews"),
)
"""The tables that a situation is made from."""


@dataclass(frozen=True)
class Site:
    """Where the line is cut, and of the first place: degrees (WGS84), the place in words, the grid.

    ``shape`` holds points, and whole lines where the place along them is not known; ``spots`` the points and
    the middles of those lines; both in the project's CRS.
    """

    shape: shapely.Geometry
    spots: gpd.GeoSeries
    lon: float
    lat: float
    place: Place
    grid: str | None


@dataclass(frozen=True, eq=False)
class Aside:
    """What a situation looks up only when a text or the pack wants it: whole tables, and the streets around."""

    customers: gpd.GeoDataFrame
    hydrants: gpd.GeoDataFrame
    out: pd.Series
    streets: Streets


@dataclass(frozen=True, eq=False)
class Situation:
    """All that is known of one shutoff; nothing personal is in it, people and customers stand by their codes.

    Parameters
    ----------
    answer
        From :func:`gisapp.network.shutoff`.
    course
        What the record says, None without one.
    made_at
        When it was made, in the store's zone.
    site
        Where the line is cut.
    pipes
        The links that are shut: code, measure_m, kind, diameter_mm, material, laid_year, rank, rating, length_m,
        side, and ``place``.
    valves
        The devices to close in order: order, code, kind, link_code, diameter_mm, turns, ``normal`` (open, closed,
        unknown), last_operated, operable, distance_m, ``place``, and of the log ``done`` (closed, opened,
        could_not_close, could_not_open; missing while nothing was done), done_at, done_by, done_turns.
    unusable, restoration
        As in the answer, with ``place``.
    sizes
        The devices to close by size: kind, diameter_mm (missing where it is not known), valves, and how many
        of them the log says are ``closed``.
    lost
        Who loses supply.
    area
        :func:`gisapp.network.area.affected_area`.
    shares
        :func:`gisapp.network.area.area_shares` of it.
    hydrants
        Hydrants without water because of this shutoff: code, link_code, ``place``, geom.
    parallels
        :func:`gisapp.reports.nearby.parallel_lines`.
    contacts
        Units to call: code, name_hans, name_hant, name_en, kind, ``heads`` and ``on_duty`` (codes of persons).
    trunks
        The rules by which a trunk is shut, with the unit that each concerns (Art. 15(9)); none where none is.
    rules
        The rules of shutoffs that hold.
    storage_hours
        Hours until the first storage that alone feeds somebody is empty; None where it is not known.
    aside
        For what is not looked up before it is wanted.
    pressure
        The estimate of who keeps supply but falls below a pressure; None where nobody asked for one.
    """

    answer: Shutoff
    course: Course | None
    made_at: datetime
    site: Site
    pipes: pd.DataFrame
    valves: pd.DataFrame
    unusable: pd.DataFrame
    restoration: pd.DataFrame
    sizes: pd.DataFrame
    lost: Lost
    area: gpd.GeoDataFrame
    shares: AreaShares
    hydrants: gpd.GeoDataFrame
    parallels: pd.DataFrame
    contacts: pd.DataFrame
    trunks: tuple[TrunkRule, ...]
    rules: ShutoffRules
    storage_hours: float | None
    aside: Aside = field(repr=False)
    pressure: ReducedPressure | None = None

    @cached_property
    def roads(self) -> pd.DataFrame:
        """Return the stretches of street concerned, :func:`gisapp.reports.roads.roads_touched`."""
        return _roads(self.lost, self.aside.customers, self.aside.streets.table)

    @cached_property
    def hydrants_left(self) -> gpd.GeoDataFrame:
        """Return the nearest hydrants that keep their water: code, distance_m, ``place``, geom."""
        left = hydrants_nearby(self.aside.hydrants, self.aside.out, self.site.shape)
        return left.assign(place=self.aside.streets.places(left["geom"].to_numpy()))

    @property
    def utility(self) -> str:
        """Return the utility."""
        return self.answer.utility

    def total(self, name: str) -> int:
        """Return a sum over what loses supply because of this shutoff: customers, households, people, valves ..."""
        return int(str(self.answer.totals[name]))

    @property
    def critical_count(self) -> int:
        """Return how many critical users lose supply because of this shutoff."""
        kinds = self.answer.totals["critical"]
        assert isinstance(kinds, Mapping)
        return sum(kinds.values())

    @property
    def length_m(self) -> float:
        """Return the metres of link without supply because of this shutoff."""
        return float(str(self.answer.totals["length_m"]))

    @property
    def valves_done(self) -> int:
        """Return how many of the devices to close the log says are closed."""
        return int((self.valves["done"] == "closed").sum())

    @property
    def long_households(self) -> int | None:
        """Return the households without supply for more than 24 hours, None while the end is not known."""
        expected = None if self.course is None else self.course.expected
        return None if expected is None else self.total("households") * (expected > LONG)

    def unit_names(self, column: str) -> Mapping[str, str]:
        """Return the units to call under their codes and every name, each with its name in one column."""
        keys = ("code", "name_hans", "name_hant", "name_en")
        rows = self.contacts.to_dict("records")
        return {str(row[key]): str(row[column]) for row in rows for key in keys if pd.notna(row[key])}

    @property
    def reach(self) -> Reach:
        """Return what duties depend on: hydrants out, homes, communities, customers."""
        hit = self.lost.customers[self.lost.customers["way"].isin(BECAUSE)]
        known = self.answer.customers_known
        customers = int((self.lost.customers["way"] != "already_dry").sum()) if known else None
        homes = int(hit.loc[hit["kind"] == "resident", "households"].sum())
        return Reach(self.total("hydrants"), homes, tuple(self.lost.communities["code"]), customers)


def situation_of(
    answer: Shutoff,
    tables: Mapping[str, pd.DataFrame],
    *,
    now: datetime,
    zone: ZoneInfo,
    operation: Operation | None = None,
    own_rules: Path | str | None = None,
    pressure: ReducedPressure | None = None,
) -> Situation:
    """Return the situation of a shutoff.

    Parameters
    ----------
    answer
        For the links that the operation names; as the network stood before it.
    tables
        Those of :data:`TABLES`, whole, in the shape of the data dictionary and one projected CRS in metres.
    now
        The moment to tell; decides which grids, leaders and duties hold.
    zone
        In which moments are told.
    operation
        The record, None where there is none.
    own_rules
        A utility's own copy of the rules of shutoffs; those of the day on which the record was opened hold.
    pressure
        From :func:`gisapp.network.reduced_pressure`, of this answer.

    Raises
    ------
    InputError
        When the copy has a wrong row.

    Notes
    -----
    Streets and the like are searched only around what loses supply: a hundred customers take a few hundredths
    of a second, ten thousand under a second. The spatial index of ``links`` is kept by the frame.
    """
    moment = pd.Timestamp(now).tz_convert(zone)
    links, devices = tables["links"], _mine(tables["devices"], answer.utility)
    lost = lost_in(answer, tables, operation, moment)
    pipes, shape = _pipes(answer, links)
    out = pd.concat([getattr(answer, way).hydrants["code"] for way in WAYS])
    water = _mine(tables["hydrants"], answer.utility)
    dry = pd.concat([getattr(answer, way).hydrants for way in BECAUSE], ignore_index=True)
    hydrants = _placed(dry[["code", "link_code"]], water)
    streets = near(tables["streets"], np.concatenate([lost.customers.geometry.dropna().to_numpy(), [shape]]))

    def told(frame: pd.DataFrame, known: gpd.GeoDataFrame = devices) -> pd.DataFrame:
        placed = _placed(frame, known)
        return placed.assign(place=streets.places(placed["geom"].to_numpy())).drop(columns="geom")

    opened = moment if operation is None else pd.Timestamp(operation.opened_at).tz_convert(zone)
    rules = shutoff_rules(opened.date(), own_rules)
    trunks = trunk_rules(pipes, rules, answer.utility)
    concerned = {rule.unit for rule in trunks}
    area = affected_area(answer, tables["customers"], tables["buildings"], links=links)
    valves = _valves(told(answer.must_close), operation, zone)
    return Situation(
        answer=answer,
        course=None if operation is None else course_of(operation, zone),
        made_at=moment.to_pydatetime(),
        site=_site(shape, tables, streets, moment),
        pipes=pipes.assign(place=streets.places(pipes["spot"].to_numpy())).drop(columns="spot"),
        valves=valves,
        unusable=told(answer.unusable),
        restoration=told(answer.restoration),
        sizes=_sizes(valves),
        lost=lost,
        area=area,
        shares=area_shares(area, answer, tables["customers"]),
        hydrants=hydrants.assign(place=streets.places(hydrants["geom"].to_numpy())),
        parallels=parallel_lines(tables["links"], answer.utility, shape),
        contacts=_contacts(answer.utility, tables, operation, moment, concerned),
        trunks=trunks,
        rules=rules,
        storage_hours=least_hours(answer.storage_only),
        aside=Aside(tables["customers"], water, out, streets),
        pressure=pressure,
    )


def _mine(table: pd.DataFrame, utility: str) -> pd.DataFrame:
    return table[table["utility"] == utility]


def _placed(frame: pd.DataFrame, known: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return rows with the geometry that ``known`` has under their code."""
    row = rows_of(known["code"], frame["code"])
    shapes = np.full(len(frame), None, dtype=object)
    shapes[row >= 0] = known.geometry.to_numpy()[row[row >= 0]]
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, frame.index, crs=known.crs)).rename_geometry("geom")


def _pipes(answer: Shutoff, links: gpd.GeoDataFrame) -> tuple[pd.DataFrame, shapely.Geometry]:
    """Return the links that are shut, each with the ``spot`` that is cut, and all spots together."""
    named = [(burst, np.nan) if isinstance(burst, str) else burst for burst in answer.bursts]
    table = pd.DataFrame(named, columns=["code", "measure_m"])
    bearing = links.iloc[np.flatnonzero(rows_of(table["code"], links["code"]) >= 0)]  # few are asked, many are known
    mine = _mine(bearing, answer.utility)
    rows = mine.iloc[rows_of(mine["code"], table["code"])].reset_index(drop=True)
    about = ["kind", "diameter_mm", "material", "laid_year", "rank", "rating", "length_m", "side"]
    table = pd.concat([table, pd.DataFrame(rows[about])], axis=1)
    lines = rows.geometry.to_numpy()
    share = (table["measure_m"] / table["length_m"].where(table["length_m"] > 0)).to_numpy(dtype=float)
    points = shapely.line_interpolate_point(lines, np.nan_to_num(share), normalized=True)
    table["spot"] = np.where(np.isfinite(share), points, lines)
    return table, shapely.union_all(table["spot"].dropna().to_numpy())


def _site(shape: shapely.Geometry, tables: Mapping[str, pd.DataFrame], streets: Streets, now: pd.Timestamp) -> Site:
    """Return where the line is cut."""
    parts = shapely.get_parts(shape)
    whole = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    parts[whole] = shapely.line_interpolate_point(parts[whole], 0.5, normalized=True)
    spots = gpd.GeoSeries(parts, crs=tables["links"].crs)
    if not len(spots):
        return Site(shape, spots, np.nan, np.nan, Place(), None)
    first = spots.head(1)
    lon, lat = to_degrees(spots.crs).transform(first.x.iloc[0], first.y.iloc[0])
    grids = grids_at(tables["grids"], now)
    grid = assign(first, grids)["grid"].iloc[0] if len(grids) else None
    place = streets.places(first.to_numpy())[0]
    return Site(shape, spots, lon, lat, place, None if pd.isna(grid) else str(grid))


def _valves(must: pd.DataFrame, operation: Operation | None, zone: ZoneInfo) -> pd.DataFrame:
    """Return the devices to close, with what the log of this operation says of each."""
    columns = ["order", "code", "kind", "link_code", "diameter_mm", "turns", "normal", "last_operated", "operable"]
    table = must.rename(columns={"state": "normal"})[[*columns, "distance_m", "place"]].copy()
    table["turns"] = pd.to_numeric(table["turns"]).astype("Int64")
    table["last_operated"] = pd.to_datetime(table["last_operated"], utc=True).dt.tz_convert(zone)
    if operation is None or operation.device_states.empty:
        empty = {"done": "str", "done_at": f"datetime64[ms, {zone.key}]", "done_by": "str", "done_turns": "Int64"}
        return table.assign(**{name: pd.Series(None, table.index, dtype=dtype) for name, dtype in empty.items()})
    log, codes = operation.device_states, table["code"]
    found = {column: looked_up(codes, log, column, key="device_code") for column in ("action", "at", "actor", "turns")}
    done_at = pd.to_datetime(found["at"], utc=True).dt.tz_convert(zone)
    return table.assign(
        done=found["action"], done_at=done_at, done_by=found["actor"], done_turns=found["turns"].astype("Int64")
    )


def _sizes(valves: pd.DataFrame) -> pd.DataFrame:
    """Return the devices to close by kind and nominal diameter, the largest first."""
    sized = valves.assign(diameter_mm=pd.to_numeric(valves["diameter_mm"]).round(), closed=(valves["done"] == "closed"))
    grouped = sized.groupby(["kind", "diameter_mm"], dropna=False).agg(
        valves=("code", "size"), closed=("closed", "sum")
    )
    table = grouped.reset_index().astype({"valves": "int64", "closed": "int64"})
    return table.sort_values(["diameter_mm", "kind"], ascending=[False, True], ignore_index=True)


def _roads(lost: Lost, customers: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the stretches of street along which supply is lost because of this shutoff."""
    hit = lost.customers[lost.customers["way"].isin(BECAUSE) & ~lost.customers.geometry.isna()]
    shapes = customers.geometry.to_numpy()
    if hit.empty:
        return roads_touched(shapes[:0], np.zeros(0, dtype=bool), streets)
    west, south, east, north = hit.total_bounds
    x, y = shapely.get_x(shapes), shapely.get_y(shapes)  # NaN without a position, which is nowhere
    margin_m = 150.0
    there = (x >= west - margin_m) & (x <= east + margin_m) & (y >= south - margin_m) & (y <= north + margin_m)
    around = customers.iloc[np.flatnonzero(there)]
    return roads_touched(around.geometry.to_numpy(), around["code"].isin(hit["code"]).to_numpy(), streets)


def _contacts(
    utility: str,
    tables: Mapping[str, pd.DataFrame],
    operation: Operation | None,
    now: pd.Timestamp,
    concerned: Collection[str],
) -> pd.DataFrame:
    """Return the units to call: dispatch, who does the work, the utility's crews, ``concerned`` by code or name."""
    units, crews, posts = tables["org_units"], tables["crews"], tables["posts"]
    mine = {operation.unit_code} if operation is not None else set()
    mine |= set(crews.loc[crews["utility"] == utility, "unit_code"].dropna())
    named = units[["code", "name_hans", "name_hant", "name_en"]].isin(concerned).any(axis=1)
    table = units[(units["kind"] == "dispatch") | units["code"].isin(mine) | named].reset_index(drop=True)
    held = posts[(posts["valid_from"] <= now) & ~(posts["valid_to"] <= now) & (posts["scope_kind"] == "unit")]
    for name, role in (("heads", "head"), ("on_duty", "duty")):
        people = held[held["role"] == role].groupby("scope")["person_code"].agg(", ".join)
        table[name] = table["code"].map(people.to_dict().get).astype("str").fillna("")
    return table
