"""A database as a file of PostgreSQL's own program ``pg_dump``: for a store that this program cannot read yet."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from gisapp.addresses import ServerAddress
from gisapp.durable import replaced
from gisapp.errors import StoreError
from gisapp.store import postgis

_LACKS = "{} is not installed; install postgresql-client, or make a backup yourself and say --no-backup"


def dump_database(address: ServerAddress, target: Path) -> None:
    """Write all of a database into a new file, for ``pg_restore``; it is read before it has its name.

    Raises
    ------
    StoreError
        When the file exists, PostgreSQL's programs are not installed, or they could not do it.
    """
    if target.exists():
        raise StoreError(f"{target} exists already; choose another folder or take it away")
    address_plain, secret = postgis.without_password(address)
    environment = os.environ | ({"PGPASSWORD": secret} if secret else {})
    with replaced(target) as staged:
        _run(["pg_dump", "-Fc", "--no-password", "-f", str(staged), "-d", address_plain], address, environment)
        _run(["pg_restore", "--list", str(staged)], address, environment)


def _run(words: list[str], address: ServerAddress, environment: dict[str, str]) -> None:
    """Run a program; its words hold no password, which every user of this machine could read."""
    program = shutil.which(words[0])
    if program is None:
        raise StoreError(f"{address}: {_LACKS.format(words[0])}")
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        told = (done.stderr.strip().splitlines() or ["no words"])[0]
        raise StoreError(f"{address}: {words[0]} made no backup ({told}); nothing was changed")
