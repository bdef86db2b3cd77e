"""Segments and cells as tables: what valves can cut out, and what is fed together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.network.model import Network


def segments(network: Network) -> pd.DataFrame:
    """Return every piece of every link with its segment and its cell.

    A **segment** is what stays together when every device that can be closed is closed (the unit of
    isolation); a **cell** is what stays together when every device, one-way link and closed link is cut
    (the unit of supply). Neither depends on what is open today.

    Returns
    -------
    DataFrame
        ``link`` (code), ``from_m``, ``to_m``, ``segment``, ``cell``; pieces in the order of the links and
        along each. Numbers count from 1 in the order in which they first occur.

    Examples
    --------
    >>> import pandas as pd
    >>> from gisapp.network import network_of
    >>> nodes = pd.DataFrame({"utility": "water", "code": ["S", "A"], "kind": ["source", "junction"]})
    >>> links = pd.DataFrame({"utility": ["water"], "code": "P", "kind": "pipe", "from_node": "S", "to_node": "A",
    ...                       "length_m": 100.0})
    >>> valve = pd.DataFrame({"utility": ["water"], "code": "V", "kind": "gate_valve", "link_code": "P", "end": "mid",
    ...                       "measure_m": 40.0})
    >>> nobody = pd.DataFrame({"code": []})
    >>> none = pd.DataFrame({"utility": [], "customer_code": [], "link_code": [], "measure_m": []})
    >>> segments(network_of("water", nodes, links, valve, nobody, none))
      link  from_m   to_m  segment  cell
    0    P     0.0   40.0        1     1
    1    P    40.0  100.0        2     2
    """
    pieces = network.pieces
    rows = np.flatnonzero(~pieces.filler)
    element = len(network.nodes) + rows
    return pd.DataFrame(
        {
            "link": network.links["code"].to_numpy()[pieces.link[rows]],
            "from_m": pieces.from_m[rows],
            "to_m": pieces.to_m[rows],
            "segment": segment_numbers(network)[network.segment[element]],
            "cell": _counted(network.cell[element]),
        }
    )


def segment_numbers(network: Network) -> np.ndarray:
    """Return for every segment, as the network counts them inside, its number in the tables; 0 without any pipe."""

    def made() -> np.ndarray:
        found = np.zeros(int(network.segment.max(initial=-1)) + 1, dtype=np.int64)
        inside = pd.unique(network.segment[len(network.nodes) :][~network.pieces.filler])
        found[inside] = np.arange(1, len(inside) + 1)
        return found

    return network.once("segment_numbers", made)


def node_segments(network: Network) -> pd.DataFrame:
    """Return every node with its segment and its cell, numbered as the network counts them inside."""
    count = len(network.nodes)
    return pd.DataFrame(
        {"node": network.nodes["code"], "segment": network.segment[:count], "cell": network.cell[:count]}
    )


def _counted(labels: np.ndarray) -> np.ndarray:
    """Return labels as numbers from 1 in the order in which they first occur."""
    return pd.factorize(labels)[0] + 1
