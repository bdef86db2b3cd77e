"""Derived values are computed once, and anew when a table below them changes."""

import threading
import time

import pandas as pd
import pytest
from squares import HOUSEHOLDS, empty_store, grids, incident, squares

from dashboards.manager.asked import Asked
from dashboards.snapshot import MOST_OF_A_KIND, WAITING, Snapshot
from gisapp.density import Choice


@pytest.fixture
def snapshot(tmp_path):
    with squares(tmp_path / "squares.gpkg") as store:
        yield Snapshot(store)


def test_a_value_is_computed_once_until_its_table_changes(snapshot):
    made = []

    def make():
        made.append(len(made))
        return len(made)

    assert [snapshot.derived("x", ("incidents",), make) for _ in range(3)] == [1, 1, 1]
    snapshot.store.save({"incidents": incident("I1", "G1", "2026-11-01T00:00Z")}, actor="test")
    assert [snapshot.derived("x", ("incidents",), make) for _ in range(2)] == [2, 2]


def test_a_change_of_another_table_leaves_it(snapshot):
    first = snapshot.grid_index()
    snapshot.store.save({"incidents": incident("I1", "G1", "2026-11-01T00:00Z")}, actor="test")
    assert snapshot.grid_index() is first


def test_many_threads_that_ask_at_once_make_it_once(snapshot):
    made, answers = [], []

    def make():
        time.sleep(0.05)
        made.append(1)
        return object()

    threads = [
        threading.Thread(target=lambda: answers.append(snapshot.derived("x", ("grids",), make))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(map(id, answers))) == 1


def test_of_a_kind_the_values_asked_for_last_are_kept_and_other_kinds_are_left_alone(snapshot):
    made = []

    def ask(*key):
        return snapshot.derived(key, ("grids",), lambda: made.append(key) or len(made))

    ask("network", "water")
    for extent in range(3 * MOST_OF_A_KIND):
        ask("peak", extent)
        ask("peak", 0)
    assert sum(map(len, snapshot._kept.values())) == MOST_OF_A_KIND + 1
    count = len(made)
    ask("network", "water"), ask("peak", 0), ask("peak", 3 * MOST_OF_A_KIND - 1)
    assert len(made) == count == 3 * MOST_OF_A_KIND + 1
    ask("peak", 1)
    assert made[-1] == ("peak", 1)


def test_grids_that_begin_later_are_there_from_that_moment_on_without_a_change_of_the_tables(snapshot):
    for wait_s in (2, 20):  # the second only where the machine was too busy to look in time
        begins = pd.Timestamp.now("UTC").ceil("s") + pd.Timedelta(seconds=wait_s)
        later = grids().iloc[:1].assign(code=f"N{wait_s}", valid_from=begins)
        snapshot.store.save({"grids": later}, actor="test")
        before, marks = set(snapshot.grids()["code"]), (snapshot.grids_since(), snapshot.in_force())
        if pd.Timestamp.now("UTC") < begins:
            break
    revision = snapshot.store.revision("grids")
    time.sleep(max(0.0, (begins - pd.Timestamp.now("UTC")).total_seconds()) + 0.01)
    assert snapshot.store.revision("grids") == revision
    assert set(snapshot.grids()["code"]) == before | {f"N{wait_s}"}
    assert (snapshot.grids_since(), snapshot.in_force()) == (marks[0] + 1, marks[1] + 1)
    assert snapshot.workload()["code"].tolist() == snapshot.grids()["code"].tolist()


def test_the_workload_follows_the_weights_that_the_utility_keeps(snapshot):
    ours = snapshot.workload().set_index("code")["deviation"]
    own = '[[weight]]\nmeasure = "households"\nshare = 1\narticle = "自定"\nvalid_from = 2000-01-01\n'
    snapshot.store.keep_rules("workload", own, actor="test")
    assert snapshot.weights() == {"households": 1.0}
    assert snapshot.workload().set_index("code")["deviation"].to_dict() == {
        "G1": -0.5,
        "G2": -0.5,
        "G3": -0.5,
        "G4": 1.5,
    }
    snapshot.store.keep_rules("workload", None, actor="test")
    pd.testing.assert_series_equal(snapshot.workload().set_index("code")["deviation"], ours)


def test_what_takes_long_is_made_while_others_wait_for_nothing(snapshot, monkeypatch):
    monkeypatch.setattr("dashboards.snapshot.SOON_S", 0.01)
    go, made = threading.Event(), []

    def make():
        made.append(1)
        return go.wait(10)

    assert [snapshot.soon("slow", ("grids",), make) for _ in range(3)] == [None, None, None]
    go.set()
    assert snapshot.derived("slow", ("grids",), make) is True
    assert snapshot.soon("slow", ("grids",), make) is True
    assert made == [1]


def test_a_failure_is_not_kept(snapshot):
    with pytest.raises(ZeroDivisionError):
        snapshot.derived("x", ("grids",), lambda: 1 / 0)
    assert snapshot.derived("x", ("grids",), lambda: 5) == 5


def test_incidents_are_known_up_to_the_newest_report(snapshot):
    snapshot.store.save({"incidents": incident("I1", "G1", "2026-03-01T00:00Z")}, actor="test")
    assert snapshot.as_of() == pd.Timestamp("2026-03-01T00:00Z")


def test_a_report_from_the_future_does_not_move_the_date(snapshot):
    snapshot.store.save({"incidents": incident("I1", "G1", "2999-01-01T00:00Z")}, actor="test")
    assert snapshot.as_of() <= pd.Timestamp.now("UTC")


def test_the_workload_counts_each_grid(snapshot):
    snapshot.store.save({"incidents": incident("I1", "G4", "2026-03-01T00:00Z")}, actor="test")
    rows = snapshot.workload().set_index("code")
    assert rows["households"].to_dict() == HOUSEHOLDS
    assert rows["incidents_12m"].to_dict() == {"G1": 0, "G2": 0, "G3": 0, "G4": 1}
    assert rows["leader"].to_dict() == {code: f"P-{code}" for code in HOUSEHOLDS}


def test_the_year_of_the_workload_is_the_year_of_the_managers_page(snapshot):
    told = ["2026-03-01T02:00Z", "2025-03-01T17:00Z", "2025-03-01T15:00Z"]  # in China the second is of the next day
    rows = [incident(f"I{number}", "G4", at) for number, at in enumerate(told)]
    snapshot.store.save({"incidents": pd.concat(rows)}, actor="test")
    cube = snapshot.cube()
    start, end = Asked(last=365).span(cube)
    assert start.isoformat() == "2025-03-02"
    assert snapshot.workload()["incidents_12m"].sum() == cube.daily(Choice(start=start, end=end)).sum() == 2


def test_the_four_squares_have_no_gap_and_no_overlap(snapshot):
    assert snapshot.coverage_faults().empty


def test_an_empty_store_has_empty_answers(tmp_path):
    with empty_store(tmp_path / "empty.gpkg") as store:
        snapshot = Snapshot(store)
        assert snapshot.workload().empty
        assert snapshot.coverage_faults().empty
        assert snapshot.network("water") is snapshot.network("water")
        assert snapshot.cube() is snapshot.cube()


def test_the_frame_is_that_of_the_base_map(snapshot):
    assert snapshot.frame == "wgs84"
    assert Snapshot(snapshot.store, basemap={"frame": "gcj02"}).frame == "gcj02"


def test_figures_that_nobody_looks_at_are_not_made_ahead_again(snapshot):
    assert snapshot.wanted("some"), "at first everything is"
    assert not snapshot.wanted("some")
    snapshot.want("some")
    assert snapshot.wanted("some")
    assert not snapshot.wanted("some")


@pytest.fixture
def large(snapshot, monkeypatch):
    """The squares with incidents that count as too many to be read at once."""
    monkeypatch.setattr("dashboards.lagging.LARGE", 1)
    monkeypatch.setattr("dashboards.lagging.RESTS", 0.0)
    add(snapshot, "I1")
    snapshot.incidents()
    return snapshot


def add(snapshot, code):
    snapshot.store.save({"incidents": incident(code, "G1", "2026-11-01T00:00Z")}, actor="test")


def test_figures_of_many_incidents_move_on_together_once_all_are_made(large):
    go, asked, made = threading.Event(), threading.Event(), []

    def ahead():
        asked.set()
        assert go.wait(20)
        made.append((len(large.incidents()), int(large.workload()["open_incidents"].sum())))

    def shown():
        return len(large.incidents()), large.revision("incidents"), int(large.workload()["open_incidents"].sum())

    large.ahead, before = ahead, shown()
    add(large, "I2")
    assert shown() == before
    assert asked.wait(20)
    assert shown() == before
    assert large.revision(WAITING) == before[1] + 1
    go.set()
    while shown() == before:
        time.sleep(0.01)
    assert shown() == (2, before[1] + 1, before[2] + 1)
    assert made == [(2, before[2] + 1)]


def test_of_figures_that_everybody_has_left_nothing_is_kept(large):
    gone = threading.Event()
    large.after, first = gone.set, large.incidents()
    assert len(first) == 1
    large.workload()
    large.ahead = large.workload
    add(large, "I2")
    large.revision("incidents")
    assert gone.wait(20)
    assert {len(one.made) for kind in large._kept.values() for one in kind.values()} == {1}


def test_figures_of_few_incidents_are_those_of_the_moment(snapshot):
    add(snapshot, "I1")
    assert len(snapshot.incidents()) == 1
    add(snapshot, "I2")
    assert len(snapshot.incidents()) == 2
