"""What may be read of a phone, a name, an id or an address, also inside what people type."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisapp.masking import masked_address, masked_name, masked_phone, masked_text, masked_texts, masked_values


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("来电13800138000催", "来电138****8000催"),
        ("138-0013-8000", "138****8000"),
        ("＋８６ １３８００１３８０００", "138****8000"),
        ("0086 138 0013 8000", "138****8000"),
        ("致电021-55551234转8", "致电021-****1234转8"),
        ("(0512) 5555 1234", "051****1234"),
        ("电话：5555123，无水", "电话：*****23，无水"),
        ("手机 13800138000、13900139000", "手机 138****8000、139****9000"),
        ("证号11010519491231002X", "证号110105********002X"),
        ("台北 0912-345-678", "台北 091****5678"),
        ("香港 +852 2345 6789", "香港 852****6789"),
        ("张三 13800138000 门口漏水", "张* 138****8000 门口漏水"),
        ("联系人：欧阳明月，急", "联系人：欧***，急"),
        ("李小龙先生在等", "李**先生在等"),
        ("滨江路4号3幢2单元501室漏水", "滨江路4号3幢***漏水"),
        ("阳光苑5栋1203室", "阳光苑5栋***"),
        ("8-2-301没水", "***没水"),
    ],
)
def test_what_is_personal_is_masked_inside_a_text(typed, kept):
    """P4.5, P6.4."""
    assert masked_text(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "20261122-000123 DN300 漏水，12.5 m",
        "S20261127-001",
        "2026-10-01 08:00 至 2026-10-02 09:30",
        "WV000210 转 18 圈",
        "解放路与滨江路交叉口，3幢全楼无水",
        "住户反映漏水",
        "456000.123456789, 3378000.5",
        "EPSG:4547 网格G0001",
        "服务热线 96510",
        "",
    ],
)
def test_what_is_nobodys_stays_as_it_stands(typed):
    assert masked_text(typed) == typed


def test_short_forms_keep_what_staff_recognise():
    assert (masked_phone("13800138000"), masked_phone("110")) == ("138****8000", "*10")
    assert (masked_name("王"), masked_address("4号楼2单元1室")) == ("王", "4号楼***")
    assert masked_address("滨江路4号") == "滨江路4号"


@given(
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.text("漏水急 ，。a-", max_size=6), st.sampled_from(["", " ", "-"])
)
def test_no_mobile_number_stays_clear_however_it_is_written(number, around, gap):
    written = gap.join((number[:3], number[3:7], number[7:]))
    said = masked_text(f"{around} {written}。{around}")
    assert number[3:7] not in said.replace(number[7:], "") or number[3:7] == number[7:]
    assert written not in said


def test_a_column_keeps_its_missing_values_and_its_rows():
    texts = pd.Series(["张三 13800138000", None, "好", "张三 13800138000"], index=[3, 1, 2, 0], dtype="str")
    said = masked_texts(texts)
    assert said.tolist()[0] == said.tolist()[3] == "张* 138****8000"
    assert said.isna().tolist() == [False, True, False, False]
    assert said.index.tolist() == [3, 1, 2, 0]


def test_values_of_json_are_masked_at_any_depth():
    told = {"a": [{"b": "13800138000"}], "n": 13800138000.5, "code": "20261122-000123"}
    assert masked_values(told) == {"a": [{"b": "138****8000"}], "n": 13800138000.5, "code": "20261122-000123"}
