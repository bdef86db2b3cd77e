"""Incidents in parts: the answers are those of one table, here, on a cluster, and when a worker is killed."""

import os
import signal
from datetime import date
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import pytest
import shapely

from gisapp.density import Choice as Wanted
from gisapp.density import Hexagons, binned, binned_surface, held_out_bandwidth, incident_cube, surface
from gisapp.errors import CrsError, InputError
from gisapp.grids import assign
from gisapp.partitions import (
    Choice,
    Cluster,
    assign_parts,
    binned_of,
    days_of,
    grid_counts_of,
    held_out_bandwidth_of,
    hexagon_sums_of,
    parts_of,
    survey_of,
)
from gisapp.partitions.counts import COLUMNS
from gisapp.partitions.files import point_xy_of
from gisapp.reports.concentration import grid_counts

ZONE = ZoneInfo("Asia/Shanghai")
CRS = pyproj.CRS.from_epsg(4547)
PERIOD = {"start": date(2025, 2, 1), "end": date(2025, 11, 30)}
CHOICE = Choice(ZONE, **PERIOD)
SIDE = 10


def town():
    boxes = [shapely.box(x, y, x + 100, y + 100) for y in range(0, 1000, 100) for x in range(0, 1000, 100)]
    codes = [f"G{at:03d}" for at in range(SIDE * SIDE)]
    return gpd.GeoDataFrame({"code": codes}, geometry=boxes, crs=CRS).rename_geometry("geom")


def many(count, seed=3):
    rng = np.random.default_rng(seed)
    xy = np.round(rng.uniform(-50, 1050, (count, 2)), rng.integers(0, 2))  # many of them on borders
    points = shapely.points(xy)
    points[rng.random(count) < 0.05] = None
    reported = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 365 * 86400, count), unit="s")
    columns = {
        "code": [f"I{at}" for at in range(count)],
        "type": rng.choice(["leak", "burst", "no_supply"], count),
        "utility": rng.choice(["water", "gas", None], count),
        "status": rng.choice(["closed", "cancelled", "merged"], count, p=[0.8, 0.1, 0.1]),
        "duplicate_of": np.where(rng.random(count) < 0.1, "I0", None),
        "drill": rng.random(count) < 0.05,
        "reported_at": reported,
        "grid_code": rng.choice(["G001", "G002", "elsewhere", None], count),
    }
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=points, crs=CRS).rename_geometry("geom")


def kept(folder, frame, *, rows=500, files=2):
    folder.mkdir()
    for at, some in enumerate(np.array_split(np.arange(len(frame)), files)):
        frame.iloc[some].to_parquet(folder / f"{at}.parquet", row_group_size=rows)
    return folder


def parts_in(folder):
    return parts_of(folder, crs=CRS, columns=COLUMNS)


@pytest.mark.parametrize("asked", [{}, {"types": ("leak",)}, {"utility": "gas"}])
def test_counts_of_parts_are_those_of_one_table(tmp_path, asked):
    frame = many(5_000)
    parts = parts_in(kept(tmp_path / "in", frame))
    assert len(parts) == 10
    found, once = (
        grid_counts_of(parts, town(), Choice(ZONE, **PERIOD, **asked)),
        grid_counts(frame, town(), ZONE, **PERIOD, **asked),
    )
    pd.testing.assert_series_equal(found.total(), once.total())
    pd.testing.assert_frame_equal(found.monthly(), once.monthly())
    assert found.outside == once.outside > 0
    assert found.total().sum() > 500


def cube_of(frame):
    return incident_cube(frame.assign(channel="phone", unit_code=None, cause=None), ZONE)


WAY = {"bandwidth_m": 60.0, "bounds": (0.0, 0.0, 1000.0, 1000.0)}


@pytest.mark.parametrize("asked", [{}, {"types": ("leak", "burst")}, {"utility": "gas"}])
def test_cells_and_hexagons_of_parts_add_up_to_those_of_one_table(tmp_path, asked):
    frame = many(5_000)
    parts, choice = parts_in(kept(tmp_path / "in", frame)), Choice(ZONE, **PERIOD, **asked)
    cube = cube_of(frame)
    wanted = Wanted(asked.get("types"), **PERIOD, utilities=("gas",) if "utility" in asked else None)
    xy, found = cube.xy(wanted), survey_of(parts, choice)
    assert (found.located, found.unlocated) == (sum(map(len, xy)), cube.unlocated(wanted))
    assert (found.first_day, found.last_day) == (cube.first_day, cube.last_day)
    whole = surface(xy, **WAY)
    parted = binned_surface(binned_of(parts, choice, **WAY))
    np.testing.assert_allclose(parted.values, whole.values, rtol=1e-5, atol=1e-6)
    assert parted.points == whole.points > 400
    window = Hexagons.over(WAY["bounds"], 90.0)
    np.testing.assert_array_equal(hexagon_sums_of(parts, choice, window), window.sums(xy))


def test_the_bandwidth_of_parts_is_that_of_one_table_also_where_every_nth_foretells(tmp_path, monkeypatch):
    frame = many(5_000)
    parts, cube = parts_in(kept(tmp_path / "in", frame)), cube_of(frame)
    earlier = {"start": date(2025, 1, 5), "end": date(2025, 1, 31)}
    for known in (100_000, 700):
        monkeypatch.setattr("gisapp.density.bandwidth._KNOWN", known)
        surveys = [(one, survey_of(parts, one)) for one in (CHOICE, Choice(ZONE, **earlier))]
        found = held_out_bandwidth_of(parts, surveys)
        once = held_out_bandwidth([xy for asked in (PERIOD, earlier) for xy in cube.xy(Wanted(**asked))])
        pd.testing.assert_series_equal(found.scores, once.scores)
        assert (found.known, found.asked) == (once.known, once.asked)


def test_cells_that_differ_do_not_add_up():
    one, other = (binned([], bandwidth_m=width, bounds=WAY["bounds"]) for width in (60, 61))
    with pytest.raises(InputError, match="points in different cells"):
        one + other


def test_every_row_gets_the_grid_the_distance_and_the_reason_that_assign_gives(tmp_path):
    frame = many(3_000)
    parts = parts_in(kept(tmp_path / "in", frame))
    inside, outside = assign_parts(parts, town(), tmp_path / "out")
    written = pd.concat(gpd.read_parquet(path) for path in sorted((tmp_path / "out").iterdir()))
    once = assign(frame.geometry, town())
    assert written["code"].tolist() == frame["code"].tolist()
    for name in ("grid", "distance_m", "why"):
        pd.testing.assert_series_equal(written[name], once[name], check_index=False, check_dtype=False)
    assert (inside, outside) == (once["grid"].notna().sum(), once["grid"].isna().sum())
    assert written.crs == CRS


def test_a_folder_that_is_there_is_not_written_into(tmp_path):
    parts = parts_in(kept(tmp_path / "in", many(10)))
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="is there already"):
        assign_parts(parts, town(), tmp_path / "out")


def test_a_part_that_cannot_be_read_leaves_no_folder(tmp_path):
    frame = many(100)
    frame.loc[70, "geom"] = shapely.box(0, 0, 1, 1).centroid
    folder = kept(tmp_path / "in", frame.assign(why="already"))
    with pytest.raises(InputError, match="'why' stands there already"):
        assign_parts(parts_of(folder, crs=CRS), town(), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize(
    "shapes",
    [
        [shapely.Point(1, 2), None, shapely.Point(), shapely.Point(3, 4)],
        [shapely.Point(1, 2), shapely.Point(3, 4)],
        [],
    ],
)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_positions_come_from_the_buffers_as_geos_reads_them(shapes, order, kind):
    column = pa.chunked_array([pa.array([shapely.to_wkb(one, byte_order=order) for one in shapes], type=kind)])
    there = [one is not None and not one.is_empty for one in shapes]
    wanted = [(one.x, one.y) if well else (np.nan, np.nan) for one, well in zip(shapes, there, strict=True)]
    np.testing.assert_array_equal(point_xy_of(column), np.array(wanted, dtype=float).reshape(-1, 2))
    np.testing.assert_array_equal(point_xy_of(column.slice(1)), np.array(wanted, dtype=float).reshape(-1, 2)[1:])


def test_a_line_is_no_point():
    line = shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]))
    with pytest.raises(InputError, match="not a point"):
        point_xy_of(pa.chunked_array([pa.array([line])]))


def test_the_period_is_read_from_what_the_files_say(tmp_path):
    frame = many(1_000)
    local = frame["reported_at"].dt.tz_convert(ZONE).dt.date
    assert days_of(parts_in(kept(tmp_path / "in", frame)), ZONE) == (local.min(), local.max())


def test_what_is_no_such_file_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.parquet").write_text("code,x,y")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "plain.parquet")
    many(3).to_crs(4490).to_parquet(tmp_path / "degrees.parquet")
    many(3).drop(columns="drill").to_parquet(tmp_path / "short.parquet")
    town().to_parquet(tmp_path / "areas.parquet")
    for name, told in (
        ("empty", "without"),
        ("absent.parquet", "No such file"),
        ("text.parquet", "no Parquet"),
        ("plain.parquet", "without a GeoParquet header"),
        ("short.parquet", "no column 'drill'"),
        ("areas.parquet", "found Polygon"),
    ):
        with pytest.raises(InputError, match=told):
            parts_in(tmp_path / name)
    with pytest.raises(CrsError, match=r"degrees.parquet.*2000"):
        parts_in(tmp_path / "degrees.parquet")


def test_too_many_grids_and_days_are_refused(tmp_path):
    parts = parts_in(kept(tmp_path / "in", many(10)))
    with pytest.raises(InputError, match="choose a shorter period"):
        grid_counts_of(parts, town(), Choice(ZONE, date(1, 1, 1), date(9000, 1, 1)))
    with pytest.raises(InputError, match="choose a shorter period"):
        survey_of(parts * 9, Choice(ZONE, date(1, 1, 1), date(9999, 1, 1)))


def test_where_nobody_answers_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("gisapp.partitions.run._ANSWER_S", 0.5)
    parts = parts_in(kept(tmp_path / "in", many(10)))
    with pytest.raises(InputError, match="no scheduler answers at tcp://127"):
        grid_counts_of(parts, town(), CHOICE, cluster=Cluster("tcp://127.0.0.1:9"))


def test_a_cluster_whose_worker_is_killed_gives_the_same_counts(tmp_path):
    distributed = pytest.importorskip("distributed")
    frame = many(20_000)
    parts = parts_in(kept(tmp_path / "in", frame, rows=250))
    told = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", memory_limit="1GB"
    ) as started:
        pids = [worker.pid for worker in started.workers.values()]

        def progress(done, total):
            if not told:
                os.kill(pids[0], signal.SIGKILL)
            told.append((done, total))

        cluster = Cluster(started.scheduler_address)
        found = grid_counts_of(parts, town(), CHOICE, cluster=cluster, progress=progress)
        assert pids[0] not in [worker.pid for worker in started.workers.values()] or not _alive(pids[0])
    pd.testing.assert_series_equal(found.total(), grid_counts(frame, town(), ZONE, **PERIOD).total())
    assert told[-1] == (20_000, 20_000)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
