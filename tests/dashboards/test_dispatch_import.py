"""A hotline's export comes in by the dispatchers' page: checked, told row by row, brought in; by whom, and what not."""

import io
import json
import re
import resource
import sys
import zipfile

import pandas as pd
import pytest
from hotline_town import HEAD, ROWS, hotline_town
from people import add_person, browser

from dashboards.app import create_app
from dashboards.dispatch import importing
from gisapp.store import open_store
from gisapp.tables import INCIDENT_TYPES

NAME = "热线.csv"
GBK = "\n".join([HEAD, *ROWS]).encode("gb18030")


@pytest.fixture
def store(tmp_path):
    with open_store(hotline_town(tmp_path / "town.gpkg")) as opened:
        yield opened


@pytest.fixture
def send(store):
    """Sends a file as the page does; gives the last line, or the status and error of a refusal."""
    app = create_app(store)
    clients = {}

    def call(content=GBK, name=NAME, *, who=None, mapping=None, length=None, **stated):
        if who not in clients:
            clients[who] = app.server.test_client() if who is None else browser(app, who)
        client = clients[who]
        client.get("/zh-Hans/dispatch")
        token = client.get_cookie(app.config.csrf_token_name)
        headers = {"X-CSRFToken": token.value if token else "", "Referer": "http://localhost/zh-Hans/dispatch"}
        form = {"layout": "hotline", "encoding": "gb18030", "places": "project", **stated}
        form["file"] = (io.BytesIO(content), name)
        if mapping is not None:
            form["mapping"] = (io.BytesIO(mapping.encode()), "m.toml")
        told = {} if length is None else {"environ_overrides": {"CONTENT_LENGTH": str(length)}}
        answer = client.post(importing.RULE, data=form, headers=headers, **told)
        if answer.status_code != 200:
            return answer.status_code, (answer.get_json(silent=True) or {}).get("error", "")
        return json.loads(answer.get_data(as_text=True).strip().splitlines()[-1])

    return call


def xlsx(*rows):
    made = io.BytesIO()
    pd.DataFrame([row.split(",") for row in rows], columns=HEAD.split(",")).to_excel(made, index=False)
    return made.getvalue()


@pytest.mark.parametrize(("content", "name"), [(GBK, NAME), (xlsx(*ROWS), "热线.xlsx")])
def test_a_file_is_checked_and_nothing_written_then_it_comes_in_as_by_the_command(send, store, content, name):
    checked = send(content, name)["end"]
    assert (checked["rows"], checked["accepted"], checked["rejected"], checked["written"]) == (5, 5, 0, False)
    told = dict(checked["answers"])
    assert [told[key] for key in ("按坐标定位", "按户号定位", "未定位", "在网格内")] == [2, 1, 1, 4]
    assert ["接报时间", "来电时间"] in checked["columns"]
    assert store.count("incidents") == 0
    done = send(content, name, write="true", checked=checked["sum"])["end"]
    assert (done["accepted"], done["written"]) == (5, True)
    rows = store.table("incidents").set_index("code")
    assert rows["grid_code"].fillna("-").tolist() == ["G0", "G2", "G1", "G1", "-"]
    note = store.audit().iloc[-1]
    assert (note["actor"], note["note"]) == ("local", "hotline export as dispatcher")
    if name == NAME:
        again = send(content, name)["end"]
        assert (again["accepted"], again["rejected"]) == (0, 5)


def test_rejected_rows_are_told_and_hold_the_others_back_unless_the_person_says_otherwise(send, store):
    rows = [ROWS[0], ROWS[1].replace("漏水", "=cmd()"), ROWS[2].replace("00000001", "00000007")]
    content = "\n".join([HEAD, *rows]).encode("gb18030")
    checked = send(content)["end"]
    assert (checked["accepted"], checked["rejected"]) == (1, 2)
    assert [(row, field) for row, field, _, _ in checked["faults"]] == [(2, "类型"), (3, "户号")]
    lines = pd.read_csv(io.StringIO(checked["csv"]), dtype=str, keep_default_na=False)
    wrong = [row.replace("=cmd", "'=cmd").split(",") for row in rows[1:]]  # no spreadsheet computes it
    assert lines[HEAD.split(",")].to_numpy().tolist() == wrong
    assert [reason.split(":")[0] for reason in lines["gisapp"]] == ["类型", "户号"]
    held = send(content, write="true", checked=checked["sum"])
    assert "3 行中有 2 行不能导入，因此未导入任何内容" in held["fault"]
    assert store.count("incidents") == 0
    done = send(content, write="true", skip="true", checked=checked["sum"])["end"]
    assert (done["written"], store.count("incidents")) == (True, 1)


BAD = (
    "R1,漏水,2026-11-20 08:00:00,,,,,,500020,3400020",
    "R1,漏水,2026-11-20 08:00:00,,,,,,500020,3400020",
    "R1,无水,2026-11-20 08:00:00,,,,,,500020,3400020",
    "R3,鬼火,2026-11-20 08:00:00,,,,,,500020,3400020",
    "R4,漏水,昨天,,,,,,500020,3400020",
    "R5,漏水,2099-11-20 08:00:00,,,,,,500020,3400020",
    "R6,漏水,2026-11-20 08:00:00,2026-11-20 07:00:00,,,,,500020,3400020",
    "R7,漏水,,,,,,,500020,3400020",
    ",漏水,2026-11-20 08:00:00,,,,,,500020,3400020",
    "R9,漏水,2026-11-20 08:00:00,,,99999999,,,500020,3400020",
    "RA,漏水,2026-11-20 08:00:00,,,,,=cmd(),500020,3400020",
    "RB,漏水,2026-11-20 08:00:00,,,,,,五十万,3400020",
    "RC,漏水,2026-11-20 08:00:00,,,,,,500020,",
    "RD,漏水,2026-11-20 08:00:00,,,,,,50.5,20.5",
    "RE,漏水,2026-11-20 08:00:00,,,,,,500020,3400020",
    "RF,漏水,2026-11-20 08:00:00,,,,,,500020,3400020",
    "RG,漏水,2026-11-20 08:00:00,,,,,,500020,3400020",
)
TERMS = {"ISO", "Asia", "Shanghai", "CGCS", "missing", "unlocated"}
"""Latin words that are nobody's English: names of standards, of a zone, what is written into a mapping."""


def test_what_is_wrong_with_rows_is_told_without_a_word_of_english(send, store):
    checked = send("\n".join([HEAD, *BAD]).encode("gb18030"))["end"]
    assert {row for row, *_ in checked["faults"]} == set(range(2, 15))
    values = set(re.findall("[A-Za-z]{3,}", " ".join([*BAD, *INCIDENT_TYPES, store.crs.name])))
    for row, field, *told in checked["faults"]:
        english = set(re.findall("[A-Za-z]{3,}", re.sub(r"\[.*?\]", "", " ".join([field, *told])))) - values - TERMS
        assert not english, (row, field, told)
    for text in checked["warnings"]:
        assert re.search("[\u4e00-\u9fff]", text), text


def test_what_comes_in_is_the_file_that_was_checked(send, store):
    checked = send()["end"]
    other = "\n".join([HEAD, ROWS[0].replace("R1", "R9")]).encode("gb18030")
    assert "不是刚才检查的文件" in send(other, write="true", checked=checked["sum"])["fault"]
    assert store.count("incidents") == 0


def test_a_mapping_of_ones_own_reads_other_headers(send):
    head = HEAD.replace("工单号", "流水").replace("类型", "何事")
    content = "\n".join([head, *ROWS[:2]]).encode("gb18030")
    assert "找不到可作工单号的列" in send(content)["fault"]
    own = """
[columns]
code = "流水"
type = "何事"
reported_at = "来电时间"
[values]
utility = "water"
channel = "phone"
status = "registered"
drill = false
[choices.type]
"漏水" = "leak"
[geometry]
x = "东坐标"
y = "北坐标"
"""
    assert send(content, layout="own", mapping=own)["end"]["accepted"] == 2
    assert "不是对照文件" in send(content, layout="own", mapping="[columns")["fault"]


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"encoding": "utf-8"}, "第 1 行不是 utf-8-sig 编码"),
        ({"places": ""}, "未说明东坐标, 北坐标列的坐标类型"),
        ({"layout": "other"}, "没有列对照“other”"),
    ],
)
def test_what_is_stated_wrongly_is_told(send, stated, words):
    assert words in send(**stated)["fault"]


def test_other_kinds_of_files_and_larger_ones_are_refused_with_what_to_do(send):
    status, told = send(b"x", "a.gpkg")
    assert (status, "gisapp import" in told) == (400, True)
    status, told = send(length=33 * 2**20 + 1)
    assert (status, "请拆分文件" in told) == (413, True)


def test_a_bomb_costs_the_child_and_not_the_server(send, store):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"<a/>")
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 300_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert send(made.getvalue(), "a.xlsx")["fault"]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150_000 * (1024 if sys.platform == "darwin" else 1)
    assert store.count("incidents") == 0


def test_a_file_that_comes_while_another_is_read_is_asked_to_wait(send):
    with importing._one_at_a_time():
        assert "正在读取另一个文件" in send()["fault"]
    assert send()["end"]["accepted"] == 5


def test_only_who_takes_reports_down_everywhere_brings_files_in(send, store):
    """FIELD.md 2.4."""
    for role, may in (("dispatcher", True), ("customer_service", True), ("grid_leader", False), ("manager", False)):
        add_person(store, role, role, grids=["G1"])
        told = send(who=role)
        assert isinstance(told, dict) == may, (role, told)
    assert store.count("incidents") == 0


def test_a_page_that_is_closed_stops_the_reading_and_leaves_nothing(store, tmp_path):
    asked = importing.Asked(tmp_path / "x" / NAME, "hotline", None, "gb18030", "project", False, True, "")
    asked.folder.mkdir()
    asked.file.write_bytes(GBK)
    stop = importing.threading.Event()
    stop.set()

    def work(progress):
        progress(1, 2)
        raise AssertionError("went on")

    lines = [json.loads(line) for line in importing._lines(work, stop, "en", asked.folder)]
    assert "nothing was imported" in lines[-1]["fault"]
    assert not asked.folder.exists()
