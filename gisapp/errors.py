"""What can go wrong, as a tree.

GisappError                 anything this package raises on purpose
├── InputError              a file, form or argument is not usable: says where, what was found, what to do
│   └── RefusedEdit         an edit of a boundary plan that may not stand; the plan is as it was
├── CrsError                metres are needed and the coordinates are not in metres, or the frame is unknown
├── StoreError              the store cannot be opened, or is newer than the program
│   ├── ConflictError       someone else changed the row since it was read
│   └── UnavailableError    the store cannot do it for now: it is away, locked, busy, full, or read-only
├── AccessError             the person may not do this
└── Interrupted             the person stopped a long task; nothing was written
"""

from __future__ import annotations


class GisappError(Exception):
    """The root: its message names the thing, what was found and what to do."""


class InputError(GisappError):
    """A file, form or argument that cannot be used.

    Parameters
    ----------
    found
        What stands there, in plain words.
    todo
        What the person can do about it.
    file, row, field
        Where it stands; ``row`` counts data rows from 1, as a spreadsheet's reader would.
    """

    def __init__(
        self,
        found: str,
        *,
        todo: str,
        file: str | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        self.found, self.todo, self.file, self.row, self.field = found, todo, file, row, field
        place = [file] if file else []
        place += [f"row {row}"] if row is not None else []
        place += [f"field {field}"] if field else []
        where = ", ".join(place)
        super().__init__(f"{where}: {found}; {todo}" if where else f"{found}; {todo}")


class RefusedEdit(InputError):
    """An edit of a boundary plan that may not stand; the plan is as it was.

    Parameters
    ----------
    kind
        Why: a screen has its words under ``planner.refused_<kind>``.
    values
        What those words name.
    """

    def __init__(self, kind: str, found: str, *, todo: str, field: str | None = None, **values: object) -> None:
        self.kind, self.values = kind, values
        super().__init__(found, todo=todo, field=field)


class CrsError(GisappError):
    """Coordinates that are not in metres, or whose frame is not known."""


class StoreError(GisappError):
    """A store that cannot be opened, is busy, is newer than the program, or is full."""


class UnavailableError(StoreError):
    """A store that cannot do it for now; the same may go well later.

    Parameters
    ----------
    why
        In one word: missing, replaced, locked, full, read-only, busy (others of this program are waiting), or unknown
        (it went away while it was writing, and whether that was written is not known).
    words
        What is the matter, whether something was written, and what to do.
    place
        Which store it is.
    """

    def __init__(self, why: str, words: str, *, place: str) -> None:
        self.why, self.words, self.place = why, words, place
        super().__init__(f"{place}: {words}")


class ConflictError(StoreError):
    """A row that someone else changed since it was read."""


class AccessError(GisappError):
    """A person without the permission that this needs."""


class Interrupted(GisappError):
    """A long task stopped by a person; nothing of it was written."""
