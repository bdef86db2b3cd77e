"""The unit for systemd is shut tight, and the Dockerfile is as hadolint wants it; neither is run here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_shut_tight():
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", DEPLOY / "gisapp.service"]
    told = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"Overall exposure level for gisapp.service: ([\d.]+)", told.stdout)
    assert found, told.stderr
    assert float(found[1]) < 3.0


def test_the_unit_waits_longer_than_the_server_takes_to_stop():
    text = (DEPLOY / "gisapp.service").read_text(encoding="utf-8")
    assert int(re.search(r"TimeoutStopSec=(\d+)", text)[1]) > 30  # stop_s
    assert "ExecStartPre=/opt/gisapp/bin/gisapp config check" in text


def test_the_dockerfile_has_nothing_that_hadolint_names():
    program = Path(sys.executable).with_name("hadolint")
    found = str(program) if program.exists() else shutil.which("hadolint")
    if found is None:
        pytest.skip("hadolint is not installed")
    told = subprocess.run([found, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60)
    assert (told.returncode, told.stdout) == (0, "")
