"""What the page is asked: a burst that is tried out, or the record of a shutoff operation; it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from gisapp.tables import UTILITIES


@dataclass(frozen=True)
class Case:
    """A burst with the valves that cannot be closed, or the ``code`` of an operation, whose record says the rest.

    ``bursts`` are links, a place along one as ``CODE@METRES``; ``opened`` is the closed device that is tried as a feed
    from elsewhere; ``event`` is the emergency that is shown beside it, or alone.
    """

    utility: str = UTILITIES[0]
    bursts: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    opened: str = ""
    code: str = ""
    event: str = ""

    @property
    def empty(self) -> bool:
        """Return whether nothing is asked yet."""
        return not self.bursts and not self.code

    def stored(self) -> dict[str, Any]:
        """Return the case as the browser keeps it; ``adding`` is whether the next pipe joins the others."""
        return {**asdict(self), "adding": False}

    def address(self) -> str:
        """Return the case as it stands in an address."""
        if self.code:
            return urlencode({"shutoff": self.code})
        parts = {"utility": self.utility, "pipe": ",".join(self.bursts), "stuck": ",".join(self.stuck)}
        return urlencode(parts)


def case_of(query: Mapping[str, str]) -> Case:
    """Return the case that an address names."""
    utility = query.get("utility", UTILITIES[0])
    known = utility if utility in UTILITIES else UTILITIES[0]
    event = query.get("event", "")
    if query.get("shutoff"):
        return Case(known, opened=query.get("opened", ""), code=query["shutoff"], event=event)
    pipes, stuck = (tuple(code for code in query.get(name, "").split(",") if code) for name in ("pipe", "stuck"))
    return Case(known, pipes, stuck, query.get("opened", "") if pipes else "", event="" if pipes else event)


def case_from(stored: Mapping[str, Any]) -> Case:
    """Return the case that the browser keeps."""
    return Case(
        str(stored["utility"]),
        tuple(stored["bursts"]),
        tuple(stored["stuck"]),
        str(stored["opened"] or ""),
        str(stored["code"] or ""),
        str(stored.get("event") or ""),
    )
