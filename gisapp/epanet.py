"""EPANET, in a process of its own: texts in, heads out.

``python -m gisapp.epanet FOLDER`` is the child. EPANET is C, and an INP may be a stranger's: neither belongs in the
server's process. The library is the one that wntr brings; it is opened as it is, for importing wntr takes seconds.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gisapp.children import ERRORS, Progress, limit, run_child, tell
from gisapp.durable import private_folder
from gisapp.errors import InputError

REQUEST, FAULT = "request.json", "fault.json"
WALL_S = 900.0
_LIBRARIES = {"linux": "linux-x64/libepanet22.so", "darwin": "darwin-x64/libepanet22.dylib"}
_NODE_COUNT, _DEMAND, _HEAD, _PRESSURE = 0, 9, 10, 11
_ID_BYTES = 32
_UNBALANCED = (1, 2)
_NO_WARNING = 100


@dataclass(frozen=True, eq=False)
class Solved:
    """What EPANET finds for one moment, by node: its code, and values in the units of the text."""

    codes: np.ndarray
    pressure: np.ndarray
    head: np.ndarray
    demand: np.ndarray
    """What leaves the network there; of a reservoir or tank what flows into it."""
    balanced: bool


def solved(texts: Mapping[str, str], *, progress: Progress | None = None, wall_s: float = WALL_S) -> dict[str, Solved]:
    """Return what EPANET finds for the first moment of every INP text.

    Parameters
    ----------
    texts
        INP texts by name.
    progress
        Called several times a second with texts done and texts in all; it may raise, and EPANET is killed.

    Raises
    ------
    InputError
        When EPANET refuses a text, or does not come to an end.
    """
    with private_folder("epanet") as folder:
        for name, text in texts.items():
            (folder / f"{name}.inp").write_text(text, encoding="utf-8")
        (folder / REQUEST).write_text(json.dumps(list(texts)), encoding="utf-8")
        require_done(folder, run_child("gisapp.epanet", folder, wall_s=wall_s, progress=progress))
        return {name: _read(folder / f"{name}.npz") for name in texts}


def require_done(folder: Path, status: int | None) -> None:
    """Raise unless a child came to its end: what it found wrong with the input, or its last words."""
    if status == 0:
        return
    if status == 2 and (folder / FAULT).exists():
        fault = json.loads((folder / FAULT).read_text(encoding="utf-8"))
        raise InputError(fault["found"], todo=fault["todo"], file=fault["file"])
    told = (folder / ERRORS).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    reason = "its time was up" if status is None else (told[-1][:300] if told else f"status {status}")
    raise InputError(f"the simulation did not come to an end ({reason})", todo="check lengths, sizes and demands")


def _read(path: Path) -> Solved:
    """Return what the child left."""
    with np.load(path) as arrays:
        found = dict(arrays)
    return Solved(found["codes"], found["pressure"], found["head"], found["demand"], bool(found["balanced"]))


def main(folder: Path) -> int:
    """Solve the texts in the folder; return 0, or 2 with the reason in ``fault.json``."""
    limit(memory_mb=8192, cpu_s=900, written_mb=4096)
    names = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    tell(0, len(names))
    for done, name in enumerate(names, start=1):
        try:
            _solve(folder, name)
        except InputError as error:
            fault(folder, error)
            return 2
        tell(done, len(names))
    return 0


def fault(folder: Path, error: InputError) -> None:
    """Leave for the parent what is wrong with the input."""
    words = {"found": error.found, "todo": error.todo, "file": error.file}
    (folder / FAULT).write_text(json.dumps(words), encoding="utf-8")


def _solve(folder: Path, name: str) -> None:
    """Solve ``name.inp`` and leave what is found in ``name.npz``."""
    engine = _Engine(folder, name)
    engine.call("open", *(str(folder / f"{name}.{ending}").encode() for ending in ("inp", "rpt", "out")))
    engine.call("openH")
    engine.call("initH", 0)
    moment, number = ctypes.c_long(), ctypes.c_int()
    warned = engine.call("runH", ctypes.byref(moment))
    engine.call("getcount", _NODE_COUNT, ctypes.byref(number))
    rows = range(1, number.value + 1)
    code = ctypes.create_string_buffer(_ID_BYTES)
    codes = []
    for row in rows:
        engine.call("getnodeid", row, code)
        codes.append(code.value.decode("utf-8", errors="replace"))
    values = [engine.values(rows, what) for what in (_PRESSURE, _HEAD, _DEMAND)]
    with (folder / f"{name}.npz").open("wb") as stream:
        np.savez(
            stream,
            codes=np.array(codes, dtype=str),
            pressure=values[0],
            head=values[1],
            demand=values[2],
            balanced=np.array(warned not in _UNBALANCED),
        )


class _Engine:
    """One project of EPANET 2.2; it lives as long as the process."""

    def __init__(self, folder: Path, name: str) -> None:
        self.report = folder / f"{name}.rpt"
        self.library = ctypes.CDLL(str(_library()))
        self.project = ctypes.c_void_p()
        self.library.EN_createproject(ctypes.byref(self.project))

    def call(self, function: str, *arguments: object) -> int:
        """Return the warning that a function gives, 0 if none; raise what EPANET refuses."""
        code: int = getattr(self.library, f"EN_{function}")(self.project, *arguments)
        if code > _NO_WARNING:
            raise InputError(f"EPANET refuses it ({self._reason(code)})", todo="correct the network or the INP file")
        return code

    def _reason(self, code: int) -> str:
        """Return the errors in EPANET's report, which stands when the project is closed, else its number."""
        self.library.EN_close(self.project)
        told = self.report.read_text(encoding="utf-8", errors="replace") if self.report.exists() else ""
        lines = [line.strip() for line in told.splitlines() if "Error" in line]
        return "; ".join(lines[:2]) or f"error {code}"

    def values(self, rows: range, what: int) -> np.ndarray:
        """Return one value of every node."""
        get, value = self.library.EN_getnodevalue, ctypes.c_double()
        place = ctypes.byref(value)
        found = np.empty(len(rows))
        for row in rows:
            get(self.project, row, what, place)
            found[row - 1] = value.value
        return found


def _library() -> Path:
    """Return where wntr keeps EPANET 2.2."""
    wntr = importlib.util.find_spec("wntr")
    inside = _LIBRARIES.get(sys.platform)
    if wntr is None or wntr.origin is None or inside is None:
        raise InputError("EPANET is not on this machine", todo="install wntr on Linux or macOS")
    return Path(wntr.origin).parent / "epanet" / "libepanet" / inside


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
