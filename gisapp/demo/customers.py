"""Buildings as a table, and the customers in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.buildings import STYLES, Layout
from gisapp.demo.districts import PEOPLE_PER_HOME, community_names
from gisapp.demo.frames import coded, codes, framed, kept
from gisapp.demo.land import BUSINESS, HOMES, HOSPITAL, INDUSTRY, SCHOOL, multi
from gisapp.demo.people import phones
from gisapp.demo.pipes import Laid

# Kind, its name in generic Chinese, one in so many buildings of the given uses, and people on an ordinary day.
_SPECIAL = (
    ("kindergarten", "幼儿园", 110, HOMES, 220),
    ("care_home", "养老院", 280, HOMES, 130),
    ("heat_station", "换热站", 95, HOMES, 0),
    ("dialysis", "透析中心", 260, (BUSINESS,), 60),
    ("fire_station", "消防站", 90, (BUSINESS,), 40),
    ("government", "政务中心", 60, (BUSINESS,), 150),
)
_BIG = {"school": ("学校", 900), "hospital": ("医院", 700)}


@dataclass(frozen=True)
class Customers:
    """The ``customers`` table, each one's building and stairwell, and the share of a building's front it is at."""

    table: pd.DataFrame
    building: np.ndarray
    share: np.ndarray


def building_kinds(layout: Layout, rng: np.random.Generator) -> np.ndarray:
    """Return the kind of each building; some among homes and offices serve the public."""
    use = layout.buildings["use"].to_numpy()
    kind = np.select(
        [np.isin(use, HOMES), use == INDUSTRY, use == SCHOOL, use == HOSPITAL],
        ["residential", "industry", "school", "hospital"],
        "business",
    ).astype(object)
    for name, _, one_in, uses, _ in _SPECIAL:
        able = np.flatnonzero(np.isin(use, uses) & np.isin(kind, ("residential", "business")))
        wanted = max(1, round(np.isin(use, uses).sum() / one_in))
        kind[rng.choice(able, min(wanted, len(able)), replace=False)] = name
    return kind


def building_households(layout: Layout, kind: np.ndarray) -> np.ndarray:
    """Return the households in each building."""
    flats = np.array([STYLES[use].flats if use in STYLES else 0 for use in range(max(STYLES) + 1)])
    table = layout.buildings
    homes = table["stairs"] * table["floors"] * flats[table["use"]]
    return np.where(kind == "residential", homes, 0)


def building_table(layout: Layout, kind: np.ndarray, households: np.ndarray, community: np.ndarray) -> pd.DataFrame:
    """Return the ``buildings`` table; ``community`` is by block."""
    home = community[layout.buildings["block"]]
    names = _words(_building_numbers(home), "栋")
    for name, word, *_ in (*_SPECIAL, *((key, value[0]) for key, value in _BIG.items())):
        mine = np.flatnonzero(kind == name)
        names[mine] = _words(np.arange(1, len(mine) + 1), f"号{word}")
    columns = {
        "code": codes("B", len(kind)),
        "name": names,
        "kind": kind,
        "floors": np.where(np.isin(kind, ("kindergarten", "heat_station")), 2, layout.buildings["floors"]),
        "households": households,
        "community_code": coded("C", home, 4),
    }
    return framed("buildings", columns, multi(layout.polygon))


def make_customers(
    layout: Layout, kind: np.ndarray, households: np.ndarray, community: np.ndarray, wanted: int,
    rng: np.random.Generator,
) -> Customers:  # fmt: skip
    """Return about ``wanted`` customers: meters of homes by stairwell, and one to three a shop or office."""
    table = layout.buildings
    stairs = table["stairs"].to_numpy()
    others = np.flatnonzero(households == 0)
    shops = np.where(kind[others] == "business", rng.integers(1, 4, len(others)), 1)
    homes = np.flatnonzero(households > 0)
    stair_building = np.repeat(homes, stairs[homes])
    in_stair = households[stair_building] // stairs[stair_building]
    count = _meters(in_stair, wanted - int(shops.sum()), rng)
    building = np.concatenate([np.repeat(stair_building, count), np.repeat(others, shops)])
    stair = np.concatenate([np.repeat(_nth(stair_building), count), _nth(np.repeat(others, shops)) % 3])
    first = np.repeat(np.r_[0, np.cumsum(count)[:-1]], count)
    nth = np.arange(int(count.sum())) - first
    per_stair, of = np.repeat(in_stair, count), np.repeat(count, count)
    held = (nth + 1) * per_stair // of - nth * per_stair // of
    floor = 1 + nth * np.repeat(table["floors"].to_numpy()[stair_building], count) // of
    held = np.concatenate([held, np.ones(int(shops.sum()), int)])
    floor = np.concatenate([floor, np.ones(int(shops.sum()), int)])
    share = (np.minimum(stair, stairs[building] - 1) + 0.5) / stairs[building]
    meters = pd.DataFrame({"building": building, "stair": stair, "households": held, "floor": floor, "share": share})
    meters = meters.sort_values(["building", "stair", "floor"], kind="stable").reset_index(drop=True)
    table = _table(layout, kind, community, meters, rng)
    return Customers(table, meters["building"].to_numpy(), meters["share"].to_numpy())


def front(layout: Layout, building: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the places at a share of the service line that passes each building."""
    table = layout.buildings.iloc[building]
    near, far = table[["near_x", "near_y"]].to_numpy(), table[["far_x", "far_y"]].to_numpy()
    return near + share[:, None] * (far - near)


def connection_frame(laid: Laid, customers: Customers, layout: Layout) -> pd.DataFrame:
    """Return the ``connections`` of a network: customers on their building's service, where it passes their door."""
    links = laid.tables["links"]
    link = laid.service[customers.building]
    on = np.flatnonzero(link >= 0)
    link = link[on]
    doors = shapely.points(front(layout, customers.building[on], customers.share[on]))
    columns = {
        "utility": links["utility"].to_numpy(dtype=object)[link],
        "customer_code": customers.table["code"].to_numpy(dtype=object)[on],
        "link_code": links["code"].to_numpy(dtype=object)[link],
        "measure_m": np.round(shapely.line_locate_point(laid.shapes[link], doors), 2),
    }
    return framed("connections", columns)


def _meters(homes: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Return the meters of each stairwell: between one for all and one a home, ``wanted`` in all if that can be."""
    luck = rng.random(len(homes))
    low, high = 0.0, 1.0
    for _ in range(50):
        rate = (low + high) / 2
        count = np.clip(np.floor(homes * rate + luck), 1, homes).astype(int)
        low, high = (rate, high) if count.sum() < wanted else (low, rate)
    return count


def _nth(groups: np.ndarray) -> np.ndarray:
    """Return for each entry of a grouped array its place in its group, from 0."""
    new = np.r_[True, groups[1:] != groups[:-1]]
    starts = np.flatnonzero(new)
    return np.arange(len(groups)) - starts[np.cumsum(new) - 1]


def _building_numbers(community: np.ndarray) -> np.ndarray:
    """Return the number of each building within its community, from 1."""
    order = np.argsort(community, kind="stable")
    numbers = np.empty(len(community), int)
    numbers[order] = _nth(community[order]) + 1
    return numbers


def _table(
    layout: Layout, kind: np.ndarray, community: np.ndarray, meters: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the ``customers`` table, one row a meter."""
    building, stair, held, floor, share = (column.to_numpy() for _, column in meters.items())
    count = len(building)
    what = kind[building]
    home = community[layout.buildings["block"]]
    special = np.isin(what, [name for name, *_ in _SPECIAL] + list(_BIG))
    crowd = pd.Series(what).map({**{k: n for k, *_, n in _SPECIAL}, **{k: n for k, (_, n) in _BIG.items()}})
    people = np.where(special, crowd.fillna(0) * rng.uniform(0.4, 1.3, count), rng.integers(3, 45, count))
    people = np.where(what == "residential", np.ceil(held * PEOPLE_PER_HOME), people)
    numbers = np.arange(1, count + 1)
    address = (
        community_names(home[building]) + _words(_building_numbers(home)[building], "栋")
        + _words(stair + 1, "单元") + _words(floor * 100 + 1 + numbers % 4, "室")
    )  # fmt: skip
    columns = {
        "code": codes("", numbers, 8),
        "name": codes("用户", numbers, 8),
        "phone": phones(1_000_000 + numbers),
        "address": address,
        "kind": np.select([what == "residential", special], ["resident", "special"], "business"),
        "critical": kept(what, special),
        "households": held,
        "people": people.astype(int),
        "building_code": coded("B", building),
        "floor": floor,
        "meter_inside": rng.random(count) < np.where(layout.buildings["floors"].to_numpy()[building] > 7, 0.8, 0.3),
    }
    return framed("customers", columns, shapely.points(_meter_places(layout, building, share, rng)))


def _words(numbers: np.ndarray, word: str) -> np.ndarray:
    """Return numbers followed by a word."""
    return numbers.astype(str).astype(object) + word


def _meter_places(layout: Layout, building: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points just inside the building behind each stairwell's door."""
    middle = shapely.get_coordinates(shapely.centroid(layout.polygon))
    inward = middle - front(layout, np.arange(len(middle)), np.full(len(middle), 0.5))
    inward /= np.hypot(*inward.T)[:, None]
    deep = 3.5 + rng.uniform(1.0, 3.5, len(building))
    side = np.column_stack([-inward[:, 1], inward[:, 0]])[building] * rng.uniform(-2, 2, len(building))[:, None]
    return np.round(front(layout, building, share) + deep[:, None] * inward[building] + side, 3)
