"""Giswater's own answers for its sample network: pipes, valves and customers of every burst.

Its valves with ``to_arc`` hold by themselves against the flow, so they come in as check valves; a broken one
holds nothing. Sources are taken apart into one for every pipe they feed: Giswater never cuts them out. Its
affected pipes are what we call isolated and unintended, and those already dry that hang on the zone
through open valves; ours keeps the already dry apart.
"""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from gisapp.network import Network, network_of, shutoff

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "networks" / "giswater"
EVERY = 1 if os.environ.get("GISAPP_NIGHTLY") else 40
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="Giswater's answers are not here")


def read(name: str):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def arcs(raw: dict) -> dict[str, dict]:
    return {str(arc["arc_id"]): arc for arc in raw["arcs"] if arc["state"] == 1 and arc["is_operative"]}


def ends(raw: dict) -> dict[str, tuple[str, str]]:
    """Arc -> its nodes; a source is a node of its own for every pipe."""
    water = {item["node_id"] for item in raw["water"]}
    return {
        code: tuple(f"{n}/{code}" if n in water else str(n) for n in (arc["node_1"], arc["node_2"]))
        for code, arc in arcs(raw).items()
    }


def network(raw: dict, valves: dict[str, dict]) -> Network:
    inlets = {f"{item['node_id']}/{arc}" for item in raw["water"] for arc in item["inlet_arc"] or []}
    of_arc, length = ends(raw), {code: arc["length"] for code, arc in arcs(raw).items()}
    nodes = sorted({node for pair in of_arc.values() for node in pair})
    kinds = ["end" if node in inlets else "source" if "/" in node else "junction" for node in nodes]
    devices = [device(code, valve, of_arc) for code, valve in valves.items()]
    mine = [item for item in raw["connecs"] if str(item["arc_id"]) in of_arc]
    codes, on = [str(item["connec_id"]) for item in mine], [str(item["arc_id"]) for item in mine]
    return network_of(
        "water",
        pd.DataFrame({"utility": "water", "code": nodes, "kind": kinds}),
        pd.DataFrame(
            {
                "utility": "water",
                "code": list(of_arc),
                "kind": "pipe",
                "from_node": [pair[0] for pair in of_arc.values()],
                "to_node": [pair[1] for pair in of_arc.values()],
                "length_m": list(length.values()),
            }
        ),
        pd.DataFrame(devices),
        pd.DataFrame({"code": codes, "households": 1}),
        pd.DataFrame(
            {"utility": "water", "customer_code": codes, "link_code": on, "measure_m": [length[c] / 2 for c in on]}
        ),
    )


def device(code: str, valve: dict, of_arc: dict[str, tuple[str, str]]) -> dict:
    to_arc = valve["to_arc"] and str(valve["to_arc"])
    row = {
        "utility": "water",
        "code": code,
        "kind": "check_valve" if to_arc and not valve["broken"] else "gate_valve",
        "link_code": to_arc or None,
        "node_code": code,
        "end": None,
        "state": "closed" if valve["closed"] else "open",
        "operable": "stuck" if valve["broken"] else "operable",
        "direction": "both",
    }
    if to_arc:
        first = of_arc[to_arc][0] == code
        row |= {"end": "from" if first else "to", "direction": "forward" if first else "backward"}
    return row


def hanging(raw: dict, valves: dict[str, dict], zone: set[str], dry: set[str]) -> set[str]:
    """The dry pipes that hang on the zone through open valves, found by walking."""
    at: dict[str, set[str]] = {}
    for code, pair in ends(raw).items():
        for node in pair:
            at.setdefault(node, set()).add(code)
    found, front = set(), list(zone)
    while front:
        for node in ends(raw)[front.pop()]:
            if node in valves and valves[node]["closed"]:
                continue
            new = (at[node] & dry) - found
            found |= new
            front += new
    return found


def cases() -> list[tuple[str, dict[str, dict], dict[str, dict]]]:
    if not FOLDER.is_dir():
        return []
    raw, found = read("giswater_ws_network.json"), []
    scenarios = read("scenarios_1.json")
    today = {str(v["node_id"]): v for v in raw["valves"] if str(v["node_id"]) in scenarios[0]["valves"]}
    for name in ("mincut_v6", "mincut_v6.1"):
        answers = {
            burst: {
                "arcs": said["arcs"],
                "proposed": [valve[0] for valve in said["valves"] if valve[1]],
                "n_connec": len(said["connecs"]),
            }
            for burst, said in read(f"{name}.json").items()
        }
        found.append((name, today, answers))
    return found + [(f"scenario {s['seed']}", s["valves"], s["result"]) for s in scenarios]


@pytest.mark.parametrize(("name", "valves", "answers"), cases(), ids=[case[0] for case in cases()])
def test_pipes_valves_and_customers_are_those_of_giswater(name: str, valves: dict, answers: dict) -> None:
    raw = read("giswater_ws_network.json")
    net = network(raw, valves)
    assert len(answers) == 261
    for burst, said in list(answers.items())[:: 3 if name == "mincut_v6" and EVERY > 1 else EVERY]:
        ours = shutoff(net, [burst])
        lost = set(ours.isolated.links["code"]) | set(ours.unintended.links["code"])
        dry = set(ours.already_dry.links["code"])
        lost |= hanging(raw, valves, lost | {burst}, dry)
        assert lost == {str(code) for code in said["arcs"]}, (name, burst)
        assert set(ours.must_close["code"]) == {str(code) for code in said["proposed"]}, (name, burst)
        parts = (ours.isolated, ours.unintended, ours.already_dry)
        assert sum(part.customers["link_code"].isin(lost).sum() for part in parts) == said["n_connec"]
