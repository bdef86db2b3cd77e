"""The life of each incident from report to archive, as far as it got by the city's last day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisapp.demo.frames import framed, kept, moment
from gisapp.demo.people import DISPATCH
from gisapp.demo.seasons import TYPE_NAMES
from gisapp.demo.sizes import NOW
from gisapp.incidents import MOVES

# The states of a repair, and the median wait for each in minutes after the one before. The other lives pass through
# some of these moments under names of their own.
STAGES = (
    ("registered", 0.0),
    ("dispatched", 5.0),
    ("accepted", 8.0),
    ("assigned", 4.0),
    ("on_site", 24.0),
    ("controlled", 35.0),
    ("repairing", 12.0),
    ("repaired", 240.0),
    ("confirmed", 40.0),
    ("replied", 60.0),
    ("closed", 45.0),
    ("called_back", 900.0),
    ("archived", 600.0),
)
LIFE_NAMES = ("repair", "complaint", "finding")
_LIFE_OF = {"complaint": 1, "patrol_finding": 2}
_NAMES = np.array([
    [name for name, _ in STAGES],
    ["registered", "to_leader", "", "", "contacted", "", "investigating", "solution_set", "handling", "fed_back",
     "evaluated", "called_back", "closed"],
    ["reported", "graded", "reported_up", "ordered", "", "", "", "repaired", "verified", "", "closed", "", ""],
], dtype=object)  # fmt: skip
_CONTROL, _UP = 5, 2
_MOMENTS = {  # the stage that fixes a moment, for each life; -1 none
    "dispatched": (1, -1, 3),
    "accepted": (2, -1, -1),
    "arrived": (4, -1, -1),
    "repaired": (7, -1, 7),
    "closed": (10, 12, 10),
}
_MOVES = {(move.life, move.status, move.to): move for move in MOVES}
_WORDS = {"arrive": "到场核实", "hold": "等待配件", "cancel": "用户撤销", "reject": "来电所述不归供水管",
          "set_solution": "已查明原因并制定方案", "lesson": "列入班组学习"}  # fmt: skip
_ENDS = np.array(["merged", "cancelled", "rejected"], dtype=object)
# Type: hours of repair, and by how much it is slower to the site than a leak.
_REPAIR_H = {"leak": 5.0, "burst": 9.0, "no_supply": 3.0, "low_pressure": 20.0, "quality": 8.0, "meter_fault": 9.0,
             "meter_well_leak": 5.0, "cover": 5.0, "power_outage": 2.0, "no_heat": 12.0, "gas_leak": 1.5,
             "complaint": 30.0, "patrol_finding": 40.0, "other": 3.0}  # fmt: skip
_SLOW = {
    "low_pressure": 8.0,
    "meter_fault": 10.0,
    "complaint": 14.0,
    "patrol_finding": 16.0,
    "other": 5.0,
    "no_heat": 4.0,
}


@dataclass(frozen=True)
class Lives:
    """For each incident the moment it reached each stage (NaT: skipped or not yet) and its present state.

    ``ended`` is 0 merged, 1 cancelled, 2 rejected, -1 an ordinary life; ``life`` a row of :data:`LIFE_NAMES`.
    """

    at: np.ndarray
    status: np.ndarray
    ended: np.ndarray
    life: np.ndarray


@dataclass(frozen=True)
class Hands:
    """Who handles each incident: unit, crew, grid member, and the grid's leader at the report and at the end."""

    unit: np.ndarray
    crew: np.ndarray
    member: np.ndarray
    leader: np.ndarray
    last_leader: np.ndarray
    duplicate_of: np.ndarray


def make_lives(reported: np.ndarray, kind: np.ndarray, merged: np.ndarray, rng: np.random.Generator) -> Lives:
    """Return the lives of incidents reported at those moments; ``merged`` marks repeated reports."""
    count = len(reported)
    repair = np.array([_REPAIR_H[name] for name in TYPE_NAMES])[kind]
    slow = np.array([_SLOW.get(name, 1.0) for name in TYPE_NAMES])[kind]
    minutes = np.array([wait for _, wait in STAGES])[None, :] * rng.lognormal(0, 0.62, (count, len(STAGES)))
    minutes[:, 4] *= slow
    minutes[:, 7] *= repair / 4.0
    # A few wait for weeks, for parts or for leave to dig.
    stuck = rng.random(count) < 0.03
    minutes[stuck, 7] *= rng.uniform(20, 250, int(stuck.sum()))
    control = kind == TYPE_NAMES.index("burst")
    minutes[~control, _CONTROL] = 0
    passed = np.round(np.cumsum(minutes, axis=1) * 60_000).astype("timedelta64[ms]")
    at = reported.astype("datetime64[ms]")[:, None] + passed
    at[~control, _CONTROL] = np.datetime64("NaT")
    draw = rng.random(count)
    ended = np.select([merged, draw < 0.008, draw < 0.014], [0, 1, 2], -1)
    at[ended >= 0, 2:] = np.datetime64("NaT")
    life = np.array([_LIFE_OF.get(name, 0) for name in TYPE_NAMES])[kind]
    at[_NAMES[life] == ""] = np.datetime64("NaT")
    at[(life == 2) & (draw < 0.88), _UP] = np.datetime64("NaT")  # only major findings are reported upward
    at[at > moment(NOW)] = np.datetime64("NaT")
    reached = len(STAGES) - 1 - np.argmax(~np.isnat(at[:, ::-1]), axis=1)
    status = _NAMES[life, reached]
    over = (ended >= 0) & ~np.isnat(at[:, 1])
    status = np.where(over, _ENDS[np.maximum(ended, 0)], status)
    waiting = (status == "repairing") & (rng.random(count) < np.where(stuck, 0.4, 0.03))
    return Lives(at, np.where(waiting, "on_hold", status), ended, life)


def life_columns(lives: Lives) -> dict[str, np.ndarray]:
    """Return the columns of ``incidents`` that lives decide; an ended one was never dispatched."""
    at = lives.at.copy()
    at[lives.ended >= 0, 1] = np.datetime64("NaT")
    columns = {"status": lives.status}
    for name, stages in _MOMENTS.items():
        stage = np.array(stages)[lives.life]
        found = at[np.arange(len(at)), stage]
        columns[f"{name}_at"] = np.where(stage < 0, np.datetime64("NaT"), found)
    return columns


def step_frame(
    code: np.ndarray, lives: Lives, hands: Hands, chosen: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the ``incident_steps`` of the chosen incidents: one row for each stage reached, and each hold."""
    row, stage = np.nonzero(~np.isnat(lives.at[chosen]))
    mine = chosen[row]
    over = (lives.ended[mine] >= 0) & (stage == 1)
    to = np.where(over, _ENDS[np.maximum(lives.ended[mine], 0)], _NAMES[lives.life[mine], stage])
    frame = pd.DataFrame({"row": mine, "at": lives.at[mine, stage], "to_status": to, "last": stage == len(STAGES) - 1})
    held = chosen[lives.status[chosen] == "on_hold"]
    since = lives.at[held, 6] + np.timedelta64(20, "s")
    frame = pd.concat([frame, pd.DataFrame({"row": held, "at": since, "to_status": "on_hold", "last": False})])
    frame = frame.sort_values(["row", "at"], kind="stable", ignore_index=True)
    frame["step"] = frame.groupby("row").cumcount() + 1
    return _told(code, lives, hands, frame, rng)


def _told(code: np.ndarray, lives: Lives, hands: Hands, frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return steps with their actions, who took them, and what they say."""
    row, to = frame["row"].to_numpy(dtype=int), frame["to_status"].to_numpy(dtype=object)
    was = kept(np.concatenate([[None], to])[: len(to)], frame["row"].duplicated().to_numpy())
    keys = zip(lives.life[row], was, to, strict=True)
    moves = [None if before is None else _MOVES[LIFE_NAMES[life], before, now] for life, before, now in keys]
    action = np.array(["register" if move is None else move.action for move in moves], dtype=object)
    first_role = np.where(lives.life[row] == 2, "grid_member", "customer_service")
    role = np.array([at if move is None else move.roles[0] for at, move in zip(first_role, moves, strict=True)], object)
    leader = np.where(frame["last"], hands.last_leader[row], hands.leader[row])
    actors = {"unit": hands.unit[row], "crew": hands.crew[row], "grid_member": hands.member[row], "grid_leader": leader}
    subjects = dict.fromkeys(("dispatch", "refer", "order"), hands.unit[row])
    subjects |= {"assign": hands.crew[row], "merge": hands.duplicate_of[row], "report_up": np.full(len(row), DISPATCH)}
    lesson = (action == "close") & (lives.life[row] == 1)
    words = {name: kept(_WORDS[name], action == name) for name in _WORDS} | {"lesson": kept(_WORDS["lesson"], lesson)}
    at = frame["at"].to_numpy(dtype="datetime64[ms]")
    columns = {
        "incident_code": code[row],
        "step": frame["step"].to_numpy(),
        "at": at,
        "noted_at": np.minimum(at + np.timedelta64(20, "s"), moment(NOW)),
        "actor": _picked(role, actors, np.full(len(row), DISPATCH, dtype=object)),
        "role": role,
        "action": action,
        "from_status": was,
        "to_status": to,
        "subject": _picked(action, subjects, np.full(len(row), None, dtype=object)),
        "value": _values(lives, hands.unit, row, action, rng),
        "note": _picked(np.where(lesson, "lesson", action), words, np.full(len(row), None, dtype=object)),
    }
    return framed("incident_steps", columns)


def _picked(name: np.ndarray, choices: Mapping[str, np.ndarray], otherwise: np.ndarray) -> np.ndarray:
    """Return for each row the value of the choice of that name."""
    found = otherwise.copy()
    for choice, values in choices.items():
        found = np.where(name == choice, values, found)
    return found


def _values(
    lives: Lives, unit: np.ndarray, row: np.ndarray, action: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the unit proposed, and what callbacks, evaluations and grades say; the dissatisfied are never archived."""
    said = np.where(rng.random(len(row)) < 0.06, "unreachable", "satisfied")
    unhappy = (rng.random(len(row)) < 0.2) & (lives.status[row] == "called_back")
    told = np.where(unhappy, "dissatisfied", said)
    grade = np.where(np.isnat(lives.at[row, _UP]), "ordinary", "major")
    values = {"register": unit[row], "call_back": told, "evaluate": np.full(len(row), "satisfied"), "grade": grade}
    return _picked(action, values, np.full(len(row), None, dtype=object))
