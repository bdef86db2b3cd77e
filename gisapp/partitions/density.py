"""Where incidents concentrate, of parts: cells, hexagons and a sample, each from partial answers that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from gisapp.density import Bandwidth, Binned, Hexagons, binned
from gisapp.density.bandwidth import sample_step, sampled_bandwidth
from gisapp.density.binning import Bounds
from gisapp.errors import InputError
from gisapp.partitions.counts import COLUMNS, Choice
from gisapp.partitions.files import Part, columns_of, point_xy_of
from gisapp.partitions.run import Cluster, Progress
from gisapp.reports.concentration import chosen_days
from gisapp.tables import INCIDENT_TYPES

_MOST = 250_000_000  # parts times types times days, 4 bytes each
_FAR = (np.inf, np.inf, -np.inf, -np.inf)
_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Survey:
    """What a choice finds in parts, before anything is drawn.

    Attributes
    ----------
    counts
        Incidents with a position by part, type and day of the choice: shape (parts, types times days), in the order
        of :class:`gisapp.density.Cube`.
    unlocated
        How many of the choice have no position.
    first_day, last_day
        Of all incidents that count, chosen or not; None without any.
    bounds
        Extent of those with a position in metres; None without any.
    """

    counts: npt.NDArray[np.int32]
    unlocated: int
    first_day: date | None
    last_day: date | None
    bounds: Bounds | None

    @property
    def located(self) -> int:
        """Incidents of the choice that have a position."""
        return int(self.counts.sum(dtype=np.int64))


def survey_of(
    parts: Sequence[Part], choice: Choice, *, cluster: Cluster | None = None, progress: Progress | None = None
) -> Survey:
    """Return how many incidents of a choice there are in parts, where and when.

    Parameters
    ----------
    parts
        From :func:`gisapp.partitions.parts_of` with the columns ``COLUMNS``.
    choice
        Which incidents.
    cluster
        Who works; this process when absent.
    progress
        Told the rows that are done, and all of them.

    Raises
    ------
    InputError
        As :func:`gisapp.reports.concentration.grid_counts` does.
    """
    if len(parts) * len(INCIDENT_TYPES) * max(choice.days, 1) > _MOST:
        raise InputError(f"{len(parts):,} parts on {choice.days:,} days", todo="choose a shorter period")
    counts = np.zeros((len(parts), len(INCIDENT_TYPES) * max(choice.days, 1)), dtype=np.int32)
    numbered = {part: at for at, part in enumerate(parts)}
    unlocated, days, boxes = 0, [], [_FAR]
    for answer in (cluster or Cluster()).each(_surveyed, parts, (numbered, choice), progress=progress):
        for at, key, number, lost, span, box in answer:
            counts[at, key] = number
            unlocated += lost
            days += span
            boxes.append(box)
    west, south = np.min(boxes, axis=0)[:2]
    east, north = np.max(boxes, axis=0)[2:]
    bounds = (float(west), float(south), float(east), float(north)) if west <= east else None
    return Survey(counts, unlocated, min(days, default=None), max(days, default=None), bounds)


def binned_of(
    parts: Sequence[Part],
    choice: Choice,
    *,
    bandwidth_m: float,
    bounds: Bounds,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> Binned:
    """Return the incidents of a choice spread over the cells of a surface: what all parts give, added up.

    The surface is then that of one table (:func:`gisapp.density.binned_surface`).

    Parameters
    ----------
    parts, choice, cluster, progress
        As for :func:`survey_of`.
    bandwidth_m, bounds
        As for :func:`gisapp.density.surface`.

    Raises
    ------
    InputError
        As these do.

    Notes
    -----
    A part is read and spread in arrays and forgotten. Each worker holds one part and 8 bytes a cell, which travel
    back once a batch.
    """
    total = binned([], bandwidth_m=bandwidth_m, bounds=bounds)  # refuses what is out of range before anything is read
    counts, points = total.counts, 0
    work = (cluster or Cluster()).each(_binned, parts, (choice, bandwidth_m, bounds), progress=progress)
    for at, number, inside in work:
        counts.ravel()[at] += number
        points += inside
    return Binned(total.lattice, counts, points)


def hexagon_sums_of(
    parts: Sequence[Part],
    choice: Choice,
    hexagons: Hexagons,
    *,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> _Floats:
    """Return how many incidents of a choice lie in each hexagon of a window; arguments as for :func:`survey_of`."""
    total = np.zeros(hexagons.shape[0] * hexagons.shape[1])
    for at, number in (cluster or Cluster()).each(_in_hexagons, parts, (choice, hexagons), progress=progress):
        total[at] += number
    return total


def held_out_bandwidth_of(
    parts: Sequence[Part],
    surveys: Sequence[tuple[Choice, Survey]],
    *,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> Bandwidth:
    """Return what :func:`gisapp.density.held_out_bandwidth` does of the incidents of one or two choices.

    The sample is that of one table: the survey tells in which part every n-th incident, in the order of the cube,
    is to be found, and only those travel.

    Parameters
    ----------
    parts, cluster, progress
        As for :func:`survey_of`.
    surveys
        The choices, each with its survey of the same parts.

    Raises
    ------
    InputError
        When there are fewer than 10 places.
    """
    total = sum(survey.located for _, survey in surveys)
    known, before = np.full((-(-total // sample_step(total)), 2), np.nan), 0
    for choice, survey in surveys:
        ranks = np.arange(-before % sample_step(total), survey.located, sample_step(total))
        known_at = (ranks + before) // sample_step(total)
        wanted = _where(parts, survey, ranks, known_at)
        mine = [part for part in parts if part in wanted]
        for at, xy in (cluster or Cluster()).each(_sampled, mine, (choice, wanted), progress=progress):
            known[at] = xy
        before += survey.located
    boxes = np.array([survey.bounds or _FAR for _, survey in surveys])
    sides = boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)
    return sampled_bandwidth(known, extent_m2=float(np.prod(sides)) if total else 0.0)


def _where(
    parts: Sequence[Part], survey: Survey, ranks: _Ints, known_at: _Ints
) -> dict[Part, tuple[_Ints, _Ints, _Ints]]:
    """Return for each part which types and days, which of theirs, and where in the sample these go."""
    flat = survey.counts.T.ravel()
    ends = np.cumsum(flat, dtype=np.int64)
    cell = np.searchsorted(ends, ranks, side="right")
    key, part = np.divmod(cell, len(parts))
    nth = ranks - (ends[cell] - flat[cell])
    there = np.unique(part)
    return {parts[at]: (key[part == at], nth[part == at], known_at[part == at]) for at in there}


def _chosen(part: Part, choice: Choice) -> tuple[_Floats, _Ints, npt.NDArray[np.datetime64]]:
    """Return position and number of type and day of a part's incidents of a choice, and the days of all that count."""
    table = columns_of(part, (*COLUMNS, part.geometry))
    said = table.drop_columns([part.geometry]).to_pandas()
    chosen, day = chosen_days(
        said, choice.zone, start=choice.start, end=choice.end, types=choice.types, utility=choice.utility
    )
    every, _ = chosen_days(said, choice.zone, start=date.min, end=date.max)
    kind = said["type"][chosen].map({name: at for at, name in enumerate(INCIDENT_TYPES)}).to_numpy(dtype=np.int64)
    key = kind * choice.days + (day[chosen] - np.datetime64(choice.start)).astype(np.int64)
    return point_xy_of(table[part.geometry])[chosen], key, day[every]


def _located(part: Part, choice: Choice) -> _Floats:
    """Return the positions of a part's incidents of a choice."""
    xy, _, _ = _chosen(part, choice)
    return xy[np.isfinite(xy).all(axis=1)]


_Told = tuple[int, _Ints, _Ints, int, list[date], Bounds]


def _surveyed(batch: Sequence[Part], asked: tuple[dict[Part, int], Choice]) -> list[_Told]:
    """Return for each part its number, where its counts are not 0, the counts, and what a survey tells besides."""
    numbered, choice = asked
    told: list[_Told] = []
    for part in batch:
        xy, key, days = _chosen(part, choice)
        placed = np.isfinite(xy).all(axis=1)
        there, number = np.unique(key[placed], return_counts=True)
        span = [day.astype(date) for day in (days.min(), days.max())] if len(days) else []
        box = _FAR if not placed.any() else (*xy[placed].min(axis=0), *xy[placed].max(axis=0))
        told.append((numbered[part], there, number, int((~placed).sum()), span, box))
    return told


def _binned(batch: Sequence[Part], asked: tuple[Choice, float, Bounds]) -> tuple[_Ints, _Floats, int]:
    """Return where a batch has something in the cells, how much, and how many of its points lie in the bounds."""
    choice, bandwidth_m, bounds = asked
    total = binned([_located(part, choice) for part in batch], bandwidth_m=bandwidth_m, bounds=bounds)
    flat = total.counts.ravel()
    there = np.flatnonzero(flat)
    return there, flat[there], total.points


def _in_hexagons(batch: Sequence[Part], asked: tuple[Choice, Hexagons]) -> tuple[_Ints, _Floats]:
    """Return which hexagons a batch has incidents in, and how many."""
    choice, hexagons = asked
    total = hexagons.sums([_located(part, choice) for part in batch])
    there = np.flatnonzero(total)
    return there, total[there]


def _sampled(
    batch: Sequence[Part], asked: tuple[Choice, dict[Part, tuple[_Ints, _Ints, _Ints]]]
) -> tuple[_Ints, _Floats]:
    """Return where in the sample the wanted incidents of a batch go, and their positions."""
    choice, wanted = asked
    at, found = [np.empty(0, dtype=np.int64)], [np.empty((0, 2))]
    for part in batch:
        xy, key, _ = _chosen(part, choice)
        placed = np.isfinite(xy).all(axis=1)
        xy, key = xy[placed], key[placed]
        order = np.argsort(key, kind="stable")
        keys, nth, goes = wanted[part]
        at.append(goes)
        found.append(xy[order[np.searchsorted(key[order], keys) + nth]])
    return np.concatenate(at), np.concatenate(found)
