"""Repeat repairs of a million, side by side with the join of every pair on a pipe; and the ranking of pipes.

    python -m benchmarks.repeats                       1,000,000 repairs on 200,000 pipes, half a minute
    python -m benchmarks.repeats --repairs 100000      a quick look

The peer merges the repairs of each pipe with one another in pandas and keeps the pairs that are near and recent
enough, as one would in SQL. It gets the repairs of every twentieth pipe, for the pairs of all take tens of GB; both
answers to those are compared. Times are of the processor, of one core; ours are the best of three runs, the
peer's of one.
"""

from __future__ import annotations

import argparse
import resource
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from benchmarks.aims import as_fast, at_most, met
from benchmarks.hotspots import timed
from gisapp.density import back_test, break_rates, pipe_breaks, pipe_ranking
from gisapp.incidents import repeat_repairs

AIM_S = 0.6
PIPES = 200_000
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = {"start": date(2023, 1, 1), "end": date(2025, 12, 31)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repairs", type=int, default=1_000_000)
    count = parser.parse_args().repairs
    rng = np.random.default_rng(1)
    pipes = register(rng)
    incidents = repairs(rng, count)
    repeat_repairs(incidents.head(1_000), ZONE)  # compiles
    found, ours = timed(lambda: repeat_repairs(incidents, ZONE), 3)
    aim = at_most(ours, AIM_S * count / 1_000_000, "s", "9.3f")
    print(f"repeats among {count:,} repairs  {aim}, {len(found.table):,} found")
    some = incidents[incidents["link_code"].str[-2:].isin(["00", "20", "40", "60", "80"])].reset_index(drop=True)
    few, ours = timed(lambda: repeat_repairs(some, ZONE), 3)
    pairs, theirs = timed(lambda: merged(some))
    same = set(zip(few.table["incident_code"], few.table["earlier_code"], strict=True)) == pairs
    print(f"  every pair, {len(some):,} repairs {theirs:7.3f} s, {as_fast(theirs, ours)}, the same answer: {met(same)}")
    breaks = pipe_breaks(incidents, ZONE)
    by = ["material", "decade", "diameter"]
    _, span = timed(lambda: break_rates(pipes, breaks, by=by, **PERIOD))
    print(f"rates of {PIPES:,} pipes by {', '.join(by)}: {span:.3f} s")
    _, span = timed(lambda: pipe_ranking(pipes, breaks, by=by, **PERIOD))
    print(f"  their ranking             {span:9.3f} s")
    _, span = timed(lambda: back_test(pipes, breaks, by=by, start=PERIOD["start"], cuts=[2024, 2025]))
    print(f"  its test on two years     {span:9.3f} s")
    print(f"memory peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def register(rng: np.random.Generator) -> pd.DataFrame:
    """Return pipes of five materials and seven decades."""
    columns = {
        "utility": "water",
        "code": codes("W", PIPES),
        "kind": "pipe",
        "length_m": rng.lognormal(4, 1, PIPES),
        "material": pd.Series(rng.choice(["steel", "pe", "pvc", "grey_cast_iron", "ductile_iron"], PIPES), dtype="str"),
        "laid_year": pd.array(rng.integers(1955, 2020, PIPES), dtype="Int64"),
        "diameter_mm": rng.choice([50.0, 100.0, 200.0, 300.0, 600.0], PIPES),
        "rank": "branch",
    }
    return pd.DataFrame(columns)


def repairs(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Return repairs of three years, a few pipes with many of them."""
    pipe = np.minimum(rng.gamma(0.7, 1 / 0.7, count) * PIPES / 4, PIPES - 1).astype(int)
    done = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 3 * 365 * 86_400, count), "s")
    repaired = pd.Series(done).astype("datetime64[ms, UTC]")
    columns = {
        "code": codes("I", count),
        "link_code": codes("W", PIPES).take(pipe).reset_index(drop=True),
        "measure_m": rng.uniform(0, 120, count).round(2),
        "repaired_at": repaired,
        "reported_at": repaired - pd.Timedelta(hours=5),
        "duplicate_of": pd.Series(None, index=range(count), dtype="str"),
        "drill": False,
    }
    texts = {"utility": "water", "type": "leak", "status": "closed", "unit_code": "U07", "cause": "corrosion"}
    same = {name: pd.Series([text], dtype="str").take(np.zeros(count, int)).array for name, text in texts.items()}
    return pd.DataFrame(columns | same)


def codes(letter: str, count: int) -> pd.Series:
    """Return codes with a number."""
    return pd.Series([f"{letter}{at:07}" for at in range(count)], dtype="str")


def merged(incidents: pd.DataFrame) -> set[tuple[str, str]]:
    """Return each repair that repeats another with the latest such other, by looking at every pair on a pipe."""
    some = incidents[["code", "link_code", "measure_m", "repaired_at"]].copy()
    some["day"] = some["repaired_at"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.floor("D")
    some["until"] = some["day"] + pd.DateOffset(months=3)
    pairs = some.merge(some, on="link_code", suffixes=("", "_before"))
    pairs = pairs[(pairs["repaired_at_before"] < pairs["repaired_at"]) & (pairs["day"] <= pairs["until_before"])]
    pairs = pairs[(pairs["measure_m"] - pairs["measure_m_before"]).abs().round(3) <= 5]
    latest = pairs.sort_values("repaired_at_before", kind="stable").drop_duplicates("code", keep="last")
    return set(zip(latest["code"], latest["code_before"], strict=True))


if __name__ == "__main__":
    main()
