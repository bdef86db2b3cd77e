"""Where a store is: a file, or a database on a server, whose password is never shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SERVER = re.compile(r"postgres(ql)?(\+psycopg)?://")


@dataclass(frozen=True)
class ServerAddress:
    """A database of PostgreSQL by its address, such as ``postgresql://gis@db.example/city``.

    Examples
    --------
    >>> str(store_address("postgresql://gis:secret@127.0.0.1:5433/city?password=secret"))
    'postgresql://gis:***@127.0.0.1:5433/city?password=***'
    """

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Return the address as it may be shown, without its password."""
        hidden = re.sub(r"(?<=//)([^/?@:]*):[^/?]*@", r"\1:***@", self.url)
        return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1***", hidden)

    @property
    def name(self) -> str:
        """Return the name of the database."""
        return unquote(urlsplit(self.url).path.strip("/")) or "postgres"


Address = Path | ServerAddress


def store_address(given: str | os.PathLike[str] | ServerAddress) -> Address:
    """Return where a store is, as a person or a program wrote it.

    Examples
    --------
    >>> store_address("data/city.gpkg").name
    'city.gpkg'
    >>> store_address("postgresql:///city").name
    'city'
    """
    if isinstance(given, ServerAddress):
        return given
    text = os.fspath(given)
    return ServerAddress(text) if _SERVER.match(text) else Path(text)
