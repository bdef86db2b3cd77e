"""Power: a fault on every line alone leaves the buses without supply that pandapower finds unsupplied.

Its answers are made by ``make peers``. A bus is asked for by a customer on a stub of its own. pandapower takes a
line out and nothing else, whatever switches there are; so every line end without a switch is given one.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from gisapp.network import Network, network_of, shutoff

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "peers"
NETWORKS = ("mv_oberrhein", "simbench_mv_rural", "simbench_mv_urban")
pytestmark = pytest.mark.skipif(
    not all((FOLDER / f"{name}.json").exists() for name in NETWORKS), reason="pandapower's answers: make peers"
)


def network(raw: dict) -> Network:
    """The same network: switches of lines and transformers at their ends, those between buses as links."""
    stands = {bus: "source" if bus in raw["sources"] else "junction" for bus in raw["buses"]}
    links = [{"code": f"stub {bus}", "from_node": str(bus), "to_node": f"stub {bus}"} for bus in stands]
    devices = []
    state = {True: "open", False: "closed"}  # open lets pass: what pandapower calls closed
    given = {(row["et"], row["element"], row["bus"]): row["closed"] for row in raw["switches"] if row["et"] != "b"}
    for et, table in (("l", "lines"), ("t", "trafos")):
        for row in raw[table]:
            code = f"{et}{row['id']}"
            status = "open" if row["in"] else "closed"
            links.append({"code": code, "from_node": str(row["from"]), "to_node": str(row["to"]), "status": status})
            for end in ("from", "to"):
                closed = given.get((et, row["id"], row[end]), True)
                devices.append({"code": f"{code} {end}", "link_code": code, "end": end, "state": state[closed]})
    for number, row in enumerate(row for row in raw["switches"] if row["et"] == "b"):
        code = f"b{number}"
        links.append({"code": code, "from_node": str(row["bus"]), "to_node": str(row["element"])})
        devices.append({"code": code, "link_code": code, "end": "from", "state": state[row["closed"]]})
    nodes = [{"code": str(bus), "kind": kind} for bus, kind in stands.items()]
    nodes += [{"code": f"stub {bus}", "kind": "end"} for bus in stands]
    people = pd.DataFrame({"code": [str(bus) for bus in stands], "households": 1})
    at = pd.DataFrame({"customer_code": people["code"], "link_code": "stub " + people["code"], "measure_m": 0.0})
    frames = [
        pd.DataFrame(nodes),
        pd.DataFrame(links).assign(kind="cable", length_m=1.0).fillna({"status": "open"}),
        pd.DataFrame(devices).assign(kind="switch"),
    ]
    return network_of("power", *(frame.assign(utility="power") for frame in frames), people, at.assign(utility="power"))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fault_on_every_line_leaves_the_buses_dark_that_pandapower_says(name: str) -> None:
    raw = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    net = network(raw)
    assert len(raw["unsupplied"]) > 90
    for line, buses in raw["unsupplied"].items():
        answer = shutoff(net, [f"l{line}"])
        assert answer.isolated.customers.empty
        dark = {code for part in (answer.unintended, answer.already_dry) for code in part.customers["code"]}
        assert dark == set(map(str, buses)), line
