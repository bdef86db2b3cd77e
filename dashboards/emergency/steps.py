"""The steps that may follow: the usual one large, the others beside it; a reason is asked where it is demanded."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.emergency.parts import Field, deed
from dashboards.emergency.standing import Standing
from gisapp.operations import Operation, allowed, wants_reason
from gisapp.operations.lifecycle import DECISIONS
from gisapp.words import utility_word, word


def next_steps(standing: Standing, spoken: str) -> list[Component]:
    """Return a button for every transition that may follow."""
    operation = standing.operation
    if operation is None:
        return []
    moves = allowed(operation)
    made = [_move(action, operation, spoken, main=place == 0) for place, action in enumerate(moves)]
    return [button for button in made if button is not None]


def _move(action: str, operation: Operation, spoken: str, *, main: bool) -> Component | None:
    """Return the button of one transition; what ends or stops the work never looks like the usual step."""
    words = utility_word(f"operation.action.{action}", operation.utility, spoken)
    done = {"do": "step", "code": operation.code, "action": action, "seen": operation.status}
    reason = Field("note", word("emergency.field_why", spoken), "area", required=True)
    look = "bad" if action in ("cancel", "refuse") else "main" if main else ""
    return deed(
        words,
        done,
        needs=Permission.SHUTOFF_DECIDE if action in DECISIONS else Permission.SHUTOFF_RECORD,
        ask=[reason] if wants_reason(operation, action) else [],
        look=look,
        title=f"{words} · {operation.code}",
    )
