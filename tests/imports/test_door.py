"""Rows of a file: what comes in, what does not, and what is said about it."""

import json
from datetime import datetime

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from gisapp.errors import CrsError, InputError
from gisapp.imports import Mapping, RejectedError
from gisapp.tables import conform

SQUARE = shapely.box(528_000, 3_386_000, 529_000, 3_387_000)


def faults(caught) -> list[tuple[int, str]]:
    return [(row, field) for row, field in caught.value.report.rejected[["row", "field"]].itertuples(index=False)]


def test_a_sound_row_comes_in_as_the_tables_want_it(come_in, leaks):
    batch = come_in(leaks({}), crs="EPSG:4547")
    frame = batch.tables["incidents"]
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(conform(frame, "incidents")))
    assert frame.crs.to_epsg() == 4547
    assert frame["code"].tolist() == ["00123"]
    assert frame["reported_at"].iloc[0] == pd.Timestamp("2026-11-22T00:30:00Z")
    assert (batch.report.rows, batch.report.accepted) == (1, 1)


def test_a_rejected_row_keeps_the_whole_file_out_unless_said_otherwise(come_in, leaks):
    path = leaks({}, {"type": "flood"}, {})
    with pytest.raises(RejectedError, match=r"leaks.csv, row 2, field type: .*'flood'.*use one of leak, burst"):
        come_in(path, crs="EPSG:4547")
    batch = come_in(path, crs="EPSG:4547", skip_rejected=True)
    assert batch.tables["incidents"]["code"].tolist() == ["00123", "00125"]
    assert batch.report.rows == batch.report.accepted + batch.report.rejected_rows == 3


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"type": ""}, "type", "is empty"),
        ({"code": ""}, "code", "is empty"),
        ({"reported_at": "22.11.2026"}, "reported_at", "write an ISO time"),
        ({"reported_at": "=NOW()"}, "reported_at", "formula"),
        ({"drill": "perhaps"}, "drill", "true or false"),
        ({"x": "12m"}, "x", "write the coordinate as a number"),
        ({"x": "NaN"}, "x", "write the coordinate as a number"),
        ({"y": ""}, "x", "one coordinate of two"),
        ({"x": "", "y": ""}, "geom", "has no position"),
        ({"x": "528770.2,7"}, "", "9 cells where the first row has 8"),
    ],
)
def test_a_wrong_cell_is_named(come_in, leaks, change, field, words):
    """P6.3."""
    with pytest.raises(RejectedError) as caught:
        come_in(leaks({}, change), crs="EPSG:4547")
    assert faults(caught) == [(2, field)]
    told = caught.value.report.rejected.iloc[0]
    assert words in told["found"] + told["todo"]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_a_formula_in_a_csv_is_rejected_by_row(come_in, leaks, cell):
    with pytest.raises(RejectedError, match="formula") as caught:
        come_in(leaks({"cause": "rust"}, {"cause": cell}), crs="EPSG:4547")
    assert faults(caught) == [(2, "cause")]


def test_signed_numbers_are_no_formulas(come_in, leaks):
    batch = come_in(leaks({"cause": "-5"}, {"cause": "+8613800"}), crs="EPSG:4547")
    assert batch.tables["incidents"]["cause"].tolist() == ["-5", "+8613800"]


def test_every_later_row_of_a_repeated_code_is_named(come_in, leaks):
    path = leaks({}, {"code": "00123"}, {"code": "00123", "type": "burst"}, {})
    with pytest.raises(RejectedError) as caught:
        come_in(path, crs="EPSG:4547")
    assert faults(caught) == [(2, "code"), (3, "code")]
    found = caught.value.report.rejected["found"].tolist()
    assert found == [
        "'00123' stood in row 1 already, the same in every column",
        "'00123' stood in row 1 already, with other values",
    ]


def test_a_code_of_the_project_is_not_taken_twice(come_in, leaks):
    first = come_in(leaks({}), crs="EPSG:4547")
    with pytest.raises(RejectedError, match="'00123' is in the project already"):
        come_in(leaks({}, {}), crs="EPSG:4547", existing=first.tables)


def test_a_reference_must_find_something(come_in, leaks):
    """P6.3."""
    path = leaks({"duplicate_of": ""}, {"duplicate_of": "00123"}, {"duplicate_of": "00777"}, {"duplicate_of": "00125"})
    with pytest.raises(RejectedError, match="'00777' is no known incident") as caught:
        come_in(path, crs="EPSG:4547")
    assert faults(caught) == [(3, "duplicate_of"), (4, "duplicate_of")]


def test_no_crs_is_demanded(come_in, leaks):
    with pytest.raises(InputError, match=r"leaks.csv: .*which CRS.*--crs"):
        come_in(leaks({}))


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"x": "3386666", "y": "528770"}, "EPSG:4547", "axes are swapped"),
        ({"x": "30.6", "y": "114.3"}, "EPSG:4326", "axes are swapped"),
        ({}, "EPSG:4326", "look like metres"),
        ({"x": "114.3", "y": "30.6"}, "EPSG:4547", "look like degrees"),
        ({"x": "2.35", "y": "48.85"}, "EPSG:4326", "outside the area of use"),
    ],
)
def test_positions_that_cannot_be_refuse_the_file(come_in, leaks, change, code, words):
    with pytest.raises(InputError, match=words):
        come_in(leaks(change, change), crs=code)


def test_a_single_misplaced_row_is_rejected_alone(come_in, leaks):
    with pytest.raises(RejectedError) as caught:
        come_in(leaks({}, {}, {"x": "3386666", "y": "528770"}), crs="EPSG:4547")
    assert faults(caught) == [(3, "geom")]


def test_a_point_far_outside_the_grids_is_told_and_a_file_of_them_refused(come_in, leaks):
    grids = gpd.GeoDataFrame({"code": ["G001"]}, geometry=[SQUARE], crs="EPSG:4547").rename_geometry("geom")
    away = {"x": "488770.2"}
    batch = come_in(leaks({}, {}, away), crs="EPSG:4547", existing={"grids": grids})
    assert any("1 of 3 rows lie more than 5 km outside" in text and "rows 3" in text for text in batch.report.warnings)
    with pytest.raises(InputError, match="central meridian"):
        come_in(leaks({}, away, away), crs="EPSG:4547", existing={"grids": grids})


@pytest.mark.parametrize(("frame", "metres"), [("gcj02", 520), ("bd09", 1_050)])
def test_map_service_degrees_are_shifted_back(come_in, leaks, frame, metres):
    path = leaks({"x": "114.3", "y": "30.6"})
    plain = come_in(path, crs="EPSG:4326").tables["incidents"]["geom"].iloc[0]
    batch = come_in(path, frame=frame)
    assert batch.tables["incidents"]["geom"].iloc[0].distance(plain) == pytest.approx(metres, rel=0.2)
    assert frame in batch.report.provenance["operation"]
    assert batch.report.provenance["accuracy_m"] >= 1


CHINESE = "工单号,类型,上报时间,东坐标,北坐标,内容\n001,漏水,2026-11-22 08:30,528770,3386666,路面有水\n"


def test_chinese_columns_are_mapped_by_statement_only(come_in, tmp_path, chinese):
    path = tmp_path / "工单.csv"
    path.write_text(
        "工单号,类型,上报时间,东坐标,北坐标,内容\n001,漏水,2026-11-22 08:30,528770,3386666,路面有水\n",
        encoding="utf-8-sig",
    )
    batch = come_in(path, crs="EPSG:4547", mapping=chinese)
    assert batch.tables["incidents"].iloc[0][["code", "type", "summary"]].tolist() == ["001", "leak", "路面有水"]
    with pytest.raises(InputError, match="which columns hold the position"):
        come_in(path, crs="EPSG:4547")


def test_gbk_is_read_when_it_is_declared_and_refused_with_a_sample_otherwise(come_in, tmp_path, chinese):
    path = tmp_path / "gbk.csv"
    path.write_bytes(CHINESE.encode("gbk"))
    with pytest.raises(InputError, match=r"'工单号,类型.*--encoding gb18030"):
        come_in(path, crs="EPSG:4547", mapping=chinese)
    (tmp_path / "far.csv").write_bytes(f"{'a,' * 99}\n{'1,' * 99}路面有水\n".encode("gbk"))
    with pytest.raises(InputError, match="line 2 reads '1,1,1,1,1,路面有水'"):
        come_in(tmp_path / "far.csv", crs="EPSG:4547", mapping=chinese)
    batch = come_in(path, crs="EPSG:4547", mapping=chinese, encoding="GBK")
    assert batch.tables["incidents"]["summary"].tolist() == ["路面有水"]
    assert batch.report.provenance["encoding"] == "gb18030"


def test_a_column_that_must_stand_is_asked_for_once(come_in, leaks):
    with pytest.raises(InputError, match=r"field channel: incidents need this column .* one of phone"):
        come_in(leaks({}), crs="EPSG:4547", mapping=Mapping(columns={"code": "code", "type": "type"}))
    with pytest.raises(InputError, match=r"takes code from 'nr'.*its columns are code, type"):
        come_in(leaks({}), crs="EPSG:4547", mapping=Mapping(columns={"code": "nr"}))
    with pytest.raises(InputError, match="'colour', which is no column of incidents"):
        come_in(leaks({}), crs="EPSG:4547", mapping=Mapping(values={"colour": "red"}))


def test_unmapped_choices_get_a_default_only_when_it_is_stated(come_in, leaks):
    path = leaks({"type": "FLOOD"})
    with pytest.raises(RejectedError, match=r"\[choices.type\]"):
        come_in(path, crs="EPSG:4547")
    batch = come_in(path, crs="EPSG:4547", mapping=Mapping(choices={"type": {"*": "other"}}))
    assert batch.tables["incidents"]["type"].tolist() == ["other"]


def test_times_are_read_in_the_stated_zone_and_format(come_in, leaks):
    path = leaks({"reported_at": "3/26/2001 12:00:00 AM"}, {"reported_at": "26.3.2001"})
    stated = Mapping(times={"zone": "America/Toronto", "format": "%m/%d/%Y %I:%M:%S %p"})
    with pytest.raises(RejectedError, match="a time like %m/%d/%Y") as caught:
        come_in(path, crs="EPSG:4547", mapping=stated)
    assert faults(caught) == [(2, "reported_at")]
    batch = come_in(path, crs="EPSG:4547", mapping=stated, skip_rejected=True)
    assert batch.tables["incidents"]["reported_at"].iloc[0] == pd.Timestamp("2001-03-26T05:00:00Z")


@pytest.mark.parametrize(
    ("times", "field", "words"),
    [
        ({"dispatched_at": "2026-11-22T08:29:59"}, "dispatched_at", "before reported_at at 2026-11-22 08:30:00"),
        ({"accepted_at": "2026-11-22T08:39:59"}, "accepted_at", "before dispatched_at at 2026-11-22 08:40:00"),
        ({"repaired_at": "2025-11-22T09:00:00"}, "repaired_at", "found 2025-11-22 09:00:00"),
    ],
)
def test_a_clock_that_would_stop_before_it_started_is_rejected_by_row(come_in, leaks, times, field, words):
    """P6.3."""
    sound = {"dispatched_at": "2026-11-22T08:40:00", "accepted_at": "2026-11-22T08:40:00", "repaired_at": ""}
    with pytest.raises(RejectedError) as caught:
        come_in(leaks(sound, sound | times), crs="EPSG:4547")
    assert faults(caught) == [(2, field)]
    assert words in caught.value.report.rejected.iloc[0]["found"]


def test_a_moment_later_than_now_is_rejected_by_row(come_in, leaks):
    """P6.3: the clock of whoever wrote it was wrong."""
    with pytest.raises(RejectedError, match="which is later than now") as caught:
        come_in(leaks({}, {"reported_at": "2199-11-22 08:30"}), crs="EPSG:4547")
    assert faults(caught) == [(2, "reported_at")]


def test_a_unit_that_nobody_knows_is_rejected_by_row(come_in, leaks):
    """W7.1."""
    with pytest.raises(RejectedError, match="'U99' is no known unit") as caught:
        come_in(leaks({"unit_code": ""}, {"unit_code": "U99"}), crs="EPSG:4547")
    assert faults(caught) == [(2, "unit_code")]


def test_an_hour_that_happens_twice_is_rejected(come_in, leaks):
    with pytest.raises(RejectedError, match="happens once in America/Chicago"):
        come_in(
            leaks({"reported_at": "2018-11-04 01:30"}),
            crs="EPSG:4547",
            mapping=Mapping(times={"zone": "America/Chicago"}),
        )


def test_unlocated_incidents_come_in_only_when_stated(come_in, leaks):
    stated = Mapping(geometry={"x": "x", "y": "y", "missing": "unlocated"})
    batch = come_in(leaks({}, {"x": "", "y": ""}), crs="EPSG:4547", mapping=stated)
    frame = batch.tables["incidents"]
    assert frame["geom"].isna().tolist() == [False, True]
    assert frame["located_by"].fillna("").tolist() == ["", "unlocated"]
    assert any("1 rows of incidents have no position" in text for text in batch.report.warnings)


def test_unknown_statements_are_refused_before_the_file_is_read(come_in, leaks):
    for stated, words in (({"utility": "steam"}, "unknown utility"), ({"frame": "mars"}, "unknown frame")):
        with pytest.raises(InputError, match=words):
            come_in(leaks({}), crs="EPSG:4547", **stated)
    with pytest.raises(InputError, match="unknown kind of rows"):
        come_in(leaks({}), "pipes", crs="EPSG:4547")
    with pytest.raises(CrsError, match="degrees"):
        come_in(leaks({}), crs="EPSG:4326", project_crs="EPSG:4326")


def test_a_row_of_an_unknown_utility_is_rejected(come_in, leaks):
    """P6.3, G1.1."""
    with pytest.raises(RejectedError, match="'steam'; use one of water, power, heating, gas"):
        come_in(leaks({"utility": "steam"}), crs="EPSG:4547")


def test_a_workbook_is_read_as_it_stands_and_its_formulas_rejected(come_in, tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.append(["code", "type", "channel", "status", "reported_at", "drill", "x", "y", "cause"])
    seen = datetime(2026, 11, 22, 8, 30)
    page.append(["00123", "leak", "phone", "registered", seen, False, 528770, 3386666, None])
    page.append(["00124", "leak", "phone", "registered", "2026-11-22", False, 528770, 3386666, "=1+1"])
    book.save(tmp_path / "leaks.xlsx")
    with pytest.raises(RejectedError, match="formula") as caught:
        come_in(tmp_path / "leaks.xlsx", crs="EPSG:4547")
    assert faults(caught) == [(2, "cause")]
    batch = come_in(tmp_path / "leaks.xlsx", crs="EPSG:4547", skip_rejected=True)
    row = batch.tables["incidents"].iloc[0]
    assert (row["code"], row["reported_at"]) == ("00123", pd.Timestamp("2026-11-22T00:30:00Z"))


def test_a_number_used_as_a_code_is_told(come_in, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["code", "lon", "lat"])
    book.active.append([123, 114.3, 30.6])
    book.save(tmp_path / "leaks.xlsx")
    stated = Mapping(
        values={
            "type": "leak",
            "channel": "web",
            "status": "closed",
            "reported_at": "2026-11-22T00:00:00Z",
            "drill": False,
        }
    )
    batch = come_in(tmp_path / "leaks.xlsx", crs="EPSG:4326", mapping=stated)
    assert batch.tables["incidents"]["code"].tolist() == ["123"]
    assert any("leading zeros" in text for text in batch.report.warnings)


CUSTOMER = "code,kind,households,meter_inside,x,y,link_code,measure_m\n"


def test_customers_without_a_link_come_in_unconnected_and_are_counted(come_in, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(CUSTOMER + "001,resident,1,false,528100,3386100,P1,5\n002,resident,1,true,528101,3386100,,\n")
    links = gpd.GeoDataFrame({"utility": ["water"], "code": ["P1"]}, geometry=[None])
    batch = come_in(path, "customers", crs="EPSG:4547", utility="water", existing={"links": links})
    assert batch.tables["customers"]["code"].tolist() == ["001", "002"]
    assert batch.tables["connections"].to_dict("records") == [
        {"utility": "water", "customer_code": "001", "link_code": "P1", "measure_m": 5.0}
    ]
    assert any("1 customers come in unconnected" in text for text in batch.report.warnings)
    with pytest.raises(RejectedError, match="'P1' is no known link"):
        come_in(path, "customers", crs="EPSG:4547", utility="water")


def test_half_a_connection_is_refused(come_in, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text(CUSTOMER + "001,resident,1,false,528100,3386100,P1,\n")
    with pytest.raises(RejectedError, match="a link or a measure, not both"):
        come_in(path, "customers", crs="EPSG:4547", utility="water", existing={"links": pd.DataFrame()})
    with pytest.raises(InputError, match="field utility: a connection needs"):
        come_in(path, "customers", crs="EPSG:4547")


def test_grids_may_come_as_text(come_in, tmp_path):
    path = tmp_path / "grids.csv"
    path.write_text(f'code,name,utilities,shape\n001,网格 001,"water,gas","{SQUARE.wkt}"\n', encoding="utf-8")
    stated = Mapping(values={"valid_from": "2026-01-01T00:00:00+08:00"}, geometry={"wkt": "shape"})
    frame = come_in(path, "grids", crs="EPSG:4547", mapping=stated).tables["grids"]
    assert frame["geom"].iloc[0].geom_type == "MultiPolygon"
    assert frame["geom"].iloc[0].area == pytest.approx(1e6)


def test_a_grid_drawn_twice_is_told_by_its_code(come_in, tmp_path):
    path = tmp_path / "grids.csv"
    once = f'001,"{SQUARE.wkt}"\n'
    path.write_text(f'code,shape\n{once}{once}001,"{SQUARE.buffer(9).wkt}"\n', encoding="utf-8")
    values = {"valid_from": "2026-01-01T00:00:00+08:00", "name": "网格", "utilities": "water"}
    stated = Mapping(values=values, geometry={"wkt": "shape"}, same_names=True)
    with pytest.raises(RejectedError) as caught:
        come_in(path, "grids", crs="EPSG:4547", mapping=stated)
    assert faults(caught) == [(2, "code"), (3, "code")]
    found = caught.value.report.rejected["found"]
    assert found[0] == "'001' stood in row 1 already, the same in every column"
    assert found[1] == "'001' stood in row 1 already, with other values"


def test_grids_that_lie_over_those_of_the_project_are_told(come_in, tmp_path):
    path = tmp_path / "grids.csv"
    values = {"valid_from": "2026-01-01T00:00:00+08:00", "name": "网格", "utilities": "water"}
    stated = Mapping(values=values, geometry={"wkt": "shape"}, same_names=True)
    path.write_text(f'code,shape\n001,"{SQUARE.wkt}"\n', encoding="utf-8")
    first = come_in(path, "grids", crs="EPSG:4547", mapping=stated)
    assert not first.report.warnings
    path.write_text(f'code,shape\n002,"{SQUARE.wkt}"\n', encoding="utf-8")
    again = come_in(path, "grids", crs="EPSG:4547", mapping=stated, existing=first.tables)
    assert any("1 of 1 polygons overlap a neighbour" in one for one in again.report.warnings)


def test_the_report_says_where_everything_came_from(come_in, leaks):
    path = leaks({})
    batch = come_in(path, crs="EPSG:4547", mapping=Mapping(values={"cause": "rust"}))
    told = json.loads(json.dumps(batch.report.as_json()))
    assert told["provenance"] | {"sha256": ""} == {
        "file": "leaks.csv",
        "sha256": "",
        "bytes": path.stat().st_size,
        "kind": "csv",
        "encoding": "utf-8",
        "as": "incidents",
        "frame": "wgs84",
        "zone": "Asia/Shanghai",
        "mapping": {"values": {"cause": "rust"}},
        "crs": "EPSG:4547",
        "crs_said_by": "--crs",
        "operation": "none, the file is in CGCS2000 / 3-degree Gauss-Kruger CM 114E already",
        "accuracy_m": 0.0,
    }
    assert len(told["provenance"]["sha256"]) == 64


def test_a_file_without_rows_is_refused(come_in, tmp_path):
    path = tmp_path / "leaks.csv"
    path.write_text("code,type,channel,status,reported_at,drill,x,y\n")
    with pytest.raises(InputError, match="no rows"):
        come_in(path, crs="EPSG:4547")


def test_rows_beyond_a_chunk_keep_their_numbers(come_in, leaks):
    rows = [{} for _ in range(20_000)]
    rows[15_000] = {"drill": "perhaps"}
    with pytest.raises(RejectedError) as caught:
        come_in(leaks(*rows), crs="EPSG:4547")
    assert faults(caught) == [(15_001, "drill")]
    batch = come_in(leaks(*rows), crs="EPSG:4547", skip_rejected=True)
    codes = batch.tables["incidents"]["code"]
    assert len(codes) == 19_999
    assert codes.iloc[[0, 14_999, 15_000, -1]].tolist() == ["00123", "15122", "15124", "20122"]


def test_an_absent_file_is_named(come_in, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        come_in(tmp_path / "none.csv", crs="EPSG:4547")
    with pytest.raises(InputError, match=r"no reader takes files ending in '.dwg'"):
        come_in(tmp_path / "plan.dwg", crs="EPSG:4547")
