"""Areas that grids may be told not to cross: district metered areas, and the pressure zones that they make up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.cuts import COLLECTOR_HA
from gisapp.demo.districts import branches_of, dissolved
from gisapp.demo.frames import codes, framed
from gisapp.demo.ground import Ground
from gisapp.demo.streets import Plan

_COMMUNITIES = 6  # to a metered area, at most
_HIGH_SHARE = 0.75


def limit_table(plan: Plan, ground: Ground) -> pd.DataFrame:
    """Return the table ``limits``: each metered area is one piece bounded by streets, and in one pressure zone."""
    blocks = plan.drawing.faces
    area = np.unique(branches_of(plan, _COMMUNITIES * COLLECTOR_HA), return_inverse=True)[1]
    height = ground.height(shapely.get_coordinates(shapely.centroid(blocks)))
    mean = np.bincount(area, height) / np.bincount(area)
    high = (mean > np.quantile(mean, _HIGH_SHARE)).astype(int)
    count = len(mean)
    numbers = np.char.zfill((np.arange(count) + 1).astype(str), 2).astype(object)
    columns = {
        "kind": ["dma"] * count + ["pressure_zone"] * 2,
        "code": [*codes("D", count, 3), "PZ1", "PZ2"],
        "name": [*(numbers + "号独立计量区"), "低区", "高区"],
    }
    return framed("limits", columns, np.concatenate([dissolved(blocks, area), dissolved(blocks, high[area])]))
