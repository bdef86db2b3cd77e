"""Polygons that miss each other become a valid coverage, and everything done to them is told."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gisapp.errors import CrsError, InputError
from gisapp.grids.cleaning import cleaned


def drawn(*shapes, crs="EPSG:4547"):
    codes = [chr(ord("A") + n) for n in range(len(shapes))]
    return gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=list(shapes), crs=crs)


def told(made, kind):
    return [tuple(row) for row in made.of(kind)[["code", "other"]].itertuples(index=False)]


def areas(made):
    return dict(zip(made.frame["code"], made.frame.geometry.area.round(6), strict=True))


def require_sound(made):
    shapes = made.frame.geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)


def test_a_sound_coverage_stays_as_it_is_and_nothing_is_told():
    frame = drawn(shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100))
    made = cleaned(frame)
    assert made.findings.empty
    assert made.small == 0
    assert shapely.equals(made.frame.geometry.to_numpy(), frame.geometry.to_numpy()).all()


def test_a_narrow_overlap_and_a_narrow_gap_are_closed_and_told():
    made = cleaned(drawn(shapely.box(0, 0, 100, 100), shapely.box(99.5, 0, 200, 100)))
    require_sound(made)
    assert told(made, "overlap") == [("A", "B")]
    assert made.of("changed")["lost_m2"].tolist() == [pytest.approx(50)]
    assert sum(areas(made).values()) == pytest.approx(200 * 100)
    ring = shapely.box(0, 0, 300, 300) - shapely.box(100, 100, 200, 200)
    made = cleaned(drawn(ring, shapely.box(100.2, 100, 200, 200)))
    require_sound(made)
    assert made.of("changed")["gained_m2"].tolist() == [pytest.approx(20)]
    assert sum(areas(made).values()) == pytest.approx(90_000)


def test_a_gap_wider_than_stated_stays():
    ring = shapely.box(0, 0, 300, 300) - shapely.box(100, 100, 200, 200)
    parts = drawn(ring, shapely.box(105, 100, 200, 200))
    assert sum(areas(cleaned(parts)).values()) == pytest.approx(90_000 - 500)
    assert sum(areas(cleaned(parts, width_m=6)).values()) == pytest.approx(90_000)


def test_an_overlap_wider_than_stated_is_no_slip():
    parts = drawn(shapely.box(0, 0, 100, 100), shapely.box(95, 0, 200, 100))
    assert told(cleaned(parts), "wide_overlap") == [("A", "B")]
    assert "up to 5.00 m wide" in cleaned(parts).too_wide["told"].iloc[0]
    assert cleaned(parts, width_m=5.01).too_wide.empty


def test_a_polygon_that_others_swallow_is_listed_as_lost_with_who_has_its_ground():
    made = cleaned(drawn(shapely.box(0, 0, 100, 100), shapely.box(40, 0, 40.8, 100)), width_m=1)
    require_sound(made)
    assert told(made, "lost") == [("B", "A")]
    assert made.of("lost")["area_m2"].iloc[0] == pytest.approx(80)
    assert areas(made) == {"A": 10_000}


def test_a_ring_that_crosses_itself_is_mended_and_one_without_area_is_lost():
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    line = shapely.Polygon([(200, 0), (300, 0), (200, 0), (200, 0)])
    made = cleaned(drawn(bow, shapely.box(100, 0, 150, 100), line))
    require_sound(made)
    assert told(made, "mended") == [("A", "")]
    assert "Self-intersection" in made.of("mended")["told"].iloc[0]
    assert told(made, "lost") == [("C", "")]
    assert areas(made) == {"A": 5000, "B": 5000}


def test_a_sliver_goes_to_the_neighbour_with_the_longest_common_border():
    sliver = shapely.box(100, 0, 100.5, 60)
    left = shapely.MultiPolygon([shapely.box(300, 0, 400, 60), sliver])
    made = cleaned(
        drawn(shapely.box(0, 0, 100, 60), left, shapely.box(100.5, 0, 300, 40), shapely.box(100.5, 40, 300, 60))
    )
    require_sound(made)
    assert told(made, "sliver") == [("B", "A")]
    assert areas(made)["A"] == pytest.approx(100.5 * 60)
    assert areas(made)["B"] == pytest.approx(6000)


def test_what_is_told_adds_up_to_what_happened_for_random_slips():
    rng = np.random.default_rng(4)
    for _ in range(20):
        cells = [shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for x in range(4) for y in range(4)]
        corners = [shapely.get_coordinates(cell)[:-1] for cell in cells]
        frame = drawn(*[shapely.Polygon(xy + rng.uniform(-0.3, 0.3, xy.shape)) for xy in corners])
        made = cleaned(frame, width_m=1.0)
        require_sound(made)
        assert made.too_wide.empty
        old, new = frame.set_index("code").geometry, made.frame.set_index("code").geometry
        real = old.symmetric_difference(new).area
        reported = made.of("changed").set_index("code")
        assert set(reported.index) == set(real.index[real > 1])
        assert (reported["gained_m2"] + reported["lost_m2"]).to_dict() == pytest.approx(real[real > 1].to_dict())
        assert made.small_m2 == pytest.approx(real[(real > 1e-6) & (real <= 1)].sum())
        assert new.area.sum() >= shapely.union_all(old.to_numpy()).area - 1e-6


def test_degrees_and_widths_that_are_none_are_refused():
    with pytest.raises(CrsError):
        cleaned(drawn(shapely.box(0, 0, 1, 1), crs="EPSG:4326"))
    for width in (-1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="a width of"):
            cleaned(drawn(shapely.box(0, 0, 100, 100)), width_m=width)
