import layer_town as town
import numpy as np
import pytest
from PIL import Image

from gisapp.density import surface, surface_3857
from gisapp.errors import InputError
from gisapp.words import LANGUAGES
from layers import density
from layers.density import class_limits, coloured, density_raster, write_png
from layers.palette import rgb, surface_colours

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
    assert density._font("zh-Hant")[1] == "en"
