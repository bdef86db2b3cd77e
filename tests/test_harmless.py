"""No cell of a file that leaves is taken for a formula; numbers stay numbers."""

import ast
from pathlib import Path

import pandas as pd
import pytest

import dashboards
import gisapp
import layers
from gisapp.harmless import harmless, harmless_cells


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "--5", "+86 138"]
)
def test_what_would_be_computed_begins_with_an_apostrophe(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+3.25", "-1e-6", "", "漏水 = 大", "G-001", "2026-11-28", "'=1"])
def test_numbers_and_plain_texts_stay(text):
    assert harmless(text) == text


def test_in_a_table_texts_and_heads_are_made_harmless_and_numbers_kept():
    frame = pd.DataFrame({"=a": ["=1", None, "x"], "n": [-1.5, 2.0, 3.0], "c": pd.Categorical(["@x", "y", "y"])})
    made = harmless_cells(frame)
    assert list(made.columns) == ["'=a", "n", "c"]
    assert made["'=a"].dropna().tolist() == ["'=1", "x"]
    assert made["n"].tolist() == [-1.5, 2.0, 3.0]
    assert made["c"].tolist() == ["'@x", "y", "y"]
    assert frame["=a"].tolist()[0] == "=1"


def test_every_module_that_writes_a_table_as_a_file_makes_it_harmless():
    writes = {"to_csv", "to_excel", "Workbook", "DictWriter", "writer"}
    bare = []
    for package in (gisapp, layers, dashboards):
        for path in Path(package.__file__).parent.rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            called = {
                node.func.attr
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            }
            if called & writes and "gisapp.harmless" not in text:
                bare.append(path.name)
    assert bare == []
