"""The rules of incidents as data: what every row says, which row counts on which day, and which row is wrong."""

import csv
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from gisapp.errors import InputError
from gisapp.rules import checked_rules, incident_rules, rule_text
from gisapp.rules.incidents import KINDS, incident_rows
from gisapp.rules.rows import listed
from gisapp.tables import INCIDENT_TYPES

TODAY = date(2026, 11, 27)
FIELD = Path(__file__).parents[3] / "shared" / "field"
OURS = rule_text("incidents")


def edited(found: str, instead: str) -> str:
    """Return our rules with one text in place of another."""
    assert found in OURS
    return OURS.replace(found, instead, 1)


def test_every_row_cites_its_article_and_every_kind_has_rows():
    rows = incident_rows()
    assert all(rule.article.strip() for of_kind in rows.values() for rule in of_kind)
    assert all(len(rows[kind]) for kind in KINDS)


@pytest.mark.skipif(not FIELD.exists(), reason="the field notes are not at hand")
def test_every_clock_of_the_field_notes_has_a_row():
    with (FIELD / "clocks.csv").open(encoding="utf-8") as file:
        wanted = {row["id"] for row in csv.DictReader(file)}
    incidents = {row["clock"] for row in tomllib.loads(OURS)["clock"]}
    shutoffs = tomllib.loads(rule_text("shutoffs"))
    others = {row["duty"] for kind in ("notice", "limit") for row in shutoffs[kind]} & wanted
    assert incidents | others == wanted
    assert not incidents & others


def test_the_service_network_is_the_dispatch_centre_and_fourteen_units():
    """W7.1."""
    assert sum(rule.article == "供水服务办法 第七条" for rule in incident_rules(TODAY).unit) == 15


def test_every_type_has_one_usual_category_but_those_somebody_must_say_more_of():
    rules = incident_rules(TODAY)
    usual = [rule.type for rule in rules.category if rule.usual]
    assert sorted(usual) == sorted(INCIDENT_TYPES)


@pytest.mark.parametrize(
    ("level", "categories"),
    [
        ("L24H", {"urgent_matter", "liable_loss", "arrears_restore", "quality_risk"}),
        ("L36H", {"meter_fault"}),
        ("L3D", {"difficult_use", "valve_well_collapse", "abnormal_volume", "general"}),
        ("L5D", {"construction_quality", "meter_spinning", "compensation"}),
        ("L48H", {"theft", "meter_liability", "cover", "after_meter_warranty", "public_leak", "public_burst",
                  "hydrant_leak", "valve_leak", "courtyard_leak", "meter_frozen", "meter_well_leak", "other_leak"}),
    ],
)  # fmt: skip
def test_the_categories_of_a_level_are_those_of_article_16(level, categories):
    """W16.2, W16.4, W16.5, W16.6."""
    rules = incident_rules(TODAY)
    assert categories <= {rule.category for rule in rules.category if rule.level == level}


def test_the_levels_are_12_24_36_48_72_and_120_hours_and_the_first_is_nobodys_but_by_override():
    """W16.1."""
    rules = incident_rules(TODAY)
    assert [rule.hours for rule in rules.level] == [12, 24, 36, 48, 72, 120]
    assert [rule.level for rule in rules.level if rule.override_only] == ["L12H"]
    assert not any(rule.level == "L12H" for rule in rules.category)


def test_the_working_days_of_2026_are_those_of_the_notice():
    rules = incident_rules(TODAY)
    off = [date(2026, 10, 7), date(2026, 2, 23), date(2026, 1, 2), date(2026, 10, 11), date(2026, 11, 28)]
    on = [date(2026, 10, 10), date(2026, 2, 14), date(2026, 2, 28), date(2026, 10, 8), date(2026, 11, 27)]
    assert [rules.works_on(day) for day in off + on] == [False] * 5 + [True] * 5
    year = [date(2026, 1, 1) + timedelta(days) for days in range(365)]
    assert sum(rules.works_on(day) for day in year) == 248


def test_a_changed_rule_holds_from_its_day_and_older_incidents_keep_the_old_one():
    """W40.1, W10.1."""
    old = 'clock = "K1", start = "dispatched_at", stop = "accepted_at", minutes = 20'
    line = next(line for line in OURS.splitlines() if old in line)
    ended = line.replace("valid_from = 2000-01-01", "valid_from = 2000-01-01, valid_to = 2026-06-30")
    newer = line.replace("minutes = 20", "minutes = 15").replace("2000-01-01", "2026-07-01")
    text = OURS.replace(line, f"{ended}\n{newer}")
    found = [incident_rules(day, text).clock for day in (date(2026, 6, 30), date(2026, 7, 1))]
    assert [next(rule.minutes for rule in clocks if rule.clock == "K1") for clocks in found] == [20, 15]


@pytest.mark.parametrize(
    ("found", "instead", "words"),
    [
        ('article = "供水服务办法 第九条", ', "", "clock 1 has no article"),
        ('article = "供水服务办法 第九条"', 'article = ""', "field article: clock 1: found ''; cite the article"),
        ('stop = "accepted_at"', 'stop = "accepted"', "field stop: clock 1: found 'accepted'; use one of reported_at"),
        ("minutes = 20,", 'minutes = "20",', "field minutes: clock 1: found '20'; give a number"),
        ("minutes = 20,", "minutes = 20, hours = 1,", "field hours: clock 1: found 1; one limit is enough"),
        ('level = "L36H", group', 'level = "L37H", group', "field level: category 14: found 'L37H'; use one of L12H"),
        ('categories = "conduct", unit = "纪检监察室"', 'categories = "conduct", unit = "纪委"',
         "field unit: route 1: found '纪委'; use one of"),
        ('groups = "violation"', 'groups = "violations"', "field groups: route 3: found 'violations'"),
        ('clock = "K9", groups = "cover"', 'clock = "K99", groups = "cover"', "field clock: law 1: found 'K99'"),
        ('type = "leak", life = "repair"', 'type = "leak", life = "mend"', "field life: category 1: found 'mend'"),
        ('when = "external_cause"', 'when = "external"', "field when: joins 1: found 'external'; use one of needs_"),
        ("last = 2024-02-17", "last = 2024-02-01", "field last: holiday 2: .*give a day from 2024-02-10 on"),
        ('category = "cover"', 'category = "meter_fault"', "category 14 and category 16 say the same and are both"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named(tmp_path, found, instead, words):
    own = tmp_path / "own.toml"
    own.write_text(edited(found, instead), encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        checked_rules(own)
    assert "own.toml" in str(error.value)


def test_ours_are_without_fault_and_the_calendar_says_how_far_it_reaches():
    found = {one.topic: one for one in checked_rules()}
    assert set(found) == {"shutoffs", "incidents", "workload", "places"}
    assert found["incidents"].holidays_to == date(2026, 10, 10)
    assert found["shutoffs"].holidays_to is None


def test_what_is_listed_is_known_and_every_group_is_of_some_category():
    rules = incident_rules(TODAY)
    groups = {rule.group for rule in rules.category}
    assert {name for rule in rules.clock for name in listed(rule.groups)} <= groups
