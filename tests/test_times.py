from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from gisapp.errors import InputError
from gisapp.times import parse_moment, period, zone_named

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_date_is_its_first_instant_in_the_zone():
    assert parse_moment("2026-11-22", SHANGHAI) == pd.Timestamp("2026-11-21T16:00Z")


def test_summer_time_before_1992_is_kept():
    assert parse_moment("1990-07-01T12:00", SHANGHAI) == pd.Timestamp("1990-07-01T03:00Z")


def test_an_hour_that_the_clocks_skipped_is_refused():
    with pytest.raises(InputError, match="no single moment"):
        parse_moment("1990-04-15T02:30", SHANGHAI)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", ""])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(InputError, match="write a date"):
        parse_moment(text, SHANGHAI)


def test_an_unknown_zone_is_refused():
    with pytest.raises(InputError, match="unknown time zone"):
        zone_named("Mars/Olympus")


def test_a_period_of_dates_holds_its_last_day():
    start, end = period("2026-11-01", "2026-11-30", SHANGHAI)
    assert (start, end) == (pd.Timestamp("2026-10-31T16:00Z"), pd.Timestamp("2026-11-30T16:00Z"))


def test_a_period_of_moments_ends_at_its_moment():
    _, end = period("2026-11-01", "2026-11-30T12:00", SHANGHAI)
    assert end == pd.Timestamp("2026-11-30T04:00Z")


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(InputError, match="ends before it starts"):
        period("2026-11-02", "2026-11-01", SHANGHAI)
