"""Where a density's incidents come from: the store, or parts beyond one table; both give the same answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from dashboards.commands.console import Progress

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from gisapp import density, partitions
    from gisapp.density.binning import Bounds
    from gisapp.partitions import Part, Survey

Asked_contra = TypeVar("Asked_contra", contravariant=True)


class Source(Protocol[Asked_contra]):
    """What the command asks of incidents, each time of a choice."""

    def located(self, choice: Asked_contra) -> int:
        """Return how many have a position."""

    def unlocated(self, choice: Asked_contra) -> int:
        """Return how many have none."""

    def days(self, choice: Asked_contra) -> tuple[date, date] | None:
        """Return the first and last day of all that count, chosen or not."""

    def restricting(self, choice: Asked_contra) -> Mapping[str, int]:
        """Return how many there would be without each restriction, as far as that is known."""

    def bounds(self, choice: Asked_contra) -> Bounds | None:
        """Return their extent."""

    def bandwidth(self, choices: Sequence[Asked_contra]) -> density.Bandwidth:
        """Return the bandwidth with which they foretell others best."""

    def binned(self, choice: Asked_contra, *, bandwidth_m: float, bounds: Bounds) -> density.Binned:
        """Return them in the cells of a surface."""

    def hexagons(self, choice: Asked_contra, window: density.Hexagons) -> npt.NDArray[np.float64]:
        """Return how many lie in each hexagon."""

    def grids(self, choice: Asked_contra, grids: gpd.GeoDataFrame) -> tuple[pd.Series, int]:
        """Return how many lie in each grid, and in none."""


@dataclass(frozen=True)
class Stored:
    """The incidents of a store."""

    cube: density.Cube

    def located(self, choice: density.Choice) -> int:
        """Return how many have a position."""
        return len(self.cube.select(choice))

    def unlocated(self, choice: density.Choice) -> int:
        """Return how many have none."""
        return self.cube.unlocated(choice)

    def days(self, _choice: density.Choice) -> tuple[date, date] | None:
        """Return the first and last day of all that count."""
        return (self.cube.first_day, self.cube.last_day) if self.cube.days else None

    def restricting(self, choice: density.Choice) -> Mapping[str, int]:
        """Return how many there would be without each restriction."""
        return {str(name): int(number) for name, number in self.cube.restricting(choice).items()}

    def bounds(self, choice: density.Choice) -> Bounds | None:
        """Return their extent."""
        xy = np.concatenate([self.cube.points[:0], *self.cube.xy(choice)])
        return (*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist()) if len(xy) else None

    def bandwidth(self, choices: Sequence[density.Choice]) -> density.Bandwidth:
        """Return the bandwidth with which they foretell others best."""
        from gisapp.density import held_out_bandwidth

        return held_out_bandwidth([part for choice in choices for part in self.cube.xy(choice)])

    def binned(self, choice: density.Choice, *, bandwidth_m: float, bounds: Bounds) -> density.Binned:
        """Return them in the cells of a surface."""
        return self.cube.binned(choice, bandwidth_m=bandwidth_m, bounds=bounds)

    def hexagons(self, choice: density.Choice, window: density.Hexagons) -> npt.NDArray[np.float64]:
        """Return how many lie in each hexagon."""
        return window.sums(self.cube.xy(choice))

    def grids(self, choice: density.Choice, _grids: gpd.GeoDataFrame) -> tuple[pd.Series, int]:
        """Return how many lie in each grid, and in none."""
        return self.cube.by_grid(choice), self.cube.outside(choice)


@dataclass(frozen=True, eq=False)
class Parted:
    """The incidents of parts, each asked anew; only the survey of a choice is kept."""

    parts: list[Part]
    cluster: partitions.Cluster
    _surveys: dict[partitions.Choice, Survey] = field(default_factory=dict)

    def survey(self, choice: partitions.Choice) -> Survey:
        """Return what there is of a choice."""
        from gisapp.partitions import survey_of

        if choice not in self._surveys:
            told = Progress("counting")
            self._surveys[choice] = survey_of(self.parts, choice, cluster=self.cluster, progress=told)
        return self._surveys[choice]

    def located(self, choice: partitions.Choice) -> int:
        """Return how many have a position."""
        return self.survey(choice).located

    def unlocated(self, choice: partitions.Choice) -> int:
        """Return how many have none."""
        return self.survey(choice).unlocated

    def days(self, choice: partitions.Choice) -> tuple[date, date] | None:
        """Return the first and last day of all that count."""
        found = self.survey(choice)
        return None if found.first_day is None or found.last_day is None else (found.first_day, found.last_day)

    def restricting(self, _choice: partitions.Choice) -> Mapping[str, int]:
        """Return nothing: each would be another reading of all parts."""
        return {}

    def bounds(self, choice: partitions.Choice) -> Bounds | None:
        """Return the extent of those of the choice."""
        return self.survey(choice).bounds

    def bandwidth(self, choices: Sequence[partitions.Choice]) -> density.Bandwidth:
        """Return the bandwidth with which they foretell others best."""
        from gisapp.partitions import held_out_bandwidth_of

        surveys = [(choice, self.survey(choice)) for choice in choices]
        return held_out_bandwidth_of(self.parts, surveys, cluster=self.cluster, progress=Progress("sampling"))

    def binned(self, choice: partitions.Choice, *, bandwidth_m: float, bounds: Bounds) -> density.Binned:
        """Return them in the cells of a surface."""
        from gisapp.partitions import binned_of

        way = {"cluster": self.cluster, "progress": Progress("binning")}
        return binned_of(self.parts, choice, bandwidth_m=bandwidth_m, bounds=bounds, **way)  # type: ignore[arg-type]

    def hexagons(self, choice: partitions.Choice, window: density.Hexagons) -> npt.NDArray[np.float64]:
        """Return how many lie in each hexagon."""
        from gisapp.partitions import hexagon_sums_of

        return hexagon_sums_of(self.parts, choice, window, cluster=self.cluster, progress=Progress("binning"))

    def grids(self, choice: partitions.Choice, grids: gpd.GeoDataFrame) -> tuple[pd.Series, int]:
        """Return how many lie in each grid, and in none."""
        from gisapp.partitions import grid_counts_of

        counts = grid_counts_of(self.parts, grids, choice, cluster=self.cluster, progress=Progress("placing"))
        return counts.total(), counts.outside
