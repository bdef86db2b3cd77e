"""Leaders whom a boundary plan names begin when its grids do; those of before end then."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sqlalchemy import Connection, Table

from gisapp.grids.leaders import leading_at
from gisapp.store.moment import iso
from gisapp.store.snapshots import read_where
from gisapp.store.values import checked_values
from gisapp.tables import TABLES


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
