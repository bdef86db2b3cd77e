"""Grids by their deviation from the mean: classes, counts, colours."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from layers.grids import deviation_class, deviation_shapes
from layers.palette import THEMES, diverging_colours


def grids(count):
    geoms = [shapely.box(n * 100, 0, n * 100 + 100, 100) for n in range(count)]
    codes = [f"G{n}" for n in range(count)]
    return gpd.GeoDataFrame({"code": codes, "name": codes, "geom": geoms}, geometry="geom", crs="EPSG:4547")


@pytest.mark.parametrize(
    ("deviation", "number"),
    [(-0.9, "0"), (-0.5, "1"), (-0.3, "1"), (-0.2, "2"), (0.0, "3"), (0.1, "4"), (0.26, "5"), (0.5, "6"), (3.0, "6")],
)
def test_a_deviation_has_its_class(deviation, number):
    assert deviation_class(pd.Series([deviation])).tolist() == [number]


def test_a_grid_without_a_figure_has_no_class():
    assert deviation_class(pd.Series([float("nan")])).isna().all()


def test_the_legend_counts_every_class_from_high_to_low():
    deviation = pd.Series({"G0": -0.8, "G1": 0.02, "G2": 0.04, "G3": 0.9})
    entries = deviation_shapes(grids(4), deviation, language="en").legend.entries
    assert [text.split(" · ")[1] for _, text in entries] == ["1", "0", "0", "2", "0", "0", "1"]
    assert entries[0][0] == diverging_colours("light")[-1]


@pytest.mark.parametrize("theme", THEMES)
def test_each_class_has_its_own_colour(theme):
    assert len(set(diverging_colours(theme))) == 7
