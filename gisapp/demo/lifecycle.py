"""The life of each incident from report to archive, as far as it got by the city's last day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisapp.demo.frames import framed, kept, moment
from gisapp.demo.people import DISPATCH
from gisapp.demo.seasons import TYPE_NAMES
from gisapp.demo.sizes import NOW

# State, and the median wait for it in minutes after the state before; a step is named after the state it leads to.
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
STATES = np.array([name for name, _ in STAGES], dtype=object)
_CONTROL = 5
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

    ``ended`` is 0 merged, 1 cancelled, 2 rejected, -1 an ordinary life.
    """

    at: np.ndarray
    status: np.ndarray
    ended: np.ndarray


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
    at[at > moment(NOW)] = np.datetime64("NaT")
    reached = len(STAGES) - 1 - np.argmax(~np.isnat(at[:, ::-1]), axis=1)
    status = STATES[reached]
    over = (ended >= 0) & ~np.isnat(at[:, 1])
    status = np.where(over, _ENDS[np.maximum(ended, 0)], status)
    waiting = (status == "repairing") & (rng.random(count) < np.where(stuck, 0.4, 0.03))
    return Lives(at, np.where(waiting, "on_hold", status), ended)


def life_columns(lives: Lives) -> dict[str, np.ndarray]:
    """Return the columns of ``incidents`` that lives decide; an ended one was never dispatched."""
    at = lives.at.copy()
    at[lives.ended >= 0, 1] = np.datetime64("NaT")
    columns = {"status": lives.status}
    for name, stage in (("dispatched", 1), ("accepted", 2), ("arrived", 4), ("repaired", 7), ("closed", 10)):
        columns[f"{name}_at"] = at[:, stage]
    return columns


def history_frame(
    code: np.ndarray, lives: Lives, unit: np.ndarray, leader: np.ndarray, chosen: np.ndarray
) -> pd.DataFrame:
    """Return the ``incident_history`` of the chosen incidents: one row for each stage reached."""
    at = lives.at[chosen]
    row, stage = np.nonzero(~np.isnat(at))
    after = np.zeros(len(row), bool)
    after[1:] = row[1:] == row[:-1]
    ended = np.maximum(lives.ended[chosen], 0)
    over = (lives.ended[chosen][row] >= 0) & (stage == 1)
    to = np.where(over, _ENDS[ended[row]], STATES[stage])
    before = kept(np.concatenate([[None], to])[: len(to)], after)
    who = np.select([np.isin(stage, (0, 1, 10, 11)), stage == 12], [DISPATCH, leader[chosen][row]], unit[chosen][row])
    frame = pd.DataFrame({"incident_code": code[chosen][row], "actor": who, "action": to,
                          "from_status": before, "to_status": to, "at": at[row, stage]})  # fmt: skip
    frame = pd.concat([frame, _holds(code, lives, unit, chosen)], ignore_index=True)
    columns = {str(name): frame[name] for name in frame if name != "at"}
    return framed("incident_history", columns | {"at": frame["at"].to_numpy()})


def _holds(code: np.ndarray, lives: Lives, unit: np.ndarray, chosen: np.ndarray) -> pd.DataFrame:
    """Return the rows of incidents that were put on hold during their repair."""
    held = chosen[lives.status[chosen] == "on_hold"]
    since = lives.at[held, 6] + np.timedelta64(20, "s")
    return pd.DataFrame({"incident_code": code[held], "actor": unit[held], "action": "on_hold",
                         "from_status": "repairing", "to_status": "on_hold", "at": since})  # fmt: skip
