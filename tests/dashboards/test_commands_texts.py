import re

import pytest
import riverside
from docx import Document

from dashboards.__main__ import main


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with riverside.store(tmp_path_factory.mktemp("texts") / "river.gpkg") as store:
        yield store, riverside.emergency(store)


def run(kept, *words):
    store, code = kept
    return main(["notice", "--store", str(store.address), "--shutoff", code, *words])


def test_notice_prints_a_draft_then_what_was_released(kept, capsys, tmp_path):
    assert run(kept, "--hotline", "96510") == 0
    told = capsys.readouterr()
    assert "紧急停水通知" in told.out
    assert "草稿，尚未发布" in told.out
    assert "places to fill in" in told.err
    store, code = kept
    given = {
        "shutoff_code": code,
        "kind": "shutoff_notice",
        "language": "en",
        "title": "Water is off",
        "body": "- Now.",
    }
    store.operations.release(given, "E01")
    assert run(kept, "--lang", "en", "--format", "docx", "-o", str(tmp_path / "n.docx")) == 0
    document = Document(str(tmp_path / "n.docx"))
    assert document.paragraphs[0].text == "Water is off"
    assert "Revision 1, released" in document.sections[0].header.paragraphs[0].text
    assert run(kept, "--lang", "en", "--draft") == 0
    assert "Notice of emergency water shutoff" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["report", "posting", "sms", "fire"])
def test_every_kind_is_printed(kept, capsys, kind):
    assert run(kept, "--kind", kind, "--lang", "zh-Hant") == 0
    assert '<html lang="zh-Hant">' in capsys.readouterr().out


def test_an_unknown_operation_and_a_docx_without_a_file_are_told_plainly(kept, capsys):
    store, _ = kept
    assert main(["notice", "--store", str(store.address), "--shutoff", "S0"]) == 2
    assert "there is no shutoff operation 'S0'" in capsys.readouterr().err
    assert run(kept, "--format", "docx") == 2
    assert "name one that ends in .docx" in capsys.readouterr().err


def test_pack_writes_a_page_that_can_be_checked(kept, capsys, tmp_path):
    store, code = kept
    page = tmp_path / "pack.html"
    given = ["pack", "--store", str(store.address), "--shutoff", code, "--lang", "en", "-o", str(page)]
    assert main(given) == 0
    assert "MB" in capsys.readouterr().err
    assert main(["pack", "--check", str(page)]) == 0
    page.write_bytes(page.read_bytes().replace(b"DN300", b"DN200", 1))
    assert main(["pack", "--check", str(page)]) == 1
    assert "changed since it was made" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "field store: is missing"),
        (("--check", "nowhere.html"), "nowhere.html: cannot be read"),
    ],
)
def test_pack_says_what_it_lacks(capsys, words, said):
    assert main(["pack", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_text_is_filled_in_and_released_and_nothing_with_a_blank_is(kept, capsys, tmp_path):
    file = tmp_path / "report.txt"
    assert run(kept, "--kind", "report", "--format", "txt", "-o", str(file)) == 0
    assert run(kept, "--kind", "report", "--release", str(file)) == 2
    assert "still holds [待填写]" in capsys.readouterr().err
    file.write_text(re.sub(r"\[[^]]*\]", "无", file.read_text(encoding="utf-8")), encoding="utf-8")
    assert run(kept, "--kind", "report", "--release", str(file)) == 0
    assert "released as revision 1" in capsys.readouterr().err
    assert run(kept, "--kind", "report") == 0
    assert "<td>人员伤亡</td><td>无</td>" in capsys.readouterr().out
    file.write_text("\n", encoding="utf-8")
    assert run(kept, "--kind", "report", "--release", str(file)) == 2
    assert "holds no text" in capsys.readouterr().err
