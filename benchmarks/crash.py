"""kill -9 at random moments of imports, activations, backups and acts: what it leaves, and how soon a server is back.

    python -m benchmarks.crash                     200 kills on a small city, half an hour at most
    python -m benchmarks.crash --kills 12          a quick look
    python -m benchmarks.crash data/city.gpkg      on a copy of another store

Every other kill falls anywhere from the beginning to the measured end of a command, every other one after it was seen
to write. On every fifth store a server is begun as it was killed, before anybody else opens it, and then on one that
was not, so that one sees what is due to the kill and what to the machine.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.aims import at_most
from benchmarks.killed_acts import judge_acts, judge_server, kill_acts, kill_server, restarted
from benchmarks.killed_commands import OPERATIONS, Operation, after, judged, kill, timed, while_writing
from benchmarks.killing import Before, Ground, Outcome, asked, ground, prepared
from gisapp.durable import private_folder
from gisapp.store import backup_store, open_store

RESTART_S = 5.0
EVERY = 5
UNKILLED = "(not killed)"
KINDS = ("unreadable", "partial", "lost", "audit", "next try", "left behind")


@dataclass
class Tally:
    """What was found of one kind of operation."""

    kills: int = 0
    done: int = 0
    told: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    alive_s: list[float] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Round:
    """How an operation is killed, and what became of it is judged."""

    name: str
    kill: Callable[[Ground, random.Random], Any]
    judge: Callable[[Ground, Any], Outcome]


def rounds(base: Path, folder: Path, before: Before) -> list[Round]:
    """Return what is killed; each command is let come to its end once, to know how long it takes."""
    made = []
    for operation in OPERATIONS:
        with ground(base, folder / "whole", before) as on:
            whole_s, writing_s = timed(on, operation)
        print(f"{operation.name}: {whole_s:.2f} s, the last {writing_s:.2f} s from its first write", flush=True)
        killing = partial(_kill_command, operation, whole_s, writing_s)
        made.append(Round(operation.name, killing, partial(judged, operation=operation)))
    made.append(Round("acts", lambda on, draw: kill_acts(on, draw.uniform(0.02, 1.0)), judge_acts))
    made.append(Round("server", lambda on, draw: kill_server(on, draw.uniform(0.02, 1.0)), judge_server))
    return made


def _kill_command(operation: Operation, whole_s: float, writing_s: float, on: Ground, draw: random.Random) -> bool:
    anywhere = draw.random() < 0.5
    wait = after(draw.uniform(0, 1.02 * whole_s)) if anywhere else while_writing(draw.uniform(0, 1.05 * writing_s))
    return kill(on, operation, wait)


def run(base: Path, folder: Path, before: Before, kills: int, seed: int) -> dict[str, Tally]:
    """Kill so many times and return what was found."""
    draw = random.Random(seed)
    found: dict[str, Tally] = defaultdict(Tally)
    kinds = rounds(base, folder, before)
    for number in range(kills):
        one = kinds[number % len(kinds)]
        with ground(base, folder / str(number), before) as on:
            told = one.kill(on, draw)
            tally = found[one.name]
            if number % EVERY == 0:
                _begin_again(on, tally)
            outcome = one.judge(on, told)
        if number % EVERY == 0:
            with ground(base, folder / "unkilled", before) as on:
                _begin_again(on, found[UNKILLED])
        tally.kills += 1
        tally.done += outcome.done
        tally.told += outcome.told
        tally.faults.update({fault.split(":")[0] for fault in outcome.faults})
        for fault in outcome.faults:
            print(f"kill {number}, {one.name}: {fault}", flush=True)
    return found


def _begin_again(on: Ground, tally: Tally) -> None:
    alive_s, ready_s = restarted(on)
    tally.alive_s.append(alive_s)
    tally.ready_s.append(ready_s)


def table(found: dict[str, Tally]) -> str:
    """Return what was found in lines."""
    heads = ["", "kills", "all there", "told", *KINDS, "ready s (median)", "(longest)"]
    rows: list[list[object]] = [
        [name, tally.kills, tally.done, tally.told, *(tally.faults[kind] for kind in KINDS), *_seconds(tally.ready_s)]
        for name, tally in found.items()
    ]
    lines: list[list[object]] = [[*heads], *rows]
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(f"{cell!s:{'<' if not n else '>'}{widths[n]}}" for n, cell in enumerate(line)) for line in lines
    )


def _seconds(found: list[float]) -> list[str]:
    return [f"{statistics.median(found):.2f}", f"{max(found):.2f}"] if found else ["", ""]


def main() -> int:
    """Run from the command line; exit status 1 when anything was wrong after a kill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=20_000, help="of the file that is imported")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    with private_folder("crash") as folder:
        base = folder / "city.gpkg"
        if options.store is None:
            assert asked("demo", "--size", "small", "--seed", "1", "--store", str(base))[0] == 0
        else:
            backup_store(options.store, base)
        with open_store(base) as store:
            store.anchor_audit()
            before = prepared(store, folder / "hotline.csv", options.rows)
        found = run(base, folder, before, options.kills, options.seed)
    print(f"\n{table(found)}\n")
    faults = sum((tally.faults for tally in found.values()), Counter[str]())
    for kind in KINDS:
        print(f"{kind}: {at_most(faults[kind], 0, 'kills', 'd')}")
    unkilled = found.pop(UNKILLED)
    for words, seconds in (("alive", "alive_s"), ("ready", "ready_s")):
        taken = [second for tally in found.values() for second in getattr(tally, seconds)]
        print(
            f"restart until {words}, median of {len(taken)}: {at_most(statistics.median(taken), RESTART_S, 's', '.2f')}"
        )
        print(f"restart until {words}, longest: {at_most(max(taken), RESTART_S, 's', '.2f')}")
        print(f"    of a store that was not killed: {' and '.join(_seconds(getattr(unkilled, seconds)))} s")
    minutes, load = (time.monotonic() - begun) / 60, os.getloadavg()[2]
    print(f"{options.kills} kills in {minutes:.1f} min; load {load:.1f} on {os.cpu_count()} cores")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
