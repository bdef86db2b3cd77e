"""The documents tell the truth: commands exist, links lead somewhere, sizes are kept."""

import re
import shlex
from pathlib import Path

import pytest

from dashboards.__main__ import parser

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "data/*.md") for path in ROOT.glob(pattern) if path.is_file()
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def commands():
    names = "|".join(parser()._subparsers._group_actions[0].choices)
    for path in DOCUMENTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.search(rf"gisapp (?:{names}) [^`#|]*", line)
            if found and "--" in found.group() and "…" not in line and not re.search(r"\b(KIND|FILE)\b", found.group()):
                yield pytest.param(found.group().strip().rstrip("."), id=f"{path.stem}: {found.group()[:60].strip()}")


@pytest.mark.parametrize("line", list(commands()))
def test_every_command_in_the_documents_is_understood(line):
    parser().parse_args(shlex.split(line)[1:])


def test_the_architecture_fits_on_two_pages():
    words = len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split())
    assert words < 1000


def test_make_targets_named_in_the_documents_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for path in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z]+)`", path.read_text(encoding="utf-8")))
        assert named <= targets, path.name
