"""The small city, as tables and as a file, each made once a version of the code that makes it."""

import fcntl
import functools
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gisapp.demo import city_tables, make_city

ROOT = Path(__file__).resolve().parents[2]


def copy_small_city(to: Path, size: str = "small", *, seed: int = 1, **_options: object) -> None:
    """Copy the small city of seed 1; called in place of ``make_city``, it makes no other."""
    assert (size, seed) == ("small", 1)
    shutil.copy(folder_made() / "small.gpkg", to)


def folder_made() -> Path:
    """Return the folder in which ``make_city`` made the small city; nothing else was ever in it."""
    return _made_by("store", lambda folder: make_city(folder / "small.gpkg", "small", seed=1))


def small_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of the small city of seed 1, one's own copy of each."""
    return {name: table.copy() for name, table in _tables().items()}


def _made_by(name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder of what this version of the code makes; others wait while it is made."""
    made = ROOT / ".cache" / "tests" / f"small-{_version()}-{name}"
    made.parent.mkdir(parents=True, exist_ok=True)
    with (made.parent / "making").open("w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)
        if not made.exists():
            for old in made.parent.glob(f"small-*-{name}"):
                shutil.rmtree(old, ignore_errors=True)
            mine = made.with_name("begun")
            shutil.rmtree(mine, ignore_errors=True)
            mine.mkdir()
            make(mine)
            mine.rename(made)
    return made


@functools.cache
def _version() -> str:
    code = hashlib.sha256()
    for file in sorted((ROOT / "gisapp").rglob("*.py")):
        code.update(file.read_bytes())
    return code.hexdigest()[:12]


@functools.cache
def _tables() -> dict[str, pd.DataFrame]:
    made = _made_by("tables", lambda folder: pd.to_pickle(city_tables("small", 1), folder / "tables"))
    return pd.read_pickle(made / "tables")
