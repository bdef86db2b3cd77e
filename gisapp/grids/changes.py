"""What an edit did to a plan, exactly, so that it can be undone, redone and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from gisapp.errors import InputError
from gisapp.grids.plans import Named, Plan, Rows


@dataclass(frozen=True)
class Change:
    """One edit.

    Attributes
    ----------
    kind
        ``assign``, ``split``, ``merge``, ``draw``, ``drag``, ``enclave``, ``proposal``, ``name``.
    before, after
        The units that it touched, as they stood and as they stand.
    named
        Grids that it added, with their names.
    whole
        Units that it crossed and did not cut, by the sliver rule or a lock.
    violations
        What a planner must look at: grids in parts that are declared so.
    was
        Grids that the plan knew already and that ``named`` calls anew, as they were called.
    """

    kind: str
    before: Rows
    after: Rows
    named: Mapping[str, Named] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    was: Mapping[str, Named] = field(default_factory=dict)

    @property
    def grids(self) -> list[str]:
        """Codes of the grids whose polygon, units or name changed."""
        was = dict(zip(self.before.unit, self.before.grid, strict=True))
        moved = {
            code
            for unit, grid in zip(self.after.unit, self.after.grid, strict=True)
            if was.get(unit) != grid
            for code in (grid, was.get(unit, grid))
        }
        gone = set(self.before.unit) - set(self.after.unit)
        return sorted(moved | {was[unit] for unit in gone} | set(self.was))

    def done(self, plan: Plan) -> Plan:
        """Return the plan after this change."""
        return plan.changed(self.before, self.after, named={**plan.named, **self.named})

    def undone(self, plan: Plan) -> Plan:
        """Return the plan before this change, from the one after it."""
        named = {code: value for code, value in plan.named.items() if code not in self.named}
        return plan.changed(self.after, self.before, named={**named, **self.was})

    def as_text(self) -> str:
        """Return the change as JSON, every coordinate to the last bit."""
        kept = {
            "kind": self.kind,
            "before": _written(self.before),
            "after": _written(self.after),
            "named": {code: list(value) for code, value in self.named.items()},
            "whole": list(self.whole),
            "violations": list(self.violations),
        }
        if self.was:
            kept["was"] = {code: list(value) for code, value in self.was.items()}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def change_of(text: str) -> Change:
    """Return a change from its text."""
    kept = json.loads(text)
    return Change(
        kept["kind"],
        _read(kept["before"]),
        _read(kept["after"]),
        {code: Named(*value) for code, value in kept["named"].items()},
        tuple(kept["whole"]),
        tuple(kept["violations"]),
        {code: Named(*value) for code, value in kept.get("was", {}).items()},
    )


def _written(rows: Rows) -> list[list[Any]]:
    wkb = [None if shape is None else shapely.to_wkb(shape, hex=True) for shape in rows.shape]
    return [list(row) for row in zip(rows.unit, rows.root, rows.grid, wkb, strict=True)]


def _read(rows: list[list[Any]]) -> Rows:
    columns = []
    for at in range(4):
        column = np.empty(len(rows), dtype=object)
        column[:] = [row[at] for row in rows]
        columns.append(column)
    return Rows(columns[0], columns[1], columns[2], shapely.from_wkb(columns[3]) if len(rows) else columns[3])


@dataclass(frozen=True)
class History:
    """A plan with what was done to it since it began, and what was undone and may be done again."""

    plan: Plan
    done: tuple[Change, ...] = ()
    undone: tuple[Change, ...] = ()

    def add(self, change: Change) -> History:
        """Return the history with one more change; what was undone is given up."""
        return History(change.done(self.plan), (*self.done, change))

    def undo(self) -> History:
        """Return the history one step back.

        Raises
        ------
        InputError
            When nothing is left to undo.
        """
        if not self.done:
            raise InputError("nothing is left to undo", todo="this is the plan as it began")
        last = self.done[-1]
        return History(last.undone(self.plan), self.done[:-1], (last, *self.undone))

    def redo(self) -> History:
        """Return the history one step on again.

        Raises
        ------
        InputError
            When nothing was undone.
        """
        if not self.undone:
            raise InputError("nothing was undone", todo="go on editing")
        return History(self.undone[0].done(self.plan), (*self.done, self.undone[0]), self.undone[1:])
