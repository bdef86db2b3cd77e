"""Segments of a network, side by side with WNTR and networkx.

    python -m benchmarks.segments                       1,000,000 links for networkx, 15,000 for WNTR; some minutes
    python -m benchmarks.segments --links 20000 --wntr-links 1000

All segment a town of square blocks with one source and a valve on all but one link of every node. WNTR gets a smaller
one, for its time grows with the square of it. All partitions are compared. Times are of the processor, of
one core; ours are the best of three runs on a fresh network each, the peers' of one.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from benchmarks.aims import as_fast, met
from gisapp.network import Network, network_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--wntr-links", type=int, default=15_000)
    options = parser.parse_args()
    beside_wntr(block_town(options.wntr_links))
    beside_networkx(block_town(options.links))
    print(f"memory peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def told(net: Network) -> str:
    """Return how large a town is."""
    return f"town of blocks: {len(net.links):,} links, {len(net.devices):,} valves, {len(net.customers):,} customers"


def beside_wntr(net: Network) -> None:
    """Print ours as a ratio to WNTR's valve_segments."""
    print(told(net))
    links, devices = net.links, net.devices
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    graph.add_nodes_from(net.nodes["code"])
    graph.add_edges_from(zip(links["from_node"], links["to_node"], links["code"], strict=True))
    ends = links.set_index("code")
    node = np.where(
        devices["end"] == "from",
        ends["from_node"].reindex(devices["link_code"]),
        ends["to_node"].reindex(devices["link_code"]),
    )
    layer = pd.DataFrame({"link": devices["link_code"].astype(object), "node": node})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from wntr.metrics.topographic import valve_segments

        found, theirs = timed(lambda: valve_segments(graph, layer))
    ours = best_segments(net)
    same = groups(zip(labels(net), net_segments(net), strict=True)) == groups(
        [(f"N {code}", number) for code, number in found[0].items()]
        + [(f"L {code}", number) for code, number in found[1].items()]
    )
    print(f"  equal partitions: {met(same)}")
    report("WNTR valve_segments", theirs, ours)


def beside_networkx(net: Network) -> None:
    """Print ours as a ratio to networkx's connected components on the same elements."""
    print(told(net))
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
