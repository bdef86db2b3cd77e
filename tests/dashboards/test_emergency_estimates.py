"""The estimate of pressures: in the background, none that nobody waits for, one figure everywhere."""

import pytest
from small_city import copy_small_city

from dashboards.__main__ import main
from dashboards.emergency import estimates as module
from dashboards.emergency.case import Case
from dashboards.emergency.estimates import Estimates
from dashboards.emergency.pressure import below_of, order, pressure
from dashboards.emergency.standing import Standings
from dashboards.snapshot import Snapshot
from gisapp.errors import InputError
from gisapp.network import reduced_pressure
from gisapp.reports.brief import brief
from gisapp.reports.texts import Issuer, draft
from gisapp.store import open_store
from gisapp.words import LANGUAGES, word
from layers.pack import TABLES, pack_html


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    path = tmp_path_factory.mktemp("pressure") / "small.gpkg"
    copy_small_city(path)
    with open_store(path) as store:
        links = store.table("links")
        mains = links[(links["utility"] == "water") & links["rank"].isin(["trunk", "main"])]
        thin = mains.assign(diameter_mm=mains["diameter_mm"] / 4)  # as they stand the mains hardly lose pressure
        store.save({"links": thin}, actor="test", replace=True)
        yield Snapshot(store)


@pytest.fixture
def standings(snapshot):
    return Standings(snapshot)


def burst(snapshot, rank="trunk"):
    links = snapshot.store.table("links")
    mains = links[(links["utility"] == "water") & (links["rank"] == rank)].sort_values("code")
    return Case("water", (str(mains["code"].iloc[len(mains) // 2]),))


def finished(standings, case, below="20"):
    standing = standings.of(case)
    order({"do": "start", "below": below}, standing, standings)
    assert standings.estimates.of(standing.answer).over.wait(120)
    return standings.of(case)


def test_every_paper_and_screen_tells_the_figure_of_the_simulation(snapshot, standings):
    case = burst(snapshot)
    before = standings.mark(case)
    standing = finished(standings, case)
    direct = reduced_pressure(snapshot.network("water"), standing.answer, below_m=20.0)
    households = int(direct.fallen["households"].sum())
    assert households > 0
    told = standing.situation.pressure
    assert int(told.fallen["households"].sum()) == households
    assert standings.mark(case) != before
    run = standings.estimates.of(standing.answer)
    figure = f"{households:,}"
    assert figure in str(pressure(standing, run, "en"))
    assert figure in draft("shutoff_notice", standing.situation, "en", Issuer("city", "")).body
    part = next(part for part in brief(standing.situation, "en") if part.key == "reduced")
    assert figure in part.note
    tables = {name: snapshot.store.table(name) for name in TABLES}
    assert word("pack.part_reduced", "en") in pack_html(standing.situation, tables, city="city", language="en")


def test_without_an_estimate_nothing_is_claimed(snapshot, standings):
    standing = standings.of(burst(snapshot))
    assert standing.situation.pressure is None
    assert "pressure may fall" not in draft("shutoff_notice", standing.situation, "en", Issuer("city", "")).body
    assert all(part.key != "reduced" for part in brief(standing.situation, "en"))


def test_what_somebody_writes_does_not_lose_the_estimate_of_the_same_answer(snapshot, standings):
    standing = finished(standings, burst(snapshot))
    made = standings._make(standing.case, None)
    assert standings.estimates.found(made.answer) is standing.situation.pressure


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_water_is_asked_for_pressure(snapshot, standings, language):
    links = snapshot.store.table("links")
    gas = Case("gas", (str(links.loc[links["utility"] == "gas", "code"].iloc[0]),))
    assert pressure(standings.of(gas), None, language) is None
    asks = str(pressure(standings.of(burst(snapshot)), None, language))
    assert word("emergency.pressure.start", language) in asks


@pytest.mark.parametrize("typed", ["", None, "abc", "0", "-3", "500", "nan"])
def test_a_pressure_that_is_none_is_refused(typed):
    with pytest.raises(InputError, match="metres of water"):
        below_of(typed)


def test_a_second_estimate_of_the_same_answer_is_something_else_to_show(snapshot, standings):
    case = burst(snapshot)
    marks = [standings.mark(case)]
    for below in ("20", "25"):
        finished(standings, case, below)
        marks.append(standings.mark(case))
    assert len(set(marks)) == 3
    assert standings.mark(case) == marks[-1]


@pytest.fixture
def asked(snapshot, standings):
    """What a run is asked with: the network, and an answer of it."""
    return snapshot.network("water"), standings.of(burst(snapshot)).answer


def test_a_run_that_is_stopped_has_no_estimate(asked):
    estimates = Estimates(at_once=1)
    with estimates.turn:
        run = estimates.start(*asked, below_m=14.0)
        estimates.stop(asked[1])
    assert run.over.wait(60)
    assert run.stopped
    assert estimates.found(asked[1]) is None


def test_a_run_is_stopped_before_it_has_its_turn(asked):
    estimates = Estimates(at_once=1)
    with estimates.turn:
        run = estimates.start(*asked, below_m=14.0)
        estimates.stop(asked[1])
        assert run.over.wait(10)
    assert run.stopped
    assert estimates.turn.acquire(timeout=1)  # it has not taken what it never had


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_estimate_that_a_new_server_knows_nothing_of_is_said_to_be_lost(snapshot, standings, language):
    standing = standings.of(burst(snapshot))
    run = standings.estimates.of(standing.answer)
    words = word("emergency.pressure.gone", language)
    assert words in str(pressure(standing, run, language, gone=True))
    assert words not in str(pressure(standing, run, language))


def test_a_run_that_nobody_watches_is_stopped(asked, monkeypatch):
    monkeypatch.setattr(module, "UNWATCHED_S", -1.0)
    run = Estimates().start(*asked, below_m=14.0)
    assert run.over.wait(60)
    assert run.stopped


def test_a_run_waits_for_its_turn_and_says_so(snapshot, standings, asked):
    estimates = Estimates(at_once=1)
    standing = standings.of(burst(snapshot))
    with estimates.turn:
        run = estimates.start(*asked, below_m=14.0)
        assert not run.over.wait(0.3)
        assert word("emergency.pressure.waits", "en") in str(pressure(standing, run, "en"))
    assert run.over.wait(120)
    assert run.found is not None


def test_asking_twice_for_the_same_runs_once_and_for_another_pressure_anew(asked):
    estimates = Estimates(at_once=1)
    with estimates.turn:
        first = estimates.start(*asked, below_m=14.0)
        assert estimates.start(*asked, below_m=14.0) is first
        other = estimates.start(*asked, below_m=20.0)
    assert first.over.wait(120)
    assert other.over.wait(120)
    assert first.stopped
    assert estimates.found(asked[1]).below_m == 20.0


def test_why_there_is_no_estimate_is_told(snapshot, standings):
    links = snapshot.store.table("links")
    gas = standings.of(Case("gas", (str(links.loc[links["utility"] == "gas", "code"].iloc[0]),)))
    run = standings.estimates.start(snapshot.network("gas"), gas.answer, below_m=14.0)
    assert run.over.wait(60)
    assert "pressure of gas is not simulated" in str(pressure(standings.of(burst(snapshot)), run, "en"))


def test_with_a_pressure_the_commands_tell_who_falls_below_it(snapshot, tmp_path, capsys):
    heads = snapshot.store.table("shutoffs")
    code = heads.loc[heads["utility"] == "water", "code"].iloc[0]
    words = ["--store", str(snapshot.store.address), "--shutoff", code, "--lang", "en"]
    said, page = "pressure may fall below 20 m (estimate)", tmp_path / "pack.html"
    assert main(["notice", *words, "--draft"]) == 0
    assert said not in capsys.readouterr().out
    assert main(["notice", *words, "--draft", "--pressure-m", "20"]) == 0
    assert said in capsys.readouterr().out
    assert main(["pack", *words, "--pressure-m", "20", "-o", str(page)]) == 0
    assert said in page.read_text(encoding="utf-8")
