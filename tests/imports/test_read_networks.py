"""Networks: EPANET files, GeoPackages of three layers and our own JSON, with their references."""

import json
import os

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.errors import InputError
from gisapp.imports import Mapping, RejectedError
from gisapp.network import network_json, network_of
from gisapp.tables import TABLES

ATTACHED = ("customers", "connections")
WEST, SOUTH = 528_000, 3_386_000
INP = """[TITLE]
{title}
[JUNCTIONS]
J1 10 1
J2 10 1
{extra}
[RESERVOIRS]
{source}
[PIPES]
P1 {start} J1 100 200 130 0 Open
P2 J1 J2 150.5 200 130 0 Open
[COORDINATES]
{start} {x} 3386000
J1 528100 3386000
J2 528200 3386050
[OPTIONS]
Units LPS
[END]
"""


KINDS = {"J1": "junction", "J2": "junction", "R1": "source"}


def inp(path, encoding="utf-8", **changes):
    text = INP.format(**{"title": "a town", "source": "R1 50", "start": "R1", "extra": "", "x": 528_000} | changes)
    path.write_bytes(text.encode(encoding))
    return path


def layers(path, nodes=("N1", "N2"), ends=("N1", "N2"), on="P1", **changes):
    """A GeoPackage of two nodes, a pipe and a valve."""
    shapes = [shapely.Point(WEST + 100 * number, SOUTH) for number in range(len(nodes))]
    kinds = ["source", *["junction"] * (len(nodes) - 1)]
    gpd.GeoDataFrame({"code": list(nodes), "kind": kinds}, geometry=shapes, crs=4547).to_file(path, layer="nodes")
    line = shapely.LineString([(WEST, SOUTH), (WEST + 100, SOUTH)])
    pipe = {"code": "P1", "kind": "pipe", "from_node": ends[0], "to_node": ends[1], "length_m": 100.0}
    pipe |= {"status": "open", "direction": "both", **changes}
    gpd.GeoDataFrame([pipe], geometry=[line], crs=4547).to_file(path, layer="links")
    valve = {"code": "V1", "kind": "gate_valve", "link_code": on, "end": "from", "node_code": "N1"}
    valve |= {"state": "open", "operable": "operable", "direction": "both"}
    gpd.GeoDataFrame([valve], geometry=[shapes[0]], crs=4547).to_file(path, layer="devices")
    return path


def test_an_epanet_file_comes_in_with_the_crs_that_is_stated(come_in, tmp_path):
    with pytest.raises(InputError, match="which CRS"):
        come_in(inp(tmp_path / "town.inp"), "network")
    batch = come_in(inp(tmp_path / "town.inp"), "network", crs="EPSG:4547")
    assert batch.tables["nodes"].set_index("code")["kind"].to_dict() == {
        "J1": "junction",
        "J2": "junction",
        "R1": "source",
    }
    assert batch.tables["links"]["length_m"].tolist() == [100, 150.5]
    assert batch.tables["links"].crs.to_epsg() == 4547
    assert batch.report.warnings == ()


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
def test_coordinates_of_an_epanet_file_are_converted(come_in, tmp_path):
    path = inp(tmp_path / "town.inp")
    moved = come_in(path, "network", crs="EPSG:32650", project_crs="EPSG:32650").tables["nodes"]["geom"]
    assert moved.iloc[0].x == 528_100
    moved = come_in(path, "network", crs="EPSG:4547", project_crs="EPSG:32649").tables["nodes"]["geom"]
    assert not moved.iloc[0].equals_exact(shapely.Point(528_100, 3_386_000), 1000)


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
def test_a_drawing_without_a_place_comes_in_with_a_loud_warning(come_in, tmp_path):
    batch = come_in(inp(tmp_path / "town.inp", x=7), "network", crs="EPSG:4547")
    assert batch.tables["nodes"].set_index("code")["geom"]["R1"].x == 7
    assert any("1 of 3 nodes lie outside" in text and "schematic" in text for text in batch.report.warnings)


def test_a_network_without_a_source_comes_in_with_a_warning(come_in, tmp_path):
    batch = come_in(inp(tmp_path / "town.inp", source="", start="J3", extra="J3 10 1"), "network", crs="EPSG:4547")
    assert any("no source" in text for text in batch.report.warnings)


def test_a_gbk_epanet_file_must_be_declared(come_in, tmp_path):
    path = inp(tmp_path / "town.inp", encoding="gbk", title="城北供水管网")
    with pytest.raises(InputError, match=r"城北供水管网.*--encoding gb18030"):
        come_in(path, "network", crs="EPSG:4547")
    assert come_in(path, "network", crs="EPSG:4547", encoding="gbk").report.accepted == 5


def test_a_broken_epanet_file_is_named(come_in, tmp_path):
    with pytest.raises(InputError, match=r"town.inp: .*J9"):
        come_in(inp(tmp_path / "town.inp", start="J9"), "network", crs="EPSG:4547")


def test_three_layers_make_a_network(come_in, tmp_path):
    batch = come_in(layers(tmp_path / "town.gpkg"), "network", utility="gas")
    assert {name: len(frame) for name, frame in batch.tables.items()} == {"nodes": 2, "links": 1, "devices": 1}
    assert batch.tables["links"]["utility"].tolist() == ["gas"]


def test_a_pipe_with_a_missing_node_is_rejected(come_in, tmp_path):
    with pytest.raises(RejectedError, match=r"row 1, field to_node: .*'N9' is no known node") as caught:
        come_in(layers(tmp_path / "town.gpkg", ends=("N1", "N9")), "network", utility="water")
    assert caught.value.report.rejected["table"].tolist() == ["links", "devices"]


def test_a_device_on_an_unknown_link_is_rejected(come_in, tmp_path):
    with pytest.raises(RejectedError, match=r"field link_code: .*'P7' is no known link"):
        come_in(layers(tmp_path / "town.gpkg", on="P7"), "network", utility="water")


def test_devices_of_no_class_on_no_pipe_or_from_the_future_are_rejected(come_in, tmp_path):
    path = tmp_path / "devices.csv"
    head = "code,kind,link_code,end,state,operable,direction,last_operated,x,y\n"
    rows = ("A,tap,P1,from,open,,2020", "B,gate_valve,,from,open,,2020", "C,gate_valve,P7,from,open,,2020")
    rows += ("D,gate_valve,P1,from,ajar,,2020", "E,gate_valve,P1,from,open,,2199", "F,gate_valve,P1,from,open,,2020")
    text = "".join(f"{row}-01-01,528000,3386000\n" for row in rows).replace(",,20", ",operable,both,20")
    path.write_text(head + text.replace(",,21", ",operable,both,21"), encoding="utf-8")
    link = gpd.GeoDataFrame({"utility": ["water"], "code": "P1", "length_m": 100.0}, geometry=[None], crs=4547)
    with pytest.raises(RejectedError) as caught:
        come_in(path, "devices", utility="water", crs="EPSG:4547", existing={"links": link.rename_geometry("geom")})
    rejected = caught.value.report.rejected
    assert dict(zip(rejected["row"], rejected["field"] + ": " + rejected["found"], strict=True)) == {
        1: "kind: found 'tap'",
        2: "link_code: is empty",
        3: "link_code: 'P7' is no known link",
        4: "state: found 'ajar'",
        5: "last_operated: found 2198-12-31T16:00Z, which is later than now",
    }


def test_a_measure_beyond_the_link_is_rejected(come_in, tmp_path):
    whole = come_in(layers(tmp_path / "town.gpkg"), "network", utility="water").tables
    path = tmp_path / "customers.csv"
    head = "code,kind,households,meter_inside,x,y,link_code,measure_m\n"
    path.write_text(head + "".join(f"{at},resident,1,true,528000,3386000,P1,{at}\n" for at in (-1, 0, 100, 150)))
    with pytest.raises(RejectedError, match="found -1 m on a link of 100 m") as caught:
        come_in(path, "customers", crs="EPSG:4547", utility="water", existing=whole)
    assert caught.value.report.rejected["row"].tolist() == [1, 4]


def test_nodes_of_another_utility_do_not_count(come_in, tmp_path):
    path = layers(tmp_path / "town.gpkg", nodes=("N1",))
    water = come_in(layers(tmp_path / "whole.gpkg"), "network", utility="water")
    with pytest.raises(RejectedError, match="'N2' is no known node"):
        come_in(path, "network", utility="gas", existing=water.tables)


def test_devices_may_come_later(come_in, tmp_path):
    whole = come_in(layers(tmp_path / "town.gpkg"), "network", utility="water")
    links = {name: frame for name, frame in whole.tables.items() if name != "devices"}
    stated = {"utility": "water", "mapping": Mapping(read={"layer": "devices"})}
    batch = come_in(tmp_path / "town.gpkg", "devices", existing=links, **stated)
    assert batch.tables["devices"]["code"].tolist() == ["V1"]
    with pytest.raises(RejectedError, match="'V1' is in the project already"):
        come_in(tmp_path / "town.gpkg", "devices", existing=whole.tables, **stated)


def test_a_table_of_a_network_has_its_own_mapping(come_in, tmp_path):
    stated = Mapping(tables={"links": Mapping(choices={"status": {"in use": "open"}})})
    path = layers(tmp_path / "town.gpkg", status="in use")
    with pytest.raises(RejectedError, match="'in use'"):
        come_in(path, "network", utility="water")
    batch = come_in(path, "network", utility="water", mapping=stated)
    assert batch.tables["links"]["status"].tolist() == ["open"]


def test_lengths_are_measured_only_when_that_is_stated(come_in, tmp_path):
    path = layers(tmp_path / "town.gpkg", length_m=None)
    with pytest.raises(RejectedError, match=r"field length_m: .*is empty"):
        come_in(path, "network", utility="water")
    stated = Mapping(tables={"links": Mapping(geometry={"length_m": "drawn"})})
    assert come_in(path, "network", utility="water", mapping=stated).tables["links"]["length_m"].tolist() == [100]


def test_our_own_json_comes_back(come_in, tmp_path):
    content = {
        "nodes": [
            {"id": "N1", "kind": "source", "x": WEST, "y": SOUTH},
            {"id": "N2", "kind": "end", "x": WEST, "y": SOUTH + 9},
        ],
        "links": [
            {"id": "P1", "kind": "pipe", "from": "N1", "to": "N2", "length_m": 9, "diameter_mm": 200, "status": "open"}
        ],
        "devices": [
            {"id": "V1", "kind": "gate_valve", "link": "P1", "end": "to", "node": "N2", "state": "open",
             "operable": "stuck", "direction": "both"}
        ],
        "sources": [{"node": "N1", "kind": "source"}],
        "customers": [{"id": "C1"}],
    }  # fmt: skip
    (tmp_path / "town.json").write_text(json.dumps(content))
    batch = come_in(tmp_path / "town.json", "network", crs="EPSG:4547", utility="water")
    assert batch.tables["links"]["direction"].tolist() == ["both"]
    assert batch.tables["devices"].iloc[0][["link_code", "node_code", "operable"]].tolist() == ["P1", "N2", "stuck"]
    assert batch.tables["devices"]["geom"].iloc[0].y == SOUTH + 9
    assert any("1 customers" in text for text in batch.report.warnings)


def test_a_network_does_not_come_from_a_single_table(come_in, leaks):
    with pytest.raises(InputError, match="nodes, links and devices together"):
        come_in(leaks({}), "network", crs="EPSG:4547")


def test_what_is_exported_comes_back(come_in, tmp_path):
    whole = come_in(layers(tmp_path / "town.gpkg"), "network", utility="water").tables
    nobody = {name: pd.DataFrame(columns=[column.name for column in TABLES[name].columns]) for name in ATTACHED}
    made = network_of("water", whole["nodes"], whole["links"], whole["devices"], **nobody)
    (tmp_path / "town.json").write_text(json.dumps(network_json(made)))
    back = come_in(tmp_path / "town.json", "network", crs="EPSG:4547", utility="water").tables
    for table, frame in whole.items():
        pd.testing.assert_frame_equal(pd.DataFrame(back[table]), pd.DataFrame(frame))
