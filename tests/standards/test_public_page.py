"""The public page: no login, no script, nothing personal; the same as GeoJSON and as a feed."""

from xml.etree import ElementTree

import pytest
import riverside
import shapely
from outside_town import PERSONAL, minutes_ago, release

from layers.offline import require_offline

PAGE = "/public/shutoffs"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh-Hans", ("停水中", "约 49 户受影响", "江北小区、江南小区", "服务热线：96510", "2026-11-20 14:21 至")),
        ("zh-Hant", ("停水中", "約 49 戶受影響", "服務熱線：96510")),
        ("en", ("off now", "about 49 households", "Hotline: 96510", "Water supply interruption")),
    ],
)
def test_anybody_reads_it_in_three_languages_without_a_script(told, lang, words):
    answer = told[0].get(f"{PAGE}?lang={lang}")
    assert answer.status_code == 200
    for said in words:
        assert said in answer.text
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    require_offline(answer.text)


def test_one_shutoff_has_its_map_and_its_text(told):
    client, code = told
    page = client.get(f"{PAGE}/{code}?lang=en").text
    assert "滨江路，张**138****8000" in page
    assert '<div lang="zh-Hans">' in page
    assert '<svg class="drawing"' in page
    require_offline(page)
    assert client.get(f"{PAGE}/S20990101-001").status_code == 404


def test_nothing_personal_and_nothing_inside_leaves(told):
    client, code = told
    for where in (PAGE, f"{PAGE}/{code}", f"{PAGE}.geojson", f"{PAGE}.atom", "/ogc/collections/shutoffs/items"):
        page = client.get(where).text
        assert not any(word in page for word in (*PERSONAL, "E01", "E02", "E05", "10040001", "V1")), where


def test_the_area_is_told_in_degrees(told):
    client, code = told
    (one,) = client.get(f"{PAGE}.geojson").json["features"]
    assert (one["id"], one["properties"]["state"], one["properties"]["households"]) == (code, "off", 49)
    west, south, east, north = shapely.geometry.shape(one["geometry"]).bounds
    assert 114 < west < east < 115
    assert 30 < south < north < 31


def test_the_feed_tells_each_with_its_own_address(told):
    client, code = told
    feed = ElementTree.fromstring(client.get(f"{PAGE}.atom?lang=en").data)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == f"http://localhost{PAGE}/{code}"
    assert entry.findtext(f"{ATOM}title") == "off now: Water supply interruption"
    assert feed.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}updated")


@pytest.mark.parametrize("rest", ["", ".geojson", ".atom"])
def test_an_answer_is_kept_and_sent_anew_only_when_it_changed(by_key, kept, rest):
    code = release(kept, riverside.emergency(kept))
    first = by_key.get(PAGE + rest)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    mark = {"If-None-Match": first.headers["ETag"]}
    assert by_key.get(PAGE + rest, headers=mark).status_code == 304
    kept.operations.record(code, "set_etr", "E01", value="2026-11-20T23:00:00+08:00")
    assert by_key.get(PAGE + rest, headers=mark).status_code == 200


def test_without_a_notice_it_says_so(by_key):
    assert "No interruption of supply is announced" in by_key.get(f"{PAGE}?lang=en").text
    assert by_key.get(f"{PAGE}.geojson").json["features"] == []


def test_few_customers_are_told_in_person(by_key, kept):
    last = kept.table("customers").query("code == '10040005'").assign(households=4)
    kept.save({"customers": last}, actor="t", replace=True)
    told = {"utility": "water", "kind": "emergency", "links": "P3", "opened_at": minutes_ago(60), "place": "滨江路末端"}
    code = release(kept, kept.operations.open(told, "E01"))
    page = by_key.get(f"{PAGE}/{code}?lang=en").text
    assert "told in person" in page
    assert "滨江路" not in page
    (one,) = by_key.get(f"{PAGE}.geojson").json["features"]
    assert (one["geometry"], one["properties"]["place"], one["properties"]["title"]) == (None, None, None)


def test_a_network_that_changed_under_a_notice_leaves_the_text_without_an_area(by_key, kept):
    code = release(kept, kept.operations.open(
        {"utility": "water", "kind": "emergency", "links": "P99", "opened_at": minutes_ago(60)}, "E01"
    ))  # fmt: skip
    assert by_key.get(f"{PAGE}/{code}?lang=en").status_code == 200
    (one,) = by_key.get(f"{PAGE}.geojson").json["features"]
    assert (one["geometry"], one["properties"]["households"]) == (None, None)
