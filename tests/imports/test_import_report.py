"""The report beside the data: whole, or the old one."""

import json
import os

import pytest

from gisapp.errors import StoreError
from gisapp.imports import RejectedError, report, save_report
from gisapp.words import LANGUAGES


@pytest.fixture
def rejected(come_in, leaks):
    with pytest.raises(RejectedError) as caught:
        come_in(leaks({}, {"type": "flood", "drill": "perhaps"}), crs="EPSG:4547")
    return caught.value.report


def test_the_report_is_saved_whole(rejected, tmp_path):
    save_report(rejected, tmp_path / "leaks.csv.report.json")
    told = json.loads((tmp_path / "leaks.csv.report.json").read_text(encoding="utf-8"))
    assert (told["rows"], told["accepted"], told["rejected_rows"]) == (2, 1, 1)
    assert [(fault["row"], fault["field"]) for fault in told["rejected"]] == [(2, "type"), (2, "drill")]


def test_a_failed_writing_leaves_the_old_report_and_no_rest(rejected, tmp_path, monkeypatch):
    target = tmp_path / "a.report.json"
    target.write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        save_report(rejected, target)
    assert target.read_text() == "old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.report.json", "leaks.csv"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_speaks_every_language(rejected, language):
    told = rejected.summary(language)
    assert "leaks.csv" in told
    assert "flood" in told


def test_faults_stand_in_the_order_of_the_file():
    assert list(report.by_row([]).columns) == list(report.COLUMNS)
