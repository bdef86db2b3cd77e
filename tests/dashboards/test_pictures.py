"""The map as pictures: what tiles draw of a bundle from afar, in one SVG, in the place that the map will have."""

import gzip
import json
import re
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from flask import Flask

from dashboards import pictures
from dashboards.cut import to_world
from dashboards.pictures import LINE_STOPS, POINT_STOPS, RIBBON_STOPS, STREET_STOPS, framed, picture, placed, zoom_of
from layers.palette import base_colours, utility_colour

SVG = "{http://www.w3.org/2000/svg}"
STYLE = Path(pictures.__file__).parent / "assets" / "map-style.js"
LIVING = STYLE.parent / "map-living.js"


def client(tiles, permit=lambda name: True):
    server = Flask("pictures")
    server.add_url_rule(pictures.RULE, view_func=pictures.picture_view(tiles, permit))
    return server.test_client()


def paths(content):
    """The paths of a packed picture."""
    return list(ElementTree.fromstring(gzip.decompress(content)).iter(f"{SVG}path"))


def outlines(path):
    """Every run of points of a path, in units of the picture."""
    runs = []
    for run in re.findall(r"M(-?\d+) (-?\d+)l([^Mz]*)", path.get("d")):
        steps = np.array([[int(run[0]), int(run[1])], *np.array(run[2].split(), dtype=int).reshape(-1, 2).tolist()])
        runs.append(np.cumsum(steps, axis=0))
    return runs


def test_every_pipe_is_drawn_where_its_tiles_have_it(tiles, drawn):
    zoom = 15
    links = drawn.table("links")
    links = links[links["utility"] == "water"]
    left, top, _, _ = framed(tiles.address("water").bounds, zoom, margin=16)
    world = to_world(links.geometry.to_numpy(), links.crs)
    wanted = shapely.transform(world, lambda xy: (xy * 512 * 2.0**zoom - [left, top]) * 4)
    _, content = picture(tiles, "water", zoom, "light")
    colour = utility_colour("water", "light")
    lines = [
        shapely.LineString(run) for path in paths(content) if path.get("stroke") == colour for run in outlines(path)
    ]
    assert len(lines) == len(links)
    apart = shapely.hausdorff_distance(shapely.union_all(wanted), shapely.union_all(lines), densify=0.05)
    assert apart <= 3  # of a quarter of a pixel: what was simplified, and rounded


def test_grids_are_filled_bordered_and_seen_through(tiles, drawn):
    _, content = picture(tiles, "grids", 13, "dark")
    fill, ribbon, border = paths(content)
    line = base_colours("dark")["grid"]
    assert (fill.get("fill"), fill.get("fill-opacity")) == (line, "0.04")
    assert (border.get("stroke"), border.get("fill")) == (line, "none")
    assert float(ribbon.get("stroke-width")) > float(border.get("stroke-width"))
    assert len(outlines(fill)) == len(drawn.table("grids"))


def test_the_same_rows_as_in_tiles_are_seen(tiles):
    far, near = (
        sum(len(outlines(path)) for path in paths(picture(tiles, "base", zoom, "light")[1])) for zoom in (9, 15)
    )
    assert 0 < far < near


def test_what_is_seen_from_afar_goes_before_where_there_is_too_much(tiles):
    (sheet,) = [one for one in tiles.sheets("water") if one.name == "links_water"]
    rows, places = sheet.seen(16, 3)
    far, _ = sheet.seen(sheet.least_zoom, 10**6)
    assert len(rows) == len(places) == 3
    assert set(rows) <= set(far)


def test_a_picture_is_kept_for_good_at_its_revision_only(tiles):
    address = tiles.address("base").url.replace("{z}/{x}/{y}.mvt", "11.0/light.svg")
    answer = client(tiles).get(address, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert "immutable" in answer.headers["Cache-Control"]
    old = client(tiles).get(address.replace(tiles.revision("base"), "old"), headers={"Accept-Encoding": "gzip"})
    assert old.data == answer.data
    assert old.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/customers/x/9.0/light.svg",
        "/tiles/base/x/9.05/light.svg",
        "/tiles/base/x/17.0/light.svg",
        "/tiles/base/x/9.0/pink.svg",
    ],
)
def test_what_is_no_picture_is_404(tiles, path):
    assert client(tiles).get(path).status_code == 404


def test_a_picture_is_refused_as_its_tiles_are(tiles):
    assert client(tiles, lambda name: name != "water").get("/tiles/water/x/9.0/light.svg").status_code == 403


def test_nothing_there_is_no_picture(tiles):
    assert client(tiles).get("/tiles/sites/x/9.0/light.svg").status_code == 204


def test_pictures_stand_where_the_map_will(tiles):
    fit = tiles.address("grids").bounds
    specs = [{"bundle": name, "tiles": asdict(tiles.address(name))} for name in ("base", "grids", "grids")]
    shown = placed({"layers": specs, "fit": list(fit), "room": 215}, scheme="auto")
    assert shown.count("<img") == 2
    assert shown.count('<source media="(prefers-color-scheme: dark)"') == 2
    assert "left:clamp(32px,(100% - 645px)*9999,215px)" in shown
    zoom = zoom_of(fit)
    west, north, width, height = framed(fit, zoom)
    left, top, wide, high = framed(tiles.address("base").bounds, zoom, margin=16)
    placed_at = [float(part) / 100 for part in re.findall(r"(?:left|top|width|height):(-?[\d.]+)%", shown)[:4]]
    assert placed_at == pytest.approx(
        [(left - west) / width, (top - north) / height, wide / width, high / height], abs=1e-4
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_that_is_light_or_dark_asks_for_one_look(tiles, scheme):
    specs = [{"bundle": "base", "tiles": asdict(tiles.address("base"))}]
    shown = placed({"layers": specs, "fit": list(tiles.address("base").bounds)}, scheme=scheme)
    assert re.findall(r"/(\w+)\.svg", shown) == [scheme]
    assert (
        f'media="{re.search(r"NARROW = .(.*).;", LIVING.read_text())[1]}" srcset="data:' in shown
    )  # a phone asks for none


@pytest.mark.parametrize("also", [{"view": {"zoom": 3}}, {"basemap": {"url": ""}}, {"fit": None}])
def test_a_map_that_looks_elsewhere_has_no_picture(tiles, also):
    specs = [{"bundle": "base", "tiles": asdict(tiles.address("base"))}]
    assert placed({"layers": specs, "fit": [0, 0, 1, 1], **also}, scheme="light") == ""


@pytest.mark.parametrize(
    ("name", "stops"),
    [("LINE", LINE_STOPS), ("RIBBON", RIBBON_STOPS), ("STREET", STREET_STOPS), ("POINT", POINT_STOPS)],
)
def test_widths_are_those_of_the_map(name, stops):
    written = re.search(rf"const {name}_STOPS = (\[.*\]);", STYLE.read_text())[1]
    assert [tuple(pair) for pair in json.loads(written)] == [tuple(pair) for pair in stops]
