"""Who leads which grid."""

from __future__ import annotations

from collections.abc import Collection

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


def leaders_counted(posts: pd.DataFrame, grids: Collection[str], moment: pd.Timestamp) -> pd.Series:
    """Return how many people lead each of these grids at a moment, indexed by grid code, sorted."""
    found = leading_at(posts, moment).groupby("scope")["person_code"].nunique()
    return found.reindex(sorted(grids), fill_value=0)


def as_appointed(posts: pd.DataFrame, leaders: pd.Series, moment: pd.Timestamp) -> pd.DataFrame:
    """Return the posts as they are once grids are led by these people from a moment on.

    Parameters
    ----------
    leaders
        Codes of people by grid code. Who leads a grid already goes on; anybody else's post there ends. Posts
        that begin later stay.
    """
    named = posts["scope"].map(leaders)
    led = (posts["role"] == "grid_leader") & (posts["scope_kind"] == "grid") & named.notna()
    goes = led & (posts["person_code"] != named) & (posts["valid_from"] < moment) & ~(posts["valid_to"] <= moment)
    ended = posts.assign(valid_to=posts["valid_to"].mask(goes, moment))
    held = set(leading_at(ended, moment)["scope"])
    fresh = leaders[[code for code in leaders.index if code not in held]]
    begun = pd.DataFrame({"person_code": fresh.to_numpy(), "scope": fresh.index, "role": "grid_leader"})
    begun = begun.assign(scope_kind="grid", valid_from=moment.tz_convert("UTC"), valid_to=None)
    begun["valid_to"] = pd.to_datetime(begun["valid_to"], utc=True)
    return pd.concat([ended, begun.astype(posts.dtypes[begun.columns].to_dict())], ignore_index=True)
