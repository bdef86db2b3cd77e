"""The lives of incidents as one table: from which status which action leads where, and whose action it is.

The states of repairs follow grid rules IV(1), complaints IV(3), patrol findings IV(2), leak points water service rules
Art. 15(6) and 35(6), business at the hall the power hall rules III.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ROLES = (
    "customer_service", "dispatcher", "unit", "crew", "grid_leader", "grid_member", "discipline", "supervision",
    "system",
)  # fmt: skip
"""Who acts; ``unit`` is whoever accepts for the responsible unit, ``system`` the program that brings in files."""


@dataclass(frozen=True)
class Move:
    """One row of the table: an action that leads from a status to the next, and the roles that may take it."""

    life: str
    status: str
    action: str
    to: str
    roles: tuple[str, ...]


_TABLE = """
repair      registered        dispatch          dispatched        dispatcher
repair      registered        merge             merged            dispatcher
repair      registered        reject            rejected          dispatcher
repair      registered        cancel            cancelled         dispatcher
repair      dispatched        accept            accepted          unit
repair      dispatched        request_return    return_requested  unit
repair      return_requested  grant_return      dispatched        dispatcher
repair      return_requested  refuse_return     accepted          dispatcher
repair      accepted          assign            assigned          unit,crew,grid_leader
repair      accepted          arrive            on_site           crew
repair      assigned          arrive            on_site           crew
repair      on_site           repair            repairing         crew
repair      on_site           stop_water        controlled        crew
repair      on_site           request_return    return_requested  unit,crew
repair      controlled        repair            repairing         crew
repair      repairing         finish_repair     repaired          crew
repair      repairing         hold              on_hold           dispatcher
repair      on_hold           resume            repairing         crew,dispatcher
repair      repaired          confirm           confirmed         grid_member
repair      repaired          repair            repairing         crew
repair      confirmed         reply             replied           unit
repair      replied           close             closed            unit,dispatcher
repair      closed            call_back         called_back       customer_service
repair      called_back       archive           archived          grid_leader
repair      called_back       reopen            reopened          dispatcher
repair      reopened          dispatch          dispatched        dispatcher
repair      merged            reply             merged            unit,customer_service
repair      merged            call_back         merged            customer_service
repair      merged            unmerge           registered        dispatcher

complaint   registered        refer             to_leader         customer_service,dispatcher
complaint   registered        merge             merged            dispatcher
complaint   registered        reject            rejected          dispatcher
complaint   registered        cancel            cancelled         dispatcher
complaint   to_leader         contact           contacted         grid_leader,unit,discipline
complaint   contacted         investigate       investigating     grid_leader,unit,discipline
complaint   investigating     set_solution      solution_set      grid_leader,unit,discipline
complaint   solution_set      handle            handling          unit,crew,grid_member,discipline
complaint   handling          feed_back         fed_back          unit,grid_leader,discipline
complaint   fed_back          evaluate          evaluated         grid_leader,discipline
complaint   evaluated         call_back         called_back       customer_service
complaint   evaluated         handle            handling          grid_leader,discipline
complaint   called_back       close             closed            grid_leader,unit,discipline
complaint   called_back       handle            handling          grid_leader,dispatcher,discipline
complaint   merged            reply             merged            unit,customer_service
complaint   merged            call_back         merged            customer_service
complaint   merged            unmerge           registered        dispatcher

finding     reported          grade             graded            grid_leader
finding     reported          merge             merged            dispatcher
finding     reported          reject            rejected          grid_leader,dispatcher
finding     reported          cancel            cancelled         grid_leader,dispatcher
finding     graded            order             ordered           grid_leader
finding     graded            report_up         reported_up       grid_leader
finding     reported_up       order             ordered           grid_leader,dispatcher
finding     ordered           finish_repair     repaired          crew,unit
finding     repaired          verify            verified          grid_member
finding     repaired          order             ordered           grid_member,grid_leader
finding     verified          close             closed            grid_leader
finding     merged            unmerge           reported          dispatcher

leak_point  suspected         locate            located           unit
leak_point  suspected         reject            rejected          unit,dispatcher
leak_point  suspected         merge             merged            dispatcher
leak_point  located           confirm_leak      confirmed         unit
leak_point  located           reject            rejected          unit,dispatcher
leak_point  confirmed         finish_repair     repaired          crew,unit
leak_point  repaired          watch             watch             unit
leak_point  watch             find_quiet        quiet             unit
leak_point  watch             find_recurred     recurred          unit,dispatcher
leak_point  merged            unmerge           suspected         dispatcher

business    registered        accept            accepted          unit
business    registered        reject            rejected          unit
business    registered        cancel            cancelled         unit,customer_service
business    accepted          handle            handling          unit
business    handling          reply             replied           unit
business    replied           close             closed            unit
business    closed            call_back         called_back       customer_service
business    called_back       archive           archived          unit,grid_leader
business    called_back       handle            handling          unit
"""
MOVES: tuple[Move, ...] = tuple(
    Move(life, status, action, to, tuple(roles.split(",")))
    for life, status, action, to, roles in (line.split() for line in _TABLE.splitlines() if line)
)
"""The table; the usual action of a status stands first."""

FIRST_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "repair": "registered",
        "complaint": "registered",
        "finding": "reported",
        "leak_point": "suspected",
        "business": "registered",
    }
)
NO_WORK = ("merged", "cancelled", "rejected")
"""Where an incident ends without work of its own."""

_FACTS = """
remark              *                             *
transfer            repair,complaint,business     customer_service,unit,grid_leader,dispatcher
set_level           *                             dispatcher
mark                *                             dispatcher,unit,crew
unmark              *                             dispatcher
set_cause           *                             crew,unit,grid_member
request_extension   repair,complaint,business     unit,crew
grant_extension     repair,complaint,business     dispatcher
refuse_extension    repair,complaint,business     dispatcher
report_failure      repair,complaint,business     unit
give_feedback       *                             unit
escalate            *                             dispatcher,grid_leader,unit
replace_meter       repair                        unit,crew
attend              repair                        unit,crew,grid_member
name_missing        business                      unit
promise             business                      unit
answer              business                      unit
survey              business                      unit
hand_over_design    business                      unit
"""
FACTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        action: (
            tuple(FIRST_STATUS) if lives == "*" else tuple(lives.split(",")),
            ROLES if roles == "*" else tuple(roles.split(",")),
        )
        for action, lives, roles in (line.split() for line in _FACTS.splitlines() if line)
    }
)
"""Facts that may be recorded in any status before the end: the lives in which, and the roles that may."""

SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "dispatch": "code of the unit",
        "grant_return": "code of the other unit",
        "refer": "code of the unit whose head or leader takes it",
        "order": "code of the unit",
        "transfer": "code of the unit or person that takes it over",
        "assign": "code of the crew or person",
        "merge": "code of the incident that it repeats",
        "find_recurred": "code of the later incident",
        "report_up": "code of the person or unit told",
        "escalate": "code of the person or unit told",
        "replace_meter": "number of the new meter",
        "attend": "party that was there",
        "mark": "mark",
        "unmark": "mark",
    }
)
"""Actions that concern someone or something, and what their subject is."""

PARTIES = ("meter_reader", "customer", "replacer")
"""Who is there when a meter is replaced (water service rules Art. 25)."""
CALLBACKS = ("satisfied", "unreachable", "dissatisfied")
GRADES = ("ordinary", "major")
VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "call_back": CALLBACKS,
        "evaluate": CALLBACKS[::2],
        "grade": GRADES,
        "set_level": (),
        "set_cause": (),
        "replace_meter": (),
    }
)
"""Actions that say something in one word, and which words there are; without any it may be any."""
MOMENT_VALUES = ("request_extension", "promise")
"""Actions whose value is a moment with its offset."""

REASONS = (
    "reject", "cancel", "request_return", "refuse_return", "hold", "reopen", "unmerge", "transfer", "set_level",
    "request_extension", "refuse_extension", "report_failure", "remark", "give_feedback", "arrive", "set_solution",
    "name_missing",
)  # fmt: skip
"""Actions that demand words: a reason, or what was found (on site), decided (a solution) or is missing (papers)."""

MOMENTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "repair": {
            "dispatched": "dispatched_at", "accepted": "accepted_at", "on_site": "arrived_at",
            "controlled": "water_stopped_at", "repaired": "repaired_at", "replied": "replied_at", "closed": "closed_at",
        },
        "complaint": {
            "to_leader": "transferred_to_leader_at", "contacted": "first_contact_at", "fed_back": "replied_at",
            "closed": "closed_at",
        },
        "finding": {"ordered": "dispatched_at", "repaired": "repaired_at", "closed": "closed_at"},
        "leak_point": {"repaired": "repaired_at", "quiet": "closed_at", "recurred": "closed_at"},
        "business": {"accepted": "accepted_at", "replied": "replied_at", "closed": "closed_at"},
    }
)  # fmt: skip
"""For every life the moment that coming to a status fixes."""
FACT_MOMENTS: Mapping[str, str] = MappingProxyType(
    {"answer": "answered_at", "survey": "surveyed_at", "hand_over_design": "design_done_at"}
)
"""The moment that a fact fixes, when it is told first."""
LAST_COUNTS = ("repaired_at", "replied_at", "closed_at")
"""Moments of which the last counts: what had to be done again was not done. Of all others it is the first."""


def moves_from(life: str, status: str) -> Mapping[str, Move]:
    """Return the actions that may follow a status, by their name, the usual one first."""
    return _BY_STATUS.get((life, status), {})


def statuses_of(life: str) -> frozenset[str]:
    """Return every status that a life knows."""
    return _STATUSES[life]


_BY_STATUS: dict[tuple[str, str], dict[str, Move]] = {}
for _move in MOVES:
    _BY_STATUS.setdefault((_move.life, _move.status), {})[_move.action] = _move
_STATUSES = {
    life: frozenset({move.status for move in MOVES if move.life == life} | {m.to for m in MOVES if m.life == life})
    for life in FIRST_STATUS
}
