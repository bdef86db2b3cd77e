"""GeoReport v2: what can be reported, what was reported, and a report that is taken as the dispatchers take it."""

from xml.etree import ElementTree

import pandas as pd
import pytest
import riverside
from outside_town import PERSONAL

from gisapp.crs import to_degrees

ROOT = "/open311/v2"
PLACE = {"lat": "30.5927", "long": "114.2085"}


def degrees():
    there = riverside.point(50, 20)
    lon, lat = to_degrees(riverside.CRS).transform(there.x, there.y)
    return {"lat": str(lat), "long": str(lon)}


def test_discovery_names_the_specification_the_address_and_both_formats(client):
    told = client.get(f"{ROOT}/discovery.json").json["endpoints"][0]
    assert told["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert (told["url"], told["formats"]) == ("http://localhost/open311/v2", ["text/xml", "application/json"])
    xml = ElementTree.fromstring(client.get(f"{ROOT}/discovery.xml").data)
    assert [one.text for one in xml.findall("endpoints/endpoint/formats/format")] == told["formats"]


@pytest.mark.parametrize(
    ("locale", "name"), [("zh_CN", "水质异常"), ("zh_TW", "水質異常"), ("en", "Water quality abnormal")]
)
def test_services_are_the_categories_of_the_rules_in_three_languages(client, locale, name):
    told = client.get(f"{ROOT}/services.json?locale={locale}").json
    assert name in [one["service_name"] for one in told], [one["service_name"] for one in told]
    assert {one["type"] for one in told} == {"realtime"}
    xml = ElementTree.fromstring(client.get(f"{ROOT}/services.xml?locale={locale}").data)
    assert [one.findtext("service_name") for one in xml] == [one["service_name"] for one in told]


def test_a_service_says_what_else_may_be_told_and_an_unknown_one_is_not_found(client):
    told = client.get(f"{ROOT}/services/public_leak.json?locale=en").json
    assert told["service_code"] == "public_leak"
    assert [one["key"] for one in told["attributes"][0]["values"]] == ["water", "power", "heating", "gas"]
    xml = ElementTree.fromstring(client.get(f"{ROOT}/services/public_leak.xml").data)
    assert xml.findtext("attributes/attribute/datatype") == "singlevaluelist"
    lost = client.get(f"{ROOT}/services/nothing.xml")
    assert (lost.status_code, ElementTree.fromstring(lost.data).findtext("error/code")) == (404, "404")


def test_requests_are_open_or_closed_with_outcome_limit_grid_and_unit_and_nothing_personal(client):
    answer = client.get(f"{ROOT}/requests.json?locale=en&extensions=true")
    told = {one["service_request_id"]: one for one in answer.json}
    assert list(told) == ["I1", "I2", "I3", "I4"]  # neither the drill nor what is restricted
    first, off = told["I1"], told["I2"]
    assert (first["status"], first["status_notes"]) == ("open", "registered")
    assert (off["status"], off["status_notes"], off["expected_datetime"]) == ("closed", "cancelled", None)
    assert first["agency_responsible"] == "G1 第一网格 / Pipe network department"
    assert pd.Timestamp(first["expected_datetime"]) > pd.Timestamp(first["requested_datetime"])
    assert first["extended_attributes"] == {
        "state": "registered", "utility": "water", "grid_code": "G1", "unit_code": "U07",
    }  # fmt: skip
    assert not any(word in answer.text for word in PERSONAL)
    assert "E02" not in answer.text  # the leader of the grid is a person


def test_xml_tells_the_same_as_json(client):
    told = client.get(f"{ROOT}/requests.json").json
    xml = ElementTree.fromstring(client.get(f"{ROOT}/requests.xml").data)
    assert xml.tag == "service_requests"
    read = [{part.tag: part.text for part in one} for one in xml.findall("request")]
    assert read == [{name: None if part is None else str(part) for name, part in one.items()} for one in told]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("service_request_id=I3,I1", ["I1", "I3"]),
        ("service_request_id=I5,I6", []),
        ("service_code=public_leak", ["I1", "I2"]),
        ("service_code=water_quality,public_leak&status=open", ["I1", "I3"]),
        ("status=closed", ["I2"]),
        ("status=open,closed", ["I1", "I2", "I3", "I4"]),
        ("end_date=2020-01-01", []),
        ("page=2&page_size=3", ["I4"]),
        ("page=9", []),
    ],
)
def test_a_program_chooses_by_id_service_status_time_and_page(client, query, codes):
    assert [one["service_request_id"] for one in client.get(f"{ROOT}/requests.json?{query}").json] == codes


def test_a_page_links_the_next_one_without_the_key(keyed):
    answer = keyed.get(f"{ROOT}/requests.json?page_size=2&api_key=read")
    assert answer.headers["Link"] == f'<http://localhost{ROOT}/requests.json?page_size=2&page=2>; rel="next"'


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("start_date=2026-01-01&end_date=2026-05-01", "span more than 90 days"),
        ("start_date=2026-03-01&end_date=2026-02-01", "end before they start"),
        ("start_date=yesterday", "'yesterday' is no moment"),
        ("start_date=2026-02-30", "2026-02-30"),
        ("status=done", "use open or closed"),
        ("page_size=1001", "from 1 to 1,000"),
        ("page=0", "give a number from 1"),
        ("page_size=", "page_size '' cannot be; give a number from 1"),
        ("page=%EF%BC%92", "give a number from 1"),
    ],
)
def test_what_cannot_be_is_told_as_the_specification_tells_errors(client, query, words):
    answer = client.get(f"{ROOT}/requests.json?{query}")
    assert (answer.status_code, answer.json[0]["code"]) == (400, 400)
    assert words in answer.json[0]["description"]


def test_a_span_reaches_ninety_days_from_the_end_that_is_given(by_key, kept):
    old = {"type": "leak", "channel": "phone", "utility": "water", "code": "OLD"}
    kept.report(old | {"reported_at": pd.Timestamp("2026-01-10T00:00Z").to_pydatetime()}, actor="t")
    asked = {"start_date=2026-01-09": ["OLD"], "end_date=2026-04-01": ["OLD"], "end_date=2026-04-11": [], "": None}
    for query, codes in asked.items():
        told = [one["service_request_id"] for one in by_key.get(f"{ROOT}/requests.json?{query}&api_key=read").json]
        assert told == codes or (codes is None and "OLD" not in told)


def test_one_request_and_its_token_are_found_and_what_may_not_be_read_is_not(client):
    assert client.get(f"{ROOT}/requests/I1.json").json[0]["service_request_id"] == "I1"
    assert client.get(f"{ROOT}/tokens/I1.json").json == [{"service_request_id": "I1", "token": "I1"}]
    for code in ("I5", "I6", "I99"):
        assert client.get(f"{ROOT}/requests/{code}.xml").status_code == 404
        assert client.get(f"{ROOT}/tokens/{code}.json").json[0]["code"] == 404


def test_an_answer_that_did_not_change_is_not_sent_again(client):
    mark = client.get(f"{ROOT}/requests.json").headers["ETag"]
    assert client.get(f"{ROOT}/requests.json", headers={"If-None-Match": mark}).status_code == 304


def test_a_report_finds_its_grid_unit_and_clocks_and_is_read_again(by_key, kept):
    said = {"service_code": "public_leak", "description": "张三丰 13800138000 门口漏水", "phone": "13800138000"}
    answer = by_key.post(f"{ROOT}/requests.json", data={**said, **degrees(), "api_key": "write", "locale": "en"})
    made = answer.json[0]
    assert (answer.status_code, made["service_notice"]) == (201, "Registered; Pipe network department acts on it.")
    code = made["service_request_id"]
    row = kept.table("incidents").set_index("code").loc[code]
    assert (row["grid_code"], row["unit_code"], row["located_by"], row["channel"]) == ("G1", "U07", "pin", "app")
    assert (row["reporter_phone"], row["drill"]) == ("13800138000", False)
    assert row["geom"].distance(riverside.point(50, 20)) < 0.01
    (step,) = kept.incidents.incident(code).steps
    assert (step.action, step.actor, step.role) == ("register", "writer", "customer_service")
    told = by_key.get(f"{ROOT}/requests/{code}.json?api_key=read").json[0]
    assert told["expected_datetime"] is not None
    assert not any(word in str(told) for word in PERSONAL)


def test_a_place_in_words_is_looked_up(by_key, kept):
    said = {"service_code": "low_pressure", "address_id": "10040002", "api_key": "write"}
    code = by_key.post(f"{ROOT}/requests.json", data=said).json[0]["service_request_id"]
    row = kept.table("incidents").set_index("code").loc[code]
    assert (row["located_by"], row["customer_code"]) == ("account", "10040002")


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"service_code": ""}, 400, "service_code was not provided"),
        ({"service_code": "nothing"}, 404, "'nothing' was not found"),
        ({"service_code": "conduct"}, 404, "was not found"),
        ({"lat": "", "long": ""}, 400, "no location was provided"),
        ({"lat": "x"}, 400, "are no position"),
        ({"lat": "nan"}, 400, "outside the earth"),
        ({"lat": "91"}, 400, "outside the earth"),
        ({"description": "x" * 4001}, 400, "4,000 are the most"),
        ({"description": "a\0b"}, 400, "a character that no text has"),
        ({"attribute[utility]": "steam"}, 400, "'steam' is unknown"),
        ({"api_key": ""}, 403, "api_key was missing"),
        ({"api_key": "wrong"}, 403, "is not valid"),
        ({"api_key": "read"}, 403, "may not do this"),
    ],
)
def test_a_report_that_cannot_be_taken_is_refused_and_nothing_is_written(keyed, changed, status, words):
    before = keyed.get(f"{ROOT}/requests.json?api_key=all").json
    said = {"service_code": "public_leak", "description": "x", "api_key": "write", **PLACE, **changed}
    for form in ("json", "xml"):
        answer = keyed.post(f"{ROOT}/requests.{form}", data=said)
        assert answer.status_code == status
        assert words in answer.text
    assert keyed.get(f"{ROOT}/requests.json?api_key=all").json == before


def test_a_page_elsewhere_cannot_report_through_the_browser_of_a_user(client):
    """Without a key the page's token is asked for; a key that nobody looks at does not stand in for it."""
    before = client.get(f"{ROOT}/requests.json").json
    for more in ({}, {"api_key": "any"}):
        answer = client.post(f"{ROOT}/requests.json", data={"service_code": "public_leak", **PLACE, **more})
        assert (answer.status_code, answer.json[0]["code"]) == (400, 400)
    assert client.get(f"{ROOT}/requests.json").json == before


def test_services_are_public_and_requests_want_a_key(keyed):
    assert keyed.get(f"{ROOT}/services.json").status_code == 200
    assert keyed.get(f"{ROOT}/requests.json").json[0]["code"] == 403
    assert keyed.get(f"{ROOT}/requests.json", headers={"Authorization": "Bearer read"}).status_code == 200


def test_a_program_reads_what_its_grids_and_units_give_it(keyed):
    codes = [one["service_request_id"] for one in keyed.get(f"{ROOT}/requests.json?api_key=grid").json]
    assert codes == ["I1", "I2"]
    assert keyed.get(f"{ROOT}/requests/I3.json?api_key=grid").status_code == 404
    items = keyed.get("/ogc/collections/incidents/items?api_key=grid").json
    assert [one["id"] for one in items["features"]] == codes


def test_a_character_that_xml_cannot_say_does_not_break_the_answer(by_key, kept):
    kept.report({"type": "leak", "channel": "phone", "code": "X1", "summary": "a\x0bb <c> & d"}, actor="t")
    xml = ElementTree.fromstring(by_key.get(f"{ROOT}/requests/X1.xml?api_key=read").data)
    assert xml.findtext("request/description") == "a\ufffdb <c> & d"
