"""A server of its own for a benchmark: begun on a free port, listened to, and ended with all that it began."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO

import psutil

from gisapp.errors import StoreError

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 60.0
TRACE = 150  # lines that a process says when it dies of a fault


@dataclass
class Served:
    """A server in processes of its own, and what it said that is wrong."""

    running: subprocess.Popen[str]
    port: int
    began: float
    faults: list[str] = field(default_factory=list)
    heeding: threading.Thread | None = None

    def get(self, address: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Return the status and text of an answer; status 0 where there is none."""
        sent = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{address}", sent, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""
        except (OSError, ValueError, HTTPException):  # it died while it answered
            return 0, ""

    def until(self, address: str) -> float:
        """Return how many seconds after its beginning the server answered well."""
        while time.monotonic() - self.began < LIMIT_S:
            if self.get(address)[0] == 200:
                return time.monotonic() - self.began
            time.sleep(0.02)
        return LIMIT_S

    def processor_s(self) -> float:
        """Return the processor time of all its processes so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._tree())

    def memory_mb(self) -> float:
        """Return the memory of all its processes, what they share counted once."""
        return sum(one.memory_full_info().pss for one in self._tree()) / 1e6

    def kill(self) -> None:
        """End it at once, with all that it began."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait(LIMIT_S)
        if self.heeding is not None:
            self.heeding.join(LIMIT_S)

    def stop(self) -> None:
        """Let it finish what it answers; kill it where that takes too long."""
        self.running.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.running.wait(LIMIT_S)
        self.kill()

    def _tree(self) -> list[psutil.Process]:
        process = psutil.Process(self.running.pid)
        return [process, *process.children(recursive=True)]


def serve(*words: str) -> Served:
    """Begin a server on the store that the words name; it has its port when this returns.

    Raises
    ------
    StoreError
        When it does not begin.
    """
    began = time.monotonic()
    running = begun("-m", "dashboards", "serve", *words, "--port", "0")
    assert running.stdout is not None
    said = []
    for line in running.stdout:
        said.append(line)
        if "127.0.0.1:" in line:
            served = Served(running, int(line.split("127.0.0.1:")[1].split("/")[0]), began)
            served.heeding = threading.Thread(target=_heed, args=(running.stdout, served.faults), daemon=True)
            served.heeding.start()
            return served
    killed(running)
    raise StoreError(f"the server did not begin: {''.join(said)[-500:]}")


def begun(*words: str) -> subprocess.Popen[str]:
    """Begin a Python of its own, with a group of processes of its own."""
    told_all = os.environ | {"PYTHONFAULTHANDLER": "1"}  # which threads did what when it died
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(
        [sys.executable, *words], text=True, cwd=ROOT, env=told_all, start_new_session=True, **pipes
    )


def killed(running: subprocess.Popen[str]) -> str:
    """Kill a process with all that it began, and return what it had said."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    said, _ = running.communicate(timeout=60)
    return said


def _heed(said: IO[str], faults: list[str]) -> None:
    """Read on what a server says, so that it never waits for that; note what is wrong, and print how it died."""
    dies = 0
    with said:
        for line in said:
            dies = TRACE if line.startswith("Fatal") else dies - 1
            if dies > 0:
                print(f"server: {line.rstrip()}", flush=True)
            if line.startswith(("ERROR", "CRITICAL", "Fatal")):
                faults.append(line.strip())
