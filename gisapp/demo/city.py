"""The whole city as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gisapp.demo.buildings import make_layout
from gisapp.demo.customers import (
    building_households,
    building_kinds,
    building_table,
    connection_frame,
    make_customers,
)
from gisapp.demo.districts import district_tables, make_districts
from gisapp.demo.gas import make_gas
from gisapp.demo.ground import make_ground
from gisapp.demo.heating import make_heating
from gisapp.demo.land import landcover_table, make_land
from gisapp.demo.metering import limit_table
from gisapp.demo.people import people_tables
from gisapp.demo.power import make_power
from gisapp.demo.sizes import Size
from gisapp.demo.streets import make_plan, street_table
from gisapp.demo.water import make_water


@dataclass(frozen=True)
class Town:
    """Every table of a city but its incidents, and the block of each customer."""

    tables: dict[str, pd.DataFrame]
    customer_block: np.ndarray


def make_town(size: Size, seed: int) -> Town:
    """Return a city without its incidents."""
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(12)]
    ground = make_ground(size, streams[0])
    plan = make_plan(ground, streams[1])
    land = make_land(ground, plan, streams[2])
    layout = make_layout(plan, land, streams[3])
    kind = building_kinds(layout, streams[4])
    households = building_households(layout, kind)
    of_block = np.bincount(layout.buildings["block"], weights=households, minlength=len(land.use)).astype(int)
    districts = make_districts(plan, of_block, size.grids)
    customers = make_customers(layout, kind, households, districts.community, size.customers, streams[5])
    networks = [
        make_water(ground, plan, layout, land.year, streams[6]),
        make_power(ground, plan, layout, land.year, of_block, streams[7]),
        make_heating(ground, plan, land, layout, streams[8]),
        make_gas(ground, plan, land, layout, streams[9]),
    ]
    tables = people_tables(plan, size.grids, streams[10])
    tables |= district_tables(plan, districts, of_block)
    tables["limits"] = limit_table(plan, ground)
    tables["streets"] = street_table(plan)
    tables["landcover"] = landcover_table(ground, plan, land, streams[11])
    tables["buildings"] = building_table(layout, kind, households, districts.community)
    tables["customers"] = customers.table
    connections = [connection_frame(network, customers, layout) for network in networks]
    for name in ("nodes", "links", "devices", "hydrants"):
        parts = [network.tables[name] for network in networks if name in network.tables]
        tables[name] = pd.concat(parts, ignore_index=True)
    tables["connections"] = pd.concat(connections, ignore_index=True)
    return Town(tables, layout.buildings["block"].to_numpy()[customers.building])
