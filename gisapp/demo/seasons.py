"""When things are reported: by season, weekday, hour, on burst days and in the heating season."""

from __future__ import annotations

import numpy as np

from gisapp.demo.sizes import NOW, START

DAYS = int((NOW - START).total_seconds() // 86_400) + 1
LAST_DAY_SHARE = (NOW - START).total_seconds() / 86_400 - (DAYS - 1)

# Type: share of all reports, how strongly it follows the season, its peak as a day of the year, weekend share,
# share that repeats another report of the same thing.
TYPES: dict[str, tuple[float, float, int, float, float]] = {
    "leak": (0.125, 0.25, 25, 0.95, 0.14),
    "burst": (0.022, 1.15, 20, 1.0, 0.38),
    "no_supply": (0.105, 0.30, 200, 1.0, 0.30),
    "low_pressure": (0.075, 0.85, 205, 1.0, 0.16),
    "quality": (0.035, 0.50, 190, 0.9, 0.10),
    "meter_fault": (0.095, 0.30, 15, 0.6, 0.02),
    "meter_well_leak": (0.06, 0.75, 18, 0.8, 0.04),
    "cover": (0.02, 0.15, 200, 0.8, 0.10),
    "power_outage": (0.135, 0.65, 208, 1.0, 0.34),
    "no_heat": (0.125, 0.35, 5, 1.05, 0.18),
    "gas_leak": (0.025, 0.35, 10, 1.0, 0.06),
    "complaint": (0.075, 0.05, 60, 0.55, 0.04),
    "patrol_finding": (0.073, 0.05, 120, 0.15, 0.0),
    "other": (0.03, 0.05, 100, 0.5, 0.0),
}
TYPE_NAMES = tuple(TYPES)

# Day counted from the start, and by what factor the types rise on it: cold snaps, storms, one trunk main.
BURST_DAYS: tuple[tuple[int, dict[str, float]], ...] = (
    (60, {"burst": 9, "meter_well_leak": 6, "leak": 2.5, "no_supply": 4, "meter_fault": 2.5}),
    (61, {"burst": 5, "meter_well_leak": 7, "leak": 2.0, "no_supply": 3}),
    (231, {"power_outage": 9, "no_supply": 2, "cover": 6}),
    (413, {"burst": 7, "meter_well_leak": 5, "leak": 2.2, "no_supply": 3.5}),
    (596, {"power_outage": 7, "low_pressure": 3}),
    (640, {"no_supply": 8, "quality": 7, "low_pressure": 4}),
    (788, {"burst": 11, "meter_well_leak": 8, "leak": 3.0, "no_supply": 5, "meter_fault": 3}),
    (789, {"burst": 6, "meter_well_leak": 6, "leak": 2.0, "no_supply": 3}),
    (975, {"power_outage": 8, "cover": 5}),
)
_HOURS = {
    "day": (1, 0.7, 0.5, 0.4, 0.5, 1, 2.6, 5, 7.5, 8, 7.5, 6, 5, 5, 5.5, 5.6, 5.6, 6, 6.5, 7, 6.6, 5, 3.2, 1.8),
    "burst": (4, 5, 6, 6.5, 7, 7, 7, 6, 5, 4, 3.5, 3, 3, 3, 3, 3, 3, 3.5, 4, 4, 4, 4, 4, 4),
    "home": (0.8, 0.5, 0.4, 0.4, 0.5, 1.4, 5, 7, 5.5, 4, 3.6, 4.4, 4.4, 3.2, 2.8, 3, 3.8, 6, 8.5, 9, 8, 6, 3.4, 1.6),
    "shift": (0, 0, 0, 0, 0, 0, 0.2, 2, 9, 11, 10, 7, 2, 4, 9, 9, 8, 4, 0.6, 0.2, 0.1, 0, 0, 0),
}
_PATTERN = {
    "burst": "burst", "no_supply": "home", "low_pressure": "home", "quality": "home", "power_outage": "home",
    "no_heat": "home", "patrol_finding": "shift", "meter_fault": "shift", "complaint": "day",
}  # fmt: skip


def daily_rates(total: int, rng: np.random.Generator) -> np.ndarray:
    """Return the expected reports by (type, day), ``total`` in all."""
    day = np.arange(DAYS)
    date = np.datetime64(START.tz_convert("Asia/Shanghai").tz_localize(None), "D") + day
    of_year = (date - date.astype("datetime64[Y]")).astype(int)
    weekend = (date.astype(int) + 3) % 7 >= 5
    trend = 1 + 0.05 * day / 365
    rates = np.empty((len(TYPES), DAYS))
    for row, (name, (share, swing, peak, resting, _)) in enumerate(TYPES.items()):
        season = np.exp(swing * np.cos(2 * np.pi * (of_year - peak) / 365.25))
        rate = season * np.where(weekend, resting, 1.0) * trend * rng.gamma(40, 1 / 40, DAYS)
        if name == "no_heat":
            rate = rate * _heating(of_year)
        for when, factors in BURST_DAYS:
            rate[when] *= factors.get(name, 1.0)
        rate[-1] *= LAST_DAY_SHARE
        rates[row] = total * share * rate / rate.sum()
    return rates


def seconds_of_day(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a time of day in seconds for each report, given its type's row."""
    seconds = np.empty(len(kind))
    for row, name in enumerate(TYPE_NAMES):
        mine = np.flatnonzero(kind == row)
        weight = np.array(_HOURS[_PATTERN.get(name, "day")], float)
        hour = rng.choice(24, len(mine), p=weight / weight.sum())
        seconds[mine] = 3600 * (hour + rng.random(len(mine)))
    return seconds


def _heating(of_year: np.ndarray) -> np.ndarray:
    """Return how much heating is asked for: from 15 November to 15 March, most in the first days."""
    since = np.where(of_year >= 318, of_year - 318, of_year + 47)
    on = (of_year >= 318) | (of_year <= 74)
    return np.where(on, 1 + 3.2 * np.exp(-since / 6.0), 0.0)
