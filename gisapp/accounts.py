"""Accounts of people: what one says, passwords, and the secrets by which a browser or a program is known.

Of a password only its Argon2id hash is kept, of the secret of a session or a token its SHA-256: a secret has 256 random
bits, so that nobody finds it from the hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gisapp.errors import InputError
from gisapp.rules.roles import require_roles

LASTS = timedelta(hours=12)
"""After so long a session ends whatever happens."""
IDLE = timedelta(minutes=30)
"""A session ends when its person has done nothing for so long; what a screen asks by itself is nothing done."""
LEAST, MOST = 12, 256
"""Characters of a password."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_USUAL = ("password", "passwort", "qwerty", "asdfgh", "123456", "abcdef", "111111", "000000", "iloveyou", "letmein",
          "woaini", "admin", "gisapp")  # fmt: skip
_WEIGHED, _STRONG = 72, 3  # characters that are weighed, and zxcvbn's mark for 100 million guesses and more


@dataclass(frozen=True)
class User:
    """One account.

    Parameters
    ----------
    name
        What the person logs in with, and what stands in every audit row: their code, where the house has one.
    display
        What screens call them.
    roles
        Of :func:`gisapp.rules.roles.role_rules`, in its order.
    grids, units
        Codes of what is theirs, for roles whose rights end there.
    disabled
        Whether they may not log in any more; an account is never deleted, since the audit names it.
    subject
        Who they are to the house's own identity provider; None where they have a password.
    """

    name: str
    display: str
    roles: tuple[str, ...]
    grids: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    disabled: bool = False
    subject: str | None = None


def require_user(user: User) -> User:
    """Return an account as it is kept: its roles in the order of the rules, its codes sorted.

    Raises
    ------
    InputError
        For a name that is none, no display name, or a role that the rules do not have.
    """
    if not _NAME.fullmatch(user.name) or user.name == "local":
        raise InputError(f"found {user.name!r}", todo="use up to 64 Latin letters, digits, . _ and -", field="name")
    if not user.display.strip() or len(user.display) > 80:
        raise InputError(f"found {user.display!r}", todo="give a name of 1 to 80 characters", field="display")
    own = {name: tuple(sorted(set(getattr(user, name)))) for name in ("grids", "units")}
    roles = require_roles(user.roles)
    return User(user.name, user.display.strip(), roles, **own, disabled=user.disabled, subject=user.subject)


def require_password(password: str, user: User) -> None:
    """Raise unless a password is long enough, not one that is tried first, and many guesses away by zxcvbn's lists.

    Raises
    ------
    InputError
        Says what is wrong, and never the password.
    """
    from zxcvbn import zxcvbn

    if not LEAST <= len(password) <= MOST:
        raise InputError(f"has {len(password)} characters", todo=f"use {LEAST} to {MOST}", field="password")
    plain = password.casefold()
    tried = _tried(user)
    if any(part in plain for part in tried) or zxcvbn(password[:_WEIGHED], user_inputs=tried)["score"] < _STRONG:
        todo = "use several words that have nothing to do with you or with this program"
        raise InputError("is easily guessed", todo=todo, field="password")


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password, with a salt of its own."""
    return _hasher().hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Return whether a password is the one of a hash; without a hash it takes as long, and is not."""
    usable = kept is not None and len(password) <= MOST
    try:
        return _hasher().verify(kept if kept and usable else _nobody(), password[:MOST]) and usable
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Return whether a hash was made with less work than is usual now."""
    return _hasher().check_needs_rehash(kept)


def new_secret() -> str:
    """Return a secret of 256 random bits, as text for a cookie or a header."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def running(begun_at: datetime, seen_at: datetime, now: datetime, *, lasts: timedelta, idle: timedelta) -> bool:
    """Return whether a session that began and was last used at these moments still runs.

    The very end is over: a session of 12 h that began at 8:00 does not answer at 20:00.
    """
    return begun_at <= now + timedelta(minutes=1) and now < min(begun_at + lasts, seen_at + idle)


def _tried(user: User) -> list[str]:
    return [*_USUAL, *(part for part in (user.name.casefold(), user.display.casefold()) if len(part) > 2)]


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # Argon2id of RFC 9106: 64 MiB, three passes


@cache
def _nobody() -> str:
    """Return the hash against which the password of nobody is checked, so that it takes as long as anybody's."""
    return _hasher().hash(secrets.token_urlsafe(16))
