"""The plain forms of a network and of an answer."""

import json

import pytest
from towns import change, network, town

from gisapp.errors import InputError
from gisapp.network import as_json, burst_named, network_json, shutoff


def street():
    made = town("a:S-A b:A-B c:B-T", "V@b.from W@b:60 C@c.from", "k@b:50 l@c:50", S="source", T="tank")
    change(made.devices, "C", kind="check_valve", direction="backward")
    change(made.devices, "W", operable="stuck")
    made.customers[0] |= {"critical": "dialysis", "households": 3}
    return network(made)


def test_a_network_in_its_form() -> None:
    form = json.loads(json.dumps(network_json(street())))
    assert set(form) == {"nodes", "links", "devices", "sources", "customers"}
    assert form["nodes"][0] == {"id": "S", "kind": "source", "x": None, "y": None}
    assert form["links"][1] == {
        "id": "b",
        "kind": "pipe",
        "from": "A",
        "to": "B",
        "length_m": 100.0,
        "diameter_mm": 200.0,
        "status": "open",
    }
    assert form["sources"] == [{"node": "S", "kind": "source"}, {"node": "T", "kind": "tank"}]
    assert form["customers"][0] == {"id": "k", "link": "b", "measure_m": 50.0, "households": 3, "critical": "dialysis"}
    devices = {row["id"]: row for row in form["devices"]}
    assert set(devices["V"]) == {"id", "kind", "link", "end", "node", "state", "operable", "direction"}
    assert devices["W"]["measure_m"] == 60
    assert [devices[code]["operable"] for code in "VWC"] == ["operable", "stuck", "stuck"], (
        "by hand, a check valve is not"
    )


def test_an_answer_in_its_form() -> None:
    form = json.loads(json.dumps(as_json(shutoff(street(), [("b", 20.0)]))))
    assert form["must_close"] == ["V"]
    assert form["isolated"]["customers"] == ["k", "l"]
    assert form["sources_inside"] == ["T"]
    assert form["can_isolate"] is False
    costs = {"extra_customers": 1, "extra_households": 1, "extra_critical": 0, "extra_length_m": 140.0}
    assert form["unusable"] == [{"device": "W", **costs}]
    assert form["totals"]["critical"] == {"dialysis": 1}
    for way in ("isolated", "unintended", "already_dry", "storage_only"):
        assert set(form[way]) >= {"links", "customers"}


def test_lengths_are_told_to_the_millimetre() -> None:
    made = town("a:S-A b:A-T", "", S="source", T="source")
    for row, length in zip(made.links, (0.1, 0.2), strict=True):
        row["length_m"] = length
    assert as_json(shutoff(network(made), ["a"]))["totals"]["length_m"] == 0.3


def test_restoration_in_its_form() -> None:
    made = town("a:S-A b:A-B c:B-C d:C-T", "V@b.from W@c.from O@d:50", "k@c:50", S="source", T="source")
    change(made.devices, "O", state="closed")
    form = as_json(shutoff(network(made), ["b"]))
    assert [(row["device"], row["customers"], row["close_first"]) for row in form["restoration"]] == [("O", 1, ["W"])]


def test_a_place_is_written_behind_the_code_and_a_code_may_hold_the_sign_itself() -> None:
    net = network(town("a:S-A a@7:A-B", S="source"))
    assert [burst_named(net, text) for text in ("a", "a@35.5", "a@7", "a@7@35", "x")] == [
        "a",
        ("a", 35.5),
        "a@7",
        ("a@7", 35.0),
        "x",
    ]
    with pytest.raises(InputError, match="'a@b', where 'b' is no number of metres; write a place as CODE@METRES"):
        burst_named(net, "a@b")
