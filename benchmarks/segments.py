"""Segments of a network, side by side with WNTR and networkx; and what one burst costs.

    python -m benchmarks.segments                     100,000 links, about 20 seconds
    python -m benchmarks.segments --links 1000000     a metropolis, some minutes for networkx

WNTR segments ky10 of its own wheel (1,061 links) with a valve on all but one link of every node, as it
cannot end on larger ones in reasonable time; networkx and we segment a town of square blocks with
valves placed likewise. All partitions are compared. Times are of the processor, of one core; ours are the
best of three runs on a fresh network each, the peers' of one.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from benchmarks.aims import as_fast, at_most, met
from gisapp.network import Network, network_of, shutoff
from gisapp.network.read import read_inp

AIM_S = 1.0  # a commander acts on the answer within a second
NOBODY = pd.DataFrame({"code": []})
NO_CONNECTIONS = pd.DataFrame({"utility": [], "customer_code": [], "link_code": [], "measure_m": []})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=100_000)
    parser.add_argument("--bursts", type=int, default=50)
    options = parser.parse_args()
    beside_wntr()
    net, seconds = timed(lambda: block_town(options.links))
    print(f"town of blocks: {len(net.links):,} links, {len(net.devices):,} valves, {len(net.customers):,} customers")
    print(f"  network_of                {seconds:9.3f} s")
    beside_networkx(net)
    bursts(net, options.bursts)
    print(f"memory peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def beside_wntr() -> None:
    """Print ours as a ratio to WNTR's valve_segments on ky10."""
    file = Path(str(resources.files("wntr"))) / "library" / "networks" / "ky10.inp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

        model = wntr.network.WaterNetworkModel(str(file))
        layer = wntr.network.generate_valve_layer(model, "strategic", 1, seed=7)
        graph = model.to_graph()
        found, theirs = timed(lambda: wntr.metrics.topographic.valve_segments(graph, layer.copy()))
    net = valved(read_inp(file), layer)
    ours = best_segments(net)
    same = groups(zip(labels(net), net_segments(net), strict=True)) == groups(
        [(f"N {code}", number) for code, number in found[0].items()]
        + [(f"L {code}", number) for code, number in found[1].items()]
    )
    print(f"ky10: {len(net.links):,} links, {len(net.devices):,} valves, equal partitions: {met(same)}")
    report("WNTR valve_segments", theirs, ours)


def beside_networkx(net: Network) -> None:
    """Print ours as a ratio to networkx's connected components on the same elements."""
    joints, usable = net.joints, np.append(net.devices["usable"].to_numpy(dtype=bool), False)
    bound = ~usable[joints.device]
    pairs = list(zip(joints.a[bound].tolist(), joints.b[bound].tolist(), strict=True))

    def by_networkx() -> list[set[int]]:
        graph: nx.Graph = nx.Graph()
        graph.add_nodes_from(range(net.n_elements))
        graph.add_edges_from(pairs)
        return list(nx.connected_components(graph))

    found, theirs = timed(by_networkx)
    ours = best_segments(net)
    same = groups(enumerate(net.segment.tolist())) == {frozenset(group) for group in found}
    print(f"  {int(net.segment.max()) + 1:,} segments, equal partitions: {met(same)}")
    report("networkx components", theirs, ours)


def bursts(net: Network, count: int) -> None:
    """Print what one burst costs, anywhere in the town."""
    codes = net.links["code"].sample(count, random_state=1)
    shutoff(net, [codes.iloc[0]])
    times = np.array([timed(lambda code=code: shutoff(net, [code]))[1] for code in codes])
    several = [
        timed(lambda at=at: shutoff(net, list(net.links["code"].sample(5, random_state=at))))[1] for at in range(10)
    ]
    print(f"  one burst, the longest    {at_most(times.max(), AIM_S, 's', '9.3f')}, median {np.median(times):.3f} s")
    print(f"  five bursts at once       {at_most(max(several), AIM_S, 's', '9.3f')}, median {np.median(several):.3f} s")


def block_town(links: int) -> Network:
    """Return a town of square blocks with one source in a corner, N-1 valves, and two customers a link."""
    side = int((links / 2) ** 0.5) + 1
    dice = np.random.default_rng(1)
    number = np.arange(side * side).reshape(side, side)
    a = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    b = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    node = np.char.add("N", np.arange(side * side).astype(str)).astype(object)
    code = np.char.add("P", np.arange(len(a)).astype(str)).astype(object)
    port = pd.DataFrame({"node": np.concatenate([a, b]), "link": np.tile(np.arange(len(a)), 2)})
    port["end"] = np.repeat(["from", "to"], len(a))
    port = port.iloc[dice.permutation(len(port))]
    port = port.loc[port["node"].duplicated()].sort_index()  # all but one link of every node
    kinds = np.where(np.arange(side * side) == 0, "source", "junction")
    people = np.char.add("C", np.arange(2 * len(a)).astype(str)).astype(object)
    return network_of(
        "water",
        pd.DataFrame({"utility": "water", "code": node, "kind": kinds}),
        pd.DataFrame(
            {
                "utility": "water",
                "code": code,
                "kind": "pipe",
                "from_node": node[a],
                "to_node": node[b],
                "length_m": 100.0,
                "diameter_mm": 200.0,
            }
        ),
        pd.DataFrame(
            {
                "utility": "water",
                "code": np.char.add("V", np.arange(len(port)).astype(str)),
                "kind": "gate_valve",
                "link_code": code[port["link"]],
                "end": port["end"].to_numpy(),
            }
        ),
        pd.DataFrame({"code": people, "households": 1, "people": 3}),
        pd.DataFrame(
            {
                "utility": "water",
                "customer_code": people,
                "link_code": np.repeat(code, 2),
                "measure_m": np.tile([30.0, 70.0], len(a)),
            }
        ),
    )


def valved(tables: dict[str, pd.DataFrame], layer: pd.DataFrame) -> Network:
    """Return a network with nothing but the valves of a layer."""
    start = tables["links"].set_index("code")["from_node"]
    devices = pd.DataFrame(
        {
            "utility": "water",
            "code": [f"V{row}" for row in range(len(layer))],
            "kind": "gate_valve",
            "link_code": layer["link"].astype(str),
            "end": np.where(start[layer["link"]].to_numpy() == layer["node"].to_numpy(), "from", "to"),
        }
    )
    links = tables["links"].assign(direction="both")
    return network_of("water", tables["nodes"], links, devices, NOBODY, NO_CONNECTIONS)


def best_segments(net: Network) -> float:
    """Return the least time of three to cut a network into segments, cells included."""
    return min(timed(lambda: replace(net).segment)[1] for _ in range(3))


def labels(net: Network) -> list[str]:
    """Return the names of the elements; every link is one piece."""
    return [f"N {code}" for code in net.nodes["code"]] + [f"L {code}" for code in net.links["code"]]


def net_segments(net: Network) -> list[int]:
    """Return the segments of the elements without fillers."""
    keep = np.concatenate([np.ones(len(net.nodes), dtype=bool), ~net.pieces.filler])
    numbers: list[int] = net.segment[keep].tolist()
    return numbers


def groups(pairs: Iterable[tuple[Any, int]]) -> set[frozenset[Any]]:
    """Return what has the same number, as sets."""
    found: dict[int, set[Any]] = {}
    for thing, number in pairs:
        found.setdefault(number, set()).add(thing)
    return {frozenset(group) for group in found.values()}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what work gives and the seconds of processor time it took."""
    start = time.process_time()
    given = work()
    return given, time.process_time() - start


def report(name: str, theirs: float, ours: float) -> None:
    """Print both times and their ratio."""
    print(f"  {name:25} {theirs:9.3f} s\n  ours                      {ours:9.4f} s   {as_fast(theirs, ours)}")


if __name__ == "__main__":
    main()
