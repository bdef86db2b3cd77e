"""What a person decides about a proposal, checked against the range that the rules name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gisapp.errors import AccessError, InputError
from gisapp.incidents import Actor
from gisapp.rules import IncidentRules
from gisapp.rules.roles import role_rules
from gisapp.tables import VERDICTS


def deciders() -> tuple[str, ...]:
    """Return who may decide: the roles with the right ``a`` over assessments (``gisapp/rules/roles.csv``).

    Those who propose, supervision and the dispatch centre (water service rules Art. 6), are not among them.
    """
    return tuple(name for name, rule in role_rules().items() if "a" in rule.rights["assessment"])


def decision(
    proposal: Mapping[str, Any],
    verdict: str,
    by: Actor,
    rules: IncidentRules,
    *,
    amount: float | None = None,
    base: float | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """Return the row of ``decisions`` that a person's verdict about a proposal makes.

    Parameters
    ----------
    proposal
        A row of :func:`gisapp.reports.proposals.proposals` or of :func:`merit`.
    verdict
        ``confirmed`` or ``dismissed``.
    by
        The person, by code, as one of :func:`deciders`.
    rules
        Those of the day of the proposal.
    amount
        In yuan; the least of the range when absent.
    base
        The sum of which the rules name a share: a cost, what was recovered.
    note
        A reason: for what is dismissed, and for a sum out of the range.

    Raises
    ------
    AccessError
        When the role may not decide, or the person is whom it concerns.
    InputError
        When a reason or a base is lacking, or the person is not named.
    """
    if verdict not in VERDICTS:
        raise InputError(f"found {verdict!r}", todo=f"use one of {', '.join(VERDICTS)}", field="verdict")
    if not by.code.strip():
        raise InputError("nobody is named", todo="give the code of the person who decides", field="actor")
    if by.role not in deciders():
        raise AccessError(f"{by.role} may not decide about proposals; ask {' or '.join(deciders())}")
    if by.code in (proposal.get("person"), proposal.get("unit_code")):
        raise AccessError(f"{by.code} is whom {proposal['proposal']} concerns; somebody else must decide")
    reason = (note or "").strip()
    least, most = _range(proposal, rules, base)
    amount = least if amount is None and verdict == "confirmed" else amount
    if verdict == "dismissed" and (not reason or amount is not None):
        raise InputError("is dismissed without a reason", todo="say why in the note, and give no sum", field="note")
    if amount is not None and least is not None and most is not None and not least <= amount <= most and not reason:
        found = f"{amount:g} yuan is out of {least:g} to {most:g}"
        raise InputError(found, todo="give a sum of the range, or a reason in the note", field="amount")
    subject = proposal.get("person") if proposal.get("whom") == "person" else proposal.get("unit_code")
    return {
        "proposal": proposal["proposal"], "finding": proposal["finding"], "verdict": verdict, "decided_by": by.code,
        "role": by.role, "subject": subject, "amount": amount, "base": base, "article": proposal.get("article"),
        "note": note,
    }  # fmt: skip


def merit(what: str, whom: str, subject: str, rules: IncidentRules, *, number: str) -> dict[str, Any]:
    """Return the proposal of a merit that a person records (water service rules Art. 29).

    Parameters
    ----------
    what, whom
        Whose praise it was, and for whom: as the rows ``penalty`` with the finding ``merit`` say.
    subject
        Code of the unit or person.
    number
        What tells this merit from others of the same: a date, the number of a letter.
    """
    row = next((one for one in rules.penalty if one.fits("merit", what) and one.whom in (whom, "")), None)
    if row is None or not row.what:
        known = dict.fromkeys(f"{one.what}/{one.whom or 'unit'}" for one in rules.penalty if one.finding == "merit")
        raise InputError(f"no rule rewards {what}/{whom}", todo=f"use one of {', '.join(known)}", field="what")
    least, most = row.range_of()
    made = {"proposal": f"merit:{what}:{subject}:{number}", "finding": "merit", "what": what, "whom": whom}
    name = "person" if whom == "person" else "unit_code"
    return made | {name: subject, "least": least, "most": most, "article": row.article}


def _range(proposal: Mapping[str, Any], rules: IncidentRules, base: float | None) -> tuple[float | None, float | None]:
    """Return the range of a proposal; of shares from the base, which must then be given."""
    plain = tuple(None if pd.isna(value) else float(value) for value in (proposal.get("least"), proposal.get("most")))
    rows = (one for one in rules.penalty if one.fits(proposal["finding"], str(proposal.get("what"))))
    row = next((one for one in rows if one.article == proposal.get("article")), None)
    if row is None or row.least_share is None:
        return plain[0], plain[1]
    if base is None:
        todo = "give the sum of which it is a share"
        raise InputError(f"{proposal['finding']} is a share of a sum", todo=todo, field="base")
    return row.range_of(base)
