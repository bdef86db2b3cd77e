from datetime import date
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from gisapp.density import incident_cube, surface
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES, conform

ZONE = ZoneInfo("Asia/Shanghai")


def incidents(rows):
    """Rows of (type, time, point or None, drill, duplicate_of)."""
    frame = pd.DataFrame(rows, columns=["type", "reported_at", "geom", "drill", "duplicate_of"])
    frame["code"] = [f"I{number}" for number in range(len(frame))]
    frame["reported_at"] = pd.to_datetime(frame["reported_at"], utc=True)
    frame = frame.assign(channel="phone", status="registered")
    return conform(gpd.GeoDataFrame(frame, geometry="geom", crs="EPSG:4547"), "incidents")


def town():
    here = Point(520_000, 3_386_000)
    return incidents(
        [
            ("leak", "2026-03-01T01:00Z", here, False, None),
            ("burst", "2026-03-01T02:00Z", Point(520_100, 3_386_000), False, None),
            ("leak", "2026-02-28T15:59Z", here, False, None),  # 23:59 on 28 February in Shanghai
            ("leak", "2026-02-28T16:00Z", here, False, None),  # midnight: 1 March
            ("leak", "2026-03-05T04:00Z", None, False, None),
            ("leak", "2026-03-05T04:00Z", Point(), False, None),
            ("leak", "2026-03-05T04:00Z", here, True, None),
            ("leak", "2026-03-01T01:05Z", here, False, "I0"),
            ("leak", "2026-03-05T05:00Z", here, False, None),
        ]
    )


def random_incidents(number=3000, seed=1):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(520_000, 900, number), rng.normal(3_386_000, 900, number)
    return incidents(
        [
            (
                INCIDENT_TYPES[rng.integers(len(INCIDENT_TYPES))],
                pd.Timestamp("2025-01-01T00:00Z") + pd.Timedelta(minutes=int(rng.integers(60 * 24 * 90))),
                None if rng.random() < 0.1 else Point(x[row], y[row]),
                bool(rng.random() < 0.05),
                "I1" if rng.random() < 0.1 else None,
            )
            for row in range(number)
        ]
    )


def test_days_begin_at_midnight_in_the_zone():
    cube = incident_cube(town(), ZONE)
    assert (cube.first_day, cube.last_day) == (date(2026, 2, 28), date(2026, 3, 5))
    assert cube.select(["leak"], date(2026, 3, 1), date(2026, 3, 1)).tolist() == [0, 3]
    assert cube.select(["leak"], end=date(2026, 2, 28)).tolist() == [2]


def test_drills_and_duplicates_do_not_count_and_are_told():
    cube = incident_cube(town(), ZONE)
    assert cube.left_out == {"drill": 1, "duplicate": 1, "withdrawn": 0}
    assert not {6, 7} & set(cube.select().tolist())


def test_incidents_without_position_are_counted_apart():
    cube = incident_cube(town(), ZONE)
    assert cube.unlocated(["leak"], date(2026, 3, 5), date(2026, 3, 5)) == 2
    assert cube.unlocated(["burst"]) == 0
    assert cube.daily(["leak"]).loc["2026-03-05"] == 3


def test_no_row_vanishes():
    frame = random_incidents()
    cube = incident_cube(frame, ZONE)
    assert len(cube.select()) + cube.unlocated() + sum(cube.left_out.values()) == len(frame)
    assert cube.daily().sum() == len(cube.select()) + cube.unlocated()


@pytest.mark.parametrize(
    ("types", "start", "end"),
    [
        (None, None, None),
        (["leak"], None, None),
        (["other", "leak", "leak"], date(2025, 1, 20), date(2025, 2, 3)),
        (list(INCIDENT_TYPES), date(2025, 2, 1), None),
        (["burst"], date(2024, 1, 1), date(2030, 1, 1)),
        (["burst"], date(2030, 1, 1), date(2031, 1, 1)),
        ([], None, None),
    ],
)
def test_a_selection_equals_the_filter_it_stands_for(types, start, end):
    frame = random_incidents()
    cube = incident_cube(frame, ZONE)
    local = frame["reported_at"].dt.tz_convert(ZONE).dt.date
    wanted = frame["type"].isin(INCIDENT_TYPES if types is None else types) & ~frame["drill"]
    wanted &= frame["duplicate_of"].isna() & (local >= (start or date.min)) & (local <= (end or date.max))
    placed = frame.geometry.notna()
    chosen = cube.select(types, start, end)
    assert sorted(chosen) == np.flatnonzero(wanted & placed).tolist()
    assert cube.unlocated(types, start, end) == int((wanted & ~placed).sum())
    points = np.concatenate([np.empty((0, 2)), *cube.xy(types, start, end)])
    np.testing.assert_array_equal(points, np.column_stack([frame.geometry.x, frame.geometry.y])[chosen])


def test_coordinates_are_views_and_a_surface_takes_them():
    cube = incident_cube(random_incidents(), ZONE)
    parts = cube.xy(["leak", "no_supply"], date(2025, 1, 20), date(2025, 2, 3))
    assert len(parts) == 2
    assert all(np.shares_memory(part, cube.points) for part in parts)
    bounds = (515_000, 3_381_000, 525_000, 3_391_000)
    assert surface(parts, bandwidth_m=300, bounds=bounds).points == sum(map(len, parts))


def test_the_histogram_has_every_day_of_the_period():
    daily = incident_cube(town(), ZONE).daily()
    assert len(daily) == 6
    assert daily.loc["2026-03-02"] == 0


def test_no_incidents_give_an_empty_cube():
    cube = incident_cube(town().iloc[:0], ZONE)
    assert cube.days == 0
    assert cube.select().tolist() == []
    assert cube.unlocated() == 0
    assert cube.xy(["leak"], date(2026, 1, 1), date(2026, 2, 1)) == []
    assert len(cube.daily()) == 0


def test_unknown_types_and_a_reversed_period_are_refused():
    cube = incident_cube(town(), ZONE)
    with pytest.raises(InputError, match="unknown incident type 'leaks'"):
        cube.select(["leaks"])
    with pytest.raises(InputError, match="before its start"):
        cube.select(None, date(2026, 3, 2), date(2026, 3, 1))
