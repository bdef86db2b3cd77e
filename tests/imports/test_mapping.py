"""The mapping: stated in TOML or by flags, and refused when it states what means nothing."""

import pytest

from gisapp.errors import InputError
from gisapp.imports import Mapping

TOML = """
[columns]
code = "requestid"

[values]
drill = false

[choices.type]
"WTR-LEAK" = "leak"
"*" = "other"

[geometry]
x = "srx"
y = "sry"

[times]
zone = "America/Chicago"

[read]
empty = ["NA"]
delimiter = ";"
"""


def test_toml_and_flags_state_the_same(tmp_path):
    (tmp_path / "m.toml").write_text(TOML)
    flags = Mapping.from_flags(
        columns=["code=requestid"],
        choices=["type:WTR-LEAK=leak", "type:*=other"],
        geometry=["x=srx", "y=sry"],
        times=["zone=America/Chicago"],
        read=["empty=NA", "delimiter=;"],
    )
    assert flags.merged(Mapping(values={"drill": False})) == Mapping.from_toml(tmp_path / "m.toml")


def test_flags_win_over_the_file():
    stated = Mapping(columns={"code": "a"}, choices={"type": {"x": "leak", "y": "burst"}})
    both = stated.merged(Mapping(columns={"code": "b"}, choices={"type": {"x": "other"}}))
    assert both.columns == {"code": "b"}
    assert both.choices == {"type": {"x": "other", "y": "burst"}}


def test_a_table_of_a_network_adds_to_what_holds_for_all(tmp_path):
    (tmp_path / "m.toml").write_text('[values]\nutility = "water"\n[links.values]\ndirection = "both"\n')
    stated = Mapping.from_toml(tmp_path / "m.toml")
    assert stated.part("nodes").values == {"utility": "water"}
    assert stated.part("links").values == {"utility": "water", "direction": "both"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[column]\n", "unknown section or key 'column'"),
        ("[geometry]\nz = 'h'\n", r"unknown key 'z' in \[geometry\]"),
        ("[columns]\ncode = 3\n", "code = 3 is no column name"),
        ("[choices.type]\nx = 3\n", r"\[choices.type\] must hold texts"),
        ("[read]\ndelimiter = ';;'\n", "not one character"),
        ("[read]\nempty = 'NA'\n", "must be a list"),
        ("[geometry]\nmissing = 'ok'\n", 'the only value is "unlocated"'),
        ("[values]\ndrill = [1]\n", "no single value"),
        ("code: x", "this is no mapping"),
    ],
)
def test_a_statement_that_means_nothing_is_refused(tmp_path, text, words):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(InputError, match=f"m.toml: .*{words}"):
        Mapping.from_toml(tmp_path / "m.toml")


def test_a_flag_without_its_sign_is_refused():
    with pytest.raises(InputError, match=r"field --column: found 'code'; write it as ours=theirs"):
        Mapping.from_flags(columns=["code"])
    with pytest.raises(InputError, match=r"field --choice: .*; write it as ours:theirs=ours"):
        Mapping.from_flags(choices=["type"])


def test_a_mapping_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"m.toml: No such file or directory; name a mapping"):
        Mapping.from_toml(tmp_path / "m.toml")
