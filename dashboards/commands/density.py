"""The command that says where incidents concentrate: as a picture, by hexagon or grid, or along the pipes."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.choice import of_utility, parts_asked, parts_options, period_of
from dashboards.commands.console import command, put_csv, say, store_option
from dashboards.commands.sources import Parted, Source, Stored
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES, UTILITIES
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    import geopandas as gpd

    from gisapp.density import Choice, Cube
    from gisapp.reports.density import Ground, Happened
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
    parts_options(made)
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
    from gisapp.store import open_store

    kind = "pipes" if options.along_pipes else options.by
    _check(options, kind)
    with open_store(options.store) as store:
        asked = _Asked.of(options, store, kind)
        count, lost = asked.source.located(asked.choice), asked.source.unlocated(asked.choice)
        say(f"{count:,} incidents with a position and {lost:,} without, {asked.start} to {asked.end}")
        if not count + (lost if kind in ("grids", "pipes") else 0):
            _say_why(asked, asked.choice)
            return 1
        if asked.earlier is not None and not asked.source.located(asked.earlier):
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
    source: Source[Any]
    choice: Any
    earlier: Any
    grids: gpd.GeoDataFrame

    @classmethod
    def of(cls, options: argparse.Namespace, store: Store, kind: str) -> _Asked:
        """Return it with its periods read, of the store's incidents or of those in parts."""
        from gisapp.times import parse_day

        parted = parts_asked(store, options)
        choice: Any = parted[1] if parted else _choice(store, options)
        grids = _grids_in_force(store, choice.end)
        source = Parted(parted[0], parted[2]) if parted else Stored(_cube(store, grids if kind == "grids" else None))
        earlier = None
        if options.compare_from:
            earlier = replace(choice, start=parse_day(options.compare_from), end=parse_day(options.compare_to))
        return cls(options, store, source, choice, earlier, grids)

    @property
    def start(self) -> date:
        """The first day of the period."""
        day: date = self.choice.start
        return day

    @property
    def end(self) -> date:
        """The last day of it."""
        day: date = self.choice.end
        return day

    def note_gaps(self) -> None:
        """Say where a period reaches beyond the incidents that are known: a rate per year is then too low."""
        known = self.source.days(self.choice)
        for choice in filter(None, (self.choice, self.earlier)):
            if known and (choice.start < known[0] or choice.end > known[1]):
                say(
                    f"note: {choice.start} to {choice.end} reaches beyond the incidents, which are from "
                    f"{known[0]} to {known[1]}; rates per year are of the whole period"
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
        found = self.source.bandwidth([self.choice, *([self.earlier] if self.earlier else [])])
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
    if options.along_pipes and options.incidents is not None:
        todo = "import them with `gisapp import`, or leave --along-pipes away"
        raise InputError("density along the pipes of incidents in parts", todo=todo, field="--incidents")
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


def _choice(store: Store, options: argparse.Namespace) -> Choice:
    """Return which of the store's incidents are asked for."""
    from gisapp.density import Choice

    start, end = period_of(store, options)
    types = tuple(options.types) if options.types else None
    return Choice(types, start, end, utilities=(options.utility,) if options.utility else None)


def _cube(store: Store, grids: gpd.GeoDataFrame | None) -> Cube:
    """Return the store's incidents, each with its grid where grids are asked for."""
    from dashboards.snapshot import open_incidents
    from gisapp.density import incident_cube
    from gisapp.reports.concentration import incident_grids

    incidents = open_incidents(store)
    named = None if grids is None else incident_grids(incidents, grids)
    return incident_cube(incidents, store.zone, grids=named)


def _grids_in_force(store: Store, end: date) -> Any:
    """Return the grids at the end of the period."""
    import pandas as pd

    from gisapp.grids import grids_at

    return grids_at(store.table("grids"), pd.Timestamp(end, tz=store.zone) + pd.Timedelta(hours=23, minutes=59))


def _say_why(asked: _Asked, choice: Any) -> None:
    """Say what could be given up."""
    say("nothing written: nothing to draw in this period and of these types")
    for name, number in asked.source.restricting(choice).items():
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

    from gisapp.density import service_area, shareable_surface
    from gisapp.density.geotiff import write_geotiff
    from gisapp.reports.density import Ground, density_map, exposure_surface
    from layers.density import write_png

    width, per = asked.bandwidth_m(), asked.options.per
    area = service_area(asked.grids, asked.store.table("landcover")) if len(asked.grids) else None
    ground = Ground(width, _bounds(asked, width), asked.store.crs, area)
    exposure = None
    if per != "km2":
        exposed = {"links": asked.table("links"), "customers": asked.store.table("customers")}
        exposure = exposure_surface(ground, per, **exposed)
    earlier = None if asked.earlier is None else _happened(asked, asked.earlier, ground)
    now = _happened(asked, asked.choice, ground)
    drawn = density_map(now, ground, per=per, exposure=exposure, earlier=earlier)
    note = f"{asked.start} – {asked.end}"
    if asked.earlier is not None:
        note += f"\n− {asked.earlier.start} – {asked.earlier.end}"
    if np.isnan(drawn.values).all():
        say("nothing written: nowhere is enough exposed within the kernel for a rate; choose a wider bandwidth")
        return 1
    if asked.options.min_customers:
        drawn = shareable_surface(drawn, ground.surface(asked.customers()), asked.options.min_customers)
    if np.isnan(drawn.values).all():
        return _nothing_may_be_told(asked)
    if asked.options.out.suffix == ".tif":
        write_geotiff(drawn, asked.options.out)
    else:
        write_png(drawn, asked.options.out, language=asked.options.lang, note=note)
    return 0


def _happened(asked: _Asked, choice: Any, ground: Ground) -> Happened:
    """Return the incidents of a period, ready to be drawn."""
    from gisapp.reports.density import Happened
    from gisapp.times import years_between

    counted = asked.source.binned(choice, bandwidth_m=ground.bandwidth_m, bounds=ground.bounds)
    return Happened(counted, years_between(choice.start, choice.end))


def _bounds(asked: _Asked, width: float) -> tuple[float, float, float, float]:
    """Return the extent of the grids, or that of the incidents with a margin where there are none."""
    found: Any = asked.grids.total_bounds if len(asked.grids) else asked.source.bounds(asked.choice)
    west, south, east, north = (float(side) for side in found)  # there are some, or nothing would be drawn
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
        asked.source.hexagons(asked.choice, hexagons),
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

    from dashboards.snapshot import figured
    from gisapp.density import place_figures
    from gisapp.grids import workload
    from gisapp.reports.concentration import grid_exposure
    from gisapp.times import years_between

    if not len(asked.grids):
        raise InputError("no grids are in force at the end of the period", todo="import them, or choose --by hexagons")
    tables = figured(asked.store, "customers", "links", "devices", "incidents", "posts")
    moment = pd.Timestamp(asked.end, tz=asked.store.zone) + pd.Timedelta(hours=23, minutes=59)
    load = workload(asked.grids, now=moment, **tables)
    counts, outside = asked.source.grids(asked.choice, asked.grids)
    figures = place_figures(
        counts,
        pipe_km=grid_exposure(load, "pipe_km", asked.options.utility),
        households=grid_exposure(load, "households"),
        years=years_between(asked.start, asked.end),
        by="households" if asked.options.per == "households" else "km",
    )
    table = figures.assign(customers=load["customers"].to_numpy()).reset_index()
    say(f"note: {outside:,} lie in no grid")
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

    from dashboards.snapshot import open_incidents
    from gisapp.density import network_density, on_pipes, piece_lines, pipe_graph, shareable_pieces
    from gisapp.store import export_geopackage
    from gisapp.times import years_between

    width = asked.bandwidth_m()
    links = asked.table("links").reset_index(drop=True)
    cube = _cube(asked.store, None)
    incidents = open_incidents(asked.store).iloc[np.sort(cube.select(asked.choice, unlocated=True))]
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
