"""The notebooks: every cell runs, from the first to the last."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from small_city import small_tables

from gisapp import demo

BOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))


def small_tables_of(size, seed):
    assert (size, seed) == ("small", 1)  # seconds to make, and every notebook begins with the same ones
    return small_tables()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_and_is_stored_without_its_output(path, tmp_path, monkeypatch):
    book = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in book.cells)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "city_tables", small_tables_of)
    names = {"__name__": "__main__"}
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{path.name}, cell {number}", "exec"), names)


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="kernels are slow to start")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_in_a_kernel_of_its_own(path, tmp_path):
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
