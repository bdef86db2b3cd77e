import layer_town as town
import numpy as np
import pytest

from gisapp.errors import AccessError, CrsError, GisappError
from layers.layer import Classes, Raster, Shapes, Style, Widths


def points(**columns):
    return town.nodes()[["code", "geom"]].assign(**columns)


def shapes(frame, **more):
    return Shapes(name="x", title="table.nodes", kind="point", frame=frame, style=Style("#000000"), **more)


@pytest.mark.parametrize("column", ["phone", "address", "reporter_phone", "text", "note"])
@pytest.mark.parametrize("table", [None, "grids", "incidents", "customers"])
def test_a_personal_column_never_gets_in(column, table):
    """P4.5, P6.4."""
    with pytest.raises(AccessError, match=f"may be personal: {column}"):
        shapes(points(**{column: "x"}), table=table)


@pytest.mark.parametrize("table", [None, "customers", "people", "incidents", "links"])
def test_a_name_is_refused_where_its_table_does_not_call_it_public(table):
    with pytest.raises(AccessError, match="may be personal: name"):
        shapes(points(name="x"), table=table)


@pytest.mark.parametrize("table", ["grids", "communities", "buildings", "streets"])
def test_a_public_name_may_come_in(table):
    assert shapes(points(name="第一网格"), table=table).table == table


def test_only_a_projected_frame_comes_in():
    with pytest.raises(CrsError, match="not in a projected CRS"):
        shapes(points().to_crs(4326))
    with pytest.raises(CrsError):
        shapes(points().set_crs(None, allow_override=True))


@pytest.mark.parametrize(
    "style",
    [
        Style("#000000", label="absent"),
        Style(Classes("absent", {}, "#000000")),
        Style("#000000", width_px=Widths("absent", {}, 1.0)),
    ],
)
def test_a_style_names_only_columns_that_are_there(style):
    with pytest.raises(GisappError, match="lacks the column 'absent'"):
        Shapes(name="x", title="table.nodes", kind="point", frame=points(), style=style)


def test_an_unknown_kind_and_a_picture_without_colours_are_refused():
    with pytest.raises(GisappError, match="kind 'dot'"):
        Shapes(name="x", title="table.nodes", kind="dot", frame=points(), style=Style("#000000"))
    with pytest.raises(GisappError, match="RGBA"):
        Raster("x", "layers.density", np.zeros((2, 2, 3), np.uint8), (0, 0, 1, 1))
