"""The data dictionary as text."""

from __future__ import annotations

from gisapp.tables.column import Column
from gisapp.tables.every import TABLES


def dictionary() -> str:
    """Return the data dictionary as Markdown: what ``data/README.md`` holds below its introduction."""
    lines: list[str] = []
    for table in TABLES.values():
        shape = table.geometry.capitalize() if table.geometry else "no geometry"
        lines += ["", f"## {table.name}", "", f"{table.about}. Key: {', '.join(table.key)}; {shape}.", ""]
        lines += ["| column | kind | must stand | unit | personal | choices, notes |", "|---|---|---|---|---|---|"]
        lines += [_row(column) for column in table.columns]
    return "\n".join(lines).lstrip("\n") + "\n"


def _row(column: Column) -> str:
    notes = "; ".join(part for part in (", ".join(column.choices), column.about) if part)
    marks = ("yes" if flag else "" for flag in (column.required, column.personal))
    required, personal = marks
    return f"| {column.name} | {column.kind} | {required} | {column.unit} | {personal} | {notes} |"
