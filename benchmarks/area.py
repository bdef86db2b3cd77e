"""How long the affected area of about a thousand customers takes to draw.

    python -m benchmarks.area STORE [--cases 12]

One burst seldom costs so many their supply, so links around a place are shut together, as many as it takes; for each
utility as many places, drawn at random. Times are of the processor, of one core; the tables are at hand,
as on a page that has drawn an area before.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.aims import at_most
from benchmarks.segments import timed
from dashboards.judging import network_in
from gisapp.network import Network, Shutoff, shutoff
from gisapp.network.area import affected_area, area_shares
from gisapp.store import open_store
from gisapp.tables import UTILITIES

AIM_MS = 50.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--cases", type=int, default=12, help="so many places of each utility")
    parser.add_argument("--customers", type=int, default=1000, help="about so many without supply")
    options = parser.parse_args()
    with open_store(options.store) as store:
        customers, buildings, links = (store.table(name) for name in ("customers", "buildings", "links"))
        for utility in UTILITIES:
            net = network_in(store, utility)
            mine = links[links["utility"] == utility]
            answers = list(islice(about(options.customers, net, mine), options.cases))
            for title, footprints in (("footprints", buildings), ("Voronoi", None)):
                times, counting = [], []
                for answer in answers:
                    draw = partial(affected_area, answer, customers, footprints, links=links)
                    count = partial(area_shares, draw(), answer, customers)
                    times.append(least_ms(draw))
                    counting.append(least_ms(count))
                longest = at_most(max(times), AIM_MS, "ms")
                print(f"{utility:8} {title:11} {np.median(times):6.1f} ms median, longest {longest}, ", end="")
                print(f"who lies in it {np.median(counting):.1f} ms more")


def least_ms(work: Callable[[], object]) -> float:
    """Return the least milliseconds of three."""
    return 1000 * min(timed(work)[1] for _ in range(3))


def about(customers: int, net: Network, links: gpd.GeoDataFrame) -> Iterator[Shutoff]:
    """Yield answers for links around random places that leave about so many customers without supply."""
    middles = shapely.get_coordinates(shapely.centroid(links.geometry.to_numpy()))
    codes = links["code"].to_numpy(dtype=object)
    for start in np.random.default_rng(1).permutation(len(codes)):
        order = codes[np.argsort(np.hypot(*(middles - middles[start]).T))]
        answer = _so_many(net, list(order), range(customers * 9 // 10, customers * 11 // 10 + 1))
        if answer is not None:
            yield answer


def _so_many(net: Network, codes: list[str], wanted: range) -> Shutoff | None:
    """Return the answer for as many of the first links as leave so many without supply; None where none do."""
    few, many = 0, min(1024, len(codes))
    while many - few > 1:
        middle = (few + many) // 2
        answer = shutoff(net, codes[:middle])
        customers = int(str(answer.totals["customers"]))
        if customers in wanted:
            return answer
        few, many = (middle, many) if customers < wanted.start else (few, middle)
    return None


if __name__ == "__main__":
    main()
