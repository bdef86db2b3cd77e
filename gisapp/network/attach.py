"""Customers and hydrants on the network: attached by link and measure, never by what is near."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gisapp.errors import InputError
from gisapp.network.model import Network
from gisapp.network.pairs import place_beside
from gisapp.network.pieces import piece_at

_CUSTOMER_COLUMNS = ("kind", "critical", "households", "people", "building_code")


def rows_of(codes: pd.Series, wanted: pd.Series) -> np.ndarray:
    """Return for every wanted code the row that bears it, the first of several, or -1.

    Examples
    --------
    >>> rows_of(pd.Series(["A", "B"]), pd.Series(["B", None, "C"])).tolist()
    [1, -1, -1]
    """
    known, asked = (pa.array(column.astype("str").array) for column in (codes, wanted))
    if len(known) <= len(asked):
        return _places(known, asked)
    # The fewer are laid out for the search; of the many, the first row that bears each.
    bears = _places(asked, known)
    rows = np.flatnonzero(bears >= 0)[::-1]
    first = np.full(len(asked) + 1, -1)
    first[bears[rows]] = rows
    return first[_places(asked, asked)]


def _places(known: pa.Array, asked: pa.Array) -> np.ndarray:
    """Return for each of ``asked`` its first place among ``known``, or -1."""
    found = pc.index_in(asked, value_set=known, skip_nulls=True)
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def attached_customers(network: Network, customers: pd.DataFrame, connections: pd.DataFrame) -> pd.DataFrame:
    """Return one row for every connection: code, link, measure and what counts of the customer, and its elements."""
    mine = connections.loc[(connections["utility"] == network.utility).to_numpy()].reset_index(drop=True)
    row = rows_of(customers["code"], mine["customer_code"])
    if (row < 0).any():
        raise InputError(
            f"a connection of {network.utility} names the customer "
            f"{mine['customer_code'].iloc[int((row < 0).argmax())]!r}, who is unknown",
            todo="add the customer or remove the connection",
            field="customer_code",
        )
    found = pd.DataFrame({"code": mine["customer_code"], **_on_links(network, mine, "customer_code")})
    for name in _CUSTOMER_COLUMNS:
        if name in customers.columns:
            found[name] = customers[name].to_numpy()[row]
        else:
            found[name] = pd.Series(None, index=found.index, dtype="str")
    for name in ("households", "people"):
        found[name] = pd.to_numeric(found[name]).fillna(0).astype("int64")
    return found


def attached_hydrants(network: Network, hydrants: pd.DataFrame | None) -> pd.DataFrame:
    """Return code, link, measure and element of every hydrant."""
    if hydrants is None:
        hydrants = pd.DataFrame(columns=["utility", "code", "link_code", "measure_m"])
    mine = hydrants.loc[(hydrants["utility"] == network.utility).to_numpy()].reset_index(drop=True)
    return pd.DataFrame({"code": mine["code"].astype("str"), **_on_links(network, mine, "code")})


def _on_links(network: Network, rows: pd.DataFrame, name: str) -> dict[str, np.ndarray]:
    """Return link, measure and elements of rows that have a link and a measure."""
    link = rows_of(network.links["code"], rows["link_code"])
    if (link < 0).any():
        at = int((link < 0).argmax())
        raise InputError(
            f"{rows[name].iloc[at]!r} is attached to the link {rows['link_code'].iloc[at]!r} of {network.utility}, "
            "which is unknown",
            todo="add the link or correct the attachment",
            field="link_code",
        )
    measure = rows["measure_m"].to_numpy(dtype=float)
    if not np.isfinite(measure).all():
        raise InputError(
            f"{rows[name].iloc[int((~np.isfinite(measure)).argmax())]!r} is attached to a link without saying where",
            todo="give its distance from the from_node",
            field="measure_m",
        )
    element, back = elements_at(network, link, measure)
    return {"link": link, "measure_m": measure, "element": element, "back_element": back}


def elements_at(network: Network, link: np.ndarray, measure_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the element that feeds each place and the one that takes the water back, -1 where there is none.

    A place on an exchanger is fed from its node on the supply side and gives back at the other; a place
    on a supply pipe gives back to the pipe beside it.
    """
    n_nodes = len(network.nodes)
    element = n_nodes + piece_at(network.pieces, network.middles, link, measure_m)
    back = np.full(len(link), -1, dtype=np.int64)
    if network.utility != "heating" or not len(link):
        return element, back
    there, there_m = place_beside(network.twins, network.links["length_m"].to_numpy(), link, measure_m)
    has = there >= 0
    back[has] = n_nodes + piece_at(network.pieces, network.middles, there[has], there_m[has])
    through = (network.links["kind"] == "exchanger").to_numpy()[link]
    hot = node_sides(network)[network.a[link]] != "return"
    element = np.where(through, np.where(hot, network.a[link], network.b[link]), element)
    back = np.where(through, np.where(hot, network.b[link], network.a[link]), back)
    return element, back


def node_sides(network: Network) -> np.ndarray:
    """Return supply, return, both or nothing for every node, by the sides of the pipes that end there."""
    side = network.links["side"].to_numpy()
    marks = np.zeros(len(network.nodes), dtype=np.int64)
    for bit, name in ((1, "supply"), (2, "return")):
        rows = np.flatnonzero(side == name)
        marks[network.a[rows]] |= bit
        marks[network.b[rows]] |= bit
    return np.array(["", "supply", "return", "both"])[marks]
