"""The affected area on the sample city: every affected service point is in it, no other is."""

import pytest
import shapely

from gisapp.network import network_of, shutoff
from gisapp.network.area import WAYS, AreaShares, affected_area, area_shares
from gisapp.tables import UTILITIES

NETWORK = ("nodes", "links", "devices", "customers", "connections", "hydrants")


def counted(area, answer, customers):
    """Return how many service points of the affected and of the others lie in the area; slow and plain."""
    affected = {code for way in WAYS for code in getattr(answer, way).customers["code"]}
    whole = shapely.union_all(area["geom"].array)
    inside = [code for code, point in zip(customers["code"], customers["geom"], strict=True) if whole.contains(point)]
    return len(affected & set(inside)), len(affected), len(set(inside) - affected)


@pytest.mark.parametrize("footprints", [True, False])
@pytest.mark.parametrize("utility", UTILITIES)
def test_all_affected_and_nobody_else_are_in_the_area_of_any_burst(small, utility, footprints):
    net = network_of(utility, *(small[name] for name in NETWORK))
    customers, links = small["customers"], small["links"]
    drawn = 0
    for code in net.links["code"].iloc[::90]:
        answer = shutoff(net, [code])
        area = affected_area(answer, customers, small["buildings"] if footprints else None, links=links)
        hit, affected, others = counted(area, answer, customers)
        assert (hit, others) == (affected, 0), code
        if affected:
            drawn += 1
            assert area_shares(area, answer, customers) == AreaShares(1.0, 0.0, 0), code
    assert drawn >= 15
