import gc
import gzip
import time
import weakref

import numpy as np
import pandas as pd
import pytest
import shapely
from flask import Flask
from mvt_reader import read
from town import town

from dashboards.bundles import bundles
from dashboards.cut import mercator
from dashboards.tiles import Tiles, attach_tiles, degrees
from gisapp.tables import conform


def client(tiles, permit=lambda name: True):
    server = Flask("tiles")
    attach_tiles(server, tiles, permit)
    return server.test_client()


def url(tiles, name, tile):
    return tiles.address(name).url.format(z=tile[0], x=tile[1], y=tile[2])


def centre(tiles, zoom=14):
    """The tile in the middle of the town."""
    west, south, east, north = tiles.address("base").bounds
    x, y = mercator(np.array([[(west + east) / 2, (south + north) / 2]]))[0]
    return zoom, int(x * 2**zoom), int(y * 2**zoom)


def test_a_tile_holds_the_layers_of_its_bundle(tiles):
    answer = client(tiles).get(url(tiles, "base", centre(tiles, 15)), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.mimetype == "application/vnd.mapbox-vector-tile"
    assert {"streets", "buildings"} <= set(read(gzip.decompress(answer.data)))


def test_without_gzip_the_same_tile_comes_plain(tiles):
    packed = client(tiles).get(url(tiles, "water", centre(tiles)), headers={"Accept-Encoding": "gzip"})
    plain = client(tiles).get(url(tiles, "water", centre(tiles)), headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.data == gzip.decompress(packed.data)


def test_nothing_there_is_204(tiles):
    assert client(tiles).get(url(tiles, "base", (14, 0, 0))).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/customers/x/14/0/0.mvt",
        "/tiles/base/x/17/0/0.mvt",
        "/tiles/base/x/3/8/0.mvt",
        "/tiles/base/x/3/0/8.mvt",
        "/tiles/base/x/-1/0/0.mvt",
        "/tiles/base/x/99999999999999999999/0/0.mvt",
        "/tiles/../x/3/0/0.mvt",
        "/tiles/base/x/3/0/0.png",
    ],
)
def test_what_is_no_tile_is_404(tiles, path):
    assert client(tiles).get(path).status_code == 404


def test_who_may_not_see_a_bundle_gets_403(tiles):
    browser = client(tiles, permit=lambda name: name == "base")
    assert browser.get(url(tiles, "base", centre(tiles))).status_code == 200
    assert browser.get(url(tiles, "water", centre(tiles))).status_code == 403


def test_a_tile_is_kept_for_good_only_under_its_own_revision(tiles):
    own = client(tiles).get(url(tiles, "base", centre(tiles)))
    other = client(tiles).get("/tiles/base/old/{}/{}/{}.mvt".format(*centre(tiles)))
    assert "immutable" in own.headers["Cache-Control"]
    assert "private" in own.headers["Cache-Control"]
    assert other.headers["Cache-Control"] == "no-store"
    assert other.data == own.data


def test_a_change_moves_the_address_and_the_tile(drawn, tiles):
    before = tiles.address("water").url
    other = tiles.address("base").url
    assert len(read(gzip.decompress(tiles.tile("water", centre(tiles, 15))[1]))["links_water"]) > 0
    drawn.tables["links"] = drawn.tables["links"].iloc[:0]
    drawn.revisions["links"] = 2
    assert tiles.address("water").url != before
    assert tiles.address("base").url == other
    assert "links_water" not in read(gzip.decompress(tiles.tile("water", centre(tiles, 15))[1]))


def test_no_search_for_cycles_walks_over_a_bundle_made_ready(tiles):
    tiles.warm()
    assert not [one for one in gc.get_objects() if isinstance(one, shapely.Geometry)]


def test_what_a_change_replaced_is_let_go(drawn, tiles):
    class Ring:
        pass

    ring = Ring()
    ring.itself, gone = ring, weakref.ref(ring)
    tiles.warm("water")
    del ring
    drawn.revisions["links"] = 2
    tiles.warm("water")
    assert gone() is None


@pytest.mark.parametrize("change", [lambda links: links.iloc[1:], lambda links: links.assign(geom=links.translate(5))])
def test_another_city_at_the_same_revision_has_other_addresses(tiles, change):
    other = town()
    other.tables["links"] = change(other.tables["links"])
    assert Tiles(other, bundles()).address("water").url != tiles.address("water").url


def test_an_empty_store_has_tiles_without_content(drawn):
    drawn.tables = {name: frame.iloc[:0] for name, frame in drawn.tables.items()}
    tiles = Tiles(drawn, bundles())
    assert [client(tiles).get(url(tiles, name, (0, 0, 0))).status_code for name in bundles()] == [204] * len(bundles())


def test_no_tile_tells_personal_data(tiles, drawn):
    drawn.tables["incidents"]["reporter_phone"] = "000-555-0100"
    drawn.tables["incidents"]["text"] = "secret words"
    packed = tiles.tile("incidents", centre(tiles, 12))[1]
    content = gzip.decompress(packed)
    assert b"I00" in content
    assert b"555-0100" not in content
    assert b"secret" not in content


def test_no_tile_tells_of_a_restricted_case(drawn):
    incidents = drawn.tables["incidents"]
    drawn.tables["incidents"] = incidents.assign(category=["conduct"] + [None] * (len(incidents) - 1))
    tiles = Tiles(drawn, bundles())
    content = gzip.decompress(tiles.tile("incidents", centre(tiles, 12))[1])
    assert incidents["code"].iloc[0].encode() not in content
    assert incidents["code"].iloc[1].encode() in content


def test_the_drawing_moves_with_the_base_map(drawn):
    here, there = (Tiles(drawn, bundles(), frame=frame) for frame in ("wgs84", "gcj02"))
    assert here.address("water").url != there.address("water").url
    assert here.tile("water", centre(here, 15))[1] != there.tile("water", centre(here, 15))[1]
    assert there.address("water").bounds[0] - here.address("water").bounds[0] > 0.004


def test_bounds_are_degrees_and_of_an_empty_table_the_world(drawn):
    west, south, east, north = degrees([drawn.table("grids")])
    assert 113.9 < west < east < 114.1
    assert 36.6 < south < north < 36.8
    assert degrees([]) == (-180.0, -85.0, 180.0, 85.0)


def drawn_codes(tiles):
    """Return the codes of the grids in a tile of the middle of the town."""
    found = read(gzip.decompress(tiles.tile("grids", centre(tiles, 12))[1]))["grids"]
    return {feature.tags["code"] for feature in found}


def soon(drawn, wait_s):
    """Put another plan in force in some seconds, in the same places; return the moment."""
    begins = pd.Timestamp.now("UTC").ceil("s") + pd.Timedelta(seconds=wait_s)
    old = drawn.tables["grids"].query("not code.str.startswith('N')").reset_index(drop=True).assign(valid_to=pd.NaT)
    ended = old.assign(valid_to=begins)
    drawn.tables["grids"] = conform(
        pd.concat([ended, old.assign(code="N" + old["code"], valid_from=begins)], ignore_index=True), "grids"
    )
    drawn.revisions["grids"] = drawn.revision("grids") + 1
    return begins


def test_a_plan_that_takes_effect_later_is_drawn_from_that_moment_on_without_a_change_of_the_tables(drawn, tiles):
    for wait_s in (2, 20):  # the second only where the machine was too busy to look in time
        begins = soon(drawn, wait_s)
        before = tiles.address("grids")
        codes = drawn_codes(tiles)
        if pd.Timestamp.now("UTC") < begins:
            break
    assert tiles.address("grids") == before
    assert not any(code.startswith("N") for code in codes)
    time.sleep(max(0.0, (begins - pd.Timestamp.now("UTC")).total_seconds()) + 0.01)
    assert not tiles.made("grids")
    after = tiles.address("grids")
    assert after.bounds == before.bounds
    assert after.url != before.url
    assert drawn_codes(tiles) == {f"N{code}" for code in codes}
