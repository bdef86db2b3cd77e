"""Three years of incidents, month by month, so that memory stays bounded however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.frames import framed, kept, moment
from gisapp.demo.lifecycle import Hands, life_columns, make_lives, step_frame
from gisapp.demo.people import (
    DISCIPLINE,
    DISPATCH,
    LEGAL,
    METERS,
    NETWORK,
    OFFICE,
    QUALITY,
    REPAIR_BASE,
    SEARCH,
    Leaders,
    phones,
)
from gisapp.demo.phrases import phrases
from gisapp.demo.places import Open, Places, Reports, place_all
from gisapp.demo.seasons import DAYS, TYPE_NAMES, TYPES, daily_rates, seconds_of_day
from gisapp.demo.sites import Sites
from gisapp.demo.sizes import NOW, START, Size
from gisapp.grids import GridIndex
from gisapp.incidents.lives import NO_WORK

MONTH_DAYS = 31
_OVER = ("archived", *NO_WORK)
_BURST = TYPE_NAMES.index("burst")
MONTHS = -(-DAYS // MONTH_DAYS)
_OTHER_UTILITY = {"power_outage": "power", "no_heat": "heating", "gas_leak": "gas"}
_UNIT = {"leak": NETWORK, "burst": NETWORK, "low_pressure": OFFICE, "quality": QUALITY, "meter_fault": METERS,
         "meter_well_leak": METERS, "cover": METERS, "complaint": OFFICE, "patrol_finding": NETWORK,
         "other": OFFICE, "no_supply": OFFICE}  # fmt: skip
_UNIT |= {name: REPAIR_BASE[utility] for name, utility in _OTHER_UTILITY.items()}
_CHANNELS = ("phone", "mayor_hotline", "web", "app", "wechat", "counter", "media", "superior", "opinion_card", "other")
_CHANNEL_SHARE = (0.54, 0.13, 0.03, 0.06, 0.17, 0.04, 0.006, 0.006, 0.008, 0.01)
_CAUSES = {"leak": ("corrosion", "joint", "frost", "third_party", "settlement", "unknown"),
           "burst": ("frost", "corrosion", "third_party", "pressure", "settlement", "unknown")}  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """Where incidents happen and who answers for each grid."""

    size: Size
    sites: Sites
    index: GridIndex
    grid_codes: np.ndarray
    leaders: Leaders
    members: np.ndarray
    crews: Mapping[str, np.ndarray]


def incident_months(scene: Scene, seed: np.random.SeedSequence) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield incidents and their steps, one month after the other."""
    first, *months = seed.spawn(1 + MONTHS)
    rates = daily_rates(scene.size.incidents, np.random.default_rng(first))
    past = Open()
    for number, child in enumerate(months):
        span = slice(number * MONTH_DAYS, min(DAYS, (number + 1) * MONTH_DAYS))
        yield _month(scene, rates[:, span], span.start, past, np.random.default_rng(child))


def _month(
    scene: Scene, rates: np.ndarray, first_day: int, past: Open, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one month's incidents and steps."""
    reports = _reports(rates, first_day, past, rng)
    places = place_all(scene.sites, reports, past, rng)
    lives = make_lives(reports.at, reports.kind, reports.parent >= 0, rng)
    code = _codes(reports.at)
    unit = _units(reports, rng)
    row = scene.index.locate(places.xy)
    columns = {"code": code, "unit_code": unit, "duplicate_of": _taken(code, reports.parent)}
    columns |= _columns(scene.sites, reports, past, places, rng) | life_columns(lives)
    columns["grid_code"] = _taken(scene.grid_codes, row)
    columns["grid_rev"] = np.where(row >= 0, 1.0, np.nan)
    columns["cause"] = _causes(reports, lives.at[:, 7], rng)
    points = shapely.points(places.xy)
    points[np.isnan(places.xy[:, 0])] = None
    since = moment(NOW) - np.timedelta64(scene.size.history_days, "D")
    ended = np.isin(lives.status, _OVER) | ((lives.life > 0) & (lives.status == "closed"))
    recent = (reports.at >= since) | ~ended
    hands = Hands(
        unit,
        _crews(scene, columns["utility"], rng),
        np.where(row >= 0, scene.members[np.maximum(row, 0)], DISPATCH),
        scene.leaders.at(row, reports.at),
        scene.leaders.at(row, lives.at[:, -1]),
        columns["duplicate_of"],
    )
    steps = step_frame(code, lives, hands, np.flatnonzero(recent), rng)
    _remember(past, code, reports, places, lives.at[:, 7])
    return framed("incidents", columns, points), steps


def _crews(scene: Scene, utility: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a crew of its utility for each incident."""
    draw = rng.random(len(utility))
    found = np.full(len(utility), DISPATCH, dtype=object)
    for name, crews in scene.crews.items():
        mine = utility == name
        found[mine] = crews[(draw[mine] * len(crews)).astype(int)]
    return found


def _reports(rates: np.ndarray, first_day: int, past: Open, rng: np.random.Generator) -> Reports:
    """Return what is reported in a month, in order."""
    kind, at = _moments(rates, first_day, rng)
    parent = _parents(kind, rng)
    at = _soon_after(at, parent, rng)
    keep = (at <= moment(NOW)) & (at < at_day(first_day + rates.shape[1]))
    kind, at, parent = _sorted(kind, at, parent, keep)
    return Reports(kind, at, parent, _repeats(kind, at, parent, past, rng))


def at_day(day: int) -> np.datetime64:
    """Return the first moment of a day counted from the start."""
    return moment(START) + np.timedelta64(day, "D")


def _moments(rates: np.ndarray, first_day: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the type and moment of each report."""
    count = rng.poisson(rates)
    kind, day = (np.repeat(grid.ravel(), count.ravel()) for grid in np.indices(count.shape))
    seconds = seconds_of_day(kind, rng)
    return kind, at_day(first_day) + day.astype("timedelta64[D]") + np.round(seconds * 1000).astype("timedelta64[ms]")


def _parents(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each report the one it repeats (-1: none); few incidents draw many reports."""
    parent = np.full(len(kind), -1)
    starts = np.searchsorted(kind, np.arange(len(TYPES) + 1))
    for row, (*_, share) in enumerate(TYPES.values()):
        mine = np.arange(starts[row], starts[row + 1])
        doubles = rng.random(len(mine)) < share
        first = mine[~doubles]
        if len(first) and doubles.any():
            fame = np.cumsum(rng.lognormal(0, 1.3, len(first)))
            pick = np.searchsorted(fame, rng.random(int(doubles.sum())) * fame[-1])
            parent[mine[doubles]] = first[pick]
    return parent


def _soon_after(at: np.ndarray, parent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the moments with repeated reports within some hours of the first."""
    wait = np.round((rng.exponential(50.0, len(at)) + 1.5) * 60_000).astype("timedelta64[ms]")
    return np.where(parent >= 0, at[np.maximum(parent, 0)] + wait, at)


def _sorted(
    kind: np.ndarray, at: np.ndarray, parent: np.ndarray, keep: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the kept reports in the order of their moments; a report without its first one goes with it."""
    keep = keep & ((parent < 0) | keep[np.maximum(parent, 0)])
    order = np.flatnonzero(keep)[np.argsort(at[keep], kind="stable")]
    place = np.full(len(kind), -1)
    place[order] = np.arange(len(order))
    parent = parent[order]
    return kind[order], at[order], np.where(parent >= 0, place[np.maximum(parent, 0)], -1)


def _repeats(kind: np.ndarray, at: np.ndarray, parent: np.ndarray, past: Open, rng: np.random.Generator) -> np.ndarray:
    """Return for each leak or burst the past repair that did not hold (-1: none)."""
    again = np.full(len(kind), -1)
    if not len(past.code):
        return again
    able = (kind <= _BURST) & (parent < 0) & (rng.random(len(kind)) < 0.09)
    pick = rng.integers(0, len(past.code), len(kind))
    wait = at - past.repaired[pick]
    able &= (wait > np.timedelta64(1, "D")) & (wait < np.timedelta64(88, "D"))
    chosen = np.flatnonzero(able)
    _, first = np.unique(pick[chosen], return_index=True)
    again[chosen[first]] = pick[chosen[first]]
    return again


def _remember(past: Open, code: np.ndarray, reports: Reports, places: Places, repaired: np.ndarray) -> None:
    """Keep the repairs of the last three months."""
    if not len(code):
        return
    mine = np.flatnonzero((reports.kind <= _BURST) & (reports.parent < 0) & (places.link >= 0) & ~np.isnat(repaired))
    past.code = np.concatenate([past.code, code[mine]])
    past.link = np.concatenate([past.link, places.link[mine]])
    past.measure = np.concatenate([past.measure, places.measure[mine]])
    past.repaired = np.concatenate([past.repaired, repaired[mine]])
    fresh = past.repaired > reports.at[-1] - np.timedelta64(89, "D")
    past.code, past.link, past.measure = past.code[fresh], past.link[fresh], past.measure[fresh]
    past.repaired = past.repaired[fresh]


def _codes(at: np.ndarray) -> np.ndarray:
    """Return the codes of incidents in order: the local date and a number within the day."""
    local = (at + np.timedelta64(8, "h")).astype("datetime64[D]")
    days, day = np.unique(local, return_inverse=True)
    nth = np.arange(len(at)) - np.searchsorted(local, local)
    width = 5
    numbers = np.char.zfill(np.arange(1, int(nth.max(initial=0)) + 2).astype(str), width).astype(object)
    dates = np.array(["WX" + str(date).replace("-", "") + "-" for date in days], dtype=object)
    return dates[day] + numbers[nth]


def _units(reports: Reports, rng: np.random.Generator) -> np.ndarray:
    """Return the unit that must act, by the simple routing of the rules."""
    kind, parent = reports.kind, reports.parent
    unit = np.array([_UNIT[name] for name in TYPE_NAMES], dtype=object)[kind]
    heard = 1 + np.bincount(parent[parent >= 0], minlength=len(kind))
    heard = np.where(parent >= 0, heard[np.maximum(parent, 0)], heard)
    dry = kind == TYPE_NAMES.index("no_supply")
    unit[dry & (heard > 1)] = NETWORK
    unit[dry & (heard > 3)] = DISPATCH
    some = rng.random(len(kind))
    grievance = kind == TYPE_NAMES.index("complaint")
    unit[grievance & (some < 0.08)] = DISCIPLINE
    unit[grievance & (some > 0.94)] = LEGAL
    unit[(kind == TYPE_NAMES.index("low_pressure")) & (some < 0.05)] = SEARCH
    return unit


def _columns(
    sites: Sites, reports: Reports, past: Open, places: Places, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the columns that the place and the reporter decide."""
    kind, count = reports.kind, len(reports.kind)
    staff = kind == TYPE_NAMES.index("patrol_finding")
    sensor = (kind <= _BURST) & (rng.random(count) < 0.04)
    channel = np.array(_CHANNELS, dtype=object)[_drawn(np.array(_CHANNEL_SHARE), count, rng)]
    channel = np.where(staff, "patrol", np.where(sensor, "sensor", channel))
    phone = sites.phone[places.near]
    stranger = (places.customer < 0) & (rng.random(count) < 0.6)
    phone = np.where(stranger, phones(5_000_000 + rng.integers(0, 900_000, count)) if count else phone, phone)
    silent = staff | sensor
    summary, text = phrases(kind, sites.address[places.near], phone, silent, rng)
    utility = np.array([_OTHER_UTILITY.get(name, "water") for name in TYPE_NAMES], dtype=object)[kind]
    return {
        "utility": utility,
        "type": np.array(TYPE_NAMES, dtype=object)[kind],
        "channel": channel,
        "reported_at": reports.at,
        "customer_code": _taken(sites.customer_code, places.customer),
        "link_code": places.link_code,
        "measure_m": places.measure,
        "device_code": _taken(sites.device_code, places.device),
        "repeat_of": _taken(past.code, reports.again),
        "located_by": places.located_by,
        "accuracy_m": places.accuracy,
        "summary": summary,
        "text": text,
        "reporter_phone": kept(phone, ~silent),
        "drill": rng.random(count) < 0.0012,
    }


def _taken(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return values by row, None where the row is negative."""
    if not len(values):
        return np.full(len(rows), None, dtype=object)
    found = values[np.maximum(rows, 0)]
    found[rows < 0] = None
    return found


def _drawn(share: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return numbers drawn with the given shares."""
    return np.searchsorted(np.cumsum(share / share.sum())[:-1], rng.random(count), side="right")


def _causes(reports: Reports, repaired: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the cause found when a leak or burst was repaired."""
    kind, parent = reports.kind, reports.parent
    cause = np.full(len(kind), None, dtype=object)
    for name, words in _CAUSES.items():
        mine = (kind == TYPE_NAMES.index(name)) & ~np.isnat(repaired) & (parent < 0)
        cause[mine] = np.array(words, dtype=object)[rng.integers(0, len(words), int(mine.sum()))]
    return cause
