"""An EPANET file with links shut: ``python -m gisapp.network.shut_inp FOLDER`` writes it as wntr reads it.

It parses a stranger's file, so it is a process of its own.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gisapp.children import Progress, limit, run_child
from gisapp.durable import private_folder
from gisapp.epanet import REQUEST, WALL_S, fault, require_done
from gisapp.errors import InputError


def shut_inp(
    file: Path,
    shut: Mapping[str, Iterable[str]],
    opened: Mapping[str, Iterable[str]],
    *,
    required_m: float,
    encoding: str,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Return the file as INP texts for one moment, by name, each with its links shut and opened for good.

    Demand is driven by pressure: met in full at ``required_m`` and above. Controls and rules that would move
    such a link again are left out. Metres and m3/h.

    Raises
    ------
    InputError
        When the file cannot be read or lacks a link.
    """
    request = {
        "inp": str(file.resolve()),
        "encoding": encoding,
        "required_m": required_m,
        "shut": {name: list(codes) for name, codes in shut.items()},
        "opened": {name: list(codes) for name, codes in opened.items()},
    }
    with private_folder("inp") as folder:
        (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        require_done(folder, run_child("gisapp.network.shut_inp", folder, wall_s=WALL_S, progress=progress))
        return {name: (folder / f"{name}.inp").read_text(encoding="utf-8") for name in shut}


def main(folder: Path) -> int:
    """Write the texts that ``request.json`` asks for; return 0, or 2 with the reason in ``fault.json``."""
    limit(memory_mb=6144, cpu_s=600, written_mb=4096)
    warnings.simplefilter("ignore")
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    try:
        for name in request["shut"]:
            _write(folder / f"{name}.inp", name, request)
    except InputError as error:
        fault(folder, error)
        return 2
    return 0


def _write(target: Path, name: str, request: Mapping[str, Any]) -> None:
    """Write one text."""
    from gisapp.network.read import inp_model

    model = inp_model(Path(request["inp"]), encoding=request["encoding"])
    import wntr

    hydraulic = model.options.hydraulic
    hydraulic.demand_model, hydraulic.minimum_pressure = "PDD", 0.0
    hydraulic.required_pressure, hydraulic.pressure_exponent = request["required_m"], 0.5
    model.options.time.duration = 0
    states = dict.fromkeys(request["opened"][name], wntr.network.LinkStatus.Open)
    states |= dict.fromkeys(request["shut"][name], wntr.network.LinkStatus.Closed)
    for code, control in list(model.controls()):
        if any(action.target()[0].name in states for action in control.actions()):
            model.remove_control(code)
    for code, state in states.items():
        if code not in model.link_name_list:
            raise InputError(
                f"the file lacks the link {code!r} of the network",
                todo="give the file that the network came from",
                file=request["inp"],
            )
        model.get_link(code).initial_status = state
    wntr.network.write_inpfile(model, str(target), units="CMH")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
