"""What was freed between things in use goes back to the machine."""

import subprocess
import sys

import pytest

KEEPS = """
from dashboards.memory import give_back
def resident_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
made = [bytearray(100_000) for _ in range(4000)]
kept = made[::50]
del made
before = resident_mb()
give_back()
print(before, resident_mb())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc keeps what was freed on Linux")
def test_what_was_freed_between_things_in_use_is_given_back():
    said = subprocess.run([sys.executable, "-c", KEEPS], capture_output=True, text=True, check=True).stdout
    before, after = (float(number) for number in said.split())
    assert before > 350
    assert after < before - 250
