"""The commands that say what fails more than it should, on a street of 24 grids with a pipe in each."""

import io
import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from dashboards.__main__ import main
from gisapp.store import create_store
from gisapp.tables import conform

COUNT = 24
BAD = 5
GRIDS = [f"G{at:02}" for at in range(COUNT)]


def frame(name, rows):
    return conform(gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geom", crs=4547), name)


SQUARES = [shapely.box(500_000 + 100 * at, 3_400_000, 500_100 + 100 * at, 3_400_100) for at in range(COUNT)]


def halved(square):
    """The north and the south of a square, so that what lies at its middle lies on their border."""
    west, south, east, north = square.bounds
    return shapely.box(west, south + 50, east, north), shapely.box(west, south, east, south + 50)


def ground():
    """A pipe in each grid, of 1 km by the record."""
    since = pd.Timestamp("2020-01-01T00:00Z")
    grid = {"utilities": "water", "valid_from": since}
    pipe = {"utility": "water", "kind": "pipe", "from_node": "A", "to_node": "B", "status": "open", "direction": "both"}
    grids, links = [], []
    for at, (code, square) in enumerate(zip(GRIDS, SQUARES, strict=True)):
        x, y = square.centroid.x, square.centroid.y
        line = shapely.LineString([(x - 40, y), (x + 40, y)])
        grids.append(grid | {"code": code, "name": code, "geom": shapely.MultiPolygon([square])})
        made_of = {"material": "steel" if at < 6 else "pe", "laid_year": 1990 + at}
        links.append(pipe | {"code": f"W{at:02}", "length_m": 1000.0, **made_of, "geom": line})
    halves = [
        {"code": f"{code}-{part}", "grid_code": code, "geom": shapely.MultiPolygon([half])}
        for code, square in zip(GRIDS, SQUARES, strict=True)
        for part, half in enumerate(halved(square))
    ]
    nodes = [{"utility": "water", "code": code, "kind": "end", "geom": SQUARES[0].centroid} for code in "AB"]
    made = {"nodes": nodes, "grids": grids, "unit_grids": halves, "links": links}
    return {name: frame(name, rows) for name, rows in made.items()}


def leaks():
    """The bad grid leaks every fortnight, each of them once a year."""
    usual = {"utility": "water", "type": "leak", "channel": "phone", "status": "closed", "drill": False}
    times = [(BAD, moment) for moment in pd.date_range("2025-01-05T02:00Z", periods=52, freq="14D")]
    times += [(at, pd.Timestamp(f"{year}-06-{at + 1:02}T02:00Z")) for at in range(COUNT) for year in (2025, 2026)]
    rows = [
        usual
        | {"code": f"I{number:03}", "link_code": f"W{at:02}", "measure_m": 100.0, "geom": SQUARES[at].centroid}
        | {"reported_at": moment, "repaired_at": moment + pd.Timedelta(hours=5)}
        for number, (at, moment) in enumerate(times)
    ]
    return frame("incidents", rows)


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    path = tmp_path_factory.mktemp("rates") / "street.gpkg"
    with create_store(path, crs="EPSG:4547", name="示例") as store:
        store.save({**ground(), "incidents": leaks()}, actor="test")
    return path


@pytest.fixture
def ask(street, capsys):
    def call(command, *words, store=street):
        status = main([command, "--store", str(store), *map(str, words)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


def rows(text):
    return pd.read_csv(io.StringIO(text))


def test_the_grid_that_leaks_most_is_hot_and_the_answer_says_against_what(ask):
    status, out, told = ask("hotspots", "--by", "grid", "--type", "leak", "--utility", "water")
    answer = json.loads(out)
    table = pd.DataFrame(answer["grids"]).set_index("code")
    assert status == 0
    assert table.index[table["hot"]].tolist() == [GRIDS[BAD]]
    assert (answer["incidents"], answer["outside"], answer["exposure"]) == (100, 0, "pipe_km")
    assert table["count"].sum() == 100
    assert table["exposure"].tolist() == [1.0] * COUNT
    assert (answer["from"], answer["to"], answer["types"]) == ("2025-01-05", "2026-12-20", ["leak"])
    assert answer["per_exposure_and_year"] == pytest.approx(100 / COUNT / (715 / 365.25), rel=1e-6)
    assert "100 incidents, 1 of 24 grids are hot" in told


def test_hotspots_as_csv_keep_small_probabilities_and_households_are_another_exposure(ask):
    table = rows(ask("hotspots", "--format", "csv")[1])
    assert table["p"].min() < 0.001
    nobody = rows(ask("hotspots", "--format", "csv", "--exposure", "households")[1])
    assert not nobody["judged"].any()
    assert not nobody["hot"].any()
    assert "100 in grids without households" in ask("hotspots", "--exposure", "households")[2]


def test_unit_grids_show_it_finer(ask):
    answer = json.loads(ask("hotspots", "--by", "unit", "--type", "leak")[1])
    table = pd.DataFrame(answer["units"]).set_index("code")
    assert len(table) == 2 * COUNT
    assert (table["count"].sum(), answer["outside"], answer["by"]) == (100, 0, "unit")
    assert table["hot"].any()
    assert set(table.index[table["hot"]]) <= {f"{GRIDS[BAD]}-0", f"{GRIDS[BAD]}-1"}


def test_a_trend_is_told_by_whole_months(ask):
    table = rows(ask("hotspots", "--format", "csv", "--trend")[1]).set_index("code")
    assert table["trend"].dropna().to_dict() == {GRIDS[BAD]: "persistent"}
    status, _, told = ask("hotspots", "--trend", "--from", "2026-01-01", "--to", "2026-03-31")
    assert status == 2
    assert "found 3 whole months; give at least 6" in told


@pytest.mark.parametrize("statistic", ["gi-star", "local-moran"])
def test_other_statistics_tell_how_often_they_are_wrong(ask, statistic):
    status, out, told = ask("hotspots", "--statistic", statistic)
    answer = json.loads(out)
    assert (status, answer["null_maps"]) == (0, 20)
    assert f"on maps of chance {statistic} calls {answer['false_alarms']:g} of 24 grids hot" in told


def test_rates_come_by_cohort_with_what_is_in_none(ask):
    status, out, told = ask("rates", "--by", "material,decade", "--format", "csv", "--from", "2025-01-01")
    table = rows(out)
    assert status == 0
    assert table["material"].tolist() == ["pe", "pe", "pe", "steel"]
    assert table["decade"].tolist() == [1990, 2000, 2010, 1990]
    assert table["breaks"].tolist() == [8, 20, 8, 64]
    answer = json.loads(ask("rates", "--by", "material", "--from", "2025-01-01", "--to", "2026-12-31")[1])
    assert (answer["breaks"], answer["km_years"], answer["predating"]) == (100, 48.0, [])
    assert answer["per_100_km_and_year"] == pytest.approx(100 * 100 / 48)
    assert answer["cohorts"][1]["rate"] == pytest.approx(100 * 64 / 12)
    assert "100 breaks on 47 km and years" in told


def test_pipes_come_worst_first_and_the_order_is_tested_on_the_year_after(ask):
    ranked = rows(ask("rates", "--by", "material", "--show", "pipes", "--format", "csv")[1])
    assert ranked["code"].iloc[0] == f"W{BAD:02}"
    assert ranked["length_share"].iloc[-1] == 1.0
    period = ("--from", "2025-01-01", "--to", "2026-12-31")
    status, out, told = ask("rates", "--by", "material", "--show", "back-test", *period)
    caught = pd.DataFrame(json.loads(out)["back_test"]).set_index("order")
    assert (status, set(caught["cut"])) == (0, {2026})
    assert caught.loc["smoothed", "caught_5"] > 4 * caught.loc["cohort", "caught_5"]
    assert "of next year's breaks" in told
    assert ask("rates", "--by", "material", "--show", "back-test", "--from", "2026-02-01")[0] == 2


def test_repeats_are_those_of_the_period_with_the_marks(ask, tmp_path):
    status, out, told = ask("repeats", "--tolerance-m", 5, "--format", "csv")
    table = rows(out)
    assert status == 0
    assert len(table) == 53  # the fortnightly ones but the first, and two more in June
    assert set(table["link_code"]) == {f"W{BAD:02}"}
    assert table["repaired_at"].iloc[0] == "2025-01-19T15:00:00+08:00"
    assert table["in_warranty"].isna().all()
    assert "53 of 100 repairs repeat an earlier one" in told
    (tmp_path / "w.csv").write_text("utility,link_code,warranty_until\nwater,W05,2025-12-31\n", encoding="utf-8")
    period = ("--from", "2025-12-01", "--to", "2026-01-31")
    answer = json.loads(ask("repeats", "--warranty", tmp_path / "w.csv", *period)[1])
    assert [row["in_warranty"] for row in answer["repeats"]] == [True, True, False, False]
    assert (answer["compared"], answer["tolerance_m"]) == (4, 5.0)


def test_what_is_not_found_is_a_no(ask):
    assert ask("hotspots", "--type", "quality")[0] == 1
    assert ask("rates", "--by", "material", "--type", "burst")[0] == 1
    assert ask("repeats", "--of", "complaints")[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hotspots", "--from", "2026-02-30"], "found '2026-02-30'"),
        (["hotspots", "--from", "2026-03-01", "--to", "2026-02-01"], "before its start"),
        (["hotspots", "--from", "2019-01-01", "--to", "2019-02-01"], "no grids are in force on 2019-02-01"),
        (["rates", "--by", "colour"], "'colour' makes no cohort"),
        (["rates", "--by", ","], "nothing makes the cohorts"),
        (["repeats", "--tolerance-m", "-1"], "a tolerance of -1.0 m"),
        (["repeats", "--warranty", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_asked_says_what_and_why(ask, words, said):
    status, out, told = ask(*words)
    assert (status, out) == (2, "")
    assert told.startswith("gisapp: ")
    assert said in told


def test_a_warranty_file_without_its_columns_or_days_is_refused(ask, tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("utility,link_code\nwater,W05\n", encoding="utf-8")
    assert "lacks the column warranty_until" in ask("repeats", "--warranty", path)[2]
    path.write_text("utility,link_code,warranty_until\nwater,W05,soon\n", encoding="utf-8")
    assert "w.csv, row 1, field warranty_until: found 'soon'" in ask("repeats", "--warranty", path)[2]


def test_a_store_without_incidents_says_so(tmp_path, ask):
    create_store(tmp_path / "empty.gpkg", crs="EPSG:4547", name="示例").close()
    for words in (["hotspots"], ["rates", "--by", "material"], ["repeats"]):
        status, _, told = ask(*words, store=tmp_path / "empty.gpkg")
        assert status == 2
        assert "holds no incidents" in told
