"""Who leads which grid."""

from __future__ import annotations

import pandas as pd


def leaders_at(posts: pd.DataFrame, moment: pd.Timestamp) -> pd.Series:
    """Return the person code of each grid's leader at a moment, indexed by grid code.

    Where two posts overlap, the one that began last counts, as the newer appointment; of equal ones the
    first code.

    Parameters
    ----------
    posts
        The table of that name.
    moment
        A time with its zone.
    """
    held = leading_at(posts, moment).sort_values(["valid_from", "person_code"], ascending=[False, True])
    return held.groupby("scope")["person_code"].first()


def leading_at(posts: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Return the rows of ``posts`` by which somebody leads a grid at a moment; more than one a grid is a fault."""
    in_post = (posts["valid_from"] <= moment) & ~(posts["valid_to"] <= moment)
    return posts[in_post & (posts["role"] == "grid_leader") & (posts["scope_kind"] == "grid")]
