from datetime import date, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from gisapp.density import Choice, incident_cube, surface
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
    frame = incidents(
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
    some = {
        "utility": [None, "water", "gas"],
        "status": ["registered", "archived"],
        "channel": ["phone", "wechat", "web"],
    }
    for column, names in (some | {"unit_code": [None, "U07", "U12"], "cause": [None, "frost", "joint"]}).items():
        drawn = pd.Series([names[pick] for pick in rng.integers(0, len(names), number)], dtype="str")
        frame[column] = drawn
    return frame


def test_days_begin_at_midnight_in_the_zone():
    cube = incident_cube(town(), ZONE)
    assert (cube.first_day, cube.last_day) == (date(2026, 2, 28), date(2026, 3, 5))
    assert cube.select(Choice(("leak",), date(2026, 3, 1), date(2026, 3, 1))).tolist() == [0, 3]
    assert cube.select(Choice(("leak",), end=date(2026, 2, 28))).tolist() == [2]


def test_drills_and_duplicates_do_not_count_and_are_told():
    cube = incident_cube(town(), ZONE)
    assert cube.left_out == {"drill": 1, "duplicate": 1, "withdrawn": 0, "undated": 0}
    assert not {6, 7} & set(cube.select().tolist())


def test_incidents_without_position_are_counted_apart():
    cube = incident_cube(town(), ZONE)
    assert cube.unlocated(Choice(("leak",), date(2026, 3, 5), date(2026, 3, 5))) == 2
    assert cube.unlocated(Choice(("burst",))) == 0
    assert cube.daily(Choice(("leak",))).loc["2026-03-05"] == 3


def test_no_row_vanishes():
    frame = random_incidents()
    cube = incident_cube(frame, ZONE)
    assert len(cube.select()) + cube.unlocated() + sum(cube.left_out.values()) == len(frame)
    assert cube.daily().sum() == len(cube.select()) + cube.unlocated()


CHOICES = [
    Choice(),
    Choice(types=("leak",)),
    Choice(("other", "leak", "leak"), date(2025, 1, 20), date(2025, 2, 3)),
    Choice(INCIDENT_TYPES, date(2025, 2, 1), None),
    Choice(("burst",), date(2024, 1, 1), date(2030, 1, 1)),
    Choice(("burst",), date(2030, 1, 1), date(2031, 1, 1)),
    Choice(types=()),
    Choice(utilities=("water", "")),
    Choice(statuses=("archived",), start=date(2025, 1, 10), end=date(2025, 3, 9)),
    Choice(channels=("phone", "wechat"), causes=("frost",)),
    Choice(causes=("",), units=("U07", "nobody"), types=("leak", "burst", "other")),
    Choice(bounds=(519_500.0, 3_385_000.0, 520_300.0, 3_386_200.0)),
    Choice(bounds=(519_500.0, 3_385_000.0, 520_300.0, 3_386_200.0), grids=("G2", "G0"), end=date(2025, 2, 20)),
    Choice(grids=("G1", ""), utilities=("gas",)),
]


def slowly(frame, choice, grids):
    """The rows of a choice, one criterion after the other."""
    local = frame["reported_at"].dt.tz_convert(ZONE).dt.date
    met = ~frame["drill"] & frame["duplicate_of"].isna()
    met &= (local >= (choice.start or date.min)) & (local <= (choice.end or date.max))
    columns = {"types": "type", "utilities": "utility", "statuses": "status", "channels": "channel"}
    for name, column in (columns | {"units": "unit_code", "causes": "cause"}).items():
        if getattr(choice, name) is not None:
            met &= frame[column].fillna("").isin(getattr(choice, name))
    if choice.grids is not None:
        met &= pd.Series(grids).astype(object).fillna("").isin(choice.grids)
    if choice.bounds is not None:
        west, south, east, north = choice.bounds
        x, y = frame.geometry.x, frame.geometry.y
        met &= ((west <= x) & (x <= east) & (south <= y) & (y <= north)) | frame.geometry.isna()
    return met.to_numpy()


@pytest.fixture(scope="module")
def many():
    """Random incidents with their cube and the grid of each: five in all, with some outside."""
    frame = random_incidents()
    grids = pd.Categorical.from_codes(np.random.default_rng(4).integers(-1, 5, len(frame)), [f"G{n}" for n in range(5)])
    return frame, incident_cube(frame, ZONE, grids=grids), grids


@pytest.mark.parametrize("choice", CHOICES, ids=repr)
def test_a_selection_equals_the_filter_it_stands_for(many, choice):
    frame, cube, grids = many
    wanted, placed = slowly(frame, choice, grids), frame.geometry.notna().to_numpy()
    chosen = cube.select(choice)
    assert sorted(chosen) == np.flatnonzero(wanted & placed).tolist()
    assert cube.unlocated(choice) == int((wanted & ~placed).sum())
    both = np.flatnonzero(wanted & (placed | (choice.bounds is None)))
    assert sorted(cube.select(choice, unlocated=True)) == both.tolist()
    points = np.concatenate([np.empty((0, 2)), *cube.xy(choice)])
    np.testing.assert_array_equal(points, np.column_stack([frame.geometry.x, frame.geometry.y])[chosen])


@pytest.mark.parametrize("choice", CHOICES, ids=repr)
def test_days_hours_and_grids_count_what_is_chosen(many, choice):
    """G3.4.4."""
    frame, cube, grids = many
    wanted = slowly(frame, choice, grids) & (frame.geometry.notna().to_numpy() | (choice.bounds is None))
    local = frame["reported_at"].dt.tz_convert(ZONE)[wanted]
    daily = cube.daily(choice)
    counted = local.dt.tz_localize(None).dt.normalize().value_counts()
    assert daily[daily > 0].to_dict() == counted.to_dict()
    week = cube.profile(choice)
    slow = pd.crosstab(local.dt.day_of_week, local.dt.hour).reindex(index=range(7), columns=range(24), fill_value=0)
    np.testing.assert_array_equal(week.to_numpy(), slow.to_numpy())
    by_grid = pd.Series(grids[wanted]).value_counts().reindex(cube.grids)
    np.testing.assert_array_equal(cube.by_grid(choice), by_grid)
    assert cube.outside(choice) == int(pd.isna(grids[wanted]).sum())


def test_every_period_of_a_long_time_has_its_sums_by_grid():
    frame = random_incidents(800, seed=9)
    days = np.random.default_rng(2).integers(0, 5000, len(frame))
    frame["reported_at"] = (pd.Timestamp("2012-06-01", tz="UTC") + pd.to_timedelta(days, "D")).astype(
        "datetime64[ms, UTC]"
    )
    grids = pd.Categorical.from_codes(np.random.default_rng(4).integers(-1, 3, len(frame)), ["A", "B", "C"])
    cube = incident_cube(frame, ZONE, grids=grids)
    for low, high in np.sort(np.random.default_rng(5).integers(-20, 5020, (40, 2)), axis=1):
        choice = Choice(start=date(2012, 6, 1) + timedelta(int(low)), end=date(2012, 6, 1) + timedelta(int(high)))
        slow = pd.Series(grids[slowly(frame, choice, grids)]).value_counts().reindex(cube.grids)
        np.testing.assert_array_equal(cube.by_grid(choice), slow)


def test_a_row_without_the_time_of_its_report_is_told_and_counts_nowhere():
    frame = town()
    frame.loc[0, "reported_at"] = pd.NaT
    cube = incident_cube(frame, ZONE)
    assert cube.left_out["undated"] == 1
    assert cube.daily().sum() == 6
    assert 0 not in cube.select()


def test_an_empty_answer_tells_which_restriction_to_give_up():
    cube = incident_cube(town(), ZONE)
    freed = cube.restricting(
        Choice(types=("burst",), start=date(2026, 3, 5), end=date(2026, 3, 5), channels=("phone",))
    )
    assert freed.to_dict() == {"types": 3, "period": 1, "channels": 0}
    assert freed.index[0] == "types"


def test_coordinates_are_views_and_a_surface_takes_them():
    cube = incident_cube(random_incidents(), ZONE)
    parts = cube.xy(Choice(("leak", "no_supply"), date(2025, 1, 20), date(2025, 2, 3)))
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
    assert cube.xy(Choice(("leak",), date(2026, 1, 1), date(2026, 2, 1))) == []
    assert len(cube.daily()) == 0


def test_what_cannot_be_chosen_is_refused():
    with pytest.raises(InputError, match="unknown incident type 'leaks'"):
        Choice(types=("leaks",))
    with pytest.raises(InputError, match="unknown status 'done'"):
        Choice(statuses=("done",))
    with pytest.raises(InputError, match="before its start"):
        Choice(None, date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(InputError, match="found bounds"):
        Choice(bounds=(1, 0, 0, 1))
    with pytest.raises(InputError, match="there is no grid 'G9'"):
        incident_cube(town(), ZONE).by_grid(Choice(grids=("G9",)))
    with pytest.raises(InputError, match="2 grids for 9 incidents"):
        incident_cube(town(), ZONE, grids=pd.Categorical(["A", "B"]))
