"""EPANET files: what comes in, in which units, and what is refused with its line."""

from importlib import resources
from pathlib import Path

import pytest

from gisapp.errors import InputError
from gisapp.network.read import read_inp
from gisapp.tables import TABLES

LIBRARY = Path(str(resources.files("wntr"))) / "library" / "networks"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "networks"

TOWN = """[JUNCTIONS]
 J1 10 36 ;
 J2 12 7.2
[RESERVOIRS]
 R 50
[TANKS]
 T 20 3 1 5 10 0
[PIPES]
 P1 R J1 100 200 100 0 Open
 P2 J1 J2 50 100 100 0 CV
 P3 J1 J2 60 100 100 0 Closed
[PUMPS]
 U J2 T POWER 5
[VALVES]
 V J1 J2 150 PRV 30 0
[COORDINATES]
 R 1 1
 J1 2 1
 J2 3 1
 T 3 2
[VERTICES]
 P1 1.5 1.5
[OPTIONS]
 Units CMH
 Headloss H-W
[END]
"""


def town(tmp_path: Path, text: str = TOWN, encoding: str = "utf-8") -> Path:
    file = tmp_path / "town.inp"
    file.write_bytes(text.encode(encoding))
    return file


def test_quantities_come_in_si_units(tmp_path: Path) -> None:
    tables = read_inp(town(tmp_path))
    nodes = tables["nodes"].set_index("code")
    assert nodes["demand_m3h"].round(6).to_dict()["J1"] == 36
    assert nodes.loc["T", "volume_m3"] == pytest.approx(3.14159265 * 25 * 4)
    links = tables["links"].set_index("code")
    assert links.loc["P1", ["length_m", "diameter_mm"]].tolist() == pytest.approx([100, 200])


def test_kinds_states_and_directions(tmp_path: Path) -> None:
    tables = read_inp(town(tmp_path))
    assert dict(zip(tables["nodes"]["code"], tables["nodes"]["kind"], strict=True)) == {
        "J1": "junction",
        "J2": "junction",
        "R": "source",
        "T": "tank",
    }
    links = tables["links"].set_index("code")
    assert links["status"].to_dict()["P3"] == "closed"
    assert links["direction"].to_dict() == {"P1": "both", "P2": "forward", "P3": "both", "U": "forward", "V": "forward"}
    devices = tables["devices"].set_index("code")
    assert devices["kind"].to_dict() == {"P2": "check_valve", "U": "pump", "V": "pressure_valve"}
    assert set(devices["end"]) == {"mid"}


def test_geometry_follows_vertices(tmp_path: Path) -> None:
    links = read_inp(town(tmp_path))["links"].set_index("code")
    assert list(links.loc["P1", "geom"].coords) == [(1, 1), (1.5, 1.5), (2, 1)]


def test_a_node_without_coordinates_has_no_geometry(tmp_path: Path) -> None:
    tables = read_inp(town(tmp_path, TOWN.replace(" J2 3 1\n", "")))
    assert tables["nodes"].set_index("code").loc["J2", "geom"] is None
    assert tables["links"].set_index("code").loc["P2", "geom"] is None


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    text = TOWN.replace("J2", "节点")
    assert "节点" in set(read_inp(town(tmp_path, text, "gb18030"), encoding="gb18030")["nodes"]["code"])
    with pytest.raises(InputError, match=r"town\.inp: line 3 is not utf-8-sig text; name its encoding"):
        read_inp(town(tmp_path, text, "gb18030"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (" J2 12", " J1 12", r"line 3: the node 'J1' stands in line 2 already"),
        (" P2 J1", " P1 J1", r"line 10: the link 'P1' stands in line 9 already"),
        ("P3 J1 J2 60", "P3 J1 XX 60", r"line 11: .*undefined node, 'XX'"),
        ("P1 R J1 100", "P1 R J1 abc", r"line 9: .*'abc'"),
        ("P1 R J1 100 200 100 0 Open", "P1 R J1", r"line 9: 3 values in \[PIPES\]; give 6 to 8"),
        ("100 0 Open", "100 0 Open 9", r"line 9: 9 values in \[PIPES\]; give 6 to 8; a remark begins with ;"),
        ("100 0 Open", "100 0 Open\vP9 R J1 100 200 100 0", r"line 9: 15 values in \[PIPES\]; give 6 to 8"),
        ("Units CMH", "Units FOO", r"line \d+: FOO"),
        ("150 PRV", "150 XXX", r"line 15: .*valve type"),
        ("[PIPES]", "[FOO]", r"line 8: .*syntax error"),
        ("[JUNCTIONS]", "hello", r"no section \[JUNCTIONS\]"),
    ],
)
def test_bad_input_names_the_file_and_the_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=r"town\.inp: " + said):
        read_inp(town(tmp_path, TOWN.replace(old, new, 1)))


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.inp: cannot be read"):
        read_inp(tmp_path / "nothing.inp")


@pytest.mark.parametrize(
    ("name", "nodes", "links", "devices"),
    [
        ("Net1", 11, 13, 1),
        ("Net2", 36, 40, 0),
        ("Net3", 97, 119, 2),
        ("Net6", 3356, 3892, 64),
        ("ky4", 964, 1158, 2),
        ("ky10", 935, 1061, 19),
    ],
)
def test_the_networks_of_wntr_come_in_whole(name: str, nodes: int, links: int, devices: int) -> None:
    tables = read_inp(LIBRARY / f"{name}.inp")
    assert [len(tables[key]) for key in ("nodes", "links", "devices")] == [nodes, links, devices]
    assert set(tables["links"]["from_node"]) | set(tables["links"]["to_node"]) <= set(tables["nodes"]["code"])
    assert all(list(tables[key].columns)[:2] == [c.name for c in TABLES[key].columns][:2] for key in tables)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared networks are not here")
@pytest.mark.parametrize(
    ("name", "links"), [("L-TOWN", 909), ("Richmond_standard", 957), ("exnet-3", 2467), ("ky2", 1125)]
)
def test_the_shared_networks_come_in_whole(name: str, links: int) -> None:
    assert len(read_inp(SHARED / f"{name}.inp")["links"]) == links
