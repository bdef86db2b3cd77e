"""What becomes of a file between the door and the store, alike for the command and the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from gisapp.imports import Batch, read_file, tables_needed
from gisapp.reports.intake import taken_in
from gisapp.reports.placing import placed_incidents
from gisapp.reports.routes import TABLES
from gisapp.store import Store


def read_for(store: Store, path: Path, target: str, **stated: Any) -> Batch:
    """Return the rows of a file that may come into a store; ``stated`` as :func:`gisapp.imports.read_file` takes it."""
    known = {name: store.table(name) for name in tables_needed(target)}
    return read_file(
        path,
        target,
        project_crs=store.crs,
        zone=store.zone,
        existing=known,
        book=store.rule_book,
        aliases=store.place_aliases(pd.Timestamp.now("UTC")),
        **stated,
    )


def answered(store: Store, batch: Batch, *, history: bool = False) -> Batch:
    """Return the batch; incidents with their grid, and but for ``history`` their unit, clocks and first step."""
    if "incidents" not in batch.tables:
        return batch
    rev, now = store.revision("grids"), datetime.now(UTC)
    if history:
        placed = placed_incidents(batch.tables["incidents"], store.table("grids"), grid_rev=rev)
        return replace(batch, tables=batch.tables | {"incidents": placed})
    around = {name: store.table(name) for name in (*TABLES, "incidents")}
    found = taken_in(batch.tables["incidents"], around, store.rule_book, grid_rev=rev, now=now)
    tables = batch.tables | {"incidents": found.incidents, "incident_steps": found.steps}
    return replace(batch, tables=tables, report=replace(batch.report, answers=found.told))
