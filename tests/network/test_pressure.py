"""Reduced pressure: by Hazen-Williams with a pencil on a drawn town, and as wntr gives it on real networks."""

import os
import tempfile
import warnings
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_segments import layer_of
from towns import change, network, town, with_hydrants

from gisapp.errors import InputError, Interrupted
from gisapp.network import Network, network_of, reduced_pressure, shutoff
from gisapp.network.read import read_inp

_CLOSE_M = 0.2  # what EPANET leaves open between one rounding of a file and another
LIBRARY = Path(str(resources.files("wntr"))) / "library" / "networks"


def codes(frame) -> list[str]:
    return list(frame["code"])


def twin_town():
    """S --p-- A over two equal pipes p and q, 1,000 m of DN 200; B beyond A, and C behind a valve at the end."""
    made = town(
        "p:S-A q:S-A b:A-B c:B-C",
        "p1@p.from p2@p.to q1@q.from q2@q.to V@b.from W@c.from",
        "kb@b:50 kp@p:50 kc@c:50",
        S="source",
    )
    for code in "pq":
        change(made.links, code, length_m=1000.0, material="ductile_iron")
    change(made.links, "b", diameter_mm=300.0)
    for code, ground in (("S", 50.0), ("A", 10.0), ("B", 10.0), ("C", 10.0)):
        change(made.nodes, code, elevation_m=ground)
    change(made.nodes, "B", demand_m3h=90.0)
    return made


def friction_m(flow_m3h: float, length_m: float, diameter_m: float, rough: float) -> float:
    """Hazen-Williams in SI units."""
    return 10.67 * length_m * (flow_m3h / 3600) ** 1.852 / (rough**1.852 * diameter_m**4.8704)


def at_node(answer, code: str) -> tuple[float, float]:
    row = answer.nodes.set_index("code").loc[code]
    return row["before_m"], row["after_m"]


def test_pressures_are_those_of_hazen_and_williams() -> None:
    net = network(twin_town())
    answer = reduced_pressure(net, shutoff(net, ["p"]), below_m=38.0)
    before, after = at_node(answer, "A")
    assert before == pytest.approx(40 - friction_m(45, 1000, 0.2, 120), abs=0.02)
    drawn = 90 * (at_node(answer, "B")[1] / 38) ** 0.5
    assert after == pytest.approx(40 - friction_m(drawn, 1000, 0.2, 120), abs=0.02)
    assert codes(answer.fallen) == ["kb", "kc"]
    assert codes(answer.links) == ["q", "b", "c"]
    assert answer.totals["customers"] == 2
    assert answer.totals["already_low_customers"] == 0
    assert answer.notes == ()


def test_pressure_along_a_pipe_lies_between_that_of_its_ends() -> None:
    made = twin_town()
    made.customers.append({**made.customers[0], "code": "kq", "link_code": "q", "measure_m": 250.0})
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["p"]))
    there = answer.customers.set_index("code").loc["kq", "after_m"]
    assert there == pytest.approx(0.75 * 40 + 0.25 * at_node(answer, "A")[1], abs=0.01)


def test_below_the_chosen_pressure_less_is_drawn_so_that_some_pressure_is_left() -> None:
    made = twin_town()
    change(made.nodes, "B", demand_m3h=400.0)
    net = network(made)
    low = at_node(reduced_pressure(net, shutoff(net, ["p"]), below_m=20.0), "A")[1]
    assert 0 < low < 20
    assert friction_m(400, 1000, 0.2, 120) > 40, "all of the demand would leave none"


def test_who_is_cut_off_has_no_pressure_and_is_not_counted_as_reduced() -> None:
    net = with_hydrants(twin_town(), {"h1": ("b", 10.0), "h2": ("c", 10.0)})
    answer = reduced_pressure(net, shutoff(net, ["p", "c"]), below_m=20.0)
    assert codes(answer.customers) == ["kb"]
    assert codes(answer.hydrants) == ["h1"]
    before, after = at_node(answer, "C")
    assert before == pytest.approx(at_node(answer, "B")[0], abs=0.01)
    assert np.isnan(after)


@pytest.mark.parametrize(("valve", "there_m"), [("q1", 40 - friction_m(90, 1000, 0.2, 120)), ("q2", 40.0)])
def test_a_place_beyond_a_closed_valve_has_the_pressure_of_the_end_it_hangs_on(valve: str, there_m: float) -> None:
    made = twin_town()
    change(made.devices, valve, state="closed")
    made.customers.append({**made.customers[0], "code": "kq", "link_code": "q", "measure_m": 400.0})
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["c"])).customers.set_index("code")
    assert answer.loc["kq", "after_m"] == pytest.approx(there_m, abs=0.02)


def test_a_pipe_that_lets_pass_one_way_only_does_so_whichever_way_it_is_drawn() -> None:
    made = twin_town()
    change(made.links, "q", from_node="A", to_node="S", direction="backward")
    net = network(made)
    usual = at_node(reduced_pressure(net, shutoff(net, ["c"])), "A")[0]
    assert usual == pytest.approx(40 - friction_m(45, 1000, 0.2, 120), abs=0.02)


def test_who_is_below_it_on_an_ordinary_day_is_counted_apart() -> None:
    made = twin_town()
    change(made.nodes, "C", elevation_m=49.0, demand_m3h=0.1)
    made.nodes += [{**made.nodes[1], "code": f"D{i}", "demand_m3h": 0.1} for i in range(20)]  # most places are well
    made.links += [{**made.links[2], "code": f"d{i}", "from_node": "A", "to_node": f"D{i}"} for i in range(20)]
    change(made.customers, "kc", measure_m=100.0)
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["p"]), below_m=14.0)
    assert answer.totals["already_low_customers"] == 1
    assert "kc" not in codes(answer.fallen)


def test_a_tank_lasts_for_its_volume_over_what_it_gives() -> None:
    made = town("a:S-A b:A-B t:T-B", "V@a.from W@a.to", "k@b:50", S="source", T="tank")
    for code, ground in (("S", 60.0), ("A", 10.0), ("B", 10.0), ("T", 45.0)):
        change(made.nodes, code, elevation_m=ground)
    change(made.nodes, "B", demand_m3h=30.0)
    change(made.nodes, "T", volume_m3=90.0)
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["a"]))
    assert answer.tanks.to_numpy().tolist() == [["T", pytest.approx(30, abs=0.01), pytest.approx(3, abs=0.01)]]
    usual, then = at_node(answer, "B")
    assert usual == pytest.approx(50 - 2 * friction_m(30, 100, 0.2, 110), abs=0.02), "a tank takes nothing"
    assert then == pytest.approx(35 - friction_m(30, 100, 0.2, 110), abs=0.02)


def test_heads_that_cannot_be_are_set_so_that_the_worst_place_has_ordinary_service() -> None:
    made = twin_town()
    change(made.nodes, "S", elevation_m=12.0)  # the ground at the source, not its head
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["c"]))
    assert at_node(answer, "B")[0] == pytest.approx(28, abs=0.05)
    assert [note.key for note in answer.notes] == ["pressure.heads_assumed"]


def test_a_pump_lifts_by_the_difference_in_ground() -> None:
    made = twin_town()
    made.nodes.append({**made.nodes[1], "code": "H", "elevation_m": 40.0, "demand_m3h": 1.0})
    made.links.append({**made.links[2], "code": "u", "from_node": "B", "to_node": "H", "diameter_mm": 300.0})
    made.devices.append({**made.devices[0], "code": "U", "link_code": "u", "kind": "pump", "direction": "forward"})
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["c"]))
    assert at_node(answer, "H")[0] == pytest.approx(at_node(answer, "B")[0], abs=0.1)
    assert [note.key for note in answer.notes] == ["pressure.lift_assumed"]


def test_gaps_in_the_tables_are_filled_and_told() -> None:
    made = twin_town()
    change(made.nodes, "B", demand_m3h=None)
    change(made.nodes, "C", elevation_m=None)
    change(made.links, "c", diameter_mm=None)
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["p"]))
    assert {note.key for note in answer.notes} == {
        "pressure.ground_assumed",
        "pressure.demand_assumed",
        "pressure.diameter_assumed",
    }
    assert all(note.words(language) for note in answer.notes for language in ("zh-Hans", "zh-Hant", "en"))


def test_sources_stand_higher_where_today_only_the_tanks_would_give() -> None:
    made = town("a:S-A b:A-B t:T-B", "V@a.from W@a.to X@t.to", "k@b:50", S="source", T="tank")
    for code, ground in (("S", 12.0), ("A", 10.0), ("B", 10.0), ("T", 45.0)):
        change(made.nodes, code, elevation_m=ground)
    change(made.nodes, "B", demand_m3h=30.0)
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["t"]))
    assert [note.key for note in answer.notes] == ["pressure.heads_assumed"]
    friction = 2 * friction_m(30, 100, 0.2, 110)
    assert at_node(answer, "B")[1] == pytest.approx(45 - 10 - friction, abs=0.02), "as high as the tank that it fills"


@pytest.mark.parametrize("ground", [-900.0, 9000.0])
def test_values_that_cannot_be_are_left_out_and_said(ground: float) -> None:
    made = twin_town()
    change(made.nodes, "C", elevation_m=ground)
    net = network(made)
    answer = reduced_pressure(net, shutoff(net, ["p"]))
    assert np.isnan(at_node(answer, "C")[1])
    assert "2 pressures that cannot be" in str(answer.notes[-1])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("elevation_m", None, "no node has an elevation; fill elevation_m"),
        ("kind", "junction", "the network has no source and no tank"),
    ],
)
def test_tables_that_cannot_be_simulated_are_refused(column: str, value: object, said: str) -> None:
    made = twin_town()
    for row in made.nodes:
        row[column] = value
    net = network(made)
    with pytest.raises(InputError, match=said):
        reduced_pressure(net, shutoff(net, ["p"]))


def test_pipes_without_any_diameter_are_refused() -> None:
    made = twin_town()
    for row in made.links:
        row["diameter_mm"] = None
    net = network(made)
    with pytest.raises(InputError, match="no pipe has a diameter"):
        reduced_pressure(net, shutoff(net, ["p"]))


@pytest.mark.parametrize("below_m", [0.0, -3.0, 1400.0, float("nan")])
def test_a_pressure_that_is_none_is_refused(below_m: float) -> None:
    net = network(twin_town())
    with pytest.raises(InputError, match="give metres of water, such as 14"):
        reduced_pressure(net, shutoff(net, ["p"]), below_m=below_m)


def test_other_utilities_are_refused() -> None:
    net = network(twin_town(), "gas")
    with pytest.raises(InputError, match="pressure of gas is not simulated"):
        reduced_pressure(net, shutoff(net, ["p"]))


def test_it_can_be_interrupted_and_leaves_nothing_behind() -> None:
    net = network(twin_town())
    answer = shutoff(net, ["p"])
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done >= 2:
            raise Interrupted("enough")

    before = set(Path(tempfile.gettempdir()).glob("gisapp-epanet-*"))
    with pytest.raises(Interrupted):
        reduced_pressure(net, answer, progress=stop)
    assert seen[-1] == (2, 4)
    assert set(Path(tempfile.gettempdir()).glob("gisapp-epanet-*")) <= before


def test_when_nothing_is_fed_afterwards_there_is_no_pressure_anywhere() -> None:
    net = network(twin_town())
    answer = reduced_pressure(net, shutoff(net, ["p", "q"]))
    assert answer.customers.empty
    assert answer.nodes["after_m"].isna().all() or set(answer.nodes.dropna()["code"]) == {"S"}


def from_file(name: str) -> tuple[Network, Path]:
    """A network of the wheel with a valve at both ends of every pipe beside its own devices."""
    file = LIBRARY / f"{name}.inp"
    tables = read_inp(file)
    layer = layer_of(file, "strategic", 0).reset_index(drop=True)
    start = tables["links"].set_index("code")["from_node"]
    valves = pd.DataFrame(
        {
            "utility": "water",
            "code": [f"valve {row}" for row in range(len(layer))],
            "kind": "gate_valve",
            "link_code": layer["link"].astype(str),
            "end": np.where(start[layer["link"]].to_numpy() == layer["node"].to_numpy(), "from", "to"),
            "state": "open",
            "operable": "operable",
            "direction": "both",
        }
    )
    devices = pd.concat([tables["devices"].drop(columns="geom"), valves], ignore_index=True)
    none = pd.DataFrame({"utility": [], "customer_code": [], "link_code": [], "measure_m": []})
    made = network_of("water", tables["nodes"], tables["links"], devices, pd.DataFrame({"code": []}), none)
    return replace(made, customers=made.customers), file


def by_hand(file: Path, shut: list[str], below_m: float) -> pd.Series:
    """Pressures that wntr gives when the links are closed in the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

        model = wntr.network.WaterNetworkModel(str(file))
        model.options.hydraulic.demand_model = "PDD"
        model.options.hydraulic.required_pressure = below_m
        model.options.hydraulic.minimum_pressure = 0.0
        model.options.hydraulic.pressure_exponent = 0.5
        model.options.time.duration = 0
        for code in shut:
            model.get_link(code).initial_status = wntr.network.LinkStatus.Closed
        with tempfile.TemporaryDirectory() as folder:
            found = wntr.sim.EpanetSimulator(model).run_sim(file_prefix=str(Path(folder) / "run"))
        return found.node["pressure"].iloc[0]


@pytest.mark.parametrize(
    ("name", "bursts"),
    [
        ("Net3", ["123"]),
        pytest.param(
            "ky10", ["P-10", "P-100"], marks=pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow")
        ),
    ],
)
def test_from_a_file_pressures_are_those_of_wntr_with_the_same_links_closed(name: str, bursts: list[str]) -> None:
    net, file = from_file(name)
    answer = shutoff(net, bursts)
    low = reduced_pressure(net, answer, below_m=20.0, inp=file).nodes.set_index("code")
    usual = by_hand(file, [], 20.0)
    theirs = by_hand(file, bursts, 20.0)
    dry = set(low.index[low["after_m"].isna()])
    assert (low["before_m"] - usual.reindex(low.index)).abs().max() < _CLOSE_M
    still = [code for code in low.index if code not in dry]
    assert (low.loc[still, "after_m"] - theirs.reindex(still)).abs().max() < _CLOSE_M
    assert len(still) > 0.5 * len(low)
    assert (low["after_m"] - low["before_m"]).abs().max() > 0.5, "the shutoff is felt"


def test_a_file_of_another_network_is_refused() -> None:
    net = network(twin_town())
    with pytest.raises(InputError, match="the file lacks the link 'p' of the network; give the file that the network"):
        reduced_pressure(net, shutoff(net, ["p"]), inp=LIBRARY / "Net1.inp")
