"""What bursts and stuck valves cost, for a whole network at once and for one burst; dominators beside networkx.

    python -m benchmarks.shutoff                     1,000,000 pipes, about two minutes
    python -m benchmarks.shutoff --links 20000

A town of square blocks with one source, a valve on all but one link of every node, and two customers a link. A real
network has more dead ends: what a burst costs there, and the time of the answer with it, is more. Times are
of the processor, of one core, with everything compiled; the precomputation is the best of five.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np

from benchmarks.aims import as_fast, at_most, met
from benchmarks.segments import block_town, timed, told
from gisapp.network import Network, criticality, isolation, shutoff
from gisapp.network.criticality import basis_of, segment_table
from gisapp.network.dominators import dominators
from gisapp.network.search import NUMBA
from gisapp.network.supply import supply, today


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--peer-links", type=int, default=50_000)
    parser.add_argument("--questions", type=int, default=500)
    options = parser.parse_args()
    beside_networkx(block_town(options.peer_links))
    net, seconds = timed(lambda: block_town(options.links))
    print(told(net))
    print(f"  tables and network_of     {seconds:9.3f} s")
    everything(net)
    questions(net, options.questions)
    print(f"memory peak {peak_mib():,.0f} MiB")


def everything(net: Network) -> None:
    """Print what it takes to know what all parts cost, and to rank them."""
    for table in (net.links, net.devices, net.customers):
        table["code"].array  # noqa: B018 - read once, so that its pages are there
    ready, aim = best(lambda: basis_of(replace(net))), 1.0 if NUMBA else 3.0
    print(f"  what all parts cost       {at_most(ready, aim, 's', '9.3f')}")
    basis = basis_of(net)
    print(f"  all segments ranked       {at_most(best(lambda: segment_table(basis)), 0.1, 's', '9.3f')}")
    print(f"  memory peak so far        {peak_mib():9,.0f} MiB")
    _, seconds = timed(lambda: criticality(net))
    print(f"  links and valves too      {seconds:9.3f} s, of {len(net.devices):,} valves each stuck in turn")


def best(work: Callable[[], Any]) -> float:
    """Return the least seconds of five; what each gives is dropped, so that the next finds room."""
    return min(timed(work)[1] for _ in range(5))


def questions(net: Network, count: int) -> None:
    """Print what the commander waits for: one burst, and several at once."""
    codes = net.links["code"].sample(min(50 * count, 20 * len(net.links)), replace=True, random_state=1).tolist()
    _, first = timed(lambda: isolation(net, codes[:1]))
    print(f"  the first burst           {first * 1000:9.3f} ms, with what it makes ready")
    for many, aim in ((1, 1.0), (5, 5.0), (50, 20.0)):
        times = many_times(lambda bursts: isolation(net, bursts), codes, many, count)
        print(f"  {many:2} bursts, the core       {spread(times, aim)}")
    shutoff(net, codes[:1])
    times = many_times(lambda bursts: shutoff(net, bursts), codes, 1, count)
    print(f"   1 burst, all tables      {spread(times, 20.0)}")
    closed = net.devices["code"].sample(1, random_state=1).tolist()
    _, again = timed(lambda: isolation(net, codes[:1], closed=closed))
    print(f"  the first with a valve that is closed today {again * 1000:.0f} ms: all of the supply is searched once")


def many_times(ask: Callable[[list[str]], Any], codes: list[str], many: int, count: int) -> np.ndarray:
    """Return the milliseconds of each question for so many bursts at once."""
    asked = [[codes[(at * many + one) % len(codes)] for one in range(many)] for at in range(count)]
    return np.array([1000 * timed(lambda bursts=bursts: ask(bursts))[1] for bursts in asked])


def spread(times: np.ndarray, aim: float) -> str:
    """Return median and 99th percentile beside the aim."""
    return f"{np.median(times):9.3f} ms median, p99 {at_most(float(np.percentile(times, 99)), aim, 'ms', '.3f')}"


def beside_networkx(net: Network) -> None:
    """Print the dominator tree as a ratio to networkx's, on the supply graph of a smaller town."""
    print(told(net))
    cells, way, starts = net.cells, supply(net, today(net)).way, net.cell[net.feeds]
    dominators(cells.graph, way, starts)
    found, ours = timed(lambda: dominators(cells.graph, way, starts))
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_edges_from(zip(cells.a.tolist(), cells.b.tolist(), strict=True))
    graph.add_edges_from(zip(cells.b.tolist(), cells.a.tolist(), strict=True))
    above, theirs = timed(lambda: nx.immediate_dominators(graph, int(starts[0])))
    same = bool((under(above, int(starts[0]), cells.count) == found.end - found.place).all())
    print(f"  the same is lost with every cell: {met(same)}")
    print(f"  networkx dominators       {theirs:9.3f} s")
    print(f"  ours                      {ours:9.4f} s   {as_fast(theirs, ours)}")


def under(above: dict[int, int], start: int, count: int) -> np.ndarray:
    """Return how many vertices hang under each, itself included, where every one hangs on the one ``above`` it."""
    hangs = nx.DiGraph((up, vertex) for vertex, up in above.items() if vertex != start)
    sizes = np.ones(count, dtype=np.int64)
    for vertex in reversed(list(nx.topological_sort(hangs))):
        for up in hangs.predecessors(vertex):
            sizes[up] += sizes[vertex]
    return sizes


def peak_mib() -> float:
    """Return the most memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
