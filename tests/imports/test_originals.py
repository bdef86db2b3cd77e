"""Rejected rows as they stood in the file, with what is wrong, to be corrected and brought in again."""

import openpyxl
import pandas as pd
import pytest

from gisapp.errors import InputError
from gisapp.imports import Mapping, read_file, rejected_rows

COLUMNS = {"code": "工单号", "type": "类型", "reported_at": "时间"}
MAPPING = Mapping(
    columns=COLUMNS,
    geometry={"x": "东", "y": "北"},
    values={"channel": "phone", "status": "registered", "drill": "false"},
)
HEAD = ["工单号", "类型", "时间", "东", "北", "备注", "备注", ""]
ROWS = [
    ["A1", "leak", "2026-11-20 08:00", "500100", "3300100", "好", "1", "x"],
    ["A2", "?", "昨天", "500100", "3300100", "=1+1", "2", "y"],
    ["A3", "leak", "2026-11-20 08:10", "500100", "3300100", "好", "3", "z"],
    ["", "leak", "2026-11-20 08:20", "500100", "3300100", "缺号", "4", ""],
]


def read(path, **more):
    told = {"crs": "EPSG:4547", "project_crs": "EPSG:4547", "zone": "Asia/Shanghai", "utility": "water"}
    return read_file(path, "incidents", mapping=MAPPING, skip_rejected=True, **told, **more)


@pytest.fixture(params=["csv", "xlsx"])
def path(request, tmp_path):
    made = tmp_path / f"热线.{request.param}"
    if request.param == "csv":
        made.write_bytes("\n".join(",".join(row) for row in [HEAD, *ROWS]).encode("gb18030"))
    else:
        book = openpyxl.Workbook()
        for row in [HEAD, *ROWS]:
            book.active.append([value.replace("=1+1", "1+1") or None for value in row[:-1]])
        book.save(made)
    return made


def test_every_rejected_row_stands_once_as_it_was_with_all_that_is_wrong(path):
    batch = read(path, encoding="gb18030" if path.suffix == ".csv" else None)
    told = rejected_rows(path, batch.report)
    assert batch.report.accepted == 2
    tail = [" 8"] if path.suffix == ".csv" else []
    assert told.columns.tolist() == [*HEAD[:5], "备注 6", "备注 7", *tail, "gisapp"]
    assert told["工单号"].tolist() == ["A2", ""]
    assert told["备注 7"].tolist() == ["2", "4"]
    faults = batch.report.rejected
    for reason, (_, mine) in zip(told["gisapp"], faults.groupby("row"), strict=True):
        assert reason.split(" | ") == [f"{one.field}: {one.found}; {one.todo}" for one in mine.itertuples()]
    assert len(faults) > len(told)


def test_a_corrected_file_of_rejected_rows_comes_in_as_it_is(path, tmp_path):
    batch = read(path, encoding="gb18030" if path.suffix == ".csv" else None)
    told = rejected_rows(path, batch.report)
    mended = told.assign(**{"类型": "leak", "时间": "2026-11-20 08:05", "工单号": ["A2", "A4"]})
    again = tmp_path / "again.csv"
    mended.to_csv(again, index=False)
    codes = pd.concat([batch.tables["incidents"], read(again).tables["incidents"]])["code"]
    assert sorted(codes) == ["A1", "A2", "A3", "A4"]


def test_another_file_than_the_one_that_was_checked_is_refused(path):
    batch = read(path, encoding="gb18030" if path.suffix == ".csv" else None)
    path.write_bytes(path.read_bytes() + b"\n" if path.suffix == ".csv" else b"PK")
    with pytest.raises(InputError):
        rejected_rows(path, batch.report)
