from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from gisapp.errors import InputError
from gisapp.times import parse_day, parse_moment, zone_named

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


@pytest.mark.parametrize("text", ["22.11.2026", "2026-02-30", "2026-11-22T08:00"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(InputError, match="write a day"):
        parse_day(text)
