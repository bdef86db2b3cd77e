"""Repairs that did not hold and reports that came again: the boundaries, what is marked, and the slow way."""

from calendar import monthrange
from datetime import date
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisapp.errors import InputError
from gisapp.incidents import repeat_complaints, repeat_repairs
from gisapp.tables import conform
from gisapp.times import months_after

ZONE = ZoneInfo("Asia/Shanghai")
USUAL = {
    "utility": "water",
    "type": "leak",
    "channel": "phone",
    "status": "closed",
    "drill": False,
    "link_code": "W1",
    "measure_m": 100.0,
    "unit_code": "U1",
    "cause": "corrosion",
    "duplicate_of": None,
    "customer_code": None,
    "closed_at": None,
    "repaired_at": None,
}


def timed(row):
    """A row with its moments as such."""
    moments = {name: pd.Timestamp(value) for name, value in row.items() if name.endswith("_at")}
    moments = {name: at if at.tzinfo else at.tz_localize("UTC") for name, at in moments.items()}
    before = {"reported_at": moments["repaired_at"] - pd.Timedelta(hours=1)} if "repaired_at" in moments else {}
    return before | row | moments


def incidents(*rows):
    """Incidents with what each row says, reported an hour before they were repaired."""
    frame = pd.DataFrame([{"code": f"I{at}", **USUAL, **timed(row)} for at, row in enumerate(rows)])
    for name in ("repaired_at", "reported_at", "closed_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[ms, UTC]")
    return conform(gpd.GeoDataFrame(frame.assign(geom=None), geometry="geom", crs="EPSG:4547"), "incidents")


def pairs(*rows, **options):
    table = repeat_repairs(incidents(*rows), ZONE, **options).table
    return list(zip(table["incident_code"], table["earlier_code"], strict=True))


def repaired(on, **said):
    return {"repaired_at": on, **said}


def test_a_place_repaired_again_is_told_with_the_unit_of_the_earlier_repair():
    rows = [
        repaired("2026-02-01T02:00Z", unit_code="U7"),
        repaired("2026-03-01T02:00Z", unit_code="U8", measure_m=103.5),
    ]
    found = repeat_repairs(incidents(*rows), ZONE)
    row = found.table.iloc[0]
    assert (len(found.table), found.compared, found.unplaced) == (1, 2, 0)
    assert (row["incident_code"], row["earlier_code"], row["unit_code"]) == ("I1", "I0", "U7")
    assert (row["apart_m"], row["days"], row["earlier_repairs"]) == (3.5, 28, 1)


@pytest.mark.parametrize(
    ("earlier", "later", "repeats"),
    [
        ("2026-01-15T10:00+08:00", "2026-04-14T10:00+08:00", True),  # 89 days
        ("2026-01-15T10:00+08:00", "2026-04-15T10:00+08:00", True),  # three calendar months
        ("2026-01-15T10:00+08:00", "2026-04-15T23:59:59+08:00", True),  # the last day counts in full
        ("2026-01-15T10:00+08:00", "2026-04-16T00:00+08:00", False),  # one day over
        ("2026-01-15T00:30+08:00", "2026-04-15T23:30+08:00", True),  # 14 January in UTC
        ("2025-11-30T10:00+08:00", "2026-02-28T20:00+08:00", True),  # February has no 30th
        ("2025-11-30T10:00+08:00", "2026-03-01T00:00+08:00", False),
        ("2023-11-30T10:00+08:00", "2024-02-29T20:00+08:00", True),  # a leap year
    ],
)
def test_three_calendar_months_end_with_the_day_of_the_same_number_in_the_zone(earlier, later, repeats):
    """W35.6."""
    assert bool(pairs(repaired(earlier), repaired(later))) is repeats


@pytest.mark.parametrize(
    ("first", "second", "repeats"),
    [
        (100.0, 104.9, True),
        (100.0, 105.0, True),
        (100.0, 105.1, False),
        (3.3, 8.3, True),
        (1.001, 6.001, True),
        (105.001, 100.0, False),
    ],
)
def test_the_tolerance_is_five_metres_along_the_pipe_itself_included(first, second, repeats):
    """W35.6: In floating point 3.3 and 8.3 are 5.000000000000001 apart, and 1.001 m is less than 1001 mm."""
    rows = [repaired("2026-02-01", measure_m=first), repaired("2026-03-01", measure_m=second)]
    assert bool(pairs(*rows)) is repeats


def test_the_tolerance_and_the_months_can_be_chosen():
    rows = [repaired("2026-02-01"), repaired("2026-03-05", measure_m=109.0)]
    assert pairs(*rows) == []
    assert pairs(*rows, tolerance_m=10) == [("I1", "I0")]
    assert pairs(*rows, tolerance_m=10, months=1) == []
    assert pairs(*rows, tolerance_m=0) == []
    with pytest.raises(InputError, match="found a tolerance of -1 m and 3 months"):
        pairs(*rows, tolerance_m=-1)


def test_a_chain_of_repairs_charges_each_that_did_not_hold_once_and_never_past_the_window():
    rows = [repaired(f"2026-{month:02}-10", unit_code=f"U{month}") for month in (1, 3, 5, 7)]
    table = repeat_repairs(incidents(*rows), ZONE).table
    assert pairs(*rows) == [("I1", "I0"), ("I2", "I1"), ("I3", "I2")]
    assert table["unit_code"].tolist() == ["U1", "U3", "U5"]
    assert table["earlier_repairs"].tolist() == [1, 1, 1]


def test_of_several_earlier_repairs_the_latest_is_charged_and_all_are_counted():
    rows = [repaired("2026-03-20"), repaired("2026-03-01"), repaired("2026-03-10"), repaired("2025-03-10")]
    table = repeat_repairs(incidents(*rows), ZONE).table
    assert pairs(*rows) == [("I0", "I2"), ("I2", "I1")]
    assert table["earlier_repairs"].tolist() == [2, 1]


def test_another_pipe_and_another_utility_are_other_places():
    rows = [repaired("2026-03-01"), repaired("2026-03-02", link_code="W2"), repaired("2026-03-03", utility="gas")]
    assert pairs(*rows) == []


def test_duplicates_are_merged_first_and_drills_and_withdrawn_ones_left_out():
    rows = [
        repaired("2026-03-01"),
        repaired("2026-03-02", duplicate_of="I0"),
        repaired("2026-03-02", status="merged"),
        repaired("2026-03-03", drill=True),
        repaired("2026-03-04", status="cancelled"),
        {"reported_at": "2026-03-05"},  # not repaired yet
        repaired("2026-03-06", type="quality"),
    ]
    assert pairs(*rows) == []


def test_repairs_at_the_same_moment_do_not_repeat_one_another():
    assert pairs(repaired("2026-03-01T02:00Z"), repaired("2026-03-01T02:00Z")) == []


def test_what_speaks_against_the_charge_is_marked_and_nothing_is_left_out():
    rows = [
        repaired("2026-03-01", cause="third_party"),
        repaired("2026-03-10"),
        repaired("2026-03-20", cause="third_party"),
        repaired("2026-03-30", reported_at="2026-03-19"),
        repaired("2026-04-10", cause=None),
    ]
    table = repeat_repairs(incidents(*rows), ZONE).table
    assert table["incident_code"].tolist() == ["I1", "I2", "I3", "I4"]
    assert table["third_party"].tolist() == [False, True, False, False]
    assert table["reported_before"].tolist() == [False, False, True, False]
    assert table["in_warranty"].isna().all()


def test_a_builders_warranty_holds_on_its_last_day_and_for_its_pipe_alone():
    """W27.1."""
    rows = [
        repaired(f"2026-{day}T02:00Z", link_code=link) for link in ("W1", "W2") for day in ("03-01", "03-10", "03-11")
    ]
    warranty = pd.DataFrame(
        {"utility": "water", "link_code": "W1", "warranty_until": [date(2025, 1, 1), date(2026, 3, 10)]}
    )
    table = repeat_repairs(incidents(*rows), ZONE, warranty=warranty).table
    assert table["link_code"].tolist() == ["W1", "W1", "W2", "W2"]
    assert table["in_warranty"].tolist() == [True, False, False, False]


def test_a_repair_without_pipe_or_place_is_counted_apart():
    found = repeat_repairs(
        incidents(
            repaired("2026-03-01"), repaired("2026-03-02", link_code=None), repaired("2026-03-02", measure_m=None)
        ),
        ZONE,
    )
    assert (len(found.table), found.compared, found.unplaced) == (0, 1, 2)


def test_a_period_is_that_of_the_later_repair_and_the_earlier_one_may_lie_before_it():
    rows = [
        repaired("2026-02-28T02:00Z"),
        repaired("2026-03-01T20:00+08:00"),
        repaired("2026-03-31"),
        repaired("2026-04-01"),
    ]
    rows.append(repaired("2026-03-15", link_code=None))
    march = (date(2026, 3, 1), date(2026, 3, 31))
    found = repeat_repairs(incidents(*rows), ZONE, period=march)
    assert found.table["incident_code"].tolist() == ["I1", "I2"]
    assert (found.compared, found.unplaced) == (2, 1)
    with pytest.raises(InputError, match="before its start"):
        repeat_repairs(incidents(*rows), ZONE, period=march[::-1])
    called = [reported(f"2026-{day}T02:00Z", "K1") for day in ("02-28", "03-02", "04-02")]
    assert repeat_complaints(incidents(*called), ZONE, period=march).table["incident_code"].tolist() == ["I1"]


def test_no_incidents_repeat_nothing():
    empty = incidents(repaired("2026-03-01")).iloc[:0]
    for found in (repeat_repairs(empty, ZONE), repeat_complaints(empty, ZONE)):
        assert (len(found.table), found.compared) == (0, 0)


def three_months_later(day):
    """By the calendar alone."""
    month = day.month + 3
    year, month = (day.year, month) if month <= 12 else (day.year + 1, month - 12)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def slow(frame):
    """Every pair looked at; the latest earlier one of each, the last of the table on a tie."""
    found = {}
    counts = frame[frame["duplicate_of"].isna() & frame["link_code"].notna()]
    local = counts["repaired_at"].dt.tz_convert(ZONE).dt.date
    for now in counts.index:
        able = [
            other
            for other in counts.index
            if counts.at[other, "link_code"] == counts.at[now, "link_code"]
            and counts.at[other, "repaired_at"] < counts.at[now, "repaired_at"]
            and round(abs(counts.at[other, "measure_m"] - counts.at[now, "measure_m"]), 3) <= 5
            and local[now] <= three_months_later(local[other])
        ]
        if able:
            best = max(able, key=lambda other: (counts.at[other, "repaired_at"], other))
            found[counts.at[now, "code"]] = (counts.at[best, "code"], len(able))
    return found


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["W1", "W2", None]),
            st.integers(0, 300).map(lambda tenths: tenths / 10),
            st.integers(0, 24 * 200),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_the_join_is_that_of_looking_at_every_pair(rows):
    start = pd.Timestamp("2025-10-28T20:00Z")
    made = [
        repaired(start + pd.Timedelta(hours=hours), link_code=link, measure_m=at, duplicate_of="I0" if twin else None)
        for link, at, hours, twin in rows
    ]
    frame = incidents(repaired("2020-01-01"), *made)
    table = repeat_repairs(frame, ZONE).table
    told = zip(table["earlier_code"], table["earlier_repairs"], strict=True)
    assert dict(zip(table["incident_code"], told, strict=True)) == slow(frame)


def test_the_months_of_every_day_of_nine_years_end_as_the_calendar_says():
    days = np.arange("2019-12-25", "2029-01-05", dtype="datetime64[D]")
    assert months_after(days, 3).astype(object).tolist() == [three_months_later(day) for day in days.astype(object)]


def reported(on, by, **said):
    return {"reported_at": on, "customer_code": by, **said}


def test_a_customer_who_reports_the_same_kind_again_is_told_the_merged_report_too():
    """W11.2, W36.1."""
    rows = [
        {
            "reported_at": "2026-03-01T02:00Z",
            "customer_code": "K1",
            "closed_at": "2026-03-03T02:00Z",
            "unit_code": "U4",
        },
        {"reported_at": "2026-03-02T02:00Z", "customer_code": "K1", "status": "merged", "duplicate_of": "I0"},
        {"reported_at": "2026-03-04T02:00Z", "customer_code": "K1", "closed_at": "2026-03-05T02:00Z"},
        {"reported_at": "2026-03-04T02:00Z", "customer_code": "K1", "type": "quality"},
        {"reported_at": "2026-03-04T02:00Z", "customer_code": "K2"},
        {"reported_at": "2026-03-05T02:00Z", "customer_code": "K1", "drill": True},
        {"reported_at": "2026-07-01T02:00Z", "customer_code": "K1"},
        {"reported_at": "2026-07-01T02:00Z"},
    ]
    found = repeat_complaints(incidents(*rows), ZONE)
    told = found.table[["incident_code", "earlier_code", "earlier_reports", "still_open"]]
    assert told.to_numpy().tolist() == [["I1", "I0", 1, True], ["I2", "I1", 2, True]]
    assert found.table["unit_code"].tolist() == ["U4", "U1"]
    assert (found.compared, found.unplaced) == (6, 1)


def test_an_earlier_report_is_open_until_it_is_closed():
    rows = [
        reported("2026-03-01T02:00Z", "K1", closed_at="2026-03-03T02:00Z"),
        reported("2026-03-03T02:00Z", "K1"),
    ]
    assert repeat_complaints(incidents(*rows), ZONE).table["still_open"].tolist() == [False]
    assert repeat_complaints(incidents(*rows), ZONE, types=["quality"]).compared == 0
    with pytest.raises(InputError, match="found -1 months"):
        repeat_complaints(incidents(*rows), ZONE, months=-1)
