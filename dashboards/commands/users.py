"""The commands of accounts: ``gisapp users add|list|role|password|disable|enable|token|sessions|limits``."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from dashboards.commands.console import ACTOR, command, put_csv, say, store_option
from gisapp.errors import InputError


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Accounts: who may log in, as what, and for which grids and units."
    example = "gisapp users add D001 --display 调度一台 --role dispatcher --store city.gpkg"
    group = commands.add_parser(
        "users",
        help=about,
        description=about,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = group.add_subparsers(dest="of_users", required=True, metavar="WHAT")
    about = "Make an account; its password is asked for, or is the first line of standard input."
    made = _add(inner, "add", run_add, about, example)
    made.add_argument("--display", required=True, metavar="TEXT", help="what screens call them")
    _role_options(made, required=True)
    made.add_argument(
        "--subject", metavar="ID", help="who they are to the identity provider; then there is no password"
    )
    listed = command(inner, "list", run_list, "List accounts.", "gisapp users list --store city.gpkg")
    store_option(listed)
    listed.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")
    example = "gisapp users role W012 --role grid_leader --grid G003 --store city.gpkg"
    _role_options(_add(inner, "role", run_role, "Give an account other roles; its sessions end.", example))
    example = "gisapp users password D001 --store city.gpkg"
    _add(inner, "password", run_password, "Give an account another password; its sessions end.", example)
    example = "gisapp users disable D001 --store city.gpkg"
    _add(inner, "disable", run_disable, "Let an account log in no more; its sessions and tokens end.", example)
    _add(inner, "enable", run_enable, "Let a disabled account log in again.", example.replace("disable", "enable"))
    _add_tokens(inner)
    _add_sessions(inner)


def _add_tokens(inner: Any) -> None:
    example = "gisapp users token D001 --label open311 --days 90 --store city.gpkg"
    about = "Make a token by which a program acts as a person on the open interfaces; it is shown this once."
    token = _add(inner, "token", run_token, about, example)
    token.add_argument("--label", help="what it is for; without it the tokens are listed")
    token.add_argument("--days", type=int, default=365, metavar="N", help="how long it lasts")
    token.add_argument("--end", action="store_true", help="end the tokens of the label, or all")


def _add_sessions(inner: Any) -> None:
    about = "List who is logged in; end sessions; say how long they last."
    made = command(inner, "sessions", run_sessions, about, "gisapp users sessions end D001 --store city.gpkg")
    made.add_argument("what", nargs="?", choices=("list", "end", "limits"), default="list")
    made.add_argument("name", nargs="?", help="whose sessions end; everybody's when absent")
    made.add_argument("--hours", type=float, metavar="H", help="a session lasts so long, whatever happens")
    made.add_argument("--idle-min", type=float, metavar="MIN", help="and so long without its person doing anything")
    store_option(made)


def _add(
    inner: Any, name: str, run: Callable[[argparse.Namespace], int], about: str, example: str
) -> argparse.ArgumentParser:
    made = command(inner, name, run, about, example)
    made.add_argument("name", help="what the person logs in with, such as their code")
    store_option(made)
    return made


def _role_options(made: argparse.ArgumentParser, *, required: bool = False) -> None:
    made.add_argument("--role", action="append", required=required, metavar="ROLE", help="may stand several times")
    made.add_argument("--grid", action="append", metavar="CODE", help="a grid of theirs; may stand several times")
    made.add_argument("--unit", action="append", metavar="CODE", help="a unit of theirs; may stand several times")


def run_add(options: argparse.Namespace) -> int:
    """Make an account."""
    from gisapp.accounts import User, require_password, require_user

    with _open(options) as store:
        told: dict[str, Any] = {n: tuple(getattr(options, n[:-1]) or ()) for n in ("roles", "grids", "units")}
        user = require_user(User(options.name, options.display, **told, subject=options.subject))
        _require_scope(store, user)
        password = None if options.subject else _password()
        if password is not None:
            require_password(password, user)
        first = not store.accounts.exist()
        store.accounts.add(user, password, actor=ACTOR)
    say(f"{user.name}: {', '.join(user.roles)}")
    if first:
        say("there are accounts now: a server of this store answers those who log in, and nobody else")
    return 0


def run_list(options: argparse.Namespace) -> int:
    """List accounts; exit status 1 when there is none."""
    with _open(options) as store:
        rows = [
            {
                "name": user.name,
                "display": user.display,
                "roles": " ".join(user.roles),
                "grids": " ".join(user.grids),
                "units": " ".join(user.units),
                "disabled": user.disabled,
                "login": "provider" if user.subject else "password",
            }
            for user in store.accounts.users()
        ]
    put_csv(pd.DataFrame(rows), options.out)
    return 0 if rows else 1


def run_role(options: argparse.Namespace) -> int:
    """Give an account other roles, grids or units; what is not named stays."""
    with _open(options) as store:
        before = store.accounts.user(options.name)
        given = {name: getattr(options, name[:-1]) for name in ("roles", "grids", "units")}
        changed = replace(before, **{name: tuple(value) for name, value in given.items() if value is not None})
        _require_scope(store, changed)
        store.accounts.change(changed, actor=ACTOR)
    say(f"{changed.name}: {', '.join(changed.roles)}; its sessions ended")
    return 0


def run_password(options: argparse.Namespace) -> int:
    """Give an account another password."""
    with _open(options) as store:
        store.accounts.user(options.name)
        store.accounts.set_password(options.name, _password(), actor=ACTOR)
    say(f"{options.name}: another password; its sessions ended")
    return 0


def run_disable(options: argparse.Namespace) -> int:
    """Let an account log in no more."""
    with _open(options) as store:
        store.accounts.change(replace(store.accounts.user(options.name), disabled=True), actor=ACTOR)
    say(f"{options.name}: disabled; its sessions and tokens ended")
    return 0


def run_enable(options: argparse.Namespace) -> int:
    """Let a disabled account log in again."""
    with _open(options) as store:
        store.accounts.change(replace(store.accounts.user(options.name), disabled=False), actor=ACTOR)
    say(f"{options.name}: may log in again")
    return 0


def run_token(options: argparse.Namespace) -> int:
    """Make, list or end tokens."""
    with _open(options) as store:
        if options.end:
            ended = store.accounts.end_tokens(options.name, options.label, actor=ACTOR)
            say(f"{options.name}: {ended} tokens ended")
            return 0 if ended else 1
        if not options.label:
            store.accounts.user(options.name)
            put_csv(store.accounts.tokens(options.name), None)
            return 0
        print(store.accounts.add_token(options.name, options.label, actor=ACTOR, days=options.days))
    say(f"{options.name}: a token for {options.label}, for {options.days} days; it is not shown again")
    return 0


def run_sessions(options: argparse.Namespace) -> int:
    """List sessions, end them, or say how long they last."""
    with _open(options) as store:
        accounts = store.accounts
        if options.what == "end":
            say(f"{accounts.end_all(options.name, actor=ACTOR)} sessions ended")
        elif options.what == "limits":
            given = {"session_hours": options.hours, "session_idle_min": options.idle_min}
            _require_limits(options)
            for key, value in given.items():
                if value is not None:
                    store.set_setting(key, value, actor=ACTOR)
            limits = accounts.limits()
            say(f"a session lasts {limits.lasts}, and {limits.idle} without its person doing anything")
        else:
            put_csv(accounts.sessions(), None)
    return 0


def _require_limits(options: argparse.Namespace) -> None:
    """Raise unless sessions would last from a minute to two days."""
    for value, most, field in ((options.hours, 48, "--hours"), (options.idle_min, 2880, "--idle-min")):
        if value is not None and not 1 / 60 <= value <= most:
            raise InputError(f"found {value:g}", todo=f"use up to {most}", field=field)


def _require_scope(store: Any, user: Any) -> None:
    """Raise for a grid or unit that is not there, and for a role whose rights end at grids or units without any."""
    from gisapp.rules.roles import role_rules

    for name, table in (("grids", "grids"), ("units", "org_units")):
        known = set(store.table(table, columns=["code"])["code"])
        if name == "units":
            known |= set(store.table("crews", columns=["code"])["code"])
        _require_known(getattr(user, name), known, name[:-1])
    needed = {scope for role in user.roles for scope in role_rules()[role].scopes.values()}
    for scope, given in (("own_grid", user.grids), ("own_unit", user.units)):
        if scope in needed and not given:
            option = scope.removeprefix("own_")
            raise InputError(f"a role of {user.name!r} ends at its {option}s and it has none", todo=f"add --{option}")


def _require_known(codes: Iterable[str], known: set[str], what: str) -> None:
    strange = sorted(set(codes) - known)
    if strange:
        raise InputError(
            f"there is no {what} {strange[0]!r}", todo="use the code of one that is stored", field=f"--{what}"
        )


def _open(options: argparse.Namespace) -> Any:
    from gisapp.store import open_store

    return open_store(options.store)


def _password() -> str:
    """Return a password: asked for twice at a terminal, else the first line of standard input; never an argument."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first, again = getpass.getpass("password: "), getpass.getpass("again: ")
    if first != again:
        raise InputError("the two are not the same", todo="type the password again", field="password")
    return first
