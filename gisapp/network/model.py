"""The network as a graph: elements, ports and devices in arrays.

An **element** is a node or a piece of a link; devices along a link cut it into pieces. A **joint** is
where two elements meet; a device sits on a joint. A valve that is drawn as a node sits on all joints
of that node. Elements hang together in **cells** (units of supply), cells in **segments** (units of
isolation); both are partitions that no change of a device's state moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from gisapp.network.notes import Note
from gisapp.network.search import Adjacency, adjacency, components
from gisapp.network.sets import Sets, grouped

T = TypeVar("T")

CLOSABLE = (
    "gate_valve",
    "boundary_valve",
    "pressure_valve",
    "flow_valve",
    "throttle_valve",
    "pump",
    "regulator",
    "breaker",
    "switch",
    "open_point",
    "fuse",
)
"""Device classes that a person can close; a check valve closes only by itself."""


class Once:
    """What was made before under a name, and is not made again: ``once("name", make)``."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __call__(self, name: str, make: Callable[[], T]) -> T:
        """Return what was made under a name, or make it now."""
        if name not in self._made:
            self._made[name] = make()
        found: T = self._made[name]
        return found


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of links in the order of links and along each: link, from and to in metres, no filler or filler.

    A filler is the nothing between two devices at one place; it keeps them apart and holds no one.
    """

    link: np.ndarray
    from_m: np.ndarray
    to_m: np.ndarray
    filler: np.ndarray
    first: np.ndarray
    """For every link its first piece; one more at the end."""


@dataclass(frozen=True, eq=False)
class Joints:
    """Where elements a and b meet, a before b along the link: link, device or -1, which ways it lets pass."""

    a: np.ndarray
    b: np.ndarray
    link: np.ndarray
    device: np.ndarray
    forth: np.ndarray
    back: np.ndarray
    shut: np.ndarray
    """Closed by the status of the link, with no device to open."""


@dataclass(frozen=True, eq=False)
class Middles:
    """The devices along links, sorted by link and measure, to find the piece at a place."""

    link: np.ndarray
    measure_m: np.ndarray
    lead: np.ndarray
    """For every link how many fillers lie before its first piece."""


@dataclass(frozen=True, eq=False)
class Twins:
    """For every link the link beside it as the other pipe of a pair, else -1, and whether it runs the other way."""

    link: np.ndarray
    turned: np.ndarray


@dataclass(frozen=True, eq=False)
class Network:
    """One utility's network, ready to be asked; made by :func:`gisapp.network.network_of`.

    Parameters
    ----------
    utility
        ``water``, ``power``, ``heating`` or ``gas``.
    nodes, links, devices, customers, hydrants
        Its rows without personal columns, on a plain index that all arrays count by. ``devices`` has
        ``usable`` (it can be closed) and ``passes`` (it is not closed today). ``customers`` and
        ``hydrants`` have the ``element`` that feeds them and the ``back_element`` that takes the
        water back (heating), -1 where there is none.
    pieces, joints, middles
        Links in pieces, where elements meet, and the devices along links. Elements are counted nodes
        first, then pieces.
    feeds, stores
        Nodes that supply without limit, and those that supply what they store.
    twins
        For every link the other pipe of its pair (heating).
    a, b
        The rows of the nodes at the from and to end of every link.
    warnings
        What is odd about it.
    """

    utility: str
    nodes: pd.DataFrame
    links: pd.DataFrame
    devices: pd.DataFrame
    customers: pd.DataFrame
    hydrants: pd.DataFrame
    pieces: Pieces
    joints: Joints
    middles: Middles
    feeds: np.ndarray
    stores: np.ndarray
    twins: Twins
    a: np.ndarray
    b: np.ndarray
    warnings: tuple[Note, ...] = ()

    @property
    def n_elements(self) -> int:
        """Return the number of nodes and pieces."""
        return len(self.nodes) + len(self.pieces.link)

    @cached_property
    def cell(self) -> np.ndarray:
        """Return for every element its cell: what stays together when every device, one-way and closed link is cut."""
        joints = self.joints
        free = (joints.device < 0) & joints.forth & joints.back
        return components(self.n_elements, joints.a[free], joints.b[free])

    @cached_property
    def cells(self) -> Cells:
        """Return the cells and the edges between them."""
        joints = self.joints
        cut = np.flatnonzero((joints.device >= 0) | ~joints.forth | ~joints.back)
        count = int(self.cell.max(initial=-1)) + 1
        a, b = self.cell[joints.a[cut]], self.cell[joints.b[cut]]
        return Cells(
            count=count,
            joint=cut,
            a=a,
            b=b,
            device=joints.device[cut],
            forth=joints.forth[cut],
            back=joints.back[cut],
            shut=joints.shut[cut],
            graph=adjacency(count, a, b),
        )

    @cached_property
    def segment(self) -> np.ndarray:
        """Return for every element its segment: what stays together when every usable device is closed."""
        cells = self.cells
        usable = np.append(self.devices["usable"].to_numpy(dtype=bool), False)  # -1 is no device
        bound = ~usable[cells.device]
        of_cell = components(cells.count, cells.a[bound], cells.b[bound])
        return of_cell[self.cell]

    @cached_property
    def piece_cell(self) -> np.ndarray:
        """Return the cell of every piece."""
        return self.cell[len(self.nodes) :]

    @cached_property
    def shut_links(self) -> np.ndarray:
        """Return the mask of links that are closed without a device that could be opened."""
        found = np.zeros(len(self.links), dtype=bool)
        found[self.joints.link[self.joints.shut]] = True
        return found

    @cached_property
    def elements_in(self) -> Sets:
        """Return the elements of every cell."""
        return grouped(self.cell, self.cells.count)

    @cached_property
    def attached_in(self) -> Mapping[str, Sets]:
        """Return for every cell the rows of ``customers`` and ``hydrants`` that hang on it for supply or return."""
        found = {}
        for name in ("customers", "hydrants"):
            frame = getattr(self, name)
            ends = np.concatenate([frame["element"].to_numpy(), frame["back_element"].to_numpy()]).astype(np.int64)
            rows = grouped(np.where(ends < 0, -1, self.cell[ends]), self.cells.count)
            found[name] = Sets(rows.first, rows.member % max(len(frame), 1))
        return found

    @cached_property
    def edges_of(self) -> Sets:
        """Return the edges between cells on which every device sits."""
        return grouped(self.cells.device, len(self.devices))

    @cached_property
    def bodies(self) -> np.ndarray:
        """Return the mask of devices that separate more than one joint: valves drawn as nodes of several pipes."""
        return np.diff(self.edges_of.first) > 1

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Return the columns of every table as arrays: rows are picked from them often, from frames slowly."""
        names = ("nodes", "links", "devices", "customers", "hydrants")
        return {name: _Columns(getattr(self, name)) for name in names}

    @cached_property
    def check_valves(self) -> np.ndarray:
        """Return the mask of devices that close by themselves."""
        return (self.devices["kind"] == "check_valve").to_numpy(dtype=bool)

    @cached_property
    def closable(self) -> np.ndarray:
        """Return the mask of devices of a class that a person can close."""
        return self.devices["kind"].isin(CLOSABLE).to_numpy(dtype=bool)

    @cached_property
    def link_of(self) -> Mapping[str, int]:
        """Return the row of every link by its code."""
        return dict(zip(self.columns["links"]["code"].tolist(), range(len(self.links)), strict=True))

    @cached_property
    def device_of(self) -> Mapping[str, int]:
        """Return the row of every device by its code."""
        return dict(zip(self.columns["devices"]["code"].tolist(), range(len(self.devices)), strict=True))

    @cached_property
    def once(self) -> Once:
        """Return what was derived from it, by name."""
        return Once()


@dataclass(frozen=True, eq=False)
class Cells:
    """The graph of cells: an edge is a joint with a device or one that is one-way or closed."""

    count: int
    joint: np.ndarray
    a: np.ndarray
    b: np.ndarray
    device: np.ndarray
    forth: np.ndarray
    back: np.ndarray
    shut: np.ndarray
    graph: Adjacency

    @cached_property
    def halves(self) -> Sets:
        """Return the half-edges of every cell."""
        return Sets(self.graph.start, np.arange(len(self.graph.other), dtype=np.int32))


class _Columns(Mapping[str, np.ndarray]):
    """The columns of a table as arrays (Int64 where whole numbers have gaps), each made when it is first asked for."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._made: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._made:
            self._made[name] = _plain(self._frame[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._frame.columns)

    def __len__(self) -> int:
        return len(self._frame.columns)


def _plain(column: pd.Series) -> Any:
    """Return numbers and truths as they are, whole numbers with gaps too, moments in UTC, all else as objects."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if isinstance(column.dtype, pd.Int64Dtype):
        return column.array
    kept = isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"
    return column.to_numpy() if kept else column.to_numpy(dtype=object)


def framed(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return arrays as a frame; objects are text, absent where they are missing, as whole numbers may be; UTC."""
    if columns and not len(next(iter(columns.values()))):  # most tables of most answers
        return _empty(tuple((name, values.dtype) for name, values in columns.items())).copy(deep=False)
    return pd.DataFrame({name: _column(values) for name, values in columns.items()})


@cache
def _empty(columns: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    """Return a frame without rows."""
    return pd.DataFrame({name: _column(pd.Series(dtype=kind).array) for name, kind in columns})


def _column(values: Any) -> Any:
    """Return an array as a column."""
    if values.dtype.kind == "M":
        return pd.DatetimeIndex(values, tz="UTC")
    return pd.array(values, dtype="str") if values.dtype == object else values
