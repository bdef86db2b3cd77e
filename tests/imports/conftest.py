"""Small files written by the tests, and one way to import them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gisapp.imports import Batch, Mapping, read_file

LEAK = {
    "code": "00123",
    "type": "leak",
    "channel": "phone",
    "status": "registered",
    "reported_at": "2026-11-22T08:30:00",
    "drill": "false",
    "x": "528770.2",
    "y": "3386666.2",
}


@pytest.fixture
def come_in() -> Callable[..., Batch]:
    """Import a file into a project in EPSG:4547 and the zone of Shanghai."""

    def imported(path: Path, as_: str = "incidents", **stated: Any) -> Batch:
        stated.setdefault("project_crs", "EPSG:4547")
        stated.setdefault("zone", "Asia/Shanghai")
        return read_file(path, as_, **stated)

    return imported


@pytest.fixture
def leaks(tmp_path: Path) -> Callable[..., Path]:
    """Write a CSV of incidents: each argument changes some cells of a sound row; ``None`` drops the column."""

    def written(*changes: dict[str, str], name: str = "leaks.csv", encoding: str = "utf-8") -> Path:
        rows = [{**LEAK, "code": f"{number:05d}", **change} for number, change in enumerate(changes, 123)]
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        path = tmp_path / name
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return written


@pytest.fixture
def chinese() -> Mapping:
    """The mapping of a Chinese export of incidents."""
    return Mapping(
        columns={"code": "工单号", "type": "类型", "reported_at": "上报时间", "summary": "内容"},
        values={"channel": "phone", "status": "registered", "drill": False},
        choices={"type": {"漏水": "leak", "无水": "no_supply"}},
        geometry={"x": "东坐标", "y": "北坐标"},
    )
