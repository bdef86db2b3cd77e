"""Where notices of a shutoff are posted: in every community in which somebody loses supply (Art. 17, 35(4))."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pandas as pd

from gisapp.operations.model import Operation


def postings(operation: Operation, communities: pd.DataFrame) -> pd.DataFrame:
    """Return the posting list: ``communities`` with posted_at, posted_by and posted_where; missing where none is.

    A community that was posted to and is not on the list does not appear.
    """
    said = operation.said("post").set_index("subject")
    found = said.reindex(communities["code"])
    return communities.reset_index(drop=True).assign(
        posted_at=pd.to_datetime(found["at"], utc=True).array,
        posted_by=found["actor"].to_numpy(dtype=object),
        posted_where=found["value"].to_numpy(dtype=object),
    )


def all_posted_at(operation: Operation, communities: Collection[str]) -> datetime | None:
    """Return when the last community on the list was posted to, or somebody said all were; None while some are not.

    Of a work that was postponed only what was posted since counts: the notices before told another time.
    """
    finished = operation.since_postponed("finish_posting")
    if finished is not None:
        return finished
    steps = operation.standing_steps
    first = steps[steps["action"] == "post"].groupby("subject")["at"].min()
    if not communities or not set(communities) <= set(first.index):
        return None
    last: datetime = first[list(communities)].max().to_pydatetime(warn=False)
    return last
