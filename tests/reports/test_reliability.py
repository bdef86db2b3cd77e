"""Reliability indices: the sum of products and not the product of sums, in stages, and who was hit how often."""

import random

import pandas as pd
import pytest

from gisapp.errors import InputError
from gisapp.reports.reliability import read_stages, reliability

COUNTY = [(240, 300), (240, 120), (120, 200), (180, 150), (240, 8000), (120, 240), (240, 180)]
"""A county's published list of a year: minutes and households; 83,753 are served (field notes 3.5)."""
START = pd.Timestamp("2023-05-01T00:00Z")


def stages(*rows):
    """Return stages from outage, minutes, households."""
    made = pd.DataFrame(rows, columns=["outage", "minutes", "households"])
    ends = START + pd.to_timedelta(made["minutes"], unit="min")
    return made.assign(off_at=START, restored_at=ends)[["outage", "off_at", "restored_at", "households"]]


def test_the_countys_year_was_25_6_minutes_and_not_151():
    found = reliability(stages(*[(number, *row) for number, row in enumerate(COUNTY)]), 83_753)
    assert (found.household_minutes, found.interrupted, found.outages) == (2_143_800, 9190, 7)
    assert round(found.saidi_min, 1) == 25.6
    assert (round(found.saifi, 3), round(found.caidi_min)) == (0.110, 233)
    wrong = sum(minutes for minutes, _ in COUNTY) * sum(households for _, households in COUNTY) / 83_753
    assert round(wrong) == 151


def test_households_put_back_in_stages_count_their_own_minutes_and_once_each():
    found = reliability(stages(("S1", 60, 300), ("S1", 240, 100)), 1000)
    assert (found.saidi_min, found.saifi, found.caidi_min, found.outages) == (42.0, 0.4, 105.0, 1)


def test_without_an_interruption_the_average_one_is_undefined():
    found = reliability(stages().astype({"households": float}), 1000)
    assert (found.saidi_min, found.saifi, found.caidi_min) == (0.0, 0.0, None)


def test_what_was_momentary_for_everybody_is_left_out():
    rows = stages(("S1", 4.9, 10), ("S2", 5, 10), ("S3", 2, 7), ("S3", 60, 3))
    found = reliability(rows, 100, least_min=5)
    assert (found.outages, found.interrupted, found.brief) == (2, 20, 1)


def test_who_was_hit_more_than_once_is_told_as_a_share_of_all_served():
    hit = pd.DataFrame(
        [("S1", "A", 10), ("S2", "A", 10), ("S3", "A", 10), ("S1", "B", 5), ("S1", "B", 5), ("S3", "C", 1)],
        columns=["outage", "customer_code", "households"],
    )
    rows = stages(("S1", 60, 15), ("S2", 60, 10), ("S3", 60, 11))
    assert reliability(rows, 100, hit=hit).cemi == {1: 0.10, 2: 0.10, 3: 0.0}
    assert reliability(rows, 100).cemi == {}


def test_the_indices_are_what_a_slow_sum_over_households_says():
    draw = random.Random(5)
    rows = [(f"S{draw.randrange(9)}", draw.randrange(1, 600), draw.randrange(40)) for _ in range(60)]
    found = reliability(stages(*rows), 5000)
    each = [minutes for _, minutes, households in rows for _ in range(households)]
    assert found.saidi_min == pytest.approx(sum(each) / 5000)
    assert found.saifi == pytest.approx(len(each) / 5000)
    assert found.caidi_min == pytest.approx(sum(each) / len(each))


def test_supply_is_not_back_before_it_was_off_and_somebody_is_served():
    with pytest.raises(InputError, match="row 2, field restored_at: restored 30 min before it was off"):
        reliability(stages(("S1", 60, 1), ("S2", -30, 1)), 100)
    with pytest.raises(InputError, match="found 0 households served"):
        reliability(stages(("S1", 60, 1)), 0)


DAY, NEXT = "2023-03-01T15:00+08:00", "2023-03-01T17:00+08:00"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"2024-03-01T15:00+08:00,{NEXT},300,", "row 1, field restored_at: restored .* before it was off"),
        (f"{DAY},{NEXT},300,240", "row 1, field minutes: says 240 min, its times say 120"),
        (f"2023-03-01T15:00,{NEXT},300,", "row 1, field off_at: found '2023-03-01T15:00'; write a moment"),
        (f"{DAY},{NEXT},-3,", "row 1, field households: found '-3'; give a number"),
    ],
)
def test_a_wrong_row_of_a_list_is_named(tmp_path, row, words):
    path = tmp_path / "list.csv"
    path.write_text(f"off_at,restored_at,households,minutes\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_stages(path)


def test_a_list_is_read_with_or_without_codes_and_minutes(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("off_at,restored_at,households\n2023-03-01T15:00+08:00,2023-03-01T17:00+08:00,300\n")
    assert reliability(read_stages(path), 1000).saidi_min == 36.0
    path.write_text("off_at,restored_at\n")
    with pytest.raises(InputError, match="field households: the column is absent"):
        read_stages(path)
