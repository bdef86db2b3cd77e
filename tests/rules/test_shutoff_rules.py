"""The rules of shutoffs as data: which row counts on which day, and which row is wrong."""

from datetime import date, time
from importlib import resources

import pytest

from gisapp.errors import InputError
from gisapp.rules import shutoff_rules
from gisapp.tables import UTILITIES

TODAY = date(2026, 11, 27)
OURS = (resources.files("gisapp.rules") / "shutoffs.toml").read_text(encoding="utf-8")
ROW = '[[notice]]\nduty = "K11"\nutility = "water"\nlead_h = {lead}\narticle = "x"\nvalid_from = {since}\n'
LIMIT = '[[limit]]\nduty = "K12"\narticle = "x"\nvalid_from = 2020-01-01\n'
TRUNK = '[[trunk]]\nutility = "water"\nunit = "U04"\narticle = "x"\nvalid_from = 2020-01-01\n'


@pytest.mark.parametrize(
    ("utility", "hours", "duty", "lead_h"),
    [("water", 8, "K11", 24), ("power", 2, "K24", 168), ("gas", 5, "K25", 48), ("heating", 24.5, "K26", 48)],
)
def test_every_utility_has_its_notice_time(utility, hours, duty, lead_h):
    rule = shutoff_rules(TODAY).notice_of(utility, hours)
    assert (rule.duty, rule.lead_h) == (duty, lead_h)


def test_heating_of_exactly_a_day_needs_no_notice():
    assert shutoff_rules(TODAY).notice_of("heating", 24) is None


def test_every_row_cites_its_article():
    rules = shutoff_rules(TODAY)
    rows = [*rules.notice, *rules.limit, *rules.night, *rules.trunk, *rules.level]
    assert len(rows) >= 10
    assert all(row.article for row in rows)
    assert {row.utility for row in rules.notice} == set(UTILITIES)


def test_an_own_copy_stands_in_place_of_ours_and_its_rows_have_their_days(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        ROW.format(lead=24, since="2020-01-01") + "valid_to = 2026-11-26\n" + ROW.format(lead=36, since=TODAY)
    )
    assert shutoff_rules(date(2026, 11, 26), own).notice_of("water", 1).lead_h == 24
    assert shutoff_rules(TODAY, own).notice_of("water", 1).lead_h == 36
    assert shutoff_rules(date(2019, 12, 31), own).notice == ()


def test_an_own_copy_may_be_given_as_text():
    assert shutoff_rules(TODAY, ROW.format(lead=36, since=TODAY)).notice_of("water", 1).lead_h == 36


def test_the_row_of_a_utility_stands_before_that_of_all():
    rules = shutoff_rules(TODAY)
    assert [rules.limit_of("K12", utility).utility for utility in UTILITIES] == ["water", None, None, None]
    assert rules.limit_of("K14", "gas") is None


def test_temporary_work_has_its_own_notice_time_only_where_the_rules_say_so():
    rules = shutoff_rules(TODAY)
    told = [rules.notice_of(utility, 4, temporary=True).lead_h for utility in ("power", "water", "gas")]
    assert told == [24, 24, 48]


def test_of_rows_that_fit_the_longest_lead_counts(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(OURS.replace("off = true\n", ""), encoding="utf-8")
    rules = shutoff_rules(TODAY, own)
    assert [rules.notice_of("water", hours).lead_h for hours in (12, 12.1)] == [24, 48]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[[notices]]\nduty = "K11"',
            r"unknown kind of rule 'notices'; rows begin with one of \[\[notice\]\], \[\[limit\]\]",
        ),
        (ROW.format(lead='"24"', since=TODAY), "field lead_h: notice 1: found '24'; give a number"),
        (ROW.format(lead=24, since=TODAY).replace("article", "source"), "notice 1 has no article"),
        (ROW.format(lead=24, since=TODAY) + "hours = 3\n", "notice 1: unknown field 'hours'"),
        (ROW.format(lead=24, since=TODAY) + "off = 1\n", "notice 1: found 1; give true or false"),
        (ROW.format(lead="nan", since=TODAY), "field lead_h: notice 1: found nan; give a number"),
        (ROW.format(lead=-1, since=TODAY), "field lead_h: notice 1: found -1; give a number from 0 on"),
        (ROW.format(lead=24, since="2020-01-01T00:00:00"), "field valid_from: notice 1: .*; give a day"),
        (
            ROW.format(lead=24, since=TODAY).replace('"x"', '" "'),
            "field article: notice 1: found ' '; cite the article",
        ),
        (
            ROW.format(lead=24, since=TODAY).replace("K11", "k11"),
            "field duty: notice 1: found 'k11'; use one of K11, K24",
        ),
        (ROW.format(lead=24, since=TODAY).replace("water", "watr"), "found 'watr'; use one of water, power"),
        (
            ROW.format(lead=24, since=TODAY) + "valid_to = 2020-01-01\n",
            "field valid_to: .*; give a day from 2026-11-27",
        ),
        (
            2 * ROW.format(lead=24, since=TODAY),
            "notice 1 and notice 2 say the same and are both in force on 2026-11-27",
        ),
        (LIMIT + "minutes = -5\n", "field minutes: limit 1: found -5; give a number from 0 on"),
        (LIMIT.replace("K12", "K99"), "field duty: limit 1: found 'K99'; use one of approval"),
        (TRUNK, "field rank: trunk 1: found None; say which links are meant"),
        ("notice = 3", "unknown kind of rule 'notice'; rows begin with"),
        ("[[notice", "cannot be read"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, text, words):
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(InputError, match=words) as error:
        shutoff_rules(TODAY, own)
    assert "own.toml" in str(error.value)


def test_the_night_of_gas_begins_at_ten_and_ends_at_six():
    (night,) = shutoff_rules(TODAY).night
    held = {clock: night.holds(clock) for clock in (time(21, 59, 59), time(22), time(0), time(5, 59, 59), time(6))}
    assert list(held.values()) == [False, True, True, True, False]
