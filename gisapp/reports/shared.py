"""Tables as they may leave the house."""

from __future__ import annotations

import pandas as pd

from gisapp.incidents import RuleBook
from gisapp.incidents.seeing import open_to_all
from gisapp.tables import masked, masked_account


def shared(frame: pd.DataFrame, name: str, book: RuleBook) -> pd.DataFrame:
    """Return rows of a table masked, and of incidents none of a category that rules restrict.

    Parameters
    ----------
    frame
        Rows of the table ``name``, in its shape.
    book
        The rules of incidents.
    """
    told = masked(frame, name)
    if name != "incidents":
        return told
    shown = open_to_all(told, book)
    return shown.assign(customer_code=shown["customer_code"].map(masked_account, na_action="ignore"))
