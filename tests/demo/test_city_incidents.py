from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely

from gisapp.demo.lifecycle import Hands, make_lives, step_frame
from gisapp.demo.sizes import NOW, START, ZONE
from gisapp.grids import assign
from gisapp.incidents import Actor, incidents_of, next_step
from gisapp.incidents.model import TIMES
from gisapp.rules import incident_rules

STEPS = ("reported_at", "dispatched_at", "accepted_at", "arrived_at", "repaired_at", "closed_at")


@pytest.fixture(scope="module")
def incidents(small) -> pd.DataFrame:
    frame = small["incidents"]
    return frame.assign(local=frame["reported_at"].dt.tz_convert(ZONE))


def test_incidents_lie_in_the_three_years_and_are_numbered_in_order(incidents):
    assert incidents["reported_at"].between(START, NOW).all()
    assert incidents["code"].is_monotonic_increasing
    assert incidents["reported_at"].is_monotonic_increasing


def test_bursts_come_in_winter_low_pressure_in_summer_and_no_heat_only_when_heated(incidents):
    month = incidents["local"].dt.month
    kind = incidents["type"]
    winter, summer = month.isin([12, 1, 2]), month.isin([6, 7, 8])
    assert (winter & (kind == "burst")).sum() > 3 * (summer & (kind == "burst")).sum()
    assert (summer & (kind == "low_pressure")).sum() > 3 * (winter & (kind == "low_pressure")).sum()
    assert not ((kind == "no_heat") & month.between(4, 10)).any()


def test_some_days_are_many_times_worse_than_the_usual_day(incidents):
    daily = incidents[incidents["type"] == "burst"].groupby(incidents["local"].dt.date).size()
    assert daily.max() >= 5
    everything = incidents.groupby(incidents["local"].dt.date).size()
    assert everything.max() > 2.5 * everything.median()


def test_patrols_work_by_day_and_on_weekdays(incidents):
    found = incidents[incidents["type"] == "patrol_finding"]["local"].dt
    assert (found.day_of_week < 5).mean() > 0.85
    assert found.hour.between(6, 18).mean() > 0.97


def test_old_iron_leaks_many_times_more_often_than_plastic(small, incidents):
    pipes = small["links"].query("utility == 'water' and kind == 'pipe'")
    leaks = incidents[incidents["type"].isin(["leak", "burst"]) & incidents["duplicate_of"].isna()]
    count = pipes["code"].map(leaks["link_code"].value_counts()).fillna(0)
    rate = count.groupby(pipes["material"]).sum() / pipes["length_m"].groupby(pipes["material"]).sum()
    assert rate["grey_cast_iron"] > 4 * rate["pe"]
    assert rate["steel"] > 2 * rate["pe"]


def test_a_few_pipes_are_truly_bad(incidents):
    per_pipe = incidents[incidents["type"] == "leak"]["link_code"].value_counts()
    assert per_pipe.iloc[0] > 12
    assert per_pipe.median() <= 2


def test_a_double_report_names_an_earlier_report_of_the_same_thing(incidents):
    doubles = incidents[incidents["duplicate_of"].notna()]
    first = incidents.set_index("code").loc[doubles["duplicate_of"]]
    assert 0.08 < len(doubles) / len(incidents) < 0.3
    assert (first["type"].to_numpy() == doubles["type"].to_numpy()).all()
    assert first["duplicate_of"].isna().all()
    late = doubles["reported_at"].to_numpy() - first["reported_at"].to_numpy()
    assert late.min() > np.timedelta64(0)
    assert np.median(late) < np.timedelta64(3, "h")


def test_a_repeat_is_the_same_pipe_and_place_within_three_months_of_its_repair(incidents):
    again = incidents[incidents["repeat_of"].notna()]
    first = incidents.set_index("code").loc[again["repeat_of"]]
    assert len(again) > 30
    assert (first["link_code"].to_numpy() == again["link_code"].to_numpy()).all()
    assert np.abs(first["measure_m"].to_numpy() - again["measure_m"].to_numpy()).max() <= 5
    wait = again["reported_at"].to_numpy() - first["repaired_at"].to_numpy()
    assert wait.min() > np.timedelta64(0)
    assert wait.max() < np.timedelta64(92, "D")


def test_about_one_in_a_hundred_has_no_place_and_says_so(incidents):
    lost = incidents["located_by"] == "unlocated"
    assert 0.004 < lost.mean() < 0.02
    assert (incidents["geom"].isna() == lost).all()
    assert incidents[lost]["grid_code"].isna().all()


def test_the_grid_is_the_one_that_assignment_gives(small, incidents):
    placed = incidents[incidents["geom"].notna()]
    found = assign(shapely.get_coordinates(np.asarray(placed["geom"].array)), small["grids"])["grid"]
    assert (found.fillna("").to_numpy() == placed["grid_code"].fillna("").to_numpy()).all()
    assert (placed["grid_rev"].notna() == placed["grid_code"].notna()).all()


def test_each_step_comes_after_the_one_before_and_none_after_the_last_day(incidents):
    steps = incidents[list(STEPS)]
    assert (steps.isna() | (steps <= NOW)).all().all()
    for one, other in itertools.pairwise(STEPS):
        both = steps[one].notna() & steps[other].notna()
        assert (steps[one] <= steps[other])[both].all()
        repairs = ~incidents["type"].isin(["complaint", "patrol_finding"])
        assert not (steps[one].isna() & steps[other].notna())[repairs].any()


def test_the_state_agrees_with_the_steps(incidents):
    incidents = incidents[~incidents["type"].isin(["complaint", "patrol_finding"])]
    done = incidents["status"].isin(["closed", "called_back", "archived"])
    assert (incidents["closed_at"].notna() == done).all()
    mended = incidents["status"].isin(["repaired", "confirmed", "replied"]) | done
    assert (incidents["repaired_at"].notna() == mended).all()
    assert (incidents[incidents["duplicate_of"].notna()]["status"].isin(["merged", "registered", "reported"])).all()


def test_something_is_open_on_the_last_day(incidents):
    ended = ["archived", "merged", "cancelled", "rejected", "closed", "called_back"]
    assert 5 <= (~incidents["status"].isin(ended)).sum() < 100


def test_the_history_leads_to_the_present_state(small, incidents):
    steps = small["incident_steps"]
    assert set(steps["incident_code"]) == set(incidents["code"])
    chained = steps.sort_values(["incident_code", "step"])
    last = chained.groupby("incident_code")["to_status"].last()
    assert (last.loc[incidents["code"]].to_numpy() == incidents["status"].to_numpy()).all()
    inner = chained["incident_code"].eq(chained["incident_code"].shift())
    assert (chained["step"] == chained.groupby("incident_code").cumcount() + 1).all()
    assert (chained["from_status"][inner] == chained["to_status"].shift()[inner]).all()
    assert chained["from_status"][~inner].isna().all()
    assert (chained["noted_at"] <= NOW).all()


def test_every_step_could_be_taken_when_it_was_and_the_table_says_what_follows(small, incidents):
    lives = {rule.type: rule.life for rule in incident_rules(NOW.date()).category if rule.usual}
    some = incidents[(incidents.index % 20 == 0) | ~incidents["status"].isin(["archived", "merged"])]
    seen = set()
    for incident in incidents_of(some, small["incident_steps"], lambda row: lives[row["type"]]):
        for number in range(1, len(incident.steps)):
            step = incident.steps[number]
            before = replace(incident, steps=incident.steps[:number])
            told = {name: getattr(step, name) for name in ("at", "subject", "value", "note")}
            assert next_step(before, step.action, Actor(step.actor, step.role), **told) == step
        assert {name: incident.head[name] for name in ("status", "unit_code", "duplicate_of", *TIMES)} == {
            name: value for name, value in incident.standing.columns.items() if name != "cause"
        }
        seen.add(incident.life)
    assert seen == {"repair", "complaint", "finding"}


def test_an_archive_is_signed_by_the_leader_of_that_day(small, incidents):
    signed = small["incident_steps"].query("to_status == 'archived'")
    grid = incidents.set_index("code")["grid_code"].loc[signed["incident_code"]].to_numpy()
    posts = small["posts"].query("role == 'grid_leader'")
    held = signed.assign(scope=grid).merge(posts, left_on=["actor", "scope"], right_on=["person_code", "scope"])
    assert len(held) == pd.notna(grid).sum()
    assert (held["at"] >= held["valid_from"]).all()
    assert ((held["at"] < held["valid_to"]) | held["valid_to"].isna()).all()


def test_some_limits_are_broken_but_most_are_kept(incidents):
    wait = (incidents["accepted_at"] - incidents["dispatched_at"]).dropna()
    assert 0.02 < (wait > pd.Timedelta(minutes=20)).mean() < 0.25


def test_words_vary_and_the_summary_is_clean(incidents):
    assert incidents["text"].nunique() > 0.6 * len(incidents)
    assert not incidents["summary"].str.contains(r"\d|号小区|单元").any()
    assert incidents["text"].str.contains("号小区").any()


def test_routing_sends_each_matter_to_its_unit(incidents):
    by_type = incidents.groupby("type")["unit_code"].unique()
    assert set(by_type["burst"]) == {"U07"}
    assert set(by_type["meter_fault"]) == {"U12"}
    assert set(by_type["quality"]) == {"U06"}
    assert {"U01", "U02", "U07"} == set(by_type["no_supply"])


def test_drills_are_few_and_marked(incidents):
    assert 0 < incidents["drill"].sum() < 0.01 * len(incidents)


def test_references_lead_somewhere(small, incidents):
    for column, table in (("customer_code", "customers"), ("link_code", "links"), ("device_code", "devices"),
                          ("unit_code", "org_units"), ("grid_code", "grids")):  # fmt: skip
        assert incidents[column].dropna().isin(set(small[table]["code"])).all(), column


def test_a_month_without_recent_incidents_has_no_steps():
    at = np.array(["2024-01-05T08:00"], dtype="datetime64[ms]")
    lives = make_lives(at, np.array([0]), np.array([False]), np.random.default_rng(1))
    one = np.array(["U07"], dtype=object)
    told = (np.array(["WX1"], dtype=object), lives, Hands(one, one, one, one, one, one))
    assert len(step_frame(*told, np.empty(0, int), np.random.default_rng(1))) == 0
    assert len(step_frame(*told, np.array([0]), np.random.default_rng(1))) > 1
