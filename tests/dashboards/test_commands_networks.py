"""The commands that ask the network, on a street of three pipes."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from dashboards.__main__ import main
from gisapp.store import create_store, open_store
from gisapp.tables import conform

PIPES = {"a": ("S", "A"), "b": ("A", "B"), "c": ("B", "C"), "g": ("X", "Y")}


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """S --a-- A --b-- B --c-- C with a valve at the start of b and of c; and a gas pipe g that nothing feeds."""
    path = tmp_path_factory.mktemp("street") / "street.gpkg"
    at = {code: shapely.Point(500_000 + 100 * place, 3_400_000) for place, code in enumerate("SABCXY")}
    nodes = pd.DataFrame({"code": list(at), "kind": ["source", *["end"] * 5], "utility": ["water"] * 4 + ["gas"] * 2})
    links = (
        pd.DataFrame(PIPES.values(), index=PIPES, columns=["from_node", "to_node"]).rename_axis("code").reset_index()
    )
    nodes["elevation_m"] = [50.0, *[20.0] * 5]
    links = links.assign(
        kind="pipe", length_m=100.0, diameter_mm=200.0, status="open", direction="both", utility=["water"] * 3 + ["gas"]
    )
    lines = [shapely.LineString([at[a], at[b]]) for a, b in PIPES.values()]
    valves = pd.DataFrame({"code": ["V", "W"], "link_code": ["b", "c"], "kind": "gate_valve", "end": "from"})
    valves = valves.assign(state="open", operable="operable", direction="both", utility="water")
    people = pd.DataFrame({"code": ["kb", "kc"], "kind": "resident", "households": 1, "meter_inside": True})
    tapped = pd.DataFrame(
        {"customer_code": ["kb", "kc"], "link_code": ["b", "c"], "measure_m": 50.0, "utility": "water"}
    )
    shapes = {
        "nodes": list(at.values()),
        "links": lines,
        "devices": [at["A"], at["B"]],
        "customers": [at["A"], at["B"]],
    }
    frames = {"nodes": nodes, "links": links, "devices": valves, "customers": people}
    tables = {
        name: conform(gpd.GeoDataFrame(frame.assign(geom=shapes[name]), geometry="geom", crs=4547), name)
        for name, frame in frames.items()
    }
    with create_store(path, crs="EPSG:4547", name="示例") as store:
        store.save({**tables, "connections": conform(tapped, "connections")}, actor="test")
    return path


@pytest.fixture
def ask(street, capsys):
    def call(*words, utility="water"):
        status = main(["shutoff", "--store", str(street), "--utility", utility, *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


def test_a_shutoff_takes_places_several_pipes_and_todays_states(ask):
    status, out, _ = ask("--pipe", "b@40")
    answer = json.loads(out)
    assert status == 0
    assert answer["bursts"] == [{"link": "b", "measure_m": 40.0}]
    assert (answer["must_close"], answer["optional"]) == (["V"], ["W"])
    assert (answer["isolated"]["customers"], answer["unintended"]["customers"]) == (["kb"], ["kc"])
    assert json.loads(ask("--pipe", "b", "--pipe", "c")[1])["isolated"]["customers"] == ["kb", "kc"]
    closed = json.loads(ask("--pipe", "b", "--closed", "W", "--open", "V")[1])
    assert (closed["verify_closed"], closed["already_dry"]["customers"]) == (["W"], ["kc"])


def test_what_cannot_be_isolated_is_a_no_with_what_the_stuck_valve_costs(ask):
    status, out, told = ask("--pipe", "b", "--stuck", "V")
    assert status == 1
    assert "Cannot isolate" in told
    costs = {"extra_customers": 0, "extra_households": 0, "extra_critical": 0, "extra_length_m": 100.0}
    assert json.loads(out)["unusable"] == [{"device": "V", **costs}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pipe", "nope"], "unknown link 'nope' in water"),
        (["--pipe", "b@far"], "'far' is no number of metres"),
        (["--pipe", "b@900"], "the link 'b' is 100 m long, found 900"),
        (["--pipe", "b", "--stuck", "X"], "unknown device 'X'"),
        (["--pipe", "b", "--closed", "V", "--open", "V"], "closed and open"),
    ],
)
def test_a_shutoff_that_cannot_be_answered_says_what_and_why(street, ask, words, said):
    with open_store(street) as store:
        before = store.revisions()
    status, out, told = ask(*words)
    assert (status, out) == (2, "")
    assert told.startswith("gisapp: ")
    assert said in told
    with open_store(street) as store:
        assert store.revisions() == before


@pytest.mark.parametrize("command", [["shutoff", "--pipe", "b"], ["segments"], ["criticality"]])
def test_a_utility_without_a_network_is_no_empty_answer(street, capsys, command) -> None:
    assert main([*command, "--store", str(street), "--utility", "power"]) == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert "the project holds no power network; bring one in" in told


def test_reduced_pressure_is_estimated_when_it_is_asked_for(ask):
    status, out, _ = ask("--pipe", "c", "--pressure-m", "35")
    low = json.loads(out)["reduced_pressure"]
    assert status == 0
    assert (low["estimate"], low["below_m"], low["customers"]) == (True, 35, [])
    assert low["totals"]["already_low_customers"] == 1, "kb, at 50 - 20 m"
    status, out, told = ask("--pipe", "g", "--pressure-m", "14", utility="gas")
    assert (status, out) == (2, "")
    assert "pressure of gas is not simulated" in told
    assert ask("--pipe", "c", "--inp", "net.inp")[0] == 2


def test_a_network_without_a_source_answers_that_nothing_was_supplied(ask):
    status, out, told = ask("--pipe", "g", utility="gas")
    assert status == 0
    assert "no source" in told
    assert json.loads(out)["already_dry"]["links"] == ["g"]


def test_criticality_ranks_segments_links_and_devices_in_one_table(street, tmp_path, capsys) -> None:
    target = tmp_path / "worst.csv"
    assert main(["criticality", "--store", str(street), "--utility", "water", "-o", str(target)]) == 0
    assert "3 segments, 3 links, 2 devices" in capsys.readouterr().err
    table = pd.read_csv(target, dtype={"code": "str"})
    assert table[["what", "rank", "code", "customers", "extra_customers"]].fillna(-1).to_numpy().tolist() == [
        ["segment", 1, "1", 2, -1],
        ["segment", 2, "2", 2, -1],
        ["segment", 3, "3", 1, -1],
        ["link", 1, "a", 2, -1],
        ["link", 2, "b", 2, -1],
        ["link", 3, "c", 1, -1],
        ["device", 1, "W", 2, 1],
        ["device", 2, "V", 2, 0],
    ]
    assert ",1.0," not in target.read_text(encoding="utf-8"), "counts are whole numbers"


def test_criticality_of_a_network_that_nothing_feeds_says_so(street, capsys) -> None:
    assert main(["criticality", "--store", str(street), "--utility", "gas"]) == 0
    assert "no source" in capsys.readouterr().err
