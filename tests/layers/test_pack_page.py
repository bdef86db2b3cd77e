import base64
import hashlib
import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import riverside

from gisapp.errors import InputError
from gisapp.network import shutoff
from gisapp.operations.duties import duties
from gisapp.reports.situation import situation_of
from gisapp.rules import shutoff_rules
from gisapp.words import LANGUAGES
from layers.offline import require_offline
from layers.pack import TABLES, is_intact, pack_html


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The situation an hour after the burst, and its duties."""
    with riverside.store(tmp_path_factory.mktemp("pack") / "river.gpkg") as store:
        code = riverside.emergency(store)
        situation = riverside.situation(store, code)
        operation, zone = store.operations.operation(code), store.zone
    rules = shutoff_rules(operation.opened_at.date())
    return situation, duties(operation, rules, now=riverside.moment(60), zone=zone, reach=situation.reach)


def packed(situation, language="zh-Hans", **more):
    tables = {name: riverside.tables(situation.utility)[name] for name in TABLES}
    return pack_html(situation, tables, city="滨江市", language=language, **more)


@pytest.fixture(scope="module")
def html(told):
    return packed(told[0], duties=told[1], revisions={"links": 7, "valve_operations": 3})


def cells(html, key):
    """Return the rows of one list."""
    part = html[html.index(f'<section id="{key}">') :]
    rows = re.findall(r"<tr>(.*?)</tr>", part[: part.index("</section>")])
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows[1:]]


def test_a_pack_holds_what_a_commander_asks_for(html):
    assert "<h1>停水现场资料：滨江路（距人民路路口约100米）</h1>" in html
    done = "已关闭 11月20日14:21 E05"
    assert cells(html, "valves") == [["1", "V1", "DN300", "人民路与滨江路路口", "39", "开", "2026-01", "可操作", done]]
    assert cells(html, "critical") == [["医院", "****0004", "江南小区", "400", "隔离区内", "11月20日14:05 E01", "–"]]
    assert cells(html, "communities")[0] == ["江北小区", "36", "90", "1–3栋", "11月20日14:07 E01"]
    assert cells(html, "hydrants")[0][0] == "H1"
    assert cells(html, "parallels") == [["燃气", "G1", "DN160", "3", "1"]]
    assert cells(html, "contacts") == [["U01 调度中心", "E01", "–"], ["U07 管网管理处", "–", "E02"]]
    assert cells(html, "grids")[0][:2] == ["G1 第一网格", "E02"]
    assert cells(html, "duties")[0][0] == "停供同时告知调度"
    assert cells(html, "etrs") == [["11月20日14:03", "E01", "11月20日20:00"]]
    assert cells(html, "timeline")[-1] == ["11月20日14:21", "已关闭", "V1", "–", "E05"]
    assert "links 7 valve_operations 3" in html


def test_figures_are_those_of_the_situation(told, html):
    tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", html))
    assert tiles["停供户数"] == str(told[0].total("households")) == "49"
    assert (tiles["停供人口"], tiles["已关／需关阀门"], tiles["失压消火栓"]) == ("520", "1/1", "1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pack_is_small_asks_for_nothing_and_holds_nothing_personal(told, language):
    html = packed(told[0], language, duties=told[1])
    require_offline(html)
    assert len(html.encode()) < 3_000_000
    for secret in ("户主", "0000555", "滨江路4号", "10040004", "13800138000"):
        assert secret not in html


def test_customers_are_told_by_building_and_the_end_of_their_account(html):
    found = json.loads(re.search(r'id="pack-customers">(.*?)</script>', html)[1])
    assert found["customers"][0] == ["****0001", 0, 12, 0]
    assert found["buildings"][0] == ["江北小区", "1栋"]
    assert found["ways"] == ["隔离区内", "连带停供"]


def test_the_policy_lets_only_the_scripts_and_the_style_of_the_page_run(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    parts = re.findall(r"<script>(.*?)</script>", html, re.S) + re.findall(r"<style>(.*?)</style>", html, re.S)
    assert len(parts) == 3
    for part in parts:
        assert base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() in policy
    assert not re.search(r"<[^>]+ style=", html)  # the policy would refuse it
    assert not re.search(r"<[^>]+ on[a-z]+=", html)


def test_a_changed_pack_is_known_by_its_checksum(html):
    assert is_intact(html)
    assert not is_intact(html.replace("DN300", "DN200", 1))
    with pytest.raises(InputError, match="holds no checksum"):
        is_intact("<html></html>")


def test_numbered_valves_and_critical_users_stand_on_the_map(html):
    svg = html[html.index('<svg class="drawing"') :]
    assert re.search(r'data-code="V1".*?<text class="in">✓1</text>', svg)
    assert re.search(r'data-code="\*\*\*\*0004".*?<text class="by"[^>]*>医院</text>', svg)
    assert "事发点" in svg


def test_an_exercise_is_marked_and_a_source_inside_is_told_first(told):
    situation = told[0]
    drill = replace(situation, course=replace(situation.course, drill=True))
    assert "<h1>演练 · 停水现场资料" in packed(drill)
    open_end = replace(situation, answer=replace(situation.answer, isolated_possible=False))
    assert '<p class="verdict no">无法隔离' in packed(open_end)


def test_once_every_valve_is_closed_the_page_says_so(html):
    assert "需关阀门已全部关闭（据操作记录）" in html


def test_a_shutoff_without_a_record_or_anybody_behind_it_is_a_page_too():
    answer = shutoff(riverside.network(), ["P1"])
    tables = riverside.tables()
    nobody = tables | {"customers": tables["customers"].iloc[:0]}
    now = pd.Timestamp(riverside.moment(0)).tz_convert("Asia/Shanghai")
    for known in (tables, nobody):
        told = situation_of(answer, known, now=now.to_pydatetime(), zone=now.tz)
        assert "<h1>停水现场资料" in packed(told)


@pytest.mark.parametrize(
    ("utility", "words"), [("power", "需断开的开关"), ("gas", "需关闭的阀门"), ("heating", "需关闭的阀门")]
)
def test_every_utility_has_its_own_terms(utility, words):
    answer = shutoff(riverside.network(utility), ["P2"])
    now = pd.Timestamp(riverside.moment(0)).tz_convert("Asia/Shanghai")
    told = situation_of(answer, riverside.tables(utility), now=now.to_pydatetime(), zone=now.tz)
    html = packed(told)
    assert words in html
    assert "停水" not in re.sub(r"<script.*?</script>", "", html, flags=re.S)
