"""What the manager's page finds: the same count in every figure, the rows behind every place, nothing of too few."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from PIL import Image

from dashboards.__main__ import main
from dashboards.app import create_app
from dashboards.manager.along import pipes_of, pipes_picture, rates, shared_pieces, told
from dashboards.manager.asked import Asked, asked_from, asked_of
from dashboards.manager.found import Found, extent_m, whole_months
from dashboards.manager.page import place_at
from dashboards.manager.parts import figure_text, place_card, ranking
from dashboards.manager.pictures import density, picture, place_figure
from dashboards.map import place_on_map
from dashboards.snapshot import Snapshot
from gisapp.counting import counted
from gisapp.demo import make_city
from gisapp.density import network_density, on_pipes, piece_lines
from gisapp.errors import InputError
from gisapp.store import open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("manager") / "small.gpkg"
    make_city(path, size="small", seed=4)
    with open_store(path) as store:
        yield store


@pytest.fixture(scope="module")
def snapshot(store):
    return Snapshot(store)


@pytest.fixture(scope="module")
def client(store):
    return create_app(store).server.test_client()


def found(snapshot, **query):
    return Found.of(asked_of(query), snapshot)


def slow_rows(snapshot, start, end, **same):
    """Count the incidents of a filter row by row."""
    table = snapshot.store.table("incidents")
    days = table["reported_at"].dt.tz_convert(snapshot.store.zone).dt.date
    real = counted(table)["counts"] & (days >= start) & (days <= end)
    for name, value in same.items():
        real &= table[name] == value
    return table[real]


@pytest.mark.parametrize("query", [{}, {"types": "leak"}, {"utilities": "water", "last": "90"}, {"channels": "phone"}])
def test_every_figure_counts_the_same_incidents(snapshot, query):
    made = found(snapshot, **query)
    columns = {"types": "type", "utilities": "utility", "channels": "channel"}
    slow = slow_rows(
        snapshot, made.start, made.end, **{columns[name]: query[name] for name in query if name in columns}
    )
    assert made.count == len(slow) == len(made.rows) > 0
    assert int(made.by_grid["count"].sum()) + made.cube.outside(made.choice) == made.count
    assert int(made.cube.profile(made.choice).to_numpy().sum()) == made.count
    assert int(made.by_hexagon["count"].sum()) == made.count - made.unlocated


def test_the_rows_of_a_grid_are_as_many_as_it_counts(snapshot):
    made = found(snapshot, draw="grids")
    for code, count in made.by_grid["count"].items():
        assert len(replace(made, asked=replace(made.asked, place=code)).rows) == count


def test_the_rows_of_a_hexagon_are_those_nearest_to_its_middle(snapshot):
    made = found(snapshot, draw="hexagons")
    number = int(made.by_hexagon["count"].argmax())
    name = str(made.hexagons.codes(np.array([number]))[0])
    rows = replace(made, asked=replace(made.asked, place=name)).rows
    hexagon = made.hexagons.polygons(np.array([number]), snapshot.store.crs).iloc[0]
    slow = slow_rows(snapshot, made.start, made.end)
    assert len(rows) == made.by_hexagon["count"].iloc[number]
    assert len(rows) == int(slow.geometry.within(hexagon).sum()) > 0


def test_the_rows_around_a_click_lie_within_the_bandwidth(snapshot):
    made = found(snapshot, bandwidth="400")
    x, y = made.cube.points.mean(axis=0)
    rows = replace(made, asked=replace(made.asked, place=f"@{x:.1f},{y:.1f}")).rows
    slow = slow_rows(snapshot, made.start, made.end)
    assert len(rows) == int((slow.geometry.distance(shapely.Point(round(x, 1), round(y, 1))) <= 400).sum()) > 0


@pytest.mark.parametrize("drawn", ["surface", "hexagons", "grids"])
def test_a_click_means_the_place_under_it(snapshot, drawn):
    grid = snapshot.grids().iloc[3]
    x, y = grid["geom"].representative_point().coords[0]
    lng, lat = place_on_map(x, y, snapshot.store.crs)
    place = place_at(asked_of({"draw": drawn}), lng, lat, snapshot)
    if drawn == "grids":
        assert place == grid["code"]
    elif drawn == "surface":
        assert np.allclose([float(part) for part in place[1:].split(",")], [x, y], atol=0.1)
    else:
        number = found(snapshot, draw=drawn).hexagon_named(place)
        assert found(snapshot, draw=drawn).hexagons.which(np.array([[x, y]]))[0] == number


def test_a_picture_of_grids_has_the_figure_of_the_grid_under_each_pixel(snapshot):
    made = found(snapshot, draw="grids", measure="km")
    drawn, _ = picture(made)
    figure = place_figure(made)
    grids = snapshot.grids()
    inside = grids["geom"].iloc[7].representative_point()
    to_web = pyproj.Transformer.from_crs(snapshot.store.crs, 3857, always_xy=True)
    x, y = to_web.transform(inside.x, inside.y)
    row, col = int((drawn.bounds[3] - y) / drawn.cell_m), int((x - drawn.bounds[0]) / drawn.cell_m)
    assert drawn.values[row, col] == pytest.approx(figure[7], rel=1e-6)
    assert set(np.unique(drawn.values[~np.isnan(drawn.values)])) <= set(figure.astype(np.float32))


def test_a_deviation_of_few_expected_is_striped_and_never_coloured(snapshot):
    made = found(snapshot, draw="hexagons", measure="deviation", size="250", last="90")
    drawn, table = picture(made)[0], made.by_hexagon
    chance = table["small"] & ((table["count"] > 0) | (table["pipe_km"] > 0) | (table["households"] > 0))
    assert chance.any()
    assert (table["expected"] >= 5).any()
    figure = place_figure(made)
    assert np.isnan(figure[chance]).all()
    np.testing.assert_array_equal(figure[table["expected"] >= 5], table["deviation"][table["expected"] >= 5])
    assert drawn.thin.any()
    assert not np.isfinite(drawn.values[drawn.thin]).any()


def test_along_the_pipes_every_pixel_has_the_figure_of_the_pipe_through_it(snapshot):
    made = found(snapshot, draw="pipes", types="leak,burst", bandwidth="50", last="0")
    pipes, store = pipes_of(snapshot), snapshot.store
    assert snapshot.soon(("wait",), (), lambda: pipes) is pipes
    slow = slow_rows(snapshot, made.start, made.end)
    slow = slow[slow["type"].isin(["leak", "burst"])]
    pieces = network_density(pipes.graph, on_pipes(slow, pipes.links), bandwidth_m=50, piece_m=25)
    pieces["density"] /= made.years
    np.testing.assert_allclose(rates(made), pieces["density"], rtol=0, atol=1e-3 * pieces["density"].max())
    shown, limits = picture(made)
    assert (shown.unit, shown.points) == ("per_km_year", made.count)
    assert limits[0] > 0
    worst = pieces.iloc[[int(pieces["density"].argmax())]]
    middle = piece_lines(pipes.links, worst).iloc[0].interpolate(0.5, normalized=True)
    to_web = pyproj.Transformer.from_crs(store.crs, 3857, always_xy=True)
    x, y = to_web.transform(middle.x, middle.y)
    row, col = int((shown.bounds[3] - y) / shown.cell_m), int((x - shown.bounds[0]) / shown.cell_m)
    assert shown.values[row, col] == pytest.approx(worst["density"].iloc[0], rel=1e-3)
    assert 0.3 < np.isnan(shown.values).mean() < 1  # no colour beside the pipes


def test_two_periods_of_one_length_have_the_same_colours(snapshot):
    made = found(snapshot, last="90", compare="before")
    assert made.earlier.end < made.start
    assert (made.earlier.end - made.earlier.start) == (made.end - made.start)
    assert picture(made)[1] == picture(made.earlier)[1]


def test_a_change_is_the_later_rate_less_the_earlier(snapshot):
    made = found(snapshot, draw="grids", measure="km", compare="year-change", last="90")
    plain = asked_of({"draw": "grids", "measure": "km", "last": "90"})
    later = place_figure(Found.of(plain, snapshot))
    earlier = place_figure(Found(plain, snapshot, made.earlier.start, made.earlier.end))
    values = picture(made)[0].values
    assert set(np.unique(values[~np.isnan(values)])) <= set((later - earlier).astype(np.float32))


@pytest.mark.parametrize("drawn", ["surface", "grids", "hexagons"])
@pytest.mark.parametrize("measure", ["count", "km", "households"])
def test_a_change_is_seen_and_its_outer_classes_stay_rare(snapshot, drawn, measure):
    made, limits = picture(found(snapshot, draw=drawn, measure=measure, compare="before-change", last="365"))
    told = made.values[~np.isnan(made.values)]
    changed = ((told < limits[2]) | (told >= limits[3])).mean()
    extreme = ((told < limits[0]) | (told >= limits[-1])).mean()
    assert 0.1 < changed < 0.9
    assert extreme < 0.12
    later = picture(found(snapshot, draw=drawn, measure=measure, compare="before-change", last="90"))[1]
    assert later[-1] > limits[-1] if made.unit != "change_count" else later[-1] < limits[-1]


@pytest.mark.parametrize(("measure", "per"), [("count", "km2"), ("km", "km"), ("households", "households")])
def test_the_page_draws_what_the_command_writes(snapshot, tmp_path, measure, per):
    made = found(snapshot, measure=measure, utilities="water", types="leak,burst")
    days = ["--from", str(made.start), "--to", str(made.end), "--type", "leak", "--type", "burst"]
    words = ["density", "--store", str(snapshot.store.address), *days, "--utility", "water", "--per", per]
    assert main([*words, "--bandwidth-m", "250", "--min-customers", "0", "-o", str(tmp_path / "a.tif")]) == 0
    with Image.open(tmp_path / "a.tif") as written:
        np.testing.assert_array_equal(np.array(written), density(made).values)


def test_figures_follow_the_extent_of_the_map(snapshot):
    grid = snapshot.grids().iloc[[5]].to_crs(4326).total_bounds
    asked = replace(asked_of({}), bounds=tuple(float(side) for side in grid))
    made = Found.of(asked, snapshot)
    west, south, east, north = extent_m(asked, snapshot)
    inside = slow_rows(snapshot, made.start, made.end).geometry
    assert made.count == int(
        ((inside.x >= west) & (inside.x <= east) & (inside.y >= south) & (inside.y <= north)).sum()
    )
    assert made.unlocated == 0


def test_only_whole_months_are_compared_with_one_another():
    months = whole_months(pd.Timestamp("2026-01-02").date(), pd.Timestamp("2026-04-29").date())
    assert [str(first) for first, _ in months] == ["2026-02-01", "2026-03-01"]


def test_what_the_browser_keeps_is_what_was_asked():
    asked = asked_of({"types": "leak,nonsense", "from": "2026-01-01", "draw": "grids", "place": "G1", "units": "U09"})
    assert asked.types == ("leak",)
    assert asked.last is None
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in asked.stored().items()}
    assert asked_from(kept) == asked
    assert asked_of({}) == Asked()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"bandwidth": "0"}, "bandwidth of 0 m"),
        ({"bandwidth": "99999"}, "from 50 to 1000"),
        ({"from": "yesterday"}, "write a day"),
    ],
)
def test_an_address_that_cannot_be_is_told(query, told):
    with pytest.raises(InputError, match=told):
        asked_of(query)


@pytest.mark.parametrize("place", ["H500:r1", "H500:rX:c1", "H500:r1:c2:x"])
def test_a_hexagon_that_is_none_is_told(snapshot, place):
    with pytest.raises(InputError, match="write a hexagon as H500:r12:c34"):
        _ = found(snapshot, place=place).rows


@pytest.mark.parametrize(("measure", "column"), [("households", "households"), ("km", "pipe_km")])
def test_grids_tested_are_those_with_what_incidents_are_expected_by(snapshot, monkeypatch, measure, column):
    bare = found(snapshot).by_grid[["pipe_km", "households", "customers"]].copy()
    bare.iloc[:3, 0] = 0.0  # no pipes in three grids, no households in one other
    bare.iloc[3, 1] = 0.0
    monkeypatch.setattr("dashboards.manager.found.grid_exposures", lambda *_: bare.loc[snapshot.grids()["code"]])
    made = found(snapshot, measure=measure)
    assert made.tested == int((bare[column] > 0).sum())
    assert f"of {made.tested} grids" in str(ranking(made, "en"))


def test_grids_with_significantly_few_are_told_in_the_ranking_and_on_the_card(snapshot):
    exposure = found(snapshot).by_grid["pipe_km"].reindex(snapshot.grids()["code"])
    quiet = str(exposure.idxmax())
    made = found(snapshot, measure="km", place=quiet, last="0")
    table = made.by_grid
    table.loc[:, "cold"] = False
    table.loc[quiet, ["hot", "cold", "q_cold", "around", "around_expected"]] = [False, True, 0.0004, 3.0, 21.5]
    assert f"1 have significantly fewer than their share: {quiet}" in str(ranking(made, "en"))
    assert "only 3 incidents where 21.5 are expected" in str(place_card(made, "en"))


def test_a_period_that_ends_before_it_starts_is_told(snapshot):
    with pytest.raises(InputError, match="swap the two days"):
        found(snapshot, **{"from": "2026-03-01", "to": "2026-02-01"})


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [(1234, "count", "1,234"), (0.5, "deviation", "+50%"), (2.345, "km", "2.35"), (float("nan"), "km", "–")],
)
def test_a_figure_of_a_place_is_said_by_its_measure(value, measure, said):
    assert figure_text(value, measure) == said


def test_a_file_of_rows_holds_no_place_of_a_single_caller(client, store):
    answer = client.get("/manager.csv?last=0", headers={"Host": "127.0.0.1"})
    table = pd.read_csv(io.BytesIO(answer.data))
    true = {tuple(np.round(point, 1)) for point in shapely.get_coordinates(store.table("incidents").geometry.dropna())}
    assert len(table) > 1000
    assert not true & set(zip(table["x"], table["y"], strict=True))
    assert not {"text", "reporter_phone", "summary", "customer_code"} & set(table)


@pytest.mark.parametrize(
    ("drawn", "compared"),
    [("surface", ""), ("hexagons", ""), ("grids", "before-change"), ("pipes", ""), ("pipes", "before-change")],
)
def test_every_view_goes_out_in_every_form(client, tmp_path, drawn, compared):
    asked = f"last=365&draw={drawn}&measure=km&compare={compared}&lang=en"
    begins = {"csv": b"\xef\xbb\xbfcode", "gpkg": b"SQLite", "tif": b"II", "png": b"\x89PNG", "html": b"<!"}
    for kind, first in begins.items():
        answer = client.get(f"/manager.{kind}?{asked}", headers={"Host": "127.0.0.1"})
        assert answer.status_code == 200, (kind, answer.data[:300])
        assert answer.data.lstrip().startswith(first)
        if kind == "tif":
            (tmp_path / "a.tif").write_bytes(answer.data)
    with Image.open(tmp_path / "a.tif") as written:
        values, metadata = np.array(written), written.tag_v2[42112]
    assert np.isfinite(values).any()
    assert "this machine" in metadata  # who took it out
    assert ("change of" in metadata) == bool(compared)
    assert ("gaussian" in metadata, "epanechnikov" in metadata) == (drawn == "surface", drawn == "pipes")


def test_pieces_of_pipe_with_few_customers_around_go_out_in_no_form(snapshot, store):
    made = found(snapshot, draw="pipes", bandwidth="50")
    homes = store.table("customers").geometry
    homes = homes[~(homes.is_empty | homes.isna())]
    pieces, whole = shared_pieces(made), pipes_picture(made, wait=True)[0]
    middle = pieces.geometry.interpolate(0.5, normalized=True)
    assert len(pieces) > 100
    assert min((homes.distance(one) <= 51).sum() for one in middle.sample(60, random_state=1)) >= 5
    shared = pipes_picture(made, wait=True, shared=True)[0]
    assert (~told(made)).any()
    assert np.isfinite(shared.values).sum() < np.isfinite(whole.values).sum()


def test_a_file_of_nothing_says_why(client):
    answer = client.get("/manager.csv?from=1999-01-01&to=1999-01-31", headers={"Host": "127.0.0.1"})
    assert answer.status_code == 400
    assert "widen the filter" in answer.json["error"]
