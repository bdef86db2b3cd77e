"""What was freed between things in use goes back to the machine."""

import os
import subprocess
import sys

import pytest

from dashboards.memory import ARENAS

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


THREADS = """
import ctypes, threading
from dashboards.memory import few_arenas
few_arenas()
c = ctypes.CDLL(None)
c.malloc.restype, c.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
c.malloc_info.argtypes, c.fclose.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
held = threading.Barrier(13)
def take():
    c.malloc(5000)
    held.wait()
for _ in range(12):
    threading.Thread(target=take).start()
held.wait()
told = c.fopen(b"/proc/self/fd/1", b"w")
c.malloc_info(0, told)
c.fclose(told)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc gives every thread an arena on Linux")
def test_threads_share_few_arenas():
    said = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True).stdout
    assert 1 <= said.count("<heap nr=") <= ARENAS


ARROW = """
import sys
from dashboards.__main__ import main
main(["config", "show"])
import pyarrow
print(pyarrow.default_memory_pool().backend_name, file=sys.stderr)
"""


HOLES = """
import ctypes, resource
from dashboards.memory import LARGE, few_arenas
few_arenas()
c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
for _ in range(3):  # after this glibc would take 8 MB from an arena
    c.free(c.malloc(8 << 20))
class Used(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b c d e".split()]
c.mallinfo2.restype = Used
before = c.mallinfo2().hblks
c.malloc(LARGE)
print(c.mallinfo2().hblks - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_what_is_large_is_taken_from_no_arena_however_often():
    said = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True).stdout
    assert said == "1\n"


def test_texts_of_tables_are_in_the_same_heap():
    known = {name: value for name, value in os.environ.items() if not name.startswith(("ARROW_", "GISAPP_"))}
    said = subprocess.run([sys.executable, "-c", ARROW], capture_output=True, text=True, check=True, env=known).stderr
    assert said.split()[-1] == "system"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc keeps what was freed on Linux")
def test_what_was_freed_between_things_in_use_is_given_back():
    said = subprocess.run([sys.executable, "-c", KEEPS], capture_output=True, text=True, check=True).stdout
    before, after = (float(number) for number in said.split())
    assert before > 350
    assert after < before - 250
