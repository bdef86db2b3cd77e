import base64
import io
import json

import numpy as np
import pyproj
import pytest
import shapely
from PIL import Image
from town import town

from dashboards.bundles import bundles
from dashboards.specs import feature_collection, layer_specs, picture, static_specs
from dashboards.tiles import Tiles
from gisapp.words import LANGUAGES, word
from layers.grids import grid_shapes
from layers.layer import Legend, Raster
from layers.network import network_layers
from layers.palette import GROUND


@pytest.fixture(scope="module")
def tables():
    return town().tables


@pytest.fixture(scope="module")
def tiles():
    return Tiles(town(), bundles())


def raster(theme):
    colours = {"light": (255, 0, 0, 255), "dark": (0, 255, 0, 128)}
    pixels = np.zeros((4, 6, 4), dtype=np.uint8)
    pixels[1, 2] = colours[theme]
    return Raster(
        "density", "layers.density", pixels, (12_000_000.0, 4_000_000.0, 12_000_600.0, 4_000_400.0), Legend(())
    )


def opened(spec):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(spec["url"].split(",")[1]))).convert("RGBA"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_bundle_has_words_in_every_language(tiles, language):
    specs = static_specs(tiles, *bundles(), language=language)
    assert len({spec["name"] for spec in specs}) == len(specs)
    assert all(spec["title"] and all(one["title"] for one in spec["popup"]) for spec in specs)
    json.dumps(specs, allow_nan=False)


def test_a_static_layer_carries_no_shapes_but_the_address_of_its_tiles(tiles):
    (spec,) = static_specs(tiles, "grids", language="en")
    assert "shapes" not in spec
    assert spec["tiles"]["url"] == tiles.address("grids").url
    assert spec["bundle"] == "grids"


def test_values_are_told_in_words(tiles):
    specs = {spec["name"]: spec for spec in static_specs(tiles, "water", "incidents", language="zh-Hant")}
    words = {one["column"]: one["values"] for one in specs["devices_water"]["popup"]}
    assert words["kind"]["gate_valve"] == "閘閥"
    pipes = {one["column"]: one["values"] for one in specs["links_water"]["popup"]}
    assert pipes["material"] == {"ductile_iron": word("material.ductile_iron", "zh-Hant")}
    assert pipes["code"] == {}
    kinds = {one["column"]: one["values"] for one in specs["incidents"]["popup"]}
    assert set(kinds["status"]) >= {"registered", "archived"}
    assert kinds["type"]["burst"]


def test_both_looks_travel_so_that_the_browser_changes_them_alone(tables):
    specs = layer_specs(lambda theme: [grid_shapes(tables["grids"], theme=theme)], language="en")
    assert specs[0]["style"]["light"]["outline"] != specs[0]["style"]["dark"]["outline"]
    assert GROUND["light"] != GROUND["dark"]


def test_answers_are_in_degrees_with_what_the_map_tells(tables):
    def make(theme):
        frames = {name: tables[name] for name in ("nodes", "links", "devices", "hydrants")}
        return network_layers("water", **frames, language="en", theme=theme)

    links = layer_specs(make, language="en")[0]
    (west, south), *_ = links["shapes"]["features"][0]["geometry"]["coordinates"]
    assert 113 < west < 115
    assert 36 < south < 37
    assert set(links["shapes"]["features"][0]["properties"]) == {
        *("code", "width", "diameter_mm", "material", "laid_year", "length_m", "status")
    }
    json.dumps(links, allow_nan=False)


def test_missing_values_are_null(tables):
    frame = tables["links"].head(2).copy()
    frame["diameter_mm"] = [np.nan, 100.0]
    rows = feature_collection(frame, ["code", "diameter_mm"])["features"]
    assert [row["properties"]["diameter_mm"] for row in rows] == [None, 100.0]


def test_a_polygon_with_a_label_has_one_point_inside_to_write_it_at(tables):
    made = feature_collection(tables["grids"], ["code"], labelled="polygon")
    shapes = {one["properties"]["code"]: shapely.geometry.shape(one["geometry"]) for one in made["features"][:6]}
    points = [one for one in made["features"] if one["properties"].get("_label")]
    assert len(points) == 6
    assert all(shapes[one["properties"]["code"]].contains(shapely.geometry.shape(one["geometry"])) for one in points)


def test_of_labelled_points_in_one_place_each_says_how_many_stand_before_it(tables):
    frame = tables["nodes"].head(3).copy()
    frame["geom"] = frame["geom"].iloc[[0, 1, 0]].to_numpy()
    made = feature_collection(frame, ["code"], labelled="point")
    assert [one["properties"]["_before"] for one in made["features"]] == [0, 0, 1]


def test_a_shift_of_the_base_map_moves_answers_too(tables):
    frame = tables["nodes"].head(1)
    here, there = (feature_collection(frame, ["code"], to=to) for to in ("wgs84", "gcj02"))
    assert here["features"][0]["geometry"] != there["features"][0]["geometry"]


def test_a_picture_has_its_pixels_and_corners():
    made = picture(raster("light"))
    assert opened(made)[1, 2].tolist() == [255, 0, 0, 255]
    assert opened(made)[0, 0, 3] == 0
    west, south, east, north = raster("light").bounds
    corners = [(west, north), (east, north), (east, south), (west, south)]
    expected = [pyproj.Transformer.from_crs(3857, 4326, always_xy=True).transform(*corner) for corner in corners]
    np.testing.assert_allclose(made["coordinates"], expected, atol=1e-6)


def test_a_picture_of_many_colours_keeps_them_all():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    made = picture(Raster("x", "layers.density", pixels, (0.0, 0.0, 1.0, 1.0)))
    np.testing.assert_array_equal(opened(made), pixels)


def test_a_dark_picture_travels_only_when_it_differs():
    both = layer_specs(lambda theme: [raster(theme)], language="en")[0]["image"]
    assert opened(both["dark"])[1, 2].tolist() == [0, 255, 0, 128]
    assert layer_specs(lambda theme: [raster("light")], language="en")[0]["image"]["dark"] is None
