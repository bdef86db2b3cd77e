"""The small city as a file, made once for each version of the code that makes it; every test copies it."""

import hashlib
import os
import shutil
from pathlib import Path

from gisapp.demo import make_city

ROOT = Path(__file__).resolve().parents[2]


def copy_small_city(to: Path, size: str = "small", *, seed: int = 1, **_options: object) -> None:
    """Copy the small city of seed 1; called in place of ``make_city``, it makes no other."""
    assert (size, seed) == ("small", 1)
    code = hashlib.sha256()
    for file in sorted((ROOT / "gisapp").rglob("*.py")):
        code.update(file.read_bytes())
    made = ROOT / ".cache" / "tests" / f"small-{code.hexdigest()[:12]}.gpkg"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        for old in made.parent.glob("small-*.gpkg"):
            old.unlink(missing_ok=True)
        mine = made.with_name(f"{made.stem}-{os.getpid()}")  # several tests may begin at once
        make_city(mine, "small", seed=1)
        mine.replace(made)
    shutil.copy(made, to)
