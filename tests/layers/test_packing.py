import geopandas as gpd
import layer_town as town
import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box

from gisapp.errors import GisappError
from layers.grids import grid_shapes
from layers.layer import Classes, Shapes, Style, Widths
from layers.network import link_shapes
from layers.packing import extent, packed

ORIGIN = (114.0, 30.5)


def layer(*shapes, kind="polygon", **columns):
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=town.CRS).rename_geometry("geom")
    return Shapes(name="x", title="table.grids", kind=kind, frame=frame, style=Style("#111111"))


def unpacked(chain):
    return np.array(ORIGIN) + np.cumsum(np.array(chain).reshape(-1, 2), axis=0) / 1e7


def in_degrees(shape):
    return shapely.get_coordinates(gpd.GeoSeries([shape], crs=town.CRS).to_crs(4326).to_numpy())


def pack(one, simplify_m=0.0):
    return packed(one, ORIGIN, language="en", simplify_m=simplify_m)


def test_positions_come_back_to_a_centimetre():
    line = LineString([(town.X, town.Y), (town.X + 333.3, town.Y + 12.345), (town.X - 5, town.Y + 900)])
    found = pack(layer(line, kind="line"))["shapes"][0][0]
    assert np.abs(unpacked(found) - in_degrees(line)).max() <= 0.51e-7


def test_holes_and_parts_keep_their_nesting():
    ring = box(town.X, town.Y, town.X + 90, town.Y + 90)
    holed = Polygon(ring.exterior, [box(town.X + 20, town.Y + 20, town.X + 40, town.Y + 40).exterior])
    found = pack(layer(MultiPolygon([holed, box(town.X + 200, town.Y, town.X + 300, town.Y + 90)])))["shapes"][0]
    assert [len(polygon) for polygon in found] == [2, 1]
    assert [len(chain) for polygon in found for chain in polygon] == [8, 8, 8]


def test_shapes_without_a_position_are_left_out_of_every_column():
    one = layer(Point(town.X, town.Y), None, Point(), kind="point", code=["A", "B", "C"])
    one = Shapes(**{**one.__dict__, "style": Style("#111111", label="code"), "popup": ("code",)})
    found = pack(one)
    assert len(found["shapes"]) == 1
    assert found["label"]["values"] == ["A"]
    assert found["popup"][0]["values"] == ["A"]


def test_grids_that_share_borders_still_share_them_when_simplified():
    bent = [(town.X + 500 + (step % 2) * 0.2, town.Y + 50.0 * step) for step in range(11)]
    left = Polygon([(town.X, town.Y), *bent, (town.X, town.Y + 500)])
    right = Polygon([*bent, (town.X + 900, town.Y + 500), (town.X + 900, town.Y)])
    plain, simple = pack(layer(left, right)), pack(layer(left, right), simplify_m=5.0)
    polygons = [Polygon(unpacked(shape[0][0])) for shape in simple["shapes"]]
    assert len(simple["shapes"][0][0][0]) < len(plain["shapes"][0][0][0])
    assert shapely.coverage_is_valid(polygons)
    assert polygons[0].intersection(polygons[1]).length > 0.004


def test_colours_and_widths_follow_their_columns():
    frame = gpd.GeoDataFrame(
        {"rank": ["a", None, "c"]}, geometry=[Point(town.X, town.Y)] * 3, crs=town.CRS
    ).rename_geometry("geom")
    style = Style(Classes("rank", {"a": "#aaaaaa"}, "#000000"), width_px=Widths("rank", {"c": 7.0}, 1.0))
    found = pack(Shapes(name="x", title="table.grids", kind="point", frame=frame, style=style))
    assert found["colour"]["values"] == ["#aaaaaa", "#000000", "#000000"]
    assert found["width"]["values"] == [1.0, 1.0, 7.0]


def test_repeated_texts_are_told_once():
    found = pack(link_shapes(town.links(), "water"))
    material = next(column for column in found["popup"] if column["heading"] == "material")
    assert material["values"] == ["球墨铸铁"]
    assert material["index"] == [0] * 5


def test_zooms_are_those_of_leaflet():
    assert pack(grid_shapes(town.grids()))["labelZoom"] == 12.75


def test_the_extent_is_that_of_all_shapes_with_a_position():
    west, south, east, north = extent([grid_shapes(town.grids()), layer(Point(), kind="point")])
    corners = in_degrees(box(town.X, town.Y, town.X + 1000, town.Y + 1000))
    assert (west, south, east, north) == pytest.approx((*corners.min(axis=0), *corners.max(axis=0)))
    assert extent([layer(Point(), kind="point")]) is None


def test_a_geometry_that_cannot_be_drawn_is_told():
    with pytest.raises(GisappError, match="GeometryCollection"):
        pack(layer(shapely.GeometryCollection([Point(1, 1)])))
