import numpy as np
import pandas as pd
import pytest
import shapely
from mvt_reader import read
from town import CRS, ORIGIN, town

from dashboards.cut import BUFFER, to_world
from dashboards.sheets import DEEPEST, FEW, Sheet, told
from layers.basemap import street_shapes
from layers.grids import grid_shapes
from layers.incidents import incident_shapes
from layers.network import link_shapes


@pytest.fixture(scope="module")
def tables():
    return town().tables


def tile_at(xy, zoom):
    x, y = shapely.get_coordinates(to_world(shapely.points([xy]), CRS))[0]
    return zoom, int(x * 2**zoom), int(y * 2**zoom)


def all_tiles(world, zoom):
    """The tiles that a box of the world touches."""
    west, north, east, south = (np.floor(side * 2**zoom).astype(int) for side in world)
    return [(zoom, x, y) for x in range(west - 1, east + 2) for y in range(north - 1, south + 2)]


def codes_on(sheet, layer, zoom):
    world = shapely.total_bounds(to_world(layer.frame.geometry.to_numpy(), CRS))
    found = [read(sheet.encoded(tile)).get(layer.name, []) for tile in all_tiles(world, zoom)]
    return {one.tags["code"] for features in found for one in features}


def test_the_deepest_tiles_hold_every_link(tables):
    layer = link_shapes(tables["links"], "water")
    assert codes_on(Sheet(layer), layer, 15) == set(layer.frame["code"])


def test_a_link_comes_at_the_zoom_of_its_rank(tables):
    layer = link_shapes(tables["links"], "water")
    by_rank = tables["links"].groupby("rank")["code"].agg(set)
    assert codes_on(Sheet(layer), layer, 10) == by_rank["trunk"]
    assert codes_on(Sheet(layer), layer, 12) == by_rank["trunk"] | by_rank["main"]


def test_links_without_rank_come_by_size_the_greatest_first(tables):
    many = pd.concat([tables["links"]] * 6, ignore_index=True).assign(rank=None)
    many["code"] = [f"L{n}" for n in range(len(many))]
    many["diameter_mm"] = np.arange(len(many), dtype="float64")
    layer = link_shapes(many, "water")
    layer.frame["width"] = "pipe"
    assert codes_on(Sheet(layer), layer, 9) == set(many["code"].tail(2_000))
    assert codes_on(Sheet(layer), layer, 11) == set(many["code"].tail(6_000))


def test_points_are_thinned_and_all_there_at_the_deepest(tables):
    rng = np.random.default_rng(2)
    many = pd.concat([tables["incidents"]] * 5, ignore_index=True)
    many["code"] = [f"I{n}" for n in range(len(many))]
    many["geom"] = shapely.points(ORIGIN + rng.normal(0, 300, (len(many), 2)))
    layer = incident_shapes(many, language="en")
    assert len(many) > FEW
    sheet = Sheet(layer)
    seen = [codes_on(sheet, layer, zoom) for zoom in (10, 13, DEEPEST)]
    assert 0 < len(seen[0]) < len(seen[1]) < len(seen[2]) == len(many)
    assert seen[0] <= seen[1]


def test_of_points_in_one_place_the_newest_is_seen_first(tables):
    many = pd.concat([tables["incidents"]] * 3, ignore_index=True)
    many["geom"] = shapely.points(np.tile(ORIGIN, (len(many), 1)))
    many["code"] = [f"I{n}" for n in range(len(many))]
    newest = many.loc[many["reported_at"].dt.tz_convert("Asia/Shanghai").idxmax(), "reported_at"]
    layer = incident_shapes(many, language="en")
    (code,) = codes_on(Sheet(layer), layer, 8)
    assert many.set_index("code").loc[code, "reported_at"].floor("min") == newest.floor("min")


def test_every_grid_is_labelled_once_and_inside(tables):
    layer = grid_shapes(tables["grids"])
    sheet = Sheet(layer)
    inside = {}
    for tile in all_tiles(shapely.total_bounds(to_world(layer.frame.geometry.to_numpy(), CRS)), 14):
        for one in read(sheet.encoded(tile)).get("grids:label", []):
            (((x, y),),) = one.parts
            assert -BUFFER <= min(x, y) <= max(x, y) <= 4096 + BUFFER
            if 0 <= x < 4096 and 0 <= y < 4096:  # the margins of neighbours show it too
                inside.setdefault(one.tags["code"], []).append(tile)
    assert {code: len(tiles) for code, tiles in inside.items()} == dict.fromkeys(layer.frame["code"], 1)


def test_only_what_the_map_uses_is_told(tables):
    assert told(street_shapes(tables["streets"])) == ["rank", "name"]
    assert "kind" not in told(link_shapes(tables["links"], "water"))


def test_from_afar_only_what_is_drawn_travels(tables):
    sheet = Sheet(link_shapes(tables["links"], "water"))
    far, near = (
        {key for one in read(sheet.encoded(tile_at(ORIGIN + 1_800, zoom)))["links_water"] for key in one.tags}
        for zoom in (13, 14)
    )
    assert far == {"code", "width"}
    assert near >= {"code", "width", "material", "laid_year"}


def test_the_greatest_pipes_are_drawn_last_so_on_top(tables):
    sheet = Sheet(link_shapes(tables["links"], "water"))
    widths = [one.tags["width"] for one in read(sheet.encoded(tile_at(ORIGIN + 1_800, 13)))["links_water"]]
    order = ["branch", "main", "trunk"]
    assert widths == sorted(widths, key=order.index)
    assert set(widths) == set(order)


def test_rows_without_a_place_are_left_out(tables):
    frame = tables["links"].copy()
    frame.loc[0, "geom"] = None
    layer = link_shapes(frame, "water")
    assert codes_on(Sheet(layer), layer, 15) == set(frame["code"][1:])


def test_a_tile_far_away_is_empty(tables):
    sheet = Sheet(link_shapes(tables["links"], "water"))
    assert sheet.encoded(tile_at(ORIGIN + 90_000, 14)) == b""
    assert sheet.encoded(tile_at(ORIGIN, 14)) != b""
