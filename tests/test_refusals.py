"""What pages refuse is told in both Chinese scripts: no text that a page can show lacks its translation."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from gisapp.errors import AccessError, ConflictError, InputError, StoreError
from gisapp.refusals import KINDS, told, told_text, translations
from gisapp.words import catalog

ROOT = Path(__file__).parents[1]
CHINESE = ("zh-Hans", "zh-Hant")
ROOMS = ("accounts.py", "crs.py", "durable.py", "epanet.py", "limits.py", "retention.py", "steps.py", "times.py",
         "emergencies", "grids", "imports", "incidents", "measures", "network", "operations", "reports",
         "store")  # fmt: skip
"""What of gisapp a page reaches."""
ELSEWHERE = {
    "gisapp/grids": "assign bridges cleaning coverage cutting districting_units index plan_checks plan_diff repairs "
    "units workload",
    "gisapp/imports": "__init__ originals read_networks read_shapes trails",
    "gisapp/incidents": "assessment model repeats scores",
    "gisapp/network": "attach build exchange forms read shut_inp together",
    "gisapp/reports": "concentration reliability texts",
    "gisapp/store": "accounts auditing backup copying dumping embedded export geometry migrate points postgis_columns "
    "postgis_layers proof retention rows shapefile siting snapshots",
    "dashboards": "access commands configured map provider serving signing standards",
}
"""Met by commands only, by files of networks, by the program as it starts, or by other programs."""
ERRORS = ("InputError", "AccessError", "ConflictError", "StoreError", "GisappError", "Interrupted")
"""A RefusedEdit has its words under ``planner.refused_<kind>``; a CrsError is met by commands."""
RETURNED = ("described", "_offer", "_broken_reason", "_unsound", "misplaced", "_texts", "_numbers", "_truths", "_times")
"""Functions that return what was found or is to be done."""
COMMANDS = (
    "is no address of a database",
    "is an empty database",
    "is not a store",
    "is not empty",
    "make a store first",
    "exists already; choose another name",
)
"""Of the two databases: what is met before a page is served."""


def modules_of_pages() -> list[Path]:
    """Return the modules whose errors a page can show."""
    left_out = {ROOT / room / name for room, names in ELSEWHERE.items() for name in names.split()}
    rooms = [*(ROOT / "gisapp" / room for room in ROOMS), ROOT / "dashboards"]
    found = [path for room in rooms for path in ([room] if room.suffix else sorted(room.rglob("*.py")))]
    return [one for one in found if not {one.with_suffix(""), *one.parents} & left_out]


def texts_told(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every text of an error, a row's fault or a warning of a module, ``{}`` for a value, and its line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    homes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] + [tree]
    seen = set()
    for home in homes:
        for node in ast.walk(home):
            if node not in seen:
                seen.add(node)
                for told_there in _told(node, home):
                    for text in _texts(told_there, (home, tree)):
                        if " " in text and re.search("[A-Za-z]{2}", text):
                            yield text, getattr(node, "lineno", 0)


def _told(node: ast.AST, home: ast.AST) -> list[ast.expr]:
    """Return the expressions of texts that a piece of code tells people."""
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            name = getattr(func, "id", getattr(func, "attr", ""))
            told_on = getattr(func, "value", None)
            if name in ERRORS or (name == "__init__" and any(one.arg == "todo" for one in keywords)):
                return [*args[:1], *(one.value for one in keywords if one.arg == "todo")]
            if name == "append" and getattr(told_on, "attr", getattr(told_on, "id", "")) in ("warnings", "notes"):
                return args
            places = {"add": args[2:] if len(args) == 4 else [], "_reject": [*args[3:4], *args[5:]],
                      "fault": args[:2], "told_text": args[:1], "_changed": args}  # fmt: skip
            return places.get(name, [])
        case ast.Assign(targets=[ast.Name(id="todo")]):
            return [ast.Name("todo")]
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ) if name.endswith(("WORDS", "SUBJECTS")) and isinstance(home, ast.Module):
            return [one for table in ast.walk(value) if isinstance(table, ast.Dict) for one in table.values]
        case ast.Return(value=value) if isinstance(home, ast.FunctionDef) and home.name in RETURNED:
            return [value.elts[-1] if isinstance(value, ast.Tuple) else value] if value else []
    return []


def _texts(node: ast.expr, homes: tuple[ast.AST, ...]) -> list[str]:
    """Return what an expression can be, as templates; nothing where that is a matter of other modules."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [one + two for one in _texts(left, homes) for two in _texts(right, homes)]
        case ast.IfExp(body=body, orelse=orelse):
            return _texts(body, homes) + _texts(orelse, homes)
        case ast.ListComp(elt=elt) | ast.List(elts=[elt]):
            return _texts(elt, homes)
        case ast.Name(id=name):
            return _assigned(name, homes)
    return []


def _assigned(name: str, homes: tuple[ast.AST, ...]) -> list[str]:
    """Return what a name can be in the function, else in the module; what ``+=`` adds may stand behind or not."""
    for home in homes:
        whole: list[str] = []
        more: list[str] = []
        for node in ast.walk(home):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    whole += _texts(value, homes[1:] if isinstance(value, ast.Name) else homes)
                case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
                    more += _texts(value, homes)
        if whole:
            return [one + two for one in whole for two in more] or whole
    return []


def written_in(path: Path) -> Iterator[str]:
    """Yield every string of a module as a template, and what several make together."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            yield from _texts(node, ())


@pytest.mark.parametrize("language", CHINESE)
def test_every_text_that_a_page_can_refuse_with_is_translated(language):
    known = translations(language)
    lacking = {
        text: f"{path.relative_to(ROOT)}:{line}"
        for path in modules_of_pages()
        for text, line in texts_told(path)
        if text not in known and not any(part in text for part in COMMANDS)
    }
    assert not lacking


def test_no_translation_is_of_a_text_that_is_not_told_any_more():
    modules = [path for house in ("gisapp", "dashboards") for path in (ROOT / house).rglob("*.py")]
    told_now = {text for path in modules for text, _ in texts_told(path)}
    written = {text.replace("{{", "{").replace("}}", "}") for path in modules for text in written_in(path)}
    assert not set(translations("zh-Hans")) - told_now - written


@pytest.mark.parametrize("language", CHINESE)
def test_a_translation_has_the_values_of_its_text_and_names_kinds_that_there_are(language):
    assert list(translations(language)) == list(translations(CHINESE[0]))
    for text, words in translations(language).items():
        places = [(name, kind) for _, name, kind, _ in string.Formatter().parse(words) if name is not None]
        named = [int(name) if name else number for number, (name, _) in enumerate(places)]
        assert sorted(named) == list(range(text.count("{}"))), text
        assert {kind for _, kind in places} <= {"", *KINDS}, text
    keys = catalog(language)
    assert all(any(key.startswith(start) for key in keys) for starts in KINDS.values() for start in starts)


def test_traditional_chinese_is_no_simplified_one():
    simplified = set("当个为这请网数据务户线门间闭阀压费报转办复应时级统单关录编导与从写标区围险")
    assert not simplified & set(" ".join(translations("zh-Hant").values()))


def test_texts_are_told_with_their_values_and_other_texts_as_they_are():
    assert told_text("'R1' stood in row 2 already, with other values", "zh-Hans") == "“R1”在第 2 行已出现，其他列不同"
    assert told_text("'R1' is no known customer", "zh-Hant") == "「R1」不是已知的用戶"
    assert told_text("use one of leak, burst", "en") == "use one of leak, burst"
    assert told_text("nobody wrote this", "zh-Hans") == "nobody wrote this"
    assert told_text("50% {of} it {} 'is", "zh-Hans") == "50% {of} it {} 'is"


def test_roles_actions_and_statuses_are_told_in_the_words_of_the_screens():
    refused = AccessError("grid_leader may not verify W1; ask dispatcher or crew")
    assert told(refused, "zh-Hans") == "网格长不能执行“验收”（W1）；请由调度员或维修队处理"
    steps = "dispatch by D1 at 2026-11-20T08:00:00+08:00; accept by U1 at 2026-11-20T08:10:00+08:00"
    moved = ConflictError(f"W1 has 3 steps, you saw 1: {steps}; it is accepted now; look again")
    assert told(AccessError("K1 did M1; somebody else must check it"), "zh-Hans") == "M1 由 K1 完成；须由他人验收"
    assert told_text("give the code of the unit", "zh-Hans") == "请填写单位编号"
    assert told_text("what may follow is nothing", "zh-Hant") == "現在可以執行：無"
    assert told(moved, "zh-Hans") == (
        "W1 现有 3 步，您看到 1 步；新增：“派单”（D1，2026-11-20T08:00:00+08:00）；"
        "“受理”（U1，2026-11-20T08:10:00+08:00）；现为“已受理”，请刷新后再试"
    )


def test_an_error_is_told_with_its_place():
    wrong = InputError("is empty", todo="a value must stand here: a time", file="热线.csv", row=3, field="reported_at")
    assert told(wrong, "zh-Hans") == "热线.csv，第 3 行，接报时间：为空；此项必填：时间"
    assert told(wrong, "en") == str(wrong)
    assert told(InputError("found None", todo="give a number", field="value"), "zh-Hant") == "值：內容為空；請填寫數字"
    full = StoreError("city.gpkg: the disk is full; nothing was written, free some space and try again")
    assert told(full, "zh-Hans") == "city.gpkg：磁盘已满，未写入任何内容；请腾出空间后重试"
