"""What pandapower says: for every line out of service alone, the buses that it finds unsupplied.

    python pandapower_answers.py FOLDER

Run with a Python of its own, for pandapower wants older libraries than ours. Writes one JSON a network: buses,
branches, switches and answers, for tests/network/test_pandapower.py to compare with.
"""

import json
import sys
from pathlib import Path

import pandapower as pp
import pandapower.networks
import pandapower.topology
import simbench

NETWORKS = {
    "mv_oberrhein": pandapower.networks.mv_oberrhein,
    "simbench_mv_rural": lambda: simbench.get_simbench_net("1-MV-rural--0-sw"),
    "simbench_mv_urban": lambda: simbench.get_simbench_net("1-MV-urban--0-sw"),
}


def written(net: pp.pandapowerNet) -> dict:
    """A network and its answers as plain values."""
    return {
        "buses": [int(bus) for bus in net.bus.index[net.bus.in_service]],
        "sources": [int(bus) for bus in net.ext_grid.bus[net.ext_grid.in_service]],
        "lines": branches(net.line, "from_bus", "to_bus"),
        "trafos": branches(net.trafo, "hv_bus", "lv_bus"),
        "switches": [
            {"bus": int(row.bus), "element": int(row.element), "et": row.et, "closed": bool(row.closed)}
            for row in net.switch.itertuples()
        ],
        "unsupplied": {int(line): unsupplied(net, line) for line in net.line.index[net.line.in_service]},
    }


def branches(table, first: str, last: str) -> list[dict]:
    """Branches by their ends."""
    columns = zip(table.index, table[first], table[last], table.in_service, strict=True)
    return [{"id": int(row), "from": int(a), "to": int(b), "in": bool(used)} for row, a, b, used in columns]


def unsupplied(net: pp.pandapowerNet, line: int) -> list[int]:
    """Buses without supply when one line is out of service."""
    net.line.loc[line, "in_service"] = False
    found = pandapower.topology.unsupplied_buses(net)
    net.line.loc[line, "in_service"] = True
    return sorted(int(bus) for bus in found)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in NETWORKS.items():
        net = make()
        (folder / f"{name}.json").write_text(json.dumps(written(net)), encoding="utf-8")
        print(f"{name}: {len(net.line)} lines, {len(net.switch)} switches, {len(net.bus)} buses")
