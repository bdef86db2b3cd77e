"""Which crew is nearest: along the streets, not across the river."""

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from records import head, record

from gisapp.errors import CrsError
from gisapp.operations.crews import crews_at_work, nearest_crews

CRS = "EPSG:4547"
X, Y = 500_000.0, 3_400_000.0


def line(*spots):
    return shapely.LineString([(X + x, Y + y) for x, y in spots])


def streets(*lines):
    return gpd.GeoDataFrame({"geom": list(lines)}, geometry="geom", crs=CRS)


def crews(*spots, utility="water", on_duty=True):
    points = [shapely.Point(X + x, Y + y) for x, y in spots]
    codes = [f"K{row}" for row in range(1, len(spots) + 1)]
    plain = {"code": codes, "utility": utility, "on_duty": on_duty, "geom": points}
    return gpd.GeoDataFrame(plain, geometry="geom", crs=CRS)


PLACE = shapely.Point(X + 500, Y + 10)
ROAD = line((0, 0), (1000, 0))
BANK = (line((0, 300), (1000, 300)), line((0, 0), (0, 300)))


def test_the_way_leads_over_the_bridge():
    found = nearest_crews(crews((520, 290), (100, 0)), streets(ROAD, *BANK), PLACE, utility="water")
    assert found["code"].tolist() == ["K2", "K1"]
    assert found["distance_m"].tolist() == pytest.approx([400 + 10, 10 + 520 + 300 + 500 + 10])
    assert set(found["by"]) == {"streets"}


def test_streets_that_cross_in_their_middles_hang_together():
    across = line((700, -300), (700, 300))
    found = nearest_crews(crews((700, 200)), streets(ROAD, across), PLACE, utility="water")
    assert (found["by"].tolist(), found["distance_m"].tolist()) == (["streets"], pytest.approx([200 + 200 + 10]))


def test_on_one_street_the_way_is_the_piece_between():
    found = nearest_crews(crews((600, 0)), streets(ROAD), PLACE, utility="water")
    assert found["distance_m"].tolist() == pytest.approx([110])


def test_where_no_street_leads_the_straight_line_is_told_and_stands_last():
    both = nearest_crews(crews((500, 300), (0, 0)), streets(ROAD, BANK[0]), PLACE, utility="water")
    assert both[["code", "by"]].to_numpy().tolist() == [["K2", "streets"], ["K1", "straight"]]
    assert both["distance_m"].iloc[1] == pytest.approx(290)
    far = nearest_crews(crews((500, 1000)), streets(ROAD), PLACE, utility="water")
    assert far["by"].tolist() == ["straight"]


def test_only_crews_of_the_utility_on_duty_are_named():
    """G2.5."""
    assert nearest_crews(crews((0, 0), utility="gas"), streets(ROAD), PLACE, utility="water").empty
    assert nearest_crews(crews((0, 0), on_duty=False), streets(ROAD), PLACE, utility="water").empty
    assert len(nearest_crews(crews(*[(x, 0) for x in range(9)]), streets(ROAD), PLACE, utility="water")) == 5


def test_crews_that_work_elsewhere_stand_after_the_free_ones_and_are_marked():
    """G2.5."""
    both = crews((500, 0), (400, 0), (300, 0))
    found = nearest_crews(both, streets(ROAD), PLACE, utility="water", at_work={"K1": "S7"})
    assert found["code"].tolist() == ["K2", "K3", "K1"]
    assert found["at_work"].fillna("").tolist() == ["", "", "S7"]


def sent(*told, **more):
    """Return where crews work when one operation is recorded so."""
    made = record(*told, **more)
    return crews_at_work(head(made.kind, **more), made.steps)


CREW = ("send_crew", {"subject": "K1"})
BACK = [(name, {}) for name in ("order", "start_closing", "cut_off", "finish_work", "restore")]
WHY = {"note": "x"}


def test_a_crew_works_where_it_was_sent_until_supply_is_back():
    assert sent("emergency", CREW) == {"K1": "S1"}
    assert sent("emergency", CREW, *BACK[:4]) == {"K1": "S1"}
    assert sent("emergency", CREW, *BACK) == {}
    assert sent("emergency", CREW, ("cancel", WHY)) == {}


def test_a_crew_of_a_drill_or_of_postponed_work_is_free():
    approved = [("submit", {}), ("approve", {})]
    assert sent("emergency", CREW, drill=True) == {}
    assert sent("planned", *approved, CREW, ("postpone", WHY)) == {}
    assert sent("planned", *approved, CREW, ("postpone", WHY), *approved) == {}
    assert sent("planned", *approved, CREW) == {"K1": "S1"}


def test_a_crew_works_where_it_was_sent_last():
    first, second = record("emergency", CREW), record("emergency", ("order", {}), CREW)
    heads = pd.concat([head("emergency"), head("emergency", code="S2")], ignore_index=True)
    steps = pd.concat([second.steps.assign(shutoff_code="S2"), first.steps], ignore_index=True)
    assert crews_at_work(heads, steps) == {"K1": "S2"}
    assert crews_at_work(heads, steps, leaving_out="S2") == {}


def test_without_streets_every_way_is_straight():
    found = nearest_crews(crews((500, 110)), streets(), PLACE, utility="water")
    assert (found["by"].tolist(), found["distance_m"].tolist()) == (["straight"], [100.0])


def test_streets_without_a_line_lead_nowhere_and_harm_nobody():
    holes = (shapely.LineString(), None, line((5, 5), (5, 5)))
    found = nearest_crews(crews((600, 0)), streets(ROAD, *holes), PLACE, utility="water")
    assert found["distance_m"].tolist() == pytest.approx([110])
    assert nearest_crews(crews((500, 110)), streets(*holes), PLACE, utility="water")["by"].tolist() == ["straight"]


def test_degrees_are_refused():
    with pytest.raises(CrsError):
        nearest_crews(crews((0, 0)).to_crs(4490), streets(ROAD), PLACE, utility="water")


def corner(known, point):
    """Return the number of a point, that of one at the same place if there is one."""
    for number, other in enumerate(known):
        if other.distance(point) < 0.02:
            return number
    known.append(point)
    return len(known) - 1


@pytest.mark.parametrize("seed", range(6))
def test_ways_equal_those_of_networkx_on_a_random_town(seed):
    rng = np.random.default_rng(seed)
    nodes = rng.uniform(0, 900, (12, 2)).round(2)
    pairs = [tuple(rng.choice(12, 2, replace=False)) for _ in range(14)]
    drawn = [line(nodes[a], nodes[b]) for a, b in pairs]
    town = streets(*drawn)
    graph, known = nx.Graph(), []
    for one in drawn:  # cut by hand at every crossing
        at = {0.0, one.length}
        at |= {one.project(one.intersection(other)) for other in drawn if other is not one and one.crosses(other)}
        stops = [one.interpolate(m) for m in sorted(at)]
        for a, b in pairwise(stops):
            graph.add_edge(*(corner(known, stop) for stop in (a, b)), weight=a.distance(b))
    start, goal = nodes[pairs[0][0]], nodes[pairs[-1][1]]
    found = nearest_crews(crews(tuple(start)), town, shapely.Point(X + goal[0], Y + goal[1]), utility="water")
    spots = [corner(known, shapely.Point(X + x, Y + y)) for x, y in (start, goal)]
    try:
        wanted = nx.shortest_path_length(graph, *spots, weight="weight")
    except nx.NetworkXNoPath:
        assert found["by"].tolist() == ["straight"]
    else:
        assert found["distance_m"].iloc[0] == pytest.approx(wanted, abs=0.6)
