import geopandas as gpd
import layer_town as town
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from gisapp.density import (
    Hexagons,
    change_surface,
    per_year,
    pipe_exposure,
    rate_surface,
    surface,
    surface_3857,
    web_surface,
)
from gisapp.errors import InputError
from gisapp.words import LANGUAGES
from layers import density
from layers.density import (
    change_limits,
    class_limits,
    coloured,
    density_raster,
    limits_of,
    piece_shapes,
    place_shapes,
    write_png,
)
from layers.palette import diverging_colours, other_colour, quiet_colour, rgb, surface_colours

BOX = (town.X, town.Y, town.X + 1000, town.Y + 1000)


def points():
    frame = town.incidents()
    return np.array([(shape.x, shape.y) for shape in frame.geometry.dropna()])


@pytest.mark.parametrize(
    ("peak", "limits"),
    [
        (87.0, (10, 20, 30, 40, 50, 60, 70, 80)),
        (100.0, (15, 30, 45, 60, 75, 90)),
        (0.3, (0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28)),
        (0.0, (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)),
    ],
)
def test_classes_have_equal_round_widths_and_the_last_is_reached(peak, limits):
    assert class_limits(peak) == limits


@pytest.mark.parametrize("peak", [-1.0, float("nan"), float("inf")])
def test_a_peak_that_is_no_density_is_refused(peak):
    with pytest.raises(InputError, match="found a peak"):
        class_limits(peak)


def test_a_value_gets_the_colour_of_its_class_and_nothing_below_the_first():
    values = np.array([[0.0, 0.99, 1.0, 4.9, 5.0, 1e9]], dtype=np.float32)
    pixels = coloured(values, (1.0, 5.0))
    low, high = ((*rgb(colour), 255) for colour in surface_colours(2))
    assert [tuple(int(part) for part in pixel) for pixel in pixels[0]] == [
        (0, 0, 0, 0), (0, 0, 0, 0), low, low, high, high,
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_limits_give_the_same_legend_with_a_unit(language):
    dense = surface_3857(points(), crs=town.CRS, bandwidth_m=80, bounds=BOX)
    sparse = surface_3857(points()[:5], crs=town.CRS, bandwidth_m=80, bounds=BOX)
    limits = class_limits(dense.peak)
    layers = [density_raster(found, limits=limits, language=language) for found in (dense, sparse)]
    assert layers[0].legend == layers[1].legend
    assert "km²" in layers[0].legend.unit
    assert len(layers[0].legend.entries) == len(limits)
    assert layers[0].bounds == dense.bounds
    assert layers[0].pixels.shape == (*dense.values.shape, 4)


def test_the_picture_file_shows_the_surface_and_tells_its_frame(tmp_path):
    found = surface(points(), bandwidth_m=80, bounds=BOX, crs=town.CRS)
    write_png(found, tmp_path / "d.png")
    with Image.open(tmp_path / "d.png") as picture:
        assert picture.text["unit"] == "incidents per km2"
        assert picture.text["crs"] == "EPSG:4547"
        assert picture.text["bounds"].split()[0] == f"{town.X:.3f}"
        row, col = np.unravel_index(found.values.argmax(), found.values.shape)
        scale = (picture.width - 300) // found.values.shape[1]
        assert picture.getpixel((int(col) * scale, int(row) * scale)) == rgb(surface_colours(8)[-1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_file_can_be_written_in_every_language(tmp_path, language):
    found = surface(points(), bandwidth_m=80, bounds=BOX)
    write_png(found, tmp_path / "d.png", language=language, theme="dark", note="2026")
    assert [path.name for path in tmp_path.iterdir()] == ["d.png"]


def test_without_a_chinese_font_the_words_are_english(monkeypatch):
    monkeypatch.setattr(density, "CHINESE_FONTS", ("no such font.ttf",))
    _, language, plain = density._font("zh-Hant")
    assert (language, "1 – 2 km²".translate(plain)) == ("en", "1 - 2 km2")


def test_a_cell_without_a_value_has_no_colour():
    values = np.array([[np.nan, 7.0]], dtype=np.float32)
    assert coloured(values, (1.0, 5.0))[0, 0].tolist() == [0, 0, 0, 0]
    assert coloured(values, (-3.0, -2, -1, 1, 2, 3), change=True)[0, 0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("most", "limits"), [(8.0, (-7.5, -5, -2.5, 2.5, 5, 7.5)), (0.9, (-0.9, -0.6, -0.3, 0.3, 0.6, 0.9)), (0, None)]
)
def test_the_classes_of_a_change_are_alike_on_both_sides(most, limits):
    found = change_limits(most)
    assert found == tuple(-limit for limit in reversed(found))
    assert limits is None or found == limits
    with pytest.raises(InputError, match="found a change"):
        change_limits(-1.0)


def rate_with_little():
    """A rate by pipes in the west of the town, and none in the east."""
    options = {"bandwidth_m": 60.0, "bounds": BOX, "crs": town.CRS}
    line = shapely.LineString([(town.X, town.Y + at) for at in range(0, 1100, 100)])
    pipes, km = pipe_exposure(gpd.GeoDataFrame({"kind": ["pipe"]}, geometry=[line], crs=town.CRS), 10)
    return rate_surface(
        surface(points(), **options), surface(pipes, weights=km, **options), per="km", years=1.0, least=0.05
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_there_is_too_little_stripes_are_drawn_and_explained(language):
    rate = web_surface(rate_with_little())
    layer = density_raster(rate, limits=limits_of(rate), language=language)
    striped = (layer.pixels == (*rgb(other_colour()), 255)).all(axis=2)
    assert striped[rate.thin].any()
    assert not striped[~rate.thin].any()
    assert layer.legend.entries[-1][0] == other_colour()
    rest = layer.pixels[rate.thin & ~striped]
    assert (rest[:, 3] == 0).all()


def test_what_fell_is_blue_and_what_grew_is_red(tmp_path):
    options = {"bandwidth_m": 60.0, "bounds": BOX, "crs": town.CRS}
    one, other = ([[town.X + at, town.Y + 500.0]] for at in (200.0, 800.0))
    change = change_surface(*(per_year(surface(np.array(xy), **options), 1.0) for xy in (one, other)))
    drawn = web_surface(change)
    layer = density_raster(drawn, limits=limits_of(change), language="en")
    pixels = layer.pixels[..., :3].reshape(-1, 3)
    assert tuple(pixels[np.nanargmax(drawn.values)]) == rgb(diverging_colours()[-1])
    assert tuple(pixels[np.nanargmin(drawn.values)]) == rgb(diverging_colours()[0])
    assert len(layer.legend.entries) == 7
    write_png(change, tmp_path / "change.png")
    with Image.open(tmp_path / "change.png") as picture:
        assert picture.text["unit"] == "change of incidents per km2 and year"


@pytest.mark.parametrize("limits", [(1.0, 2.0, 3.0), change_limits(4.0)])
def test_hexagons_have_the_colour_of_their_figure_and_grey_without_one(limits):
    hexagons = Hexagons.over(BOX, 400)
    shapes = hexagons.polygons(np.arange(4), town.CRS)
    places = gpd.GeoDataFrame({"code": shapes.index, "geom": shapes.to_numpy()}, geometry="geom", crs=town.CRS)
    figure = pd.Series([-9.0, 2.0, 9.0, None], index=shapes.index)
    layer = place_shapes(places, figure, limits=limits, unit="density.count", language="en")
    drawn = [layer.style.colour.colours.get(name, layer.style.colour.other) for name in layer.frame["class"]]
    low = diverging_colours()[0] if limits[0] < 0 else quiet_colour()
    high = diverging_colours()[-1] if limits[0] < 0 else surface_colours(3)[-1]
    assert (drawn[0], drawn[2], drawn[3]) == (low, high, other_colour())
    assert {colour for colour, _ in layer.legend.entries} == {*layer.style.colour.colours.values(), other_colour()}


def test_pieces_of_pipe_below_the_classes_are_left_out():
    lines = [shapely.LineString([(town.X, town.Y), (town.X + 9, town.Y)])] * 3
    pieces = gpd.GeoDataFrame(
        {"code": list("ABC"), "figure": [0.5, 1.0, 9.0], "geom": lines}, geometry="geom", crs=town.CRS
    )
    layer = piece_shapes(pieces, limits=(1.0, 5.0), language="en")
    assert layer.frame["code"].tolist() == ["B", "C"]
    assert [layer.style.colour.colours[name] for name in layer.frame["class"]] == list(surface_colours(2))
