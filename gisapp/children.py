"""Children: fresh Pythons for work that must not hurt the server, followed while they run and killed when not wanted.

A child is no fork, so it holds no lock, socket or database of the server. Parent and child share a folder;
the child is told there what to do and leaves there what it found.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gisapp

ERRORS = "errors.txt"
_LOOK_S = 0.2
_PR_SET_PDEATHSIG = 1

Progress = Callable[[int, int], None]


def run_child(module: str, folder: Path, *, wall_s: float, progress: Progress | None = None) -> int | None:
    """Run ``python -m module FOLDER``, pass its progress on, and return its exit status; None when its time was up.

    What it says on standard error stands in ``errors.txt`` of the folder. ``progress`` is called several times
    a second and may raise: the child is killed then, as it is on Ctrl-C and after ``wall_s`` seconds.
    """
    home = str(Path(gisapp.__file__).resolve().parents[1])
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment |= {"PYTHONPATH": home, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", module, str(folder)]
    with (
        (folder / ERRORS).open("wb") as errors,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, cwd=folder, env=environment
        ) as process,
    ):
        try:
            return _followed(process, wall_s, progress)
        finally:
            if process.poll() is None:
                process.kill()


def _followed(process: subprocess.Popen[bytes], wall_s: float, progress: Progress | None) -> int | None:
    """Return the status of the child when it ends, telling its progress meanwhile; None after ``wall_s``."""
    assert process.stdout is not None
    end = time.monotonic() + wall_s
    os.set_blocking(process.stdout.fileno(), False)
    rest = b""
    last = (0, 1)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < end:
            if selector.select(_LOOK_S):
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    return process.wait(max(end - time.monotonic(), 0.1))
                *lines, rest = (rest + chunk).split(b"\n")
                last = _told(lines, last)
            if progress:
                progress(*last)
    return None


def _told(lines: list[bytes], last: tuple[int, int]) -> tuple[int, int]:
    """Return the last progress among the child's lines; anything else a library prints is passed over."""
    for line in lines:
        if line.startswith(b"[") and line.endswith(b"]"):
            with contextlib.suppress(ValueError):
                done, total = json.loads(line)
                last = (int(done), int(total))
    return last


def tell(done: int, total: int) -> None:
    """Tell the parent, from within the child, how far it is."""
    print(json.dumps([done, total]), flush=True)


def limit(*, memory_mb: int, cpu_s: int, written_mb: int) -> None:
    """Bound this child's memory, processor time and the size of what it writes; it ends when its parent does.

    It leaves no core dump, which would hold personal data.
    """
    memory, written = memory_mb * 2**20, written_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails with an error
    if sys.platform == "linux":  # nobody would read the answer
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            sys.exit(1)
