"""The command that says where incidents concentrate: as a picture, by hexagon or grid, or along the pipes."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.choice import of_utility, period_of
from dashboards.commands.console import command, put_csv, say, store_option
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES, UTILITIES
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    import geopandas as gpd

    from gisapp.density import Choice, Cube, Surface
    from gisapp.store import Store

FORMS = {"surface": (".tif", ".png"), "hexagons": (".gpkg", ".csv"), "grids": (".gpkg", ".csv"), "pipes": (".gpkg",)}
AUTO = "auto"


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(
        commands,
        "density",
        run_density,
        "Say where incidents concentrate: a picture per km2, per km of pipe or per 1,000 households, its change "
        "between two periods, figures by hexagon or grid, or density along the pipes. Exit status 1: there is "
        "nothing to tell, or nothing that may be told.",
        "gisapp density --store city.gpkg --from 2026-01-01 --to 2026-06-30 --type leak --per km -o leaks.tif",
    )
    store_option(made)
    made.add_argument("--from", dest="first", metavar="DATE", help="first day; that of the first incident when absent")
    made.add_argument("--to", dest="last", metavar="DATE", help="last day; that of the last incident when absent")
    made.add_argument("--type", dest="types", action="append", choices=INCIDENT_TYPES, help="all when absent")
    made.add_argument("--utility", choices=UTILITIES, help="incidents and pipes of this one; of all when absent")
    made.add_argument(
        "--per", choices=("km2", "km", "households"), default="km2", help="km: of pipe; households: 1,000 of them"
    )
    made.add_argument("--by", choices=("surface", "hexagons", "grids"), default="surface")
    made.add_argument("--along-pipes", action="store_true", help="density along the pipes, per km and year")
    made.add_argument("--size-m", type=float, metavar="M", help="of hexagons, from side to side; 500 when absent")
    made.add_argument(
        "--bandwidth-m",
        default=AUTO,
        metavar="M|auto",
        help="standard deviation of the kernel; auto, the default, takes the one that foretells incidents best",
    )
    made.add_argument("--compare-from", metavar="DATE", help="first day of an earlier period to compare with")
    made.add_argument("--compare-to", metavar="DATE", help="last day of it")
    made.add_argument(
        "--min-customers", type=int, default=5, metavar="K", help="what tells of fewer is left out; 5, 0 for nothing"
    )
    made.add_argument("--h3", type=int, metavar="RES", help="add the H3 index of each hexagon's middle as a column")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans", help="language of the PNG's legend")
    made.add_argument("-o", dest="out", type=Path, required=True, metavar="OUT", help=".tif .png .gpkg or .csv")


def run_density(options: argparse.Namespace) -> int:
    """Say where incidents concentrate."""
    from gisapp.density import incident_cube
    from gisapp.store import open_store

    kind = "pipes" if options.along_pipes else options.by
    _check(options, kind)
    with open_store(options.store) as store:
        grids = _grids_in_force(store, options)
        incidents = store.table("incidents")
        named = None
        if kind == "grids":
            from gisapp.reports.concentration import incident_grids

            named = incident_grids(incidents, grids)
        asked = _Asked.of(options, store, incident_cube(incidents, store.zone, grids=named), grids)
        count, lost = sum(map(len, asked.cube.xy(asked.choice))), asked.cube.unlocated(asked.choice)
        say(f"{count:,} incidents with a position and {lost:,} without, {asked.start} to {asked.end}")
        if not count + (lost if kind in ("grids", "pipes") else 0):
            _say_why(asked, asked.choice)
            return 1
        if asked.earlier is not None and not len(asked.cube.select(asked.earlier)):
            say(f"nothing to compare with: no incidents from {asked.earlier.start} to {asked.earlier.end}")
            _say_why(asked, asked.earlier)
            return 1
        asked.note_gaps()
        return {"surface": _surface, "hexagons": _hexagons, "grids": _grids, "pipes": _pipes}[kind](asked)


@dataclass(frozen=True)
class _Asked:
    """What was asked, and of what."""

    options: argparse.Namespace
    store: Store
    cube: Cube
    choice: Choice
    earlier: Choice | None
    grids: gpd.GeoDataFrame
    start: date
    end: date

    @classmethod
    def of(cls, options: argparse.Namespace, store: Store, cube: Cube, grids: gpd.GeoDataFrame) -> _Asked:
        """Return it with its periods read."""
        from gisapp.density import Choice
        from gisapp.times import parse_day

        start, end = period_of(store, options)
        types = tuple(options.types) if options.types else None
        choice = Choice(types, start, end, utilities=(options.utility,) if options.utility else None)
        earlier = None
        if options.compare_from:
            earlier = replace(choice, start=parse_day(options.compare_from), end=parse_day(options.compare_to))
        return cls(options, store, cube, choice, earlier, grids, start, end)

    def note_gaps(self) -> None:
        """Say where a period reaches beyond the incidents that are known: a rate per year is then too low."""
        for choice in (self.choice, self.earlier):
            if choice is None or choice.start is None or choice.end is None:
                continue
            if choice.start < self.cube.first_day or choice.end > self.cube.last_day:
                say(
                    f"note: {choice.start} to {choice.end} reaches beyond the incidents, which are from "
                    f"{self.cube.first_day} to {self.cube.last_day}; rates per year are of the whole period"
                )

    def table(self, name: str) -> Any:
        """Return the rows of the utility of a table."""
        return of_utility(self.store.table(name), self.options.utility)

    def customers(self) -> Any:
        """Return coordinates of the customers that have a position."""
        from gisapp.density import household_exposure

        return household_exposure(self.store.table("customers"))[0]

    def bandwidth_m(self) -> float:
        """Return the bandwidth asked for, or the one that foretells best."""
        if self.options.bandwidth_m != AUTO:
            return float(self.options.bandwidth_m)
        from gisapp.density import held_out_bandwidth

        both = [self.choice, *([self.earlier] if self.earlier else [])]
        found = held_out_bandwidth([part for choice in both for part in self.cube.xy(choice)])
        say(f"bandwidth {found.metres:g} m: foretells {found.asked:,} of {found.known:,} incidents best")
        return found.metres


def _check(options: argparse.Namespace, kind: str) -> None:
    """Refuse options that do not fit."""
    if options.along_pipes and options.by != "surface":
        raise InputError(f"--along-pipes and --by {options.by}", todo="choose one of them")
    if options.out.suffix not in FORMS[kind]:
        raise InputError(
            f"found {options.out.name}", todo=f"name a file that ends in {' or '.join(FORMS[kind])}", field="-o"
        )
    if bool(options.compare_from) != bool(options.compare_to):
        raise InputError("one day of the period to compare with", todo="give --compare-from and --compare-to")
    if options.compare_from and kind != "surface":
        raise InputError("two periods compare as surfaces only", todo="leave --by and --along-pipes away")
    if options.bandwidth_m != AUTO:
        try:
            float(options.bandwidth_m)
        except ValueError as error:
            raise InputError(
                f"found {options.bandwidth_m!r}", todo="give metres or auto", field="--bandwidth-m"
            ) from error


def _grids_in_force(store: Store, options: argparse.Namespace) -> Any:
    """Return the grids at the end of the period."""
    import pandas as pd

    from gisapp.grids import grids_at

    _, end = period_of(store, options)
    return grids_at(store.table("grids"), pd.Timestamp(end, tz=store.zone) + pd.Timedelta(hours=23, minutes=59))


def _say_why(asked: _Asked, choice: Choice) -> None:
    """Say what could be given up."""
    say("nothing written: nothing to draw in this period and of these types")
    for name, number in asked.cube.restricting(choice).items():
        if number:
            say(f"  without the restriction of {name} there would be {number:,}")


def _nothing_may_be_told(asked: _Asked) -> int:
    """Say that privacy leaves nothing."""
    say(
        f"nothing written: everywhere fewer than {asked.options.min_customers} customers are near; "
        "--min-customers changes this"
    )
    return 1


def _surface(asked: _Asked) -> int:
    """Write a picture."""
    import numpy as np

    from gisapp.density import change_surface, service_area, shareable_surface, surface
    from gisapp.density.geotiff import write_geotiff
    from layers.density import write_png

    width = asked.bandwidth_m()
    area = service_area(asked.grids, asked.store.table("landcover")) if len(asked.grids) else None
    way = {"bandwidth_m": width, "bounds": _bounds(asked, width), "crs": asked.store.crs, "within": area}
    drawn = _rate(asked, asked.choice, way)
    note = f"{asked.start} – {asked.end}"
    if asked.earlier is not None:
        drawn = change_surface(drawn, _rate(asked, asked.earlier, way))
        note += f"\n− {asked.earlier.start} – {asked.earlier.end}"
    if np.isnan(drawn.values).all():
        say("nothing written: nowhere is enough exposed within the kernel for a rate; choose a wider bandwidth")
        return 1
    if asked.options.min_customers:
        drawn = shareable_surface(drawn, surface(asked.customers(), **way), asked.options.min_customers)
    if np.isnan(drawn.values).all():
        return _nothing_may_be_told(asked)
    if asked.options.out.suffix == ".tif":
        write_geotiff(drawn, asked.options.out)
    else:
        write_png(drawn, asked.options.out, language=asked.options.lang, note=note)
    return 0


def _rate(asked: _Asked, choice: Choice, way: dict[str, Any]) -> Surface:
    """Return the surface of a period in the unit asked for; of two that are compared, per year."""
    from gisapp.density import household_exposure, per_year, pipe_exposure, rate_surface, surface
    from gisapp.times import years_between

    number = surface(asked.cube.xy(choice), **way)
    per, years = asked.options.per, years_between(choice.start or asked.start, choice.end or asked.end)
    if per == "km2":
        return number if asked.earlier is None else per_year(number, years)
    if per == "km":
        points, weights = pipe_exposure(asked.table("links"), way["bandwidth_m"] / 5)
    else:
        points, weights = household_exposure(asked.store.table("customers"))
    return rate_surface(number, surface(points, weights=weights, **way), per=per, years=years)


def _bounds(asked: _Asked, width: float) -> tuple[float, float, float, float]:
    """Return the extent of the grids, or that of the incidents with a margin where there are none."""
    frame = asked.grids if len(asked.grids) else asked.store.table("incidents")
    west, south, east, north = (float(side) for side in frame.total_bounds)
    longer = max(east - west, north - south)
    if not 0 < width <= longer:
        raise InputError(
            f"found a bandwidth of {width:g} m", todo=f"give more than 0 and at most the {longer:g} m of the city"
        )
    margin = 0.0 if len(asked.grids) else 2 * width
    return west - margin, south - margin, east + margin, north + margin


def _hexagons(asked: _Asked) -> int:
    """Write the figures of hexagons."""
    from gisapp.density import Hexagons, h3_cells, hexagon_figures
    from gisapp.times import years_between

    hexagons = Hexagons.over(_bounds(asked, 1.0), asked.options.size_m or 500.0)
    found = hexagon_figures(
        hexagons,
        asked.cube.xy(asked.choice),
        links=asked.table("links"),
        customers=asked.store.table("customers"),
        years=years_between(asked.start, asked.end),
        by="households" if asked.options.per == "households" else "km",
    )
    if asked.options.h3 is not None:
        import numpy as np

        middles = np.column_stack([found.geometry.centroid.x, found.geometry.centroid.y])
        found = found.assign(h3=h3_cells(middles, asked.store.crs, asked.options.h3).to_numpy())
    return _put_places(asked, found, "hexagons")


def _grids(asked: _Asked) -> int:
    """Write the figures of grids."""
    import pandas as pd

    from gisapp.density import place_figures
    from gisapp.grids import workload
    from gisapp.reports.concentration import grid_exposure
    from gisapp.times import years_between

    if not len(asked.grids):
        raise InputError("no grids are in force at the end of the period", todo="import them, or choose --by hexagons")
    tables: dict[str, Any] = {
        name: asked.store.table(name) for name in ("customers", "links", "devices", "incidents", "posts")
    }
    moment = pd.Timestamp(asked.end, tz=asked.store.zone) + pd.Timedelta(hours=23, minutes=59)
    load = workload(asked.grids, now=moment, **tables)
    figures = place_figures(
        asked.cube.by_grid(asked.choice),
        pipe_km=grid_exposure(load, "pipe_km", asked.options.utility),
        households=grid_exposure(load, "households"),
        years=years_between(asked.start, asked.end),
        by="households" if asked.options.per == "households" else "km",
    )
    table = figures.assign(customers=load["customers"].to_numpy()).reset_index()
    say(f"note: {asked.cube.outside(asked.choice):,} lie in no grid")
    return _put_places(asked, asked.grids[["code", "geom"]].merge(table, on="code"), "grids")


def _put_places(asked: _Asked, found: Any, name: str) -> int:
    """Write grids or hexagons without the figures of too few customers."""
    import pandas as pd

    from gisapp.density import shareable_places
    from gisapp.store import export_geopackage

    shared = shareable_places(found, found["customers"], asked.options.min_customers)
    hidden = int(shared["withheld"].sum())
    if hidden == len(shared):
        return _nothing_may_be_told(asked)
    if asked.options.out.suffix == ".csv":
        put_csv(pd.DataFrame(shared.drop(columns="geom")), asked.options.out)
    else:
        export_geopackage(asked.options.out, {name: shared}, asked.store.crs)
    say(f"{len(shared):,} {name}, {hidden:,} without figures: fewer than {asked.options.min_customers} customers")
    return 0


def _pipes(asked: _Asked) -> int:
    """Write the density along the pipes."""
    import numpy as np

    from gisapp.density import network_density, on_pipes, piece_lines, pipe_graph, shareable_pieces
    from gisapp.store import export_geopackage
    from gisapp.times import years_between

    width = asked.bandwidth_m()
    links = asked.table("links").reset_index(drop=True)
    incidents = asked.store.table("incidents").iloc[np.sort(asked.cube.select(asked.choice, unlocated=True))]
    at = on_pipes(incidents, links)
    say(f"{len(at):,} of {len(incidents):,} incidents are on a pipe or within 30 m of one of their utility")
    pieces = network_density(pipe_graph(links), at, bandwidth_m=width)
    pieces = pieces[pieces["density"] > 0]
    frame = links.iloc[pieces["link"]][["utility", "code"]].reset_index(drop=True)
    lines = piece_lines(links, pieces)
    middles = lines.interpolate(0.5, normalized=True)
    told = shareable_pieces(
        np.column_stack([middles.x, middles.y]), asked.customers(), width, asked.options.min_customers
    )
    if not told.any():
        return _nothing_may_be_told(asked)
    rate = (pieces["density"] / years_between(asked.start, asked.end)).to_numpy()
    table = frame.assign(
        start_m=pieces["start_m"].to_numpy(), end_m=pieces["end_m"].to_numpy(), per_km_year=rate, geom=lines.to_numpy()
    ).set_geometry("geom", crs=asked.store.crs)
    export_geopackage(asked.options.out, {"pieces": table[told].reset_index(drop=True)}, asked.store.crs)
    say(
        f"{int(told.sum()):,} pieces of pipe, {int((~told).sum()):,} left out: "
        f"fewer than {asked.options.min_customers} customers near"
    )
    return 0
