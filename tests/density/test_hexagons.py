import numpy as np
import pytest
import shapely

from gisapp.density.hexagons import Hexagons, h3_cells
from gisapp.errors import InputError

BOX = (520_000.0, 3_386_000.0, 523_000.0, 3_388_000.0)


def random_points(number=4000, seed=1):
    return np.random.default_rng(seed).uniform(BOX[:2], BOX[2:], (number, 2))


@pytest.mark.parametrize("size_m", [90.0, 250.0, 1000.0])
def test_every_point_is_in_the_hexagon_whose_middle_is_nearest(size_m):
    hexagons, xy = Hexagons.over(BOX, size_m), random_points()
    middles = hexagons.middles(np.arange(np.prod(hexagons.shape)))
    number = hexagons.which(xy)
    near = np.hypot(*(middles[number] - xy).T)
    for row in range(0, len(xy), 37):
        assert near[row] == pytest.approx(np.hypot(*(middles - xy[row]).T).min(), abs=1e-6)
    inside = shapely.contains_xy(hexagons.polygons(number, "EPSG:4547").buffer(1e-6).to_numpy(), xy[:, 0], xy[:, 1])
    assert inside.all()


def test_the_sums_are_those_of_the_points():
    hexagons, xy = Hexagons.over(BOX, 300), random_points()
    weights = np.random.default_rng(2).random(len(xy))
    number = hexagons.which(xy)
    np.testing.assert_array_equal(hexagons.sums(xy), np.bincount(number, minlength=len(hexagons.sums(xy))))
    parts = hexagons.sums([xy[:100], xy[100:]], [weights[:100], weights[100:]])
    np.testing.assert_allclose(parts, np.bincount(number, weights, minlength=len(parts)))


def test_a_tie_goes_west_in_one_row_and_to_the_even_row_between_two():
    hexagons = Hexagons.over((-500, -500, 500, 500), 100)

    def middle(x, y):
        return tuple(hexagons.middles(hexagons.which(np.array([[x, y]])))[0].round(6))

    assert middle(50.0, 0.0) == (0.0, 0.0)
    assert middle(-50.0, 0.0) == (-100.0, 0.0)
    between = 25.0, 100 * 3**0.5 / 4
    even, odd = np.array([0.0, 0.0]), np.array([50.0, 100 * 3**0.5 / 2])
    assert np.hypot(*(even - between)) == pytest.approx(np.hypot(*(odd - between)))
    assert middle(*between) == (0.0, 0.0)


def test_hexagons_cover_the_plane_once_and_are_the_same_in_every_window():
    hexagons = Hexagons.over(BOX, 400)
    polygons = hexagons.polygons(np.arange(np.prod(hexagons.shape)), "EPSG:4547")
    assert polygons.area.sum() == pytest.approx(shapely.union_all(polygons.to_numpy(), grid_size=1e-6).area, rel=1e-9)
    assert polygons.area.iloc[0] == pytest.approx(3**0.5 / 2 * 400**2)
    assert shapely.union_all(polygons.to_numpy(), grid_size=1e-6).contains(shapely.box(*BOX))
    smaller = Hexagons.over((521_000, 3_386_500, 521_900, 3_387_000), 400)
    point = np.array([[521_234.0, 3_386_789.0]])
    assert smaller.codes(smaller.which(point))[0] == hexagons.codes(hexagons.which(point))[0]


def test_what_is_outside_the_window_counts_nowhere():
    hexagons = Hexagons.over(BOX, 400)
    far = np.array([[0.0, 0.0]])
    assert hexagons.which(far).tolist() == [-1]
    assert hexagons.sums(far).sum() == 0


@pytest.mark.parametrize("size_m", [0, -3, float("nan")])
def test_a_size_out_of_range_is_refused(size_m):
    with pytest.raises(InputError, match="found hexagons of"):
        Hexagons.over(BOX, size_m)
    with pytest.raises(InputError, match="choose a larger size"):
        Hexagons.over(BOX, 0.1)


def test_h3_is_only_a_key():
    h3 = pytest.importorskip("h3")
    (found,) = h3_cells(np.array([[520_000.0, 3_386_000.0]]), "EPSG:4547", 9)
    assert h3.get_resolution(found) == 9
    lat, lon = h3.cell_to_latlng(found)
    assert (lat, lon) == (pytest.approx(30.6, abs=0.1), pytest.approx(114.2, abs=0.1))


def test_without_h3_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h3", None)
    with pytest.raises(InputError, match=r"pip install 'gisapp\[h3\]'"):
        h3_cells(np.zeros((1, 2)), "EPSG:4547", 9)
