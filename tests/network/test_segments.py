"""Segments: WNTR's partitions on real networks with valve layers, and what is cut by what."""

import os
import warnings
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from towns import change, network, town

from gisapp.network import Network, network_of, node_segments, segments
from gisapp.network.read import read_inp

LIBRARY = Path(str(resources.files("wntr"))) / "library" / "networks"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "networks"
NET3 = LIBRARY / "Net3.inp"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared networks are not here")

nightly = pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="WNTR is slow: only with GISAPP_NIGHTLY set")


def with_valves(file: Path, layer: pd.DataFrame) -> Network:
    """The network of a file with nothing but the valves of a layer."""
    tables = read_inp(file)
    pairs = layer[["link", "node"]].astype(str).drop_duplicates().reset_index(drop=True)
    start = tables["links"].set_index("code")["from_node"]
    devices = pd.DataFrame(
        {
            "utility": "water",
            "code": [f"V{row}" for row in range(len(pairs))],
            "kind": "gate_valve",
            "link_code": pairs["link"],
            "node_code": pairs["node"],
            "end": np.where(start[pairs["link"]].to_numpy() == pairs["node"].to_numpy(), "from", "to"),
        }
    )
    links = tables["links"].assign(direction="both")  # WNTR knows no direction
    none = pd.DataFrame({"utility": [], "customer_code": [], "link_code": [], "measure_m": []})
    return network_of("water", tables["nodes"], links, devices, pd.DataFrame({"code": []}), none)


def groups(labels: dict[str, int]) -> set[frozenset[str]]:
    found: dict[int, set[str]] = {}
    for thing, label in labels.items():
        found.setdefault(label, set()).add(thing)
    return {frozenset(group) for group in found.values()}


def ours(net: Network) -> set[frozenset[str]]:
    table, nodes = segments(net), node_segments(net)
    assert not table["link"].duplicated().any()
    numbers = net.segment[len(net.nodes) :][~net.pieces.filler]
    links = dict(zip("L_" + table["link"], numbers, strict=True))
    return groups(links | dict(zip("N_" + nodes["node"], nodes["segment"], strict=True)))


def of_wntr(file: Path, layer: pd.DataFrame) -> set[frozenset[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

        model = wntr.network.WaterNetworkModel(str(file))
        nodes, links, _ = wntr.metrics.topographic.valve_segments(model.to_graph(), layer.copy())
    return groups({f"N_{code}": number for code, number in nodes.items()} | {f"L_{c}": n for c, n in links.items()})


def layer_of(file: Path, placement: str, n: int) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wntr

        return wntr.network.generate_valve_layer(wntr.network.WaterNetworkModel(str(file)), placement, n, seed=7)


def published(name: str) -> dict[str, int]:
    """WNTR's published segments of Net3, nodes as N_ and links as L_."""
    found: dict[str, int] = {}
    for kind in ("node", "link"):
        table = pd.read_csv(SHARED / f"{kind}_segments_{name}.csv", dtype=str)
        found |= dict(zip(f"{kind[0].upper()}_" + table.iloc[:, 0], table.iloc[:, 1].astype(int), strict=True))
    return found


@needs_shared
def test_net3_with_the_random_valves_has_the_segments_that_wntr_published() -> None:
    layer = pd.read_csv(SHARED / "valve_layer_random.csv", dtype=str)
    assert ours(with_valves(NET3, layer)) == groups(published("random"))


@needs_shared
def test_net3_with_the_strategic_valves_has_the_segments_that_wntr_finds() -> None:
    layer = pd.read_csv(SHARED / "valve_layer_stategic_0.csv", dtype=str)
    assert ours(with_valves(NET3, layer)) == of_wntr(NET3, layer[["link", "node"]])


@needs_shared
def test_net3_with_valves_where_the_published_strategic_segments_differ_has_those_segments() -> None:
    """They belong to another layer than the published one (119 segments; that layer gives 216), so it is drawn anew."""
    expected = published("strategic")
    links = read_inp(NET3)["links"]
    pairs = pd.concat([links[["code", end]].set_axis(["link", "node"], axis=1) for end in ("from_node", "to_node")])
    apart = [expected[f"L_{link}"] != expected[f"N_{node}"] for link, node in pairs.itertuples(index=False)]
    assert ours(with_valves(NET3, pairs[apart])) == groups(expected)


@pytest.mark.parametrize(
    ("name", "placement", "n"),
    [
        ("Net3", "strategic", 1),
        ("ky10", "strategic", 1),
        pytest.param("ky10", "random", 300, marks=nightly),
        pytest.param("Net6", "random", 200, marks=nightly),
        pytest.param("Net6", "strategic", 1, marks=nightly),
    ],
)
def test_segments_are_those_of_wntr(name: str, placement: str, n: int) -> None:
    file = LIBRARY / f"{name}.inp"
    layer = layer_of(file, placement, n)
    assert ours(with_valves(file, layer)) == of_wntr(file, layer)


@nightly
@needs_shared
@pytest.mark.parametrize("name", ["L-TOWN", "exnet-3"])
@pytest.mark.parametrize("n", [1, 2])
def test_segments_of_the_shared_networks_are_those_of_wntr(name: str, n: int) -> None:
    file = SHARED / f"{name}.inp"
    layer = layer_of(file, "strategic", n)
    assert ours(with_valves(file, layer)) == of_wntr(file, layer)


def numbers(made, column: str = "segment") -> list[int]:
    return segments(network(made))[column].tolist()


def test_a_stuck_valve_and_a_check_valve_bound_no_segment_but_a_cell() -> None:
    made = town("a:S-A b:A-B c:B-C", "V@b.from W@c.from", S="source")
    change(made.devices, "V", operable="stuck")
    change(made.devices, "W", kind="check_valve", direction="forward")
    assert numbers(made) == [1, 1, 1]
    assert numbers(made, "cell") == [1, 2, 3]


def test_what_is_open_today_moves_neither_segments_nor_cells() -> None:
    made = town("a:S-A b:A-B", "V@b:40", S="source")
    before = segments(network(made))
    change(made.devices, "V", state="closed")
    pd.testing.assert_frame_equal(segments(network(made)), before)


def test_a_closed_link_and_a_one_way_link_bound_a_cell_but_no_segment() -> None:
    made = town("a:S-A b:A-B c:B-C", S="source")
    change(made.links, "b", status="closed")
    change(made.links, "c", direction="forward")
    assert numbers(made) == [1, 1, 1]
    assert numbers(made, "cell") == [1, 2, 3]


def test_two_valves_on_one_pipe_make_three_pieces() -> None:
    table = segments(network(town("a:S-A", "V@a:30 W@a:70", S="source")))
    assert table[["from_m", "to_m", "segment"]].to_numpy().tolist() == [[0, 30, 1], [30, 70, 2], [70, 100, 3]]


def test_a_doubled_valve_makes_no_piece_of_its_own() -> None:
    assert len(segments(network(town("a:S-A", "V@a:30 W@a:30", S="source")))) == 2
    assert len(segments(network(town("a:S-A", "V@a.to W@a.to", S="source")))) == 1


def test_an_empty_network_has_no_segments() -> None:
    assert segments(network(town(""))).empty
