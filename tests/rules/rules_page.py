"""Which tests show which rule, by the ids in their names and docstrings; run it to write ``docs/rules.md`` again."""

import ast
import re
from pathlib import Path

from gisapp.rules.requirements import rules_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "rules.md"
_ID = re.compile(r"\b[WGP]\d+(?:\.\d+)+\b")


def shown_rules():
    """Return by the id of a rule the tests that name it: file and name, in the order of the files."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if not _ID.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for rule in dict.fromkeys(_ID.findall(ast.get_docstring(node) or "")):
                    found.setdefault(rule, []).append((path.relative_to(ROOT).as_posix(), node.name))
    return found


if __name__ == "__main__":
    PAGE.write_text(rules_page(shown_rules()), encoding="utf-8")
