"""The verbs of ``gisapp plan`` that say something: what a grid is called and who leads it, comments."""

from __future__ import annotations

import argparse
from typing import Any

from dashboards.commands.console import ACTOR, command, put_csv, put_json, say, store_option
from gisapp.errors import InputError


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module."""
    about = "Give a grid of a draft another code, name or leader, who begins when the plan is in force."
    made = _verb(verbs, "name", run_name, about, "name B20261127-001 G301 --name 河东新区 --leader P0042")
    made.add_argument("grid", metavar="GRID")
    made.add_argument("--code", dest="fresh", metavar="CODE", help="its new code")
    made.add_argument("--name")
    made.add_argument("--leader", metavar="PERSON", help="code of a person; empty for whoever leads it then")
    about = "List what was said about a plan, the oldest first."
    _verb(verbs, "comments", run_comments, about, "comments B20261127-001")
    about = "Say something about a plan, a grid or a place of it; what was said stays."
    made = _verb(verbs, "comment", run_comment, about, "comment B20261127-001 '这里要避开学校' --at 500100,3400050")
    made.add_argument("text", metavar="TEXT")
    made.add_argument("--at", metavar="X,Y", help="a place in the store's CRS")
    made.add_argument("--grid", metavar="CODE")


def _verb(verbs: Any, name: str, run: Any, about: str, example: str) -> argparse.ArgumentParser:
    """Return a verb with the plan and the store that it asks for."""
    made = command(verbs, name, run, about, f"gisapp plan {example} --store city.gpkg")
    made.add_argument("code", metavar="CODE", help="code of a plan")
    store_option(made)
    return made


def run_name(options: argparse.Namespace) -> int:
    """Say what a grid is called and who leads it."""
    from dashboards.drafting import require_person
    from gisapp.grids import name_grid
    from gisapp.store import open_store

    with open_store(options.store) as store:
        draft = store.plans.load(options.code)
        require_person(store, options.leader or "")
        given = {"code": options.fresh, "name": options.name, "leader": options.leader}
        change = name_grid(draft.plan, options.grid, **given)
        store.plans.add(options.code, change, version=draft.version, actor=ACTOR)
    code = options.fresh or options.grid
    put_json({"plan": options.code, "grid": code, **change.named[code]._asdict()})
    return 0


def run_comment(options: argparse.Namespace) -> int:
    """Say something about a plan."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        place = _place(options.at)
        number = store.plans.comment(options.code, options.text, actor=ACTOR, place=place, grid=options.grid)
    put_json({"plan": options.code, "comment": number})
    return 0


def _place(words: str | None) -> tuple[float, float] | None:
    """Return x and y."""
    if words is None:
        return None
    try:
        x, y = (float(part) for part in words.split(","))
    except ValueError as error:
        raise InputError(f"a place {words!r}", todo="give x and y as 500100,3400050", field="--at") from error
    return x, y


def run_comments(options: argparse.Namespace) -> int:
    """List what was said about a plan."""
    import pandas as pd

    from gisapp.store import open_store

    with open_store(options.store) as store:
        store.plans.load(options.code)
        said = store.table("plan_comments").query("plan_code == @options.code").sort_values("number")
    columns = ["number", "at", "actor", "grid_code", "text"]
    put_csv(pd.DataFrame(said[columns]).assign(x=said.geometry.x, y=said.geometry.y))
    say(f"{options.code}: {len(said):,} comments")
    return 0
