"""Where something was reported: by account, by what people call the place, by a pin on the map, or visibly nowhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisapp import crs as frames
from gisapp.errors import InputError
from gisapp.masking import masked_address

BUILDING_M = 30.0
"""How far off a place may be that is told by its building."""
ACCOUNT_M = 10.0
_SHORTEST, _LONGEST = 2, 40


@dataclass(frozen=True)
class Location:
    """Where something was reported, and how that was found.

    Parameters
    ----------
    how
        ``account``, ``alias`` (a building or community by its name or address), ``pin`` or ``unlocated``.
    point
        In the project's CRS, None where it is not known.
    code
        Of the account, building or community that gave it.
    accuracy_m
        How far off it may be; NaN where nothing is known.
    why
        What was found, without anything personal.
    """

    how: str
    point: shapely.Point | None
    code: str | None
    accuracy_m: float
    why: str

    @property
    def located_by(self) -> str:
        """Return what the ``incidents`` table says of it."""
        return "building" if self.how == "alias" else self.how


@dataclass(frozen=True, eq=False)
class Register:
    """Everything by which a place can be found: customers, buildings and communities, in one CRS in metres.

    ``aliases`` are what people call a building or community beside its name: that name -> its code.
    """

    customers: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, tables: Mapping[str, Any], aliases: Mapping[str, str] | None = None) -> Register:
        """Return the register of the tables ``customers``, ``buildings`` and ``communities``."""
        return cls(tables["customers"], tables["buildings"], tables["communities"], aliases or {})

    def by_account(self, account: str) -> Location:
        """Return where an account is; unlocated where there is none, or it has no position."""
        row = self._accounts.get(account.strip())
        if row is None:
            return _nowhere("no such account")
        point = self._points[row]
        if point is None or point.is_empty:
            return _nowhere("the account has no position")
        return Location("account", point, account.strip(), ACCOUNT_M, "the account's own position")

    def by_text(self, text: str) -> Location:
        """Return the building or community that a text names: the longest name in it; unlocated where none is.

        Spaces and wide digits do not matter. A name that several bear is found only together with its community; a
        number is never cut: 13栋 does not name 3栋.
        """
        for part in _parts(_plain(text), self._longest):
            found = self._names.get(part)
            if found is not None:
                code, point, reach_m, kind = found
                return Location("alias", point, code, reach_m, f"{kind} {part}")
        return _nowhere("the text names no building or community that the register has")

    def find(self, account: str | None, text: str | None) -> Location:
        """Return where an account is, or else what a text names."""
        tried = [self.by_account(account)] if account else []
        if not tried or tried[0].point is None:
            tried += [self.by_text(text)] if text else []
        return next(
            (one for one in tried if one.point is not None), tried[0] if tried else _nowhere("nothing was told")
        )

    @cached_property
    def _accounts(self) -> dict[str, int]:
        return {code: row for row, code in enumerate(self.customers["code"])}

    @cached_property
    def _points(self) -> np.ndarray:
        return self.customers.geometry.to_numpy()

    @cached_property
    def _longest(self) -> int:
        return min(max(map(len, self._names), default=0), _LONGEST)

    @cached_property
    def _names(self) -> dict[str, tuple[str, shapely.Point, float, str]]:
        """Return each name that only one thing bears: its code, a point in it, how far off that may be, what it is."""
        names: dict[str, tuple[str, shapely.Point, float, str] | None] = {}
        things: dict[str, tuple[str, shapely.Point, float, str]] = {}
        for kind, table in (("building", self.buildings), ("community", self.communities)):
            shapes = table.geometry.to_numpy()
            reach = np.maximum(np.sqrt(shapely.area(shapes)) / 2, BUILDING_M)
            rows = zip(table["code"], shapely.point_on_surface(shapes), reach.tolist(), strict=True)
            things |= {code: (code, point, float(far), kind) for code, point, far in rows}
        for name, code in self._called():
            if len(name) >= _SHORTEST and code in things:
                same = name not in names or names[name] == things[code]
                names[name] = things[code] if same else None
        names |= {_plain(name): things[code] for name, code in self.aliases.items() if code in things}
        return {name: thing for name, thing in names.items() if thing is not None}

    def _called(self) -> Iterator[tuple[str, str]]:
        """Yield every name with the code of what bears it: names, with their community, addresses to the building."""
        towns = dict(zip(self.communities["code"], self.communities["name"], strict=True))
        yield from ((_plain(name), code) for code, name in towns.items())
        columns = (self.buildings[name].tolist() for name in ("code", "name", "community_code"))
        for code, name, community in zip(*columns, strict=True):
            if isinstance(name, str):
                yield _plain(name), code
                yield _plain(f"{towns.get(community, '')}{name}"), code
        homes = self.customers[["address", "building_code"]].dropna()
        short = homes["address"].map(masked_address).str.removesuffix("***")
        pairs = pd.DataFrame({"name": short, "code": homes["building_code"]}).drop_duplicates()
        yield from ((_plain(name), code) for name, code in zip(pairs["name"], pairs["code"], strict=True))


def pinned(x: float, y: float, project: pyproj.CRS, *, source: str = "EPSG:4326", frame: str = "wgs84") -> Location:
    """Return where a pin on a map stands, east first.

    Parameters
    ----------
    project
        The CRS of the answer.
    source, frame
        What the numbers are in; the frame ``gcj02`` or ``bd09`` for degrees of a Chinese map service.

    Raises
    ------
    InputError
        When they are no numbers, or lie outside what the CRS is for.
    """
    if not np.isfinite([x, y]).all():
        raise InputError("has a coordinate that is no number", todo="set the pin again", field="geom")
    given = frames.crs_named(source, "pin")
    box = frames.degrees_box(given, np.array([x, y, x, y]))
    move = frames.move(given, frame, project, near=box)
    (place,) = move.apply(np.array([[x, y]]))
    if not np.isfinite(place).all():
        raise InputError(f"({x:g}, {y:g}) lies outside {project.name}", todo="state its CRS or frame", field="geom")
    told = f"a pin on the map, {frame if frame != 'wgs84' else given.name}"
    return Location("pin", shapely.Point(place), None, move.accuracy_m or 1.0, told)


def _nowhere(why: str) -> Location:
    return Location("unlocated", None, None, float("nan"), why)


def _plain(text: str) -> str:
    """Return a text without spaces, wide letters and digits as narrow ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _parts(text: str, longest: int) -> Iterator[str]:
    """Yield the parts of a text, longest first, none of which cuts a number in two."""
    for length in range(min(longest, len(text)), _SHORTEST - 1, -1):
        for start in range(len(text) - length + 1):
            end = start + length
            if not _cut(text, start) and not _cut(text, end):
                yield text[start:end]


def _cut(text: str, place: int) -> bool:
    """Return whether a number goes on over a place in a text."""
    return 0 < place < len(text) and text[place - 1].isdigit() and text[place].isdigit()
