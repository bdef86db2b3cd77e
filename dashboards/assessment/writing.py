"""What is written: who decided what about a proposal, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gisapp.errors import InputError
from gisapp.incidents import Actor
from gisapp.reports.deciding import deciders, decision
from gisapp.store import Store


def decide(done: Mapping[str, Any], found: pd.DataFrame | None, store: Store, *, who: str, roles: Sequence[str]) -> int:
    """Write a decision about one of the proposals that were found; return its number.

    Parameters
    ----------
    done
        ``proposal`` and ``verdict``, with ``amount``, ``base`` and ``note`` as they were written.
    who, roles
        The person who decides, and as what they may.

    Raises
    ------
    AccessError
        When none of the roles may decide, or the person is whom it concerns.
    InputError
        When there is no such proposal, or a sum or reason is lacking.
    """
    mine = pd.DataFrame() if found is None else found[found["proposal"] == str(done["proposal"])]
    if mine.empty:
        raise InputError(f"there is no proposal {done['proposal']!r}", todo="choose one of the list", field="proposal")
    row = {str(name): None if pd.isna(value) else value for name, value in mine.iloc[0].to_dict().items()}
    role = next((one for one in deciders() if one in roles), roles[0] if roles else "")
    told: dict[str, Any] = {name: _sum(done, name) for name in ("amount", "base")}
    note = str(done.get("note") or "").strip() or None
    made = decision(
        row, str(done["verdict"]), Actor(who, role), store.rule_book.at(mine.iloc[0]["at"]), note=note, **told
    )
    return store.decide(made)


def _sum(done: Mapping[str, Any], name: str) -> float | None:
    """Return a sum in yuan, None where none was written."""
    said = str(done.get(name) or "").strip()
    if not said:
        return None
    try:
        return float(said)
    except ValueError:
        raise InputError(f"found {said!r}", todo="write a sum in yuan", field=name) from None
