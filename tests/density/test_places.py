import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gisapp.density import Hexagons, hexagon_figures, place_figures
from gisapp.errors import InputError


def figures(**asked):
    counts = pd.Series([40, 10, 0, 7], index=list("ABCD"))
    km = pd.Series([20.0, 20.0, 10.0, None], index=list("ABCD"))
    homes = pd.Series([1000, 0, 49, 500], index=list("ABCD"))
    return place_figures(counts, pipe_km=km, households=homes, **({"years": 2.0} | asked))


def test_expected_adds_up_to_what_happened_where_something_is_exposed():
    found = figures()
    assert found["expected"].sum() == pytest.approx(50)
    assert found.loc["A", "deviation"] == pytest.approx(1.0)
    assert found.loc["C", "deviation"] == -1
    assert np.isnan(found.loc["D", "expected"])
    assert np.isnan(found.loc["D", "deviation"])


def test_rates_are_of_a_year_and_are_not_told_of_next_to_nothing():
    found = figures()
    assert found["per_km_year"].tolist()[:3] == [1.0, 0.25, 0.0]
    assert np.isnan(found.loc["D", "per_km_year"])
    assert found.loc["A", "per_1000_households_year"] == 20.0
    assert found.loc[["B", "C"], "per_1000_households_year"].isna().all()


def test_few_expected_are_marked_and_not_hidden():
    found = figures(by="households")
    assert found["small"].tolist() == [False, True, True, False]
    assert not np.isnan(found.loc["C", "deviation"])


def test_nothing_exposed_tells_nothing():
    nothing = pd.Series([0.0, 0.0])
    found = place_figures(pd.Series([1, 2]), pipe_km=nothing, households=nothing, years=1.0)
    assert found[["expected", "deviation", "per_km_year"]].isna().all(axis=None)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="found a period of 0 years"):
        figures(years=0)
    with pytest.raises(InputError, match="on one index"):
        place_figures(pd.Series([1]), pipe_km=pd.Series([1.0, 2.0]), households=pd.Series([1]), years=1.0)


def test_hexagons_share_out_incidents_pipes_and_households_and_lose_none():
    rng = np.random.default_rng(1)
    x, y = 520_000.0, 3_386_000.0
    line = shapely.LineString([(x, y + 130), (x + 900, y + 130), (x + 950, y + 700)])
    links = gpd.GeoDataFrame({"kind": ["pipe"]}, geometry=[line], crs="EPSG:4547")
    homes = rng.uniform((x, y), (x + 1000, y + 1000), (300, 2))
    customers = gpd.GeoDataFrame({"households": rng.integers(1, 5, 300)}, geometry=gpd.points_from_xy(*homes.T))
    customers = customers.set_crs("EPSG:4547")
    happened = rng.uniform((x, y), (x + 1000, y + 1000), (80, 2))
    hexagons = Hexagons.over((x, y, x + 1000, y + 1000), 250)
    found = hexagon_figures(hexagons, hexagons.sums(happened), links=links, customers=customers, years=1.0)
    assert found["count"].sum() == 80
    assert found["customers"].sum() == 300
    assert found["households"].sum() == customers["households"].sum()
    true = found.geometry.intersection(line).length / 1000
    np.testing.assert_allclose(found["pipe_km"], true, atol=0.02)
    assert found["pipe_km"].sum() == pytest.approx(line.length / 1000)
    inside = found.geometry.apply(lambda one: shapely.contains_xy(one, *happened.T).sum())
    assert found["count"].tolist() == inside.tolist()
