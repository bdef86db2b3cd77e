"""Accounts in the store: who may log in, who is logged in, and the tokens of programs; each change with an audit row.

They are no layers: no file brings them in, no export takes them out, and no page reads them as a table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, MetaData, func, select

from gisapp.accounts import (
    IDLE,
    LASTS,
    User,
    hashed,
    new_secret,
    require_password,
    require_user,
    running,
    secret_hash,
)
from gisapp.errors import AccessError, InputError, UnavailableError
from gisapp.store.connect import SOON_S, Connections
from gisapp.store.known import Known, Session, Token
from gisapp.store.saving import add_note
from gisapp.store.schema import read_settings

SEEN_EVERY = timedelta(minutes=1)
"""That a session is used is written down so often, and not at every request."""
_WAITS_S = 0.5


@dataclass(frozen=True)
class Limits:
    """How long a session lasts, and how long without its person doing anything."""

    lasts: timedelta
    idle: timedelta


class Accounts:
    """The accounts of one store."""

    def __init__(self, connections: Connections, metadata: MetaData) -> None:
        self._connections = connections
        self._known = Known()
        self._noting = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-sessions")
        self._noted: Future[None] | None = None
        self._users, self._sessions, self._tokens = (metadata.tables[name] for name in ("users", "sessions", "tokens"))

    def close(self) -> None:
        """Wait for what is being written of sessions."""
        self._noting.shutdown(wait=True)

    def exist(self) -> bool:
        """Return whether there is any account, disabled ones too."""
        wanted = select(self._users.c.fid).limit(1)
        return self._connections.told("accounts", lambda connection: connection.execute(wanted).first() is not None)

    def users(self) -> list[User]:
        """Return every account, in the order of their names."""
        with self._connections.reading() as connection:
            rows = connection.execute(select(self._users).order_by(self._users.c.name))
            return [_user(row._asdict()) for row in rows]

    def user(self, name: str) -> User:
        """Return an account.

        Raises
        ------
        InputError
            When there is none of that name.
        """
        with self._connections.reading() as connection:
            return _user(self._row(connection, name))

    def add(self, user: User, password: str | None, *, actor: str) -> None:
        """Make an account; without a password the person comes by the house's identity provider.

        Raises
        ------
        InputError
            When the name is taken, or the account or password is not usable.
        """
        user = require_user(user)
        kept = self._hash(user, password)
        with self._connections.writing() as connection:
            taken = select(self._users.c.fid).where(func.lower(self._users.c.name) == user.name.lower())
            if connection.execute(taken).first() is not None:
                raise InputError(f"account {user.name!r} is there already", todo="choose another name", field="name")
            now = datetime.now(UTC)
            values = _values(user) | {"password": kept, "created_at": now, "changed_at": now}
            connection.execute(self._users.insert().values(values))
            self._note(connection, actor, f"{user.name}: {', '.join(user.roles)}", "account added")

    def change(self, user: User, *, actor: str) -> None:
        """Give an account another display name, other roles, grids or units, or disable it; its sessions end."""
        user = require_user(user)
        with self._connections.writing() as connection:
            self._row(connection, user.name)
            values = _values(user) | {"changed_at": datetime.now(UTC)}
            connection.execute(self._users.update().where(self._users.c.name == user.name).values(values))
            self._end(connection, user.name)
            if user.disabled:
                self._end_tokens(connection, user.name)
            words = f"{user.name}: {', '.join(user.roles)}"
            self._note(connection, actor, words, "account disabled" if user.disabled else "account changed")

    def set_password(self, name: str, password: str, *, actor: str) -> None:
        """Give an account another password; its sessions end."""
        kept = self._hash(self.user(name), password)
        with self._connections.writing() as connection:
            self._row(connection, name)
            values = {"password": kept, "changed_at": datetime.now(UTC)}
            connection.execute(self._users.update().where(self._users.c.name == name).values(values))
            self._end(connection, name)
            self._note(connection, actor, name, "password changed")

    def login_of(self, name: str) -> tuple[User | None, str | None]:
        """Return the account that a person names and its password's hash; None where there is none."""
        with self._connections.reading() as connection:
            found = select(self._users).where(func.lower(self._users.c.name) == name.strip().lower())
            row = connection.execute(found).first()
        return (None, None) if row is None else (_user(row._asdict()), row._asdict()["password"])

    def by_subject(self, subject: str) -> User | None:
        """Return the account of a person whom the identity provider names; None where there is none."""
        with self._connections.reading() as connection:
            row = connection.execute(select(self._users).where(self._users.c.subject == subject)).first()
        return None if row is None else _user(row._asdict())

    def begin(self, name: str, *, how: str = "password") -> str:
        """Begin a session and return its secret, of which only the hash is kept.

        Raises
        ------
        AccessError
            When the account is disabled.
        """
        secret, now = new_secret(), datetime.now(UTC)
        with self._connections.writing() as connection:
            if self._row(connection, name)["disabled"]:
                raise AccessError(f"account {name} is disabled")
            values = {"secret_hash": secret_hash(secret), "user_name": name, "begun_at": now, "seen_at": now}
            connection.execute(self._sessions.insert().values(values))
            old = now - max(self._limits(connection).lasts, LASTS)
            connection.execute(self._sessions.delete().where(self._sessions.c.begun_at < old))
            self._note(connection, name, how, "login")
        return secret

    def session(self, secret: str, *, active: bool, now: datetime | None = None) -> User | None:
        """Return whose session a secret is, None when it runs no more.

        Parameters
        ----------
        active
            Whether the person does something, and not their screen by itself: then the session goes on from now.
        """
        now, key = now or datetime.now(UTC), secret_hash(secret)
        known = None if self._known.ended(key) else self._known.lately(key, now) or self._session(key, now)
        if not isinstance(known, Session) or not known.runs(now):
            return None
        if active and now - known.seen_at >= SEEN_EVERY:
            self._known.used(key, now)
            self._note_seen(key, now)
        return known.user

    def _session(self, key: str, now: datetime) -> Session | Token | None:
        """Return a session as the store says it, or said it last where it cannot be asked now."""
        table = self._sessions
        joined = select(self._users, table.c.begun_at, table.c.seen_at).join_from(
            table, self._users, self._users.c.name == table.c.user_name
        )
        wanted = joined.where(table.c.secret_hash == key, table.c.ended_at.is_(None))
        try:
            with self._connections.reading(SOON_S) as connection:
                row = connection.execute(wanted).first()
                limits = self._limits(connection)
        except UnavailableError:
            if (known := self._known.by_memory(key, now)) is None:
                raise
            return known
        if row is None or row._asdict()["disabled"]:
            self._known.forget(key)
            return None
        begun, seen = (_moment(row._asdict()[name]) for name in ("begun_at", "seen_at"))
        return self._known.sure(key, Session(_user(row._asdict()), begun, seen, limits.lasts, limits.idle, now))

    def _note_seen(self, key: str, now: datetime) -> None:
        """Write down that a session is used: without waiting for who writes longer, since a page is being read."""
        if self._noted is None or self._noted.done():
            self._noted = self._noting.submit(self._write_seen, key, now)
            wait([self._noted], timeout=_WAITS_S)

    def _write_seen(self, key: str, now: datetime) -> None:
        same = self._sessions.update().where(self._sessions.c.secret_hash == key, self._sessions.c.ended_at.is_(None))
        with suppress(UnavailableError), self._connections.writing() as connection:
            connection.execute(same.values(seen_at=now))

    def end(self, secret: str, *, actor: str) -> None:
        """End one session: its person logs out. Here it is over even where that cannot be written."""
        self._known.end(secret_hash(secret))
        with self._connections.writing() as connection:
            same = self._sessions.c.secret_hash == secret_hash(secret)
            ended = connection.execute(
                self._sessions.update()
                .where(same, self._sessions.c.ended_at.is_(None))
                .values(ended_at=datetime.now(UTC))
            )
            if ended.rowcount:
                self._note(connection, actor, "", "logout")

    def end_all(self, name: str | None = None, *, actor: str) -> int:
        """End every session, or every one of a person; return how many ran."""
        with self._connections.writing() as connection:
            if name is not None:
                self._row(connection, name)
            ended = self._end(connection, name)
            self._note(connection, actor, name or "everybody", "sessions ended")
        return ended

    def sessions(self, *, now: datetime | None = None) -> pd.DataFrame:
        """Return the sessions that run: user_name, begun_at, seen_at; nothing by which one could be taken over."""
        now, names = now or datetime.now(UTC), ("user_name", "begun_at", "seen_at")
        with self._connections.reading() as connection:
            table, limits = self._sessions, self._limits(connection)
            rows = connection.execute(select(*(table.c[name] for name in names)).where(table.c.ended_at.is_(None)))
            told = [(row[0], _moment(row[1]), _moment(row[2])) for row in rows]
        run = [row for row in told if running(row[1], row[2], now, lasts=limits.lasts, idle=limits.idle)]
        return pd.DataFrame(run, columns=list(names))

    def limits(self) -> Limits:
        """Return how long sessions last: the settings session_hours and session_idle_min, or 12 h and 30 min."""
        with self._connections.reading() as connection:
            return self._limits(connection)

    def add_token(self, name: str, label: str, *, actor: str, days: int = 365) -> str:
        """Make a token by which a program acts as a person on the open interfaces; return it, this once.

        Raises
        ------
        InputError
            When it has no label, or would not last from a day to two years.
        """
        if not label.strip() or len(label) > 80:
            raise InputError(f"found {label!r}", todo="say in up to 80 characters what it is for", field="label")
        if not 1 <= days <= 730:
            raise InputError(f"found {days}", todo="use 1 to 730 days", field="days")
        secret, now = new_secret(), datetime.now(UTC)
        with self._connections.writing() as connection:
            if self._row(connection, name)["disabled"]:
                raise InputError(f"account {name!r} is disabled", todo="choose another one", field="name")
            values = {"secret_hash": secret_hash(secret), "user_name": name, "label": label.strip()}
            moments = {"created_at": now, "expires_at": now + timedelta(days=days)}
            connection.execute(self._tokens.insert().values(values | moments))
            self._note(connection, actor, f"{name}: {label.strip()}", "token added")
        return secret

    def end_tokens(self, name: str, label: str | None = None, *, actor: str) -> int:
        """End every token of a person, or those of a label; return how many."""
        with self._connections.writing() as connection:
            self._row(connection, name)
            ended = self._end_tokens(connection, name, label)
            self._note(connection, actor, f"{name}: {label or 'all'}", "tokens ended")
        return ended

    def by_token(self, secret: str, *, now: datetime | None = None) -> User | None:
        """Return as whom a program acts that shows a token; None when it is none, has ended or expired."""
        now, table, key = now or datetime.now(UTC), self._tokens, secret_hash(secret)
        joined = select(self._users, table.c.expires_at).join_from(
            table, self._users, self._users.c.name == table.c.user_name
        )
        wanted = joined.where(table.c.secret_hash == key, table.c.ended_at.is_(None))
        try:
            with self._connections.reading(SOON_S) as connection:
                row = connection.execute(wanted).first()
        except UnavailableError:
            if (known := self._known.by_memory(key, now)) is None:
                raise
            return known.user if isinstance(known, Token) and known.runs(now) else None
        if row is None or row._asdict()["disabled"]:
            self._known.forget(key)
            return None
        token = Token(_user(row._asdict()), _moment(row._asdict()["expires_at"]), now)
        self._known.sure(key, token)
        return token.user if token.runs(now) else None

    def tokens(self, name: str) -> pd.DataFrame:
        """Return the tokens of a person that were not ended: label, created_at, expires_at."""
        names = ("label", "created_at", "expires_at")
        with self._connections.reading() as connection:
            table = self._tokens
            wanted = select(*(table.c[one] for one in names)).where(
                table.c.user_name == name, table.c.ended_at.is_(None)
            )
            told = [(row[0], _moment(row[1]), _moment(row[2])) for row in connection.execute(wanted)]
        return pd.DataFrame(told, columns=list(names))

    def renew_hash(self, name: str, password: str) -> None:
        """Keep a password, just found right, as a hash of today's work."""
        with self._connections.writing() as connection:
            connection.execute(self._users.update().where(self._users.c.name == name).values(password=hashed(password)))

    def _hash(self, user: User, password: str | None) -> str | None:
        if password is None:
            return None
        require_password(password, user)
        return hashed(password)

    def _row(self, connection: Connection, name: str) -> Mapping[str, Any]:
        row = connection.execute(select(self._users).where(self._users.c.name == name)).first()
        if row is None:
            raise InputError(f"there is no account {name!r}", todo="see gisapp users list", field="name")
        return row._asdict()

    def _end(self, connection: Connection, name: str | None) -> int:
        self._known.forget_of(name)
        table = self._sessions
        wanted = table.update().where(table.c.ended_at.is_(None))
        wanted = wanted if name is None else wanted.where(table.c.user_name == name)
        return connection.execute(wanted.values(ended_at=datetime.now(UTC))).rowcount

    def _end_tokens(self, connection: Connection, name: str, label: str | None = None) -> int:
        self._known.forget_of(name)
        table = self._tokens
        wanted = table.update().where(table.c.user_name == name, table.c.ended_at.is_(None))
        wanted = wanted if label is None else wanted.where(table.c.label == label)
        return connection.execute(wanted.values(ended_at=datetime.now(UTC))).rowcount

    def _limits(self, connection: Connection) -> Limits:
        kept = read_settings(connection)
        hours, idle = kept.get("session_hours"), kept.get("session_idle_min")
        return Limits(
            timedelta(hours=float(str(hours))) if hours is not None else LASTS,
            timedelta(minutes=float(str(idle))) if idle is not None else IDLE,
        )

    def _note(self, connection: Connection, actor: str, words: str, action: str) -> None:
        add_note(connection, "audit", actor=actor, words=words, tables={}, last=action)


def disabled(user: User) -> User:
    """Return an account as it is once it is disabled."""
    return replace(user, disabled=True)


def _user(row: Mapping[str, Any]) -> User:
    lists = {name: tuple(json.loads(row[name])) for name in ("roles", "grids", "units")}
    return User(row["name"], row["display"], **lists, disabled=bool(row["disabled"]), subject=row["subject"])


def _values(user: User) -> dict[str, Any]:
    lists = {name: json.dumps(list(getattr(user, name))) for name in ("roles", "grids", "units")}
    plain = {name: getattr(user, name) for name in ("name", "display", "disabled", "subject")}
    return plain | lists


def _moment(value: Any) -> datetime:
    """Return a moment that the database gave: text of a file, or a moment already."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
