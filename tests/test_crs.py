"""Frames and projections: the traps that PROJ and the map services set, each held shut."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gisapp import crs
from gisapp.errors import CrsError

METRES_PER_DEGREE = 111_320.0
IN_CHINA = hnp.arrays(
    float, st.tuples(st.integers(1, 40), st.just(1)), elements=st.floats(73.5, 134.5, allow_nan=False)
).flatmap(
    lambda lon: hnp.arrays(float, lon.shape, elements=st.floats(18.0, 53.5, allow_nan=False)).map(
        lambda lat: np.hstack([lon, lat])
    )
)


def moved(x: float, y: float, source: str, target: str, frame: str = "wgs84") -> tuple[np.ndarray, crs.Move]:
    out, move = crs.to_project(gpd.GeoDataFrame({"geom": [shapely.Point(x, y)]}), source, frame, target)
    return shapely.get_coordinates(out["geom"].to_numpy())[0], move


@settings(deadline=None)
@given(IN_CHINA)
def test_map_service_frames_and_back_end_within_a_micrometre(lonlat):
    for there, back in ((crs.gcj02_from_wgs84, crs.wgs84_from_gcj02), (crs.bd09_from_wgs84, crs.wgs84_from_bd09)):
        assert np.abs(back(there(lonlat)) - lonlat).max() * METRES_PER_DEGREE < 1e-6
        assert np.abs(there(back(lonlat)) - lonlat).max() * METRES_PER_DEGREE < 1e-6


def test_the_inverse_holds_on_the_cusp_of_the_formula():
    cusp = np.column_stack([np.full(500, 105.0), np.linspace(18, 53.5, 500)])
    assert np.abs(crs.wgs84_from_gcj02(crs.gcj02_from_wgs84(cusp)) - cusp).max() * METRES_PER_DEGREE < 1e-6


@pytest.mark.parametrize(
    ("lon", "lat", "east_m", "north_m"),
    [
        (116.397, 39.909, 534, 156),
        (121.473, 31.230, 432, -214),
        (113.264, 23.129, 546, -297),
        (104.066, 30.572, 240, -272),
    ],
)
def test_gcj02_shifts_cities_by_what_others_measured(lon, lat, east_m, north_m):
    shifted = crs.gcj02_from_wgs84(np.array([[lon, lat]]))[0] - (lon, lat)
    found = shifted * METRES_PER_DEGREE * (np.cos(np.radians(lat)), 1)
    assert found == pytest.approx((east_m, north_m), abs=12)


def test_bd09_shift_in_beijing_is_over_a_kilometre():
    shifted = crs.bd09_from_wgs84(np.array([[116.397, 39.909]]))[0] - (116.397, 39.909)
    assert shifted * METRES_PER_DEGREE * (np.cos(np.radians(39.909)), 1) == pytest.approx((1079, 860), abs=12)


def test_wgs84_and_cgcs2000_are_equal_on_purpose_and_it_is_said():
    at, move = moved(114.3, 30.6, "EPSG:4326", "EPSG:4547")
    assert at == pytest.approx((528770.237, 3386666.251), abs=0.001)
    assert "equal on purpose" in move.operation
    assert move.warnings


def test_east_comes_first_in_a_north_first_crs():
    at, _ = moved(528770.2, 3386666.2, "EPSG:4547", "EPSG:32650")
    assert 150_000 < at[0] < 350_000
    assert 3_300_000 < at[1] < 3_500_000


@pytest.mark.parametrize("code", ["EPSG:2433", "EPSG:2379", "EPSG:4214", "EPSG:4610", "EPSG:4555"])
def test_a_silent_identity_is_refused(code):
    x, y = (114.3, 30.6) if pyproj.CRS(code).is_geographic else (500_000, 3_400_000)
    with pytest.raises(CrsError, match="unshifted"):
        moved(x, y, code, "EPSG:4547")


def test_seven_parameters_of_the_person_are_used():
    stated = "+proj=tmerc +lon_0=114 +k=1 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3 +units=m +no_defs"
    at, move = moved(500_000, 3_400_000, stated, "EPSG:4547")
    assert np.hypot(*(at - (500_000, 3_400_000))) == pytest.approx(72, abs=5)
    assert move.accuracy_m is None


def test_twd67_goes_through_twd97():
    at, move = moved(302_000, 2_770_000, "EPSG:3828", "EPSG:3826")
    assert at - (302_000, 2_770_000) == pytest.approx((828.6, -206.9), abs=1)
    far, move = moved(302_000, 2_770_000, "EPSG:3828", "EPSG:32651")
    right, _ = moved(*at, "EPSG:3826", "EPSG:32651")
    assert far == pytest.approx(right, abs=0.01)
    assert move.accuracy_m == 7
    assert any("7 m" in text for text in move.warnings)


def test_survey_feet_become_metres():
    at, move = moved(875854.877, 998434.947, "ESRI:102696", "EPSG:26915")
    assert at == pytest.approx((734741.92, 4273110.52), abs=0.01)
    assert move.accuracy_m == 0


def test_a_frame_needs_degrees_of_wgs84():
    with pytest.raises(CrsError, match="cannot be combined"):
        moved(500_000, 3_400_000, "EPSG:4547", "EPSG:4547", "gcj02")
    with pytest.raises(CrsError, match="unknown frame"):
        moved(114.3, 30.6, "EPSG:4326", "EPSG:4547", "mars")


def test_where_providers_differ_the_person_is_asked():
    _, move = moved(114.1, 22.4, "EPSG:4326", "EPSG:4547", "gcj02")
    assert any("Hong Kong" in text for text in move.warnings)


def test_heights_are_dropped():
    out, _ = crs.to_project(
        gpd.GeoDataFrame({"geom": [shapely.Point(114.3, 30.6, 50)]}), "EPSG:4979", "wgs84", "EPSG:4547"
    )
    assert not out["geom"].has_z.any()


@pytest.mark.parametrize(
    ("x", "y", "code", "words"),
    [
        (30.6, 114.3, "EPSG:4326", "axes are swapped"),
        (3_386_666, 528_770, "EPSG:4547", "axes are swapped"),
        (528_770, 3_386_666, "EPSG:4326", "look like metres"),
        (114.3, 30.6, "EPSG:4547", "look like degrees"),
        (38_528_770, 3_386_666, "EPSG:4547", "outside the area of use"),
    ],
)
def test_a_position_that_cannot_be_is_named_for_what_it_looks_like(x, y, code, words):
    wrong, told = crs.misplaced(np.array([[x, y], [np.nan, np.nan]]), pyproj.CRS(code))
    assert wrong.tolist() == [True, False]
    assert words in told


def test_swapped_degrees_that_are_degrees_too_are_found_by_the_project():
    swapped = np.array([[43.8, 87.6]])  # Urumqi, north first
    assert not crs.misplaced(swapped, pyproj.CRS("EPSG:4326"))[0].any()
    wrong, told = crs.misplaced(swapped, pyproj.CRS("EPSG:4326"), within=pyproj.CRS("EPSG:4538"))
    assert wrong.all()
    assert "axes are swapped" in told


def test_metres_are_required_of_a_project():
    for code, words in (
        (None, "no CRS"),
        ("EPSG:4326", "degrees"),
        ("EPSG:3857", "not metres"),
        ("EPSG:2926", "not the metre"),
    ):
        with pytest.raises(CrsError, match=words):
            crs.require_metres(code, "the project")
    assert crs.require_metres("EPSG:4547", "the project").to_epsg() == 4547


def test_an_unknown_crs_is_named():
    with pytest.raises(CrsError, match="EPSG:99999"):
        crs.crs_named("EPSG:99999", "--crs")
    with pytest.raises(CrsError, match="no east and north"):
        crs.crs_named("EPSG:5703", "--crs")


def test_esri_and_epsg_spellings_are_the_same_crs():
    esri = pyproj.CRS.from_wkt(pyproj.CRS("EPSG:4547").to_wkt("WKT1_ESRI"))
    assert crs.same_crs(esri, pyproj.CRS("EPSG:4547"))
    assert not crs.same_crs(esri, pyproj.CRS("EPSG:4548"))
