"""A PostgreSQL server of the tests: made in a folder that goes, listening on a socket there, stopped at the end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

FOLDERS = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/lib/postgresql/16/bin"), Path("/usr/lib/postgresql/17/bin"))
BIN = next((folder for folder in FOLDERS if (folder / "initdb").exists()), None)
AS_OTHER = ["runuser", "-u", "postgres", "--"] if hasattr(os, "getuid") and os.getuid() == 0 else []
"""PostgreSQL refuses to run as root."""
MEMORY = Path("/dev/shm")
QUICK = (
    "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c max_connections=200 "
    "-c autovacuum=off -c max_wal_size=4GB"
)


def lacking() -> str:
    """Return what is missing to run a server, empty where nothing is."""
    if BIN is None:
        return "postgresql-15 is not installed"
    shared = subprocess.run(
        [BIN / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
    ).stdout.strip()
    there = Path(shared or "/usr/share/postgresql/15") / "extension" / "postgis.control"
    return "" if there.exists() else "postgresql-15-postgis-3 is not installed"


class Cluster:
    """A server that runs, and what the tests do with its databases."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self._count = folder, folder / "data", 0
        self._made: list[str] = []

    def run(self, program: str, *words: object) -> str:
        """Run a program of PostgreSQL."""
        command = [*AS_OTHER, str(BIN / program), *map(str, words)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, env=os.environ | {"LC_ALL": "C"}, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Start the server and wait for it."""
        options = f"{QUICK} -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.folder / "log", "-o", options)

    def stop(self) -> None:
        """Stop the server at once, whoever is connected."""
        self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.data)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the owner of everything."""
        return self.run("psql", "-h", self.folder, "-U", "gisapp", "-qAt", "-c", statement, database)

    def restore(self, dump: IO[bytes], address: str) -> None:
        """Bring back what pg_dump wrote, into an empty database."""
        command = [*AS_OTHER, str(BIN / "pg_restore"), "--no-owner", "-d", address]
        done = subprocess.run(command, stdin=dump, capture_output=True, text=True, cwd=self.folder, check=False)
        assert done.returncode == 0, done.stderr

    def database(self, template: str = "with_postgis") -> str:
        """Make a database and return its address."""
        self._count += 1
        self._made.append(f"d{self._count}")
        self.sql(f"CREATE DATABASE {self._made[-1]} TEMPLATE {template}")
        return self.address(self._made[-1])

    def drop_made(self) -> None:
        """Drop every database that was made, whoever is connected."""
        while self._made:
            self.sql(f"DROP DATABASE {self._made.pop()} WITH (FORCE)")

    def address(self, name: str, user: str = "gisapp") -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@/{name}?host={self.folder}"


@contextmanager
def running() -> Iterator[Cluster]:
    """Give a server with a template that holds PostGIS and nothing else."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2e9
    with tempfile.TemporaryDirectory(prefix="gisapp-pg-", dir=MEMORY if in_memory else None) as made:
        folder = Path(made)
        if AS_OTHER:
            shutil.chown(folder, "postgres")
        cluster = Cluster(folder)
        options = ("-D", cluster.data, "-A", "trust", "-U", "gisapp", "--no-sync", "-E", "UTF8", "--locale=C")
        cluster.run("initdb", *options)
        cluster.start()
        try:
            cluster.sql("CREATE DATABASE with_postgis")
            cluster.sql("CREATE EXTENSION postgis", "with_postgis")
            yield cluster
        finally:
            cluster.stop()
