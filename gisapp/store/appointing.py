"""Leaders whom a boundary plan names begin when its grids do; those of before end then."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd
from sqlalchemy import Connection, Table

from gisapp.errors import InputError
from gisapp.grids.leaders import leaders_counted, leading_at
from gisapp.store.moment import iso
from gisapp.store.snapshots import read_where
from gisapp.store.values import checked_values
from gisapp.tables import TABLES

_TOLD = 10  # grids told one by one


def appoint(connection: Connection, tables: Mapping[str, Table], leaders: pd.Series, moment: pd.Timestamp) -> int:
    """Write that grids are led by these people from a moment on; return how many posts began.

    Parameters
    ----------
    leaders
        Codes of people by grid code. Who leads a grid already goes on; anybody else's post there ends.
    """
    held = read_where(connection, TABLES["posts"], "role", "grid_leader")
    now, begun, posts = leading_at(held, moment), 0, tables["posts"]
    for grid, person in leaders.items():
        own = now[now["scope"] == grid]
        if set(own["person_code"]) != {person}:
            connection.exec_driver_sql(
                "UPDATE posts SET valid_to = ? WHERE role = 'grid_leader' AND scope_kind = 'grid' AND scope = ? "
                "AND person_code <> ? AND valid_from < ? AND (valid_to IS NULL OR valid_to > ?)",
                (iso(moment), grid, person, iso(moment), iso(moment)),
            )
        if person not in set(own["person_code"]):
            row = {"person_code": person, "role": "grid_leader", "scope_kind": "grid", "scope": grid}
            values = checked_values("posts", row | {"valid_from": moment.to_pydatetime(warn=False), "valid_to": None})
            connection.execute(posts.insert(), values)
            begun += 1
    return begun


def require_leaders(
    connection: Connection, grids: Collection[str], moment: pd.Timestamp, *, excepted: Collection[str]
) -> list[str]:
    """Raise unless every grid has exactly one leader at a moment; return the exceptions that were needed, sorted.

    Raises
    ------
    InputError
        Names the grids that have none or several and are not among ``excepted``; or an exception that is no grid.
    """
    strange = sorted(set(excepted) - set(grids))
    if strange:
        raise InputError(f"no grid {strange[0]!r} in the plan", todo="name one of its grids", field="excepted")
    count = leaders_counted(read_where(connection, TABLES["posts"], "role", "grid_leader"), grids, moment)
    wrong = count[count != 1]
    unled = wrong[~wrong.index.isin(excepted)]
    if len(unled):
        told = [f"grid {code} has {number} leaders" for code, number in unled.head(_TOLD).items()]
        told += [f"{len(unled) - _TOLD} more grids"] * (len(unled) > _TOLD)
        todo = "name one leader for each in a draft or in the posts, or declare the exception"
        raise InputError(f"leaders at {moment.isoformat()}: {', '.join(told)}", todo=todo, field="leaders")
    return sorted(map(str, wrong.index))
