"""OGC API - Features: pages that hold every feature once, boxes and moments, axes in the order of each CRS."""

import json
import re

import pytest
import riverside
import shapely
from outside_town import PERSONAL, minutes_ago

from gisapp.crs import to_degrees

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
DEGREES = "http://www.opengis.net/def/crs/EPSG/0/4326"
METRES = "http://www.opengis.net/def/crs/EPSG/0/4547"
INCIDENTS = "/ogc/collections/incidents/items"


def ids(answer):
    return [one["id"] for one in answer.json["features"]]


def stamp(minutes):
    return minutes_ago(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_landing_page_leads_to_description_conformance_and_collections(client):
    told = client.get("/ogc/")
    links = {link["rel"]: link for link in told.json["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= set(links)
    for rel in ("service-desc", "conformance", "data", "service-doc"):
        found = client.get(links[rel]["href"])
        assert (found.status_code, found.content_type.split("; charset")[0]) == (200, links[rel]["type"])
    headers = told.headers["Link"]
    assert all(f'rel="{rel}"' in ",".join(told.headers.getlist("Link")) for rel in links), headers


def test_it_claims_core_geojson_html_openapi_and_crs(client):
    told = " ".join(client.get("/ogc/conformance").json["conformsTo"])
    assert re.findall(r"ogcapi-features-(\d)/1.0/conf/(\w+)", told) == [
        ("1", "core"), ("1", "oas30"), ("1", "html"), ("1", "geojson"), ("2", "crs"),
    ]  # fmt: skip


def test_collections_are_those_that_the_person_may_read(keyed):
    seen = {
        key: [one["id"] for one in keyed.get(f"/ogc/collections?api_key={key}").json["collections"]]
        for key in ("", "read", "all")
    }
    assert seen[""] == ["shutoffs"]
    assert seen["read"] == ["grids", "shutoffs", "incidents"]
    assert seen["all"] == ["grids", "shutoffs", "incidents", "pipes"]
    for name in ("grids", "incidents", "pipes"):
        for rest in ("", "/items", "/items/x", "/items?f=html"):
            answer = keyed.get(f"/ogc/collections/{name}{rest}")
            assert (answer.status_code, answer.json["code"]) == (403, "403")
    assert keyed.get("/ogc/collections/pipes/items?api_key=read").status_code == 403
    assert keyed.get("/ogc/collections/shutoffs/items").status_code == 200


def test_features_are_masked_and_restricted_ones_are_left_out(client):
    answer = client.get(INCIDENTS)
    assert ids(answer) == ["I1", "I2", "I3", "I4", "I5"]
    assert not any(word in answer.text for word in PERSONAL)
    assert not {"text", "reporter_phone"} & set(answer.json["features"][0]["properties"])
    assert client.get(f"{INCIDENTS}/I6").status_code == 404
    assert not any(word in client.get(f"{INCIDENTS}?f=html").text for word in PERSONAL)


def test_pages_follow_one_another_by_their_links_and_hold_every_feature_once(client):
    seen, where, pages = [], f"{INCIDENTS}?limit=2", 0
    while where:
        answer = client.get(where)
        seen += ids(answer)
        assert (answer.json["numberMatched"], answer.json["numberReturned"]) == (5, len(answer.json["features"]))
        where = next((link["href"] for link in answer.json["links"] if link["rel"] == "next"), None)
        pages += 1
    assert (seen, pages) == (["I1", "I2", "I3", "I4", "I5"], 3)
    assert [link["rel"] for link in answer.json["links"]] == ["self", "alternate", "prev", "collection"]


def test_a_page_holds_a_thousand_features_at_most(client):
    assert client.get(f"{INCIDENTS}?limit=999999").status_code == 200


@pytest.mark.parametrize("crs", [None, CRS84, DEGREES, METRES])
def test_a_box_means_the_same_in_every_crs(client, crs):
    """I1 to I5 stand every 30 m to the east from x = 30 on; the box holds those at 60 and 90."""
    low, high = riverside.point(50, 0), riverside.point(100, 20)
    corners = [*low.coords, *high.coords]
    if crs != METRES:
        corners = [tuple(pair) for pair in _degrees(corners)]
    if crs in (DEGREES, METRES):  # north before east
        corners = [pair[::-1] for pair in corners]
    box = ",".join(str(number) for pair in corners for number in pair)
    named = f"&bbox-crs={crs}" if crs else ""
    assert ids(client.get(f"{INCIDENTS}?bbox={box}{named}")) == ["I2", "I3"]
    (x1, y1), (x2, y2) = corners
    assert ids(client.get(f"{INCIDENTS}?bbox={x1},{y1},0,{x2},{y2},99{named}")) == ["I2", "I3"]


def _degrees(corners):
    return [to_degrees(riverside.CRS).transform(x, y) for x, y in corners]


@pytest.mark.parametrize(
    ("box", "found"), [("-180,-90,180,90", 5), ("170,-90,-170,90", 0), ("100,20,-170,40", 5), ("0,0,1,1", 0)]
)
def test_a_box_may_hold_the_whole_earth_or_cross_the_date_line(client, box, found):
    assert client.get(f"{INCIDENTS}?bbox={box}").json["numberMatched"] == found


@pytest.mark.parametrize("crs", [CRS84, DEGREES, METRES])
def test_coordinates_come_in_the_order_of_the_axes_and_the_header_says_so(client, crs):
    answer = client.get(f"{INCIDENTS}/I1?crs={crs}")
    assert answer.headers["Content-Crs"] == f"<{crs}>"
    told = answer.json["geometry"]["coordinates"]
    place = riverside.point(30, 10)
    (lonlat,) = _degrees(place.coords)
    wanted = {CRS84: lonlat, DEGREES: lonlat[::-1], METRES: (place.y, place.x)}[crs]
    assert told == pytest.approx(wanted, abs=1e-6 if crs != METRES else 1e-3)


def test_moments_and_intervals_choose_incidents_by_their_report_and_grids_by_their_time(client):
    asked = {
        f"{stamp(150)}/..": ["I1", "I2"],
        f"../{stamp(150)}": ["I3", "I4", "I5"],
        f"{stamp(190)}/{stamp(90)}": ["I2", "I3"],
        stamp(1): [],
        f"/{stamp(270)}": ["I5"],
    }
    for when, found in asked.items():
        assert ids(client.get(INCIDENTS, query_string={"datetime": when})) == found, when
    grids = "/ogc/collections/grids/items"
    assert ids(client.get(grids, query_string={"datetime": "2025-06-01T00:00:00Z"})) == []
    assert ids(client.get(grids, query_string={"datetime": stamp(1)})) == ["G1", "G2"]
    assert len(ids(client.get("/ogc/collections/pipes/items", query_string={"datetime": stamp(1)}))) == 4  # no time


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("bbox=1,2,3", "give four numbers"),
        ("bbox=1,2,3,4,5", "give four numbers"),
        ("bbox=1,2,3,nan", "give four numbers"),
        ("bbox=10,20,30,10", "its first corner is the lower one"),
        ("bbox=10,20,30,100", "outside the earth"),
        (f"bbox=20,10,30,100&bbox-crs={DEGREES}", None),
        ("bbox-crs=EPSG:4326", "use one of"),
        ("crs=EPSG:4326", "use one of"),
        ("limit=0", "whole number from 1"),
        ("limit=-1", "whole number from 1"),
        ("limit=ten", "whole number from 1"),
        ("offset=-1", "whole number from 0"),
        ("datetime=yesterday", "write moments as"),
        ("datetime=2026-02-30T00:00:00Z", "no moment of the calendar"),
        ("datetime=../..", "open at both ends"),
        ("datetime=2026-02-02T00:00:00Z/2026-02-01T00:00:00Z", "ends before it starts"),
        ("datetime=a/b/c", "two with / between"),
        ("f=xml", "use one of json, html"),
        ("colour=red", "parameter 'colour' is unknown"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client, query, words):
    answer = client.get(f"{INCIDENTS}?{query}")
    if words is None:
        assert answer.status_code == 200  # north first: 20 to 30 north, 10 to 100 east
    else:
        assert (answer.status_code, answer.json["code"]) == (400, "400")
        assert words in answer.json["description"]


def test_a_feature_has_the_code_of_its_row_behind_its_utility_where_two_share_codes(client):
    answer = client.get("/ogc/collections/pipes/items/water:P2")
    assert answer.json["properties"]["length_m"] == 300.0
    assert shapely.from_geojson(json.dumps(answer.json["geometry"])).geom_type == "LineString"
    lost = client.get("/ogc/collections/pipes/items/P2")
    assert (lost.status_code, lost.json["description"]) == (404, "pipes has no feature 'P2'")


def test_an_extent_holds_every_feature(client):
    west, south, east, north = client.get("/ogc/collections/grids").json["extent"]["spatial"]["bbox"][0]
    for one in client.get("/ogc/collections/grids/items").json["features"]:
        xy = shapely.get_coordinates(shapely.from_geojson(json.dumps(one["geometry"])))
        assert (xy >= [west, south]).all()
        assert (xy <= [east, north]).all()


def test_every_page_can_be_read_by_people_in_their_language(client):
    for where in ("/ogc/", "/ogc/conformance", "/ogc/api", "/ogc/collections", "/ogc/collections/grids", INCIDENTS):
        page = client.get(where, headers={"Accept": "text/html,*/*;q=0.5", "Accept-Language": "zh-TW"})
        assert page.content_type == "text/html; charset=utf-8"
        assert '<html lang="zh-Hant">' in page.text
        assert "script-src 'none'" in page.headers["Content-Security-Policy"]


def test_what_is_nowhere_is_told_as_an_exception(client):
    for where in ("/ogc/collections/trees", "/ogc/collections/trees/items", "/ogc/nothing"):
        assert client.get(where).json["code"] == "404"
    assert client.post("/ogc/collections", data="x").status_code == 405


def test_pipes_leave_no_wider_than_the_house_lets_them(by_key, kept):
    pipes = kept.table("links")
    far = pipes[pipes["code"] == "P3"].copy()
    far["geom"] = [riverside.line((300, 5), (2_300, 1_005))]
    kept.save({"links": far}, actor="t", replace=True)
    kept.set_setting("keep.network_km2", 1, actor="t")
    address = "/ogc/collections/pipes/items"
    west, south, east, north = *riverside.point(-50, 0).coords[0], *riverside.point(250, 20).coords[0]
    near = {"bbox": f"{south},{west},{north},{east}", "bbox-crs": METRES, "api_key": "all"}
    assert len(ids(by_key.get(address, query_string=near))) >= 2
    told = by_key.get(address, query_string={"api_key": "all", "limit": 1})
    assert told.status_code == 400
    assert "narrow it to 1 km²" in told.json["description"]


def test_who_only_looks_at_pipes_takes_none_away(by_key):
    assert by_key.get("/ogc/collections/pipes/items?api_key=look").status_code == 403
    seen = [one["id"] for one in by_key.get("/ogc/collections?api_key=look").json["collections"]]
    assert seen == ["shutoffs"]
