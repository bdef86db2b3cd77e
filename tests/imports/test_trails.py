"""Tracks from points, and from lines: columns are mapped, the frame is stated."""

import json

import pytest
import shapely

from gisapp import crs as frames
from gisapp.errors import InputError
from gisapp.imports import Mapping, RejectedError, read_file

CRS = "EPSG:4547"
MAPPED = {
    "columns": {"code": "轨迹", "started_at": "时间", "ended_at": "时间"},
    "geometry": {"x": "经度", "y": "纬度"},
}


def read(path, mapped=MAPPED, **options):
    return read_file(path, "tracks", project_crs=CRS, zone="Asia/Shanghai", mapping=Mapping(**mapped), **options)


def written(tmp_path, *rows, name="t.csv"):
    path = tmp_path / name
    path.write_text("轨迹,时间,经度,纬度\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_points_become_one_line_a_track_with_first_and_last_time(tmp_path):
    path = written(
        tmp_path,
        "A,2026-11-02 09:00,114.4340,36.9460",
        "B,2026-11-02 09:01,114.4350,36.9470",
        "A,2026-11-02 09:10,114.4341,36.9461",
        "B,2026-11-02 09:20,114.4351,36.9471",
        "A,2026-11-02 09:30,114.4342,36.9460",
    )
    batch = read(path, crs="EPSG:4490")
    made = batch.tables["patrol_tracks"].set_index("code")
    assert made.geometry.map(lambda line: len(line.coords)).to_dict() == {"A": 3, "B": 2}
    assert (made.loc["A", "ended_at"] - made.loc["A", "started_at"]).total_seconds() == 1800
    assert "5 points make 2 tracks" in batch.report.warnings[0]


def test_points_of_a_map_service_are_moved_from_its_frame(tmp_path):
    wgs = [[114.4340, 36.9460], [114.4350, 36.9470]]
    gcj = frames.gcj02_from_wgs84(shapely.get_coordinates(shapely.LineString(wgs)))
    rows = [f"A,2026-11-02 09:0{n},{lon:.8f},{lat:.8f}" for n, (lon, lat) in enumerate(gcj)]
    moved = read(written(tmp_path, *rows), frame="gcj02").tables["patrol_tracks"].geometry
    rows = [f"A,2026-11-02 09:0{n},{lon},{lat}" for n, (lon, lat) in enumerate(wgs)]
    plain = read(written(tmp_path, *rows, name="w.csv"), crs="EPSG:4326").tables["patrol_tracks"].geometry
    assert moved.iloc[0].distance(plain.iloc[0]) < 0.1
    assert moved.iloc[0].length == pytest.approx(plain.iloc[0].length, abs=0.1)


def test_a_line_of_geojson_is_a_track(tmp_path):
    told = {"code": "L1", "started_at": "2026-11-02T09:00:00+08:00", "ended_at": "2026-11-02T10:00:00+08:00"}
    shape = {"type": "LineString", "coordinates": [[114.434, 36.946], [114.435, 36.947]]}
    feature = {"type": "Feature", "properties": told, "geometry": shape}
    path = tmp_path / "t.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    assert read(path, {}).tables["patrol_tracks"]["code"].tolist() == ["L1"]


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (["A,2026-11-02 09:00,114.434,36.946", "A,2026-11-02 09:01,,"], InputError, "row 2"),
        (["A,2026-11-02 09:00,114.434,36.946"], RejectedError, "1 of 1"),
        (["A,2026-11-02 09:09,114.434,36.946", "A,2026-11-02 09:01,114.435,36.946"], RejectedError, "1 of 1"),
    ],
)
def test_a_point_without_position_a_single_point_and_a_clock_that_runs_back_are_refused(tmp_path, rows, error, words):
    with pytest.raises(error, match=words):
        read(written(tmp_path, *rows), crs="EPSG:4490")
